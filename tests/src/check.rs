//! What a check is, and what it finds.

use std::fmt;

use zoo_registry::CheckFacts;

use crate::subject::Subject;

/// One statement about every architecture, and the function that looks whether it holds.
pub struct Check {
    /// Kebab-case, named for what holds.
    pub id: &'static str,
    /// The text of its file, whose doc comment is its page.
    pub source: &'static str,
    /// Looks.
    pub run: fn(&Subject<'_>) -> Verdict,
}

impl Check {
    /// The check as plain data, from the doc comment of its file.
    pub fn facts(&self) -> CheckFacts {
        let mut facts = CheckFacts { id: self.id.to_owned(), ..CheckFacts::default() };
        let page = self.source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
        let mut section = "";
        for line in page.filter(|line| !line.is_empty()) {
            match (line.strip_prefix("# "), section) {
                (Some(title), _) => section = title,
                (None, "") => join(&mut facts.statement, line),
                (None, "How") => join(&mut facts.method, line),
                (None, "Catches") => item(&mut facts.catches, line),
                (None, "Seen") => item(&mut facts.seen, line),
                (None, "Fix") => join(&mut facts.fix, line),
                (None, _) => {}
            }
        }
        facts
    }
}

/// Goes on with a paragraph.
fn join(paragraph: &mut String, line: &str) {
    if !paragraph.is_empty() {
        paragraph.push(' ');
    }
    paragraph.push_str(line);
}

/// Begins an item of a list, or goes on with the last.
fn item(list: &mut Vec<String>, line: &str) {
    match (line.strip_prefix("- "), list.last_mut()) {
        (Some(text), _) => list.push(text.to_owned()),
        (None, Some(last)) => join(last, line),
        (None, None) => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_the_doc_comment() {
        let source = "//! It\n//! holds.\n//!\n//! # How\n//!\n//! By looking.\n//!\n//! # Catches\n//!\n//! - a slip\n//!   of the pen\n\
                      //! - a typo\n//!\n//! # Fix\n//!\n//! Look there.\n\n//! not this\n";
        let facts = Check { id: "it-holds", source, run: |_| Ok(Finding::default()) }.facts();
        assert_eq!((facts.statement.as_str(), facts.method.as_str()), ("It holds.", "By looking."));
        assert_eq!(facts.catches, ["a slip of the pen", "a typo"]);
        assert_eq!((facts.seen.len(), facts.fix.as_str()), (0, "Look there."));
    }
}
