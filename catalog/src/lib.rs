//! The catalog: one SQLite file with every fact, every size and every conformance outcome. All SQL of zoo lives here.
//!
//! [`build`] writes the file from what the families hand over; [`Catalog`] reads it. The file is a build product: it is
//! never edited by hand, and the same input gives the same bytes.
#![warn(missing_docs)]

pub mod error;
mod ingest;
mod query;
mod schema;
pub mod view;

pub use error::{Error, Problem, Result};
pub use ingest::{BuildSummary, build};
pub use query::{Catalog, Limits};
