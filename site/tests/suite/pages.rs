//! What stands on the pages.

use std::collections::BTreeMap;

use serde_json::json;
use zoo_registry::vocabulary::labs::Lab;
use zoo_registry::{Estimate, Flow, Status};

use crate::scan::tags;
use crate::{fixture, rendered};

fn files() -> BTreeMap<String, String> {
    rendered(&fixture::content()).into_iter().map(|(path, text)| (path, text.replace('\u{202f}', " "))).collect()
}

#[test]
fn a_model_page_has_its_numbers_from_the_tree() {
    let files = files();
    let page = &files["models/bert/index.html"];
    for text in ["109 482 240", "335 141 888", "418 MiB", "12 × 768", "30 522", "2018-10-11", "Post-norm", "the same"]
    {
        assert!(page.contains(text), "no `{text}`");
    }
    assert!(files["models/gpt2/index.html"].contains("1 500 000 000"), "a published count that differs is shown");
}

#[test]
fn disagreements_of_sources_are_told() {
    let files = files();
    let evidence = &files["models/bert/evidence/index.html"];
    let at = |text: &str| evidence.find(text).unwrap_or_else(|| panic!("no `{text}`"));
    assert!(at("one &lt;thing&gt;") < at("2018-10</li>"), "rounding comes last");
    for text in ["Corpus, Preset names <code>bert-large</code>", "paper &amp; code:</span>", "the paper came first"] {
        at(text);
    }
    let linked = |id: &str| files[&format!("models/{id}/index.html")].contains("evidence/#disputes");
    assert!(files["models/bert/index.html"].contains("2 disagreements between sources") && linked("bert"));
    assert!(!linked("gpt2") && !files["models/gpt2/evidence/index.html"].contains("id=\"disputes\""));
}

#[test]
fn equal_layers_fold_in_picture_and_table() {
    let files = files();
    let svg = &files["models/bert.svg"];
    assert!(svg.contains("× 12") && svg.matches(">Attention<").count() == 1, "{svg}");
    assert!(files["models/t5.svg"].matches("× 6<").count() == 2, "two stacks");
    assert_eq!(files["models/bert/modules/index.html"].matches("layers</code> <span class=\"times\">× 12").count(), 1);
}

#[test]
fn unequal_layers_stay_apart() {
    let mut content = fixture::content();
    let bert = content.models.iter_mut().find(|model| model.summary.id == "bert").unwrap();
    bert.sizes[0].modules.children[1].children[3].kind = "OddLayer".into();
    let files: BTreeMap<_, _> = rendered(&content).into_iter().collect();
    let svg = &files["models/bert.svg"];
    for label in ["Layers 0\u{2013}2", "Layers 3", "Layers 4\u{2013}11"] {
        assert!(svg.contains(&format!(">{label}<")), "no `{label}`");
    }
}

#[test]
fn every_box_leads_to_its_block_and_its_code() {
    let files = files();
    let modules = &files["models/bert/modules/index.html"];
    let table = &modules[modules.find("id=\"picture\"").unwrap()..];
    for text in [
        "<a href=\"../../../parts/normalisation-type/layernorm/\">MLP norm</a>",
        "<a href=\"../../../parts/attention/full-bidirectional/\">Attention</a>",
        // `BertLayer` is all of that family's code which the catalog of these tests has.
        "<a href=\"../../../models/bert/source/#layer-rs-L2\">layer.rs:2</a>",
    ] {
        assert!(table.contains(text), "no `{text}` in {table}");
    }
    assert_eq!(table.matches("/source/#").count(), 1, "{table}");
}

/// The picture of BERT, when what goes through it is another.
fn drawn(edit: impl Fn(&mut Flow)) -> String {
    let mut content = fixture::content();
    let bert = content.models.iter_mut().find(|model| model.summary.id == "bert").unwrap();
    edit(&mut bert.sizes[0].flow);
    let files: BTreeMap<_, _> = rendered(&content).into_iter().collect();
    files["models/bert.svg"].clone()
}

#[test]
fn lines_follow_what_is_stated() {
    let count = |svg: &str, class: &str| svg.matches(&format!("class=\"{class}\"")).count();
    // Two in a layer, and that of the tables.
    let whole = drawn(|_| {});
    assert_eq!(count(&whole, "sum"), 3, "{whole}");
    let before = drawn(|flow| flow.stacks[0].placement = "pre".into());
    assert_eq!(count(&before, "sum"), 3);
    assert_ne!(whole, before, "norms stand elsewhere");
    // Without a stack, or where it does not speak of every part of a layer, nobody knows.
    let silent = drawn(|flow| flow.stacks.clear());
    assert_eq!((count(&silent, "sum"), count(&silent, "wire")), (0, 0), "{silent}");
    let partly = drawn(|flow| drop(flow.stacks[0].parts.pop()));
    assert_eq!(count(&partly, "sum"), 1, "{partly}");
}

#[test]
fn shapes_stand_on_the_lines() {
    let whole = drawn(|_| {});
    assert!(whole.contains(">Token ids<") && whole.contains(">Pooled<"), "{whole}");
    assert_eq!(whole.matches(">n\u{202f}×\u{202f}768<").count(), 2, "into the layers and out of them: {whole}");
    let unmet = drawn(|flow| flow.tensors.clear());
    assert!(!unmet.contains(">Token ids<") && unmet.contains("class=\"wire\""), "{unmet}");
}

#[test]
fn cross_attention_is_an_arrow_from_the_encoder() {
    let files = files();
    assert_eq!(files["models/t5.svg"].matches("wire across").count(), 1);
    assert_eq!(files["models/gpt2.svg"].matches("wire across").count(), 0);
}

#[test]
fn boxes_lead_to_parts() {
    let files = files();
    let page = &files["models/bert/index.html"];
    let picture = &page[page.find("class=\"figure architecture\"").unwrap()..];
    let picture = &picture[..picture.find("</svg>").unwrap()];
    let boxes = picture.matches("<rect class=\"box").count();
    assert!(boxes > 6 && picture.matches("<a href=\"../../parts/").count() >= boxes, "a box leads nowhere: {picture}");
    for place in [
        "embedding/token",
        "attention/full-bidirectional",
        "mlp/dense",
        // By their type, by their placement, and by what they look like.
        "normalisation-type/layernorm",
        "normalisation-placement/post",
        "head/pooled-token",
    ] {
        assert!(picture.contains(&format!("<a href=\"../../parts/{place}/\">")), "no box leads to {place}: {picture}");
    }
    let modules = &files["models/bert/modules/index.html"];
    for part in 0..6 {
        assert!(modules.contains(&format!("id=\"part-{part}\"")));
    }
    assert!(!files["models/bert.svg"].contains("<a "), "a picture on its own leads nowhere");
}

#[test]
fn conformance_is_told_in_words() {
    let files = files();
    let matrix = &files["conformance/index.html"];
    for text in [
        ">✓ pass <",
        ">✗ fail <span>ndarray</span> 41.5<",
        ">△ waived <",
        ">▽ expected <",
        ">⧖ timeout <",
        ">– n/a <",
        "L0 low",
        "Candidates",
        "expected to fail until 2027-03-31: Sums run in another order. <a href=\"https://example.org/7\"",
    ] {
        assert!(matrix.contains(text), "no `{text}`");
    }
    let check = &files["conformance/causality/index.html"];
    for text in [
        "an inverted mask",
        "demanded by level",
        "<code>causality</code> was seen &amp; fixed",
        "<em>mask</em>",
        "GPT-2",
    ] {
        assert!(check.contains(text), "no `{text}` in {check}");
    }
    assert!(files["conformance/save-load-identity/index.html"].contains("demanded by no level yet"));
    assert!(matrix.contains("Of 3 bugs the checks catch 2, 1 of them at least twice."), "{matrix}");
    assert!(check.contains("It catches 2 of the 3"), "{check}");
    assert!(check.contains("; 2 of them would be caught less than twice without it"), "{check}");
    assert!(check.contains("../../conformance/planted/mask/#mask-late"), "{check}");
    let planted = &files["conformance/planted/mask/index.html"];
    for told in [
        "caught by no check",
        "nothing, as it should be",
        "a model with nothing in it",
        "<em>one</em>",
        "&lt;b&gt;the next&lt;/b&gt;",
    ] {
        assert!(planted.contains(told), "{told}: {planted}");
    }
    assert!(!planted.contains("caught by one check alone"), "the reason stands there: {planted}");
    let model = &files["models/gpt2/index.html"];
    assert!(model.contains("reached level <a href=\"../../conformance/#levels\">L1 high"), "{model}");
    let reason = "depends on the number of threads";
    assert!(matrix.contains(reason) && files["models/gpt2/index.html"].contains(reason));
    assert!(files["models/bert/evidence/index.html"].contains("multiple of the recorded f32 noise"));
}

#[test]
fn demos_and_figures_are_shown_as_they_are() {
    let files = files();
    let page = &files["models/bert/index.html"];
    let shown = [
        "It has learnt to guess &lt;hidden&gt; words;",
        "zoo fill-mask &quot;a [MASK] &amp; b&quot; --model bert",
        "zoo train bert",
        "Words &lt;guessed&gt;",
        "more &amp; sooner",
        "<th scope=\"row\" class=\"num\">1000</th>",
    ];
    for text in shown {
        assert!(page.contains(text), "no `{text}`");
    }
    let other = &files["models/gpt2/index.html"];
    assert!(!other.contains("It has learnt") && !other.contains("id=\"measured\""));
}

#[test]
fn what_is_not_sourced_says_so() {
    assert!(files()["models/bert/evidence/index.html"].contains("not yet sourced"));
}

#[test]
fn the_page_about_the_catalog_counts_what_is_in_it() {
    let mut content = fixture::content();
    let source = |kind: &str| zoo_registry::descriptor::Source {
        source: kind.into(),
        reference: None,
        confidence: "high".into(),
        note: None,
    };
    for model in &mut content.models {
        model.descriptor.listed = None;
        model.descriptor.sources = [("date".to_owned(), vec![source("a-kind-of-source")])].into();
    }
    content.models[0].descriptor.listed = Some(zoo_registry::descriptor::Listed::Figure);
    let models = content.models.len();
    let mut axis = content.axes.iter().find(|axis| !axis.terms.is_empty()).unwrap().clone();
    axis.id = "source".into();
    axis.terms[0].id = "a-kind-of-source".into();
    axis.terms[0].label = "Kinds < of source".into();
    content.axes.retain(|axis| axis.id != "source");
    content.axes.push(axis);
    let about = |content: &zoo_site::Content| BTreeMap::from_iter(rendered(content))["about/index.html"].clone();
    let page = about(&content);
    let code = content.models.iter().filter(|model| model.summary.code).count();
    for text in [format!("{models} models."), format!("{code} of them have code"), "Kinds &lt; of source".into()] {
        assert!(page.contains(&text), "no `{text}` in {page}");
    }
    assert!(!page.contains("Amatriain"), "none is of the list");
    assert!(files()["index.html"].contains("href=\"./about/\""), "every page leads to it");
    content.models[0].descriptor.listed = Some(zoo_registry::descriptor::Listed::List);
    let told = format!("the other {} are", models - 1);
    assert!(about(&content).contains(&told));
}

#[test]
fn costs_come_with_their_formulas() {
    let files = files();
    let page = &files["models/gpt2/index.html"];
    for told in [
        "<code>N · b</code><br>= 124 439 808 · 4 = 475 MiB",
        "<code>2 · n_layers · n_heads · head_dim · T · B · b</code><br>= 2 · 12 · 12 · 64 · 512 · 1 · 4 = 36.0 MiB",
        // Kept at 512 tokens by the fixture's code: 512 000 bytes.
        "36.0 MiB (counted in the code: 0.014 times that)",
        "<code>(2 · M + 4 · n_layers · n_heads · head_dim · T) · T · B</code><br>= (2 · 124 439 808 + 4 · 12 · 12 · 64 · 512)",
    ] {
        assert!(page.contains(told), "no `{told}` in {page}");
    }
    let both = "4 · (n_encoder_layers + 2 · n_decoder_layers) · n_heads · head_dim · T) · T · B</code><br>= (2 · ";
    assert!(files["models/t5/index.html"].contains(both));
    assert!(files["models/t5/index.html"].contains("4 · 18 · 8 · 64 · 512) · 512 · 1 = "));
    let (page, script) = (&files["calculate/index.html"], &files["calculate.js"]);
    assert!(page.contains("value=\"gpt2-small\" list") && page.contains("2 · 12 · 12 · 64 = 18 432"), "{page}");
    let keys: Vec<_> = tags(page).iter().filter_map(|tag| tag.get("data-formula").map(str::to_owned)).collect();
    assert_eq!(keys.len(), 8);
    for key in keys {
        assert!(page.contains(&format!("data-formula=\"{key}\"><math>")), "`{key}` has no symbols");
        assert!(script.contains(&format!("\"{key}\"")), "the script does not know `{key}`");
    }
}

#[test]
fn a_model_without_code_has_a_page() {
    let files = files();
    let page = &files["models/elmo/index.html"];
    assert!(page.contains("No check has run yet") && !page.contains("id=\"architecture\""));
    assert!(!files.contains_key("models/elmo/source/index.html") && !files.contains_key("models/elmo.svg"));
}

#[test]
fn source_lines_have_anchors() {
    let files = files();
    let page = &files["models/bert/source/index.html"];
    let ids: Vec<_> = tags(page).iter().filter_map(|tag| tag.get("id").map(str::to_owned)).collect();
    let lines = include_str!("../fixture/bert_mod.rs.txt").lines().count();
    assert!(ids.contains(&format!("L{lines}")) && !ids.contains(&format!("L{}", lines + 1)), "{ids:?}");
    assert!(ids.contains(&"layer-rs-L2".to_owned()));
}

#[test]
fn a_source_page_tells_what_stands_where() {
    let files = files();
    let page = &files["models/bert/source/index.html"];
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no `{text}` in {page}"));
    let found = [
        "<a href=\"#file-mod-rs\">mod.rs</a>",
        "<a href=\"#L9\">struct Bert</a>",
        "<a href=\"#L15\">impl Bert&lt;B&gt;</a><ul><li><a href=\"#L20\">fn forward</a></li></ul>",
        "<a href=\"#file-layer-rs\">layer.rs</a>",
        "<a href=\"#layer-rs-L2\">struct BertLayer</a>",
        // Its own equations come first.
        "models/bert/source/#L20\">Equations 2 and 3</a>",
        "<a href=\"https://arxiv.org/abs/1810.04805\">arXiv 1810.04805</a>, <code>mod.rs</code>, line 20",
        "parts/code/mask/#L4\">Equation 1</a>",
        "<code>mask.rs</code>, line 4",
        "arXiv <a href=\"https://arxiv.org/abs/1810.04805\">1810.04805</a>, equations",
    ];
    let places = found.map(at);
    assert!(places.is_sorted(), "{places:?}");
    let shared = &files["parts/code/mask/index.html"];
    for told in ["<a href=\"#L4\">fn causal_bias</a>", "#L4\">Equation 1</a>", ">arXiv 1706.03762</a>"] {
        assert!(shared.contains(told), "no `{told}` in {shared}");
    }
    let leads = |id: &str| files[&format!("models/{id}/index.html")].contains(&format!("{id}/source/#equations"));
    assert!(leads("bert") && !leads("gpt2"), "GPT-2 has no page of source here");
}

#[test]
fn a_model_page_shows_where_its_code_begins() {
    let files = files();
    let page = &files["models/bert/index.html"];
    let code = page.split_once("mod.rs, lines 7 to 30</summary>").unwrap().1.split_once("</details>").unwrap().0;
    assert!(code.contains("<code>/// The body with its pooler.\n#[derive(Module, Debug)]\n"), "{code}");
    assert!(
        code.contains("pub struct Bert&lt;B: Backend&gt; {") && code.ends_with("\n}</code></pre></div>\n"),
        "{code}"
    );
    assert!(!page.contains("use burn::prelude"), "imports are left out");
    // What is longer ends with a whole item.
    let mut content = fixture::content();
    let bert = content.models.iter_mut().find(|model| model.summary.id == "bert").unwrap();
    let item = "/// An item.\nfn f() {\n    g();\n}\n\n";
    bert.sources[1].text = format!("use x;\n\n{}", item.repeat(20));
    let page = BTreeMap::from_iter(rendered(&content))["models/bert/index.html"].clone();
    assert!(page.contains("mod.rs, lines 3 to 61</summary>") && page.matches("/// An item.").count() == 12, "{page}");
}

#[test]
fn every_page_has_one_heading_a_language_and_the_policy() {
    for (path, text) in files().iter().filter(|(path, _)| path.ends_with(".html")) {
        let tags = tags(text);
        assert_eq!(tags.iter().filter(|tag| tag.name == "h1").count(), 1, "{path}");
        assert!(tags.iter().any(|tag| tag.name == "html" && tag.get("lang") == Some("en")), "{path}");
        let policy = tags.iter().find(|tag| tag.get("http-equiv") == Some("Content-Security-Policy")).unwrap();
        assert!(policy.get("content").unwrap().starts_with("default-src 'none'; style-src 'self';"), "{path}");
    }
}

/// Bytes before compression; the markup shrinks to about a fifth.
#[test]
fn pages_keep_to_their_budgets() {
    let files = files();
    for (path, text) in &files {
        let (bytes, nodes) = match path.as_str() {
            // `zoo site check` weighs it packed.
            "zoo.css" => (40 << 10, 0),
            "models.js" | "compare.js" => (12 << 10, 0),
            _ if path.ends_with("/source/index.html") => (200 << 10, 8000),
            _ if path.starts_with("models/") && path.ends_with("/index.html") => (100 << 10, 1500),
            "conformance/index.html" => (125 << 10, 7000),
            _ if path.ends_with(".html") => (125 << 10, 4000),
            _ => continue,
        };
        assert!(text.len() <= bytes, "{path}: {} of {bytes} bytes", text.len());
        let count = if path.ends_with(".html") { tags(text).len() } else { 0 };
        assert!(count <= nodes, "{path}: {count} of {nodes} elements");
    }
}

#[test]
fn what_ran_is_counted_above_the_matrix() {
    let runs = |content: &zoo_site::Content| -> Vec<String> {
        let page = BTreeMap::from_iter(rendered(content))["conformance/index.html"].clone();
        let (before, from) = page.split_once("id=\"runs\">").unwrap();
        assert!(!before.contains("class=\"matrix\"") && from.contains("class=\"matrix\""));
        from.split_once("</dl>").unwrap().0.split("</div>").map(str::to_owned).collect()
    };
    let mut content = fixture::content();
    let checks = content.matrix.suite.checks.len();
    let [suite, flex, ndarray, _] = <[String; 4]>::try_from(runs(&content)).unwrap();
    assert!(suite.contains(&format!("version 1.0, {checks} checks")), "{suite}");
    assert!(flex.contains(">flex</a>") && flex.contains("</span> fail</span> 0,"), "{flex}");
    assert!(ndarray.contains(">ndarray</a>") && ndarray.contains("</span> fail</span> 1,"), "{ndarray}");
    let outcomes = content.matrix.rows.iter().flat_map(|(_, outcomes)| outcomes);
    let passed = outcomes.filter(|found| found.device == "flex" && found.status == Status::Pass).count();
    assert!(passed > 0 && flex.contains(&format!("</span> pass</span> {passed},")), "{flex}");
    // Of one model nothing ran, then of a second one on a device.
    let silent = |run: &str, models: usize| run.contains(&format!("not run</span> {}</dd>", models * checks));
    assert!(silent(&flex, 1) && silent(&ndarray, 1), "{flex} {ndarray}");
    let (_, bert) = content.matrix.rows.iter_mut().find(|(summary, _)| summary.id == "bert").unwrap();
    bert.retain(|found| found.device != "flex");
    let fewer = runs(&content);
    assert!(silent(&fewer[1], 2) && silent(&fewer[2], 1), "{fewer:?}");
}

#[test]
fn a_device_has_a_page_of_its_own() {
    let files = files();
    assert!(files["conformance/index.html"].contains("href=\"../conformance/devices/flex/\""));
    let [flex, ndarray] = ["flex", "ndarray"].map(|device| &files[&format!("conformance/devices/{device}/index.html")]);
    assert!(flex.contains("zoo check --device flex") && ndarray.contains("zoo check --device ndarray"));
    let rows = |page: &str| page.matches("<tr><th scope=\"row\">").count();
    let content = fixture::content();
    let checked = content.models.iter().filter(|model| model.outcomes.iter().any(|found| found.device == "flex"));
    let checks: std::collections::BTreeSet<_> =
        content.models.iter().flat_map(|model| &model.outcomes).map(|found| &found.check).collect();
    assert_eq!(rows(flex), checked.count() + checks.len());
    // What is known not to hold is no error that comes near its tolerance.
    let far = |status: Status| {
        let mut content = fixture::content();
        for model in &mut content.models {
            for found in model.outcomes.iter_mut().filter(|found| found.error.is_some()) {
                (found.error, found.tolerance, found.status) = (Some(8.0), Some(1.0), status);
            }
        }
        let files: BTreeMap<_, _> = rendered(&content).into_iter().collect();
        files["conformance/devices/flex/index.html"].matches("8.00\u{202f}×").count()
            + files["conformance/devices/flex/index.html"].matches("8.00 ×").count()
    };
    assert!(far(Status::Fail) > 0);
    assert_eq!([far(Status::Waived), far(Status::ExpectedFailure)], [0, 0]);
}

#[test]
fn a_badge_says_how_many_checks_hold() {
    let files = files();
    let badge = &files["badge/bert.svg"];
    let bert = fixture::content().models.into_iter().find(|model| model.summary.id == "bert").unwrap().summary.tally;
    let says = format!("conformance: {} / {}", bert.pass, bert.all() - bert.not_applicable);
    assert!(badge.contains(&says) && files["models/bert/evidence/index.html"].contains(&says), "{badge}");
    assert!(bert.fail == 0 || badge.contains("#a82c3f"));
    assert!(!files.contains_key("badge/elmo.svg"), "nothing ran");
    assert!(
        !files["models/bert/evidence/index.html"].contains("[![conformance]"),
        "without an address there is no Markdown"
    );
}

#[test]
fn labs_years_and_licences_have_pages_with_their_models() {
    let mut content = fixture::content();
    content.labs[0].country = Some("XY".into());
    content.labs.push(Lab { now: Some("google".into()), id: "deepmind".into(), ..content.labs[0].clone() });
    let gpt2 = content.models.iter_mut().find(|model| model.summary.id == "gpt2").unwrap();
    gpt2.descriptor.licence.code = "(MIT OR LicenseRef-Modified-MIT)".into();
    gpt2.summary.labs = vec!["deepmind".into()];
    let files: BTreeMap<_, _> = rendered(&content).into_iter().collect();
    let page = |address: &str| files.get(&format!("{address}index.html")).unwrap_or_else(|| panic!("no {address}"));
    let google = page("labs/google/");
    for text in
        ["Its seat is in XY.", "谷歌", "href=\"../../models/bert/\"", "It came from", "href=\"../../labs/deepmind/\""]
    {
        assert!(google.contains(text), "no `{text}`");
    }
    assert!(page("labs/deepmind/").contains("href=\"../../labs/google/\""));
    assert!(page("years/2018/").contains("href=\"../../models/bert/\"") && page("years/").contains("years/2019/"));
    let licence = page("licences/licenseref-modified-mit/");
    assert!(
        licence.contains("Models with their code under it: 1; with their weights: ")
            && licence.contains("models/gpt2/")
    );
    let model = page("models/gpt2/");
    assert!(model.contains("(<a href") || model.contains(">(MIT</a>"), "the expression keeps its brackets");
    assert!(model.contains(">Modified MIT)</a>") && model.contains("href=\"../../licences/licenseref-modified-mit/\""));
    assert!(
        page("licences/").contains("<h2 id=\"open\">Open</h2>") && page("taxonomy/").contains("href=\"../licences/\"")
    );
}

#[test]
fn the_calculator_compares_what_kinds_of_attention_keep() {
    let mut content = fixture::content();
    let sized = |content: &mut zoo_site::Content, id: &str, n_kv_heads: u64| {
        let model = content.models.iter_mut().find(|model| model.summary.id == id).unwrap();
        model.summary.taxonomy.insert("attention".into(), vec!["causal".into()]);
        let config = json!({ "n_layers": 32, "d_model": 4096, "n_heads": 32, "n_kv_heads": n_kv_heads });
        let config = config.as_object().unwrap();
        let size = model.descriptor.presets[0].id.clone();
        model.sizes[0].config.clone_from(config);
        model.sizes[0].parameters = 7_000_000_000;
        model.estimates.insert(size, Estimate::of(config, 7_000_000_000, true).unwrap());
    };
    let calculator = |content: &zoo_site::Content| {
        let files: BTreeMap<_, _> = rendered(content).into_iter().collect();
        files["calculate/index.html"].replace('\u{202f}', " ")
    };
    assert!(!calculator(&content).contains("id=\"kept\""), "one kind is no comparison");
    sized(&mut content, "bert", 32);
    sized(&mut content, "gpt2", 8);
    let page = calculator(&content);
    for text in ["<h2 id=\"kept\">", "262 144", "65 536", "2.00 GiB", "parts/attention/grouped-query/"] {
        assert!(page.contains(text), "no `{text}`");
    }
    let bert = content.models.iter_mut().find(|model| model.summary.id == "bert").unwrap();
    bert.summary.taxonomy.insert("attention".into(), vec!["lsh".into()]);
    assert!(!calculator(&content).contains("id=\"kept\""), "the formula is not made for it");
}

#[test]
fn a_badge_of_a_check_says_its_error_and_where_it_holds() {
    let files = files();
    for (path, says) in [
        ("bert/padding-does-not-leak", "padding does not leak: 1.50 · 2/2 devices"),
        ("bert/run-to-run-bitwise", "run to run bitwise: 2/2 devices"),
        ("t5/golden-parity", "golden parity: 41.5 · 1/2 devices"),
    ] {
        let badge = &files[&format!("badge/{path}.svg")];
        assert!(badge.contains(&format!("<title>{says}</title>")), "{path}: {badge}");
        assert_eq!(badge.contains("#a82c3f"), path.starts_with("t5"), "{path}");
    }
    let content = fixture::content();
    let applies = |found: &zoo_registry::Outcome| found.status != Status::NotApplicable;
    let applicable = content.models.iter().flat_map(|model| &model.outcomes).filter(|found| applies(found));
    let checks: std::collections::BTreeSet<String> =
        applicable.map(|found| format!("badge/{}/{}.svg", found.architecture, found.check)).collect();
    let badges = files.keys().filter(|path| path.starts_with("badge/") && path.matches('/').count() == 2);
    assert_eq!(badges.cloned().collect::<std::collections::BTreeSet<_>>(), checks);
    let evidence = &files["models/bert/evidence/index.html"];
    assert_eq!(evidence.matches("/badge/bert/").count(), 1, "one shows what all are called");
}
