//! From a catalog to a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use zoo_catalog::view::Model;
use zoo_registry::record::{Record, Size};
use zoo_site::{Error, Extras, MARKER, build, render, write};

use crate::fixture;

/// A catalog file with the fixture's models.
pub(crate) async fn catalog(folder: &Path) -> std::path::PathBuf {
    let content = fixture::content();
    let record = |model: &Model| Record {
        descriptor: model.descriptor.clone(),
        readme: model.readme.clone(),
        sources: model.sources.clone(),
        blocks: vec![],
        figures: model.figures.clone(),
        demo: model.demo.clone(),
        sizes: model
            .sizes
            .iter()
            .map(|size| Size {
                preset: size.preset.id.clone(),
                config: size.config.clone(),
                modules: size.modules.clone(),
                costs: size.costs.clone(),
                flow: size.flow.clone(),
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
    let summary = build(&catalog, Extras::default(), &one).await.unwrap();
    assert_eq!(build(&catalog, Extras::default(), &two).await.unwrap(), summary);
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
    build(&catalog(work.path()).await, Extras::default(), &out).await.unwrap();
    let told = fs::read_to_string(out.join("catalog.sqlite.sha256")).unwrap();
    let status =
        std::process::Command::new("sha256sum").arg("--check").arg("catalog.sqlite.sha256").current_dir(&out).output();
    match status {
        Ok(output) => assert!(output.status.success(), "{told}"),
        Err(_) => assert!(told.ends_with("  catalog.sqlite\n") && told.len() == 64 + 17, "{told}"),
    }
}

/// The list of a site's files, line by line, and what it should say.
fn manifest(site: &Path) -> [Vec<String>; 2] {
    let mut files = files(site);
    let told = String::from_utf8(files.remove("MANIFEST.blake3").unwrap()).unwrap();
    files.remove(MARKER).unwrap();
    let line = |(path, bytes): (&String, &Vec<u8>)| format!("{}  {path}", blake3::hash(bytes).to_hex());
    [told.lines().map(str::to_owned).collect(), files.iter().map(line).collect()]
}

#[tokio::test]
async fn the_manifest_lists_every_file_as_it_stands_there() {
    let work = tempfile::tempdir().unwrap();
    let out = work.path().join("public");
    let summary = build(&catalog(work.path()).await, Extras::default(), &out).await.unwrap();
    let [told, expected] = manifest(&out);
    assert_eq!(told, expected);
    assert_eq!(told.len() + 1, summary.files, "every file but the manifest");
    for path in ["index.html", "catalog.sqlite", "de/data/index.html"] {
        assert!(told.iter().any(|line| line.ends_with(&format!("  {path}"))), "{path}");
    }
    assert!(fs::read_to_string(out.join("data/index.html")).unwrap().contains("href=\"../MANIFEST.blake3\""));
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
fn what_a_killed_build_left_goes_and_what_is_written_stays() {
    let work = tempfile::tempdir().unwrap();
    let pages = render(&fixture::content()).unwrap();
    let folder = |name: &str| {
        let folder = work.path().join(name);
        fs::create_dir_all(folder.join("new")).unwrap();
        fs::write(folder.join("new/index.html"), "half").unwrap();
        folder
    };
    let (left, busy, other) = (folder(".zoo-site-left"), folder(".zoo-site-busy"), folder(".zoo-site-other"));
    fs::write(left.join("lock"), "").unwrap();
    let lock = fs::File::create(busy.join("lock")).unwrap();
    lock.lock().unwrap();
    write(&pages, &work.path().join("public")).unwrap();
    assert!(!left.exists(), "nobody writes there any more");
    assert!(busy.join("new/index.html").exists(), "somebody writes there");
    assert!(other.exists(), "nobody knows who made it");
    // Said and not only let go: a process that another test starts at this moment may have the file open for a while, too.
    lock.unlock().unwrap();
    write(&pages, &work.path().join("public")).unwrap();
    assert!(!busy.exists());
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
    assert!(matches!(
        build(&work.path().join("nowhere.sqlite"), Extras::default(), &out).await,
        Err(Error::Catalog(_))
    ));
    assert!(files(&out) == before);
}

/// A program for the place of the indexer.
#[cfg(unix)]
fn program(folder: &Path, script: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("indexer.sh");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[cfg(unix)]
#[tokio::test]
async fn the_words_are_indexed_before_the_site_is_put_in_place() {
    let work = tempfile::tempdir().unwrap();
    let (catalog, out) = (catalog(work.path()).await, work.path().join("public"));
    let plain = build(&catalog, Extras::default(), &out).await.unwrap();
    let with = |script: &str| Extras { indexer: Some(program(work.path(), script)), ..Extras::default() };
    let before = files(&out);
    let cases = [
        ("echo out of luck >&2; exit 3", "out of luck"),
        ("true", "wrote no"),
        ("touch $1/../lost; exit 1", "exit status: 1"),
    ];
    for (script, told) in cases {
        let error = build(&catalog, with(script), &out).await.unwrap_err().to_string();
        assert!(error.contains(told) && error.contains("indexer.sh"), "{error}");
        assert!(files(&out) == before, "a failed build changed the site");
    }
    let script = "mkdir $1/pagefind; test -f $1/models/bert/index.html && printf 12345 > $1/pagefind/pagefind.js";
    let summary = build(&catalog, with(script), &out).await.unwrap();
    assert_eq!(summary.files, plain.files + 1);
    assert_eq!(fs::read(out.join("pagefind/pagefind.js")).unwrap(), b"12345");
    let [told, expected] = manifest(&out);
    assert!(told == expected && told.iter().any(|line| line.ends_with("  pagefind/pagefind.js")), "{told:?}");
    assert!(fs::read_to_string(out.join("search/index.html")).unwrap().contains("data-indexed"));
}
