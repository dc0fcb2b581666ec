//! Where the files of a site go while it is written: each is handed on at once, and only its address is kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Pages;
use crate::error::{Error, Result};

/// A place that takes the files of a site, one at a time.
pub(crate) trait Sink {
    /// Takes the file at a path such as `models/bert/index.html`. No path comes twice.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn take(&mut self, path: &str, bytes: Vec<u8>) -> Result<()>;

    /// Takes a copy of a file.
    ///
    /// # Errors
    /// When it cannot be read or kept.
    fn copy(&mut self, path: &str, from: &Path) -> Result<()> {
        self.take(path, fs::read(from).map_err(Error::io(from))?)
    }
}

impl Sink for Pages {
    fn take(&mut self, path: &str, bytes: Vec<u8>) -> Result<()> {
        self.0.insert(path.to_owned(), bytes);
        Ok(())
    }
}

/// Hands files on, each address once, and remembers which there are and how large they are.
pub(crate) struct Output<'a> {
    sink: &'a mut dyn Sink,
    sizes: BTreeMap<String, u64>,
}

impl<'a> Output<'a> {
    pub(crate) fn new(sink: &'a mut dyn Sink) -> Self {
        Self { sink, sizes: BTreeMap::new() }
    }

    /// Writes a file; it cannot be read back.
    pub(crate) fn put(&mut self, path: String, bytes: impl Into<Vec<u8>>) -> Result<()> {
        let bytes = bytes.into();
        self.free(&path)?;
        let size = bytes.len() as u64;
        self.sink.take(&path, bytes)?;
        self.sizes.insert(path, size);
        Ok(())
    }

    /// Copies a file of this many bytes.
    pub(crate) fn copy(&mut self, path: String, from: &Path, size: u64) -> Result<()> {
        self.free(&path)?;
        self.sink.copy(&path, from)?;
        self.sizes.insert(path, size);
        Ok(())
    }

    fn free(&self, path: &str) -> Result<()> {
        if self.sizes.contains_key(path) { Err(Error::Twice(path.to_owned())) } else { Ok(()) }
    }

    /// Every file so far with its bytes, sorted by path.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = (&str, u64)> {
        self.sizes.iter().map(|(path, size)| (path.as_str(), *size))
    }
}
