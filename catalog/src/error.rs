//! What can go wrong, said as: what was asked, what was found, where.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// The result of every fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can keep a catalog from being built, opened or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no file where a catalog was expected.
    #[error("there is no catalog at `{}`", .path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file of another kind.
    #[error("`{}` is not a catalog: {found}", .path.display())]
    NotACatalog {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        found: String,
    },
    /// A catalog of an older or newer zoo.
    #[error("expected a catalog of schema version {expected}, `{}` has version {found}", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version this crate reads and writes.
        expected: u32,
        /// The version in the file.
        found: u32,
    },
    /// A catalog that should be the earlier of two and is the younger one.
    #[error("expected a catalog from before {of}, `{}` is of {date}", .path.display())]
    Later {
        /// The file.
        path: PathBuf,
        /// The last day of which it says something new.
        date: String,
        /// The day of the catalog that was to come after it.
        of: String,
    },
    /// A catalog cut short or grown.
    #[error("expected {expected} bytes, `{}` has {found}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Length that the file's own header gives.
        expected: u64,
        /// Length of the file.
        found: u64,
    },
    /// A value in the catalog that this crate would not have written.
    #[error("`{}` holds a value that cannot be read: {place}: {reason}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Table and row.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Input that contradicts itself; every problem at once, and nothing is written.
    #[error("the catalog's input is not sound:{}", list(.problems))]
    Input {
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// SQL that was typed by a person and did not work.
    #[error("{message}")]
    Query {
        /// SQLite's own word, or the limit that was reached.
        message: String,
    },
    /// A file that cannot be read or written.
    #[error("`{}`: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// SQLite refused something that zoo asked of it.
    #[error("{doing} `{}`: {source}", .path.display())]
    Sqlite {
        /// What was being done: `building`, `reading`.
        doing: &'static str,
        /// The catalog.
        path: PathBuf,
        /// SQLite's word.
        source: sqlx::Error,
    },
}

impl Error {
    /// One thing the user could try next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { .. } => "`zoo publish` builds the catalog".into(),
            Self::NotACatalog { .. } => "give the path of a file that `zoo publish` wrote".into(),
            Self::Version { .. } | Self::Damaged { .. } | Self::Content { .. } => {
                "the catalog is a build product; `zoo publish` builds it anew".into()
            }
            Self::Later { .. } => {
                "give the day on which the new catalog is built, or the catalog that was there before".into()
            }
            Self::Query { .. } => "`SELECT name, sql FROM sqlite_schema` shows every table and view".into(),
            Self::Input { .. } => "facts stand in the family's TOML; checks and outcomes come from the suite".into(),
            Self::Sqlite { source, .. } if is_locked(source) => {
                "another program holds the file; zoo only ever reads it, or replaces it whole".into()
            }
            Self::Io { .. } | Self::Sqlite { .. } => return None,
        })
    }
}

/// One contradiction in the input of a build.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The facts break their own rules.
    #[error("architecture `{architecture}`: {problem}")]
    Descriptor {
        /// Whose facts.
        architecture: String,
        /// The rule, and how it is broken.
        problem: zoo_registry::Problem,
    },
    /// One of a kind, and there are two.
    #[error("{place}: {what} `{id}` stands twice")]
    Twice {
        /// What it is: `architecture`, `check`, `module`, …
        what: &'static str,
        /// The repeated id.
        id: String,
        /// Where the second stands.
        place: String,
    },
    /// Two owners claim one name.
    #[error("the name `{name}` is claimed by both `{first}` and `{second}`")]
    Claimed {
        /// The contested name.
        name: String,
        /// Who claims it, `architecture` or `architecture/preset`.
        first: String,
        /// Who else does.
        second: String,
    },
    /// Something refers to what is not there.
    #[error("{place}: there is no {what} `{id}`{}", did_you_mean(.near))]
    Unknown {
        /// What was looked for: `architecture`, `check`, `preset`.
        what: &'static str,
        /// The id that nothing has.
        id: String,
        /// Where it is named.
        place: String,
        /// Ids that look like it, best first.
        near: Vec<String>,
    },
    /// Models that descend from themselves.
    #[error("the family tree runs in a circle: {ids}")]
    Circle {
        /// Each names the next as an ancestor.
        ids: String,
    },
    /// An outcome that claims an excuse which the family does not state.
    #[error("{place}: is `{status}`, and the family's facts do not say so")]
    Unexcused {
        /// The outcome.
        place: String,
        /// How it ended.
        status: &'static str,
    },
    /// Two definitions of one term.
    #[error("architecture `{architecture}`: defines the term `{term}` of axis `{axis}` otherwise than `{first}` does")]
    Term {
        /// Axis id.
        axis: String,
        /// Term id.
        term: String,
        /// Who defines it first; `the vocabulary` where zoo does.
        first: String,
        /// Who defines it differently.
        architecture: String,
    },
    /// Something that is no day of the calendar.
    #[error("expected a day as `YYYY-MM-DD`, found `{date}`")]
    NotADay {
        /// What was given.
        date: String,
    },
    /// A number that SQLite's integers cannot hold.
    #[error("{place}: expected at most {}, found {value}", i64::MAX)]
    TooLarge {
        /// Field or path.
        place: String,
        /// The number.
        value: u64,
    },
    /// A tolerance nothing can be compared with.
    #[error("{place}: the tolerance is not a number")]
    NotANumber {
        /// The outcome.
        place: String,
    },
}

fn is_locked(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == libsqlite3_sys::SQLITE_BUSY.to_string())
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}

fn did_you_mean(near: &[String]) -> impl fmt::Display {
    match near.first() {
        Some(best) => format!("; did you mean `{best}`?"),
        None => String::new(),
    }
}
