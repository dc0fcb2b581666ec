//! The lineage of all models: a picture over time, the same as nested lists, and every edge with where it was read.

use serde::Serialize;
use zoo_catalog::view::Model;

use super::compare::{Listed, listed};
use super::timeline::{Key, key, kind};
use super::{Link, Site, root};
use crate::edition::Edition;
use crate::error::Result;
use crate::lineage::{Branch, anchor};
use crate::svg;

/// The axis of the kinds of edges.
const RELATION: &str = "lineage-relation";

#[derive(Serialize)]
struct Lineage {
    picture: Option<String>,
    key: Vec<Key>,
    relations: Vec<Relation>,
    tree: Vec<Step>,
    edges: Vec<Listed>,
    /// How many models are related to no other.
    alone: usize,
}

/// A kind of edge, with its stroke.
#[derive(Serialize)]
struct Relation {
    mark: String,
    label: String,
    definition: String,
    count: usize,
}

/// A line of the nested lists.
#[derive(Serialize)]
struct Step {
    anchor: String,
    link: Link,
    date: String,
    /// What else it comes from.
    also: Vec<Link>,
    /// Whether a list opens below it.
    opens: bool,
    /// One for each list that ends after it.
    closes: Vec<()>,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let content = site.content;
    let address = "lineage/";
    let pairs = content.steps.all();
    let terms = content.axes.iter().find(|axis| axis.id == RELATION).map(|axis| axis.terms.as_slice());
    let terms = terms.unwrap_or_default();
    let stroke = |relation: &str| terms.iter().position(|term| term.id == relation).unwrap_or(3);
    let shape = |model: &Model| kind(content, model);
    let edges = || pairs.iter().flat_map(|pair| &pair.edges);
    let relation = |(at, term): (usize, &zoo_catalog::view::TermFacts)| Relation {
        mark: svg::key_line(at),
        label: term.label.clone(),
        definition: term.definition.clone(),
        count: edges().filter(|edge| edge.relation == term.id).count(),
    };
    let forest = content.steps.forest();
    let related = |branch: &&Branch<'_>| content.steps.around(&branch.model.summary.id).next().is_some();
    let (trees, alone): (Vec<_>, Vec<_>) = forest.iter().partition(related);
    let mut tree = Vec::new();
    trees.into_iter().for_each(|branch| steps(content, branch, &mut tree));
    let page = Lineage {
        picture: svg::map(content, &root(address), shape, stroke),
        key: key(content),
        relations: terms.iter().enumerate().map(relation).filter(|relation| relation.count > 0).collect(),
        tree,
        alone: alone.len(),
        edges: listed(content),
    };
    let [title, description] = ["nav.lineage", "lineage.description"].map(|key| content.words.say(key));
    site.page(address, "lineage.html", ["lineage", &title, &description], &page)
}

fn steps(content: &Edition<'_>, branch: &Branch<'_>, into: &mut Vec<Step>) {
    let id = &branch.model.summary.id;
    into.push(Step {
        anchor: anchor(id),
        link: Link::model(content, id),
        date: branch.model.summary.date.clone(),
        also: branch.also.iter().map(|other| Link::model(content, &other.summary.id)).collect(),
        opens: !branch.children.is_empty(),
        closes: Vec::new(),
    });
    for child in &branch.children {
        steps(content, child, into);
    }
    if let (false, Some(last)) = (branch.children.is_empty(), into.last_mut()) {
        last.closes.push(());
    }
}
