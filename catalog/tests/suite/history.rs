//! What a catalog knows of those before it.

use std::fs;
use std::path::Path;

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use zoo_catalog::view::Revision;
use zoo_catalog::{Build, BuildSummary, Catalog, Error, Past};
use zoo_registry::Record;

use crate::fixtures::*;

async fn on(date: &str, earlier: Option<&Path>, records: &[Record], path: &Path) -> Result<BuildSummary, Error> {
    let (suite, outcomes) = (suite(), outcomes());
    let past = Some(Past { date, earlier });
    Build { records, suite: &suite, outcomes: &outcomes, past }.write(path).await
}

async fn history(path: &Path) -> Vec<Revision> {
    Catalog::open(path).await.unwrap().history().await.unwrap()
}

/// The toy, published a month later.
fn later() -> Record {
    let mut toy = toy();
    toy.descriptor.date = "2020-03".into();
    toy
}

#[tokio::test]
async fn a_catalog_without_a_past_keeps_no_record() {
    let (_folder, _, catalog) = catalog().await;
    assert_eq!(catalog.history().await.unwrap(), []);
}

#[tokio::test]
async fn every_edition_keeps_those_before_it() {
    let (_folder, path) = folder();
    on("2026-01-01", None, &[toy()], &path).await.unwrap_err(); // Outcomes of a model that is not there.
    on("2026-01-01", None, &[toy(), block()], &path).await.unwrap();
    let begun = history(&path).await;
    assert_eq!(begun, [Revision { date: "2026-01-01".into(), models: 2, changes: Vec::new() }]);
    // The file may take the place of the one it is compared with.
    on("2026-01-02", Some(&path), &[toy(), block()], &path).await.unwrap();
    assert_eq!(history(&path).await, begun, "nothing changed, nothing is told");
    on("2026-01-03", Some(&path), &[later(), block()], &path).await.unwrap();
    on("2026-02-01", Some(&path), &[toy(), block()], &path).await.unwrap();
    let told: Vec<_> =
        history(&path).await.into_iter().map(|revision| (revision.date, json!(revision.changes))).collect();
    let change =
        |before: &str, after: &str| json!([{ "model": "toy", "field": "/date", "before": before, "after": after }]);
    let expected = [
        ("2026-01-01", json!([])),
        ("2026-01-03", change("2020-02", "2020-03")),
        ("2026-02-01", change("2020-03", "2020-02")),
    ];
    assert_eq!(told, expected.map(|(date, changes)| (date.to_owned(), changes)));
}

#[tokio::test]
async fn equal_input_and_equal_past_give_equal_bytes() {
    let (_here, first) = folder();
    let (_there, second) = folder();
    let (_past, earlier) = folder();
    on("2026-01-01", None, &[toy(), block()], &earlier).await.unwrap();
    let one = on("2026-01-02", Some(&earlier), &[later(), block()], &first).await.unwrap();
    let two = on("2026-01-02", Some(&earlier), &[block(), later()], &second).await.unwrap();
    assert_eq!(one, two);
    assert!(fs::read(&first).unwrap() == fs::read(&second).unwrap());
}

#[tokio::test]
async fn catalogs_are_compared_without_being_built() {
    let (_here, first) = folder();
    let (_there, second) = folder();
    build_all(&first).await;
    on("2026-01-02", None, &[later(), block()], &second).await.unwrap();
    let changes = Catalog::open(&second).await.unwrap().changes_since(&first).await.unwrap();
    let fields: Vec<_> = changes.iter().map(|change| (change.model.as_str(), change.field.as_str())).collect();
    assert_eq!(fields, [("toy", "/date")]);
    assert_eq!(Catalog::open(&first).await.unwrap().changes_since(&first).await.unwrap(), []);
}

/// Makes a file of the version that the first `count` migrations lay out, with a toy in it.
async fn of_version(count: usize, path: &Path) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut connection = SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap();
    let mut files: Vec<_> = ["migrations", "tests/suite/versions"]
        .iter()
        .flat_map(|name| fs::read_dir(folder.join(name)).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.file_name().unwrap().to_str().unwrap()[..4].parse::<usize>().unwrap() <= count)
        .collect();
    // A version's tables come before its rows.
    files.sort_by_key(|path| (path.file_name().unwrap().to_str().unwrap()[..4].to_owned(), path.components().count()));
    for file in files {
        sqlx::raw_sql(AssertSqlSafe(fs::read_to_string(file).unwrap())).execute(&mut connection).await.unwrap();
    }
    let marks = format!("PRAGMA application_id = {}; PRAGMA user_version = {count}; VACUUM", 0x7a6f_6f63);
    sqlx::raw_sql(AssertSqlSafe(marks)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn the_earlier_one_may_be_of_any_earlier_version() {
    let migrations = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations")).unwrap().count();
    for version in 1..=migrations {
        let (_here, old) = folder();
        let (_there, path) = folder();
        of_version(version, &old).await;
        let before = fs::read(&old).unwrap();
        let opened = Catalog::open(&old).await;
        assert_eq!(opened.is_ok(), version == migrations, "an older file is not read as if it were a new one");
        on("2026-01-02", Some(&old), &[toy(), block()], &path)
            .await
            .unwrap_or_else(|error| panic!("{version}: {error}"));
        let revisions = history(&path).await;
        let last = revisions.last().unwrap();
        assert!(last.date == "2026-01-02" && !last.changes.is_empty(), "{version}");
        assert!(fs::read(&old).unwrap() == before, "{version}: the earlier file was written to");
    }
}

#[tokio::test]
async fn what_is_no_earlier_catalog_is_refused() {
    let (here, path) = folder();
    let (_there, earlier) = folder();
    let refused = async |date, earlier: &Path| {
        let error = on(date, Some(earlier), &[toy(), block()], &path).await.unwrap_err();
        assert!(!path.exists(), "{error}");
        error.to_string()
    };
    assert!(refused("2026-01-02", &here.path().join("none")).await.starts_with("there is no catalog at"));
    fs::write(&earlier, "x").unwrap();
    assert!(refused("2026-01-02", &earlier).await.contains("is not a catalog"));
    fs::remove_file(&earlier).unwrap();
    on("2026-01-03", None, &[toy(), block()], &earlier).await.unwrap();
    let told = refused("2026-01-02", &earlier).await;
    assert!(
        told.starts_with("expected a catalog from before 2026-01-02") && told.ends_with("is of 2026-01-03"),
        "{told}"
    );
    assert!(refused("2026-02-30", &earlier).await.contains("expected a day as `YYYY-MM-DD`, found `2026-02-30`"));
    // A newer zoo's, and one whose tables are not what its header says.
    let mut bytes = fs::read(&earlier).unwrap();
    bytes[63] += 1;
    fs::write(&earlier, &bytes).unwrap();
    assert!(refused("2026-01-03", &earlier).await.starts_with("expected a catalog of schema version"));
    bytes[63] = 0;
    fs::write(&earlier, &bytes).unwrap();
    assert!(refused("2026-01-03", &earlier).await.starts_with("expected a catalog of schema version"));
    bytes[63] = 3;
    fs::write(&earlier, &bytes).unwrap();
    assert!(refused("2026-01-03", &earlier).await.starts_with("reading `"));
}

#[tokio::test]
async fn a_record_that_was_edited_into_nonsense_is_told() {
    let (_here, path) = folder();
    on("2026-01-01", None, &[toy(), block()], &path).await.unwrap();
    let edit = async |sql: &'static str| {
        let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    };
    // SQLite takes JSON5 for JSON.
    edit("PRAGMA ignore_check_constraints = ON; INSERT INTO change VALUES ('2026-01-01', 'toy', '/date', '{a: 1}', NULL)").await;
    let error = Catalog::open(&path).await.unwrap().history().await.unwrap_err().to_string();
    assert!(error.contains("`change` of `toy` on 2026-01-01, field `/date`"), "{error}");
}
