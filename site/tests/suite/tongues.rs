//! The site in several languages: the same pages at the same addresses, honest where something is English.

use std::collections::{BTreeMap, BTreeSet};

use zoo_site::{Content, Data, Tongue};

use crate::escape::hostile;
use crate::links::broken;
use crate::scan::tags;
use crate::{fixture, rendered};

/// The fixture in every language.
fn all() -> Content {
    Content { tongues: Tongue::ALL.to_vec(), ..fixture::content() }
}

fn pages(content: &Content) -> BTreeMap<String, String> {
    rendered(content).into_iter().collect()
}

/// The language of a page by its folder, and its address in it.
fn place(path: &str) -> (&'static str, &str) {
    let of = |(folder, tag): (&str, &'static str)| path.strip_prefix(folder).map(|rest| (tag, rest));
    [("zh/", "zh-Hans"), ("de/", "de")].into_iter().find_map(of).unwrap_or(("en", path))
}

#[test]
fn every_page_stands_in_every_language_but_code() {
    let files = pages(&all());
    let of = |tag: &str| -> BTreeSet<&str> {
        files
            .keys()
            .filter(|path| path.ends_with(".html"))
            .map(|path| place(path))
            .filter(|(own, _)| *own == tag)
            .map(|(_, at)| at)
            .collect()
    };
    let english = of("en");
    // An old address was never there but in English.
    let moved = |at: &str| files[at].contains("http-equiv=\"refresh\"");
    let only: Vec<&str> = english.difference(&of("de")).copied().filter(|at| !moved(at)).collect();
    assert_eq!(of("de"), of("zh-Hans"));
    assert!(of("de").is_subset(&english) && of("de").contains("models/bert/index.html"));
    assert!(only.contains(&"404.html") && only.contains(&"models/bert/source/index.html"), "{only:?}");
    assert!(
        only.iter().all(|at| *at == "404.html" || at.ends_with("/source/index.html") || at.starts_with("parts/code/")),
        "{only:?}"
    );
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        let html = tags(text).into_iter().find(|tag| tag.name == "html").unwrap();
        assert_eq!(html.get("lang"), Some(place(path).0), "{path}");
    }
}

#[test]
fn what_has_no_language_stands_once() {
    let files = pages(&all());
    let own: Vec<&str> =
        files.keys().filter(|path| place(path).0 == "de" && !path.ends_with(".html")).map(String::as_str).collect();
    assert_eq!(own, ["de/catalog.min.json", "de/search/more.js", "de/search/names.js", "de/sizes.min.json"]);
}

#[test]
fn links_lead_somewhere_in_every_language() {
    let files: Vec<_> = pages(&all()).into_iter().collect();
    assert!(files.len() > 100, "{} files", files.len());
    let problems = broken(&files);
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn a_page_leads_to_itself_in_the_other_languages() {
    let files = pages(&all());
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        let (own, at) = place(path);
        let tags = tags(text);
        let others: BTreeSet<(&str, &str)> = tags
            .iter()
            .filter(|tag| tag.name == "a" && tag.get("rel") == Some("alternate"))
            .map(|tag| (tag.get("lang").unwrap(), tag.get("href").unwrap()))
            .collect();
        if !files.contains_key(&format!("de/{at}")) {
            assert!(others.is_empty(), "{path} stands in one language: {others:?}");
            continue;
        }
        let up = "../".repeat(path.matches('/').count());
        let address = at.trim_end_matches("index.html");
        for (folder, tag) in [("", "en"), ("zh/", "zh-Hans"), ("de/", "de")].into_iter().filter(|(_, tag)| *tag != own)
        {
            let there = format!("{up}{folder}{address}");
            let there = if up.is_empty() { format!("./{folder}{address}") } else { there };
            assert!(others.contains(&(tag, there.as_str())), "{path}: {there} is not among {others:?}");
        }
    }
}

#[test]
fn alternates_are_whole_addresses_or_none() {
    let alternates = |content: &Content| -> Vec<(String, String)> {
        let files = pages(content);
        let tags = tags(&files["zh/models/bert/index.html"]);
        let told = tags.iter().filter(|tag| tag.name == "link" && tag.get("hreflang").is_some());
        told.map(|tag| (tag.get("hreflang").unwrap().to_owned(), tag.get("href").unwrap().to_owned())).collect()
    };
    assert!(alternates(&all()).is_empty());
    let base_url = Some("https://zoo.example/x".parse().unwrap());
    let based = Content { data: Data { base_url, ..all().data }, ..all() };
    let at = |folder: &str| format!("https://zoo.example/x/{folder}models/bert/");
    let expected = [("en", ""), ("zh-Hans", "zh/"), ("de", "de/"), ("x-default", "")];
    assert_eq!(alternates(&based), expected.map(|(tag, folder)| (tag.to_owned(), at(folder))));
    let canonical = format!("<link rel=\"canonical\" href=\"{}\">", at("de/"));
    assert!(pages(&based)["de/models/bert/index.html"].contains(&canonical));
}

#[test]
fn one_language_is_offered_no_other() {
    for (path, text) in pages(&fixture::content()) {
        assert!(place(&path).0 == "en" && !text.contains("class=\"tongues\"") && !text.contains("hreflang"), "{path}");
    }
}

#[test]
fn pages_say_so_where_some_of_them_is_english() {
    let mut silent = 0;
    for (path, text) in pages(&all()).into_iter().filter(|(path, _)| path.ends_with(".html")) {
        assert!(!text.contains("<!--"), "{path} has a mark left");
        let main = text.split_once("<main").unwrap().1;
        let english = main.contains(" lang=\"en\"");
        assert_eq!(english, main.contains("class=\"notice\""), "{path}");
        assert!(place(&path).0 != "en" || !english, "{path}");
        silent += usize::from(place(&path).0 != "en" && !english);
    }
    assert!(silent > 0, "no page is without English");
}

#[test]
fn terms_are_called_as_the_language_calls_them() {
    let files = pages(&all());
    let causal = |folder: &str| files[&format!("{folder}parts/attention/causal/index.html")].clone();
    assert!(causal("zh/").contains("<h1>因果注意力</h1>"));
    assert!(causal("de/").contains("<h1>kausale Aufmerksamkeit</h1>") && causal("de/").contains(">Aufmerksamkeit</a>"));
    // A term without a name stays English, and says so.
    let named = |text: &str| tags(text).iter().any(|tag| tag.name == "a" && tag.get("lang") == Some("en"));
    assert!(named(&files["de/models/bert/index.html"]) || named(&files["de/taxonomy/index.html"]));
    assert!(files["de/catalog.min.json"].contains("Architektur") && files["catalog.min.json"].contains("Architecture"));
    assert!(files["zh/search/names.js"].contains("因果注意力") && files["zh/search/more.js"].contains("en=Causal"));
}

#[test]
fn hostile_facts_stay_text_in_every_language() {
    let content = Content { tongues: Tongue::ALL.to_vec(), ..hostile() };
    for (path, text) in rendered(&content).into_iter().filter(|(path, _)| path.ends_with(".html")) {
        for tag in tags(&text) {
            let inline = tag.name == "script"
                && tag.get("src").is_none()
                && !tag.get("type").is_some_and(|kind| kind.ends_with("json"));
            let hears = tag.attributes.iter().any(|(name, _)| name.starts_with("on"));
            assert!(!inline && !hears && tag.get("src") != Some("x"), "{path}: {tag:?}");
        }
    }
}

#[test]
fn an_empty_catalog_is_told_in_every_language() {
    let suite = fixture::content().matrix.suite;
    let content = Content { tongues: Tongue::ALL.to_vec(), ..fixture::assemble(vec![], suite) };
    let problems = broken(&rendered(&content));
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn shapes_that_have_no_room_are_counted_in_the_language_of_the_page() {
    let mut content = all();
    let bert = content.models.iter_mut().find(|model| model.summary.id == "bert").unwrap();
    for layer in &mut bert.sizes[0].modules.children[1].children {
        let mlp = layer.children.iter_mut().find(|child| child.name == "mlp").unwrap();
        let linear = mlp.children[0].clone();
        for width in [5, 7] {
            let mut another = linear.clone();
            another.name = format!("another_{width}");
            another.parameters.iter_mut().for_each(|parameter| parameter.shape = vec![width, width]);
            mlp.children.push(another);
        }
    }
    let files = pages(&content);
    for (page, text) in [
        ("models/bert/index.html", "+\u{202f}3 more"),
        ("de/models/bert/index.html", "+\u{202f}3 weitere"),
        ("zh/models/bert/index.html", "另有\u{202f}3\u{202f}个"),
    ] {
        assert!(files[page].contains(text), "no `{text}` in {page}");
    }
}
