//! Only a whole catalog of this version opens.

use std::fs;
use std::path::Path;

use zoo_catalog::{Catalog, Error};

use crate::fixtures::*;

async fn refused(path: &Path) -> (Error, String) {
    let error = Catalog::open(path).await.unwrap_err();
    let told = format!("{error}; {}", error.hint().unwrap());
    (error, told.replace(&path.display().to_string(), "PATH"))
}

#[tokio::test]
async fn a_missing_file_is_not_made() {
    let (folder, path) = folder();
    let (error, told) = refused(&path).await;
    assert!(matches!(error, Error::Missing { .. }));
    assert_eq!(told, "there is no catalog at `PATH`; `zoo publish` builds the catalog");
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn other_files_are_told_apart() {
    let (folder, path) = folder();
    for (content, found) in [("", "it is empty"), ("<!doctype html>", "it is not an SQLite file")] {
        fs::write(&path, content).unwrap();
        let (error, told) = refused(&path).await;
        assert!(matches!(error, Error::NotACatalog { .. }) && told.contains(found), "{told}");
    }
    let (_, told) = refused(folder.path()).await;
    assert!(told.contains("it is not a file"), "{told}");
}

#[tokio::test]
async fn someone_else_s_sqlite_file_is_not_a_catalog() {
    let (_folder, path) = folder();
    build_all(&path).await;
    edit(&path, "PRAGMA application_id = 0").await;
    let (_, told) = refused(&path).await;
    assert!(told.contains("SQLite file of something else"), "{told}");
}

#[tokio::test]
async fn another_schema_version_is_told() {
    let (_folder, path) = folder();
    build_all(&path).await;
    edit(&path, "PRAGMA user_version = 999").await;
    let (_, told) = refused(&path).await;
    assert!(told.starts_with("expected a catalog of schema version 11, `PATH` has version 999; "), "{told}");
}

#[tokio::test]
async fn a_file_cut_short_is_told() {
    let (_folder, path) = folder();
    build_all(&path).await;
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let (error, told) = refused(&path).await;
    assert!(matches!(error, Error::Damaged { .. }), "{told}");
    assert!(told.starts_with(&format!("expected {} bytes, `PATH` has {}", bytes.len(), bytes.len() - 1)), "{told}");
}

#[tokio::test]
async fn a_value_edited_into_nonsense_is_told_with_its_place() {
    let (_folder, path) = folder();
    for (sql, place) in [
        (
            "UPDATE outcome SET status = 'splendid' WHERE device = 'ndarray'",
            "`outcome.status` of `values-match` for `toy` on `ndarray`: there is no status `splendid`",
        ),
        (
            "UPDATE parameter SET shape = '[1, -2]' WHERE path = 'b.bias' AND preset = 'toy-large'",
            "`parameter.shape` of `b.bias` in `toy-large`: ",
        ),
        (
            "UPDATE preset_config SET value = '[' WHERE field = 'extents' AND preset = 'toy-large'",
            "`preset_config.value` of `extents` in `toy-large`: ",
        ),
        ("UPDATE architecture SET descriptor_json = '{}'", "`architecture.descriptor_json` of `toy`: "),
    ] {
        build_all(&path).await;
        edit(&path, sql).await;
        let catalog = Catalog::open(&path).await.unwrap();
        let error = catalog.model("toy").await.unwrap_err();
        assert!(matches!(error, Error::Content { .. }) && error.hint().is_some());
        assert!(error.to_string().contains(place), "{error}");
    }
}

#[tokio::test]
async fn odd_paths_are_paths() {
    let (folder, _) = folder();
    for name in ["file:memory?mode=rwc#x", "it's 100% ünicode.sqlite", ":memory:"] {
        let path = folder.path().join(name);
        build_all(&path).await;
        let catalog = Catalog::open(&path).await.unwrap();
        assert_eq!(catalog.models().await.unwrap().len(), 2, "{name}");
    }
    assert_eq!(names(folder.path()).len(), 3);
}

#[cfg(unix)]
#[tokio::test]
async fn a_catalog_on_read_only_media_opens() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = folder();
    build_all(&path).await;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let models = Catalog::open(&path).await.unwrap().models().await.unwrap().len();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(models, 2);
}

#[tokio::test]
async fn a_catalog_that_another_program_holds_is_told() {
    let (_folder, path) = folder();
    build_all(&path).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut other = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let error = match Catalog::open(&path).await {
        Ok(catalog) => catalog.models().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, Error::Sqlite { .. }) && error.to_string().contains("locked"), "{error}");
    assert!(error.hint().unwrap().contains("another program"));
    // A build replaces the file and needs no lock of it.
    build_all(&path).await;
    assert_eq!(Catalog::open(&path).await.unwrap().models().await.unwrap().len(), 2);
}
