//! The catalog: one SQLite file with every fact, every size and every conformance outcome. All SQL of zoo lives here.
//!
//! [`facts()`] are those of models without code; [`mod@facts`] has the rules that all facts keep.
//!
//! [`build`] writes the file from what the families hand over; [`Catalog`] reads it. The file is a build product: it is
//! never edited by hand, and the same input gives the same bytes.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("catalog.sqlite");
//! # let (records, suite, outcomes) = (vec![], zoo_registry::SuiteFacts::default(), vec![]);
//! use zoo_catalog::{Catalog, build};
//!
//! build(&path, &records, &suite, &outcomes).await?;
//!
//! let catalog = Catalog::open(&path).await?;
//! let answers = catalog.sql("SELECT label FROM term WHERE axis = 'attention' AND id = 'causal'").await?;
//! assert_eq!(answers.rows[0][0], "Causal attention");
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod circles;
pub mod compare;
pub mod error;
pub mod facts;
mod history;
mod ingest;
pub mod parts;
mod query;
mod schema;
pub mod view;
mod words;

pub use error::{Error, Problem, Result};
pub use facts::facts;
pub use ingest::{Build, BuildSummary, Past, build};
pub use query::{Catalog, Filter, Key, Limits, NotARange, Range, Sort};
