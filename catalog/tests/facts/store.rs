//! The file holds what the facts say, all of it and nothing else.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use zoo_catalog::facts::{Sheet, doctor, records};
use zoo_catalog::{Catalog, Filter, Key, Range, Sort, build};
use zoo_registry::descriptor::{Descriptor, Preset};
use zoo_registry::{Record, SuiteFacts};

use crate::{TODAY, coded, with_all};

/// The catalog of all facts. No code is built for it, so that no size has a module tree.
async fn real() -> Catalog {
    static FILE: OnceCell<(TempDir, PathBuf)> = OnceCell::const_new();
    let made = FILE.get_or_init(|| async {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("catalog.sqlite");
        let coded = coded().into_iter().map(|sheet| {
            let mut descriptor = sheet.descriptor;
            // The suite of this catalog has no checks that one could be excused from.
            descriptor.waivers.clear();
            descriptor.expected_failures.clear();
            Record::without_code(descriptor)
        });
        build(&path, &records(coded.collect()), &SuiteFacts::default(), &[]).await.unwrap();
        (folder, path)
    });
    Catalog::open(&made.await.1).await.unwrap()
}

async fn number(catalog: &Catalog, sql: &str) -> usize {
    let rows = catalog.sql(sql).await.unwrap().rows;
    usize::try_from(rows[0][0].as_u64().unwrap_or_else(|| panic!("{sql}: {rows:?}"))).unwrap()
}

/// So many of something in every record.
fn sum(sheets: &[&Sheet], count: impl Fn(&Descriptor) -> usize) -> usize {
    sheets.iter().map(|sheet| count(&sheet.descriptor)).sum()
}

fn sizes(sheets: &[&Sheet], has: impl Fn(&Preset) -> bool) -> usize {
    sum(sheets, |facts| facts.sizes().filter(|(_, size)| has(size)).count())
}

#[tokio::test]
async fn there_are_as_many_rows_as_the_facts_say() {
    let catalog = real().await;
    let expected: Vec<(&str, usize)> = with_all(|all| {
        let distinct = |of: &dyn Fn(&Descriptor) -> Vec<String>| {
            all.iter().flat_map(|sheet| of(&sheet.descriptor)).collect::<BTreeSet<_>>().len()
        };
        let report = doctor(all, TODAY);
        vec![
            ("architecture", all.len()),
            ("architecture WHERE code", all.iter().filter(|sheet| sheet.descriptor.has_code()).count()),
            ("architecture WHERE undisclosed", sum(all, |facts| usize::from(facts.undisclosed))),
            ("architecture WHERE weights_public", sum(all, |facts| usize::from(facts.licence.public == Some(true)))),
            ("architecture WHERE listed = 'list'", 77),
            ("preset", report.sizes),
            ("preset WHERE unbuilt", sum(all, |facts| facts.unbuilt.len())),
            ("preset WHERE stated IS NOT NULL", sizes(all, |size| size.stated.is_some())),
            ("preset WHERE counted IS NOT NULL", sizes(all, |size| size.counted.is_some())),
            (
                "preset WHERE checked IS NOT NULL",
                sizes(all, |size| size.counted.as_ref().is_some_and(|counted| counted.checked.is_some())),
            ),
            ("preset WHERE active IS NOT NULL", sizes(all, |size| size.active.is_some())),
            ("preset WHERE hub_seen IS NOT NULL", sizes(all, |size| size.hub_seen.is_some())),
            ("preset WHERE of_model IS NOT NULL", sizes(all, |size| size.of.is_some())),
            ("preset_config", sum(all, |facts| facts.sizes().map(|(_, size)| size.config.len()).sum())),
            ("lineage", report.edges),
            ("lineage WHERE ancestor IN (SELECT id FROM architecture)", report.edges),
            ("conflict WHERE severity = 'conflict'", report.conflicts),
            ("conflict WHERE severity = 'note'", report.notes),
            ("conflict_value", sum(all, |facts| facts.conflicts.iter().map(|conflict| conflict.values.len()).sum())),
            ("source", report.sources),
            ("source WHERE source = 'uncited'", report.uncited),
            ("source WHERE reference IS NOT NULL AND document IS NULL", 0),
            ("architecture_term", sum(all, |facts| facts.taxonomy.values().map(Vec::len).sum())),
            ("architecture_lab", sum(all, |facts| facts.labs.len())),
            ("architecture_paper", sum(all, |facts| facts.papers.len())),
            ("architecture_family", sum(all, |facts| 1 + facts.other_families.len())),
            ("application", sum(all, |facts| facts.applications.len())),
            ("country", sum(all, |facts| facts.countries.len())),
            ("paper", distinct(&|facts| facts.papers.iter().map(|paper| format!("{paper:?}")).collect())),
            ("family", distinct(&|facts| [&facts.family].into_iter().chain(&facts.other_families).cloned().collect())),
            ("lab WHERE name IS NULL", 0),
            ("licence WHERE label IS NULL", 0),
            ("family WHERE label IS NULL", 0),
            (
                "external_statement WHERE field = 'name' AND catalog = 'amatriain'",
                sum(all, |facts| usize::from(facts.external.amatriain.is_some())),
            ),
            (
                "external_statement WHERE field = 'name' AND catalog = 'orkg'",
                sum(all, |facts| usize::from(facts.external.orkg.is_some())),
            ),
            ("name WHERE kind = 'translation'", sum(all, |facts| facts.names.len())),
            ("search_document", all.len()),
        ]
    });
    for (what, rows) in expected {
        assert_eq!(number(&catalog, &format!("SELECT count(*) FROM {what}")).await, rows, "{what}");
        assert!(rows > 0 || what.contains("NULL"), "nothing is there to be counted: {what}");
    }
    let stats = catalog.stats().await.unwrap();
    assert_eq!((stats.models, stats.with_code), (163, 10));
}

#[tokio::test]
async fn what_is_not_yet_sourced_can_be_told() {
    let catalog = real().await;
    let unsourced = with_all(|all| {
        let uncited = |facts: &Descriptor| {
            facts.sources.values().filter(|sources| sources.iter().all(|source| source.source == "uncited")).count()
        };
        sum(all, uncited)
    });
    let sql = "SELECT count(*) FROM field_source WHERE NOT sourced AND field NOT LIKE '%.%'";
    assert_eq!(number(&catalog, sql).await, unsourced);
    let read = "SELECT d.name, s.locator FROM source AS s JOIN document AS d ON d.id = s.document
                WHERE architecture = 'bloom' AND field = 'attention' ORDER BY position";
    let rows = catalog.sql(read).await.unwrap().rows;
    assert_eq!(rows[0], [json!("transformers 4.57.6"), json!("models/bloom")]);
    assert_eq!(rows[1][1], json!("train/tr11-176B-ml/README.md"));
}

/// The columns of the catalog paper, as the file has them.
#[tokio::test]
async fn every_model_of_the_catalog_paper_has_all_its_columns() {
    let catalog = real().await;
    let axis =
        |axis: &str| format!("EXISTS (SELECT 1 FROM architecture_term WHERE architecture = a.id AND axis = '{axis}')");
    let list = |table: &str| format!("EXISTS (SELECT 1 FROM {table} WHERE architecture = a.id)");
    let columns = [
        ("family", list("architecture_family")),
        ("pretraining architecture", axis("architecture")),
        ("pretraining task", axis("pretraining-task")),
        ("extension", "a.extension <> ''".into()),
        ("application", list("application")),
        ("date", "a.date <> ''".into()),
        ("parameters", "a.undisclosed OR EXISTS (SELECT 1 FROM preset WHERE model = a.id)".into()),
        ("corpus", "a.corpus <> ''".into()),
        ("licence", format!("a.weights_public IS NOT NULL AND {}", list("architecture_licence"))),
        ("lab", list("architecture_lab")),
    ];
    for (column, has) in columns {
        let sql = format!("SELECT count(*), sum({has}) FROM architecture AS a WHERE listed IS NOT NULL");
        let rows = catalog.sql(&sql).await.unwrap().rows;
        assert_eq!(rows, [[json!(92), json!(92)]], "{column}");
    }
}

/// What the records' curators promised, asked of the file. What a single record cannot break by itself is tested with the facts.
#[tokio::test]
async fn the_invariants_hold_in_the_file() {
    let catalog = real().await;
    let invariants = [
        ("no model is its own ancestor", "SELECT model FROM lineage_closure WHERE model = ancestor"),
        (
            "no child is older than its parent",
            "SELECT l.architecture, l.ancestor FROM lineage AS l JOIN architecture AS c ON c.id = l.architecture
             JOIN architecture AS p ON p.id = l.ancestor WHERE substr(p.date, 1, 7) > substr(coalesce(l.date, c.date), 1, 7)",
        ),
        (
            "an edge names a size that there is",
            "SELECT architecture, preset_name FROM lineage AS l WHERE preset_name IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM preset WHERE model = l.architecture AND name = l.preset_name)",
        ),
        ("names for people are used once", "SELECT lower(name) FROM architecture GROUP BY 1 HAVING count(*) > 1"),
        ("names belong to one model", "SELECT normal FROM name WHERE kind <> 'name' GROUP BY 1 HAVING count(DISTINCT architecture) > 1"),
        (
            "what is looked up says where",
            "SELECT architecture, field FROM source WHERE source <> 'uncited' AND reference IS NULL AND architecture NOT IN
             (SELECT id FROM architecture WHERE code)",
        ),
        ("every edge has a source", "SELECT l.architecture, l.ancestor FROM lineage AS l WHERE NOT EXISTS (SELECT 1 FROM source AS s
             WHERE s.architecture = l.architecture AND s.lineage = l.position)"),
        (
            "fewer key heads go with an attention that has them",
            "SELECT p.id FROM preset AS p JOIN preset_config AS k ON k.preset = p.id AND k.field = 'n_kv_heads'
             JOIN preset_config AS h ON h.preset = p.id AND h.field = 'n_heads'
             WHERE k.value < h.value AND NOT EXISTS (SELECT 1 FROM architecture_term WHERE architecture = p.model
               AND axis = 'attention' AND term IN ('multi-query', 'grouped-query'))",
        ),
        ("heads are a multiple of key heads", "SELECT p.id FROM preset AS p
             JOIN preset_config AS k ON k.preset = p.id AND k.field = 'n_kv_heads'
             JOIN preset_config AS h ON h.preset = p.id AND h.field = 'n_heads' WHERE h.value % k.value <> 0"),
        ("one token uses fewer parameters than there are", "SELECT id FROM preset WHERE active >= size"),
        ("`other` is explained", "SELECT id FROM architecture WHERE architecture_note IS NULL AND NOT code AND id IN
             (SELECT architecture FROM architecture_term WHERE axis = 'architecture' AND term = 'other')"),
        (
            "a count that is off by more than rounding is explained",
            "SELECT id FROM preset WHERE counted_basis IS NULL AND abs(1.0 * counted / stated - 1) > 0.03 AND model NOT IN
             (SELECT architecture FROM conflict_about WHERE field = 'parameters')",
        ),
        ("years are of Transformers and what led to them", "SELECT id, date FROM architecture WHERE date < '2014' OR date > '2026-12'"),
    ];
    for (promise, sql) in invariants {
        let rows = catalog.sql(sql).await.unwrap().rows;
        assert_eq!(rows, Vec::<Vec<Value>>::new(), "{promise}");
    }
}

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
