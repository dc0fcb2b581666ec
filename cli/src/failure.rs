//! Why a command stopped, what to try next, and the exit code that says so.

use std::fmt;
use std::io;

use zoo_registry::{Error, HubTrouble};

/// What a shell reports of a process that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line asks for what cannot be.
    Usage(Told),
    /// Something failed on the way.
    Run(Told),
    /// Whoever read our output has seen enough: `zoo list | head -1`.
    NobodyReads,
    /// Ctrl-C, after what there was has been written.
    Interrupted,
}

/// What people are told.
#[derive(Debug)]
pub(crate) struct Told {
    /// What was asked, what was found, where.
    pub(crate) message: String,
    /// One thing to try next.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// The command line asks for what cannot be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(Told { message: message.into(), hint: None })
    }

    /// Something failed on the way.
    pub(crate) fn run(message: impl Into<String>) -> Self {
        Self::Run(Told { message: message.into(), hint: None })
    }

    /// With one thing to try next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Usage(told) | Self::Run(told) = &mut self {
            told.hint = Some(hint.into());
        }
        self
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Run(_) => 1,
            Self::NobodyReads => 0,
            Self::Interrupted => INTERRUPTED,
        }
    }

    /// What people are told, if anything.
    pub(crate) fn told(&self) -> Option<&Told> {
        match self {
            Self::Usage(told) | Self::Run(told) => Some(told),
            Self::NobodyReads | Self::Interrupted => None,
        }
    }
}

/// Names, configurations, devices and inputs come from the command line; files and memory do not. A name that two families claim,
/// or a family that is missing, comes from whoever put the program together, and is as little a fault of what happens on the way.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let told = Told { message: error.to_string(), hint: error.hint() };
        match error {
            Error::UnknownName { .. }
            | Error::DuplicateName { .. }
            | Error::NotLinked { .. }
            | Error::Config { .. }
            | Error::Device { .. }
            | Error::Threads { .. }
            | Error::Input { .. }
            | Error::Strategy { .. }
            | Error::Unsupported { .. }
            | Error::Hub { trouble: HubTrouble::Name { .. }, .. } => Self::Usage(told),
            _ => Self::Run(told),
        }
    }
}

impl From<zoo_catalog::Error> for Failure {
    fn from(error: zoo_catalog::Error) -> Self {
        let told = Told { message: error.to_string(), hint: error.hint() };
        match error {
            zoo_catalog::Error::Query { .. } => Self::Usage(told),
            _ => Self::Run(told),
        }
    }
}

impl From<zoo_site::Error> for Failure {
    fn from(error: zoo_site::Error) -> Self {
        match error {
            zoo_site::Error::Catalog(error) => error.into(),
            zoo_site::Error::NotASite { .. } => Self::usage(error.to_string())
                .hint("`zoo site build` writes a site; `--out` takes a folder that is new, empty or such a site"),
            zoo_site::Error::NotLoopback(_) => Self::usage(error.to_string())
                .hint("any web server can publish the folder: its files need nothing else"),
            zoo_site::Error::Serve { .. } => {
                Self::run(error.to_string()).hint("another port may be free: `127.0.0.1:0` takes any that is")
            }
            _ => Self::run(error.to_string()),
        }
    }
}

/// Of writing to standard output, the one place where `?` meets a bare I/O error.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::run(format!("standard output: {error}")),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_typed_is_usage_and_what_the_disk_holds_is_not() {
        let name = Error::UnknownName { asked: "brt".into(), near: vec![] };
        assert_eq!(Failure::from(name).exit_code(), 2);
        let repository = Error::Hub {
            asked: "a/b/c".into(),
            trouble: HubTrouble::Name { expected: "a repository", reason: "expected `owner/name`".into() },
        };
        assert_eq!(Failure::from(repository).exit_code(), 2);
        let gone = HubTrouble::NotFound { near: vec![], with_token: false };
        assert_eq!(Failure::from(Error::Hub { asked: "a/b".into(), trouble: gone }).exit_code(), 1);
        let file = Error::Parse { path: "x".into(), reason: "is empty".into() };
        assert_eq!(Failure::from(file).exit_code(), 1);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)).exit_code(), 0);
    }
}
