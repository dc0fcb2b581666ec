//! What the conformance suite found of a model: every check with its error, its tolerance and where that comes from.

use serde::Serialize;
use zoo_catalog::view::Model;
use zoo_registry::Outcome;

use crate::content::Content;
use crate::format::{humanise, magnitude};
use crate::pages::StatusView;

/// A check and what it found on every device.
#[derive(Serialize)]
pub(super) struct Check {
    id: String,
    title: String,
    statement: Option<String>,
    /// Whether the check is described on the page of the matrix.
    described: bool,
    found: Vec<Found>,
}

#[derive(Serialize)]
struct Found {
    device: String,
    status: StatusView,
    error: Option<String>,
    tolerance: Option<String>,
    measure: Option<String>,
    detail: String,
    reason: Option<String>,
}

/// Outcomes by check, in the catalog's order.
pub(super) fn checks(content: &Content, model: &Model) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for outcome in &model.outcomes {
        let found = found(model, outcome);
        match checks.last_mut() {
            Some(last) if last.id == outcome.check => last.found.push(found),
            _ => {
                let facts = content.matrix.checks.iter().find(|check| check.id == outcome.check);
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

fn found(model: &Model, outcome: &Outcome) -> Found {
    let waiver = model.descriptor.waivers.iter().find(|waiver| waiver.check == outcome.check);
    Found {
        device: outcome.device.clone(),
        status: StatusView::new(outcome.status),
        error: outcome.error.map(magnitude),
        tolerance: outcome.tolerance.map(magnitude),
        measure: outcome.measure.clone(),
        detail: outcome.detail.clone(),
        reason: waiver.filter(|_| outcome.status == zoo_registry::Status::Waived).map(|waiver| waiver.reason.clone()),
    }
}
