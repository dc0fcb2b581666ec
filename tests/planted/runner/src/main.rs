//! Runs the conformance suite in the planted copy of the workspace, for one bug, which the environment variable
//! `ZOO_PLANTED` switches on by its number. Arguments: the devices, the families, the checks to leave out, the checks to begin with, each
//! a list with commas or `*` for all, and after how many failing checks it is enough, 0 for never.
//!
//! Standard output is one JSON object a line: what there is, then for each check a line as it begins and its outcome as it
//! ends, and a last line. A process that ends without the last line did not come to its end.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::panic;

use serde_json::{Value, json};
use zoo_architectures::ARCHITECTURES;
use zoo_conformance::{Job, levels};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [devices, families, left_out, first, enough] = arguments.as_slice() else {
        say(
            &json!({ "error": "expected devices, families, checks to leave out, checks to begin with, how many failures are enough" }),
        );
        std::process::exit(2);
    };
    end_with_the_driver();
    // A check that panics is a failed outcome with the panic's words in it.
    panic::set_hook(Box::new(|_| {}));
    let enough: usize = enough.parse().unwrap_or(0);
    let among = |list: &str, id: &str| list == "*" || list.split(',').any(|one| one == id);
    let checks: Vec<&str> = zoo_conformance::checks().iter().map(|check| check.id).collect();
    let ids: Vec<&str> = ARCHITECTURES.iter().map(|family| family.descriptor().id.as_str()).collect();
    say(&json!({ "suite": levels::version(), "checks": checks, "families": ids }));

    let devices: Vec<&str> = devices.split(',').collect();
    let mut jobs = zoo_conformance::jobs(ARCHITECTURES, &devices, &|architecture, check| {
        among(families, &architecture.descriptor().id) && !among(left_out, check.id)
    });
    jobs.sort_by_key(|job| !among(first, job.check.id));
    let mut failing = BTreeSet::new();
    for Job { architecture, device, check } in jobs {
        say(&json!({ "begins": check.id, "family": architecture.descriptor().id }));
        let outcome = zoo_conformance::run_one(architecture, ARCHITECTURES, &device, check);
        say(&json!({ "outcome": outcome }));
        if outcome.status.is_failure() {
            failing.insert(check.id);
        }
        if enough > 0 && failing.len() >= enough {
            break;
        }
    }
    say(&json!({ "end": true }));
}

fn say(line: &Value) {
    let mut out = std::io::stdout().lock();
    // Nobody reads: nothing is left to run for.
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}

/// The driver holds the other end of standard input. When it is gone, for whatever reason, so is this.
fn end_with_the_driver() {
    std::thread::spawn(|| {
        let mut nothing = [0; 1];
        while std::io::stdin().read(&mut nothing).is_ok_and(|read| read > 0) {}
        std::process::exit(1);
    });
}
