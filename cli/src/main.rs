//! `zoo` over the architectures of this repository.

use std::process::ExitCode;

fn main() -> ExitCode {
    zoo::main(zoo_architectures::ARCHITECTURES)
}
