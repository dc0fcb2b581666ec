//! Facts that need no code: of sizes, where they stand in other catalogs, and where sources disagree.

use serde::{Deserialize, Serialize};

use super::Source;

/// Where a model stands in the catalog of Amatriain et al., "Transformer models: an introduction and catalog" (arXiv 2302.07730).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listed {
    /// It has an entry in the list.
    List,
    /// It is drawn in a figure and has no entry.
    Figure,
}

/// A number of parameters as somebody stated it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// The number that the label stands for.
    pub parameters: u64,
    /// As printed: `46.7B`.
    pub label: String,
    /// Where it was read.
    #[serde(default)]
    pub sources: Vec<Source>,
}

/// A number of parameters worked out from the configuration, by a formula and not by zoo's code.
///
/// Unique parameters: tied matrices once, biases included, fixed tables and task heads left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// The number.
    pub parameters: u64,
    /// What it counts, where that is not the usual: `with a head of 1,000 labels`.
    pub basis: Option<String>,
    /// An exact count that somebody else published, and that it was compared with.
    pub checked: Option<Checked>,
}

/// An exact count that somebody else published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// The number.
    pub parameters: u64,
    /// A term of the axis `source`.
    pub source: String,
    /// File, page or paper.
    #[serde(rename = "ref")]
    pub reference: String,
}

/// Sources that do not say the same, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    /// What they disagree about: fields, axes or sizes in our names, or a word where it is none of these.
    pub about: Vec<String>,
    /// Which size, if only some are concerned.
    pub size: Option<String>,
    /// What each source says.
    pub values: Vec<Claim>,
    /// What stands in this catalog.
    pub chosen: String,
    /// Why.
    pub note: Option<String>,
    /// How it came to light.
    pub found_by: FoundBy,
    /// How much it matters.
    pub severity: Severity,
}

/// One source's word in a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Who says so, in words: often several sources that agree.
    pub source: String,
    /// What is said.
    pub value: String,
}

/// How a conflict came to light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FoundBy {
    /// Whoever wrote the record saw it.
    Curator,
    /// A comparison of all sources, field by field.
    Comparison,
}

impl FoundBy {
    /// The kebab-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Curator => "curator",
            Self::Comparison => "comparison",
        }
    }
}

/// How much a conflict matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The sources contradict each other.
    Conflict,
    /// Rounding, or a paper later than the release.
    Note,
}

impl Severity {
    /// The kebab-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Note => "note",
        }
    }
}

/// What other catalogs say, normalised, even where it is not what stands here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct External {
    /// The list of Amatriain et al.
    pub amatriain: Option<Amatriain>,
    /// The Open Research Knowledge Graph.
    pub orkg: Option<Orkg>,
    /// Stanford's Ecosystem Graphs.
    pub ecosystem_graphs: Option<EcosystemGraphs>,
}

/// An entry of the list of Amatriain et al.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amatriain {
    /// Its name there.
    pub name: String,
    /// Its family there.
    #[serde(default)]
    pub families: Vec<String>,
    /// A term of the axis `architecture`.
    pub architecture: Option<String>,
    /// `YYYY-MM`.
    pub date: Option<String>,
    /// Sizes as printed.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// What it says of the licence.
    pub licence: Option<Openness>,
    /// Labs as printed.
    #[serde(default)]
    pub labs: Vec<String>,
}

/// An entry of the Open Research Knowledge Graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orkg {
    /// Its name there.
    pub name: String,
    /// Its page.
    pub url: String,
    /// As there.
    pub date: Option<String>,
    /// Sizes as printed.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// What it says of the licence.
    pub licence: Option<Openness>,
    /// How text becomes tokens.
    pub tokenisation: Option<String>,
    /// What it was trained with.
    pub optimiser: Option<String>,
}

/// An entry of Ecosystem Graphs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EcosystemGraphs {
    /// Its name there.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// As there.
    pub date: Option<String>,
    /// Sizes as printed.
    pub size: Option<String>,
    /// As printed.
    pub licence: Option<String>,
    /// `open`, `limited`, `closed`.
    pub access: Option<String>,
}

/// A licence as other catalogs describe it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Openness {
    /// `open`, `limited`, `closed`, …
    pub openness: String,
    /// Its name.
    pub name: Option<String>,
    /// Whether there is a paid service.
    pub api: Option<bool>,
}

/// The kind of a record that does not say: a trained model.
pub(super) fn model() -> String {
    "model".into()
}
