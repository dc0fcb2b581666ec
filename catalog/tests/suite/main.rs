//! The catalog on real files.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod build;
mod find;
mod fixtures;
mod history;
mod offline;
mod open;
mod parts;
mod read;
mod refuse;
mod sql;
mod versions;
