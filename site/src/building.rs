//! Where building blocks stand on the site, and which of them a module is.

use zoo_catalog::view::{PartFacts, PartKind};
use zoo_registry::descriptor::Component;

use crate::edition::Edition;
use crate::format::slug;
use crate::pages::Link;
use crate::parts::Part;
use crate::svg::category;

impl Edition<'_> {
    /// A kind of building block.
    pub(crate) fn kind(&self, id: &str) -> Option<&PartKind> {
        self.parts.kinds.iter().find(|kind| kind.id == id)
    }

    /// A building block by its place, `attention/causal`, if it has a page: somebody wrote of it, it has a picture, or a model has it.
    pub(crate) fn block(&self, place: &str) -> Option<(&PartKind, &PartFacts)> {
        let (kind, id) = place.split_once('/')?;
        let kind = self.kind(kind)?;
        let part = kind.parts.iter().find(|part| part.id == id)?;
        shown(part).then_some((kind, part))
    }

    /// From the top of the site to a building block.
    pub(crate) fn block_href(&self, place: &str) -> Option<String> {
        self.block(place).map(|(kind, part)| format!("parts/{}/{}/", kind.id, part.id))
    }

    /// The lines of shared code that declare a type of module.
    pub(crate) fn code_of(&self, module: &str) -> Option<Link> {
        let parts = self.parts.kinds.iter().flat_map(|kind| &kind.parts);
        let code = parts.flat_map(|part| &part.code).find(|code| code.item == module)?;
        let label = format!("{}:{}", code.path, code.first);
        Some(Link::code(self, label, &format!("{}#L{}", file_href(&code.path), code.first)))
    }

    /// The building block that a module is: the one its component names, or the one its type is.
    pub(crate) fn block_of(&self, part: &Part<'_>, components: &[Component]) -> Option<String> {
        let named = part.component(components).and_then(|(_, component)| component.part.as_ref());
        if let Some(href) = named.and_then(|place| self.block_href(place)) {
            return Some(href);
        }
        let blocks = self.parts.kinds.iter().flat_map(|kind| kind.parts.iter().map(move |part| (kind, part)));
        let mut of_type =
            blocks.filter(|(_, block)| shown(block) && block.modules.iter().any(|kind| *kind == part.kind));
        of_type.next().map(|(kind, block)| format!("parts/{}/{}/", kind.id, block.id))
    }

    /// Where a box of an architecture's picture leads: to its building block, to the norm placement of a layer, or to the kind that it
    /// looks like.
    pub(crate) fn box_href(
        &self,
        part: &Part<'_>,
        components: &[Component],
        placement: Option<&str>,
    ) -> Option<String> {
        if let Some(href) = self.block_of(part, components) {
            return Some(href);
        }
        let of_layer = placement.filter(|_| part.listed).map(|term| format!("normalisation-placement/{term}"));
        if let Some(href) = of_layer.and_then(|place| self.block_href(&place)) {
            return Some(href);
        }
        let kind = match category(part, components) {
            Some("norm") => Some("normalisation-type"),
            other => other,
        };
        match kind.and_then(|kind| self.kind(kind)) {
            Some(kind) if kind.parts.iter().any(shown) => Some(format!("parts/{}/", kind.id)),
            _ => (!self.parts.kinds.is_empty()).then(|| "parts/".to_owned()),
        }
    }
}

/// Whether a building block has something to show.
pub(crate) fn shown(part: &PartFacts) -> bool {
    !part.text.is_empty() || part.picture.is_some() || !part.users.is_empty()
}

/// From the top of the site to the page of a shared file, which stands there for every language.
pub(crate) fn file_href(path: &str) -> String {
    format!("parts/code/{}/", slug(path.trim_end_matches(".rs")))
}
