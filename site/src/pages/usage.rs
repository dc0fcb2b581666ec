//! Who gives an answer or has a building block: since when, how many a year, in which architectures, and with what else.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use zoo_catalog::view::ModelSummary;

use super::{Count, Link, Row};
use crate::edition::Edition;
use crate::svg;
use crate::words::Tongue;

/// Answers shown as going together.
const OFTEN: usize = 8;

/// Models with something in common.
#[derive(Serialize)]
pub(super) struct Usage {
    /// How many models that are.
    pub(super) heading: String,
    /// The oldest of them.
    first: Option<First>,
    /// How many came each year; none for a handful.
    pub(super) by_year: Option<String>,
    architectures: Vec<Count>,
    often: Vec<Often>,
    with_code: usize,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct First {
    model: Link,
    date: String,
}

/// Another answer that many of them give.
#[derive(Serialize)]
struct Often {
    axis: String,
    term: Link,
    /// How many of them.
    both: usize,
    /// How many of all models.
    all: usize,
}

fn answers(model: &ModelSummary) -> impl Iterator<Item = (&str, &str)> {
    model.taxonomy.iter().flat_map(|(axis, terms)| terms.iter().map(move |term| (axis.as_str(), term.as_str())))
}

impl Usage {
    /// Of models that have something in common; `itself` is that, if it is an answer.
    pub(super) fn new(content: &Edition<'_>, mut models: Vec<&ModelSummary>, itself: Option<[&str; 2]>) -> Self {
        models.sort_by_key(|model| (&model.date, &model.id));
        let mut years: BTreeMap<u16, usize> = BTreeMap::new();
        for year in models.iter().filter_map(|model| model.date.get(..4)?.parse().ok()) {
            *years.entry(year).or_default() += 1;
        }
        let title = content.words.say("usage.by_year_title");
        let heading = match models.len() {
            0 => content.words.say("usage.heading_nobody"),
            n => content.words.count("usage.heading", n, &[]),
        };
        Self {
            heading,
            first: models
                .first()
                .map(|model| First { model: Link::model(content, &model.id), date: model.date.clone() }),
            by_year: (models.len() > 3).then(|| svg::by_year(&title, &years)).flatten(),
            architectures: by_architecture(content, &models),
            often: often(content, &models, itself),
            with_code: models.iter().filter(|model| model.code).count(),
            rows: Row::all(content, models),
        }
    }
}

fn by_architecture(content: &Edition<'_>, models: &[&ModelSummary]) -> Vec<Count> {
    let Some(axis) = content.axes.iter().find(|axis| axis.id == "architecture") else { return Vec::new() };
    let gives = |model: &&&ModelSummary, term: &String| {
        model.taxonomy.get("architecture").is_some_and(|terms| terms.contains(term))
    };
    let counts = axis.terms.iter().map(|term| Count {
        link: Link::term(content, "architecture", &term.id),
        count: models.iter().filter(|model| gives(model, &term.id)).count(),
    });
    counts.filter(|count| count.count > 0).collect()
}

/// Answers that go with these models more than with others: shared ones over those that either has.
fn often(content: &Edition<'_>, models: &[&ModelSummary], itself: Option<[&str; 2]>) -> Vec<Often> {
    let asked: BTreeSet<&str> = content.classifying().map(|axis| axis.id.as_str()).collect();
    let mut both: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    models.iter().flat_map(|model| answers(model)).for_each(|key| *both.entry(key).or_default() += 1);
    let mut found: Vec<_> = both
        .into_iter()
        .filter(|((axis, term), count)| *count > 1 && asked.contains(axis) && itself != Some([*axis, *term]))
        .filter(|((axis, _), _)| !["architecture", "modality", "kind"].contains(axis))
        .map(|((axis, term), count)| ((axis, term), count, content.members(axis, term).len().max(count)))
        .collect();
    // The share of both among either, compared without rounding: a/b before c/d.
    let either = |count: usize, all: usize| models.len() + all - count;
    found.sort_by(|(one, a, all_a), (two, b, all_b)| {
        (b * either(*a, *all_a)).cmp(&(a * either(*b, *all_b))).then(one.cmp(two))
    });
    let term = |((axis, term), both, all): ((&str, &str), usize, usize)| Often {
        axis: content.axis_title(axis),
        term: Link::term(content, axis, term),
        both,
        all,
    };
    found.into_iter().take(OFTEN).map(term).collect()
}

/// A name in another language.
#[derive(Serialize)]
pub(super) struct Name {
    /// For the attribute `lang`.
    tag: &'static str,
    /// What the language is called in itself.
    language: &'static str,
    name: String,
}

/// Names in languages other than the page's own, in the order they are shown.
pub(super) fn names(own: Tongue, names: Option<&BTreeMap<String, String>>) -> Vec<Name> {
    let name = |tongue: Tongue| {
        let name = names?.get(tongue.code())?.clone();
        Some(Name { tag: tongue.tag(), language: tongue.name(), name })
    };
    Tongue::ALL.into_iter().filter(|tongue| *tongue != own).filter_map(name).collect()
}
