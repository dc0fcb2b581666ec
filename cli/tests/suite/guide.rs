//! What the guide quotes of the example plugin is what stands there, and the plugin is built of what zoo is built of.
//!
//! A block fenced with a path after its language quotes that file; a line of nothing but `…` stands for any lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A quotation: of which file, and what.
type Quoted = (String, Vec<String>);

fn quotations(markdown: &str) -> Vec<Quoted> {
    let mut found: Vec<Quoted> = Vec::new();
    let mut inside = None;
    for line in markdown.lines() {
        match (inside, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let path = info.split_whitespace().nth(1);
                found.extend(path.map(|path| (path.to_owned(), Vec::new())));
                inside = Some(path.is_some());
            }
            (Some(_), Some(_)) => inside = None,
            (Some(true), None) => found.last_mut().unwrap().1.push(line.to_owned()),
            _ => {}
        }
    }
    found
}

/// The first line that does not stand where it should.
fn difference<'a>(quoted: &'a [String], source: &str) -> Option<&'a String> {
    let source: Vec<&str> = source.lines().collect();
    let mut from = 0;
    for part in quoted.split(|line| line.trim() == "…") {
        let fits = |at: &usize| source[*at..].iter().zip(part).filter(|(a, b)| *a == b).count() == part.len();
        match (from..=source.len()).find(fits) {
            Some(at) => from = at + part.len(),
            None => return part.iter().find(|line| !source.contains(&line.as_str())).or(part.first()),
        }
    }
    None
}

#[test]
fn the_guide_quotes_what_is_there() {
    let guide = fs::read_to_string(root().join("docs/new-family.md")).unwrap();
    let quotations = quotations(&guide);
    let files: BTreeSet<&String> = quotations.iter().map(|(path, _)| path).collect();
    assert!(files.len() >= 5, "the guide quotes only {files:?}");
    for (path, quoted) in &quotations {
        let source = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(!quoted.is_empty());
        assert_eq!(difference(quoted, &source), None, "{path} does not have this line there:\n{}", quoted.join("\n"));
    }
    for path in guide.split("](../").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(root().join(path).exists(), "the guide links to {path}");
    }
}

#[test]
fn quotations_are_read_and_compared() {
    let found = quotations("```rust a.rs\nfn a() {\n…\n}\n```\n```sh\nls\n```\n```toml b.toml\nx = 1\n```\n");
    assert_eq!(found.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["a.rs", "b.toml"]);
    let (_, quoted) = &found[0];
    assert_eq!(difference(quoted, "fn a() {\n    1\n}\n"), None);
    assert_eq!(difference(quoted, "fn b() {\n    1\n}\n"), Some(&quoted[0]));
    assert_eq!(difference(quoted, "}\nfn a() {\n"), Some(&quoted[2]));
}

#[test]
fn the_example_has_what_a_new_crate_brings_along() {
    for file in ["golden.py", "build.rs"] {
        let read = |folder: &str| fs::read_to_string(root().join(folder).join(file)).unwrap();
        assert_eq!(read("examples/albert"), read("cli/templates/family"), "{file}");
    }
}

#[test]
fn crates_with_locks_of_their_own_are_built_of_what_zoo_is_built_of() {
    let locked = |path: &str| {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for package in text.split("[[package]]").skip(1) {
            let field =
                |name: &str| package.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned)).unwrap();
            versions.entry(field("name = ")).or_default().insert(field("version = "));
        }
        versions
    };
    let ours = locked("Cargo.lock");
    for (folder, own) in [("examples/albert", "\"zoo-albert\""), ("site/wasm", "\"zoo-wasm\"")] {
        let theirs = locked(&format!("{folder}/Cargo.lock"));
        assert!(theirs.contains_key("\"burn\""));
        for (package, versions) in theirs.iter().filter(|(package, _)| *package != own) {
            let known = ours.get(package).unwrap_or_else(|| panic!("only {folder} has {package}"));
            assert!(
                versions.is_subset(known),
                "{package} is {known:?} here and {versions:?} in {folder}: copy Cargo.lock there and build it"
            );
        }
    }
}
