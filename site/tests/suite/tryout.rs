//! The box in which a model runs: there where it can be, and nowhere else.

use std::collections::BTreeMap;

use zoo_site::{Content, Pages, Tryout, render};

use crate::fixture;
use crate::scan::tags;

fn with(module: &[u8], weights: &[u8]) -> Pages {
    let files =
        BTreeMap::from([("config.json".into(), b"{}".to_vec()), ("model.safetensors".into(), weights.to_vec())]);
    let tryout = Tryout { module: module.to_vec(), demos: BTreeMap::from([("bert".into(), files)]) };
    render(&Content { tryout: Some(tryout), ..fixture::content() }).unwrap()
}

fn page(pages: &Pages, path: &str) -> String {
    String::from_utf8(pages.get(path).unwrap().to_vec()).unwrap()
}

/// What the script is told, from the page of BERT.
fn told(pages: &Pages) -> serde_json::Value {
    let page = page(pages, "models/bert/index.html");
    let told = tags(&page).into_iter().find_map(|tag| tag.get("data-tryout").map(str::to_owned)).unwrap();
    let told = told.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&told).unwrap()
}

fn code(pages: &Pages) -> Vec<String> {
    pages.iter().filter(|(path, _)| path.starts_with("tryout/")).map(|(path, _)| path.to_owned()).collect()
}

#[test]
fn only_pages_with_a_model_that_runs_load_its_script() {
    let pages = with(b"module", b"weights");
    for (path, _) in pages.iter().filter(|(path, _)| path.ends_with(".html")) {
        let text = page(&pages, path);
        let has = path == "models/bert/index.html";
        let sources = tags(&text).into_iter().filter(|tag| tag.name == "script");
        let sources: Vec<String> = sources.filter_map(|tag| tag.get("src").map(str::to_owned)).collect();
        let ours: Vec<_> = sources.iter().filter(|source| source.contains("tryout/")).collect();
        assert_eq!(ours.len(), usize::from(has), "{path}");
        // The page of results runs the module that searches.
        let wide = has || path == "search/index.html";
        assert_eq!(
            text.contains("script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'"),
            wide,
            "{path}"
        );
        for source in ours {
            let source = source.strip_prefix("../../").unwrap().to_owned();
            assert!(pages.get(&source).is_some() && source.ends_with("/box.js"), "{source}");
        }
    }
}

#[test]
fn without_a_module_there_is_nothing_of_it() {
    let pages = render(&fixture::content()).unwrap();
    assert!(code(&pages).is_empty());
    assert!(pages.iter().all(|(path, _)| !page(&pages, path).contains("data-tryout")));
}

#[test]
fn the_script_is_told_what_is_there() {
    let pages = with(&[7; 5000], b"weights");
    let told = told(&pages);
    let file = &told["files"][1];
    assert_eq!((&file["name"], &file["bytes"]), (&"model.safetensors".into(), &7.into()));
    let address = file["address"].as_str().unwrap().split('?').next().unwrap();
    assert_eq!(pages.get(&format!("models/bert/{address}")).unwrap(), b"weights");
    let module = code(&pages).into_iter().find(|path| path.ends_with("/zoo.module")).unwrap();
    let packed = pages.get(&module).unwrap();
    assert_eq!(told["module"]["bytes"], packed.len());
    assert!(packed.len() < 100 && packed.starts_with(&[0x1f, 0x8b]), "it is packed");
    assert_eq!(told["examples"], serde_json::json!([{ "text": "a [MASK] & b" }]));
}

#[test]
fn what_changes_has_another_address() {
    let (one, other) = (with(b"one", b"weights"), with(b"other", b"weights"));
    assert!(code(&one) == code(&with(b"one", b"weights")), "the same input gives the same addresses");
    assert!(code(&one).iter().all(|path| !code(&other).contains(path)));
    let address = |pages: &Pages| told(pages)["files"][1]["address"].clone();
    assert_eq!(address(&one), address(&other));
    assert_ne!(address(&one), address(&with(b"one", b"newer")));
}

#[test]
fn scripts_load_nothing_from_elsewhere() {
    let pages = with(b"module", b"weights");
    let scripts: Vec<String> = code(&pages).into_iter().filter(|path| path.ends_with(".js")).collect();
    assert!(scripts.len() > 3);
    for path in &scripts {
        let text = page(&pages, path);
        for line in text.lines().filter(|line| line.contains("http")) {
            assert!(line.contains("'http://www.w3.org/2000/svg'"), "{path}: {line}");
        }
        for named in text.split('\'').filter(|part| part.starts_with("./") || *part == "worker.js") {
            let folder = path.rsplit_once('/').unwrap().0;
            let at = format!("{folder}/{}", named.trim_start_matches("./"));
            assert!(pages.get(&at).is_some(), "{path} names {named}");
        }
    }
}
