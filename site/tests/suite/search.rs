//! What the search box looks names up in: every name leads to a page.

use std::collections::BTreeSet;

use zoo_site::{Content, Pages, render};

use crate::fixture;

/// The lines of a list of names.
fn lines(pages: &Pages, file: &str) -> Vec<String> {
    let text = String::from_utf8(pages.get(file).unwrap().to_vec()).unwrap();
    let json = text.strip_prefix("export default ").unwrap().strip_suffix(";\n").unwrap();
    serde_json::from_str::<String>(json).unwrap().lines().map(str::to_owned).collect()
}

/// Addresses that names lead to, and whether each is of a page.
fn addresses(pages: &Pages) -> Vec<(String, bool)> {
    let mut group = String::new();
    let mut found = Vec::new();
    for line in ["search/names.js", "search/more.js"].iter().flat_map(|file| lines(pages, file)) {
        let id = line.split('\t').next().unwrap();
        if let Some(address) = id.strip_prefix('=') {
            group = address.to_owned();
        } else if group.ends_with('#') {
            let page = String::from_utf8(pages.get("glossary/index.html").unwrap().to_vec()).unwrap();
            found.push((format!("{group}{id}"), page.contains(&format!("id=\"{id}\""))));
        } else if group.ends_with("?q=") {
            found.push((format!("{group}{id}"), pages.get("search/index.html").is_some()));
        } else {
            let address = format!("{group}{id}/");
            let there = pages.get(&format!("{address}index.html")).is_some();
            found.push((address, there));
        }
    }
    found
}

#[test]
fn every_name_leads_to_a_page_and_every_model_has_one() {
    let content = fixture::content();
    let pages = render(&content).unwrap();
    let addresses = addresses(&pages);
    let astray: Vec<_> = addresses.iter().filter(|(_, there)| !there).collect();
    assert!(astray.is_empty(), "{astray:?}");
    let known: BTreeSet<&str> = addresses.iter().map(|(address, _)| address.as_str()).collect();
    let named = lines(&pages, "search/names.js").len();
    assert!(known.len() >= named - 20, "{} of {named} addresses differ", known.len());
    for model in &content.models {
        assert!(known.contains(format!("models/{}/", model.summary.id).as_str()), "{}", model.summary.id);
    }
    for expected in ["families/bert/", "parts/attention/causal/", "taxonomy/modality/text/", "labs/google/"] {
        assert!(known.contains(expected), "{expected}: {known:?}");
    }
}

#[test]
fn names_in_other_languages_stand_beside_their_label() {
    let pages = render(&fixture::content()).unwrap();
    let lab = lines(&pages, "search/more.js").into_iter().find(|line| line.starts_with("google")).unwrap();
    // The label is the id, so it is left out.
    assert_eq!(lab, "google\t\tde=Google Deutschland \"\\\tzh=谷歌");
}

#[test]
fn names_cannot_break_the_list() {
    let mut content: Content = fixture::content();
    content.models[0].summary.name = "a\tb\nc\u{2028}d`${x}".into();
    let pages = render(&content).unwrap();
    let model = lines(&pages, "search/names.js").into_iter().find(|line| line.starts_with("bert")).unwrap();
    assert!(model.starts_with("bert\ta b c d`${x}\t"), "{model}");
    assert!(addresses(&pages).iter().all(|(_, there)| *there));
}

#[test]
fn the_page_of_results_knows_whether_there_is_an_index() {
    let page = |indexed| {
        let pages = render(&Content { indexed, ..fixture::content() }).unwrap();
        String::from_utf8(pages.get("search/index.html").unwrap().to_vec()).unwrap()
    };
    assert!(page(true).contains("data-indexed") && !page(false).contains("data-indexed"));
}
