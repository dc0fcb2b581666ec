//! `zoo` with my model among its families.

use std::process::ExitCode;

fn main() -> ExitCode {
    zoo::main(&[zoo_architectures::ARCHITECTURES, zoo_my_model::ARCHITECTURES].concat())
}
