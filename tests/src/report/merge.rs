//! Shards joined: what several machines found becomes the report of one run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Entry, Header, Report};
use crate::plan::Place;
use crate::shard::Shard;

/// How many of a kind are named; the rest is counted.
const NAMED: usize = 4;

/// Architecture, device and check.
type Key = (String, String, String);

/// Joins the reports of a run's shards, each with the name by which problems tell it, into the report that the run would have
/// written had it not been cut up: the same outcomes in the same order.
///
/// # Errors
/// Every reason why these are not all the shards of one run, each once.
pub fn merge(parts: Vec<(String, Report)>) -> Result<Report, Vec<String>> {
    let mut problems = incomplete(&parts);
    let (wholes, shards): (Vec<_>, Vec<_>) = parts.iter().partition(|(_, report)| report.header.shard == Shard::WHOLE);
    if parts.len() > 1 {
        problems.extend(wholes.iter().map(|(name, _)| format!("{name} is the report of a whole run, and of no shard")));
    }
    problems.extend(strangers(&shards));
    problems.extend(uncounted(&shards));
    let Some((_, first)) = parts.first() else { return Err(vec!["there is no report to merge".to_owned()]) };
    if !problems.is_empty() {
        return Err(problems);
    }
    let header = first.header.clone();
    let entries = in_order(&header, parts)?;
    let mut whole =
        Report { header: Header { shard: Shard::WHOLE, total: entries.len(), ..header }, entries, end: None };
    whole.finish();
    Ok(whole)
}

/// Those that did not come to their end.
fn incomplete(parts: &[(String, Report)]) -> Vec<String> {
    let cut = parts.iter().filter(|(_, report)| !report.is_complete());
    let told = |(name, report): &(String, Report)| {
        let Header { shard, total, .. } = report.header;
        format!("{name}, which is shard {shard}, is incomplete: {} of {total} outcomes", report.entries.len())
    };
    cut.map(told).collect()
}

/// Those of another run than the first.
fn strangers(shards: &[&(String, Report)]) -> Vec<String> {
    let Some(((known, first), others)) = shards.split_first().map(|(first, others)| (*first, others)) else {
        return Vec::new();
    };
    let expected = run_of(&first.header);
    let mut problems = Vec::new();
    for (name, report) in others {
        let found = run_of(&report.header);
        let differing = expected
            .iter()
            .filter_map(|(field, expected)| difference(field, expected, found.get(field).unwrap_or(&Value::Null)));
        let differing: Vec<_> = differing.collect();
        if !differing.is_empty() {
            problems.push(format!("{name} is of another run than {known}: {}", differing.join("; ")));
        }
    }
    problems
}

/// What all shards of a run say alike: all of a header, but which shard it is and what follows from that.
fn run_of(header: &Header) -> BTreeMap<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(header) else { return BTreeMap::new() };
    fields.remove("total");
    fields.insert("shard".to_owned(), Value::from(header.shard.of().get()));
    if let Some(Value::Object(plan)) = fields.remove("plan") {
        fields.extend(plan);
    }
    fields.into_iter().collect()
}

/// How what was found differs from what the others say, if it does.
fn difference(field: &str, expected: &Value, found: &Value) -> Option<String> {
    if expected == found {
        return None;
    }
    Some(match (field, expected, found) {
        ("shard", ..) => format!("the run is cut into {found} shards, there into {expected}"),
        ("expectations", ..) => "other `expectations`".to_owned(),
        ("day", ..) => format!("`day` is {found}, there {expected}: `SOURCE_DATE_EPOCH` gives machines one day"),
        (_, Value::Array(expected), Value::Array(found)) => {
            let names = |of: &[Value], not: &[Value]| {
                let only = of.iter().filter(|name| !not.contains(name));
                some(&only.map(|name| format!("`{}`", name.as_str().unwrap_or_default())).collect::<Vec<_>>())
            };
            match (names(found, expected), names(expected, found)) {
                (None, None) => format!("`{field}` in another order"),
                (Some(more), None) => format!("`{field}` has {more} besides"),
                (None, Some(fewer)) => format!("`{field}` lacks {fewer}"),
                (Some(more), Some(fewer)) => format!("`{field}` has {more} and lacks {fewer}"),
            }
        }
        _ => format!("`{field}` is {found}, there {expected}"),
    })
}

/// Shards that were given twice, and those that were not given.
fn uncounted(shards: &[&(String, Report)]) -> Vec<String> {
    let mut given: BTreeMap<Shard, Vec<&str>> = BTreeMap::new();
    for (name, report) in shards {
        given.entry(report.header.shard).or_default().push(name);
    }
    let twice = given.iter().filter(|(_, names)| names.len() > 1);
    let mut problems: Vec<String> =
        twice.map(|(shard, names)| format!("shard {shard} is given more than once: {}", names.join(", "))).collect();
    let all: BTreeSet<_> = given.keys().map(|shard| shard.of()).collect();
    // Of runs that were cut up differently, nothing is known to be missing.
    if let (Some(of), 1) = (all.first(), all.len()) {
        let every = (1..=of.get()).filter_map(|number| Shard::new(number, *of));
        let missing: Vec<_> = every.filter(|shard| !given.contains_key(shard)).map(|shard| shard.to_string()).collect();
        let is = if missing.len() == 1 { "shard {} is missing" } else { "shards {} are missing" };
        problems.extend(some(&missing).map(|missing| is.replace("{}", &missing)));
    }
    problems
}

/// All outcomes in the order of the plan, if each shard has exactly its own.
fn in_order(header: &Header, parts: Vec<(String, Report)>) -> Result<Vec<Entry>, Vec<String>> {
    let mut problems = Vec::new();
    let mut held: BTreeMap<Shard, (String, BTreeMap<Key, Entry>)> = BTreeMap::new();
    for (name, Report { header, entries, .. }) in parts {
        let mut found = BTreeMap::new();
        for entry in entries {
            if let Some(first) = found.insert(key(place(&entry)), entry) {
                problems.push(format!("{name} has {} twice", place(&first)));
            }
        }
        held.insert(header.shard, (name, found));
    }
    let mut whole = Vec::new();
    let mut lacking = 0;
    for (shard, place) in header.plan.dealt(header.shard.of()) {
        let Some((name, found)) = held.get_mut(&shard) else { continue };
        match found.remove(&key(place)) {
            Some(entry) => whole.push(entry),
            None => {
                problems.push(format!("{name} lacks {place}, which is of shard {shard}"));
                lacking += 1;
            }
        }
        // A plan can be told to be of any size, so what is not there is not listed to its end.
        if lacking == NAMED {
            return Err(problems);
        }
    }
    for (shard, (name, left)) in &held {
        let left: Vec<_> = left.values().map(|entry| place(entry).to_string()).collect();
        problems.extend(some(&left).map(|left| format!("{name} has {left}, and shard {shard} has not")));
    }
    if problems.is_empty() { Ok(whole) } else { Err(problems) }
}

fn place(entry: &Entry) -> Place<'_> {
    let outcome = &entry.outcome;
    Place { architecture: &outcome.architecture, device: &outcome.device, check: &outcome.check }
}

fn key(place: Place<'_>) -> Key {
    (place.architecture.to_owned(), place.device.to_owned(), place.check.to_owned())
}

/// The first of them and how many more there are, if there are any.
fn some(names: &[String]) -> Option<String> {
    let told = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        _ if names.is_empty() => None,
        0 => Some(told),
        more => Some(format!("{told} and {more} more")),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;
    use std::time::Duration;

    use zoo_registry::{Outcome, Status};

    use super::*;
    use crate::plan::Plan;
    use crate::run::{Done, Settings};

    fn plan() -> Plan {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Plan {
            architectures: names(&["bert", "t5"]),
            devices: names(&["flex", "ndarray"]),
            checks: names(&["names-resolve", "batch-invariance", "order-matters"]),
        }
    }

    /// What a machine with this shard writes. One of its outcomes fails.
    fn found(shard: &str) -> Report {
        let plan = plan();
        let shard: Shard = shard.parse().unwrap();
        let mut report = Report::new(Header::new("zoo", "0.1.0", &Settings::default(), plan.clone(), shard));
        let index = |place: Place<'_>| plan.dealt(NonZero::<u16>::MIN).position(|(_, at)| at == place).unwrap();
        for place in plan.share(shard) {
            let outcome = Outcome {
                check: place.check.into(),
                architecture: place.architecture.into(),
                device: place.device.into(),
                status: if place.device == "flex" && index(place) == 1 { Status::Fail } else { Status::Pass },
                error: None,
                tolerance: None,
                measure: None,
                detail: format!("found at {place}"),
            };
            let wall = Duration::from_millis(index(place) as u64);
            report.entries.push(report.header.entry(Done { outcome, wall }));
        }
        report.finish();
        report
    }

    /// The shards of a run in these numbers, each called by its number.
    fn shards(of: u16) -> Vec<(String, Report)> {
        (1..=of).map(|number| (number.to_string(), found(&format!("{number}/{of}")))).collect()
    }

    fn bytes(report: &Report) -> String {
        let mut bytes = Vec::new();
        report.write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn shards_become_what_one_machine_would_have_written() {
        let whole = bytes(&found("1/1"));
        assert!(whole.contains("\"holds\":false") && whole.lines().count() == 14, "{whole}");
        // More shards than outcomes leave some without any.
        for of in [1, 2, 3, 4, 5, 12, 13, 30] {
            let mut parts = shards(of);
            assert_eq!(parts.iter().any(|(_, part)| part.entries.is_empty()), of > 12);
            assert_eq!(bytes(&merge(parts.clone()).unwrap()), whole, "{of} shards");
            parts.reverse();
            assert_eq!(bytes(&merge(parts).unwrap()), whole, "{of} shards, the last one first");
        }
    }

    /// What is said of three shards after something was done to them.
    fn told(change: impl FnOnce(&mut Vec<(String, Report)>)) -> Vec<String> {
        let mut parts = shards(3);
        change(&mut parts);
        merge(parts).unwrap_err()
    }

    #[test]
    fn what_is_not_there_once_is_told() {
        assert_eq!(told(|parts| parts.clear()), ["there is no report to merge"]);
        assert_eq!(told(|parts| drop(parts.remove(1))), ["shard 2/3 is missing"]);
        assert_eq!(told(|parts| parts.truncate(1)), ["shards 2/3, 3/3 are missing"]);
        let twice = told(|parts| parts[1] = ("again".into(), parts[0].1.clone()));
        assert_eq!(twice, ["shard 1/3 is given more than once: 1, again", "shard 2/3 is missing"]);
        let whole = told(|parts| parts.push(("run".into(), found("1/1"))));
        assert_eq!(whole, ["run is the report of a whole run, and of no shard"]);
        assert_eq!(
            merge(vec![("a".into(), found("7/65535"))]).unwrap_err(),
            ["shards 1/65535, 2/65535, 3/65535, 4/65535 and 65530 more are missing"]
        );
    }

    #[test]
    fn a_shard_that_was_cut_off_is_told() {
        let cut = |change: fn(&mut Report)| told(|parts| change(&mut parts[2].1));
        assert_eq!(cut(|part| part.end = None), ["3, which is shard 3/3, is incomplete: 4 of 4 outcomes"]);
        let short = cut(|part| drop(part.entries.pop()));
        assert_eq!(short, ["3, which is shard 3/3, is incomplete: 3 of 4 outcomes"]);
    }

    #[test]
    fn reports_of_other_runs_are_told_by_what_differs() {
        let other = |change: fn(&mut Header)| {
            let told = told(|parts| change(&mut parts[1].1.header));
            let [told] = &told[..] else { panic!("{told:?}") };
            told.strip_prefix("2 is of another run than 1: ").unwrap_or_else(|| panic!("{told}")).to_owned()
        };
        assert_eq!(other(|header| header.seed = 3), "`seed` is 3, there 0");
        assert_eq!(other(|header| header.version = "0.2.0".into()), "`version` is \"0.2.0\", there \"0.1.0\"");
        assert_eq!(other(|header| header.program = "mine".into()), "`program` is \"mine\", there \"zoo\"");
        assert!(other(|header| header.host = "arm".into()).starts_with("`host` is \"arm\", there "));
        let day = other(|header| header.day = Some("2026-03-01".into()));
        assert_eq!(day, "`day` is \"2026-03-01\", there null: `SOURCE_DATE_EPOCH` gives machines one day");
        assert_eq!(other(|header| drop(header.plan.devices.pop())), "`devices` lacks `ndarray`");
        assert_eq!(other(|header| header.plan.checks.push("is-new".into())), "`checks` has `is-new` besides");
        assert_eq!(other(|header| header.plan.architectures.reverse()), "`architectures` in another order");
        let both = other(|header| {
            header.plan.devices[0] = "cuda:0".into();
            header.seed = 1;
        });
        assert_eq!(both, "`devices` has `cuda:0` and lacks `flex`; `seed` is 1, there 0");
        let waived = "[[t5.waivers]]\ncheck = \"order-matters\"\nreason = \"Why.\"\n";
        let waived = crate::Expectations::parse(waived).unwrap();
        let told = told(|parts| parts[1].1.header.expectations = waived);
        assert_eq!(told, ["2 is of another run than 1: other `expectations`"]);
    }

    #[test]
    fn runs_that_were_cut_up_differently_are_told() {
        let told = told(|parts| parts[1].1 = found("2/4"));
        assert_eq!(told, ["2 is of another run than 1: the run is cut into 4 shards, there into 3"]);
    }

    #[test]
    fn each_shard_must_have_its_own_outcomes() {
        let first = "`names-resolve` of bert on flex";
        let stolen = told(|parts| parts[1].1.entries[0] = parts[0].1.entries[0].clone());
        let lost = "2 lacks `batch-invariance` of bert on flex, which is of shard 2/3".to_owned();
        assert_eq!(stolen, [lost, format!("2 has {first}, and shard 2/3 has not")]);
        let twice = told(|parts| parts[0].1.entries[1] = parts[0].1.entries[0].clone());
        assert_eq!(twice[0], format!("1 has {first} twice"));
        assert!(twice[1].starts_with("1 lacks ") && twice.len() == 2, "{twice:?}");
        let surplus = told(|parts| {
            let [(_, one), (_, two), _] = &mut parts[..] else { unreachable!() };
            two.entries.push(one.entries[0].clone());
            two.header.total += 1;
        });
        assert_eq!(surplus, [format!("2 has {first}, and shard 2/3 has not")]);
    }

    /// A header can claim anything.
    #[test]
    fn a_plan_without_end_is_not_followed_to_its_end() {
        let names: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
        let boundless = Plan { architectures: names.clone(), devices: names.clone(), checks: names };
        let told = told(|parts| parts.iter_mut().for_each(|(_, part)| part.header.plan = boundless.clone()));
        assert_eq!(told.len(), NAMED);
        assert_eq!(told[0], "1 lacks `0` of 0 on 0, which is of shard 1/3");
    }
}
