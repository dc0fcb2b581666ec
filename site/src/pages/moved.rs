//! Old addresses: each says where its page stands now, to people and to browsers.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Site;
use crate::error::Result;

#[derive(Serialize)]
struct Moved<'a> {
    /// From the top of the site.
    to: &'a str,
    label: &'a str,
    title: String,
    description: String,
    root: String,
    canonical: Option<String>,
}

/// Terms of building blocks stood with the other terms once. Gives the paths of all such files.
pub(super) fn render(site: &Site<'_>) -> Result<BTreeSet<String>> {
    let content = site.content;
    let mut stubs = BTreeSet::new();
    for axis in content.classifying().filter(|axis| content.is_of_blocks(&axis.id)) {
        for term in &axis.terms {
            if let Some(to) = content.term_href(&axis.id, &term.id) {
                let label = format!("{}: {}", axis.title, term.label);
                stubs.insert(site.moved(&format!("taxonomy/{}/{}/", axis.id, term.id), &to, &label)?);
            }
        }
    }
    Ok(stubs)
}

impl Site<'_> {
    /// Leaves word at an old address.
    fn moved(&self, from: &str, to: &str, label: &str) -> Result<String> {
        let words = &self.content.words;
        let moved = Moved {
            to,
            label,
            title: words.with("moved.title", &[("label", &label)]),
            description: words.with("moved.description", &[("label", &label), ("to", &to)]),
            root: super::root(from),
            canonical: self.content.data.base_url.as_ref().map(|base| base.at(to)),
        };
        let path = format!("{from}index.html");
        let html = self.text(&path, "moved.html", &moved)?;
        self.pages.put(path.clone(), html)?;
        Ok(path)
    }
}
