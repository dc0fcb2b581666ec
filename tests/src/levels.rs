//! Which checks each level demands, as data: `levels/levels.toml`, whose lists belong to a version of the suite.

use std::sync::LazyLock;

use serde::Deserialize;
use zoo_registry::{LevelFacts, SuiteFacts, names};

use crate::check::Check;
use crate::checks::checks;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    version: String,
    levels: Vec<LevelFacts>,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test looks that every check is listed"))]
    candidates: Vec<String>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    toml::from_str(include_str!("../levels/levels.toml"))
        .expect("levels.toml ships with the crate and a test parses it")
});

/// Every level, lowest first.
pub fn levels() -> &'static [LevelFacts] {
    &LISTS.levels
}

/// Version of the levels' lists.
pub fn version() -> &'static str {
    &LISTS.version
}

/// The level that demands this check; none for a candidate.
pub fn of(check: &str) -> Option<&'static LevelFacts> {
    levels().iter().find(|level| level.checks.iter().any(|listed| listed == check))
}

/// The level of this id or name, in any letter case.
///
/// # Errors
/// The nearest names.
pub fn named(asked: &str) -> Result<&'static LevelFacts, Vec<String>> {
    let is = |name: &str| name.eq_ignore_ascii_case(asked);
    let found = levels().iter().find(|level| is(&level.id) || is(&level.name));
    found.ok_or_else(|| {
        names::nearest(asked, levels().iter().flat_map(|level| [level.id.as_str(), level.name.as_str()]))
    })
}

/// Whether a level up to `highest` demands this check.
pub fn is_within(check: &str, highest: &LevelFacts) -> bool {
    let up_to = levels().iter().take_while(|level| level.id != highest.id).chain([highest]);
    up_to.into_iter().any(|level| level.checks.iter().any(|listed| listed == check))
}

/// The suite as plain data. What was planted is known to who planted it.
pub fn facts() -> SuiteFacts {
    SuiteFacts {
        version: version().to_owned(),
        levels: levels().to_vec(),
        checks: checks().iter().map(Check::facts).collect(),
        planted: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn every_check_is_listed_once() {
        let listed: Vec<&String> = levels().iter().flat_map(|level| &level.checks).chain(&LISTS.candidates).collect();
        let once: BTreeSet<&str> = listed.iter().map(|id| id.as_str()).collect();
        assert_eq!(once.len(), listed.len(), "a check stands in two lists: {listed:?}");
        let known: BTreeSet<&str> = checks().iter().map(|check| check.id).collect();
        let unlisted: Vec<_> = known.difference(&once).collect();
        assert!(unlisted.is_empty(), "in no list of levels.toml: {unlisted:?}; a new check begins among `candidates`");
        let unknown: Vec<_> = once.difference(&known).collect();
        assert!(unknown.is_empty(), "levels.toml lists what is no check: {unknown:?}");
    }

    /// What a version demanded, it demands for ever: claims that were made with it must keep their meaning.
    #[test]
    fn lists_belong_to_their_version() {
        let lists: Vec<String> = levels()
            .iter()
            .map(|level| {
                let mut checks: Vec<&str> = level.checks.iter().map(String::as_str).collect();
                checks.sort_unstable();
                format!("{}: {}\n", level.id, checks.join(" "))
            })
            .collect();
        let digest = blake3::hash(lists.concat().as_bytes()).to_hex();
        let versions: BTreeMap<String, String> = toml::from_str(include_str!("../levels/versions.toml")).unwrap();
        let known = versions.get(version());
        assert_eq!(
            known.map(String::as_str),
            Some(digest.as_str()),
            "the lists of levels.toml are not those of version {}: give it a new version, and add\n\"…\" = \"{digest}\"\n\
             to versions.toml. Old lines stay as they are",
            version()
        );
    }

    #[test]
    fn levels_are_found_by_id_and_name() {
        assert_eq!(named("l2").unwrap().name, "state");
        assert_eq!(named("Core").unwrap().id, "L1");
        assert!(named("cor").unwrap_err().contains(&"core".to_owned()));
        let core = named("L1").unwrap();
        assert!(is_within("descriptor-is-sound", core) && is_within("batch-invariance", core));
        assert!(!is_within("cache-equals-forward", core) && of("no-such-check").is_none());
    }
}
