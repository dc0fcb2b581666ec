//! What was planted in sources to see whether checks catch it, as plain data.

use serde::{Deserialize, Serialize};

/// A change to the sources, and which checks fail with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantedFacts {
    /// Kebab-case.
    pub id: String,
    /// What kind of change it is.
    pub kind: PlantedKind,
    /// Part of the sources, one word: `mask`, `cache`.
    pub area: String,
    /// Where it is planted, from the root of the sources.
    pub file: String,
    /// The family that is checked with it.
    pub family: String,
    /// What is wrong, one sentence.
    pub what: String,
    /// Why it is right that a single check catches it.
    pub alone: Option<String>,
    /// Ids of the checks that fail with it, sorted.
    pub caught_by: Vec<String>,
}

/// What must become of a planted change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlantedKind {
    /// It is wrong, so two checks must fail.
    Bug,
    /// It computes the same, so none may.
    Rewrite,
    /// A model with nothing in it, so some must.
    Null,
}

impl PlantedKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Bug, Self::Rewrite, Self::Null];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bug => "bug",
            Self::Rewrite => "rewrite",
            Self::Null => "null",
        }
    }
}
