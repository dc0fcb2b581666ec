//! Joined is what belongs together, and told what does not.

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
