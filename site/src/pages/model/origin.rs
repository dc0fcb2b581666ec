//! Where a model and what is said of it come from: lineage and sources.

use serde::Serialize;
use zoo_registry::Descriptor;
use zoo_registry::descriptor::{Conflict, Lineage, Source};

use crate::edition::Edition;
use crate::format::external;
use crate::lineage::address;
use crate::pages::Link;

/// The term that says a value was not looked up.
const UNCITED: &str = "uncited";

/// A lineage edge as this model sees it.
#[derive(Serialize)]
pub(super) struct Edge {
    /// The page of what changed, where both ends are in the catalog.
    diff: Option<String>,
    relation: String,
    other: Link,
    date: Option<String>,
    change: Option<String>,
}

/// An edge to one of the parents of `id`.
pub(super) fn ancestor(content: &Edition<'_>, id: &str, edge: &Lineage) -> Edge {
    new(content, &edge.id, [&edge.id, id], edge)
}

/// An edge from `id` to one of its children.
pub(super) fn descendant(content: &Edition<'_>, id: &str, child: &str, edge: &Lineage) -> Edge {
    new(content, child, [id, child], edge)
}

fn new(content: &Edition<'_>, other: &str, [parent, child]: [&str; 2], edge: &Lineage) -> Edge {
    let known = content.model(other).is_some() && parent != child;
    Edge {
        diff: known.then(|| address(parent, child)),
        relation: content.term_label("lineage-relation", &edge.relation),
        date: content.model(other).map(|model| model.summary.date.clone()),
        other: Link::model(content, other),
        change: edge.change.clone(),
    }
}

/// What is said, and where it was read.
#[derive(Serialize)]
pub(super) struct Sourced {
    field: Link,
    sources: Vec<Cited>,
}

/// One place where a value was read.
#[derive(Serialize)]
pub(in crate::pages) struct Cited {
    kind: String,
    uncited: bool,
    reference: Option<String>,
    href: Option<String>,
    confidence: String,
    note: Option<String>,
}

/// Whether anything is said of where facts were read.
pub(super) fn is_sourced(descriptor: &Descriptor) -> bool {
    let of_fields = descriptor.sources.values().any(|sources| !sources.is_empty());
    let of_lineage = descriptor.lineage.iter().any(|edge| !edge.sources.is_empty());
    of_fields || of_lineage || descriptor.presets.iter().any(|preset| !preset.sources.is_empty())
}

/// Every field with its sources: facts first, then lineage, then presets.
pub(super) fn sources(content: &Edition<'_>, descriptor: &Descriptor) -> Vec<Sourced> {
    let fields = descriptor.sources.iter().map(|(field, sources)| (Link::field(content, field), sources));
    let lineage = descriptor.lineage.iter().map(|edge| {
        let name = content.model_name(&edge.id);
        (Link::new(content.words.with("model.lineage_from", &[("name", &name)]), None), &edge.sources)
    });
    let presets = descriptor
        .presets
        .iter()
        .map(|preset| (Link::new(content.words.with("model.size", &[("size", &preset.id)]), None), &preset.sources));
    let all = fields.chain(lineage).chain(presets).filter(|(_, sources)| !sources.is_empty());
    all.map(|(field, sources)| Sourced { field, sources: sources.iter().map(|s| cited(content, s)).collect() })
        .collect()
}

/// Sources that do not say the same.
#[derive(Serialize)]
pub(super) struct Dispute {
    /// Fields and axes, or a word where it is none.
    about: Vec<Link>,
    size: Option<String>,
    /// Who says what.
    claims: Vec<[String; 2]>,
    /// What stands in the catalog, and why.
    chosen: String,
    note: Option<String>,
}

/// Everything that sources disagree about; what is no more than rounding comes last.
pub(super) fn disputes(content: &Edition<'_>, descriptor: &Descriptor) -> Vec<Dispute> {
    let mut conflicts: Vec<&Conflict> = descriptor.conflicts.iter().collect();
    conflicts.sort_by_key(|conflict| conflict.severity);
    let dispute = |conflict: &Conflict| Dispute {
        about: conflict.about.iter().map(|about| Link::field(content, about)).collect(),
        size: conflict.size.clone(),
        claims: conflict.values.iter().map(|claim| [claim.source.clone(), claim.value.clone()]).collect(),
        chosen: conflict.chosen.clone(),
        note: conflict.note.clone(),
    };
    conflicts.into_iter().map(dispute).collect()
}

pub(in crate::pages) fn cited(content: &Edition<'_>, source: &Source) -> Cited {
    Cited {
        kind: content.term_label("source", &source.source),
        uncited: source.source == UNCITED,
        reference: source.reference.clone(),
        href: source.reference.as_deref().and_then(external).map(str::to_owned),
        confidence: content.term_label("confidence", &source.confidence).to_lowercase(),
        note: source.note.clone(),
    }
}
