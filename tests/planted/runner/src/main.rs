//! Runs the conformance suite in the planted copy of the workspace, for one bug, which the environment variable
//! `ZOO_PLANTED` switches on by its number. Arguments: the devices, the families, the checks to leave out, each a list with commas or `*`
//! for all, and `first` to stop at the first failure.
//!
//! Standard output is one JSON object a line: what there is, then for each check a line as it begins and its outcome as it
//! ends, and a last line. A process that ends without the last line did not come to its end.

use std::cell::Cell;
use std::io::{Read, Write};
use std::panic;

use serde_json::{Value, json};
use zoo_architectures::ARCHITECTURES;
use zoo_registry::Status;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [devices, families, left_out, rest @ ..] = arguments.as_slice() else {
        say(&json!({ "error": "expected devices, families, checks to leave out" }));
        std::process::exit(2);
    };
    end_with_the_driver();
    // A check that panics is a failed outcome with the panic's words in it.
    panic::set_hook(Box::new(|_| {}));
    let until_first = rest.iter().any(|word| word == "first");
    let among = |list: &str, id: &str| list == "*" || list.split(',').any(|one| one == id);
    let checks: Vec<&str> = zoo_conformance::checks().iter().map(|check| check.id).collect();
    let ids: Vec<&str> = ARCHITECTURES.iter().map(|family| family.descriptor().id.as_str()).collect();
    say(&json!({ "suite": env!("CARGO_PKG_VERSION").trim_end_matches("+planted"), "checks": checks, "families": ids }));

    let failed = Cell::new(false);
    let devices: Vec<&str> = devices.split(',').collect();
    zoo_conformance::run(
        ARCHITECTURES,
        &devices,
        &|architecture, check| {
            let id = &architecture.descriptor().id;
            let wanted = among(families, id) && !among(left_out, check.id) && !(until_first && failed.get());
            if wanted {
                say(&json!({ "begins": check.id, "family": id }));
            }
            wanted
        },
        &mut |outcome| {
            failed.set(failed.get() || outcome.status == Status::Fail);
            say(&json!({ "outcome": outcome }));
        },
    );
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
