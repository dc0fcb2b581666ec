//! The file holds what the facts say, all of it and nothing else.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use zoo_catalog::facts::{Sheet, doctor, records};
use zoo_catalog::{Catalog, build};
use zoo_registry::descriptor::{Descriptor, Preset};
use zoo_registry::{Record, SuiteFacts};

use crate::{TODAY, coded, with_all};

/// The catalog of all facts. No code is built for it, so that no size has a module tree.
pub(crate) async fn real() -> Catalog {
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

pub(crate) async fn number(catalog: &Catalog, sql: &str) -> usize {
    let rows = catalog.sql(sql).await.unwrap().rows;
    usize::try_from(rows[0][0].as_u64().unwrap_or_else(|| panic!("{sql}: {rows:?}"))).unwrap()
}

/// So many of something in every record.
pub(crate) fn sum(sheets: &[&Sheet], count: impl Fn(&Descriptor) -> usize) -> usize {
    sheets.iter().map(|sheet| count(&sheet.descriptor)).sum()
}

pub(crate) fn sizes(sheets: &[&Sheet], has: impl Fn(&Preset) -> bool) -> usize {
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
