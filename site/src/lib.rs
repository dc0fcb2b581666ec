//! The site: the catalog as pages that need no server, no script and no font.
//!
//! [`build()`] reads a catalog and writes a folder; [`serve()`] shows that folder on loopback. Between the two,
//! [`render`] turns plain [`Content`] into [`Pages`] without touching a disk. All links are relative, so the folder works
//! under any prefix. Building the same catalog twice gives the same bytes.
#![warn(missing_docs)]

mod build;
mod content;
mod error;
mod format;
mod highlight;
mod math;
mod pages;
mod parts;
mod prose;
pub mod serve;
mod svg;

pub use build::{MARKER, Summary, build, write};
pub use content::Content;
pub use error::{Error, Result};
pub use pages::{Pages, render};
pub use serve::serve;
