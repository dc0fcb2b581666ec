//! What the compiler was told of checked queries is what the schema says today. `catalog/offline.sh` writes it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, SqlSafeStr};

use crate::fixtures::*;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
}

#[tokio::test]
async fn checked_queries_know_the_schema() {
    let (_folder, path) = folder();
    build_all(&path).await;
    let mut connection = SqliteConnectOptions::new().filename(&path).read_only(true).connect().await.unwrap();
    for file in files(".sqlx") {
        let told: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let query = told["query"].as_str().unwrap();
        let found = connection.describe(AssertSqlSafe(query.to_owned()).into_sql_str()).await;
        let found = found.unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(serde_json::to_value(found).unwrap(), told["describe"], "{query}: run `catalog/offline.sh`");
    }
}

#[test]
fn nothing_is_told_of_queries_that_are_gone() {
    let sources: Vec<String> = files("src/query").iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let of = |name: &str| sources.iter().map(|text| text.matches(&format!("sqlx::{name}!(")).count()).sum::<usize>();
    let asked = of("query") + of("query_as") + of("query_scalar");
    assert!(asked > 40);
    assert_eq!(asked, files(".sqlx").len(), "run `catalog/offline.sh`");
}
