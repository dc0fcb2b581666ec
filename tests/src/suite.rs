//! The suite as a test target.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use zoo_registry::{Architecture, CheckFacts, Outcome};

use crate::checks::checks;
use crate::day::Day;
use crate::run::{Settings, run_one_with};

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
    match Day::today() {
        Ok(today) => {
            let settings = Settings { today: Some(today), ..Settings::default() };
            libtest_mimic::run(&arguments, trials(architectures, &devices, &settings)).exit_code()
        }
        Err(problem) => {
            // Standard error is where the tests' own complaints go.
            let _ = writeln!(std::io::stderr(), "error: {problem}");
            ExitCode::from(2)
        }
    }
}

fn trials(architectures: &[&'static dyn Architecture], devices: &[&str], settings: &Settings) -> Vec<Trial> {
    let peers: Arc<[&'static dyn Architecture]> = architectures.into();
    let mut trials = Vec::new();
    for &architecture in architectures {
        for check in checks() {
            for &device in devices {
                let name = format!("{}::{}::{device}", architecture.descriptor().id, check.id);
                let (peers, device, settings) = (Arc::clone(&peers), device.to_owned(), settings.clone());
                trials.push(Trial::test(name, move || {
                    let outcome = run_one_with(&settings, architecture, &peers, &device, check);
                    if outcome.status.is_failure() {
                        Err(Failed::from(message(&check.facts(), &outcome)))
                    } else {
                        Ok(())
                    }
                }));
            }
        }
    }
    trials
}

fn message(facts: &CheckFacts, outcome: &Outcome) -> String {
    let mut message = format!("{}\n  {}: {}", facts.statement, outcome.status.as_str(), outcome.detail);
    if let (Some(error), Some(tolerance), Some(measure)) = (outcome.error, outcome.tolerance, &outcome.measure) {
        message += &format!("\n  error {error:.4e}, tolerance {tolerance} ({measure})");
    }
    if !facts.fix.is_empty() {
        message += &format!("\n  fix: {}", facts.fix);
    }
    message
}
