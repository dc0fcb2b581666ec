//! Who descends from whom, among the models that the catalog has.

use std::collections::{BTreeMap, BTreeSet};

use zoo_catalog::view::Model;
use zoo_registry::descriptor::Lineage;

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

/// Every edge with both ends in the catalog, and which of them meet at a model.
#[derive(Debug)]
pub(crate) struct Steps<'a> {
    /// By the child's date and the order in which it names its parents.
    pairs: Vec<Pair<'a>>,
    /// Places among them, by the id of either end.
    around: BTreeMap<&'a str, Vec<usize>>,
    /// All models by date.
    models: Vec<&'a Model>,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(models: &'a [Model]) -> Self {
        let known: BTreeMap<&str, &Model> = models.iter().map(|model| (model.summary.id.as_str(), model)).collect();
        let mut models: Vec<&Model> = models.iter().collect();
        models.sort_by_key(|model| (&model.summary.date, &model.summary.id));
        let mut pairs: Vec<Pair<'_>> = Vec::new();
        for child in &models {
            let from = pairs.len();
            for edge in child.descriptor.lineage.iter().filter(|edge| edge.id != child.summary.id) {
                let Some(parent) = known.get(edge.id.as_str()).copied() else { continue };
                match pairs[from..].iter_mut().find(|pair| pair.parent.summary.id == edge.id) {
                    Some(pair) => pair.edges.push(edge),
                    None => pairs.push(Pair { parent, child, edges: vec![edge] }),
                }
            }
        }
        let mut around: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, pair) in pairs.iter().enumerate() {
            for end in [pair.parent, pair.child] {
                around.entry(&end.summary.id).or_default().push(at);
            }
        }
        Self { pairs, around, models }
    }

    pub(crate) fn all(&self) -> &[Pair<'a>] {
        &self.pairs
    }

    /// Those that lead to a model and those that lead on from it.
    pub(crate) fn around(&self, id: &str) -> impl Iterator<Item = &Pair<'a>> {
        self.around.get(id).into_iter().flatten().map(|at| &self.pairs[*at])
    }

    /// Those that lead to a model.
    pub(crate) fn to<'b>(&'b self, id: &'b str) -> impl Iterator<Item = &'b Pair<'a>> {
        self.around(id).filter(move |pair| pair.child.summary.id == id)
    }
}

/// A model below the one it stands under, with what else it comes from.
#[derive(Debug)]
pub(crate) struct Branch<'a> {
    pub model: &'a Model,
    /// Further parents, which have it in their own lists no more.
    pub also: Vec<&'a Model>,
    pub children: Vec<Branch<'a>>,
}

/// What stands under each model: those whose first parent it is, by date.
type Children<'a> = BTreeMap<&'a str, Vec<&'a Model>>;

impl<'a> Steps<'a> {
    /// The whole lineage as trees, each model once, under its first parent; roots and children by date.
    pub(crate) fn forest(&self) -> Vec<Branch<'a>> {
        let mut children = Children::new();
        for model in &self.models {
            if let Some(first) = self.to(&model.summary.id).next() {
                children.entry(&first.parent.summary.id).or_default().push(model);
            }
        }
        let mut placed = BTreeSet::new();
        let mut roots = Vec::new();
        for model in self.models.iter().filter(|model| self.to(&model.summary.id).next().is_none()) {
            roots.extend(self.branch(model, &children, &mut placed));
        }
        // What a circle of edges hides from the walk stands on its own.
        for model in &self.models {
            roots.extend(self.branch(model, &children, &mut placed));
        }
        roots
    }

    fn branch(&self, model: &'a Model, children: &Children<'a>, placed: &mut BTreeSet<&'a str>) -> Option<Branch<'a>> {
        let id = &model.summary.id;
        if !placed.insert(id) {
            return None;
        }
        let below = children.get(id.as_str()).into_iter().flatten();
        let children = below.filter_map(|child| self.branch(child, children, placed)).collect();
        Some(Branch { model, also: self.to(id).skip(1).map(|pair| pair.parent).collect(), children })
    }
}
