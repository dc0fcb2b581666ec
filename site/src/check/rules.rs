//! What every page, picture, style sheet and script must keep.

use std::collections::BTreeMap;

use super::Found;
use super::page::{Page, Tag};
use crate::serve::POLICY;
use crate::words::Tongue;

/// What must be unique, or equal, between pages.
#[derive(Debug, Default)]
pub(super) struct Across {
    /// By language and text: a name may be the same in several.
    titles: BTreeMap<(Tongue, String), Vec<(String, usize)>>,
    descriptions: BTreeMap<(Tongue, String), Vec<(String, usize)>>,
    /// The policy of the pages that load the same scripts, with the first such page.
    policies: BTreeMap<Vec<String>, (String, String)>,
}

impl Across {
    pub(super) fn finish(self, found: &mut Found) {
        for (what, texts) in [("title", self.titles), ("description", self.descriptions)] {
            for ((_, text), pages) in texts {
                let [(first, _), others @ ..] = pages.as_slice() else { continue };
                for (page, line) in others {
                    let told = format!("the {what} `{text}` is that of `{first}` too");
                    found.add(page, *line, "every-page-says-what-it-is", told, "say what only this page has");
                }
            }
        }
    }
}

/// Looks a page over.
pub(super) fn page(path: &str, page: &Page, across: &mut Across, found: &mut Found) {
    for (line, what) in &page.malformed {
        found.add(path, *line, "markup-is-well-formed", *what, "write the tag as the HTML standard has it");
    }
    language(path, page, found);
    headings(path, page, found);
    names(path, page, across, found);
    inline(path, page, found);
    elsewhere(path, page, found);
    policy(path, page, across, found);
}

/// Looks a picture that stands alone over: it may bring its style, for it has nowhere to take it from.
pub(super) fn picture(path: &str, picture: &Page, found: &mut Found) {
    let is_svg = picture.tags.first().is_some_and(|tag| tag.name == "svg");
    if !is_svg {
        found.add(path, 1, "markup-is-well-formed", "no `<svg>` comes first", "write the picture as one `<svg>`");
    }
    for tag in &picture.tags {
        if tag.name == "script" || tag.attributes().any(|(name, _)| name.starts_with("on")) {
            found.add(path, tag.line, "nothing-is-inline", "a picture with a script", "draw without one");
        }
        if tag.name == "style" {
            text(path, &tag.text, found);
        }
    }
    elsewhere(path, picture, found);
}

/// How a style sheet or a script loads something.
const LOADS: [&str; 8] = ["url(", "@import", "import", "import(", "from", "fetch(", "importScripts(", "Worker("];

/// Looks a style sheet or a script over: neither may load from elsewhere.
pub(super) fn text(path: &str, text: &str, found: &mut Found) {
    for (at, line) in text.lines().enumerate() {
        let addresses = ["http://", "https://", "//"].iter().flat_map(|scheme| line.match_indices(scheme));
        for (start, _) in addresses {
            let before = line[..start].trim_end_matches(['"', '\'', '`']).trim_end();
            if LOADS.iter().any(|load| before.ends_with(load)) {
                let address: String = line[start..].chars().take(40).collect();
                let told = format!("it loads `{address}`");
                found.add(path, at + 1, "nothing-comes-from-elsewhere", told, "take it into the site");
                break;
            }
        }
    }
}

fn language(path: &str, page: &Page, found: &mut Found) {
    let own = Tongue::of_path(path).0.tag();
    let told = page.all("html").next().and_then(|tag| tag.get("lang")).unwrap_or_default();
    if told != own {
        let line = page.all("html").next().map_or(1, |tag| tag.line);
        let found_there = match told {
            "" => "`<html>` has no `lang`".to_owned(),
            _ => format!("`<html>` has the `lang` `{told}`, expected `{own}`"),
        };
        found.add(path, line, "every-page-says-what-it-is", found_there, "name the language of the page");
    }
}

fn headings(path: &str, page: &Page, found: &mut Found) {
    let hint = "give the page one `<h1>` that says what it is about";
    let mut headings = page.all("h1");
    match (headings.next(), headings.next()) {
        (None, _) => found.add(path, 1, "every-page-says-what-it-is", "no `<h1>`", hint),
        (Some(_), Some(second)) => {
            found.add(path, second.line, "every-page-says-what-it-is", "a second `<h1>`", hint);
        }
        (Some(_), None) => {}
    }
}

fn names(path: &str, page: &Page, across: &mut Across, found: &mut Found) {
    let rule = "every-page-says-what-it-is";
    let tongue = Tongue::of_path(path).0;
    let inside_head = |tag: &&Tag| tag.line <= page.all("body").next().map_or(usize::MAX, |body| body.line);
    match page.all("title").find(inside_head).filter(|tag| !tag.text.trim().is_empty()) {
        Some(title) => {
            across
                .titles
                .entry((tongue, title.text.trim().to_owned()))
                .or_default()
                .push((path.to_owned(), title.line));
        }
        None => found.add(path, 1, rule, "no `<title>`", "name the page in its `<head>`"),
    }
    match page.meta("description").filter(|(_, text)| !text.trim().is_empty()) {
        Some((tag, text)) => {
            across.descriptions.entry((tongue, text.trim().to_owned())).or_default().push((path.to_owned(), tag.line));
        }
        None => found.add(path, 1, rule, "no description", "describe the page in `<meta name=\"description\">`"),
    }
}

fn inline(path: &str, page: &Page, found: &mut Found) {
    let rule = "nothing-is-inline";
    for tag in &page.tags {
        let data = tag.get("type").is_some_and(|kind| kind.ends_with("json"));
        if tag.name == "script" && tag.get("src").is_none() && !data {
            found.add(path, tag.line, rule, "an inline script", "put it into a file: the policy blocks it here");
        }
        if tag.name == "style" {
            found.add(
                path,
                tag.line,
                rule,
                "an inline style sheet",
                "put it into `zoo.css`: the policy blocks it here",
            );
        }
        for (name, value) in tag.attributes() {
            if name == "style" {
                found.add(
                    path,
                    tag.line,
                    rule,
                    format!("`style` on `<{}>`", tag.name),
                    "use a class: the policy blocks it",
                );
            }
            if name.starts_with("on") {
                found.add(
                    path,
                    tag.line,
                    rule,
                    format!("`{name}` on `<{}>`", tag.name),
                    "listen in a script of its own",
                );
            }
            if value.trim_start().to_ascii_lowercase().starts_with("javascript:") {
                found.add(path, tag.line, rule, format!("`{name}` holds a script"), "link to a page, or use a button");
            }
        }
    }
}

/// What a tag makes a browser fetch. Links are only followed by people.
fn loaded(tag: &Tag) -> impl Iterator<Item = &str> {
    let names: &[&str] = match tag.name.as_str() {
        "script" | "iframe" | "embed" | "audio" | "video" | "source" | "track" | "input" => &["src"],
        "img" => &["src", "srcset"],
        "image" | "use" | "feimage" => &["href", "xlink:href"],
        "object" => &["data"],
        "form" => &["action"],
        "button" => &["formaction"],
        // Where else the page stands, and in which language, is no thing to load.
        "link" if !tag.lists("rel", "canonical") && !tag.lists("rel", "alternate") => &["href"],
        _ => &[],
    };
    names.iter().filter_map(|name| tag.get(name))
}

fn elsewhere(path: &str, page: &Page, found: &mut Found) {
    for tag in &page.tags {
        for address in loaded(tag).flat_map(|value| value.split(',')).map(str::trim) {
            let foreign = address.starts_with("//")
                || (address.split_once(':').is_some_and(|(scheme, _)| !scheme.contains(['/', '?', '#']))
                    && !(tag.name == "img" && address.starts_with("data:")));
            if foreign {
                let told = format!("`<{}>` loads `{address}`", tag.name);
                found.add(
                    path,
                    tag.line,
                    "nothing-comes-from-elsewhere",
                    told,
                    "take it into the site, with a relative address",
                );
            }
        }
    }
}

/// A page's policy: no wider than what a host may send for the whole site, and the same wherever the same scripts run.
fn policy(path: &str, page: &Page, across: &mut Across, found: &mut Found) {
    let rule = "the-policy-is-strict";
    let Some((tag, policy)) = page.meta("content-security-policy") else {
        found.add(path, 1, rule, "no policy", "build the page on `base.html`");
        return;
    };
    let allowed = directives(POLICY);
    let told = directives(policy);
    for needed in ["default-src", "style-src", "form-action", "base-uri"] {
        if !told.contains_key(needed) {
            found.add(
                path,
                tag.line,
                rule,
                format!("the policy says nothing of `{needed}`"),
                "build the page on `base.html`",
            );
        }
    }
    for (name, values) in &told {
        let known = allowed.get(name).map(Vec::as_slice).unwrap_or_default();
        for value in values.iter().filter(|value| !known.contains(value)) {
            found.add(
                path,
                tag.line,
                rule,
                format!("`{name}` allows `{value}`"),
                "do without: no page of the site may",
            );
        }
    }
    let script = |tag: &Tag| tag.get("src").map(|source| source.rsplit('/').next().unwrap_or(source).to_owned());
    let scripts: Vec<String> = page.all("script").filter_map(script).collect();
    let (first, known) = across.policies.entry(scripts).or_insert_with(|| (path.to_owned(), policy.to_owned()));
    if known != policy {
        let told = format!("another policy than that of `{first}`, which loads the same scripts");
        found.add(path, tag.line, rule, told, "take the policy from one template");
    }
}

fn directives(policy: &str) -> BTreeMap<&str, Vec<&str>> {
    policy
        .split(';')
        .filter_map(|directive| {
            let mut words = directive.split_ascii_whitespace();
            words.next().map(|name| (name, words.collect()))
        })
        .collect()
}
