//! The site as a reader and a host meet it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../fixture/mod.rs"]
mod fixture;

mod build;
mod cards;
mod changes;
mod check;
mod compare;
mod data;
mod escape;
mod lineage;
mod links;
mod pages;
mod parts;
mod scan;
mod search;
mod serve;
mod tongues;
mod tryout;

use zoo_site::{Pages, render};

/// Pages of the fixture, with stand-ins for the files that only a catalog gives.
pub(crate) fn rendered(content: &zoo_site::Content) -> Vec<(String, String)> {
    let mut files = texts(&render(content).unwrap());
    for name in ["catalog.sqlite", "catalog.sqlite.sha256"] {
        files.push((name.into(), String::new()));
    }
    files
}

pub(crate) fn texts(pages: &Pages) -> Vec<(String, String)> {
    pages.iter().map(|(path, bytes)| (path.to_owned(), String::from_utf8_lossy(bytes).into_owned())).collect()
}
