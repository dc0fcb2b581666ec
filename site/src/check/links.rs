//! Where links lead: to a file of the site, and to a place in it. External links are for people and are not followed.

use std::collections::{BTreeMap, BTreeSet};

use super::Found;
use super::page::Page;

const RULE: &str = "links-lead-somewhere";
/// The page that hosts send for whatever is not there.
const ANY_DEPTH: &str = "404.html";

/// The anchors of every file, and the links that lead to them.
#[derive(Debug, Default)]
pub(super) struct Links {
    anchors: BTreeMap<String, BTreeSet<String>>,
    links: Vec<Link>,
}

#[derive(Debug)]
struct Link {
    from: String,
    line: usize,
    target: String,
}

impl Links {
    /// A file without anchors or links.
    pub(super) fn file(&mut self, path: &str) {
        self.anchors.entry(path.to_owned()).or_default();
    }

    pub(super) fn page(&mut self, path: &str, page: &Page, found: &mut Found) {
        let mut ids = BTreeSet::new();
        for tag in &page.tags {
            if let Some(id) = tag.get("id")
                && !ids.insert(id.to_owned())
            {
                let told = format!("two things are called `{id}`");
                found.add(path, tag.line, "ids-are-unique", told, "give each a name of its own");
            }
            for name in ["href", "xlink:href", "src", "action", "data", "poster"] {
                // What an `<object>` loads is an address; `data` elsewhere is not.
                let address = tag.get(name).filter(|_| name != "data" || tag.name == "object");
                if let Some(target) = address.filter(|target| !external(target)) {
                    self.links.push(Link { from: path.to_owned(), line: tag.line, target: target.to_owned() });
                }
            }
        }
        let lists = ["aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "for", "list", "headers"];
        for tag in &page.tags {
            for name in lists {
                for id in
                    tag.get(name).into_iter().flat_map(str::split_ascii_whitespace).filter(|id| !ids.contains(*id))
                {
                    let told = format!("`{name}` names `{id}`, which is not on the page");
                    found.add(path, tag.line, "ids-are-unique", told, "name something that is there");
                }
            }
        }
        self.anchors.insert(path.to_owned(), ids);
    }

    /// Follows every link, and says how many there were.
    pub(super) fn finish(self, found: &mut Found) -> usize {
        let top = self.top();
        for Link { from, line, target } in &self.links {
            if let Err((what, hint)) = self.follow(from, target, top.as_deref()) {
                found.add(from, *line, RULE, format!("`{target}` {what}"), hint);
            }
        }
        self.links.len()
    }

    /// The top of the site on its host, where the page for what is not there says it: that answers at any depth.
    fn top(&self) -> Option<String> {
        let mut own = self.links.iter().filter(|link| link.from == ANY_DEPTH);
        own.find_map(|link| link.target.strip_suffix("zoo.css")).filter(|top| top.starts_with('/')).map(str::to_owned)
    }

    fn follow(&self, from: &str, target: &str, top: Option<&str>) -> Result<(), (&'static str, &'static str)> {
        let whole = top.filter(|_| from == ANY_DEPTH).and_then(|top| target.strip_prefix(top));
        let target = match whole {
            Some("") => "./",
            Some(rest) => rest,
            None => target,
        };
        if target.starts_with('/') {
            return Err(("starts at the host's top", "link from the page: the site may stand under a prefix"));
        }
        let (place, anchor) = target.split_once('#').map_or((target, None), |(place, anchor)| (place, Some(anchor)));
        let place = place.split_once('?').map_or(place, |(place, _)| place);
        let path = address(from, place).ok_or(("leaves the site", "link to a page of the site"))?;
        let Some(known) = self.anchors.get(&path) else {
            return Err(("leads to no file", "link to a page that is written, or leave the link out"));
        };
        match anchor.filter(|anchor| !anchor.is_empty()) {
            Some(anchor) if !known.contains(&decoded(anchor)) => {
                Err(("leads to no place in that file", "link to an `id` that is there"))
            }
            _ => Ok(()),
        }
    }
}

/// Whether an address has a scheme or a host.
fn external(target: &str) -> bool {
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    target.starts_with("//") || scheme.is_some_and(|scheme| !scheme.is_empty() && scheme.chars().all(plain))
}

/// The file that a relative address means, seen from another; `None` above the top.
pub(super) fn address(from: &str, place: &str) -> Option<String> {
    let mut steps: Vec<&str> = from.split('/').collect();
    if place.is_empty() {
        return Some(from.to_owned());
    }
    steps.pop();
    for step in place.split('/') {
        match step {
            ".." => drop(steps.pop()?),
            "." | "" => {}
            name => steps.push(name),
        }
    }
    if place.ends_with('/') || place.ends_with("..") || place == "." {
        steps.push("index.html");
    }
    Some(decoded(&steps.join("/")))
}

/// An address without its percent signs.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_followed_as_browsers_do() {
        let follow = |place| address("models/bert/index.html", place);
        assert_eq!(follow("../gpt2/").as_deref(), Some("models/gpt2/index.html"));
        assert_eq!(follow("../../").as_deref(), Some("index.html"));
        assert_eq!(follow("../..").as_deref(), Some("index.html"));
        assert_eq!(follow("./source/").as_deref(), Some("models/bert/source/index.html"));
        assert_eq!(follow("../bert.svg").as_deref(), Some("models/bert.svg"));
        assert_eq!(follow("").as_deref(), Some("models/bert/index.html"));
        assert_eq!(follow("a%20b").as_deref(), Some("models/bert/a b"));
        assert_eq!(follow("../../../"), None);
    }

    #[test]
    fn what_has_a_scheme_or_a_host_is_external() {
        assert!(external("https://example.org/") && external("//example.org/") && external("mailto:a@b"));
        assert!(!external("models/bert/") && !external("?q=a:b") && !external("#a:b"));
    }
}
