//! How large models became, and when: one picture, one for each architecture where the screen is narrow, and the table.

use serde::Serialize;
use zoo_catalog::view::Model;

use super::{Link, Site, range, root};
use crate::edition::Edition;
use crate::error::Result;
use crate::svg::{self, Frame};

/// The axis whose answers have shapes and colours of their own.
const AXIS: &str = "architecture";

#[derive(Serialize)]
struct Timeline {
    picture: Option<String>,
    key: Vec<Key>,
    small: Vec<Small>,
    rows: Vec<Row>,
    /// How many have no known size.
    unsized_models: usize,
}

/// What a shape stands for.
#[derive(Serialize)]
pub(super) struct Key {
    mark: String,
    link: Link,
}

/// The models of one architecture.
#[derive(Serialize)]
struct Small {
    title: String,
    picture: String,
}

#[derive(Serialize)]
struct Row {
    model: Link,
    date: String,
    family: Link,
    architecture: Vec<Link>,
    parameters: Option<String>,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let content = site.content;
    let address = "timeline/";
    let root = root(address);
    let models: Vec<&Model> = content.models.iter().collect();
    let scales = svg::scales(&models);
    let title = content.words.say("chart.title");
    let frame = Frame { name: "swarm", title: &title, width: 1070, height: 640, right: 60, half: 6 };
    let picture = scales
        .map(|scales| svg::timeline(&content.words, &models, &scales, &frame, &root, |model| kind(content, model)));
    let mut by_date = models.clone();
    by_date.sort_by_key(|model| (&model.summary.date, &model.summary.id));
    let row = |model: &&Model| Row {
        model: Link::model(content, &model.summary.id),
        date: model.summary.date.clone(),
        family: Link::family(content, &model.summary.family),
        architecture: Link::terms(content, AXIS, &model.summary),
        parameters: model.summary.parameters.map(range),
    };
    let page = Timeline {
        picture,
        key: key(content),
        small: scales.map(|scales| small(content, &models, &scales, &root)).unwrap_or_default(),
        rows: by_date.iter().map(row).collect(),
        unsized_models: models.iter().filter(|model| model.summary.parameters.is_none()).count(),
    };
    let [title, description] = ["foot.timeline", "timeline.description"].map(|key| content.words.say(key));
    site.page(address, "timeline.html", ["timeline", &title, &description], &page)
}

/// The place of a model's first answer in the vocabulary.
pub(super) fn kind(content: &Edition<'_>, model: &Model) -> usize {
    let answer = model.summary.taxonomy.get(AXIS).and_then(|terms| terms.first());
    let axis = content.axes.iter().find(|axis| axis.id == AXIS);
    let place = axis.zip(answer).and_then(|(axis, answer)| axis.terms.iter().position(|term| term.id == *answer));
    place.unwrap_or(3)
}

/// Every answer that a model gives, with its shape.
pub(super) fn key(content: &Edition<'_>) -> Vec<Key> {
    let axis = content.axes.iter().find(|axis| axis.id == AXIS);
    let terms = axis.map(|axis| axis.terms.as_slice()).unwrap_or_default().iter().enumerate();
    let used = terms.filter(|(_, term)| !content.members(AXIS, &term.id).is_empty());
    used.map(|(at, term)| Key { mark: svg::key_mark(at), link: Link::term(content, AXIS, &term.id) }).collect()
}

fn small(content: &Edition<'_>, models: &[&Model], scales: &svg::Scales, root: &str) -> Vec<Small> {
    let axis = content.axes.iter().find(|axis| axis.id == AXIS);
    let terms = axis.map(|axis| axis.terms.as_slice()).unwrap_or_default();
    let picture = |(at, term): (usize, &zoo_catalog::view::TermFacts)| {
        let own: Vec<&Model> = models.iter().filter(|model| kind(content, model) == at).copied().collect();
        let title = content.words.with("chart.title_of", &[("architecture", &term.label)]);
        let frame = Frame { name: &format!("small-{at}"), title: &title, width: 340, height: 300, right: 12, half: 4 };
        let picture = || svg::timeline(&content.words, &own, scales, &frame, root, |_| at);
        (!own.is_empty()).then(|| Small { title: term.label.clone(), picture: picture() })
    };
    terms.iter().enumerate().filter_map(picture).collect()
}
