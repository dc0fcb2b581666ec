//! Building blocks: all of them, by kind, and one by one.

mod code;
mod part;

use serde::Serialize;
use zoo_catalog::view::{PartFacts, PartKind};

use super::{Head, Link, Site, each};
use crate::building::{file_href, shown};
use crate::edition::Edition;
use crate::error::Result;
use crate::svg;

#[derive(Serialize)]
struct Hub {
    kinds: Vec<KindView>,
    files: Vec<Link>,
    blocks: usize,
    pictures: usize,
}

#[derive(Serialize)]
struct KindView {
    id: String,
    title: String,
    question: String,
    blocks: Gallery,
}

/// Building blocks side by side: those with a picture, then those without.
#[derive(Serialize)]
struct Gallery {
    drawn: Vec<Small>,
    named: Vec<Small>,
}

impl Gallery {
    fn new(blocks: impl Iterator<Item = Small>) -> Self {
        let (drawn, named) = blocks.partition(|block| block.picture.is_some());
        Self { drawn, named }
    }
}

/// A building block in a gallery.
#[derive(Serialize)]
struct Small {
    link: Link,
    picture: Option<String>,
    definition: String,
    users: usize,
}

#[derive(Serialize)]
struct KindPage {
    kind: KindView,
    others: Vec<Link>,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let content = site.content;
    let kinds: Vec<&PartKind> = content.parts.kinds.iter().filter(|kind| kind.parts.iter().any(shown)).collect();
    if kinds.is_empty() {
        return Ok(());
    }
    let views = || kinds.iter().map(|kind| gallery(content, kind));
    let parts = || kinds.iter().flat_map(|kind| &kind.parts).filter(|part| shown(part));
    let hub = Hub {
        kinds: views().collect(),
        files: content.parts.blocks.iter().map(|file| code::link(content, &file.source.path)).collect(),
        blocks: parts().count(),
        pictures: parts().filter(|part| part.picture.is_some()).count(),
    };
    let [title, told] = ["nav.blocks", "parts.description"].map(|key| content.words.say(key));
    site.page("parts/", "parts.html", ["parts", &title, &told], &hub)?;
    for (kind, view) in kinds.iter().zip(views()) {
        let link = |other: &&PartKind| Link::new(&other.title, Some(format!("parts/{}/", other.id)));
        let others = kinds.iter().filter(|other| other.id != kind.id).map(link).collect();
        let description = format!("{}: {}", kind.title, kind.question);
        let address = format!("parts/{}/", kind.id);
        let trail = vec![Link::said(content, "nav.blocks", "parts/"), Link::new(&kind.title, None)];
        let head = Head::below(trail, ["parts", &kind.title, &description]);
        site.page(&address, "kind.html", head, &KindPage { kind: view, others })?;
    }
    let parts = kinds.iter().flat_map(|kind| kind.parts.iter().map(move |part| (*kind, part)));
    let parts: Vec<_> = parts.filter(|(_, part)| shown(part)).collect();
    each(&parts, |(kind, part)| part::render(site, kind, part))?;
    if site.is_english() {
        each(&content.parts.blocks, |file| code::render(site, file))?;
    }
    Ok(())
}

fn gallery(content: &Edition<'_>, kind: &PartKind) -> KindView {
    let mut parts: Vec<_> = kind.parts.iter().filter(|part| shown(part)).collect();
    // What most models have comes first; equals keep the vocabulary's order.
    parts.sort_by_key(|part| std::cmp::Reverse(part.users.len()));
    let blocks = parts.into_iter().map(|part| small(content, kind, part));
    let blocks = Gallery::new(blocks);
    KindView { id: kind.id.clone(), title: kind.title.clone(), question: kind.question.clone(), blocks }
}

fn small(content: &Edition<'_>, kind: &PartKind, part: &PartFacts) -> Small {
    Small {
        link: link(content, kind, part),
        picture: part.picture.as_ref().map(svg::thumbnail),
        definition: part.definition.clone(),
        users: part.users.len(),
    }
}

/// A building block by its name, leading to its page.
pub(super) fn link(content: &Edition<'_>, kind: &PartKind, part: &PartFacts) -> Link {
    let english = content.is_unnamed(&kind.id, &part.id);
    Link { english, ..Link::new(&part.label, content.block_href(&format!("{}/{}", kind.id, part.id))) }
}

/// The page of a file and lines in it, from the top of the site.
fn lines_href(path: &str, first: u32) -> String {
    format!("{}#L{first}", file_href(path))
}
