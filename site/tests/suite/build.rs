//! From a catalog to a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use zoo_catalog::view::Model;
use zoo_registry::record::{Record, Size};
use zoo_site::{Error, MARKER, build, render, write};

use crate::fixture;

/// A catalog file with the fixture's models.
pub(crate) async fn catalog(folder: &Path) -> std::path::PathBuf {
    let content = fixture::content();
    let record = |model: &Model| Record {
        descriptor: model.descriptor.clone(),
        readme: model.readme.clone(),
        sources: model.sources.clone(),
        figures: model.figures.clone(),
        demo: model.demo.clone(),
        sizes: model
            .sizes
            .iter()
            .map(|size| Size {
                preset: size.preset.id.clone(),
                config: size.config.clone(),
                modules: size.modules.clone(),
            })
            .collect(),
    };
    let records: Vec<_> = content.models.iter().map(record).collect();
    let outcomes: Vec<_> = content.models.iter().flat_map(|model| model.outcomes.clone()).collect();
    let path = folder.join("catalog.sqlite");
    zoo_catalog::build(&path, &records, &content.matrix.suite, &outcomes).await.unwrap();
    path
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

#[tokio::test]
async fn a_catalog_becomes_the_same_site_twice() {
    let work = tempfile::tempdir().unwrap();
    let catalog = catalog(work.path()).await;
    let (one, two) = (work.path().join("deep/one"), work.path().join("two"));
    let summary = build(&catalog, None, &one).await.unwrap();
    assert_eq!(build(&catalog, None, &two).await.unwrap(), summary);
    let (first, second) = (files(&one), files(&two));
    assert!(first == second, "two builds differ");
    assert_eq!(summary.files + 1, first.len(), "every file but the marker is counted");
    let bytes: usize = first.iter().filter(|(name, _)| *name != MARKER).map(|(_, bytes)| bytes.len()).sum();
    assert_eq!(summary.bytes, bytes as u64);
    assert!(summary.pages > 30 && summary.pages < summary.files);
    assert_eq!(first["catalog.sqlite"], fs::read(&catalog).unwrap());
    let page = String::from_utf8(first["models/bert/index.html"].clone()).unwrap();
    assert!(page.contains("109\u{202f}482\u{202f}240"));
}

#[tokio::test]
async fn the_digest_is_of_the_file() {
    let work = tempfile::tempdir().unwrap();
    let out = work.path().join("public");
    build(&catalog(work.path()).await, None, &out).await.unwrap();
    let told = fs::read_to_string(out.join("catalog.sqlite.sha256")).unwrap();
    let status =
        std::process::Command::new("sha256sum").arg("--check").arg("catalog.sqlite.sha256").current_dir(&out).output();
    match status {
        Ok(output) => assert!(output.status.success(), "{told}"),
        Err(_) => assert!(told.ends_with("  catalog.sqlite\n") && told.len() == 64 + 17, "{told}"),
    }
}

#[test]
fn an_old_site_is_replaced_whole() {
    let work = tempfile::tempdir().unwrap();
    let out = work.path().join("public");
    let pages = render(&fixture::content()).unwrap();
    write(&pages, &out).unwrap();
    fs::write(out.join("stale.html"), "old").unwrap();
    write(&pages, &out).unwrap();
    assert!(!out.join("stale.html").exists() && out.join("index.html").exists());
    let left: Vec<_> = fs::read_dir(work.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["public"], "nothing is left beside the site");
}

#[test]
fn a_folder_of_something_else_stays() {
    let work = tempfile::tempdir().unwrap();
    fs::write(work.path().join("thesis.tex"), "years of work").unwrap();
    let pages = render(&fixture::content()).unwrap();
    assert!(matches!(write(&pages, work.path()), Err(Error::NotASite { .. })));
    assert!(matches!(write(&pages, &work.path().join("thesis.tex")), Err(Error::NotASite { .. })));
    assert!(matches!(write(&pages, Path::new("/")), Err(Error::NotASite { .. })));
    assert_eq!(fs::read_to_string(work.path().join("thesis.tex")).unwrap(), "years of work");
    assert_eq!(fs::read_dir(work.path()).unwrap().count(), 1);
}

#[test]
fn an_empty_folder_is_taken() {
    let work = tempfile::tempdir().unwrap();
    let out = work.path().join("public");
    fs::create_dir(&out).unwrap();
    write(&render(&fixture::content()).unwrap(), &out).unwrap();
    assert!(out.join("index.html").exists());
}

#[tokio::test]
async fn a_failed_build_leaves_the_old_site() {
    let work = tempfile::tempdir().unwrap();
    let out = work.path().join("public");
    write(&render(&fixture::content()).unwrap(), &out).unwrap();
    let before = files(&out);
    assert!(matches!(build(&work.path().join("nowhere.sqlite"), None, &out).await, Err(Error::Catalog(_))));
    assert!(files(&out) == before);
}
