//! A file of shared code, every line with an anchor.

use serde::Serialize;
use zoo_catalog::view::{BlockFile, CodeLines};

use super::super::{Head, Link, Site, source};
use super::lines_href;
use crate::building::file_href;
use crate::edition::Edition;
use crate::error::Result;
use crate::outline::Item;

#[derive(Serialize)]
struct CodePage<'a> {
    path: &'a str,
    items: Vec<Item>,
    lines: &'a [String],
    computes: Vec<Computed>,
    equations: Vec<source::Computed<'a>>,
    users: Vec<Link>,
}

/// A building block, and the lines that compute it.
#[derive(Serialize)]
struct Computed {
    block: Link,
    item: String,
    first: u32,
    last: u32,
}

/// A link to a file.
pub(super) fn link(content: &Edition<'_>, path: &str) -> Link {
    Link::code(content, path, &file_href(path))
}

pub(super) fn render(site: &Site<'_>, file: &BlockFile) -> Result<()> {
    let (content, path) = (site.content, &file.source.path);
    let mut computes = Vec::new();
    for kind in &content.parts.kinds {
        for part in &kind.parts {
            let place = format!("{}/{}", kind.id, part.id);
            let href = content.block_href(&place);
            computes.extend(part.code.iter().filter(|code| code.path == *path).map(|code| Computed {
                block: Link::new(&part.label, href.clone()),
                item: code.item.clone(),
                first: code.first,
                last: code.last,
            }));
        }
    }
    let page = CodePage {
        path,
        items: source::outline(site.prose, &file.source)?,
        lines: site.code.get(path.as_str()).map(Vec::as_slice).unwrap_or_default(),
        computes,
        equations: source::shared(&file.source).collect(),
        users: file.users.iter().map(|id| Link::model(content, id)).collect(),
    };
    let description = content.words.with("code.description", &[("path", path)]);
    let address = file_href(path);
    let blocks = Link::said(content, "nav.blocks", "parts/");
    let trail = vec![blocks, Link::said(content, "parts.shared", "parts/#code"), Link::new(path, None)];
    site.page_in_english(&address, "code.html", Head::below(trail, ["parts", path, &description]), &page)
}

/// The lines of an item as they stand on the page of a building block.
#[derive(Serialize)]
pub(super) struct Excerpt<'a> {
    path: String,
    item: String,
    href: String,
    first: u32,
    last: u32,
    lines: Vec<Line<'a>>,
    /// Lines that are left out.
    more: u32,
}

#[derive(Serialize)]
struct Line<'a> {
    number: u32,
    html: &'a str,
}

/// Most lines of an item that stand on the page of a building block.
const SHOWN: u32 = 70;

/// Lines of shared code, highlighted; none where the file is not there or shorter.
pub(super) fn excerpt<'a>(site: &Site<'a>, code: &CodeLines) -> Option<Excerpt<'a>> {
    let lines = site.code.get(code.path.as_str())?;
    let last = code.last.min(code.first.saturating_add(SHOWN - 1));
    let numbered = (1..).zip(lines).filter(|(number, _)| (code.first..=last).contains(number));
    Some(Excerpt {
        path: code.path.clone(),
        item: code.item.clone(),
        href: lines_href(&code.path, code.first),
        first: code.first,
        last: code.last,
        lines: numbered.map(|(number, html)| Line { number, html }).collect(),
        more: code.last - last,
    })
}
