//! The page of results: what is asked stands in its address, and scripts answer.

use serde::Serialize;

use super::Site;
use crate::error::Result;

#[derive(Serialize)]
struct Search {
    /// Whether there is an index of the texts.
    indexed: bool,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let [title, description] = ["search.heading", "search.description"].map(|key| site.content.words.say(key));
    let page = Search { indexed: site.content.indexed };
    site.page("search/", "search.html", ["search", &title, &description], &page)
}
