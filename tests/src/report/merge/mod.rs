//! Shards joined: what several machines found becomes the report of one run.

#[cfg(test)]
mod tests;

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
