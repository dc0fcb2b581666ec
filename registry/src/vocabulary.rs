//! The controlled vocabularies: of the taxonomy, where each axis asks one question and each term answers it, and of labs, families
//! and licences.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub mod families;
pub mod labs;
pub mod licences;
pub mod names;

/// One question that the taxonomy asks of every model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Kebab-case id: `attention`, `positional-encoding`, …
    pub id: String,
    /// Title for people.
    pub title: String,
    /// The question, as a sentence.
    pub question: String,
    /// The answers.
    pub terms: Vec<Term>,
}

/// One answer on an axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Kebab-case id, unique on its axis.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// One line.
    pub definition: String,
    /// Whether it holds of nearly every transformer, so that most records do not say it: that one says it and another does not is no
    /// difference.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub usual: bool,
}

#[derive(Deserialize)]
struct File {
    axes: Vec<Axis>,
}

/// Every axis with its terms, in the order the site shows them.
pub fn axes() -> &'static [Axis] {
    static AXES: LazyLock<Vec<Axis>> = LazyLock::new(|| {
        toml::from_str::<File>(include_str!("vocabulary.toml"))
            .expect("vocabulary.toml ships with the crate and a test parses it")
            .axes
    });
    &AXES
}

/// The axis with this id.
pub fn axis(id: &str) -> Option<&'static Axis> {
    axes().iter().find(|axis| axis.id == id)
}

/// Whether a term holds of nearly every transformer, and most records do not say so.
pub fn is_usual(axis_id: &str, term_id: &str) -> bool {
    axis(axis_id).is_some_and(|axis| axis.terms.iter().any(|term| term.id == term_id && term.usual))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_kebab_case() {
        let kebab =
            |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        assert!(axes().iter().all(|axis| kebab(&axis.id)));
        for axis in axes() {
            let ids: BTreeSet<_> = axis.terms.iter().map(|term| &term.id).collect();
            assert_eq!(ids.len(), axis.terms.len(), "axis `{}` repeats a term", axis.id);
            assert!(ids.iter().all(|id| kebab(id)), "axis `{}`: {ids:?}", axis.id);
            let said = |term: &Term| !term.label.trim().is_empty() && !term.definition.trim().is_empty();
            assert!(axis.terms.iter().all(said), "axis `{}` has a term that nobody defines", axis.id);
        }
    }
}
