//! Levels: how much of the suite a family must pass to be called what. Each level is a list of checks; a level is reached when
//! all of it holds, and all of every lower one.

use serde::{Deserialize, Serialize};

use crate::record::{CheckFacts, Outcome, Status};
use crate::self_test::PlantedFacts;

/// The suite as plain data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteFacts {
    /// Version of its lists of checks, as in `1.0`.
    pub version: String,
    /// Every level, lowest first.
    pub levels: Vec<LevelFacts>,
    /// Every check, in the order it is run.
    pub checks: Vec<CheckFacts>,
    /// What was planted to see whether the checks catch it, and who did.
    #[serde(default)]
    pub planted: Vec<PlantedFacts>,
}

/// One level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelFacts {
    /// `L0`, `L1`, …
    pub id: String,
    /// One word: `core`.
    pub name: String,
    /// What is known of a family that has reached it, one sentence.
    pub statement: String,
    /// Ids of the checks that must pass; empty where none is written yet, and then nothing reaches it.
    pub checks: Vec<String>,
}

/// Where a family stands with a level on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Every check passes or is waived, and every lower level is reached or does not apply.
    Reached,
    /// The family declares to lack what all of its checks are about.
    NotApplicable,
    /// A check does not pass.
    Missed,
    /// All of its checks pass, but not all of every lower level.
    Held,
    /// Not all of its checks were run.
    Unknown,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 5] = [Self::Reached, Self::NotApplicable, Self::Missed, Self::Held, Self::Unknown];

    /// The kebab-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::NotApplicable => "not-applicable",
            Self::Missed => "missed",
            Self::Held => "held",
            Self::Unknown => "unknown",
        }
    }
}

/// Where the family and device of these outcomes stand with each level, lowest first.
pub fn standings(levels: &[LevelFacts], outcomes: &[&Outcome]) -> Vec<Standing> {
    let mut below = true;
    let mut standings = Vec::new();
    for level in levels {
        let statuses: Vec<Option<Status>> = level.checks.iter().map(|check| status(check, outcomes)).collect();
        let of = |wanted: &dyn Fn(Status) -> bool| statuses.iter().flatten().any(|&status| wanted(status));
        let standing = if of(&|status| status.is_failure() || status == Status::ExpectedFailure) {
            Standing::Missed
        } else if statuses.is_empty() || statuses.contains(&None) {
            Standing::Unknown
        } else if !of(&|status| status != Status::NotApplicable) {
            Standing::NotApplicable
        } else if below {
            Standing::Reached
        } else {
            Standing::Held
        };
        below &= matches!(standing, Standing::Reached | Standing::NotApplicable);
        standings.push(standing);
    }
    standings
}

/// The highest level that is reached.
pub fn reached<'a>(levels: &'a [LevelFacts], outcomes: &[&Outcome]) -> Option<&'a LevelFacts> {
    let standings = standings(levels, outcomes);
    levels.iter().zip(standings).rfind(|(_, standing)| *standing == Standing::Reached).map(|(level, _)| level)
}

fn status(check: &str, outcomes: &[&Outcome]) -> Option<Status> {
    outcomes.iter().find(|outcome| outcome.check == check).map(|outcome| outcome.status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(id: &str, checks: &[&str]) -> LevelFacts {
        let checks = checks.iter().map(|&check| check.to_owned()).collect();
        LevelFacts { id: id.into(), name: id.to_lowercase(), statement: String::new(), checks }
    }

    fn outcome(check: &str, status: Status) -> Outcome {
        Outcome {
            check: check.into(),
            architecture: "toy".into(),
            device: "flex".into(),
            status,
            error: None,
            tolerance: None,
            measure: None,
            detail: String::new(),
        }
    }

    fn stand(outcomes: &[(&str, Status)]) -> (Vec<Standing>, Option<String>) {
        let levels = [level("L0", &["a"]), level("L1", &["b", "c"]), level("L2", &["d"]), level("L3", &[])];
        let outcomes: Vec<Outcome> = outcomes.iter().map(|(check, status)| outcome(check, *status)).collect();
        let outcomes: Vec<&Outcome> = outcomes.iter().collect();
        (standings(&levels, &outcomes), reached(&levels, &outcomes).map(|level| level.id.clone()))
    }

    #[test]
    fn a_level_needs_all_of_its_checks_and_all_lower_levels() {
        use Standing::{Held, Missed, NotApplicable, Reached, Unknown};
        use Status::{ExpectedFailure, Fail, NotApplicable as Na, Pass, Waived};
        let (standings, top) = stand(&[("a", Pass), ("b", Waived), ("c", Na), ("d", Pass)]);
        assert_eq!((standings, top.as_deref()), (vec![Reached, Reached, Reached, Unknown], Some("L2")));
        let (standings, top) = stand(&[("a", Pass), ("b", Pass), ("c", Fail), ("d", Pass)]);
        assert_eq!((standings, top.as_deref()), (vec![Reached, Missed, Held, Unknown], Some("L0")));
        // Work in progress is no pass.
        assert_eq!(stand(&[("a", Pass), ("b", ExpectedFailure), ("c", Pass)]).0[1], Missed);
        // What does not apply is stepped over.
        let (standings, top) = stand(&[("a", Pass), ("b", Na), ("c", Na), ("d", Pass)]);
        assert_eq!((standings, top.as_deref()), (vec![Reached, NotApplicable, Reached, Unknown], Some("L2")));
        // What was not run is not known, nor is what stands on it.
        let (standings, top) = stand(&[("b", Pass), ("c", Pass)]);
        assert_eq!((standings, top), (vec![Unknown, Held, Unknown, Unknown], None));
    }
}
