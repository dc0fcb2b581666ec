//! What messengers show of pages, and what an address that has moved says.

use zoo_site::{Content, Data, render};

use crate::scan::{Tag, tags};
use crate::{fixture, rendered};

fn with(base: Option<&str>, path: Option<&str>) -> Content {
    let mut content = fixture::content();
    let base_url = base.map(|base| base.parse().unwrap());
    let base_path = path.map(|path| path.parse().unwrap());
    content.data = Data { base_url, base_path, ..content.data };
    content
}

fn page(content: &Content, path: &str) -> String {
    rendered(content).into_iter().find(|(at, _)| at == path).map(|(_, text)| text).unwrap()
}

fn says<'a>(all: &'a [Tag<'_>], property: &str) -> Option<&'a str> {
    all.iter().find(|tag| tag.get("property") == Some(property)).and_then(|tag| tag.get("content"))
}

#[test]
fn every_model_has_a_card_and_says_where_it_is() {
    let content = with(Some("https://zoo.example/cat"), None);
    let pages = render(&content).unwrap();
    for model in &content.models {
        let id = &model.summary.id;
        let card = pages.get(&format!("og/{id}.png")).unwrap();
        assert!(card.starts_with(b"\x89PNG"), "{id}");
        let page = String::from_utf8(pages.get(&format!("models/{id}/index.html")).unwrap().to_vec()).unwrap();
        let tags = tags(&page);
        assert_eq!(says(&tags, "og:image"), Some(format!("https://zoo.example/cat/og/{id}.png").as_str()));
        assert!(says(&tags, "og:image:alt").is_some_and(|text| text.contains(": ")), "{id}");
        assert_eq!(says(&tags, "og:url"), Some(format!("https://zoo.example/cat/models/{id}/").as_str()));
    }
    assert_ne!(pages.get("og/bert.png"), pages.get("og/gpt2.png"));
    let other = String::from_utf8(pages.get("lineage/index.html").unwrap().to_vec()).unwrap();
    assert_eq!(says(&tags(&other), "og:image"), Some("https://zoo.example/cat/og/zoo.png"));
    assert!(pages.get("og/zoo.png").is_some());
    assert!(render(&content).unwrap() == pages, "the same bytes");
}

#[test]
fn without_an_address_there_are_no_cards() {
    let pages = render(&with(None, None)).unwrap();
    for (path, bytes) in pages.iter() {
        assert!(!path.starts_with("og/"), "{path}");
        let says = path.ends_with(".html") && String::from_utf8_lossy(bytes).contains("=\"og:");
        assert!(!says, "{path} names a card");
    }
}

#[test]
fn odd_facts_have_cards() {
    let mut content = with(Some("https://zoo.example/"), None);
    for (model, name) in content.models.iter_mut().zip(["", "悟道 2.0", "\u{202e}<b>&\"", "x y z"]) {
        model.summary.name = name.into();
        model.summary.date = "unknown".into();
        model.summary.parameters = None;
        model.sizes.clear();
    }
    assert!(render(&content).unwrap().get("og/bert.png").is_some());
    content.models.clear();
    content.families.clear();
    assert!(render(&content).unwrap().get("og/zoo.png").is_some());
}

#[test]
fn what_is_not_there_is_told_at_any_depth() {
    for (base, path, sheet) in [
        (None, None, "./zoo.css"),
        (Some("https://a.example/cat"), None, "/cat/zoo.css"),
        (Some("https://a.example"), None, "/zoo.css"),
        (None, Some("/cat"), "/cat/zoo.css"),
    ] {
        let page = page(&with(base, path), "404.html");
        let tags = tags(&page);
        let found = tags.iter().find(|tag| tag.get("rel") == Some("stylesheet")).unwrap();
        assert_eq!(found.get("href"), Some(sheet));
    }
}

#[test]
fn old_addresses_of_building_blocks_lead_on() {
    let content = with(Some("https://zoo.example/"), None);
    let old = page(&content, "taxonomy/attention/full-bidirectional/index.html");
    let tags = tags(&old);
    let to = "../../../parts/attention/full-bidirectional/";
    let refresh = tags.iter().find(|tag| tag.get("http-equiv") == Some("refresh")).unwrap();
    assert_eq!(refresh.get("content"), Some(format!("0; url={to}").as_str()));
    assert!(tags.iter().any(|tag| tag.name == "a" && tag.get("href") == Some(to)), "{old}");
    let canonical = tags.iter().find(|tag| tag.get("rel") == Some("canonical")).unwrap();
    assert_eq!(canonical.get("href"), Some("https://zoo.example/parts/attention/full-bidirectional/"));
    let map = page(&content, "sitemap.xml");
    assert!(map.contains("/parts/attention/full-bidirectional/") && !map.contains("/taxonomy/attention/"), "{map}");
}
