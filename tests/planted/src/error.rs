//! What can go wrong before the first bug runs.

use std::path::{Path, PathBuf};

/// What this crate's functions give.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the self-test could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The catalogue and the sources do not fit each other.
    #[error("{}", .0.join("\n"))]
    Catalogue(Vec<String>),
    /// A file could not be read or written.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The planted copy does not compile.
    #[error("the planted copy does not build:\n{0}")]
    Build(String),
    /// The suite could not be run.
    #[error("{0}")]
    Run(String),
}

impl Error {
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    pub(crate) fn catalogue(problem: impl Into<String>) -> Self {
        Self::Catalogue(vec![problem.into()])
    }
}
