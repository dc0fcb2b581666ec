//! What a check is, and what it finds.

use std::fmt;

use zoo_registry::CheckFacts;

use crate::subject::Subject;

/// One statement about every architecture, and the function that looks whether it holds.
pub struct Check {
    /// Kebab-case, named for what holds.
    pub id: &'static str,
    /// The statement, one sentence.
    pub statement: &'static str,
    /// How it is looked at, and the guard that keeps it from passing for nothing.
    pub method: &'static str,
    /// Bugs it exists to catch.
    pub catches: &'static [&'static str],
    /// Looks.
    pub run: fn(&Subject<'_>) -> Verdict,
}

impl Check {
    /// The check as plain data, for the catalog.
    pub fn facts(&self) -> CheckFacts {
        CheckFacts {
            id: self.id.to_owned(),
            statement: self.statement.to_owned(),
            method: self.method.to_owned(),
            catches: self.catches.iter().map(|&bug| bug.to_owned()).collect(),
        }
    }
}

/// How a check ends: what it found when the statement holds, why it stopped when not.
pub type Verdict = Result<Finding, Stop>;

/// What a check measured and looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Finding {
    /// Largest error; `None` where the check is yes or no.
    pub error: Option<f64>,
    /// Largest error that would have passed.
    pub tolerance: Option<f64>,
    /// Unit of both, and where the tolerance comes from.
    pub measure: Option<String>,
    /// What was looked at, or what went wrong and where.
    pub detail: String,
}

/// Why a check did not end well.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// The statement does not hold.
    Fails(Finding),
    /// The family declares that it lacks what the check is about.
    NotApplicable(String),
}

impl Finding {
    /// A yes-or-no finding.
    pub fn seen(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..Self::default() }
    }
}

impl Stop {
    /// The statement does not hold, in words.
    pub fn fails(detail: impl Into<String>) -> Self {
        Self::Fails(Finding::seen(detail))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails(finding) => f.write_str(&finding.detail),
            Self::NotApplicable(reason) => f.write_str(reason),
        }
    }
}

impl From<zoo_registry::Error> for Stop {
    fn from(error: zoo_registry::Error) -> Self {
        Self::fails(error.to_string())
    }
}

/// Fails with `detail` unless `holds`.
///
/// # Errors
/// [`Stop::Fails`].
pub fn require(holds: bool, detail: impl FnOnce() -> String) -> Result<(), Stop> {
    if holds { Ok(()) } else { Err(Stop::fails(detail())) }
}

/// A clause for a list of problems, or success.
///
/// # Errors
/// [`Stop::Fails`] with every problem, if there is one.
pub fn none_of(problems: &[String], held: impl Into<String>) -> Verdict {
    if problems.is_empty() { Ok(Finding::seen(held)) } else { Err(Stop::fails(problems.join("; "))) }
}
