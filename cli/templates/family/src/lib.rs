//! My model for zoo, in a crate of its own.
#![warn(missing_docs)]

use zoo_registry::Architecture;

pub mod my_model;

/// Every architecture of this crate, by id.
pub const ARCHITECTURES: &[&dyn Architecture] = &[&my_model::MyModelFamily];
