//! What is said of a model, field by field.

use zoo_registry::descriptor::{Descriptor, Paper};
use zoo_registry::vocabulary::labs::lab;

use crate::view::Model;

/// Something that is said of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact<'a> {
    /// What people call the field.
    pub name: &'a str,
    /// What its sources stand under; empty where it has none of its own.
    pub field: &'a str,
    /// What is said, as a line of text.
    pub value: String,
}

/// All that is said of a model, without its sizes.
pub fn facts(model: &Model) -> Vec<Fact<'_>> {
    let facts: &Descriptor = &model.descriptor;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let names = facts.aliases.iter().chain(facts.names.values()).cloned().collect::<Vec<_>>().join(", ");
    let labs: Vec<_> = facts.labs.iter().map(|id| lab(id).map_or(id.as_str(), |lab| &lab.name)).collect();
    let mut licence = format!("{} (code), {} (weights)", facts.licence.code, facts.licence.weights);
    if let Some(public) = facts.licence.public {
        licence += if public { "; weights anybody can get" } else { "; weights not public" };
    }
    let paper = |paper: &Paper| ("paper", "papers", format!("{} <{}>", paper.title, paper.url));
    let mut all = vec![
        ("also called", "names", names),
        ("family", "family", facts.family.clone()),
        ("first published", "date", facts.date.clone()),
        ("by", "labs", labs.join(", ")),
        ("licence", "licence", licence),
    ];
    all.extend(facts.papers.iter().map(paper));
    all.extend(facts.taxonomy.iter().map(|(axis, terms)| (axis.as_str(), axis.as_str(), terms.join(", "))));
    all.extend([
        ("architecture, in words", "architecture", text(&facts.architecture_note)),
        ("adds", "extension", text(&facts.extension)),
        ("for", "applications", facts.applications.join(", ")),
        ("trained on", "corpus", text(&facts.corpus)),
        ("from", "", facts.lineage.iter().map(|edge| edge.id.clone()).collect::<Vec<_>>().join(", ")),
        ("note", "note", text(&facts.note)),
    ]);
    if facts.undisclosed {
        all.push(("size", "undisclosed", "never disclosed".into()));
    }
    all.retain(|(.., value)| !value.is_empty());
    all.into_iter().map(|(name, field, value)| Fact { name, field, value }).collect()
}
