//! What the pages tell of the catalog's past.

use std::collections::BTreeMap;

use serde_json::json;
use zoo_catalog::view::Change;

use crate::{fixture, rendered};

fn files() -> BTreeMap<String, String> {
    rendered(&fixture::content()).into_iter().map(|(path, text)| (path, text.replace('\u{202f}', " "))).collect()
}

/// The row of a table whose first cell has this text, without its tags.
fn row(page: &str, first: &str) -> String {
    let row = page.split("<tr").find(|row| row.split("</th>").next().is_some_and(|cell| cell.contains(first)));
    let row = row.unwrap_or_else(|| panic!("no row `{first}`"));
    let row = format!("<tr{}", row.split("</tr>").next().unwrap_or_default());
    row.split('<').skip(1).map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect::<Vec<_>>().join("|")
}

#[test]
fn every_revision_has_a_line_and_a_page() {
    let files = files();
    let all = &files["changes/index.html"];
    let at = |text: &str| all.find(text).unwrap_or_else(|| panic!("no `{text}`"));
    assert!(at("changes/2026-03-01/") < at("changes/2026-02-01/"), "the newest comes first");
    assert!(at("changes/2026-02-01/") < at("changes/2026-01-01/"));
    assert!(
        all.contains("9 changes in 2 models.") && all.contains("The record begins here. The catalog had 5 models.")
    );
    for date in ["2026-03-01", "2026-02-01", "2026-01-01"] {
        assert!(files.contains_key(&format!("changes/{date}/index.html")));
    }
    assert!(files["index.html"].contains("changes/2026-03-01/#model-bert"), "the latest stand on the first page");
    let evidence = &files["models/bert/evidence/index.html"];
    assert!(evidence.contains("../../../changes/2026-03-01/#model-bert") && !evidence.contains("2026-02-01"));
}

#[test]
fn values_are_told_as_people_read_them() {
    let files = files();
    let page = &files["changes/2026-03-01/index.html"];
    for (first, parts) in [
        ("Sources of: Date", vec!["said for the first time", "§ 3 &amp; 4"]),
        ("Lineage from transformer", vec!["change", "keeps &lt;half&gt;", "no longer said"]),
        ("Size bert-base", vec!["config / a/b~c", "different", "|1|", "true"]),
        ("Attention", vec!["Causal attention", "Full bidirectional attention, Unheard of"]),
        ("Was renamed", vec!["cuda:0", "flaky", "fled"]),
        ("Size tiny", vec!["id: tiny, config: d_model: 2"]),
    ] {
        let row = row(page, first);
        assert!(parts.iter().all(|part| row.contains(part)), "{first}: {row}");
    }
    assert!(row(page, "Corpus").contains("Books…") && !page.contains(&"Books".repeat(65)), "long values are cut");
    assert!(row(page, "Logits match the reference").contains("4.4e−5"), "errors are rounded");
}

#[test]
fn models_come_and_go() {
    let files = files();
    let page = &files["changes/2026-02-01/index.html"];
    assert!(page.contains("RoBERTa</a> <small>new in the catalog"), "{page}");
    assert!(page.contains("Vapour &lt;3 <small>no longer in the catalog") && !page.contains("models/vaporware/"));
}

#[test]
fn the_longest_lists_end_in_the_table() {
    let mut content = fixture::content();
    let one = content.history[0].changes[0].clone();
    content.history[0].changes = (0..500)
        .map(|at| Change { field: format!("/presets/size-{at}"), before: None, after: Some(json!(at)), ..one.clone() })
        .collect();
    let late = Change { model: "gpt2".into(), ..one };
    content.history[0].changes.push(late);
    let files: BTreeMap<_, _> = rendered(&content).into_iter().collect();
    let page = &files["changes/2026-03-01/index.html"];
    // Nothing leads to where there was no room.
    assert!(files["models/gpt2/evidence/index.html"].contains("changes/2026-03-01/\""));
    assert!(files["models/bert/evidence/index.html"].contains("changes/2026-03-01/#model-bert\""));
    assert_eq!(page.matches("<tr class=\"new\">").count(), 400);
    assert!(page.contains("101 more changes are in <a href=\"../../changes.csv\">"));
}

#[test]
fn without_a_record_nothing_is_made_up() {
    let mut content = fixture::content();
    content.history.clear();
    let files: BTreeMap<_, _> = rendered(&content).into_iter().collect();
    assert!(!files.contains_key("changes.atom") && !files.contains_key("changes.csv"));
    let all = &files["changes/index.html"];
    assert!(all.contains("keeps no record") && !all.contains("changes.atom"));
    for page in ["index.html", "data/index.html", "models/bert/evidence/index.html"] {
        assert!(!files[page].contains("changes.atom") && !files[page].contains("Latest changes"), "{page}");
    }
}

#[test]
fn what_would_leave_the_folder_is_refused() {
    for (date, model) in [("../up", "bert"), ("2026-01-01", "../up"), ("2026-01-01", "a b")] {
        let mut content = fixture::content();
        content.history[0].date = date.into();
        content.history[0].changes[0].model = model.into();
        assert!(zoo_site::render(&content).is_err(), "{date} {model}");
    }
}
