//! Facts of two models side by side, each with where it was read.

use std::collections::BTreeSet;

use serde::Serialize;
use zoo_catalog::compare::{self, Comparison};
use zoo_catalog::view::Model;
use zoo_registry::vocabulary::is_usual;

use super::State;
use crate::edition::Edition;
use crate::format::humanise;
use crate::pages::Link;
use crate::pages::model::origin::{self, Cited};
use crate::words::Tongue;

/// Fields that say how a model was trained and not how it is built.
const RECIPE: [&str; 3] = ["pretraining-task", "training-paradigm", "corpus"];

/// Fields that stand elsewhere on the page: the names of both, and the edge itself.
const ELSEWHERE: [&str; 2] = ["names", ""];

/// A question of the taxonomy, and what each of the two answers.
#[derive(Serialize)]
pub(super) struct Class {
    pub(super) title: String,
    axis: String,
    answers: [Vec<Answer>; 2],
    sources: [Vec<Cited>; 2],
    pub(super) state: State,
    #[serde(skip)]
    pub(super) recipe: bool,
}

#[derive(Serialize)]
struct Answer {
    link: Link,
    /// Whether the other says it as well, or it goes without saying.
    shared: bool,
}

/// Something else that is said of both.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) title: String,
    /// Whether the title is in the language of the page.
    translated: bool,
    values: [String; 2],
    sources: [Vec<Cited>; 2],
    pub(super) state: State,
    #[serde(skip)]
    pub(super) recipe: bool,
}

/// Every axis on which either has an answer, in the vocabulary's order.
pub(super) fn classes(content: &Edition<'_>, models: [&Model; 2]) -> Vec<Class> {
    let answered: Vec<&str> =
        models.iter().flat_map(|model| content.classification(&model.summary.taxonomy)).map(|(axis, _)| axis).collect();
    let known = content.axes.iter().map(|axis| axis.id.as_str()).filter(|axis| answered.contains(axis));
    let unknown: BTreeSet<&str> =
        answered.iter().copied().filter(|axis| content.axes.iter().all(|known| known.id != *axis)).collect();
    known.chain(unknown).map(|axis| class(content, models, axis)).collect()
}

fn class(content: &Edition<'_>, models: [&Model; 2], axis: &str) -> Class {
    let terms = models.map(|model| model.summary.taxonomy.get(axis).map(Vec::as_slice).unwrap_or_default());
    let answers = |at: usize| {
        let shared = |term: &String| terms[1 - at].contains(term) || is_usual(axis, term);
        let answer = |term: &String| Answer { link: Link::term(content, axis, term), shared: shared(term) };
        terms[at].iter().map(answer).collect::<Vec<_>>()
    };
    let sets = terms.map(|terms| terms.iter().filter(|term| !is_usual(axis, term)).collect::<BTreeSet<_>>());
    Class {
        title: content.axis_title(axis),
        axis: axis.to_owned(),
        answers: [answers(0), answers(1)],
        sources: models.map(|model| sources(content, model, axis)),
        state: State::new(sets[0] == sets[1], terms.iter().any(|terms| terms.is_empty())),
        recipe: RECIPE.contains(&axis),
    }
}

/// What is said of the two outside the taxonomy.
pub(super) fn rows(content: &Edition<'_>, models: [&Model; 2], found: &Comparison) -> Vec<Row> {
    let said = models.map(compare::facts);
    let field = |name: &str| said.iter().flatten().find(|fact| fact.name == name).map_or("", |fact| fact.field);
    let axis = |field: &str| models.iter().any(|model| model.summary.taxonomy.contains_key(field));
    let rows = found.facts.iter().map(|line| (line, field(&line.field)));
    // `architecture` is an axis, and what its term does not say stands under the same sources.
    let classified = |name: &str, field: &str| axis(field) && name == field;
    let told: Vec<_> =
        rows.filter(|(line, field)| !ELSEWHERE.contains(field) && !classified(&line.field, field)).collect();
    // A title is that of the whole field.
    let whole = |field: &str| told.iter().filter(|(_, other)| *other == field).count() == 1;
    let translated =
        |field: &str| content.words.tongue() != Tongue::English && content.is_titled(field) && whole(field);
    let row = |&(line, field): &(&compare::Line, &str)| Row {
        title: if translated(field) { content.axis_title(field) } else { humanise(&line.field) },
        translated: translated(field),
        values: line.values.clone(),
        sources: models.map(|model| sources(content, model, field)),
        state: State::new(line.same, line.values.iter().any(String::is_empty)),
        recipe: RECIPE.contains(&field),
    };
    told.iter().map(row).collect()
}

fn sources(content: &Edition<'_>, model: &Model, field: &str) -> Vec<Cited> {
    let sources = model.descriptor.sources.get(field).map(Vec::as_slice).unwrap_or_default();
    sources.iter().map(|source| origin::cited(content, source)).collect()
}
