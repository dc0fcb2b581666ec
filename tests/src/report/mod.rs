//! What a run found, as files: a stream of JSON lines is the source of truth, and everything else is made from it.
//!
//! The stream begins with `{"t":"run",…}`, has a `{"t":"check",…}` for each outcome as it comes, and ends with `{"t":"end",…}`.
//! Each line is written whole, so a run that is cut off leaves the beginning of a stream, without an end, and is told as
//! incomplete. The first line says which [`Shard`] of its [`Plan`] a run looked at; [`merge`] joins the shards to the stream that one
//! machine would have written.

mod badge;
mod junit;
mod markdown;
mod merge;
mod stream;
mod summary;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zoo_registry::{Outcome, Status, Tally};

use crate::expectations::Expectations;
use crate::levels;
use crate::plan::Plan;
use crate::run::{Done, Settings};
use crate::shard::Shard;

pub use badge::badges;
pub use junit::junit;
pub use markdown::markdown;
pub use merge::merge;
pub use stream::Writer;
pub use summary::{Summary, summaries};

/// A run: what was to be looked at, what was found, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was to be looked at.
    pub header: Header,
    /// What was found, in the order it was told.
    pub entries: Vec<Entry>,
    /// How it ended; `None` if it was cut off.
    pub end: Option<End>,
}

/// What was to be looked at, by whom, with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the levels' lists.
    pub suite: String,
    /// The program that ran, which a command that looks again begins with.
    pub program: String,
    /// Version of the program.
    pub version: String,
    /// Processor and system, as in `x86_64-linux`.
    pub host: String,
    /// The day of the run, if it had one.
    pub day: Option<String>,
    /// What random inputs and weights were drawn with.
    pub seed: u64,
    /// What was known not to hold, beside what the families' own facts say.
    pub expectations: Expectations,
    /// What the whole run is to look at.
    pub plan: Plan,
    /// Which share of that this is.
    pub shard: Shard,
    /// Number of outcomes to come.
    pub total: usize,
}

/// An outcome, with what a reader of reports wants beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What was found.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Id of the level that demands the check.
    pub level: Option<String>,
    /// How long it took, in milliseconds.
    pub wall_ms: u64,
    /// The command that looks again, of a failure.
    pub repro: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How many outcomes ended how.
    pub counts: BTreeMap<String, usize>,
    /// Which level each family reached on each device, where the run can tell.
    pub reached: Vec<Reached>,
    /// Whether nothing failed.
    pub holds: bool,
}

/// The highest level that a family reached on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Id of the family.
    pub architecture: String,
    /// Name of the device.
    pub device: String,
    /// Id of the level.
    pub level: Option<String>,
}

impl Header {
    /// Of this share of a plan, with these settings, run by `program` of this version.
    pub fn new(program: &str, version: &str, settings: &Settings, plan: Plan, shard: Shard) -> Self {
        Self {
            suite: levels::version().to_owned(),
            program: program.to_owned(),
            version: version.to_owned(),
            host: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            day: settings.today.as_ref().map(ToString::to_string),
            seed: settings.seed,
            expectations: settings.expectations.clone(),
            total: plan.share(shard).count(),
            plan,
            shard,
        }
    }

    /// The one command that looks at this again.
    pub fn repro(&self, outcome: &Outcome) -> String {
        let Outcome { architecture, check, device, .. } = outcome;
        let seed = if self.seed == 0 { String::new() } else { format!(" --seed {}", self.seed) };
        format!("{} check {architecture} --only {check} --device {device}{seed}", self.program)
    }

    /// What came of a job, as the report has it.
    pub fn entry(&self, done: Done) -> Entry {
        let Done { outcome, wall } = done;
        Entry {
            level: levels::of(&outcome.check).map(|level| level.id.clone()),
            wall_ms: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
            repro: outcome.status.is_failure().then(|| self.repro(&outcome)),
            outcome,
        }
    }
}

impl Report {
    /// A run that has not found anything yet.
    pub fn new(header: Header) -> Self {
        Self { header, entries: Vec::new(), end: None }
    }

    /// Whether it came to its end with all that it set out to do.
    pub fn is_complete(&self) -> bool {
        self.end.is_some() && self.entries.len() == self.header.total
    }

    /// Whether it is complete, and of a whole run: no shard.
    pub fn is_whole(&self) -> bool {
        self.is_complete() && self.header.shard == Shard::WHOLE
    }

    /// What failed, in whatever way.
    pub fn failures(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.outcome.status.is_failure())
    }

    /// How many outcomes ended how.
    pub fn tally(&self) -> Tally {
        Tally::of(self.entries.iter().map(|entry| entry.outcome.status))
    }

    /// Ends it.
    pub fn finish(&mut self) -> &End {
        let counts = Status::ALL.into_iter().map(|status| {
            let count = self.entries.iter().filter(|entry| entry.outcome.status == status).count();
            (status.as_str().to_owned(), count)
        });
        let reached = summaries(self).into_iter().map(|summary| Reached {
            architecture: summary.architecture,
            device: summary.device,
            level: summary.reached.map(|level| level.id.clone()),
        });
        let end = End {
            counts: counts.filter(|(_, count)| *count > 0).collect(),
            reached: reached.collect(),
            holds: self.failures().next().is_none(),
        };
        self.end.insert(end)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;

    /// Two families on two devices, with something of everything, and texts that try to be markup.
    pub(crate) fn report() -> Report {
        let header = Header {
            suite: levels::version().to_owned(),
            program: "zoo".into(),
            version: "0.1.0".into(),
            host: "x86_64-linux".into(),
            day: Some("2026-03-01".into()),
            seed: 7,
            expectations: Expectations::default(),
            // What is made of a report takes the outcomes as they come.
            plan: Plan::default(),
            shard: Shard::WHOLE,
            total: 5,
        };
        let mut report = Report::new(header);
        let nasty = "<b>\"a\" & 'b'</b> | `c` ]]> \u{1b}[1m\nnext";
        for (architecture, check, status, error, detail) in [
            ("bert", "batch-invariance", Status::Pass, Some(2.0), "held"),
            ("bert", "order-matters", Status::Fail, Some(f64::INFINITY), nasty),
            ("bert", "names-resolve", Status::Waived, None, "a reason"),
            ("t5", "cache-equals-forward", Status::Error, None, "panicked: on purpose"),
            ("t5", "images-of-any-size", Status::NotApplicable, None, "no images"),
        ] {
            let outcome = Outcome {
                check: check.into(),
                architecture: architecture.into(),
                device: "flex".into(),
                status,
                error,
                tolerance: error.map(|_| 8.0),
                measure: error.map(|_| "multiple of noise".into()),
                detail: detail.into(),
            };
            let entry = report.header.entry(Done { outcome, wall: Duration::from_millis(12) });
            report.entries.push(entry);
        }
        report.finish();
        report
    }

    #[test]
    fn a_failure_carries_the_command_that_looks_again() {
        let report = report();
        let repro: Vec<_> = report.failures().map(|entry| entry.repro.clone().unwrap()).collect();
        assert_eq!(repro[0], "zoo check bert --only order-matters --device flex --seed 7");
        assert_eq!(repro.len(), 2);
        assert!(report.entries[0].repro.is_none() && report.entries[0].level.as_deref() == Some("L1"));
    }

    #[test]
    fn the_end_counts() {
        let report = report();
        let end = report.end.as_ref().unwrap();
        assert_eq!((end.counts["fail"], end.counts["error"], end.holds), (1, 1, false));
        assert!(report.is_complete() && !end.counts.contains_key("flaky"));
    }
}
