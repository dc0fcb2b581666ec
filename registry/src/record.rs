//! What a family hands to the catalog: plain data, no tensor.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cost::Cost;
use crate::descriptor::Descriptor;
use crate::figure::Figure;
use crate::flow::Flow;
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
    /// Files shared with other families that its code is built of, sorted by path relative to their own folder.
    #[serde(default)]
    pub blocks: Vec<SourceFile>,
    /// Every preset, in the descriptor's order.
    pub sizes: Vec<Size>,
    /// What was measured of it, in the order of their file names.
    pub figures: Vec<Figure>,
    /// What its demo has learnt, if it ships one.
    pub demo: Option<Demo>,
}

impl Record {
    /// Facts alone, of a model that there is no code for.
    pub fn without_code(descriptor: Descriptor) -> Self {
        Self {
            descriptor,
            readme: String::new(),
            sources: vec![],
            blocks: vec![],
            sizes: vec![],
            figures: vec![],
            demo: None,
        }
    }
}

/// A small trained checkpoint that comes with the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demo {
    /// What it has learnt, one line.
    pub task: String,
    /// Commands that show it, as they follow `zoo`, without the model's name.
    pub tries: Vec<String>,
}

impl Demo {
    /// The words of such a command as a shell takes them, with `"` around those that hold spaces.
    ///
    /// ```
    /// use zoo_registry::record::Demo;
    /// assert_eq!(Demo::words(r#"fill-mask "the [MASK] sleeps.""#), ["fill-mask", "the [MASK] sleeps."]);
    /// ```
    pub fn words(command: &str) -> Vec<String> {
        let mut quoted = false;
        let ends = |c: char| {
            quoted ^= c == '"';
            !quoted && c.is_whitespace()
        };
        command.split(ends).map(|word| word.replace('"', "")).filter(|word| !word.is_empty()).collect()
    }
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
    /// What it costs, by length, shortest first; empty where that was not counted.
    #[serde(default)]
    pub costs: Vec<Cost>,
    /// What goes through it, and how its layers are wired.
    #[serde(default)]
    pub flow: Flow,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// What the check states holds.
    Pass,
    /// It does not hold, and the family's TOML gives a lasting reason.
    Waived,
    /// It does not hold; somebody works on that, and has until a day.
    ExpectedFailure,
    /// The family lacks what the check is about, and says so.
    NotApplicable,
    /// It is waived or expected to fail, and does not: the excuse is to go.
    UnexpectedPass,
    /// It did not hold, and held when asked again.
    Flaky,
    /// It does not hold.
    Fail,
    /// It had not ended when its time was up.
    Timeout,
    /// The code under test panicked, ended its process or ran out of memory.
    Error,
}

impl Status {
    /// Every status, best first.
    pub const ALL: [Self; 9] = [
        Self::Pass,
        Self::Waived,
        Self::ExpectedFailure,
        Self::NotApplicable,
        Self::UnexpectedPass,
        Self::Flaky,
        Self::Fail,
        Self::Timeout,
        Self::Error,
    ];

    /// The kebab-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Waived => "waived",
            Self::ExpectedFailure => "expected-failure",
            Self::NotApplicable => "not-applicable",
            Self::UnexpectedPass => "unexpected-pass",
            Self::Flaky => "flaky",
            Self::Fail => "fail",
            Self::Timeout => "timeout",
            Self::Error => "error",
        }
    }

    /// Whether a run in which this happens has failed.
    pub fn is_failure(self) -> bool {
        match self {
            Self::Pass | Self::Waived | Self::ExpectedFailure | Self::NotApplicable => false,
            Self::UnexpectedPass | Self::Flaky | Self::Fail | Self::Timeout | Self::Error => true,
        }
    }
}

/// How many outcomes ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Held.
    pub pass: u32,
    /// Did not hold, with a lasting reason on record.
    pub waived: u32,
    /// Did not hold, and somebody works on it.
    pub expected: u32,
    /// Did not apply.
    pub not_applicable: u32,
    /// Failed, in whatever way.
    pub fail: u32,
}

impl Tally {
    /// Counts.
    pub fn of(statuses: impl IntoIterator<Item = Status>) -> Self {
        let mut tally = Self::default();
        statuses.into_iter().for_each(|status| tally.add(status, 1));
        tally
    }

    /// So many more that ended like this.
    pub fn add(&mut self, status: Status, count: u32) {
        let counted = match status {
            Status::Pass => &mut self.pass,
            Status::Waived => &mut self.waived,
            Status::ExpectedFailure => &mut self.expected,
            Status::NotApplicable => &mut self.not_applicable,
            Status::UnexpectedPass | Status::Flaky | Status::Fail | Status::Timeout | Status::Error => &mut self.fail,
        };
        *counted += count;
    }

    /// All of them.
    pub fn all(self) -> u32 {
        self.pass + self.waived + self.expected + self.not_applicable + self.fail
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, tally| Self {
            pass: sum.pass + tally.pass,
            waived: sum.waived + tally.waived,
            expected: sum.expected + tally.expected,
            not_applicable: sum.not_applicable + tally.not_applicable,
            fail: sum.fail + tally.fail,
        })
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
    #[serde(default, with = "measured")]
    pub error: Option<f64>,
    /// Largest error that would still have passed.
    #[serde(default, with = "measured")]
    pub tolerance: Option<f64>,
    /// Unit of the two above and where the tolerance comes from: `multiple of the recorded f32 noise; 4 × …`.
    pub measure: Option<String>,
    /// What was looked at, or what went wrong and where.
    pub detail: String,
}

impl Outcome {
    /// Error over tolerance, where both were measured.
    pub fn ratio(&self) -> Option<f64> {
        self.error.zip(self.tolerance).map(|(error, tolerance)| if error == 0.0 { 0.0 } else { error / tolerance })
    }
}

/// JSON has no numbers for what is infinite or not a number: these are words, and come back as what they were.
mod measured {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Word(String),
    }

    pub(super) fn serialize<S: Serializer>(value: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
        let written = value.map(|value| match value {
            value if value.is_finite() => Written::Number(value),
            value => Written::Word(value.to_string()),
        });
        written.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
        match Option::<Written>::deserialize(from)? {
            None => Ok(None),
            Some(Written::Number(value)) => Ok(Some(value)),
            Some(Written::Word(word)) => match word.as_str() {
                "inf" => Ok(Some(f64::INFINITY)),
                "-inf" => Ok(Some(f64::NEG_INFINITY)),
                "NaN" => Ok(Some(f64::NAN)),
                _ => Err(de::Error::custom(format!("expected a number, `inf`, `-inf` or `NaN`, found `{word}`"))),
            },
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_own_word_and_is_counted_once() {
        for (at, status) in Status::ALL.into_iter().enumerate() {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(Status::ALL.iter().position(|other| other == &status), Some(at));
            let tally = Tally::of([status]);
            assert_eq!((tally.all(), tally.fail == 1), (1, status.is_failure()));
        }
        assert!(Status::ALL.is_sorted());
    }

    #[test]
    fn errors_without_bound_survive_json() {
        for error in [None, Some(0.5), Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(f64::NAN)] {
            let outcome = Outcome {
                check: "holds".into(),
                architecture: "toy".into(),
                device: "flex".into(),
                status: Status::Fail,
                error,
                tolerance: Some(8.0),
                measure: None,
                detail: String::new(),
            };
            let back: Outcome = serde_json::from_str(&serde_json::to_string(&outcome).unwrap()).unwrap();
            assert_eq!(back.error.map(f64::to_bits), error.map(f64::to_bits));
        }
    }
}
