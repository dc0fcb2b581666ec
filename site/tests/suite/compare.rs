//! What changed along an edge.

use std::collections::BTreeMap;

use zoo_registry::descriptor::{Lineage, Preset};

use crate::scan::tags;
use crate::{fixture, rendered};

fn files(content: &zoo_site::Content) -> BTreeMap<String, String> {
    rendered(content).into_iter().map(|(path, text)| (path, text.replace('\u{202f}', " "))).collect()
}

/// The row of a table that begins with this, tags and all.
fn row<'a>(page: &'a str, start: &str) -> &'a str {
    let at = page.find(start).unwrap_or_else(|| panic!("no `{start}` in {page}"));
    let from = page[..at].rfind("<tr").unwrap();
    &page[from..at + page[at..].find("</tr>").unwrap()]
}

#[test]
fn every_edge_with_both_ends_has_a_page() {
    let content = fixture::content();
    let files = files(&content);
    let mut pages = 0;
    for model in &content.models {
        for edge in &model.descriptor.lineage {
            let path = format!("compare/{}...{}/index.html", edge.id, model.summary.id);
            let known = content.models.iter().any(|other| other.summary.id == edge.id);
            assert_eq!(files.contains_key(&path), known, "{path}");
            let link = format!("compare/{}...{}/", edge.id, model.summary.id);
            let own = &files[&format!("models/{}/index.html", model.summary.id)];
            assert_eq!(own.contains(&link), known, "{link} on the page of the child");
            if known {
                assert!(
                    files[&format!("models/{}/index.html", edge.id)].contains(&link),
                    "{link} on that of the parent"
                );
                assert!(files["compare/index.html"].contains(&link[8..]), "{link} in the list");
                pages += 1;
            }
        }
    }
    assert!(pages > 1 && pages == files.keys().filter(|path| path.contains("...")).count());
}

#[test]
fn differences_are_counted_and_marked() {
    let files = files(&fixture::content());
    let page = &files["compare/bert...roberta/index.html"];
    for told in [
        "RoBERTa <span class=\"relation\">derives from</span> BERT: a longer, cleaner recipe",
        "3 modules differ",
        "the same classification",
        "1 difference of recipe: training task",
        "+14 % parameters (109 M → 125 M)",
        "<a href=\"../../compare/?m=roberta,bert\">Swap</a>",
    ] {
        assert!(page.contains(told), "no `{told}` in {page}");
    }
    let task = row(page, ">Training task<");
    assert!(
        task.starts_with("<tr class=\"odd\"") && task.contains("<b><a") && task.contains("Next-sentence"),
        "{task}"
    );
    assert!(row(page, ">Norm placement<").starts_with("<tr class=\"same\""));
    assert!(row(page, "<code>d_model</code>").starts_with("<tr class=\"same\""));
    assert!(row(page, "<code>vocab_size</code>").starts_with("<tr class=\"odd\""));
    // BERT says how it was trained, RoBERTa does not: that is no difference.
    let paradigm = row(page, ">Training paradigm<");
    assert!(paradigm.starts_with("<tr class=\"alone\""), "{paradigm}");
    let segments = row(page, "<code>token_type</code>");
    assert!(segments.starts_with("<tr class=\"gone\"") && segments.contains("Embedding"), "{segments}");
    let layers = row(page, "<code>layers.*</code>");
    assert!(layers.starts_with("<tr class=\"same\"") && layers.contains("85 054 464"), "{layers}");
    assert!(layers.contains("in it"), "what is alike is folded: {layers}");
    let attention = row(page, ">Attention<");
    assert!(attention.contains("<li>BERT<ul><li>") && attention.contains("transformers==4.57.6"), "{attention}");
}

#[test]
fn without_code_there_are_no_modules() {
    let files = files(&fixture::content());
    let page = &files["compare/elmo...bert/index.html"];
    assert!(page.contains("There is no code for ELMo, so there are no modules to compare."), "{page}");
    assert!(!page.contains("modules differ") && !page.contains("the same modules"), "{page}");
}

#[test]
fn two_edges_between_two_models_are_one_page() {
    let mut content = fixture::content();
    let child = content.models.iter_mut().find(|model| model.summary.id == "roberta").unwrap();
    child.descriptor.lineage.push(Lineage {
        id: "bert".into(),
        relation: "uses-component".into(),
        change: Some("its <tokens>".into()),
        ..Lineage::default()
    });
    // One to itself leads nowhere.
    child.descriptor.lineage.push(Lineage {
        id: "roberta".into(),
        relation: "derives-from".into(),
        ..Lineage::default()
    });
    let files = files(&content);
    let page = &files["compare/bert...roberta/index.html"];
    assert!(page.contains("derives from") && page.contains("its &lt;tokens&gt;"), "{page}");
    assert!(!files.contains_key("compare/roberta...roberta/index.html"));
}

#[test]
fn sizes_that_are_near_are_compared() {
    let mut content = fixture::content();
    for model in &mut content.models {
        model.sizes.clear();
    }
    let child = content.models.iter_mut().find(|model| model.summary.id == "roberta").unwrap();
    let base = &mut child.descriptor.presets[0];
    base.parameters = Some(125_000_000);
    let large = Preset { id: "roberta-large".into(), parameters: Some(355_000_000), ..base.clone() };
    child.descriptor.presets.insert(0, large);
    let files = files(&content);
    let page = &files["compare/bert...roberta/index.html"];
    assert!(page.contains("<br><code>bert-base</code>") && page.contains("<br><code>roberta-base</code>"), "{page}");
    assert!(page.contains("roberta-large 355 M, roberta-base 125 M"), "all sizes stand there: {page}");
    assert!(page.contains("There is no code for either"), "{page}");
}

#[test]
fn the_control_is_a_box_and_needs_no_script() {
    let files = files(&fixture::content());
    let page = &files["compare/bert...roberta/index.html"];
    let search = |src: &str| src.ends_with("search/start.js");
    let data = |kind: &str| kind == "application/ld+json";
    let scripts = tags(page).into_iter().filter(|tag| tag.name == "script" && !tag.get("type").is_some_and(data));
    assert!(scripts.into_iter().all(|tag| tag.get("src").is_some_and(search)), "{page}");
    assert!(tags(page).iter().any(|tag| tag.get("id") == Some("only") && tag.get("type") == Some("checkbox")));
    assert!(files["zoo.css"].contains(":has(#only:checked) tr.same{display:none}"));
}
