//! Licences: SPDX's by their own names, the others as `LicenseRef-…`.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// A licence, or the lack of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenceName {
    /// SPDX identifier, `LicenseRef-…`, `NONE` or `NOASSERTION`.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// What it lets people do.
    pub openness: Openness,
    /// What a reader should know.
    pub note: Option<String>,
}

/// What a licence lets people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Openness {
    /// Use for any purpose.
    Open,
    /// Use for any purpose but those it lists.
    Restricted,
    /// Use without making money.
    NonCommercial,
    /// Nothing.
    Closed,
    /// Nobody looked.
    Unknown,
}

impl Openness {
    /// What allows most comes first.
    pub const ALL: [Self; 5] = [Self::Open, Self::Restricted, Self::NonCommercial, Self::Closed, Self::Unknown];

    /// The kebab-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Restricted => "restricted",
            Self::NonCommercial => "non-commercial",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Deserialize)]
struct File {
    licences: Vec<LicenceName>,
}

/// Every licence that a record of ours names, sorted by id.
pub fn licences() -> &'static [LicenceName] {
    static LICENCES: LazyLock<Vec<LicenceName>> = LazyLock::new(|| {
        toml::from_str::<File>(include_str!("licences.toml"))
            .expect("licences.toml ships with the crate and a test parses it")
            .licences
    });
    &LICENCES
}

/// The licence with this id.
pub fn licence(id: &str) -> Option<&'static LicenceName> {
    licences().iter().find(|licence| licence.id == id)
}

/// The ids of an expression, `MIT OR Apache-2.0`, in the order they stand there.
pub fn parts(expression: &str) -> impl Iterator<Item = &str> {
    expression.split([' ', '(', ')']).filter(|word| !matches!(*word, "" | "AND" | "OR" | "WITH"))
}

/// Whether it is an expression as SPDX writes them: ids joined by `AND`, `OR` and `WITH`.
pub fn is_expression(text: &str) -> bool {
    let plain = |id: &str| id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+'));
    let words: Vec<_> = text.split([' ', '(', ')']).filter(|word| !word.is_empty()).collect();
    let joins = |word: &str| matches!(word, "AND" | "OR" | "WITH");
    // Ids stand at even places and words that join them between.
    words.len() % 2 == 1 && words.iter().enumerate().all(|(at, word)| joins(word) == (at % 2 == 1) && plain(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_sorted_and_well_formed() {
        assert!(licences().is_sorted_by(|a, b| a.id < b.id), "sorted by id, each once");
        assert!(licences().iter().all(|licence| is_expression(&licence.id) && !licence.label.trim().is_empty()));
    }

    #[test]
    fn expressions_join_ids() {
        assert!(is_expression("MIT") && is_expression("(MIT OR Apache-2.0) AND LicenseRef-X"));
        assert!(!is_expression("") && !is_expression("none published") && !is_expression("MIT OR"));
        assert_eq!(parts("(MIT OR Apache-2.0)").collect::<Vec<_>>(), ["MIT", "Apache-2.0"]);
    }
}
