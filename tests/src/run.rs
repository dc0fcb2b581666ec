//! Running checks and turning what they find into outcomes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use zoo_registry::{Architecture, Outcome, Status};

use crate::check::{Check, Finding, Stop, Verdict};
use crate::checks::checks;
use crate::subject::Subject;

/// Runs every check that `filter` lets through, for every architecture on every device, in that order. `on_outcome` hears
/// each outcome as it comes. Outcomes hold no times: the same code gives the same outcomes.
///
/// ```
/// let nothing = zoo_conformance::run(&[], &["flex"], &|_, _| true, &mut |_| {});
/// assert!(nothing.is_empty());
/// ```
pub fn run(
    architectures: &[&'static dyn Architecture],
    devices: &[&str],
    filter: &dyn Fn(&dyn Architecture, &Check) -> bool,
    on_outcome: &mut dyn FnMut(&Outcome),
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for architecture in architectures {
        for device in devices {
            for check in checks().iter().filter(|check| filter(*architecture, check)) {
                let outcome = run_one(*architecture, architectures, device, check);
                on_outcome(&outcome);
                outcomes.push(outcome);
            }
        }
    }
    outcomes
}

/// Where waivers themselves are judged, which no waiver may silence.
const NEVER_WAIVED: &str = "descriptor-is-sound";

/// One check of one architecture, which lives among `peers`, on one device. A panic is a failure; a waiver in the family's
/// TOML turns a failure into [`Status::Waived`], and one that is not needed is a failure itself. A waiver of one tiny configuration
/// leaves that one out; the check must hold of the others.
pub fn run_one(
    architecture: &'static dyn Architecture,
    peers: &[&'static dyn Architecture],
    device: &str,
    check: &Check,
) -> Outcome {
    let look = |left_out: Option<String>| {
        let run = || (check.run)(&Subject { left_out, ..Subject::new(architecture, peers, device)? });
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            Err(Stop::fails(format!("panicked: {}", said.unwrap_or("without a message"))))
        })
    };
    let descriptor = architecture.descriptor();
    let waiver = descriptor.waivers.iter().find(|waiver| waiver.check == check.id && check.id != NEVER_WAIVED);
    let verdict = look(None);
    // A waiver of one tiny configuration says nothing of the others.
    let waived = waiver.and_then(|waiver| waiver.tiny.clone()).filter(|_| matches!(verdict, Err(Stop::Fails(_))));
    let elsewhere = waived.and_then(|tiny| match look(Some(tiny.clone())) {
        Err(Stop::Fails(finding)) => {
            let detail = format!("`{tiny}` is waived, but without it: {}", finding.detail);
            Some((Status::Fail, Finding { detail, ..finding }))
        }
        _ => None,
    });
    let (status, finding) = elsewhere.unwrap_or_else(|| judge(verdict, waiver.map(|waiver| waiver.reason.as_str())));
    Outcome {
        check: check.id.to_owned(),
        architecture: descriptor.id.clone(),
        device: device.to_owned(),
        status,
        error: finding.error,
        tolerance: finding.tolerance,
        measure: finding.measure,
        detail: finding.detail,
    }
}

fn judge(verdict: Verdict, waiver: Option<&str>) -> (Status, Finding) {
    match (verdict, waiver) {
        (Ok(finding), None) => (Status::Pass, finding),
        (Ok(finding), Some(_)) => {
            (Status::Fail, Finding { detail: format!("waived, but holds: {}", finding.detail), ..finding })
        }
        (Err(Stop::Fails(finding)), None) => (Status::Fail, finding),
        (Err(Stop::Fails(finding)), Some(reason)) => {
            (Status::Waived, Finding { detail: format!("{reason} ({})", finding.detail), ..finding })
        }
        (Err(Stop::NotApplicable(reason)), None) => (Status::NotApplicable, Finding::seen(reason)),
        (Err(Stop::NotApplicable(reason)), Some(_)) => {
            (Status::Fail, Finding::seen(format!("waived, but not applicable: {reason}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waivers_are_needed_or_fail() {
        let status = |verdict, waiver| judge(verdict, waiver).0;
        assert_eq!(status(Ok(Finding::default()), None), Status::Pass);
        assert_eq!(status(Ok(Finding::default()), Some("why")), Status::Fail);
        assert_eq!(status(Err(Stop::fails("no")), None), Status::Fail);
        assert_eq!(status(Err(Stop::fails("no")), Some("why")), Status::Waived);
        assert_eq!(status(Err(Stop::NotApplicable("so".into())), None), Status::NotApplicable);
        assert_eq!(status(Err(Stop::NotApplicable("so".into())), Some("why")), Status::Fail);
    }
}
