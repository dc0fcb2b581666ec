//! The catalogue fits the sources, and the record fits the catalogue. Cheap: nothing is built.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use zoo_planted::catalogue::{Catalogue, Patch};
use zoo_planted::score::{Score, Totals};
use zoo_planted::{copy, random};
use zoo_registry::PlantedKind;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn catalogue() -> Catalogue {
    Catalogue::read(&root()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_patch_has_one_place_and_is_an_expression() {
    let catalogue = catalogue();
    let edits = copy::edits(&root(), catalogue.patches()).unwrap_or_else(|error| panic!("{error}"));
    let numbers: BTreeSet<u32> = edits.values().flatten().map(|edit| edit.number).collect();
    assert_eq!(numbers.len(), catalogue.patches().count());
}

#[test]
fn a_patch_whose_place_is_gone_is_told_by_name() {
    let mut patch = catalogue().bugs.remove(0);
    patch.id = "lost".into();
    patch.old = "what no source says".into();
    let told = copy::edits(&root(), [&patch]).unwrap_err().to_string();
    assert!(told.contains("`lost`: `what no source says` does not stand in"), "{told}");
}

#[test]
fn the_record_is_of_this_catalogue() {
    let (catalogue, score) = (catalogue(), Score::recorded().unwrap());
    let same = |recorded: &BTreeMap<String, BTreeSet<String>>, patches: &[Patch]| {
        let listed: BTreeSet<&String> = patches.iter().map(|patch| &patch.id).collect();
        let recorded: BTreeSet<&String> = recorded.keys().collect();
        let (new, gone) = (listed.difference(&recorded), recorded.difference(&listed));
        let (new, gone) = (new.collect::<Vec<_>>(), gone.collect::<Vec<_>>());
        assert!(
            new.is_empty() && gone.is_empty(),
            "not recorded: {new:?}; recorded and gone: {gone:?}; `zoo check --self-test --bless` records them, with \
             `--self-test-only` these alone"
        );
    };
    same(&score.bugs, &catalogue.bugs);
    same(&score.rewrites, &catalogue.rewrites);
    same(&score.nulls, &catalogue.nulls);
    let least = |n: usize| score.bugs.values().filter(|killers| killers.len() >= n).count();
    let counted = Totals {
        bugs: score.bugs.len(),
        caught: least(1),
        caught_twice: least(2),
        rewrites: score.rewrites.len(),
        false_alarms: score.rewrites.values().filter(|checks| !checks.is_empty()).count(),
        nulls: score.nulls.len(),
        nulls_caught: score.nulls.values().filter(|killers| !killers.is_empty()).count(),
        checks: score.totals.checks,
    };
    assert_eq!(score.totals, counted);
}

#[test]
fn what_is_published_is_the_whole_record() {
    let (catalogue, published) = (catalogue(), zoo_planted::recorded().unwrap());
    let ids = |of: &[Patch]| of.iter().map(|patch| patch.id.clone()).collect::<Vec<_>>();
    let all = [ids(&catalogue.bugs), ids(&catalogue.rewrites), ids(&catalogue.nulls)].concat();
    assert_eq!(published.iter().map(|planted| planted.id.clone()).collect::<Vec<_>>(), all);
    let caught = Score::recorded().unwrap().bugs;
    for planted in published.iter().filter(|planted| planted.kind == PlantedKind::Bug) {
        assert_eq!(planted.caught_by, caught[&planted.id].iter().cloned().collect::<Vec<_>>(), "{}", planted.id);
        assert!(!planted.area.is_empty() && !planted.what.is_empty(), "{planted:?}");
    }
}

#[test]
fn the_readme_says_what_the_record_says() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = Score::recorded().unwrap().sentence();
    assert!(words(&readme).contains(&sentence), "expected in README.md: {sentence}");
}

#[test]
fn every_survivor_of_the_random_sample_is_classified_with_a_reason() {
    let survivors = random::Survivors::read(&root()).unwrap_or_else(|error| panic!("{error}"));
    for survivor in &survivors.survivor {
        assert!(survivor.reason.split_whitespace().count() >= 3, "{survivor:?}");
    }
}
