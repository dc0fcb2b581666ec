//! What can go wrong, said as: what was asked, what was found, where.

mod hub;

use std::fmt;
use std::path::PathBuf;

pub use hub::HubTrouble;

/// The result of every fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One field of a configuration or descriptor that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Dotted path of the field, as in `presets.bert-base-uncased.hub`.
    pub field: String,
    /// What was expected and what was found.
    pub message: String,
    /// Where in its file the field stands, counted from one, if it was read from a file.
    pub line: Option<usize>,
}

impl Problem {
    /// A problem with `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), line: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}, ")?;
        }
        write!(f, "`{}`: {}", self.field, self.message)
    }
}

/// A family that is needed and not registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The name it was asked for by.
    pub asked: String,
    /// Id of the family whose code builds on it, if one does.
    pub by: Option<String>,
    /// Registered names that look like it, best first.
    pub near: Vec<String>,
}

/// Everything a user can cause. Messages follow one form: what was asked, what was found, where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No architecture, preset or alias goes by this name.
    #[error("no model is called `{asked}`{}", did_you_mean(.near))]
    UnknownName {
        /// The name as typed.
        asked: String,
        /// Names that look like it, best first.
        near: Vec<String>,
    },
    /// Two registrations claim one name.
    #[error("the name `{name}` is claimed by both {}", claimants(.first, .second))]
    DuplicateName {
        /// The contested name.
        name: String,
        /// Who registered it first.
        first: String,
        /// Who came second and was refused.
        second: String,
    },
    /// Families that are needed and not here: their code may exist, but no crate in this program registers it.
    #[error("{}", missing_told(.missing))]
    NotLinked {
        /// All that are missing.
        missing: Vec<Missing>,
    },
    /// A descriptor breaks its own rules; every problem at once.
    #[error("the descriptor of `{id}` is not sound:{}", list(.problems))]
    Descriptor {
        /// Architecture id, or the file where it could not even be read.
        id: String,
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// A configuration cannot describe a model; every problem at once.
    #[error("not a configuration of `{architecture}`:{}", list(.problems))]
    Config {
        /// Architecture id.
        architecture: String,
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// The model would not fit; said before anything is allocated.
    #[error("`{what}` needs {} for its weights, {} has {}", bytes(*.needed), .device, bytes(*.available))]
    TooLarge {
        /// The model.
        what: String,
        /// Bytes its parameters take.
        needed: u64,
        /// Bytes there are.
        available: u64,
        /// Where they were looked for.
        device: String,
    },
    /// A device that this binary or this machine does not have.
    #[error("device `{asked}` is not available: {reason}")]
    Device {
        /// The device as typed.
        asked: String,
        /// Why it cannot be had.
        reason: String,
    },
    /// Threads that this machine does not have, or that come too late.
    #[error("cannot compute with {asked} threads: {reason}")]
    Threads {
        /// How many were asked for.
        asked: usize,
        /// What was expected, or how many there are.
        reason: String,
    },
    /// An input that the model cannot take.
    #[error("`{model}` cannot take this input: {reason}")]
    Input {
        /// The model.
        model: String,
        /// What it expected, what it got.
        reason: String,
    },
    /// Settings of a search that cannot be followed; every problem at once.
    #[error("text cannot be written like this:{}", list(.problems))]
    Strategy {
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// A text that cannot be written on.
    #[error("writing stopped: {reason}")]
    Generation {
        /// At which token of which text, and why.
        reason: String,
    },
    /// The model does not do what was asked of it.
    #[error("`{model}` {lacks}")]
    Unsupported {
        /// The model.
        model: String,
        /// What it lacks, as a clause: "has no …", "is not …".
        lacks: String,
    },
    /// A weight file that is not a sound safetensors file.
    #[error("{}: {reason}", .path.display())]
    WeightFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// Weights that do not fit the model.
    #[error("these weights are not those of `{model}`:{report}")]
    Weights {
        /// The model.
        model: String,
        /// What was missing, misshapen or different.
        report: String,
    },
    /// A saved state that this model cannot go on from.
    #[error("{}: `{model}` cannot go on from this state: {reason}", .path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// The model.
        model: String,
        /// What it expected, what it got.
        reason: String,
    },
    /// Text that could not be turned into ids, or back.
    #[error("tokenizer {}: {reason}", .path.display())]
    Tokenizer {
        /// The `tokenizer.json`.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// An image file that cannot be read, or not as the model wants it.
    #[error("image {}: {reason}", .path.display())]
    Image {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// A checkpoint that could not be had from the Hugging Face hub.
    #[error("`{asked}` {trouble}")]
    Hub {
        /// The repository, what was given for one, or the setting.
        asked: String,
        /// Why not.
        trouble: HubTrouble,
    },
    /// A file that is not there or cannot be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A file that does not parse.
    #[error("{}: {reason}", .path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The parser's word.
        reason: String,
    },
}

impl Error {
    /// Wraps an I/O error with the path it happened at.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// One thing the user could try next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::DuplicateName { .. } => "a name stands for one architecture or one size: rename one, in the TOML beside its code".into(),
            Self::NotLinked { missing } => {
                let asked: Vec<String> = missing.iter().map(|missing| format!("`{}`", missing.asked)).collect();
                format!("give `Registry::with`, or `zoo::main`, the architectures of the crate that has {}", asked.join(", "))
            }
            Self::UnknownName { .. } => "`zoo list` shows every name; globs work: `zoo list 'bert-*'`".into(),
            Self::Config { architecture, .. } => format!("`zoo show {architecture} --json` prints a configuration that works"),
            Self::TooLarge { .. } => "`zoo show` counts parameters of any size without allocating them".into(),
            Self::Device { .. } => "`zoo devices` lists what this binary and machine offer".into(),
            Self::Threads { .. } => "without a number there is one thread a core, or as many as `RAYON_NUM_THREADS` says".into(),
            Self::WeightFile { .. } => "the file may be truncated or not safetensors; fetch it again and compare its SHA-256".into(),
            Self::Weights { .. } => "check that the folder's `config.json` belongs to this file, and that the head matches: `--set head=none` loads the body alone".into(),
            Self::Tokenizer { .. } => "the folder given to `--weights` should hold the model's own `tokenizer.json`".into(),
            Self::Hub { trouble, .. } => return trouble.hint(),
            _ => return None,
        })
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}

fn missing_told(missing: &[Missing]) -> String {
    let told = |Missing { asked, by, near }: &Missing| {
        let needed = by.as_ref().map_or_else(String::new, |by| format!("`{by}` builds on `{asked}`: "));
        format!("{needed}no linked crate registers `{asked}`{}", did_you_mean(near))
    };
    missing.iter().map(told).collect::<Vec<_>>().join("\n  ")
}

/// Two architectures of one id are two all the same.
fn claimants(first: &str, second: &str) -> String {
    if first == second { format!("`{first}` and another `{second}`") } else { format!("`{first}` and `{second}`") }
}

pub(crate) fn did_you_mean(near: &[String]) -> String {
    match near {
        [] => String::new(),
        [one] => format!("; did you mean `{one}`?"),
        [firsts @ .., last] => format!(
            "; did you mean {} or `{last}`?",
            firsts.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// A byte count as people read it: `418 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_readable() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(437_928_960), "418 MiB");
        assert_eq!(bytes(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn suggestions_read_as_a_question() {
        let error = Error::UnknownName { asked: "brt".into(), near: vec!["bert".into(), "bart".into()] };
        assert_eq!(error.to_string(), "no model is called `brt`; did you mean `bert` or `bart`?");
    }
}
