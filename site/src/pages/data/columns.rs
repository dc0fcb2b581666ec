//! The catalog column by column, as small as it can be: what scripts search, sort and compare.

use serde::Serialize;
use serde_json::Value;
use zoo_catalog::compare::Size;
use zoo_catalog::view::Model;
use zoo_registry::vocabulary::licences::parts;

use crate::content::{LAB, LICENCE, YEAR};
use crate::edition::Edition;
use crate::pages::model::sizes::FIELDS;
use crate::pages::models::FACETS;
use crate::pages::origins::{openness_of, openness_word};
use crate::pages::{Link, TallyView};

/// Every column has a value for each model, in the order of `id`.
#[derive(Serialize)]
pub(super) struct Columns<'a> {
    id: Vec<&'a str>,
    name: Vec<&'a str>,
    date: Vec<&'a str>,
    /// Of the smallest and the largest size.
    parameters: Vec<Option<(u64, u64)>>,
    /// Share of outcomes that pass, in percent.
    passed: Vec<Option<u32>>,
    facet: Vec<Facet>,
}

/// A question, its answers, and which of them each model gives.
#[derive(Serialize)]
struct Facet {
    id: String,
    title: String,
    term: Vec<String>,
    label: Vec<String>,
    of: Vec<Vec<usize>>,
}

/// Each model's first size, in the order of the columns.
#[derive(Serialize)]
pub(super) struct Sizes<'a> {
    id: Vec<Option<&'a str>>,
    field: Vec<&'static str>,
    title: Vec<String>,
    of: Vec<Vec<Option<u64>>>,
}

pub(super) fn columns<'a>(content: &'a Edition<'_>) -> Columns<'a> {
    let models = &content.models;
    let passed = |model: &Model| {
        let TallyView { ran, pass, of, .. } = TallyView::new(&content.words, &model.summary.tally);
        ran.then(|| pass * 100 / of)
    };
    Columns {
        id: models.iter().map(|model| model.summary.id.as_str()).collect(),
        name: models.iter().map(|model| model.summary.name.as_str()).collect(),
        date: models.iter().map(|model| model.summary.date.as_str()).collect(),
        parameters: models.iter().map(|model| model.summary.parameters).collect(),
        passed: models.iter().map(passed).collect(),
        facet: FACETS.iter().filter_map(|id| facet(content, id)).collect(),
    }
}

pub(super) fn sizes<'a>(content: &'a Edition<'_>) -> Sizes<'a> {
    let models = &content.models;
    let first = |model| -> Option<Size<'_>> {
        let built = Size::of(model).find(|size| size.built.is_some());
        built.or_else(|| Size::of(model).next())
    };
    let number = |model, field: &str| first(model)?.config().get(field).and_then(Value::as_u64);
    let used = |field: &&&str| models.iter().any(|model| number(model, field).is_some());
    let fields: Vec<_> = FIELDS.iter().filter(used).collect();
    Sizes {
        id: models.iter().map(|model| first(model).map(|size| size.facts.id.as_str())).collect(),
        field: fields.iter().map(|field| **field).collect(),
        title: fields.iter().map(|field| content.words.say(&format!("field.{field}"))).collect(),
        of: models.iter().map(|model| fields.iter().map(|field| number(model, field)).collect()).collect(),
    }
}

fn facet(content: &Edition<'_>, id: &str) -> Option<Facet> {
    let answers: Vec<Vec<&str>> = content.models.iter().map(|model| answers(content, model, id)).collect();
    let mut term: Vec<&str> = answers.iter().flatten().copied().collect();
    term.sort_unstable();
    term.dedup();
    let at = |answer: &&str| term.binary_search(answer).ok();
    (!term.is_empty()).then(|| Facet {
        id: id.to_owned(),
        title: title(content, id),
        of: answers.iter().map(|answers| answers.iter().filter_map(at).collect()).collect(),
        label: term.iter().map(|term| label(content, id, term).label).collect(),
        term: term.iter().map(|term| (*term).to_owned()).collect(),
    })
}

/// What a model answers to a question: of the taxonomy, or of those that every model answers. Of licences it is what those of its weights let
/// people do.
pub(in crate::pages) fn answers<'a>(content: &Edition<'_>, model: &'a Model, id: &str) -> Vec<&'a str> {
    let Model { summary, descriptor, .. } = model;
    match id {
        "family" => vec![&summary.family],
        LAB => summary.labs.iter().map(String::as_str).collect(),
        YEAR => summary.date.get(..4).into_iter().collect(),
        LICENCE => {
            let licences = parts(&descriptor.licence.weights);
            let mut words: Vec<_> = licences.map(|licence| openness_of(content, licence).as_str()).collect();
            words.sort_unstable();
            words.dedup();
            words
        }
        "code" => vec![if summary.code { "yes" } else { "no" }],
        axis => summary.taxonomy.get(axis).into_iter().flatten().map(String::as_str).collect(),
    }
}

/// What a question is called.
pub(in crate::pages) fn title(content: &Edition<'_>, id: &str) -> String {
    match id {
        "code" => content.words.say("models.runs_here"),
        LICENCE => content.words.say("model.licence_weights"),
        _ => content.axis_title(id),
    }
}

/// What an answer is called, and where it leads.
pub(in crate::pages) fn label(content: &Edition<'_>, id: &str, term: &str) -> Link {
    match id {
        "family" => Link::family(content, term),
        "code" => Link::new(content.words.say(&format!("models.runs.{term}")), None),
        LICENCE => Link::new(openness_word(content, term), Some(format!("licences/#{term}"))),
        axis => Link::term(content, axis, term),
    }
}
