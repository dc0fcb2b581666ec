//! Hostile facts come out as text.

use zoo_catalog::view::CodeLines;
use zoo_registry::picture::{Cells, Picture, Shown};
use zoo_registry::record::SourceFile;
use zoo_registry::{Outcome, Status};

use crate::fixture;
use crate::rendered;
use crate::scan::tags;

const HOSTILE: &str = "x\"><script>alert('1')</script><img src=x onerror=alert(1)> & </title></style>";

/// The fixture with every text of one model turned hostile.
pub(crate) fn hostile() -> zoo_site::Content {
    let mut content = fixture::content();
    let model = content.models.iter_mut().find(|model| model.summary.id == "bert").unwrap();
    let text = HOSTILE.to_owned();
    model.summary.name.clone_from(&text);
    model.summary.summary.clone_from(&text);
    model.summary.labs = vec![text.clone()];
    let facts = &mut model.descriptor;
    facts.aliases = vec![text.clone()];
    facts.licence.code.clone_from(&text);
    facts.papers[0].title.clone_from(&text);
    facts.papers[0].authors = vec![text.clone()];
    facts.papers[0].url = "javascript:alert(1)//https://".into();
    facts.papers[0].arxiv = Some(text.clone());
    facts.heads[0].summary.clone_from(&text);
    facts.presets[0].note = Some(text.clone());
    facts.presets[0].hub = Some("x/\" onclick=\"alert(1)".into());
    facts.conflicts[0].values[0].value.clone_from(&text);
    facts.conflicts[0].about = vec![text.clone()];
    facts.components[0].name.clone_from(&text);
    facts.components[0].source.clone_from(&text);
    facts.lineage[0].change = Some(text.clone());
    facts.lineage[0].id.clone_from(&text);
    let source = &mut facts.sources.get_mut("date").unwrap()[0];
    source.reference = Some("JavaScript:alert(1)".into());
    source.note = Some(text.clone());
    for size in &mut model.sizes {
        size.modules.children[0].kind.clone_from(&text);
        size.modules.children[1].children[0].name.clone_from(&text);
    }
    let change = &mut content.history[0].changes[0];
    change.field = format!("/{HOSTILE}/{HOSTILE}");
    (change.before, change.after) = (Some(HOSTILE.into()), Some(serde_json::json!({ HOSTILE: [HOSTILE] })));
    model.readme = format!(
        "{HOSTILE}\n\n[x](javascript:alert(1)) ![x](x\" onerror=\"y) <a href='javascript:1'>y</a>\n\n```rust\n// {HOSTILE}\n```\n\n```{HOSTILE}\n{HOSTILE}\n```\n\n$\\text{{{HOSTILE}}}$\n\n## {HOSTILE}\n"
    );
    model.sources = vec![SourceFile { path: text.clone(), text: format!("// {HOSTILE}\n") }];
    model.outcomes.push(Outcome {
        check: "padding-does-not-leak".into(),
        architecture: "bert".into(),
        device: text.clone(),
        status: Status::Fail,
        error: None,
        tolerance: None,
        measure: Some(text.clone()),
        detail: text.clone(),
    });
    let (models, mut suite) = (content.models, content.matrix.suite);
    suite.levels[0].statement.clone_from(&text);
    let checks = &mut suite.checks;
    checks[3].seen = vec![text.clone()];
    checks[3].fix.clone_from(&text);
    checks[3].statement.clone_from(&text);
    checks[3].method.clone_from(&text);
    checks[3].catches = vec![text.clone()];
    let mut content = fixture::assemble(models, suite);
    hostile_parts(&mut content.parts);
    content
}

/// A building block and a word with every text hostile.
fn hostile_parts(parts: &mut zoo_catalog::view::Parts) {
    let text = || HOSTILE.to_owned();
    let part = &mut parts.kinds[0].parts[0];
    (part.label, part.definition, part.text) = (text(), text(), text());
    part.equations = vec![format!("\\text{{{HOSTILE}}}"), text()];
    (part.time, part.memory, part.kept) = (Some(text()), Some(text()), Some(text()));
    part.sources = vec![text(), format!("arXiv {HOSTILE}"), "arXiv javascript:alert(1)".into()];
    part.names.insert("de".into(), text());
    let says = Picture { says: text(), shown: Shown::Cells(vec![cells(), cells()]) };
    part.picture = Some(says);
    part.users = vec!["bert".into(), text()];
    part.code = vec![CodeLines { path: parts.blocks[0].source.path.clone(), item: text(), first: 1, last: 1 }];
    parts.blocks[0].source.text = format!("// {HOSTILE}\n");
    parts.blocks[0].users = vec![text()];
    let word = &mut parts.words[0];
    (word.word, word.definition, word.also) = (text(), text(), vec![text()]);
    word.names.insert("zh".into(), text());
}

fn cells() -> Cells {
    Cells {
        label: HOSTILE.into(),
        down: HOSTILE.into(),
        across: HOSTILE.into(),
        rows: vec!["#m.?".into(), "<\">#".into()],
    }
}

#[test]
fn hostile_facts_come_out_as_text() {
    let mut hits = 0;
    for (path, text) in rendered(&hostile()) {
        if path.ends_with(".html") || path.ends_with(".svg") {
            hits += text.matches("&lt;script&gt;").count();
            check(&path, &text);
        }
    }
    assert!(hits > 30, "the hostile text is on the pages only {hits} times");
}

/// Every tag is one that we write, with attributes that cannot script.
fn check(path: &str, text: &str) {
    for tag in tags(text) {
        assert!(!["img", "iframe", "object", "embed", "base"].contains(&tag.name), "{path}: {tag:?}");
        // Ours are files of the site, or data that no browser runs.
        let data = tag.get("type").is_some_and(|kind| kind.ends_with("json"));
        let ours = ["search/start.js", "search/page.js", "../models.js", "../compare.js", "../calculate.js"];
        let own = tag.get("src").is_some_and(|source| ours.iter().any(|known| source.ends_with(known)));
        assert!(tag.name != "script" || data || own, "{path}: {tag:?}");
        let asks =
            tag.get("role") == Some("search") || tag.get("action") == Some("./") || tag.get("id") == Some("calculator");
        assert!(tag.name != "form" || asks, "{path}: {tag:?}");
        assert!(tag.name != "style" || path.ends_with(".svg"), "{path}: {tag:?}");
        for (name, value) in &tag.attributes {
            assert!(!name.starts_with("on") && *name != "style", "{path}: {tag:?}");
            let lower = value.to_lowercase();
            assert!(!["href", "src", "action"].contains(name) || !lower.starts_with("javascript:"), "{path}: {tag:?}");
        }
    }
}

#[test]
#[should_panic(expected = "onclick")]
fn the_checker_sees_handlers() {
    check("x.html", "<a onclick=\"x\">");
}

#[test]
#[should_panic(expected = "script")]
fn the_checker_sees_scripts() {
    check("x.html", "<p><script>");
}

#[test]
fn ids_that_leave_the_folder_are_refused() {
    let mut content = fixture::content();
    content.models[0].summary.id = "../../etc".into();
    let told = zoo_site::render(&content).unwrap_err().to_string();
    assert!(told.contains("`../../etc` cannot be part of an address"), "{told}");
}
