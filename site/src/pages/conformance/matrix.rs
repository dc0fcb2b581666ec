//! The matrix: checks by level, models beside each other, with notes where something is known not to hold.

use serde::Serialize;
use zoo_catalog::view::ModelSummary;
use zoo_registry::descriptor::{ExpectedFailure, Waiver};
use zoo_registry::{CheckFacts, Outcome, Status};

use crate::edition::Edition;
use crate::format::{external, humanise, magnitude};
use crate::pages::StatusView;
use crate::pages::model::evidence::anchor;

/// The checks of a level.
#[derive(Serialize)]
pub(super) struct Group<'a> {
    title: String,
    statement: String,
    /// Whether the statement is that of the suite, which speaks English.
    english: bool,
    checks: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    title: String,
    statement: &'a str,
    pass: usize,
    of: usize,
    /// One list a model; empty where nothing ran.
    cells: Vec<Vec<Cell<'a>>>,
}

#[derive(Serialize)]
struct Cell<'a> {
    model: &'a str,
    device: &'a str,
    /// Where it stands on the model's page of evidence.
    anchor: String,
    status: StatusView,
    number: Option<String>,
    /// Number of the note that gives the reason.
    note: Option<usize>,
}

/// Why what does not hold is accepted, numbered from 1.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub(super) struct Notes(Vec<Note>);

#[derive(Serialize, PartialEq)]
struct Note {
    model: String,
    id: String,
    check: String,
    /// What stands before the reason.
    kind: String,
    reason: String,
    /// Address of an issue, if it is one.
    issue: Option<String>,
    /// Who works on it, and until when.
    owner: Option<String>,
    expires: Option<String>,
}

/// Models with their outcomes, as the catalog lists them.
type Checked<'a> = [&'a (ModelSummary, Vec<Outcome>)];

/// Every check in the order of the levels; those that no level demands come last.
pub(super) fn groups<'a>(content: &'a Edition<'_>, checked: &Checked<'a>, notes: &mut Notes) -> Vec<Group<'a>> {
    let suite = &content.matrix.suite;
    let mut groups = Vec::new();
    for level in &suite.levels {
        let demanded = level.checks.iter().filter_map(|id| suite.checks.iter().find(|check| check.id == *id));
        let checks: Vec<_> = demanded.map(|check| row(content, check, checked, notes)).collect();
        groups.push(Group {
            title: format!("{} {}", level.id, level.name),
            statement: level.statement.clone(),
            english: true,
            checks,
        });
    }
    let demanded = |check: &CheckFacts| suite.levels.iter().any(|level| level.checks.contains(&check.id));
    let candidates = suite.checks.iter().filter(|check| !demanded(check));
    groups.push(Group {
        title: content.words.say(if suite.levels.is_empty() { "conformance.checks" } else { "conformance.candidates" }),
        statement: content.words.say("conformance.candidates_told"),
        english: false,
        checks: candidates.map(|check| row(content, check, checked, notes)).collect(),
    });
    groups.retain(|group| !group.checks.is_empty());
    groups
}

fn row<'a>(content: &'a Edition<'_>, check: &'a CheckFacts, checked: &Checked<'a>, notes: &mut Notes) -> Row<'a> {
    let mut cells = Vec::new();
    let (mut pass, mut of) = (0, 0);
    for (summary, outcomes) in checked {
        let found: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.check == check.id).collect();
        pass += found.iter().filter(|outcome| outcome.status == Status::Pass).count();
        of += found.iter().filter(|outcome| outcome.status != Status::NotApplicable).count();
        cells.push(found.into_iter().map(|outcome| cell(content, summary, outcome, notes)).collect());
    }
    Row { id: &check.id, title: humanise(&check.id), statement: &check.statement, pass, of, cells }
}

fn cell<'a>(content: &Edition<'_>, summary: &'a ModelSummary, outcome: &'a Outcome, notes: &mut Notes) -> Cell<'a> {
    Cell {
        model: &summary.id,
        device: &outcome.device,
        anchor: anchor(outcome),
        status: StatusView::new(&content.words, outcome.status),
        number: outcome.error.map(magnitude),
        note: Note::of(content, summary, outcome).map(|note| notes.number(note)),
    }
}

impl Notes {
    /// The number of this note; equal notes share one.
    fn number(&mut self, note: Note) -> usize {
        let known = self.0.iter().position(|known| *known == note);
        known.unwrap_or_else(|| {
            self.0.push(note);
            self.0.len() - 1
        }) + 1
    }
}

impl Note {
    fn of(content: &Edition<'_>, summary: &ModelSummary, outcome: &Outcome) -> Option<Self> {
        let facts = content.model(&summary.id).map(|model| &model.descriptor);
        let note = |kind: &str, reason: Option<&String>| Self {
            model: summary.name.clone(),
            id: summary.id.clone(),
            check: outcome.check.clone(),
            kind: content.words.say(kind),
            reason: reason.unwrap_or(&outcome.detail).clone(),
            issue: None,
            owner: None,
            expires: None,
        };
        match outcome.status {
            Status::Waived => {
                let waiver = facts.and_then(|facts| facts.waivers.iter().find(|waiver| waiver.check == outcome.check));
                Some(note("status.waived.word", waiver.map(|Waiver { reason, .. }| reason)))
            }
            Status::ExpectedFailure => {
                let of =
                    |expected: &&ExpectedFailure| expected.check == outcome.check && expected.is_on(&outcome.device);
                let expected = facts.and_then(|facts| facts.expected_failures.iter().find(of));
                Some(Self {
                    issue: expected.and_then(|expected| external(&expected.issue)).map(str::to_owned),
                    owner: expected.map(|expected| expected.owner.clone()),
                    expires: expected.map(|expected| expected.expires.clone()),
                    ..note("status.to_fail", expected.map(|expected| &expected.reason))
                })
            }
            _ => None,
        }
    }
}
