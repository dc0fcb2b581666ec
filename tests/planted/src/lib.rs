//! Bugs that people really write, planted in our own sources, to see whether the conformance suite catches them.
//!
//! The sources know nothing of it. The [catalogue] is a list of patches in TOML, each an expression and what to write in
//! its place. The [copy](mod@copy) of the workspace in `target/planted` gets all of them at once, [woven](weave) in as alternatives that a number
//! chooses at run time, so one build holds every bug. The [driver](drive) runs the suite once a bug, each in a process of
//! its own, and the [score] says who caught what.
//!
//! Beside `bugs/` stand `rewrites/`, which change the code but not what it computes and must not fail, and `nulls/`, models with nothing in
//! them, which must. [Random mutants](random) are a second sample that nobody chose.
#![warn(missing_docs)]

pub mod catalogue;
pub mod copy;
pub mod drive;
mod error;
mod facts;
pub mod random;
pub mod score;
pub mod selftest;
mod source;
pub mod weave;

pub use error::{Error, Result};
pub use facts::recorded;
