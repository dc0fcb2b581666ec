//! Pictures over time.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::tags;
use crate::{fixture, rendered};

fn files(content: &zoo_site::Content) -> BTreeMap<String, String> {
    rendered(content).into_iter().collect()
}

#[test]
fn every_related_model_stands_in_the_lists_once() {
    let mut content = fixture::content();
    // A second parent does not make a second line.
    let bert = content.models.iter_mut().find(|model| model.summary.id == "bert").unwrap();
    bert.descriptor.lineage.push(zoo_registry::descriptor::Lineage {
        id: "gpt2".into(),
        relation: "uses-component".into(),
        ..Default::default()
    });
    let page = &files(&content)["lineage/index.html"];
    let lines: Vec<_> =
        tags(page).iter().filter_map(|tag| tag.get("id")?.strip_prefix("model-").map(str::to_owned)).collect();
    let unique: BTreeSet<_> = lines.iter().collect();
    assert_eq!(lines.len(), unique.len(), "{lines:?}");
    // GPT-2 is the second parent of its only child, and stands there all the same.
    for id in ["bert", "roberta", "gpt2"] {
        assert!(lines.contains(&id.to_owned()), "no {id} in {lines:?}");
    }
    assert!(page.contains("also from <a href=\"../models/gpt2/\">"), "{page}");
    let (open, close) = (page.matches("<ul>").count() + page.matches("<ul ").count(), page.matches("</ul>").count());
    assert_eq!(open, close, "lists end");
    let open = page.matches("<li>").count() + page.matches("<li ").count();
    assert_eq!(open, page.matches("</li>").count(), "lines end");
}

#[test]
fn a_circle_of_edges_is_drawn_and_ends() {
    let mut content = fixture::content();
    let bert = content.models.iter_mut().find(|model| model.summary.id == "bert").unwrap();
    bert.descriptor.lineage = vec![zoo_registry::descriptor::Lineage {
        id: "roberta".into(),
        relation: "derives-from".into(),
        ..Default::default()
    }];
    let page = &files(&content)["lineage/index.html"];
    assert!(page.contains("id=\"model-bert\"") && page.contains("id=\"model-roberta\""), "{page}");
}

#[test]
fn no_point_of_the_timeline_covers_another() {
    let mut content = fixture::content();
    let one = content.models.iter().find(|model| model.summary.id == "roberta").unwrap().clone();
    for number in 0..20 {
        let mut twin = one.clone();
        twin.summary.id = format!("roberta-{number}");
        twin.descriptor.id.clone_from(&twin.summary.id);
        content.models.push(twin);
    }
    let content = fixture::assemble(content.models, content.matrix.suite);
    let files = files(&content);
    let page = &files["timeline/index.html"];
    let picture = &page[page.find("figure swarm").unwrap()..page.find("</svg></div>").unwrap()];
    let places: Vec<[i32; 2]> = tags(picture)
        .iter()
        .filter(|tag| tag.name == "circle")
        .map(|tag| ["cx", "cy"].map(|name| tag.get(name).unwrap().parse().unwrap()))
        .collect();
    assert!(places.len() > 20, "{} points", places.len());
    for (at, [x, y]) in places.iter().enumerate() {
        let near = places[..at].iter().find(|[left, top]| (x - left).abs() < 12 && (y - top).abs() < 12);
        assert_eq!(near, None, "covered at {x}, {y}");
    }
    for model in &content.models {
        let row = format!("scope=\"row\" class=\"name\"><a href=\"../models/{}/\"", model.summary.id);
        assert_eq!(page.matches(&row).count(), 1, "{} has a row", model.summary.id);
    }
}

#[test]
fn an_empty_catalog_says_so() {
    let content = fixture::assemble(vec![], fixture::suite());
    let files = files(&content);
    assert!(files["lineage/index.html"].contains("No model on record derives from another"));
    assert!(files["timeline/index.html"].contains("Fewer than two models"));
    assert!(files["compare/index.html"].contains("No model on record derives from another"));
    assert!(files["data/index.html"].contains("catalog.json") && !files["data/index.html"].contains("id=\"twins\""));
}
