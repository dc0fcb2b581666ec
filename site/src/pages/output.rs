//! Where the files of a site go while it is written: each is handed on at once, and only its address is kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Pages;
use crate::error::{Error, Result};

/// A place that takes the files of a site, in any order and from any thread.
pub(crate) trait Sink: Sync {
    /// Takes the file at a path such as `models/bert/index.html`. No path comes twice.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn take(&self, path: &str, bytes: Vec<u8>) -> Result<()>;

    /// Takes a copy of a file.
    ///
    /// # Errors
    /// When it cannot be read or kept.
    fn copy(&self, path: &str, from: &Path) -> Result<()> {
        self.take(path, fs::read(from).map_err(Error::io(from))?)
    }
}

/// Keeps all files in memory.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<BTreeMap<String, Vec<u8>>>);

impl Held {
    pub(crate) fn pages(self) -> Pages {
        Pages(self.0.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sink for Held {
    fn take(&self, path: &str, bytes: Vec<u8>) -> Result<()> {
        locked(&self.0).insert(path.to_owned(), bytes);
        Ok(())
    }
}

/// A map is whole between any two of its calls, so that nothing is lost where another thread panicked.
fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hands files on, each address once, and remembers which there are and how large they are.
pub(crate) struct Output<'a> {
    sink: &'a dyn Sink,
    sizes: Mutex<BTreeMap<String, u64>>,
}

impl<'a> Output<'a> {
    pub(crate) fn new(sink: &'a dyn Sink) -> Self {
        Self { sink, sizes: Mutex::default() }
    }

    /// Writes a file; it cannot be read back.
    pub(crate) fn put(&self, path: String, bytes: impl Into<Vec<u8>>) -> Result<()> {
        let bytes = bytes.into();
        self.note(&path, bytes.len() as u64)?;
        self.sink.take(&path, bytes)
    }

    /// Copies a file of this many bytes.
    pub(crate) fn copy(&self, path: String, from: &Path, size: u64) -> Result<()> {
        self.note(&path, size)?;
        self.sink.copy(&path, from)
    }

    fn note(&self, path: &str, size: u64) -> Result<()> {
        match locked(&self.sizes).insert(path.to_owned(), size) {
            Some(_) => Err(Error::Twice(path.to_owned())),
            None => Ok(()),
        }
    }

    /// Whether there is a file at this path by now.
    pub(crate) fn has(&self, path: &str) -> bool {
        locked(&self.sizes).contains_key(path)
    }

    /// Where files are by now, sorted.
    pub(crate) fn paths(&self) -> Vec<String> {
        locked(&self.sizes).keys().cloned().collect()
    }

    /// Every file by its path, with its bytes.
    pub(crate) fn sizes(self) -> BTreeMap<String, u64> {
        self.sizes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
