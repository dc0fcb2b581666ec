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
//!
//! What is too much for one machine is run by several: a [`Plan`] says what a run sets out to look at, a [`Shard`] which share of it
//! a machine looks at, and [`report::merge`] joins what they found. `zoo check --shard` is made of that, in every program that calls
//! `zoo::main`.
#![warn(missing_docs)]

mod chances;
mod check;
mod checks;
mod choices;
mod continued;
mod day;
mod expectations;
mod flow;
mod formula;
pub mod golden;
pub mod hot;
pub mod inputs;
pub mod isolation;
mod judges;
mod labels;
mod learnt;
pub mod levels;
mod lint;
mod padded;
mod parts;
mod pictures;
mod plain;
mod plan;
mod prepared;
mod probe;
mod reader;
pub mod report;
mod run;
mod seed;
mod shard;
mod stretched;
mod subject;
pub mod suite;
mod told;
mod unfilled;
pub mod values;
mod writers;

pub use check::{Check, Finding, Stop, Verdict, none_of, require};
pub use checks::checks;
pub use day::Day;
pub use expectations::{Excuse, Expectations};
pub use plan::{Place, Plan};
pub use run::{Done, Job, Settings, in_process, jobs, run, run_one, run_one_with};
pub use seed::draw;
pub use shard::Shard;
pub use subject::{Subject, Variant};
