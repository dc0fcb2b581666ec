//! The catalog for programs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};
use zoo_site::{BaseUrl, CatalogFile, Content, Data, Tongue, render};

use crate::scan::tags;
use crate::{fixture, rendered};

fn files(content: &Content) -> BTreeMap<String, String> {
    rendered(content).into_iter().collect()
}

fn json(files: &BTreeMap<String, String>, path: &str) -> Value {
    serde_json::from_str(&files[path]).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fixture at an address.
fn based() -> Content {
    let base = "https://zoo.example/sub".parse::<BaseUrl>().unwrap();
    Content { data: Data { base_url: Some(base), ..Data::default() }, ..fixture::content() }
}

#[test]
fn a_value_comes_with_where_it_was_read() {
    let files = files(&fixture::content());
    let twin = json(&files, "models/bert.json");
    let date = &twin["fact"]["date"];
    assert_eq!(date["value"], "2018-10-11");
    assert_eq!(date["source"][0]["source"], "arxiv-id");
    assert_eq!(date["source"][0]["reference"], "https://arxiv.org/abs/1810.04805");
    assert_eq!(date["source"][0]["confidence"], "high");
    assert_eq!(twin["fact"]["licence_code"]["source"][0]["note"], "licence file of the code");
    assert_eq!(twin["fact"]["normalisation-placement"]["value"][0], "post");
    let size = &twin["preset"][0];
    assert_eq!((&size["parameters"], &size["config"]["d_model"]), (&109_482_240.into(), &768.into()));
    let layers = &size["module"]["module"][1];
    assert_eq!((&layers["path"], &layers["times"]), (&"layers.*".into(), &12.into()));
    assert_eq!(twin["outcome"].as_array().unwrap().len(), 12);
    assert_eq!(twin["descendant"][0]["page"], "compare/bert...roberta/");
    assert_eq!(json(&files, "models/elmo.json")["preset"], Value::Array(vec![]));
}

#[test]
fn the_twin_for_reading_says_the_same() {
    let files = files(&fixture::content());
    let text = &files["models/bert.md"];
    for told in [
        "# BERT\n",
        "- **date**: 2018-10-11\n  - arxiv-id: https://arxiv.org/abs/1810.04805, high confidence\n",
        "- **bert-base**: 109482240 parameters; google-bert/bert-base-uncased\n  - d_ff: 3072\n",
        "- roberta derives-from bert: a longer, cleaner recipe",
        "- causality on flex: not-applicable\n",
    ] {
        assert!(text.contains(told), "no `{told}` in {text}");
    }
    assert!(files["models/bert.bib"].starts_with("@misc{bert,"));
}

#[test]
fn columns_have_a_value_for_each_model() {
    let content = fixture::content();
    let files = files(&content);
    let (columns, sizes) = (json(&files, "catalog.min.json"), json(&files, "sizes.min.json"));
    let models = content.models.len();
    for (name, column) in columns.as_object().unwrap().iter().filter(|(name, _)| *name != "facet") {
        assert_eq!(column.as_array().unwrap().len(), models, "{name}");
    }
    assert_eq!(sizes["of"].as_array().unwrap().len(), models);
    for facet in columns["facet"].as_array().unwrap() {
        let terms = facet["term"].as_array().unwrap().len();
        assert_eq!(facet["label"].as_array().unwrap().len(), terms);
        assert_eq!(facet["of"].as_array().unwrap().len(), models);
        let given = facet["of"].as_array().unwrap().iter().flat_map(|of| of.as_array().unwrap());
        let used: BTreeSet<u64> = given.map(|term| term.as_u64().unwrap()).collect();
        assert_eq!(used, (0..terms as u64).collect(), "{}: every term is given", facet["id"]);
    }
    // The page counts as the columns do.
    let page = &files["models/index.html"];
    let attention = columns["facet"].as_array().unwrap().iter().find(|facet| facet["id"] == "attention").unwrap();
    let full = attention["term"].as_array().unwrap().iter().position(|term| term == "full-bidirectional").unwrap();
    let count = attention["of"].as_array().unwrap().iter().filter(|of| of.as_array().unwrap().contains(&full.into()));
    let at = page.find("data-term=\"attention:full-bidirectional\"").unwrap();
    let item = &page[at..at + page[at..].find("</li>").unwrap()];
    assert!(item.contains(&format!("class=\"count\">{}<", count.count())), "{item}");
    assert!(item.contains("<a href=\"../") && item.contains("/attention/full-bidirectional/\""), "{item}");
}

#[test]
fn what_is_told_of_a_file_is_true() {
    let mut content = fixture::content();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zoo.sqlite");
    std::fs::write(&file, "not really SQLite").unwrap();
    content.data.file = Some(CatalogFile::read(&file).unwrap());
    let pages = render(&content).unwrap();
    let page = String::from_utf8(pages.get("data/index.html").unwrap().to_vec()).unwrap();
    let mut told = 0;
    for path in tags(&page).iter().filter_map(|tag| tag.get("type").and(tag.get("href"))) {
        let Some(bytes) = path.strip_prefix("../").and_then(|path| pages.get(path)) else { continue };
        let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(path.ends_with(".svg") || page.contains(&digest), "{path}");
        told += 1;
    }
    assert!(told >= 8, "{told} digests");
    let told = String::from_utf8(pages.get("catalog.sqlite.sha256").unwrap().to_vec()).unwrap();
    assert!(page.contains(&told[..64]));
}

#[test]
fn data_in_pages_is_data() {
    let files = files(&fixture::content());
    for path in ["models/bert/index.html", "data/index.html"] {
        let page = &files[path];
        let start = page.find("<script type=\"application/ld+json\">").unwrap() + 35;
        let text = &page[start..start + page[start..].find("</script>").unwrap()];
        let data: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(!text.contains('<') && data.to_string().contains("https://schema.org"), "{path}");
    }
}

/// What a page tells programs.
fn linked(page: &str) -> Vec<Value> {
    let Some((_, rest)) = page.split_once("<script type=\"application/ld+json\">") else { return Vec::new() };
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

/// What is of a type among that; of several types the first counts.
fn typed<'a>(told: &'a [Value], kind: &str) -> Option<&'a Value> {
    told.iter().find(|value| value["@type"] == kind || value["@type"][0] == kind)
}

#[test]
fn models_and_terms_are_told_to_programs() {
    let mut content = fixture::content();
    let roberta = content.models.iter_mut().find(|model| model.summary.id == "roberta").unwrap();
    roberta.descriptor.lineage[0].relation = "fine-tune-of".into();
    roberta.descriptor.licence.weights = "NONE".into();
    let pages = files(&content);
    let page = |path: &str| linked(&pages[&format!("{path}index.html")]);
    let bert = page("models/bert/");
    let model = typed(&bert, "fair4ml:MLModel").unwrap();
    assert_eq!(model["@context"][1]["fair4ml"], "https://w3id.org/fair4ml#");
    assert_eq!((&model["name"], &model["license"]), (&"BERT".into(), &"Apache-2.0".into()));
    assert_eq!(model["fair4ml:modelCategory"][0], "Encoder");
    assert_eq!(model["fair4ml:fineTunedFrom"], Value::Array(vec![]));
    let code = typed(&bert, "SoftwareSourceCode").unwrap();
    assert_eq!((&code["url"], &code["about"]["@id"]), (&"../../models/bert/source/".into(), &model["@id"]));
    let roberta = page("models/roberta/");
    let tuned = &typed(&roberta, "fair4ml:MLModel").unwrap()["fair4ml:fineTunedFrom"];
    assert_eq!(tuned[0]["name"], "BERT");
    assert!(typed(&roberta, "fair4ml:MLModel").unwrap()["license"].is_null(), "nobody gave one");
    assert!(typed(&page("models/elmo/"), "SoftwareSourceCode").is_none(), "there is no code");
    for (path, set) in [
        ("taxonomy/architecture/encoder/", "../../../taxonomy/#architecture"),
        ("parts/attention/full-bidirectional/", "../../../parts/attention/"),
    ] {
        let told = page(path);
        let term = typed(&told, "DefinedTerm").unwrap();
        assert!(path.ends_with(&format!("/{}/", term["termCode"].as_str().unwrap())), "{path}");
        assert_eq!(term["inDefinedTermSet"]["url"], set);
    }
    let told = page("glossary/");
    let words = typed(&told, "DefinedTermSet").unwrap()["hasDefinedTerm"].as_array().unwrap();
    assert!(words.len() > 50, "{} words", words.len());
    for word in words {
        let anchor = word["@id"].as_str().unwrap().trim_start_matches('#');
        assert!(pages["glossary/index.html"].contains(&format!("id=\"{anchor}\"")), "{word}");
    }
    let based = linked(&files(&based())["models/bert/index.html"]);
    let code = typed(&based, "SoftwareSourceCode").unwrap();
    assert_eq!(code["url"], "https://zoo.example/sub/models/bert/source/");
}

#[test]
fn the_trail_is_told_to_programs_as_to_readers() {
    let content = Content { tongues: Tongue::ALL.to_vec(), ..fixture::content() };
    let mut trails = 0;
    for (path, text) in files(&content).iter().filter(|(path, _)| path.ends_with(".html")) {
        let told = linked(text);
        let told = typed(&told, "BreadcrumbList");
        let seen = text.split_once("class=\"crumbs\"").map(|(_, rest)| rest.split_once("</nav>").unwrap().0);
        assert_eq!(told.is_some(), seen.is_some(), "{path}");
        let (Some(told), Some(seen)) = (told, seen) else { continue };
        let steps = told["itemListElement"].as_array().unwrap();
        let lines: Vec<&str> = seen.split("<li").skip(1).collect();
        assert_eq!(steps.len(), lines.len(), "{path}");
        for (at, (step, line)) in steps.iter().zip(lines).enumerate() {
            let name = step["name"].as_str().unwrap().replace('&', "&amp;").replace('<', "&lt;");
            assert!(line.contains(&format!(">{name}<")), "{path}: `{name}` in {line}");
            let href = step["item"].as_str().map(|item| format!("href=\"{item}\""));
            assert!(href.as_ref().is_none_or(|href| line.contains(href.as_str())), "{path}: {href:?} in {line}");
            assert_eq!(step["position"], at + 1);
            let is_last = at + 1 == steps.len();
            assert_eq!((href.is_none(), line.contains("aria-current")), (is_last, is_last), "{path}: {line}");
        }
        trails += 1;
    }
    assert!(trails > 100, "{trails} trails");
}

#[test]
fn an_address_gives_a_sitemap_and_canonical_pages() {
    let with = files(&based());
    let map = &with["sitemap.xml"];
    let told: BTreeSet<&str> = map.split("<loc>").skip(1).map(|rest| rest.split("</loc>").next().unwrap()).collect();
    for (path, text) in with.iter().filter(|(path, _)| path.ends_with(".html")) {
        let address = format!("https://zoo.example/sub/{}", path.trim_end_matches("index.html"));
        // What has moved names its new address, and is not listed.
        let known = path != "404.html" && !text.contains("http-equiv=\"refresh\"");
        assert_eq!(told.contains(address.as_str()), known, "{address}");
        assert_eq!(text.contains(&format!("rel=\"canonical\" href=\"{address}\"")), known, "{path}");
    }
    assert!(with["robots.txt"].contains("Sitemap: https://zoo.example/sub/sitemap.xml"));
    assert!(with["changes.atom"].contains("href=\"https://zoo.example/sub/changes.atom\""));
    assert!(with["models/bert.bib"].contains("url = {https://zoo.example/sub/models/bert/}"));
    let without = files(&fixture::content());
    assert!(!without.contains_key("sitemap.xml") && !without["robots.txt"].contains("Sitemap"));
    assert!(!without["index.html"].contains("canonical"));
    assert!(without["data/index.html"].contains("built without the address"));
}

#[test]
fn the_sitemap_tells_days_and_languages() {
    let files = files(&Content { tongues: Tongue::ALL.to_vec(), ..based() });
    let urls = files["sitemap.xml"].split("<url><loc>https://zoo.example/sub/").skip(1);
    let urls: BTreeMap<&str, &str> = urls.map(|rest| rest.split_once("</loc>").unwrap()).collect();
    let day = |at: &str| urls[at].split_once("<lastmod>").map(|(_, rest)| &rest[..10]);
    for (at, expected) in [
        ("models/bert/", Some("2026-03-01")),
        ("de/models/bert/evidence/", Some("2026-03-01")),
        ("models/roberta/", Some("2026-02-01")),
        // Nothing was said anew of it, and of its code nobody keeps record.
        ("models/t5/", None),
        ("models/bert/source/", None),
        ("zh/compare/bert...roberta/", Some("2026-03-01")),
        ("families/bert/", Some("2026-03-01")),
        ("families/t5/", None),
        ("changes/", Some("2026-03-01")),
        ("changes/2026-01-01/", Some("2026-01-01")),
        ("", Some("2026-03-01")),
        ("about/", None),
    ] {
        assert_eq!(day(at), expected, "{at}");
    }
    for (tag, folder) in [("en", ""), ("zh-Hans", "zh/"), ("de", "de/"), ("x-default", "")] {
        let address = format!("https://zoo.example/sub/{folder}models/bert/");
        let link = format!("<xhtml:link rel=\"alternate\" hreflang=\"{tag}\" href=\"{address}\"/>");
        for at in ["models/bert/", "zh/models/bert/", "de/models/bert/"] {
            assert!(urls[at].contains(&link), "{at}: no {link}");
        }
    }
    assert!(!urls["models/bert/source/"].contains("hreflang"), "code stands in one language");
}

#[test]
fn a_changed_model_is_an_entry_of_its_revision() {
    let ids = |files: &BTreeMap<String, String>, path: &str| -> Vec<String> {
        files[path].split("<entry><id>").skip(1).map(|rest| rest.split("</id>").next().unwrap().to_owned()).collect()
    };
    let mut content = fixture::content();
    let before = files(&content);
    assert_eq!(ids(&before, "changes.atom").len(), 4, "two models in one revision, two in another");
    let mut newer = content.history[0].clone();
    newer.date = "2026-04-01".into();
    content.history.insert(0, newer);
    let after = files(&content);
    let [old, new] = [&before, &after].map(|files| ids(files, "changes.atom"));
    assert_eq!(new[2..], old, "entries stay what they were");
    assert_eq!(ids(&before, "models/new.atom"), ids(&after, "models/new.atom"), "a changed model is no newer");
    assert!(after["changes.atom"].contains("<updated>2026-04-01T00:00:00Z</updated>"), "dates are the revisions' own");
    assert!(before["models/new.atom"].contains("<updated>2018-02-01T00:00:00Z</updated>"), "dates are the models' own");
    assert!(before["models/new.atom"].contains("href=\"../models/bert/\""));
}

#[test]
fn feeds_and_maps_escape_what_they_hold() {
    let mut content = based();
    content.models[0].summary.name = "</title><script>&".into();
    for path in ["changes.atom", "models/new.atom"] {
        let files = files(&content);
        assert!(!files[path].contains("<script") && files[path].contains("&lt;script&gt;&amp;"), "{path}");
    }
}
