//! What the conformance suite found of a model: every check with its error, its tolerance and where that comes from.

use serde::Serialize;
use zoo_catalog::view::Model;
use zoo_registry::{Outcome, Status};

use crate::edition::Edition;
use crate::format::{humanise, magnitude};
use crate::pages::StatusView;
use crate::words::Words;

/// A check and what it found on every device.
#[derive(Serialize)]
pub(super) struct Check {
    id: String,
    title: String,
    statement: Option<String>,
    /// Whether the check has a page.
    described: bool,
    found: Vec<Found>,
}

/// What a check found on a device.
#[derive(Serialize)]
pub(in crate::pages) struct Found {
    device: String,
    status: StatusView,
    error: Option<String>,
    tolerance: Option<String>,
    pub(in crate::pages) measure: Option<String>,
    detail: String,
    reason: Option<String>,
}

/// Outcomes by check, in the catalog's order.
pub(super) fn checks(content: &Edition<'_>, model: &Model) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for outcome in &model.outcomes {
        let found = found(&content.words, model, outcome);
        match checks.last_mut() {
            Some(last) if last.id == outcome.check => last.found.push(found),
            _ => {
                let facts = content.matrix.suite.checks.iter().find(|check| check.id == outcome.check);
                checks.push(Check {
                    id: outcome.check.clone(),
                    title: humanise(&outcome.check),
                    statement: facts.map(|facts| facts.statement.clone()),
                    described: facts.is_some(),
                    found: vec![found],
                });
            }
        }
    }
    checks
}

/// With its excuse, if it has one.
pub(in crate::pages) fn found(words: &Words, model: &Model, outcome: &Outcome) -> Found {
    let facts = &model.descriptor;
    let reason = match outcome.status {
        Status::Waived => {
            let waiver = facts.waivers.iter().find(|waiver| waiver.check == outcome.check);
            waiver.map(|waiver| words.with("status.waived_for", &[("reason", &waiver.reason)]))
        }
        Status::ExpectedFailure => {
            let mut expected = facts.expected_failures.iter();
            let expected = expected.find(|known| known.check == outcome.check && known.is_on(&outcome.device));
            expected.map(|known| {
                words.with(
                    "status.expected_until",
                    &[("date", &known.expires), ("owner", &known.owner), ("reason", &known.reason)],
                )
            })
        }
        _ => None,
    };
    Found {
        device: outcome.device.clone(),
        status: StatusView::new(words, outcome.status),
        error: outcome.error.map(magnitude),
        tolerance: outcome.tolerance.map(magnitude),
        measure: outcome.measure.clone(),
        detail: outcome.detail.clone(),
        reason,
    }
}
