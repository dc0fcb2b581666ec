//! `zoo`: browse, run and check transformer models from the command line.
//!
//! Standard output is data, standard error is talk. The exit code is 0 when everything was done, 1 when something failed
//! on the way (a check, a file, a model), 2 when the command line asks for what cannot be.
//!
//! The program is a library over whatever architectures it is given. A plugin's binary adds its own to ours, and every command
//! knows both alike:
//!
//! ```no_run
//! # use zoo_registry::Architecture;
//! # mod my_family { pub const ARCHITECTURES: &[&dyn zoo_registry::Architecture] = &[]; }
//! fn main() -> std::process::ExitCode {
//!     zoo::main(&[zoo_architectures::ARCHITECTURES, my_family::ARCHITECTURES].concat())
//! }
//! ```
#![warn(missing_docs)]

mod cli;
mod commands;
mod conformance;
mod costs;
mod demo_runs;
mod failure;
mod folder;
mod format;
mod hub;
mod interrupt;
mod json;
mod library;
mod own;
mod plot;
mod process;
mod remote;
mod runtime;
mod sample;
mod shell;
mod table;
mod text_model;
mod tree;
mod tryout;

pub use cli::main;
