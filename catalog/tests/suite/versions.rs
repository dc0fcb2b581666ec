//! A catalog of any earlier version becomes one of this, and nothing in it is lost.
//!
//! Versions are numbered as their files in `migrations/` are: what the first `n` lay out is version `n`. `versions/` holds a little of
//! everything that came with each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use crate::fixtures::*;

/// The files of a folder of this crate by their number, which their names begin with.
fn numbered(folder: &str) -> BTreeMap<usize, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name[..4].parse().unwrap(), fs::read_to_string(entry.path()).unwrap())
    };
    files.map(file).collect()
}

async fn empty() -> SqliteConnection {
    SqliteConnectOptions::new().filename(":memory:").connect().await.unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap_or_else(|error| panic!("{error} in\n{sql}"));
}

/// Every table, index and view as SQLite tells it.
async fn schema(connection: &mut SqliteConnection) -> Vec<(String, String, String)> {
    let query = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY name, type";
    sqlx::query_as(query).fetch_all(connection).await.unwrap()
}

/// Rows of every table that is one of ours.
async fn counts(connection: &mut SqliteConnection) -> BTreeMap<String, i64> {
    let query =
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%'";
    let tables: Vec<(String,)> = sqlx::query_as(query).fetch_all(&mut *connection).await.unwrap();
    let mut counts = BTreeMap::new();
    for (table,) in tables {
        let query = sqlx::query_as(AssertSqlSafe(format!("SELECT count(*) FROM \"{table}\"")));
        let (rows,): (i64,) = query.fetch_one(&mut *connection).await.unwrap();
        counts.insert(table, rows);
    }
    counts
}

#[tokio::test]
async fn every_earlier_version_becomes_this_one() {
    let (migrations, rows) = (numbered("migrations"), numbered("tests/suite/versions"));
    let (_folder, path, catalog) = catalog().await;
    let built = SqliteConnectOptions::new().filename(&path).read_only(true).connect().await.unwrap();
    let built = schema(&mut { built }).await;
    let version = catalog.sql("PRAGMA user_version").await.unwrap().rows[0][0].as_u64().unwrap();
    assert_eq!(version, migrations.len() as u64, "a version is a file in `migrations/`");
    for from in 1..=migrations.len() {
        let mut old = empty().await;
        for at in 1..=from {
            run(&mut old, &migrations[&at]).await;
            if let Some(rows) = rows.get(&at) {
                run(&mut old, rows).await;
            }
        }
        let before = counts(&mut old).await;
        assert!(before.values().sum::<i64>() > 0, "version {from} has no rows to lose");
        for at in from + 1..=migrations.len() {
            run(&mut old, &migrations[&at]).await;
        }
        let after = counts(&mut old).await;
        assert!(before.iter().all(|(table, rows)| after.get(table) == Some(rows)), "version {from} lost rows");
        assert_eq!(schema(&mut old).await, built, "version {from} became another schema");
        let broken: Vec<(String,)> =
            sqlx::query_as("SELECT \"table\" FROM pragma_foreign_key_check").fetch_all(&mut old).await.unwrap();
        assert_eq!(broken, [], "version {from}");
        let (sound,): (String,) = sqlx::query_as("PRAGMA integrity_check").fetch_one(&mut old).await.unwrap();
        assert_eq!(sound, "ok", "version {from}");
        let overview = "SELECT count(*) FROM model_overview WHERE name <> ''";
        let (models,): (i64,) = sqlx::query_as(overview).fetch_one(&mut old).await.unwrap();
        assert_eq!(models, after["architecture"], "version {from}: the views answer");
        old.close().await.unwrap();
    }
}
