//! What a family hands to the catalog: plain data, no tensor.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::descriptor::Descriptor;
use crate::figure::Figure;
use crate::modules::ModuleTree;

/// A family as the catalog stores it: its facts, its text, its code and every size built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The facts.
    pub descriptor: Descriptor,
    /// The family's README, Markdown.
    pub readme: String,
    /// Source files of the family, sorted by path relative to its folder.
    pub sources: Vec<SourceFile>,
    /// Every preset, in the descriptor's order.
    pub sizes: Vec<Size>,
    /// What was measured of it, in the order of their file names.
    pub figures: Vec<Figure>,
    /// What its demo has learnt, if it ships one.
    pub demo: Option<Demo>,
}

/// A small trained checkpoint that comes with the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demo {
    /// What it has learnt, one line.
    pub task: String,
    /// Commands that show it, as they follow `zoo`, without the model's name.
    pub tries: Vec<String>,
}

/// A file of reference code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Relative to the family's folder, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A preset with what its code really builds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Size {
    /// Preset id.
    pub preset: String,
    /// Configuration with every field.
    pub config: Map<String, Value>,
    /// The module tree the code builds.
    pub modules: ModuleTree,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// What the check states holds.
    Pass,
    /// It does not.
    Fail,
    /// The family lacks what the check is about, and says so.
    NotApplicable,
    /// It does not hold, and the family's TOML gives the reason.
    Waived,
}

impl Status {
    /// Every status, best first.
    pub const ALL: [Self; 4] = [Self::Pass, Self::Waived, Self::NotApplicable, Self::Fail];

    /// The kebab-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "not-applicable",
            Self::Waived => "waived",
        }
    }
}

/// What one check found of one family on one device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Id of the check, named for what holds: `padding-does-not-leak`.
    pub check: String,
    /// Id of the architecture.
    pub architecture: String,
    /// Device the models ran on: `flex`, `ndarray`, `cuda:0`.
    pub device: String,
    /// How it ended.
    pub status: Status,
    /// Largest measured error, in the unit of [`Self::measure`]; `None` where the check is yes or no.
    pub error: Option<f64>,
    /// Largest error that would still have passed.
    pub tolerance: Option<f64>,
    /// Unit of the two above and where the tolerance comes from: `multiple of the recorded f32 noise; 4 × …`.
    pub measure: Option<String>,
    /// What was looked at, or what went wrong and where.
    pub detail: String,
}

/// What a check states, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckFacts {
    /// Kebab-case id.
    pub id: String,
    /// The statement, one sentence.
    pub statement: String,
    /// How it is looked at, and the guard that keeps it from passing for nothing.
    pub method: String,
    /// Bugs it exists to catch.
    pub catches: Vec<String>,
    /// Where such bugs were made, in published code.
    #[serde(default)]
    pub seen: Vec<String>,
    /// What to look at when it fails.
    #[serde(default)]
    pub fix: String,
}
