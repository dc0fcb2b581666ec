//! The catalog: one SQLite file with every fact, every size and every conformance outcome. All SQL of zoo lives here.
#![warn(missing_docs)]

pub mod view;
