//! A run in a line for each family and device.

use std::time::Duration;

use zoo_registry::levels::standings;
use zoo_registry::{LevelFacts, Outcome, Standing, Status, Tally};

use super::{Entry, Report};
use crate::levels::levels;

/// What was found of one family on one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Id of the family.
    pub architecture: String,
    /// Name of the device.
    pub device: String,
    /// How many outcomes ended how.
    pub tally: Tally,
    /// The highest level that is reached, as far as the run can tell.
    pub reached: Option<&'static LevelFacts>,
    /// The lowest level that is missed.
    pub missed: Option<&'static LevelFacts>,
    /// The largest error as a part of its tolerance, and the check that measured it; of what is not known to fail.
    pub worst: Option<(f64, String)>,
    /// How long all of it took.
    pub wall: Duration,
}

/// A line for each family and device, in the order of the report.
pub fn summaries(report: &Report) -> Vec<Summary> {
    let mut groups: Vec<Vec<&Entry>> = Vec::new();
    for entry in &report.entries {
        let of = |outcome: &Outcome| (outcome.architecture.clone(), outcome.device.clone());
        match groups.iter_mut().find(|group| of(&group[0].outcome) == of(&entry.outcome)) {
            Some(group) => group.push(entry),
            None => groups.push(vec![entry]),
        }
    }
    groups.iter().map(|group| summary(group)).collect()
}

fn summary(entries: &[&Entry]) -> Summary {
    let outcomes: Vec<&Outcome> = entries.iter().map(|entry| &entry.outcome).collect();
    let standings = standings(levels(), &outcomes);
    let of = |wanted| levels().iter().zip(&standings).filter(move |(_, standing)| **standing == wanted);
    // What is known not to hold says nothing of how close the rest is.
    let counts = |status: Status| status == Status::Pass || status.is_failure();
    let counted = outcomes.iter().filter(|outcome| counts(outcome.status));
    let ratios = counted.filter_map(|outcome| Some((outcome.ratio()?, outcome.check.clone())));
    Summary {
        architecture: outcomes[0].architecture.clone(),
        device: outcomes[0].device.clone(),
        tally: Tally::of(outcomes.iter().map(|outcome| outcome.status)),
        reached: of(Standing::Reached).next_back().map(|(level, _)| level),
        missed: of(Standing::Missed).next().map(|(level, _)| level),
        worst: ratios.reduce(|worst, next| if next.0 > worst.0 || next.0.is_nan() { next } else { worst }),
        wall: Duration::from_millis(entries.iter().map(|entry| entry.wall_ms).sum()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn each_family_has_a_line() {
        let found = summaries(&report());
        let [bert, t5] = &found[..] else { panic!("{found:?}") };
        assert_eq!((bert.architecture.as_str(), bert.device.as_str(), bert.wall.as_millis()), ("bert", "flex", 36));
        assert_eq!((bert.tally.pass, bert.tally.fail, bert.tally.waived), (1, 1, 1));
        assert_eq!(bert.worst, Some((f64::INFINITY, "order-matters".to_owned())));
        assert_eq!((bert.reached, bert.missed.map(|level| level.id.as_str())), (None, Some("L1")));
        assert_eq!((t5.worst.clone(), t5.missed.map(|level| level.id.as_str())), (None, Some("L2")));
    }
}
