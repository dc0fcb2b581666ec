//! The page for an address that leads nowhere.

use serde::Serialize;

use super::Site;
use crate::error::Result;

#[derive(Serialize)]
struct NotFound {}

pub(super) fn render(site: &mut Site<'_>) -> Result<()> {
    let head = ["", "Not found", "There is no page at this address."];
    site.page("404.html", "404.html", head, &NotFound {})
}
