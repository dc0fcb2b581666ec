//! Conformance: which levels each model reached, every check against every model, and a page for each check.

mod check;
mod device;
mod matrix;
mod planted;

use std::collections::BTreeSet;

use serde::Serialize;
use zoo_registry::levels::standings;
use zoo_registry::{LevelFacts, Outcome, Standing, Status};

use super::{Link, Site, StatusView, TallyView, each};
use crate::edition::Edition;
use crate::error::Result;
use crate::words::Words;
use matrix::{Group, Notes};

#[derive(Serialize)]
struct Page<'a> {
    version: &'a str,
    devices: Vec<Link>,
    runs: Vec<Run>,
    /// How many checks there are.
    checks: usize,
    levels: &'a [LevelFacts],
    ladders: Vec<Ladder<'a>>,
    legend: Vec<(StatusView, String)>,
    standings: Vec<(StandingView, String)>,
    models: Vec<(&'a str, &'a str)>,
    groups: Vec<Group<'a>>,
    tally: TallyView,
    notes: Notes,
    /// Models that no check has run on.
    silent: usize,
    /// How the suite itself did; nothing where nothing was planted.
    score: Option<planted::Score>,
}

/// What the suite came to on a device.
#[derive(Serialize)]
struct Run {
    device: Link,
    counts: Vec<(StatusView, usize)>,
    /// Checks of models with code that have no outcome there.
    not_run: usize,
}

impl Run {
    fn new(content: &Edition<'_>, device: &str) -> Self {
        let matrix = content.matrix;
        let here = |outcomes: &[Outcome]| outcomes.iter().filter(|outcome| outcome.device == device).count();
        let count = |status: Status| {
            let outcomes = matrix.rows.iter().flat_map(|(_, outcomes)| outcomes);
            outcomes.filter(|outcome| outcome.device == device && outcome.status == status).count()
        };
        // Whether something failed is told even where nothing did.
        let told = |(status, count): &(Status, usize)| *count > 0 || matches!(status, Status::Pass | Status::Fail);
        let counts = Status::ALL.into_iter().map(|status| (status, count(status))).filter(told);
        let coded = matrix.rows.iter().filter(|(summary, _)| summary.code);
        Self {
            device: Link::new(device, Some(device::address(device))),
            counts: counts.map(|(status, count)| (StatusView::new(&content.words, status), count)).collect(),
            not_run: coded.map(|(_, outcomes)| matrix.suite.checks.len().saturating_sub(here(outcomes))).sum(),
        }
    }
}

/// Where a model stands with each level on a device.
#[derive(Serialize)]
pub(super) struct Ladder<'a> {
    id: &'a str,
    name: &'a str,
    device: &'a str,
    /// The highest level it reached.
    reached: Option<&'a LevelFacts>,
    steps: Vec<StandingView>,
}

/// A standing as symbol, word and class: never colour alone.
#[derive(Debug, Clone, Serialize)]
pub(super) struct StandingView {
    symbol: &'static str,
    word: String,
    class: &'static str,
}

impl StandingView {
    fn new(words: &Words, standing: Standing) -> Self {
        let (symbol, class) = match standing {
            Standing::Reached => ("✓", "pass"),
            Standing::NotApplicable => ("–", "not-applicable"),
            Standing::Missed => ("✗", "fail"),
            Standing::Held => ("○", "waived"),
            Standing::Unknown => ("·", "not-applicable"),
        };
        Self { symbol, word: words.say(&format!("standing.{}.word", role(standing))), class }
    }
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let content = site.content;
    let matrix = &content.matrix;
    let mut notes = Notes::default();
    let checked: Vec<_> = matrix.rows.iter().filter(|(_, outcomes)| !outcomes.is_empty()).collect();
    let groups = matrix::groups(content, &checked, &mut notes);
    let seen: BTreeSet<Status> = checked.iter().flat_map(|(_, outcomes)| outcomes).map(|found| found.status).collect();
    let ladders: Vec<_> = checked.iter().flat_map(|(summary, _)| ladders(content, &summary.id)).collect();
    let page = Page {
        version: &matrix.suite.version,
        devices: matrix.devices.iter().map(|device| Link::new(device, Some(device::address(device)))).collect(),
        runs: matrix.devices.iter().map(|device| Run::new(content, device)).collect(),
        checks: matrix.suite.checks.len(),
        levels: &matrix.suite.levels,
        legend: seen
            .into_iter()
            .map(|status| (StatusView::new(&content.words, status), explained(&content.words, status)))
            .collect(),
        standings: Standing::ALL
            .map(|standing| (StandingView::new(&content.words, standing), meant(&content.words, standing)))
            .to_vec(),
        models: checked.iter().map(|(summary, _)| (summary.id.as_str(), summary.name.as_str())).collect(),
        tally: TallyView::new(&content.words, &checked.iter().map(|(summary, _)| &summary.tally).copied().sum()),
        silent: matrix.rows.len() - checked.len(),
        score: (!matrix.suite.planted.is_empty()).then(|| planted::Score::of(&matrix.suite.planted)),
        ladders,
        groups,
        notes,
    };
    let [title, description] = ["nav.conformance", "conformance.description"].map(|key| content.words.say(key));
    site.page("conformance/", "conformance.html", ["conformance", &title, &description], &page)?;
    planted::render(site)?;
    each(&matrix.devices, |device| device::render(site, device))?;
    each(&matrix.suite.checks, |facts| check::render(site, facts))
}

/// Where a model stands, a ladder for each device it was checked on; none where the suite has no levels.
pub(super) fn ladders<'a>(content: &'a Edition<'_>, id: &str) -> Vec<Ladder<'a>> {
    let matrix = &content.matrix;
    let levels = &matrix.suite.levels;
    let found = matrix.rows.binary_search_by(|(summary, _)| summary.id.as_str().cmp(id));
    let Some((summary, outcomes)) = found.ok().map(|at| &matrix.rows[at]) else { return vec![] };
    let of = |device: &'a String| {
        let here: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.device == *device).collect();
        (!here.is_empty() && !levels.is_empty()).then(|| {
            let stands = standings(levels, &here);
            let reached = levels.iter().zip(&stands).rfind(|(_, standing)| **standing == Standing::Reached);
            Ladder {
                id: &summary.id,
                name: &summary.name,
                device,
                reached: reached.map(|(level, _)| level),
                steps: stands.into_iter().map(|standing| StandingView::new(&content.words, standing)).collect(),
            }
        })
    };
    matrix.devices.iter().filter_map(of).collect()
}

fn explained(words: &Words, status: Status) -> String {
    words.say(&format!("status.{}.meaning", status.as_str()))
}

fn meant(words: &Words, standing: Standing) -> String {
    words.say(&format!("standing.{}.meaning", role(standing)))
}

/// What the words of a standing are called.
fn role(standing: Standing) -> &'static str {
    match standing {
        Standing::Reached => "reached",
        Standing::NotApplicable => "none",
        Standing::Missed => "missed",
        Standing::Held => "held",
        Standing::Unknown => "open",
    }
}
