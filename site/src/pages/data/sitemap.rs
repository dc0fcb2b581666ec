//! What search engines read: where every page is, in which languages, and when the catalog last said anything new of it. No clock is asked.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::edition::Edition;
use crate::error::Result;
use crate::pages::{Alternate, Site, alternates};
use crate::words::Tongue;

#[derive(Serialize)]
struct Page<'a> {
    address: String,
    day: Option<&'a str>,
    tongues: Vec<Alternate>,
}

/// The list of pages, only where the address of the site is known, and where robots find it.
pub(in crate::pages) fn render(site: &Site<'_>, stubs: &BTreeSet<String>) -> Result<()> {
    let mut robots = "User-agent: *\nAllow: /\n".to_owned();
    if let Some(base) = &site.content.data.base_url {
        let is_page = |path: &String| path.ends_with(".html") && path != "404.html" && !stubs.contains(path);
        let paths: BTreeSet<String> = site.pages.paths().into_iter().filter(is_page).collect();
        let page = |path: &String| {
            let (_, rest) = Tongue::of_path(path);
            let is_there = |tongue: &Tongue| paths.contains(&format!("{}{rest}", tongue.folder()));
            let tongues: Vec<Tongue> = site.tongues.iter().copied().filter(is_there).collect();
            let [whole, address] = [path.as_str(), rest].map(|path| path.trim_end_matches("index.html"));
            Page {
                address: base.at(whole),
                day: day(site.content, address),
                tongues: alternates(base, &tongues, address),
            }
        };
        let pages: Vec<Page<'_>> = paths.iter().map(page).collect();
        robots += &format!("Sitemap: {}\n", base.at("sitemap.xml"));
        let text = site.text("sitemap.xml", "sitemap.xml", &serde_json::json!({ "pages": pages }))?;
        site.pages.put("sitemap.xml".into(), text)?;
    }
    site.pages.put("robots.txt".into(), robots)
}

/// The day of the last revision that says anything new of the models a page is of; nothing where nobody kept record of what it says.
fn day<'a>(content: &'a Edition<'_>, address: &str) -> Option<&'a str> {
    match address.trim_end_matches('/').split('/').collect::<Vec<_>>()[..] {
        [""] | ["models"] => last(content, content.changed.keys().copied()),
        ["models", id] | ["models", id, "evidence" | "modules"] => last(content, [id]),
        ["compare", pair] => last(content, pair.split("...")),
        ["families", id] => {
            let family = content.families.iter().find(|family| family.id == id)?;
            last(content, family.members.iter().map(|member| member.id.as_str()))
        }
        ["changes"] => content.history.first().map(|revision| revision.date.as_str()),
        ["changes", date] => {
            content.history.iter().find(|revision| revision.date == date).map(|revision| revision.date.as_str())
        }
        _ => None,
    }
}

fn last<'a, 'b>(content: &'a Edition<'_>, ids: impl IntoIterator<Item = &'b str>) -> Option<&'a str> {
    let revisions = ids.into_iter().filter_map(|id| content.changed.get(id)?.first());
    revisions.map(|revision| revision.date.as_str()).max()
}
