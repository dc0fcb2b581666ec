//! What changed along every edge of the lineage, and the list of all such pages.

mod facts;
mod modules;
mod summary;

use serde::Serialize;
use zoo_catalog::compare::{self, Comparison, Size};
use zoo_catalog::view::Model;
use zoo_registry::descriptor::Lineage;

use super::model::origin::{self, Cited};
use super::{Head, Link, Site, each};
use crate::edition::Edition;
use crate::error::Result;
use crate::format::{compact, grouped};
use crate::lineage::Pair;
use crate::words::Words;

#[derive(Serialize)]
struct Diff {
    sides: [Side; 2],
    edges: Vec<Edge>,
    summary: Vec<String>,
    classes: Vec<facts::Class>,
    facts: Vec<facts::Row>,
    configuration: Vec<Row>,
    modules: Option<Vec<modules::Row>>,
    /// Why modules are not compared.
    missing: Option<String>,
    others: [Vec<Other>; 2],
}

/// One of the two models.
#[derive(Serialize)]
struct Side {
    id: String,
    name: String,
    date: String,
    /// The size that is compared.
    size: Option<String>,
    parameters: Option<String>,
    /// Every size with its parameters.
    sizes: Vec<String>,
    code: bool,
}

/// What the record of the child says of the edge.
#[derive(Serialize)]
pub(super) struct Edge {
    relation: String,
    change: Option<String>,
    size: Option<String>,
    date: Option<String>,
    note: Option<String>,
    sources: Vec<Cited>,
}

/// A field of both sizes.
#[derive(Serialize)]
struct Row {
    field: String,
    values: [String; 2],
    state: State,
}

/// How two values stand to each other; also the class of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Same,
    Odd,
    /// One of the two says nothing, which is no difference.
    Alone,
}

impl State {
    fn new(same: bool, silent: bool) -> Self {
        match (same, silent) {
            (true, _) => Self::Same,
            (false, true) => Self::Alone,
            (false, false) => Self::Odd,
        }
    }
}

/// Another page of what changed.
#[derive(Serialize)]
struct Other {
    label: String,
    href: String,
}

#[derive(Serialize)]
struct Index {
    families: Vec<Group>,
    count: usize,
}

#[derive(Serialize)]
struct Group {
    family: Link,
    edges: Vec<Listed>,
}

/// A line of the list of edges.
#[derive(Serialize)]
pub(super) struct Listed {
    pub(super) parent: Link,
    pub(super) child: Link,
    pub(super) href: String,
    pub(super) date: String,
    pub(super) edges: Vec<Edge>,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    render_index(site)?;
    let steps = site.content.steps;
    each(steps.all(), |pair| render_pair(site, pair))
}

/// Every edge in words, for lists and tables.
pub(super) fn listed(content: &Edition<'_>) -> Vec<Listed> {
    let line = |pair: &Pair<'_>| Listed {
        parent: Link::model(content, &pair.parent.summary.id),
        child: Link::model(content, &pair.child.summary.id),
        href: pair.address(),
        date: pair.child.summary.date.clone(),
        edges: pair.edges.iter().map(|edge| told(content, edge)).collect(),
    };
    content.steps.all().iter().map(line).collect()
}

fn render_index(site: &Site<'_>) -> Result<()> {
    let content = site.content;
    let mut families: Vec<(String, Group)> = Vec::new();
    let pairs = content.steps.all();
    for (pair, line) in pairs.iter().zip(listed(content)) {
        let id = &pair.child.summary.family;
        match families.iter_mut().find(|(known, _)| known == id) {
            Some((_, group)) => group.edges.push(line),
            None => families.push((id.clone(), Group { family: Link::family(content, id), edges: vec![line] })),
        }
    }
    let index = Index { families: families.into_iter().map(|(_, group)| group).collect(), count: pairs.len() };
    let [title, description] = ["nav.compare", "compare.description"].map(|key| content.words.say(key));
    site.page("compare/", "compare.html", ["compare", &title, &description], &index)
}

fn render_pair(site: &Site<'_>, pair: &Pair<'_>) -> Result<()> {
    let content = site.content;
    let models = [pair.parent, pair.child];
    let sizes = compare::nearest(models);
    let found = compare::compare(models, sizes.map(|size| size.map(|size| size.facts.id.as_str())));
    let classes = facts::classes(content, models);
    let rows = facts::rows(content, models, &found);
    let page = Diff {
        sides: [0, 1].map(|at| side(models[at], &found, at)),
        edges: pair.edges.iter().map(|edge| told(content, edge)).collect(),
        summary: summary::told(&content.words, &found, &classes, &rows),
        configuration: configuration(&found),
        modules: found.modules.as_deref().map(|lines| modules::rows(&content.words, lines)),
        missing: found.modules.is_none().then(|| missing(&content.words, models)),
        others: [0, 1].map(|at| others(content, models[at], pair)),
        classes,
        facts: rows,
    };
    let [parent, child] = models.map(|model| model.summary.name.as_str());
    let title = content.words.with("diff.title", &[("parent", &parent), ("child", &child)]);
    let summary = page.summary.join(" · ");
    let description = content.words.with("diff.description", &[("title", &title), ("summary", &summary)]);
    let trail = vec![
        Link::said(content, "nav.compare", "compare/"),
        Link::of_family(content, &pair.child.summary.family),
        Link::new(format!("{parent} → {child}"), None),
    ];
    let head = Head::below(trail, ["compare", &title, &description]);
    site.page(&pair.address(), "diff.html", head, &page)
}

fn side(model: &Model, found: &Comparison, at: usize) -> Side {
    let size = |size: Size<'_>| match size.parameters() {
        Some(count) => format!("{} {}", size.facts.id, compact(count)),
        None => size.facts.id.clone(),
    };
    Side {
        id: model.summary.id.clone(),
        name: model.summary.name.clone(),
        date: model.summary.date.clone(),
        size: found.sizes[at].clone(),
        parameters: found.parameters[at].map(grouped),
        sizes: Size::of(model).map(size).collect(),
        code: model.summary.code,
    }
}

pub(super) fn told(content: &Edition<'_>, edge: &Lineage) -> Edge {
    Edge {
        relation: content.term_label("lineage-relation", &edge.relation),
        change: edge.change.clone(),
        size: edge.variant.clone(),
        date: edge.date.clone(),
        note: edge.note.clone(),
        sources: edge.sources.iter().map(|source| origin::cited(content, source)).collect(),
    }
}

fn configuration(found: &Comparison) -> Vec<Row> {
    let row = |field: &str, values: [String; 2]| {
        // A configuration that was built is whole: what it lacks, the code does not have.
        let silent = found.modules.is_none() && values.iter().any(String::is_empty);
        Row { field: field.to_owned(), state: State::new(values[0] == values[1], silent), values }
    };
    let parameters = found.parameters.map(|count| count.map(grouped).unwrap_or_default());
    let first = row("parameters", parameters);
    let rest = found.configuration.iter().map(|line| row(&line.field, line.values.clone()));
    std::iter::once(first).filter(|row| row.values != ["", ""]).chain(rest).collect()
}

fn missing(words: &Words, models: [&Model; 2]) -> String {
    let without: Vec<&str> = models
        .iter()
        .filter(|model| model.sizes.iter().all(|size| size.parameters == 0))
        .map(|model| model.summary.name.as_str())
        .collect();
    match without[..] {
        [one] => words.with("diff.no_code", &[("name", &one)]),
        _ => words.say("diff.no_code_of_either"),
    }
}

/// Pages of what changed around one of the two, without this one.
fn others(content: &Edition<'_>, model: &Model, pair: &Pair<'_>) -> Vec<Other> {
    let this = pair.address();
    let link = |other: &Pair<'_>| Other {
        label: format!("{} → {}", other.parent.summary.name, other.child.summary.name),
        href: other.address(),
    };
    content.steps.around(&model.summary.id).filter(|other| other.address() != this).map(link).collect()
}
