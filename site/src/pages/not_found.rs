//! The page for an address that leads nowhere.

use serde::Serialize;

use super::Site;
use crate::error::Result;

#[derive(Serialize)]
struct NotFound {}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let [title, told] = ["not_found.heading", "not_found.gist"].map(|key| site.content.words.say(key));
    site.page_in_english("404.html", "404.html", ["", &title, &told], &NotFound {})
}
