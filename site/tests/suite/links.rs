//! Every link leads somewhere, from wherever the site stands.

use std::collections::{BTreeMap, BTreeSet};

use crate::fixture;
use crate::rendered;
use crate::scan::tags;

/// What is wrong with the links of some files.
pub(crate) fn broken(files: &[(String, String)]) -> Vec<String> {
    let mut anchors: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut problems = Vec::new();
    for (path, text) in files {
        let known = anchors.entry(path).or_default();
        for tag in markup(path, text) {
            if let Some(id) = tag.get("id")
                && !known.insert(id.to_owned())
            {
                problems.push(format!("{path}: two things are called `{id}`"));
            }
        }
    }
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        for tag in markup(path, text) {
            for target in [tag.get("href"), tag.get("src")].into_iter().flatten() {
                if target.starts_with("https://") || target.starts_with("http://") {
                    continue;
                }
                if let Err(problem) = follow(path, target, &anchors) {
                    problems.push(format!("{path}: `{target}` {problem}"));
                }
            }
            for name in ["aria-labelledby", "aria-describedby"] {
                let missing = tag.get(name).filter(|id| !anchors[path.as_str()].contains(*id));
                problems.extend(missing.map(|id| format!("{path}: {name} names `{id}`, which is not there")));
            }
        }
    }
    problems
}

fn markup<'a>(path: &str, text: &'a str) -> Vec<crate::scan::Tag<'a>> {
    if path.ends_with(".html") { tags(text) } else { Vec::new() }
}

fn follow(from: &str, target: &str, anchors: &BTreeMap<&str, BTreeSet<String>>) -> Result<(), &'static str> {
    if target.starts_with('/') || target.contains(':') {
        return Err("does not work under a prefix");
    }
    let (place, anchor) = target.split_once('#').map_or((target, None), |(place, anchor)| (place, Some(anchor)));
    // What is asked of a page does not change which page it is.
    let place = place.split_once('?').map_or(place, |(place, _)| place);
    let mut steps: Vec<&str> = from.split('/').collect();
    if !place.is_empty() {
        steps.pop();
    }
    for step in place.split('/').filter(|_| !place.is_empty()) {
        match step {
            ".." => drop(steps.pop().ok_or("leaves the site")?),
            "." | "" => {}
            name => steps.push(name),
        }
    }
    if place.ends_with('/') || place.ends_with("..") {
        steps.push("index.html");
    }
    let file = steps.join("/");
    let known = anchors.get(file.as_str()).ok_or("leads to no page")?;
    match anchor {
        Some(anchor) if !known.contains(anchor) => Err("leads to no place on its page"),
        _ => Ok(()),
    }
}

#[test]
fn every_link_and_anchor_leads_somewhere() {
    let files = rendered(&fixture::content());
    let problems = broken(&files);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let links: usize = files.iter().map(|(path, text)| markup(path, text).len()).sum();
    assert!(links > 1000, "only {links} tags were read: the reader of pages is broken");
}

#[test]
fn the_checker_sees_what_is_broken() {
    let page =
        |body: &str| vec![("a/index.html".to_owned(), body.to_owned()), ("b/index.html".into(), "<p id=\"x\">".into())];
    assert!(broken(&page("<a href=\"../b/#x\">")).is_empty());
    assert!(broken(&page("<a href=\"../b/?q=x,y\">")).is_empty());
    for (body, told) in [
        ("<a href=\"../c/\">", "no page"),
        ("<a href=\"../c/?q=x\">", "no page"),
        ("<a href=\"../b/#y\">", "no place"),
        ("<a href=\"#y\">", "no place"),
        ("<a href=\"/b/\">", "prefix"),
        ("<a href=\"javascript:x\">", "prefix"),
        ("<a href=\"../../../b/\">", "leaves"),
        ("<p id=\"y\"><p id=\"y\">", "two things"),
        ("<p aria-labelledby=\"y\">", "not there"),
    ] {
        let problems = broken(&page(body));
        assert!(problems.iter().any(|problem| problem.contains(told)), "{body}: {problems:?}");
    }
}

#[test]
fn what_belongs_together_is_linked_both_ways() {
    let content = fixture::content();
    let files: BTreeMap<_, _> = rendered(&content).into_iter().collect();
    for model in &content.models {
        let id = &model.summary.id;
        let page = &files[&format!("models/{id}/index.html")];
        assert!(page.contains(&format!("families/{}/", model.summary.family)), "{id} does not lead to its family");
        for own in [format!("models/{id}.json"), format!("zoo check {id}<"), format!("models/{id}/source/")] {
            let expected = match &own {
                own if own.ends_with(".json") => true,
                own if own.ends_with("/source/") => !model.sources.is_empty(),
                _ => !model.sizes.is_empty(),
            };
            assert_eq!(page.contains(&own), expected, "{id}: `{own}`");
        }
        for (axis, terms) in &model.summary.taxonomy {
            for term in terms {
                let of_blocks = content.parts.kinds.iter().any(|kind| kind.is_axis && kind.id == *axis);
                let place = format!("{}/{axis}/{term}/", if of_blocks { "parts" } else { "taxonomy" });
                let other = format!("{}/{axis}/{term}/", if of_blocks { "taxonomy" } else { "parts" });
                assert!(page.contains(&place), "{id} does not lead to {axis} {term}");
                let moved = |page: &String| page.contains("http-equiv=\"refresh\"");
                assert!(files.get(&format!("{other}index.html")).is_none_or(moved), "{axis} {term} has two pages");
                let back = &files[&format!("{place}index.html")];
                assert!(back.contains(&format!("models/{id}/")), "{axis} {term} does not lead back to {id}");
            }
        }
    }
}
