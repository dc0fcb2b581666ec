//! SQL that a person typed reads the catalog and nothing else.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use zoo_catalog::{Catalog, Error, Limits};

use crate::fixtures::*;

async fn refused(catalog: &Catalog, sql: &str) -> String {
    let error = catalog.sql(sql).await.expect_err(sql);
    assert!(matches!(error, Error::Query { .. }), "{sql}: {error:?}");
    assert!(error.hint().unwrap().contains("sqlite_schema"));
    error.to_string()
}

#[tokio::test]
async fn values_come_as_json() {
    let (_folder, _path, catalog) = catalog().await;
    let rows = catalog
        .sql("SELECT 1 AS one, 2.5 AS \"two & a half\", 'x' AS one, NULL, x'00ff', 9e999, -9e999, CAST(x'ff41' AS TEXT), 2.0")
        .await
        .unwrap();
    assert_eq!(rows.columns[..3], ["one", "two & a half", "one"]);
    assert_eq!(
        rows.rows,
        [[
            json!(1),
            json!(2.5),
            json!("x"),
            json!(null),
            json!("x'00ff'"),
            json!("Infinity"),
            json!("-Infinity"),
            json!("\u{fffd}A"),
            json!(2.0),
        ]]
    );
    assert!(!rows.truncated);
}

#[tokio::test]
async fn no_rows_still_have_columns() {
    let (_folder, _path, catalog) = catalog().await;
    let rows = catalog.sql("SELECT id, name FROM architecture WHERE 0").await.unwrap();
    assert_eq!(rows.columns, ["id", "name"]);
    assert!(rows.rows.is_empty());
}

#[tokio::test]
async fn nasty_text_comes_back() {
    let (_folder, _path, catalog) = catalog().await;
    assert_eq!(catalog.sql("SELECT summary FROM architecture WHERE id = 'toy';").await.unwrap().rows, [[json!(NASTY)]]);
}

#[tokio::test]
async fn mistakes_show_sqlite_s_message() {
    let (_folder, _path, catalog) = catalog().await;
    assert_eq!(refused(&catalog, "SELECT * FROM modle").await, "no such table: modle");
    assert_eq!(refused(&catalog, "SELEC 1").await, "near \"SELEC\": syntax error");
    assert_eq!(refused(&catalog, "SELECT abs(-9223372036854775808)").await, "integer overflow");
}

#[tokio::test]
async fn one_statement_at_a_time() {
    let (_folder, _path, catalog) = catalog().await;
    assert_eq!(refused(&catalog, "SELECT 1; SELECT 2").await, "expected one statement, found more");
    for nothing in ["", "  ", ";", "-- only a comment"] {
        assert_eq!(refused(&catalog, nothing).await, "expected a statement, found none", "{nothing:?}");
    }
    assert_eq!(refused(&catalog, "SELECT 1\0; DROP TABLE paper").await, "a query cannot contain a zero byte");
    assert_eq!(catalog.sql("SELECT ';' ; -- done\n").await.unwrap().rows, [[json!(";")]]);
}

#[tokio::test]
async fn more_rows_than_asked_for_are_said_to_be_there() {
    let (_folder, _path, catalog) = catalog().await;
    let limits = Limits { rows: 3, ..Limits::default() };
    let numbers = |n: u32| {
        format!("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < {n}) SELECT n FROM t")
    };
    let rows = catalog.sql_within(&numbers(1_000_000_000), limits).await.unwrap();
    assert_eq!((rows.rows, rows.truncated), (vec![vec![json!(1)], vec![json!(2)], vec![json!(3)]], true));
    let rows = catalog.sql_within(&numbers(3), limits).await.unwrap();
    assert_eq!((rows.rows.len(), rows.truncated), (3, false));
    assert_eq!(catalog.sql(&numbers(20_000)).await.unwrap().rows.len(), 10_000);
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_stopped() {
    let (_folder, _path, catalog) = catalog().await;
    let limits = Limits { time: Duration::from_millis(50), ..Limits::default() };
    // Not quite endless, so that this test fails instead of hanging.
    let endless =
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t LIMIT 50000000) SELECT count(*) FROM t";
    let start = Instant::now();
    let told = catalog.sql_within(endless, limits).await.unwrap_err().to_string();
    assert_eq!(told, "stopped after 50ms, the most a query may take");
    assert!(start.elapsed() < Duration::from_secs(3));
    assert!(refused(&catalog, "SELECT length(zeroblob(1000000000))").await.contains("too big"));
}

/// Everything that could be written, with and without the setting that forbids it.
fn hostile(folder: &TempDir) -> Vec<String> {
    let file = |name: &str| folder.path().join(name).display().to_string();
    let writes = [
        "DELETE FROM architecture".to_owned(),
        "UPDATE architecture SET name = 'x'".into(),
        "INSERT INTO lab (id) VALUES ('x')".into(),
        "DROP TABLE outcome".into(),
        "CREATE TABLE x (y)".into(),
        "WITH x AS (SELECT 1) DELETE FROM outcome".into(),
        "PRAGMA user_version = 7; DELETE FROM outcome".into(),
        "VACUUM".into(),
        "REINDEX".into(),
        "ANALYZE".into(),
        "BEGIN IMMEDIATE; DELETE FROM outcome; COMMIT".into(),
        format!("ATTACH '{}' AS x", file("attached.sqlite")),
        format!("ATTACH 'file:{}?mode=rwc' AS x", file("attached-uri.sqlite")),
        "ATTACH ':memory:' AS x".into(),
        format!("VACUUM INTO '{}'", file("vacuumed.sqlite")),
        format!("VACUUM INTO 'file:{}?mode=rwc'", file("vacuumed-uri.sqlite")),
        format!("SELECT writefile('{}', 'x')", file("written")),
        format!("SELECT load_extension('{}')", file("extension")),
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = ''".into(),
    ];
    let unlocked = |sql: &String| format!("PRAGMA query_only = OFF; {sql}");
    let committed = |sql: &String| format!("PRAGMA query_only = OFF; COMMIT; {sql}");
    writes.iter().flat_map(|sql| [sql.clone(), unlocked(sql), committed(sql)]).collect()
}

#[tokio::test]
async fn nothing_can_be_written() {
    let (folder, path, catalog) = catalog().await;
    let old = fs::read(&path).unwrap();
    for sql in hostile(&folder) {
        refused(&catalog, &sql).await;
        assert_eq!(names(folder.path()), ["catalog.sqlite"], "{sql}");
        assert!(fs::read(&path).unwrap() == old, "{sql}");
    }
    assert_eq!(catalog.models().await.unwrap().len(), 2);
}

#[tokio::test]
async fn settings_change_nothing_for_the_next_query() {
    let (folder, path, catalog) = catalog().await;
    let old = fs::read(&path).unwrap();
    for pragma in ["query_only = OFF", "journal_mode = WAL", "locking_mode = EXCLUSIVE", "user_version = 7"] {
        let _ = catalog.sql(&format!("PRAGMA {pragma}")).await;
        assert_eq!(catalog.sql("PRAGMA query_only").await.unwrap().rows, [[json!(1)]], "{pragma}");
        refused(&catalog, "DELETE FROM outcome").await;
    }
    assert!(fs::read(&path).unwrap() == old);
    assert_eq!(names(folder.path()), ["catalog.sqlite"]);
}

#[tokio::test]
async fn other_files_cannot_be_read() {
    let (_folder, _path, catalog) = catalog().await;
    let (_there, other): (TempDir, PathBuf) = folder();
    build_all(&other).await;
    assert_eq!(
        refused(&catalog, &format!("ATTACH '{}' AS x", other.display())).await,
        "too many attached databases - max 0"
    );
}

#[tokio::test]
async fn many_readers_at_once() {
    let (_folder, _path, catalog) = catalog().await;
    let readers = (0..16).map(|at| {
        let catalog = catalog.clone();
        tokio::spawn(
            async move { catalog.sql(&format!("SELECT {at}, count(*) FROM architecture")).await.unwrap().rows },
        )
    });
    for (at, reader) in readers.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(reader.await.unwrap(), [[json!(at), json!(2)]]);
    }
}
