//! The conformance matrix: every model against every check, and what each check catches.

use std::collections::BTreeMap;

use serde::Serialize;
use zoo_catalog::view::{Model, ModelSummary};
use zoo_registry::{Outcome, Status};

use super::{Site, StatusView, TallyView};
use crate::error::Result;
use crate::format::{humanise, magnitude};

#[derive(Serialize)]
struct MatrixPage {
    devices: Vec<String>,
    legend: Vec<(StatusView, &'static str)>,
    checks: Vec<Check>,
    rows: Vec<Row>,
    tally: TallyView,
    notes: Vec<Note>,
    /// Models that no check has run on.
    silent: usize,
}

#[derive(Serialize)]
struct Check {
    id: String,
    title: String,
    statement: String,
    method: String,
    catches: Vec<String>,
    pass: usize,
    of: usize,
}

#[derive(Serialize)]
struct Row {
    id: String,
    name: String,
    /// One cell a check; empty where nothing ran.
    cells: Vec<Vec<Cell>>,
}

#[derive(Serialize)]
struct Cell {
    check: String,
    device: String,
    status: StatusView,
    number: Option<String>,
    /// Number of the note that gives the reason.
    note: Option<usize>,
}

/// Why a check that does not hold is accepted.
#[derive(Serialize)]
struct Note {
    number: usize,
    model: String,
    id: String,
    check: String,
    reason: String,
}

pub(super) fn render(site: &mut Site<'_>) -> Result<()> {
    let content = site.content;
    let matrix = &content.matrix;
    let mut notes = Vec::new();
    let rows: Vec<_> = matrix
        .rows
        .iter()
        .filter(|(_, outcomes)| !outcomes.is_empty())
        .map(|(summary, outcomes)| row(site, summary, outcomes, &mut notes))
        .collect();
    let check = |(index, facts): (usize, &zoo_registry::CheckFacts)| {
        let cells = || rows.iter().flat_map(|row| &row.cells[index]).map(|cell| cell.status.class);
        let counted = |class: &&str| *class != Status::NotApplicable.as_str();
        Check {
            id: facts.id.clone(),
            title: humanise(&facts.id),
            statement: facts.statement.clone(),
            method: facts.method.clone(),
            catches: facts.catches.clone(),
            pass: cells().filter(|class| *class == Status::Pass.as_str()).count(),
            of: cells().filter(counted).count(),
        }
    };
    let legend = |status| (StatusView::new(status), explained(status));
    let page = MatrixPage {
        devices: matrix.devices.clone(),
        legend: Status::ALL.map(legend).to_vec(),
        checks: matrix.checks.iter().enumerate().map(check).collect(),
        tally: TallyView::new(&matrix.rows.iter().map(|(summary, _)| &summary.tally).copied().sum()),
        silent: matrix.rows.iter().filter(|(_, outcomes)| outcomes.is_empty()).count(),
        rows,
        notes,
    };
    let description = "Every model against every check, with the measured errors.";
    site.page("conformance/", "conformance.html", ["conformance", "Conformance", description], &page)
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

fn row(site: &Site<'_>, summary: &ModelSummary, outcomes: &[Outcome], notes: &mut Vec<Note>) -> Row {
    let model = site.content.model(&summary.id);
    let mut by_check: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        by_check.entry(&outcome.check).or_default().push(outcome);
    }
    let mut cells = Vec::new();
    for check in &site.content.matrix.checks {
        let found = by_check.get(check.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        cells.push(found.iter().map(|outcome| cell(summary, model, outcome, notes)).collect());
    }
    Row { id: summary.id.clone(), name: summary.name.clone(), cells }
}

fn cell(summary: &ModelSummary, model: Option<&Model>, outcome: &Outcome, notes: &mut Vec<Note>) -> Cell {
    let note = (outcome.status == Status::Waived).then(|| {
        let known = notes.iter().position(|note| note.id == summary.id && note.check == outcome.check);
        let index = known.unwrap_or_else(|| {
            let waiver = model.and_then(|m| m.descriptor.waivers.iter().find(|waiver| waiver.check == outcome.check));
            let reason = waiver.map_or_else(|| outcome.detail.clone(), |waiver| waiver.reason.clone());
            notes.push(Note {
                number: notes.len() + 1,
                model: summary.name.clone(),
                id: summary.id.clone(),
                check: outcome.check.clone(),
                reason,
            });
            notes.len() - 1
        });
        index + 1
    });
    Cell {
        check: outcome.check.clone(),
        device: outcome.device.clone(),
        status: StatusView::new(outcome.status),
        number: outcome.error.map(magnitude),
        note,
    }
}
