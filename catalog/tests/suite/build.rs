//! What a build writes, and what it leaves alone.

use std::fs;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use zoo_catalog::{Build, Catalog, Past, build};
use zoo_registry::{ModuleTree, SuiteFacts};

use crate::fixtures::*;

#[tokio::test]
async fn equal_input_gives_equal_bytes() {
    let (_here, first) = folder();
    let (_there, second) = folder();
    build_all(&first).await;
    build_all(&second).await;
    assert!(fs::read(&first).unwrap() == fs::read(&second).unwrap(), "two builds differ");
}

#[tokio::test]
async fn the_order_of_the_input_does_not_matter() {
    let (_here, first) = folder();
    let (_there, second) = folder();
    let one = build(&first, &[toy(), block()], &suite(), &outcomes()).await.unwrap();
    let (mut shuffled, mut suite, mut outcomes) = (toy(), suite(), outcomes());
    shuffled.sources.reverse();
    shuffled.sizes.reverse();
    suite.checks.reverse();
    suite.levels.iter_mut().for_each(|level| level.checks.reverse());
    outcomes.reverse();
    outcomes.swap(0, 2);
    let other = build(&second, &[block(), shuffled], &suite, &outcomes).await.unwrap();
    assert_eq!(one, other);
    assert!(fs::read(&first).unwrap() == fs::read(&second).unwrap(), "the order shows");
}

#[tokio::test]
async fn other_input_gives_other_bytes() {
    let (_here, first) = folder();
    let (_there, second) = folder();
    let one = build(&first, &[toy(), block()], &suite(), &outcomes()).await.unwrap();
    let mut other = toy();
    other.readme.push('!');
    let other = build(&second, &[other, block()], &suite(), &outcomes()).await.unwrap();
    assert_ne!(one.blake3, other.blake3);
}

#[tokio::test]
async fn the_summary_says_what_was_written() {
    let (_folder, path) = folder();
    let summary = build(&path, &[toy(), block()], &suite(), &outcomes()).await.unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!((summary.architectures, summary.presets, summary.checks, summary.outcomes), (2, 4, 3, 5));
    assert_eq!((summary.bytes, summary.blake3), (bytes.len() as u64, blake3::hash(&bytes).to_hex().to_string()));
}

#[tokio::test]
async fn nothing_at_all_is_a_catalog_too() {
    let (_folder, path) = folder();
    build(&path, &[], &SuiteFacts::default(), &[]).await.unwrap();
    let catalog = Catalog::open(&path).await.unwrap();
    assert!(catalog.models().await.unwrap().is_empty());
    assert!(catalog.matrix().await.unwrap().rows.is_empty());
    assert!(!catalog.axes().await.unwrap().is_empty(), "the vocabulary is there without models");
}

#[tokio::test]
async fn a_refused_build_leaves_the_old_file() {
    let (folder, path) = folder();
    build_all(&path).await;
    let old = fs::read(&path).unwrap();
    build(&path, &[toy(), toy()], &suite(), &[]).await.unwrap_err();
    assert!(fs::read(&path).unwrap() == old);
    assert_eq!(names(folder.path()), ["catalog.sqlite"]);
}

/// Drops a build at every point where it waits, the first, the second, …, until one comes through.
#[tokio::test]
async fn a_dropped_build_leaves_the_old_file() {
    let (folder, path) = folder();
    build_all(&path).await;
    let old = fs::read(&path).unwrap();
    let mut interrupted = 0;
    loop {
        let records = [block()];
        let mut left = interrupted + 1;
        let finished = {
            let suite = SuiteFacts::default();
            let mut running = pin!(build(&path, &records, &suite, &[]));
            poll_fn(|context| {
                if left == 0 {
                    return Poll::Ready(false);
                }
                left -= 1;
                running.as_mut().poll(context).map(|result| result.map(|_| true).unwrap())
            })
            .await
        };
        assert_eq!(names(folder.path()), ["catalog.sqlite"], "after {interrupted} steps");
        if finished {
            break;
        }
        assert!(fs::read(&path).unwrap() == old, "after {interrupted} steps");
        interrupted += 1;
    }
    assert!(interrupted > 5, "only {interrupted} builds were interrupted");
    assert!(fs::read(&path).unwrap() != old, "the last build came through");
}

#[tokio::test]
async fn a_leftover_of_a_killed_build_is_removed() {
    let (folder, path) = folder();
    fs::write(folder.path().join(".catalog.sqlite.building"), "half a cata").unwrap();
    fs::write(folder.path().join(".other.sqlite.building"), "not ours").unwrap();
    build_all(&path).await;
    assert_eq!(names(folder.path()), [".other.sqlite.building", "catalog.sqlite"]);
}

#[tokio::test]
async fn a_build_that_cannot_be_placed_leaves_no_litter() {
    let (folder, path) = folder();
    fs::create_dir(&path).unwrap();
    fs::write(path.join("inside"), "").unwrap();
    let error = build(&path, &[block()], &SuiteFacts::default(), &[]).await.unwrap_err().to_string();
    assert!(error.contains("catalog.sqlite"), "{error}");
    assert_eq!(names(folder.path()), ["catalog.sqlite"]);
    let nowhere = folder.path().join("no/such/folder/catalog.sqlite");
    let error = build(&nowhere, &[block()], &SuiteFacts::default(), &[]).await.unwrap_err().to_string();
    assert!(error.contains("no/such/folder"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn builds_at_once_take_turns() {
    let (folder, path) = folder();
    let builds = (0..64).map(|_| {
        let path = path.clone();
        tokio::spawn(async move { build_all(&path).await })
    });
    for build in builds.collect::<Vec<_>>() {
        build.await.unwrap();
    }
    assert_eq!(names(folder.path()), ["catalog.sqlite"]);
    Catalog::open(&path).await.unwrap();
}

#[tokio::test]
async fn an_open_catalog_keeps_reading_the_file_it_opened_or_the_new_one() {
    let (_folder, path, catalog) = catalog().await;
    build(&path, &[block()], &SuiteFacts::default(), &[]).await.unwrap();
    let models = catalog.models().await.unwrap();
    assert!(models.iter().any(|model| model.id == "block"));
}

#[tokio::test]
async fn the_file_is_sound_and_says_whose_it_is() {
    let (_folder, _path, catalog) = catalog().await;
    let rows = async |sql| catalog.sql(sql).await.unwrap().rows;
    assert_eq!(rows("PRAGMA integrity_check").await, [[serde_json::json!("ok")]]);
    assert!(rows("PRAGMA foreign_key_check").await.is_empty());
    assert_eq!(rows("PRAGMA page_size").await, [[serde_json::json!(4096)]]);
    assert_eq!(rows("PRAGMA journal_mode").await, [[serde_json::json!("delete")]]);
    assert_eq!(rows("PRAGMA application_id").await, [[serde_json::json!(u32::from_be_bytes(*b"zooc"))]]);
    assert_eq!(rows("PRAGMA freelist_count").await, [[serde_json::json!(0)]]);
    assert!(rows("SELECT name FROM sqlite_schema WHERE name LIKE '%sqlx%'").await.is_empty());
    assert!(
        rows(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
                  AND NOT strict AND name NOT LIKE 'sqlite%'"
        )
        .await
        .is_empty()
    );
    // The check above finds nothing also where there is nothing to check.
    assert!(rows("SELECT DISTINCT m.name FROM sqlite_schema AS m, pragma_foreign_key_list(m.name)").await.len() > 15);
}

#[tokio::test]
async fn the_file_has_no_slack() {
    let (_folder, path) = folder();
    let mut wide = toy();
    let layers = &mut wide.sizes[0].modules.children[1].children;
    *layers = (0..300).map(|at| ModuleTree { name: at.to_string(), ..layers[0].clone() }).collect();
    build(&path, &[wide], &suite(), &[]).await.unwrap();
    let size = || fs::metadata(&path).unwrap().len();
    let built = size();
    edit(&path, "VACUUM").await;
    assert_eq!(built, size());
}

#[tokio::test]
async fn every_table_is_filled() {
    let (_before, earlier) = folder();
    let (_folder, path) = folder();
    build(&earlier, &[block()], &SuiteFacts::default(), &[]).await.unwrap();
    let (records, suite, outcomes) = ([toy(), block()], suite(), outcomes());
    let past = Some(Past { date: "2026-01-02", earlier: Some(&earlier) });
    Build { records: &records, suite: &suite, outcomes: &outcomes, past }.write(&path).await.unwrap();
    let catalog = Catalog::open(&path).await.unwrap();
    let tables =
        catalog.sql("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name").await.unwrap();
    assert!(tables.rows.len() > 25);
    for name in tables.rows.iter().filter_map(|row| row[0].as_str()).filter(|name| *name != "unsourced") {
        let rows = catalog.sql(&format!("SELECT * FROM {name} LIMIT 1")).await.unwrap().rows;
        assert_eq!(rows.len(), 1, "`{name}` is empty");
    }
}
