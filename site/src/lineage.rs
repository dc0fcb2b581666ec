//! Who descends from whom, among the models that the catalog has.

use std::collections::{BTreeMap, BTreeSet};

use zoo_catalog::view::Model;
use zoo_registry::descriptor::Lineage;

use crate::edition::Edition;

/// Two models, and everything that leads from one to the other.
#[derive(Debug)]
pub(crate) struct Pair<'a> {
    pub parent: &'a Model,
    pub child: &'a Model,
    /// At least one.
    pub edges: Vec<&'a Lineage>,
}

impl Pair<'_> {
    /// Where the page of what changed stands.
    pub(crate) fn address(&self) -> String {
        address(&self.parent.summary.id, &self.child.summary.id)
    }
}

/// Where the page of what changed between two models stands.
pub(crate) fn address(parent: &str, child: &str) -> String {
    format!("compare/{parent}...{child}/")
}

/// What a model's line is called among the nested lists: a dot, which an anchor must not hold, is none of an id's other letters.
pub(crate) fn anchor(id: &str) -> String {
    format!("model-{}", id.replace('.', "_"))
}

/// Every edge with both ends in the catalog, by the child's date and the order in which it names its parents.
pub(crate) fn pairs<'a>(content: &'a Edition<'_>) -> Vec<Pair<'a>> {
    let models: BTreeMap<&str, &Model> =
        content.models.iter().map(|model| (model.summary.id.as_str(), model)).collect();
    let mut children: Vec<&Model> = content.models.iter().collect();
    children.sort_by_key(|model| (&model.summary.date, &model.summary.id));
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for child in children {
        let from = pairs.len();
        for edge in child.descriptor.lineage.iter().filter(|edge| edge.id != child.summary.id) {
            let Some(parent) = models.get(edge.id.as_str()).copied() else { continue };
            match pairs[from..].iter_mut().find(|pair| pair.parent.summary.id == edge.id) {
                Some(pair) => pair.edges.push(edge),
                None => pairs.push(Pair { parent, child, edges: vec![edge] }),
            }
        }
    }
    pairs
}

/// A model below the one it stands under, with what else it comes from.
#[derive(Debug)]
pub(crate) struct Branch<'a> {
    pub model: &'a Model,
    /// Further parents, which have it in their own lists no more.
    pub also: Vec<&'a Model>,
    pub children: Vec<Branch<'a>>,
}

/// The whole lineage as trees, each model once, under its first parent; roots and children by date.
pub(crate) fn forest<'a>(content: &'a Edition<'_>, pairs: &[Pair<'a>]) -> Vec<Branch<'a>> {
    let mut models: Vec<&Model> = content.models.iter().collect();
    models.sort_by_key(|model| (&model.summary.date, &model.summary.id));
    let mut parents: BTreeMap<&str, Vec<&Model>> = BTreeMap::new();
    for pair in pairs {
        parents.entry(&pair.child.summary.id).or_default().push(pair.parent);
    }
    let mut placed = BTreeSet::new();
    let mut roots = Vec::new();
    for model in models.iter().filter(|model| !parents.contains_key(model.summary.id.as_str())) {
        roots.extend(branch(model, &models, &parents, &mut placed));
    }
    // What a circle of edges hides from the walk stands on its own.
    for model in &models {
        roots.extend(branch(model, &models, &parents, &mut placed));
    }
    roots
}

fn branch<'a>(
    model: &'a Model,
    models: &[&'a Model],
    parents: &BTreeMap<&str, Vec<&'a Model>>,
    placed: &mut BTreeSet<&'a str>,
) -> Option<Branch<'a>> {
    if !placed.insert(&model.summary.id) {
        return None;
    }
    let of = |child: &Model| parents.get(child.summary.id.as_str()).map(Vec::as_slice).unwrap_or_default();
    let first = |child: &&&'a Model| of(child).first().is_some_and(|parent| parent.summary.id == model.summary.id);
    let children: Vec<&'a Model> = models.iter().filter(first).copied().collect();
    let children = children.into_iter().filter_map(|child| branch(child, models, parents, placed)).collect();
    Some(Branch { model, also: of(model).iter().skip(1).copied().collect(), children })
}
