//! What people look for in all facts is found.

use std::collections::BTreeSet;

use zoo_catalog::facts::Sheet;
use zoo_catalog::{Catalog, Filter, Key, Range, Sort};
use zoo_registry::descriptor::{Descriptor, Preset};

use crate::store::{number, real, sizes, sum};
use crate::with_all;

async fn found(catalog: &Catalog, text: &str) -> Vec<String> {
    catalog.search(text, 5).await.unwrap().into_iter().map(|hit| hit.id).collect()
}

#[tokio::test]
async fn models_are_found_by_their_names_in_any_language() {
    let catalog = real().await;
    for (text, first) in [
        ("bert", "bert"),
        ("BERT", "bert"),
        ("GPT-3", "gpt3"),
        ("gpt 3", "gpt3"),
        ("gpt3-175b", "gpt3"),
        ("google-bert/bert-base-uncased", "bert"),
        ("mixtral 8x7", "mixtral"),
        ("悟道", "wu-dao-2"),
        ("infini att", "infini-attention"),
    ] {
        assert_eq!(found(&catalog, text).await.first().map(String::as_str), Some(first), "{text}");
    }
    // Two characters out of the middle of a lab's name.
    assert!(found(&catalog, "智源").await.contains(&"wu-dao-2".to_owned()));
    // By an author, a paper's title and what is written of it.
    assert!(found(&catalog, "vaswani").await.contains(&"transformer".to_owned()));
    assert!(found(&catalog, "attention is all you need").await.contains(&"transformer".to_owned()));
    assert!(found(&catalog, "knowledge-graph entities").await.contains(&"ernie".to_owned()));
    for nothing in ["", " - ", "\"", "*", "zzzzqqq", "bert zzzzqqq", "<zzzzqqq>"] {
        assert_eq!(found(&catalog, nothing).await, Vec::<String>::new(), "{nothing:?}");
    }
    // What would be syntax is words.
    for syntax in [
        "' OR 1=1 --",
        "names : bert",
        "bert OR gpt",
        "NEAR(bert gpt)",
        "bert*",
        "^bert",
        "\"bert",
        "-bert +gpt",
        "{names}: a",
    ] {
        found(&catalog, syntax).await;
    }
    assert_eq!(found(&catalog, "\"bert*").await, found(&catalog, "bert").await);
}

#[tokio::test]
async fn mistyped_names_are_near_right_ones() {
    let catalog = real().await;
    for (asked, near) in [
        ("brt", "bert"),
        ("mixtrall", "mixtral"),
        ("wu-doa-2", "wu-dao-2"),
        ("bert-base-uncasd", "bert-base-uncased"),
        ("chatgtp", "chatgpt"),
    ] {
        let found = catalog.suggest(asked).await.unwrap();
        assert!(found.iter().any(|name| name.eq_ignore_ascii_case(near)), "{asked}: {found:?}");
    }
    assert_eq!(catalog.suggest("").await.unwrap(), Vec::<String>::new());
    assert_eq!(catalog.suggest("\"; --").await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn lists_hold_what_is_asked_for() {
    let catalog = real().await;
    let term = |axis: &str, term: &str| vec![(axis.to_owned(), term.to_owned())];
    let filter = Filter {
        terms: term("attention", "local-window"),
        years: Some(Range { from: Some(2020), to: Some(2023) }),
        parameters: Some(Range { from: None, to: Some(50_000_000_000) }),
        ..Filter::default()
    };
    let sort = Sort { key: Key::Parameters, descending: true };
    let lines = catalog.sizes(&filter, sort).await.unwrap();
    assert!(lines.len() > 3, "{lines:?}");
    assert!(lines.is_sorted_by(|a, b| a.parameters >= b.parameters));
    let expected = with_all(|all| {
        let fits = |sheet: &&&Sheet| {
            let facts = &sheet.descriptor;
            let year: u64 = facts.date[..4].parse().unwrap();
            facts.taxonomy["attention"].iter().any(|term| term == "local-window") && (2020..=2023).contains(&year)
        };
        let number = |size: &Preset| {
            let (counted, stated) = (size.counted.as_ref(), size.stated.as_ref());
            size.parameters.or(counted.map(|counted| counted.parameters)).or(stated.map(|stated| stated.parameters))
        };
        let sizes = all.iter().filter(fits).flat_map(|sheet| sheet.descriptor.sizes());
        let small = sizes.filter(|(_, size)| number(size).is_some_and(|number| number <= 50_000_000_000));
        small.map(|(_, size)| size.id.clone()).collect::<BTreeSet<_>>()
    });
    assert_eq!(lines.iter().map(|line| line.name.clone()).collect::<BTreeSet<_>>(), expected);

    let all = catalog.sizes(&Filter::default(), Sort::default()).await.unwrap();
    let without_sizes =
        number(&catalog, "SELECT count(*) FROM architecture WHERE id NOT IN (SELECT model FROM preset)").await;
    assert_eq!(all.len(), with_all(|all| sizes(all, |_| true)) + without_sizes);
    let named = |name: &str| Filter { name: Some(name.into()), ..Filter::default() };
    let names = async |filter: &Filter| -> Vec<String> {
        catalog.sizes(filter, Sort::default()).await.unwrap().into_iter().map(|line| line.name).collect()
    };
    assert_eq!(names(&named("bloom-3b")).await, ["bloom-3b"]);
    assert_eq!(names(&named("bloom*")).await.len(), 7, "six sizes of BLOOM and BLOOMChat");
    assert_eq!(names(&named("Wu*")).await, ["wu-dao-2-1.75t"]);
    assert_eq!(names(&named("nothing-*")).await, Vec::<String>::new());
    assert_eq!(names(&named("[")).await, Vec::<String>::new());
    let mistral = Filter {
        lab: Some("mistral-ai".into()),
        family: Some("mistral".into()),
        licence: Some("Apache-2.0".into()),
        ..Filter::default()
    };
    let mistral = catalog.sizes(&mistral, Sort::default()).await.unwrap();
    assert!(!mistral.is_empty() && mistral.iter().all(|line| line.name.contains("mi")), "{mistral:?}");
}

#[tokio::test]
async fn facets_count_models() {
    let catalog = real().await;
    for filter in [Filter::default(), Filter { years: Range::parse("2020..2021").ok(), ..Filter::default() }] {
        let in_years =
            |facts: &Descriptor| filter.is_empty() || facts.date.starts_with("2020") || facts.date.starts_with("2021");
        let facets = catalog.facets(&filter).await.unwrap();
        for facet in &facets {
            for term in &facet.terms {
                let expected = with_all(|all| {
                    sum(all, |facts| {
                        let has = match facet.id.as_str() {
                            "family" => facts.family == term.id || facts.other_families.contains(&term.id),
                            "lab" => facts.labs.contains(&term.id),
                            "licence" => [&facts.licence.code, &facts.licence.weights]
                                .iter()
                                .any(|text| text.split(' ').any(|part| part.trim_matches(['(', ')']) == term.id)),
                            "year" => facts.date.starts_with(&term.id),
                            axis => facts.taxonomy.get(axis).is_some_and(|terms| terms.contains(&term.id)),
                        };
                        usize::from(has && in_years(facts))
                    })
                });
                assert_eq!(term.models as usize, expected, "{} {}", facet.id, term.id);
                assert!(expected > 0);
            }
        }
        let ids: Vec<_> = facets.iter().map(|facet| facet.id.as_str()).collect();
        assert!(
            ["attention", "architecture", "family", "lab", "licence", "year"].iter().all(|id| ids.contains(id)),
            "{ids:?}"
        );
    }
}

#[tokio::test]
async fn lineage_goes_all_the_way() {
    let catalog = real().await;
    let gpt2 = catalog.lineage("gpt2").await.unwrap();
    let parents: BTreeSet<_> = gpt2.ancestors.iter().map(|edge| edge.parent.clone()).collect();
    let children: BTreeSet<_> = gpt2.descendants.iter().map(|edge| edge.child.clone()).collect();
    let closure = async |sql: &str| -> BTreeSet<String> {
        let rows = catalog.sql(sql).await.unwrap().rows;
        rows.iter().map(|row| row[0].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(parents, closure("SELECT ancestor FROM lineage_closure WHERE model = 'gpt2'").await);
    assert_eq!(children, closure("SELECT model FROM lineage_closure WHERE ancestor = 'gpt2'").await);
    assert!(parents.contains("transformer") && children.len() > 20, "{parents:?} {children:?}");
    assert!(gpt2.kin.iter().any(|kin| kin.id == "gpt2" && kin.code));
    let none = catalog.lineage("no-such-model").await.unwrap();
    assert!(none.ancestors.is_empty() && none.descendants.is_empty() && none.kin.is_empty());
}
