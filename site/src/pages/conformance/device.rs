//! The page of a device: what every model and every check came to there, and which errors come nearest to their tolerances.

use std::collections::BTreeMap;

use serde::Serialize;
use zoo_catalog::view::{Model, Tally};
use zoo_registry::{LevelFacts, Outcome};

use super::ladders;
use crate::error::Result;
use crate::format::{humanise, slug};
use crate::pages::model::evidence::{self, Excused, closest, excused, share};
use crate::pages::{Head, Link, Site, TallyView};

#[derive(Serialize)]
struct Page<'a> {
    device: &'a str,
    tally: TallyView,
    models: Vec<Row<'a>>,
    checks: Vec<Row<'a>>,
    /// What does not hold there, or not as expected.
    excused: Vec<(Link, Excused)>,
}

/// What a model came to, or a check.
#[derive(Serialize)]
struct Row<'a> {
    of: Link,
    /// The highest level that a model reached.
    reached: Option<&'a LevelFacts>,
    tally: TallyView,
    /// The error that leaves its tolerance the least room: which, and its share of the tolerance.
    closest: Option<(Link, String)>,
}

/// Where the page of a device stands.
pub(super) fn address(device: &str) -> String {
    format!("conformance/devices/{}/", slug(device))
}

pub(super) fn render(site: &Site<'_>, device: &str) -> Result<()> {
    let content = site.content;
    let english = |link: Link| Link { english: true, ..link };
    let place =
        |outcome: &Outcome| Some(format!("models/{}/evidence/#{}", outcome.architecture, evidence::anchor(outcome)));
    let checked = content.models.iter().map(|model| {
        let here = model.outcomes.iter().filter(|outcome| outcome.device == device);
        (model, here.collect::<Vec<&Outcome>>())
    });
    let checked: Vec<(&Model, Vec<&Outcome>)> = checked.filter(|(_, outcomes)| !outcomes.is_empty()).collect();
    let all = || checked.iter().flat_map(|(_, outcomes)| outcomes.iter().copied());
    let mut by_check: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in all() {
        by_check.entry(&outcome.check).or_default().push(outcome);
    }
    let row = |of: Link, reached, outcomes: &[&Outcome], name: &dyn Fn(&Outcome) -> Link| Row {
        of,
        reached,
        tally: TallyView::new(&content.words, &Tally::of(outcomes.iter().map(|outcome| outcome.status))),
        closest: closest(outcomes).map(|(ratio, outcome)| (name(outcome), share(ratio))),
    };
    let of_check = |outcome: &Outcome| english(Link::new(humanise(&outcome.check), place(outcome)));
    let of_model = |outcome: &Outcome| Link::new(content.model_name(&outcome.architecture), place(outcome));
    let models = checked.iter().map(|(model, outcomes)| {
        let id = &model.summary.id;
        let reached =
            ladders(content, id).into_iter().find(|ladder| ladder.device == device).and_then(|ladder| ladder.reached);
        row(Link::model(content, id), reached, outcomes, &of_check)
    });
    let checks = by_check.iter().map(|(check, outcomes)| {
        let known = content.matrix.suite.checks.iter().any(|facts| facts.id == **check);
        let link = Link::new(humanise(check), known.then(|| format!("conformance/{check}/")));
        row(english(link), None, outcomes, &of_model)
    });
    let excused = checked.iter().flat_map(|(model, _)| {
        let own = excused(&content.words, model).into_iter().filter(|item| item.device == device);
        own.map(|item| (Link::model(content, &model.summary.id), item))
    });
    let page = Page {
        device,
        tally: TallyView::new(&content.words, &Tally::of(all().map(|outcome| outcome.status))),
        models: models.collect(),
        checks: checks.collect(),
        excused: excused.collect(),
    };
    let words = |key| content.words.with(key, &[("device", &device)]);
    let [title, description] = ["device.heading", "device.description"].map(words);
    let trail = vec![Link::said(content, "nav.conformance", "conformance/"), Link::new(device, None)];
    site.page(&address(device), "device.html", Head::below(trail, ["conformance", &title, &description]), &page)
}
