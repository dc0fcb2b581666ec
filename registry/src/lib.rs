//! The contract of zoo: what an architecture is, what a model does, how both are found by name.
#![warn(missing_docs)]

pub mod config;
pub mod descriptor;
pub mod error;
pub mod modules;
pub mod names;
pub mod record;
pub mod vocabulary;

pub use config::{Config, Resolved, Rules};
pub use descriptor::Descriptor;
pub use error::{Error, Problem, Result};
pub use modules::{ModuleTree, Parameter};
pub use record::{CheckFacts, Outcome, Record, Status};
