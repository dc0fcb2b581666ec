//! Badges: what shields.io draws from a JSON file, one for each family.

use serde_json::json;
use zoo_registry::Tally;

use super::{Report, Summary, summaries};

/// The name of each file and what is in it. Of several devices, the one with the lowest level counts.
pub fn badges(report: &Report) -> Vec<(String, String)> {
    let summaries = summaries(report);
    let mut ids: Vec<&str> = summaries.iter().map(|summary| summary.architecture.as_str()).collect();
    ids.dedup();
    let badge = |id: &str| {
        let of: Vec<&Summary> = summaries.iter().filter(|summary| summary.architecture == id).collect();
        let tally: Tally = of.iter().map(|summary| summary.tally).sum();
        let lowest =
            of.iter().map(|summary| summary.reached).min_by_key(|level| level.map(|level| &level.id)).flatten();
        let counted = format!("{} of {}", tally.pass, tally.all() - tally.not_applicable);
        let (message, colour) = match lowest {
            _ if !report.is_whole() => ("incomplete".to_owned(), "lightgrey"),
            _ if tally.fail > 0 => (format!("{} failing", tally.fail), "red"),
            Some(level) => (format!("{} {}, {counted}", level.id, level.name), "brightgreen"),
            None => (counted, "blue"),
        };
        let badge = json!({ "schemaVersion": 1, "label": "zoo", "message": message, "color": colour });
        (format!("{id}.json"), format!("{badge}\n"))
    };
    ids.into_iter().map(badge).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;
    use crate::shard::Shard;

    #[test]
    fn a_badge_says_the_worst_first() {
        let message = |report: &Report| {
            let (name, text) = badges(report).swap_remove(0);
            assert_eq!(name, "bert.json");
            let badge: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!((badge["schemaVersion"].as_u64(), badge["label"].as_str()), (Some(1), Some("zoo")));
            badge["message"].as_str().unwrap().to_owned()
        };
        let mut report = report();
        assert_eq!(message(&report), "1 failing");
        report.entries.retain(|entry| !entry.outcome.status.is_failure());
        report.header.total = report.entries.len();
        assert_eq!(message(&report), "1 of 2");
        report.header.shard = "1/2".parse().unwrap();
        assert_eq!(message(&report), "incomplete", "half a run says little of a family");
        report.header.shard = Shard::WHOLE;
        report.end = None;
        assert_eq!(message(&report), "incomplete");
    }
}
