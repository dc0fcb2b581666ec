//! The suite as a test target.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use zoo_registry::{Architecture, Status};

use crate::checks::checks;
use crate::run::run_one;

/// Devices of a suite that is not told otherwise.
pub const DEVICES: &str = "flex,ndarray";

/// Makes a test target with `harness = false` the conformance suite of some architectures: one test a check, architecture and
/// device, named `bert::padding-does-not-leak::flex`. `ZOO_DEVICES=flex,cuda:0` chooses devices.
///
/// ```
/// # use zoo_registry::Architecture;
/// static ARCHITECTURES: &[&dyn Architecture] = &[];
/// zoo_conformance::suite!(ARCHITECTURES);
/// ```
#[macro_export]
macro_rules! suite {
    ($architectures:expr) => {
        fn main() -> ::std::process::ExitCode {
            $crate::suite::main(&$architectures[..])
        }
    };
}

/// What [`suite!`](crate::suite!) calls.
pub fn main(architectures: &[&'static dyn Architecture]) -> ExitCode {
    let arguments = Arguments::from_args();
    let devices = std::env::var("ZOO_DEVICES").unwrap_or_else(|_| DEVICES.to_owned());
    let devices: Vec<&str> = devices.split(',').map(str::trim).filter(|device| !device.is_empty()).collect();
    libtest_mimic::run(&arguments, trials(architectures, &devices)).exit_code()
}

fn trials(architectures: &[&'static dyn Architecture], devices: &[&str]) -> Vec<Trial> {
    let peers: Arc<[&'static dyn Architecture]> = architectures.into();
    let mut trials = Vec::new();
    for &architecture in architectures {
        for check in checks() {
            for &device in devices {
                let name = format!("{}::{}::{device}", architecture.descriptor().id, check.id);
                let (peers, device) = (Arc::clone(&peers), device.to_owned());
                trials.push(Trial::test(name, move || {
                    let outcome = run_one(architecture, &peers, &device, check);
                    if outcome.status == Status::Fail {
                        Err(Failed::from(message(&check.facts().statement, &outcome)))
                    } else {
                        Ok(())
                    }
                }));
            }
        }
    }
    trials
}

fn message(statement: &str, outcome: &zoo_registry::Outcome) -> String {
    let mut message = format!("{statement}\n  found: {}", outcome.detail);
    if let (Some(error), Some(tolerance), Some(measure)) = (outcome.error, outcome.tolerance, &outcome.measure) {
        message += &format!("\n  error {error:.4e}, tolerance {tolerance} ({measure})");
    }
    message
}
