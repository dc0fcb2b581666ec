//! The site: the catalog as pages that need no server and no font, and no script but to run a model in the page.
//!
//! [`build()`] reads a catalog and writes a folder, page by page; [`serve()`] shows that folder on loopback.
//! [`render`] turns plain [`Content`] into [`Pages`] without touching a disk, for tests and examples. All links are relative, so the folder works
//! under any prefix. Building the same catalog twice gives the same bytes.
#![warn(missing_docs)]

mod build;
mod building;
mod card;
pub mod check;
mod content;
mod costs;
mod data;
mod edition;
mod error;
mod format;
mod highlight;
mod lineage;
mod look;
mod math;
mod outline;
mod pages;
mod parts;
pub mod preview;
mod prose;
mod search;
pub mod serve;
mod svg;
mod tryout;
mod words;

pub use build::{Extras, MARKER, Summary, build, write};
pub use check::check;
pub use content::{Content, Printed};
pub use data::{BasePath, BaseUrl, CatalogFile, Data};
pub use error::{Error, Result};
pub use look::Look;
pub use pages::{Pages, assets, render, render_with};
pub use preview::Preview;
pub use serve::serve;
pub use tryout::Tryout;
pub use words::Tongue;
