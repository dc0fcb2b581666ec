//! A family: its tree over time, what its members share and where they differ.

use std::collections::BTreeSet;

use serde::Serialize;
use zoo_catalog::view::Family;
use zoo_registry::vocabulary::is_usual;

use super::{Count, Head, Link, Row, Site, root};
use crate::edition::Edition;
use crate::error::Result;
use crate::lineage;
use crate::svg;

#[derive(Serialize)]
struct FamilyPage {
    name: String,
    since: Option<String>,
    until: Option<String>,
    founder: Option<Link>,
    lineage: Option<String>,
    shared: Vec<Shared>,
    varies: Vec<Varies>,
    rows: Vec<Row>,
    edges: Vec<Edge>,
}

/// An axis on which every member gives the same answers.
#[derive(Serialize)]
struct Shared {
    axis: String,
    terms: Vec<Link>,
}

/// An axis on which members differ.
#[derive(Serialize)]
struct Varies {
    axis: String,
    terms: Vec<Count>,
}

/// A lineage edge in words.
#[derive(Serialize)]
struct Edge {
    child: Link,
    relation: String,
    parent: Link,
    change: Option<String>,
    /// The page of what changed, where both ends are in the catalog.
    diff: Option<String>,
}

#[derive(Serialize)]
struct Index {
    families: Vec<IndexRow>,
}

#[derive(Serialize)]
struct IndexRow {
    link: Link,
    members: Vec<Link>,
}

/// The list of families.
pub(super) fn render_index(site: &Site<'_>) -> Result<()> {
    let content = site.content;
    let row = |family: &Family| IndexRow {
        link: Link::family(content, &family.id),
        members: family.members.iter().map(|member| Link::model(content, &member.id)).collect(),
    };
    let index = Index { families: content.families.iter().map(row).collect() };
    let [title, description] = ["nav.families", "families.description"].map(|key| content.words.say(key));
    site.page("families/", "families.html", ["families", &title, &description], &index)
}

pub(super) fn render(site: &Site<'_>, family: &Family) -> Result<()> {
    let content = site.content;
    let name = content.family_name(&family.id);
    let address = format!("families/{}/", family.id);
    let (shared, varies) = compare(content, family);
    let edge = |(child, edge): &(String, zoo_registry::descriptor::Lineage)| Edge {
        child: Link::model(content, child),
        relation: content.term_label("lineage-relation", &edge.relation),
        parent: Link::model(content, &edge.id),
        change: edge.change.clone(),
        diff: (content.model(&edge.id).is_some() && edge.id != *child).then(|| lineage::address(&edge.id, child)),
    };
    let page = FamilyPage {
        since: family.members.first().map(|member| member.date.clone()),
        until: family.members.last().map(|member| member.date.clone()),
        founder: family.members.first().map(|member| Link::model(content, &member.id)),
        lineage: svg::lineage(&content.words, family, &name, &root(&address)),
        shared,
        varies,
        rows: Row::all(content, &family.members),
        edges: family.edges.iter().map(edge).collect(),
        name,
    };
    let [title, description] =
        ["family.of", "family.description"].map(|key| content.words.with(key, &[("family", &page.name)]));
    let trail = vec![Link::said(content, "nav.families", "families/"), Link::new(&page.name, None)];
    site.page(&address, "family.html", Head::below(trail, ["families", &title, &description]), &page)
}

fn compare(content: &Edition<'_>, family: &Family) -> (Vec<Shared>, Vec<Varies>) {
    let (mut shared, mut varies) = (Vec::new(), Vec::new());
    for axis in content.classifying() {
        let answers: Vec<BTreeSet<&String>> = family
            .members
            .iter()
            .map(|member| {
                let given = member.taxonomy.get(&axis.id).into_iter().flatten();
                given.filter(|term| !is_usual(&axis.id, term)).collect()
            })
            .collect();
        let Some(first) = answers.first() else { continue };
        let used: BTreeSet<&String> = answers.iter().flatten().copied().collect();
        if used.is_empty() {
            continue;
        }
        let terms = axis.terms.iter().filter(|term| used.contains(&term.id));
        if answers.iter().all(|answer| answer == first) {
            let terms = terms.map(|term| Link::term(content, &axis.id, &term.id)).collect();
            shared.push(Shared { axis: axis.title.clone(), terms });
        } else {
            let count = |id: &String| answers.iter().filter(|answer| answer.contains(id)).count();
            let terms = terms
                .map(|term| Count { link: Link::term(content, &axis.id, &term.id), count: count(&term.id) })
                .collect();
            varies.push(Varies { axis: axis.title.clone(), terms });
        }
    }
    (shared, varies)
}
