//! A built site, held to account without a browser: what every page must have, where every link leads, what a page may weigh.
//!
//! The folder is read as any host would send it. Pages are read one after the other; of each, its anchors and links are kept.

mod budget;
mod links;
mod page;
mod rules;

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::build::{check_site, files};
use crate::error::{Error, Result};
use budget::Budgets;
pub use budget::{Cost, Measure, TypeCost};
use links::Links;
use page::Page;
use rules::Across;

/// What does not hold of a site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Violation {
    /// Path of the file in the site.
    pub page: String,
    /// Line in the file, counted from one.
    pub line: usize,
    /// What should hold: `links-lead-somewhere`.
    pub rule: &'static str,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub hint: &'static str,
}

/// What was looked at, what it weighs and what does not hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// HTML pages.
    pub pages: usize,
    /// Files of every kind, the pages included.
    pub files: usize,
    /// Links that were followed, within the site.
    pub links: usize,
    /// The heaviest page of every type, beside what such a page may weigh.
    pub types: Vec<TypeCost>,
    /// Sorted by page and line.
    pub violations: Vec<Violation>,
}

/// Looks a built site over.
///
/// # Errors
/// [`Error::NotASite`], or [`Error::Io`] when a file cannot be read.
pub fn check(folder: &Path) -> Result<Report> {
    check_site(folder)?;
    let files = files(folder)?;
    let mut found = Found::default();
    let mut across = Across::default();
    let mut links = Links::default();
    let mut budgets = Budgets::default();
    let mut pages = 0;
    for path in files.keys() {
        let kind = path.rsplit_once('.').map_or("", |(_, kind)| kind);
        if !matches!(kind, "html" | "svg" | "css" | "js") {
            links.file(path);
            continue;
        }
        let full = folder.join(path);
        let text = fs::read_to_string(&full).map_err(Error::io(&full))?;
        match kind {
            "html" => {
                let page = Page::parse(&text);
                rules::page(path, &page, &mut across, &mut found);
                links.page(path, &page, &mut found);
                budgets.page(path, &text, &page);
                pages += 1;
            }
            "svg" => {
                let picture = Page::parse(&text);
                rules::picture(path, &picture, &mut found);
                links.page(path, &picture, &mut found);
            }
            _ => {
                rules::text(path, &text, &mut found);
                links.file(path);
                budgets.asset(path, &text);
            }
        }
    }
    across.finish(&mut found);
    let followed = links.finish(&mut found);
    let types = budgets.finish(&mut found);
    found.0.sort();
    Ok(Report { pages, files: files.len(), links: followed, types, violations: found.0 })
}

/// Violations, as they are found.
#[derive(Debug, Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, page: &str, line: usize, rule: &'static str, found: impl Into<String>, hint: &'static str) {
        self.0.push(Violation { page: page.to_owned(), line, rule, found: found.into(), hint });
    }
}
