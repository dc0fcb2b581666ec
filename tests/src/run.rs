//! Running checks and turning what they find into outcomes.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use zoo_registry::{Architecture, Outcome, Status};

use crate::check::{Check, Finding, Stop};
use crate::checks::checks;
use crate::day::Day;
use crate::expectations::{Expectations, judge};
use crate::seed;
use crate::subject::Subject;

/// What a run is told besides what to look at.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Draws other inputs and other weights; 0 is where recorded magnitudes come from.
    pub seed: u64,
    /// The day of the run: an expected failure is expected until its last day. Without a day, it is always expected.
    pub today: Option<Day>,
    /// What is known not to hold, beside what the families' own facts say.
    pub expectations: Expectations,
}

/// One check of one architecture on one device.
#[derive(Clone)]
pub struct Job {
    /// The architecture.
    pub architecture: &'static dyn Architecture,
    /// The device's name.
    pub device: String,
    /// The check.
    pub check: &'static Check,
}

/// What came of a job, and how long it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// What was found. It holds no times: the same code gives the same outcomes.
    pub outcome: Outcome,
    /// How long that took.
    pub wall: Duration,
}

/// Every check that `filter` lets through, for every architecture on every device, in that order.
pub fn jobs(
    architectures: &[&'static dyn Architecture],
    devices: &[&str],
    filter: &dyn Fn(&dyn Architecture, &Check) -> bool,
) -> Vec<Job> {
    let mut jobs = Vec::new();
    for &architecture in architectures {
        for &device in devices {
            let chosen = checks().iter().filter(|check| filter(architecture, check));
            jobs.extend(chosen.map(|check| Job { architecture, device: device.to_owned(), check }));
        }
    }
    jobs
}

/// Does every job in this process, one after the other, with architectures that live among `peers`. A panic is an outcome, but a
/// crash ends the process, and a check that hangs hangs: [`isolation`](crate::isolation) guards against that. `on_done` hears
/// each outcome as it comes, and may stop the run.
pub fn in_process(
    jobs: &[Job],
    peers: &[&'static dyn Architecture],
    settings: &Settings,
    on_done: &mut dyn FnMut(Done) -> ControlFlow<()>,
) {
    for Job { architecture, device, check } in jobs {
        let start = Instant::now();
        let outcome = run_one_with(settings, *architecture, peers, device, check);
        if on_done(Done { outcome, wall: start.elapsed() }).is_break() {
            break;
        }
    }
}

/// Runs every check that `filter` lets through in this process, with the settings nobody chose. `on_outcome` hears each outcome
/// as it comes.
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
    in_process(&jobs(architectures, devices, filter), architectures, &Settings::default(), &mut |done| {
        on_outcome(&done.outcome);
        outcomes.push(done.outcome);
        ControlFlow::Continue(())
    });
    outcomes
}

/// One check of one architecture, which lives among `peers`, on one device, with the settings nobody chose.
pub fn run_one(
    architecture: &'static dyn Architecture,
    peers: &[&'static dyn Architecture],
    device: &str,
    check: &Check,
) -> Outcome {
    run_one_with(&Settings::default(), architecture, peers, device, check)
}

/// The same with these settings.
///
/// A waiver in the family's TOML turns a failure into [`Status::Waived`], an expected failure into [`Status::ExpectedFailure`]; either
/// that is not needed is a failure itself. An excuse of one tiny configuration leaves that one out; the check must hold of the
/// others.
pub fn run_one_with(
    settings: &Settings,
    architecture: &'static dyn Architecture,
    peers: &[&'static dyn Architecture],
    device: &str,
    check: &Check,
) -> Outcome {
    let excuse = settings.expectations.of(architecture.descriptor(), check.id, device);
    judge(excuse, settings.today.as_ref(), &mut |left_out| {
        look(settings.seed, architecture, peers, device, check, left_out)
    })
}

/// One look at a check, without asking whether its failure is excused.
pub(crate) fn look(
    seed: u64,
    architecture: &'static dyn Architecture,
    peers: &[&'static dyn Architecture],
    device: &str,
    check: &Check,
    left_out: Option<&str>,
) -> Outcome {
    let run = || {
        let subject = Subject::new(architecture, peers, device)?;
        (check.run)(&Subject { left_out: left_out.map(str::to_owned), ..subject })
    };
    let (status, finding) = match catch_unwind(AssertUnwindSafe(|| seed::with(seed, run))) {
        Ok(Ok(finding)) => (Status::Pass, finding),
        Ok(Err(Stop::Fails(finding))) => (Status::Fail, finding),
        Ok(Err(Stop::NotApplicable(reason))) => (Status::NotApplicable, Finding::seen(reason)),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            (Status::Error, Finding::seen(format!("panicked: {}", said.unwrap_or("without a message"))))
        }
    };
    Outcome {
        check: check.id.to_owned(),
        architecture: architecture.descriptor().id.clone(),
        device: device.to_owned(),
        status,
        error: finding.error,
        tolerance: finding.tolerance,
        measure: finding.measure,
        detail: finding.detail,
    }
}
