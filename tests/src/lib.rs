//! What must hold of every architecture, checked by running it.
//!
//! The suite sees `&dyn Architecture` and never a family's name: it builds the family's tiny configurations with every head,
//! fills them with [hot weights](hot) through the family's own table, and looks whether each [`Check`]'s statement holds. Where
//! the family ships [goldens](golden), their numbers must come out. Errors are measured in f32 noise, and every check is
//! proved on a family broken on purpose.
//!
//! A crate with architectures runs it with one line in a test target that says `harness = false`:
//!
//! ```
//! # use zoo_registry::Architecture;
//! # static ARCHITECTURES: &[&dyn Architecture] = &[];
//! zoo_conformance::suite!(ARCHITECTURES);
//! ```
#![warn(missing_docs)]

mod check;
mod checks;
pub mod golden;
pub mod hot;
pub mod inputs;
mod labels;
mod lint;
mod padded;
mod pictures;
mod probe;
mod reader;
mod run;
mod subject;
pub mod suite;
pub mod values;

pub use check::{Check, Finding, Stop, Verdict, none_of, require};
pub use checks::checks;
pub use run::{run, run_one};
pub use subject::{Subject, Variant};
