//! ALBERT for zoo, in a crate of its own.
//!
//! ```
//! use zoo_registry::Registry;
//!
//! let registry = Registry::new().with_all(zoo_albert::ARCHITECTURES)?;
//! assert_eq!(registry.resolve("albert-base")?.id(), "albert-base-v2");
//! # Ok::<(), zoo_registry::Error>(())
//! ```
#![warn(missing_docs)]

use zoo_registry::Architecture;

pub mod albert;

/// Every architecture of this crate, by id.
pub const ARCHITECTURES: &[&dyn Architecture] = &[&albert::AlbertFamily];
