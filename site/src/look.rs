//! Templates, styles and scripts: those that are in the program, or, while they are worked on, those of a folder.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Where templates, styles and scripts come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    folder: Option<PathBuf>,
}

impl Look {
    /// They are read, each time a site is written, from a folder like the one of this crate: `templates/` and `static/`.
    pub fn from_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()) }
    }

    /// A file by its path in that folder, of which the program has a copy of its own.
    pub(crate) fn text(&self, path: &str, own: &'static str) -> Result<Cow<'static, str>> {
        let Some(folder) = &self.folder else { return Ok(own.into()) };
        let file: &Path = &folder.join(path);
        std::fs::read_to_string(file).map(Cow::from).map_err(Error::io(file))
    }
}
