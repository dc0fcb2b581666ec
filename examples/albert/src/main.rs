//! `zoo` with ALBERT among its families.

use std::process::ExitCode;

fn main() -> ExitCode {
    zoo::main(&[zoo_architectures::ARCHITECTURES, zoo_albert::ARCHITECTURES].concat())
}
