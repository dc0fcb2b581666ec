//! `zoo`: browse, run and check transformer models from the command line.
//!
//! Standard output is data, standard error is talk. The exit code is 0 when everything was done, 1 when something failed
//! on the way (a check, a file, a model), 2 when the command line asks for what cannot be.

mod cli;
mod commands;
mod conformance;
mod failure;
mod folder;
mod format;
mod hub;
mod interrupt;
mod json;
mod plot;
mod runtime;
mod sample;
mod shell;
mod table;
mod text_model;
mod tree;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
