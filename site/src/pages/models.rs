//! The index: every model in one table, and the answers that narrow it down.

use serde::Serialize;

use super::data::columns::{answers, label, title};
use super::origins::ORIGINS;
use super::{Count, Row, Site, TallyView};
use crate::content::{LAB, LICENCE, YEAR};
use crate::edition::Edition;
use crate::error::Result;

/// Questions by which models are narrowed down: axes of the taxonomy, and what every model answers.
pub(super) const FACETS: [&str; 13] = [
    "architecture",
    "attention",
    "positional-encoding",
    "normalisation-placement",
    "normalisation-type",
    "activation",
    "pretraining-task",
    "modality",
    "family",
    LAB,
    YEAR,
    LICENCE,
    "code",
];

/// Answers that are shown of each question: those that most models give.
const SHOWN: usize = 10;

#[derive(Serialize)]
struct Index {
    rows: Vec<Row>,
    tally: TallyView,
    facets: Vec<Facet>,
}

/// A question with the answers that most models give.
#[derive(Serialize)]
struct Facet {
    id: &'static str,
    title: String,
    /// Where all its answers stand, if there are more than are shown.
    all: Option<String>,
    more: usize,
    terms: Vec<Term>,
}

#[derive(Serialize)]
struct Term {
    id: String,
    count: Count,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let content = site.content;
    let mut models: Vec<_> = content.models.iter().map(|model| &model.summary).collect();
    models.sort_by_key(|model| (model.name.to_lowercase(), &model.id));
    let tally = TallyView::new(&content.words, &models.iter().map(|model| &model.tally).copied().sum());
    let facets = FACETS.iter().filter_map(|id| facet(content, id)).collect();
    let index = Index { rows: Row::all(content, models), tally, facets };
    let [title, description] = ["nav.models", "models.description"].map(|key| content.words.say(key));
    site.page("models/", "models.html", ["models", &title, &description], &index)
}

fn facet(content: &Edition<'_>, id: &'static str) -> Option<Facet> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let mut given: Vec<&str> = content.models.iter().flat_map(|model| answers(content, model, id)).collect();
    given.sort_unstable();
    for answer in given {
        match counts.last_mut() {
            Some((known, count)) if *known == answer => *count += 1,
            _ => counts.push((answer, 1)),
        }
    }
    // Years stay in their order.
    if id != YEAR {
        counts.sort_by_key(|(answer, count)| (std::cmp::Reverse(*count), *answer));
    }
    let shown = if id == YEAR { counts.len() } else { SHOWN.min(counts.len()) };
    let more = counts.len() - shown;
    let all = match id {
        "family" => Some("families/".to_owned()),
        axis => {
            let origin = ORIGINS.iter().find(|(known, _)| *known == axis).map(|(_, folder)| (*folder).to_owned());
            let is_axis = content.axes.iter().any(|known| known.id == axis);
            origin.or_else(|| is_axis.then(|| format!("taxonomy/#{axis}")))
        }
    };
    let term = |(answer, count): &(&str, usize)| Term {
        id: (*answer).to_owned(),
        count: Count { link: label(content, id, answer), count: *count },
    };
    let terms: Vec<Term> = counts[..shown].iter().map(term).collect();
    (!terms.is_empty()).then(|| Facet { id, title: title(content, id), all: all.filter(|_| more > 0), more, terms })
}
