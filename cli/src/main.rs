//! `zoo` over the architectures of this repository.

use std::process::ExitCode;

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    zoo::main(zoo_architectures::ARCHITECTURES)
}
