//! Conformance: which levels each model reached, every check against every model, and a page for each check.

mod check;
mod matrix;
mod planted;

use std::collections::BTreeSet;

use serde::Serialize;
use zoo_registry::levels::standings;
use zoo_registry::{LevelFacts, Outcome, Standing, Status};

use super::{Site, StatusView, TallyView};
use crate::content::Content;
use crate::error::Result;
use matrix::{Group, Notes};

#[derive(Serialize)]
struct Page<'a> {
    version: &'a str,
    devices: &'a [String],
    levels: &'a [LevelFacts],
    ladders: Vec<Ladder<'a>>,
    legend: Vec<(StatusView, &'static str)>,
    standings: Vec<(StandingView, &'static str)>,
    models: Vec<(&'a str, &'a str)>,
    groups: Vec<Group<'a>>,
    tally: TallyView,
    notes: Notes,
    /// Models that no check has run on.
    silent: usize,
    /// How the suite itself did; nothing where nothing was planted.
    score: Option<planted::Score>,
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
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct StandingView {
    symbol: &'static str,
    word: &'static str,
    class: &'static str,
}

impl StandingView {
    fn new(standing: Standing) -> Self {
        let (symbol, word, class) = match standing {
            Standing::Reached => ("✓", "reached", "pass"),
            Standing::NotApplicable => ("–", "n/a", "not-applicable"),
            Standing::Missed => ("✗", "missed", "fail"),
            Standing::Held => ("○", "held", "waived"),
            Standing::Unknown => ("·", "open", "not-applicable"),
        };
        Self { symbol, word, class }
    }
}

pub(super) fn render(site: &mut Site<'_>) -> Result<()> {
    let content = site.content;
    let matrix = &content.matrix;
    let mut notes = Notes::default();
    let checked: Vec<_> = matrix.rows.iter().filter(|(_, outcomes)| !outcomes.is_empty()).collect();
    let groups = matrix::groups(content, &checked, &mut notes);
    let seen: BTreeSet<Status> = checked.iter().flat_map(|(_, outcomes)| outcomes).map(|found| found.status).collect();
    let ladders: Vec<_> = checked.iter().flat_map(|(summary, _)| ladders(content, &summary.id)).collect();
    let page = Page {
        version: &matrix.suite.version,
        devices: &matrix.devices,
        levels: &matrix.suite.levels,
        legend: seen.into_iter().map(|status| (StatusView::new(status), explained(status))).collect(),
        standings: Standing::ALL.map(|standing| (StandingView::new(standing), meant(standing))).to_vec(),
        models: checked.iter().map(|(summary, _)| (summary.id.as_str(), summary.name.as_str())).collect(),
        tally: TallyView::new(&checked.iter().map(|(summary, _)| &summary.tally).copied().sum()),
        silent: matrix.rows.len() - checked.len(),
        score: (!matrix.suite.planted.is_empty()).then(|| planted::Score::of(&matrix.suite.planted)),
        ladders,
        groups,
        notes,
    };
    let description = "Which levels every model reached, and every check with its measured errors.";
    site.page("conformance/", "conformance.html", ["conformance", "Conformance", description], &page)?;
    planted::render(site)?;
    matrix.suite.checks.iter().try_for_each(|facts| check::render(site, facts))
}

/// Where a model stands, a ladder for each device it was checked on; none where the suite has no levels.
pub(super) fn ladders<'a>(content: &'a Content, id: &str) -> Vec<Ladder<'a>> {
    let matrix = &content.matrix;
    let levels = &matrix.suite.levels;
    let Some((summary, outcomes)) = matrix.rows.iter().find(|(summary, _)| summary.id == id) else { return vec![] };
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
                steps: stands.into_iter().map(StandingView::new).collect(),
            }
        })
    };
    matrix.devices.iter().filter_map(of).collect()
}

fn explained(status: Status) -> &'static str {
    match status {
        Status::Pass => "what the check states holds",
        Status::Waived => "it does not hold, and a note gives the reason",
        Status::ExpectedFailure => "it does not hold yet; a note says who works on it, and until when",
        Status::NotApplicable => "the family lacks what the check is about",
        Status::UnexpectedPass => "it holds, against what was expected: the excuse is to go",
        Status::Flaky => "it did not hold, and held when asked again",
        Status::Fail => "it does not hold",
        Status::Timeout => "it had not ended in time",
        Status::Error => "the code under test panicked, crashed or ran out of memory",
    }
}

fn meant(standing: Standing) -> &'static str {
    match standing {
        Standing::Reached => "every check of it and of all lower levels holds or is waived",
        Standing::NotApplicable => "the family lacks what all of its checks are about",
        Standing::Missed => "a check of it does not hold",
        Standing::Held => "its checks hold, but not those of every lower level",
        Standing::Unknown => "not all of its checks have run, or none is written yet",
    }
}
