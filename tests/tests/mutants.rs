//! The suite's own proof: a healthy toy passes every check, and every bug planted in it is caught by the check that exists
//! for it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod toy;

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use toy::{Bug, neighbour, picture, toy};
use zoo_conformance::{checks, run_one};
use zoo_registry::{Architecture, Outcome, Status};

/// Each bug with the checks that must catch it; others may.
#[rustfmt::skip]
const CATCHES: &[(Bug, &[&str])] = &[
    (Bug::StaleToml, &["descriptor-is-sound"]),
    (Bug::Symmetric, &["descriptor-is-sound"]),
    (Bug::AliasTaken, &["names-resolve"]),
    (Bug::ZeroAccepted, &["config-is-validated"]),
    (Bug::PublishedCountWrong, &["parameter-count-is-published"]),
    (Bug::RowLacking, &["weight-table-is-total"]),
    (Bug::ParameterNamedTwice, &["weight-table-is-total"]),
    (Bug::TensorUnread, &["weight-table-is-total"]),
    (Bug::QueryAndKeySwapped, &["matches-reference"]),
    (Bug::NotTransposed, &["matches-reference"]),
    (Bug::HeadUntied, &["matches-reference", "weight-table-is-total"]),
    (Bug::StateNotSaved, &["save-load-identity", "is-deterministic"]),
    (Bug::MaskOffByOne, &["information-flows-as-declared", "cache-equals-forward", "matches-reference"]),
    (Bug::NoMask, &["information-flows-as-declared", "cache-equals-forward", "matches-reference"]),
    (Bug::SelfHidden, &["information-flows-as-declared", "matches-reference"]),
    (Bug::AttentionRemoved, &["information-flows-as-declared", "matches-reference"]),
    (Bug::HeadsAndTimeMixed, &["information-flows-as-declared", "matches-reference"]),
    (Bug::SegmentsIgnored, &["information-flows-as-declared", "gradients-reach-every-parameter"]),
    (Bug::PositionsUnused, &["order-matters", "gradients-reach-every-parameter", "matches-reference"]),
    (Bug::PaddingIgnored, &["padding-does-not-leak"]),
    (Bug::PositionsCountPadding, &["padding-does-not-leak"]),
    (Bug::InfiniteMask, &["padding-does-not-leak"]),
    (Bug::PoolsAtTheEnd, &["padding-does-not-leak", "matches-reference"]),
    (Bug::PoolsAtTheCount, &["pooling-finds-the-text"]),
    (Bug::BatchMixed, &["batch-invariance"]),
    (Bug::Undetermined, &["is-deterministic"]),
    (Bug::PositionsRestart, &["cache-equals-forward"]),
    (Bug::PastPaddingSeen, &["cache-equals-forward"]),
    (Bug::CacheShared, &["cache-equals-forward"]),
    (Bug::SelectKeepsOrder, &["cache-equals-forward", "matches-reference"]),
    (Bug::LastIsFirst, &["cache-equals-forward", "matches-reference"]),
    (Bug::SaysNothing, NULL_MODEL),
    (Bug::NormEps, &["matches-reference", "every-field-has-an-effect"]),
    (Bug::GeluVariant, &["matches-reference"]),
    (Bug::ScaleByWidth, &["matches-reference"]),
    (Bug::NoScores, &["recording-changes-nothing", "matches-reference"]),
    (Bug::DeviceDependent, &["devices-agree"]),
    (Bug::MlpDetached, &["gradients-reach-every-parameter", "gradients-are-slopes", "matches-reference"]),
    (Bug::HeadDetached, &["gradients-are-slopes", "matches-reference"]),
    (Bug::RecordingMatters, &["recording-changes-nothing"]),
    (Bug::LayerUnrecorded, &["recording-changes-nothing", "matches-reference"]),
    (Bug::ScoresRecorded, &["recording-changes-nothing", "matches-reference"]),
    (Bug::ChannelUnseen, &["information-flows-as-declared"]),
    (Bug::LastPatchUnseen, &["information-flows-as-declared"]),
    (Bug::PixelsSkipped, &["information-flows-as-declared"]),
    (Bug::PlacesUnused, &["order-matters", "images-of-any-size", "gradients-reach-every-parameter"]),
    (Bug::GridFlattened, &["images-of-any-size"]),
    (Bug::PartsDropped, &["images-of-any-size"]),
];

/// A model that says nothing is the same on every device, in every batch, with every padding: only guards see it.
const NULL_MODEL: &[&str] = &[
    "matches-reference",
    "every-field-has-an-effect",
    "information-flows-as-declared",
    "order-matters",
    "padding-does-not-leak",
    "pooling-finds-the-text",
    "batch-invariance",
    "cache-equals-forward",
    "gradients-reach-every-parameter",
];

/// Every check's outcome for a toy.
fn outcomes(bug: Bug, device: &str) -> Vec<Outcome> {
    outcomes_of(toy(bug), device)
}

fn outcomes_of(toy: &'static dyn Architecture, device: &str) -> Vec<Outcome> {
    checks().iter().map(|check| run_one(toy, &[toy, neighbour()], device, check)).collect()
}

/// What failed, by bug. Two workers take bugs from one list.
static FAILURES: LazyLock<BTreeMap<String, Vec<Outcome>>> = LazyLock::new(|| {
    // Planted bugs panic; nobody needs to read that.
    std::panic::set_hook(Box::new(|_| {}));
    let (left, found) = (Mutex::new(CATCHES.to_vec()), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let next = left.lock().unwrap().pop();
            let Some((bug, _)) = next else { break };
            let mut failures = outcomes(bug, "flex");
            failures.retain(|outcome| outcome.status == Status::Fail);
            found.lock().unwrap().insert(format!("{bug:?}"), failures);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let _ = std::panic::take_hook();
    found.into_inner().unwrap()
});

/// How far a planted bug must lie beyond the tolerance that catches it: a tolerance that bugs barely miss is luck.
const MARGIN: f64 = 10.0;

#[test]
fn the_healthy_toys_pass_everything() {
    /// What a text has nothing to do with, and what an image has nothing to do with.
    const OF_IMAGES: [&str; 1] = ["images-of-any-size"];
    const OF_TEXTS: [&str; 4] =
        ["matches-reference", "padding-does-not-leak", "pooling-finds-the-text", "cache-equals-forward"];
    let toys: [(_, &[&str]); 2] = [(toy(Bug::Nothing), &OF_IMAGES), (picture(Bug::Nothing), &OF_TEXTS)];
    for (toy, not_of_it) in toys {
        for device in ["flex", "ndarray"] {
            for outcome in outcomes_of(toy, device) {
                println!("{device:8} {:32} {:?} {:?} {}", outcome.check, outcome.status, outcome.error, outcome.detail);
                let none = not_of_it.contains(&outcome.check.as_str());
                let expected = if none { Status::NotApplicable } else { Status::Pass };
                assert_eq!(outcome.status, expected, "{} on {device}: {}", outcome.check, outcome.detail);
            }
        }
    }
}

#[test]
fn every_bug_is_caught_by_the_checks_that_exist_for_it() {
    let mut problems = Vec::new();
    for (bug, expected) in CATCHES {
        let failures = &FAILURES[&format!("{bug:?}")];
        println!("{:24} {}", format!("{bug:?}"), failures.iter().map(told).collect::<Vec<_>>().join(", "));
        for check in *expected {
            match failures.iter().find(|failure| failure.check == *check) {
                None => problems.push(format!("{bug:?} passes {check}")),
                Some(failure) if margin(failure).is_some_and(|margin| margin < MARGIN) => {
                    problems.push(format!("{bug:?} barely fails {}", told(failure)));
                }
                Some(_) => {}
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Error over tolerance, where both were measured.
fn margin(failure: &Outcome) -> Option<f64> {
    Some(failure.error? / failure.tolerance?)
}

fn told(failure: &Outcome) -> String {
    margin(failure).map_or(failure.check.clone(), |margin| format!("{} ({margin:.0} ×)", failure.check))
}

#[test]
fn every_check_catches_a_bug() {
    for check in checks() {
        let catches = FAILURES.values().filter(|failed| failed.iter().any(|failed| failed.check == check.id)).count();
        println!("{:32} {catches}", check.id);
        assert!(catches > 0, "`{}` catches no planted bug", check.id);
    }
}

#[test]
fn every_bug_is_planted() {
    // The list above and the enum agree: a bug that is never planted proves nothing.
    let planted: Vec<String> = CATCHES.iter().map(|(bug, _)| format!("{bug:?}")).collect();
    assert_eq!(planted.len(), Bug::PartsDropped as usize, "{planted:?}");
}
