//! What can go wrong between the catalog and a served page.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The site's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a site was not built or not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The catalog could not be read.
    #[error(transparent)]
    Catalog(#[from] zoo_catalog::Error),
    /// A page's template does not fit its data.
    #[error("page `{page}` does not render: {}", chain(.source))]
    Template {
        /// Path of the page in the site.
        page: String,
        /// What the template engine says.
        #[source]
        source: tera::Error,
    },
    /// The templates that ship with the crate do not parse.
    #[error("the templates do not parse: {}", chain(.0))]
    Templates(#[source] tera::Error),
    /// The words of a language are not as they should be, or a template asks for others.
    #[error("`{file}`: {told}")]
    Strings {
        /// The file of words, or the template.
        file: String,
        /// What is wrong with it.
        told: String,
    },
    /// A language that the site does not speak.
    #[error("`{0}` is no language of the site: it speaks `en`, `zh-Hans` and `de`")]
    Tongue(String),
    /// A view cannot be written as JSON.
    #[error("`{page}` cannot be written as JSON: {source}")]
    Json {
        /// Path of the file in the site.
        page: String,
        /// What the serialiser says.
        #[source]
        source: serde_json::Error,
    },
    /// Source code cannot be highlighted.
    #[error("source code cannot be highlighted: {0}")]
    Highlight(String),
    /// The program that indexes the words of a site did not.
    #[error("`{}` did not index the site: {told}", program.display())]
    Indexer {
        /// The program.
        program: PathBuf,
        /// What it says, or what the system says of it.
        told: String,
    },
    /// A card, which messengers show of a page, cannot be drawn.
    #[error("a card cannot be drawn: {0}")]
    Card(String),
    /// An id would not make a path.
    #[error("{what} `{id}` cannot be part of an address: ids hold a–z, 0–9, `-` and, between them, `.`")]
    Id {
        /// Kind of thing.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// What should be the address of the site is none.
    #[error(
        "`{0}` is not the address of a site: it starts with `https://` or `http://` and a host, and has no `?` and no `#`"
    )]
    BaseUrl(String),
    /// What should be the path of the site is none.
    #[error("`{0}` is not the path of a site on its host: it starts with `/`, as `/zoo/` does")]
    BasePath(String),
    /// Two pages want one address.
    #[error("two pages have the address `{0}`")]
    Twice(String),
    /// The folder holds something else than a site of ours.
    #[error("`{}` is not a zoo site (it has no `{marker}`), so it stays as it is", path.display())]
    NotASite {
        /// The folder.
        path: PathBuf,
        /// Name of the file that marks a site.
        marker: &'static str,
    },
    /// A file or folder could not be read or written.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The preview is for this machine only.
    #[error("the preview listens on loopback only, `{0}` is not a loopback address")]
    NotLoopback(SocketAddr),
    /// The server could not listen or stopped.
    #[error("the preview at `{address}` stopped: {source}")]
    Serve {
        /// Where it listened.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// For `map_err`: an input or output error at a path.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

/// An error and its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        told.push_str(": ");
        told.push_str(&inner.to_string());
        cause = inner.source();
    }
    told
}
