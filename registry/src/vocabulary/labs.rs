//! Who makes models: laboratories, companies, universities, communities.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// A maker of models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lab {
    /// Kebab-case id: `google`, `carnegie-mellon-university`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Where it has its seat, ISO 3166-1 alpha-2; `None` for a community of no country.
    pub country: Option<String>,
    /// Other names it goes by.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it is called in other languages, by ISO 639-1 code.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// Id of what it has become.
    pub now: Option<String>,
}

#[derive(Deserialize)]
struct File {
    labs: Vec<Lab>,
}

/// Every lab that a record of ours names, sorted by id.
pub fn labs() -> &'static [Lab] {
    static LABS: LazyLock<Vec<Lab>> = LazyLock::new(|| {
        toml::from_str::<File>(include_str!("labs.toml"))
            .expect("labs.toml ships with the crate and a test parses it")
            .labs
    });
    &LABS
}

/// The lab with this id.
pub fn lab(id: &str) -> Option<&'static Lab> {
    labs().iter().find(|lab| lab.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_belong_to_one_lab_and_what_it_became_is_one() {
        assert!(labs().is_sorted_by(|a, b| a.id < b.id), "sorted by id, each once");
        let mut names = BTreeSet::new();
        for lab in labs() {
            let own = [&lab.name].into_iter().chain(&lab.aliases).chain(lab.names.values());
            assert!(own.into_iter().all(|name| names.insert(name.to_lowercase())), "`{}` shares a name", lab.id);
            assert!(lab.country.as_ref().is_none_or(|code| code.len() == 2), "`{}`", lab.id);
            assert!(lab.now.as_deref().is_none_or(|now| now != lab.id && super::lab(now).is_some()), "`{}`", lab.id);
        }
    }
}
