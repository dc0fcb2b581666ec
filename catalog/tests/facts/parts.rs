//! Every building block of which we write is there, sourced, and computed by the code that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use zoo_catalog::parts::{kinds, sheet, sheets, words};
use zoo_registry::{block, picture, vocabulary};

use crate::with_all;

/// The shared code, by file.
fn blocks() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../architectures/src/blocks");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap())
    };
    // In folders below stands how blocks are computed fast, not what they are.
    files.filter(|path| path.is_file()).map(read).filter(|(name, _)| name != "mod.rs").collect()
}

/// Terms of kinds that are axes, and sheets of those that are none.
fn places() -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    for kind in kinds() {
        match vocabulary::axis(&kind.id) {
            Some(axis) => places.extend(axis.terms.iter().map(|term| format!("{}/{}", kind.id, term.id))),
            None => {
                let own = sheets().iter().filter(|sheet| sheet.kind == kind.id);
                places.extend(own.map(|sheet| format!("{}/{}", kind.id, sheet.id)));
            }
        }
    }
    places
}

#[test]
fn sheets_are_of_what_is_there_and_whole() {
    let (places, files) = (places(), blocks());
    for sheet in sheets() {
        let place = format!("{}/{}", sheet.kind, sheet.id);
        assert!(places.contains(&place), "there is no `{place}`");
        let is_term = vocabulary::axis(&sheet.kind).is_some();
        assert_eq!(sheet.label.is_none(), is_term, "{place}: a term has its label from the vocabulary");
        assert_eq!(sheet.definition.is_none(), is_term, "{place}: a term has its definition from the vocabulary");
        assert!(sheet.names.is_empty() || !is_term, "{place}: a term's names stand with the vocabulary");
        assert!(!sheet.sources.is_empty() || sheet.id == "none", "{place} has no source");
        assert!(sheet.text.ends_with('.') && sheet.text.len() > 30, "{place}: `{}`", sheet.text);
        for other in &sheet.see {
            assert!(places.contains(other) && *other != place, "{place}: compare with `{other}`");
        }
        for answer in &sheet.answers {
            assert!(places.contains(answer), "{place}: `{answer}` is no term");
        }
        for code in &sheet.code {
            let (file, item) = code.split_once(' ').unwrap();
            let text = files.get(file).unwrap_or_else(|| panic!("{place}: there is no shared file `{file}`"));
            let [first, last] = block::lines(text, item).unwrap_or_else(|| panic!("{place}: `{file}` has no `{item}`"));
            let lines: Vec<_> = text.lines().collect();
            assert!(lines[first - 1..last].iter().any(|line| line.contains(item)), "{place}: {first} to {last}");
        }
    }
    for word in words() {
        assert!(word.part.as_ref().is_none_or(|part| places.contains(part)), "`{}`: {:?}", word.word, word.part);
        assert!(word.definition.ends_with('.'), "`{}`", word.word);
    }
    assert!(words().is_sorted_by_key(|word| word.word.to_lowercase()));
}

#[test]
fn every_shared_file_computes_a_building_block() {
    let named: BTreeSet<&str> =
        sheets().iter().flat_map(|sheet| &sheet.code).map(|code| code.split(' ').next().unwrap()).collect();
    let files = blocks();
    let unnamed: Vec<_> = files.keys().filter(|file| !named.contains(file.as_str())).collect();
    assert_eq!(unnamed, Vec::<&String>::new(), "no sheet in `catalog/parts` names them");
}

#[test]
fn what_two_models_have_is_described() {
    with_all(|sheets_of_models| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (axis, terms) in sheets_of_models.iter().flat_map(|sheet| &sheet.descriptor.taxonomy) {
            for term in terms {
                *counts.entry(format!("{axis}/{term}")).or_default() += 1;
            }
        }
        let described: BTreeSet<String> = sheets().iter().map(|sheet| format!("{}/{}", sheet.kind, sheet.id)).collect();
        let ours = places();
        let silent: Vec<_> = counts
            .iter()
            .filter(|(place, count)| **count > 1 && ours.contains(*place) && !described.contains(*place))
            .collect();
        assert!(silent.is_empty(), "nobody wrote of {silent:?}");
    });
}

#[test]
fn what_runs_here_names_its_building_blocks() {
    let places = places();
    with_all(|sheets_of_models| {
        for facts in sheets_of_models.iter().map(|sheet| &sheet.descriptor).filter(|facts| facts.has_code()) {
            for component in facts.components.iter().filter(|component| component.kind != "body") {
                let part = component.part.as_ref();
                assert!(
                    part.is_some_and(|part| places.contains(part)),
                    "{}: {} is {part:?}",
                    facts.id,
                    component.module
                );
                let (kind, term) = part.unwrap().split_once('/').unwrap();
                let answers = facts.taxonomy.get(kind);
                assert!(
                    vocabulary::axis(kind).is_none()
                        || answers.is_some_and(|terms| terms.iter().any(|known| known == term)),
                    "{}: {} is `{kind}/{term}`, and the taxonomy does not say so",
                    facts.id,
                    component.module
                );
            }
        }
    });
}

#[test]
fn pictures_are_of_building_blocks() {
    let drawn = places().into_iter().filter(|place| {
        let (kind, id) = place.split_once('/').unwrap();
        picture::picture(kind, id).is_some()
    });
    assert!(drawn.count() > 40);
}

#[test]
fn a_broken_sheet_says_what_is_wrong() {
    for (place, text, told) in [
        ("causal.md", "", "folder of its kind"),
        ("attention/causal.txt", "+++\n", "expected `attention/<id>.md`"),
        ("attention/causal.md", "sources = []\n", "`+++` on the first line"),
        ("attention/causal.md", "+++\nsources = []\n", "second line of `+++`"),
        ("attention/causal.md", "+++\nsources = []\nsourse = 1\n+++\nText.", "unknown field `sourse`"),
    ] {
        let problem = sheet(place, text).unwrap_err();
        assert!(problem.contains(told), "{place}: {problem}");
    }
}
