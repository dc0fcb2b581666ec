//! From pages to a folder: written beside the old site, swapped in whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zoo_catalog::Catalog;

use crate::content::Content;
use crate::data::{BaseUrl, Data};
use crate::error::{Error, Result};
use crate::pages::{Pages, render};
use crate::tryout::Tryout;

/// The file that marks a folder as a site of ours: without it, nothing is overwritten or served.
pub const MARKER: &str = ".zoo-site";

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// HTML pages.
    pub pages: usize,
    /// Files of every kind, the pages included.
    pub files: usize,
    /// Bytes of all files.
    pub bytes: u64,
}

/// What a site has beside the catalog.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What runs in the pages of models.
    pub tryout: Option<Tryout>,
    /// Where the site will stand: without it there is no sitemap, and pages name no canonical address.
    pub base_url: Option<BaseUrl>,
}

/// Builds the site of the catalog at `catalog` in the folder `out`, replacing a site that stands there.
///
/// The catalog itself stands beside the pages, as `catalog.sqlite` with its SHA-256.
///
/// # Errors
/// When the catalog cannot be read, a page does not render, or [`write()`] refuses.
pub async fn build(catalog: &Path, options: Options, out: &Path) -> Result<Summary> {
    // A folder that will be refused is refused before the work.
    target(out)?;
    let Options { tryout, base_url } = options;
    let content = Content::read(&Catalog::open(catalog).await?).await?;
    let file = tokio::fs::read(catalog).await.map_err(Error::io(catalog))?;
    let data = Data { file: Some(file), base_url, ..content.data };
    write(&render(&Content { tryout, data, ..content })?, out)
}

/// Writes pages to the folder `out`, replacing a site that stands there.
///
/// Everything is written to a new folder beside `out` first, so that an interrupted run leaves the old site whole.
///
/// # Errors
/// [`Error::NotASite`] when `out` holds anything but a site of ours; [`Error::Io`] when the disk refuses.
pub fn write(pages: &Pages, out: &Path) -> Result<Summary> {
    let target = target(out)?;
    let (Some(parent), Some(_)) = (target.parent(), target.file_name()) else {
        return Err(Error::NotASite { path: target, marker: MARKER });
    };
    fs::create_dir_all(parent).map_err(Error::io(parent))?;
    let work = tempfile::Builder::new().prefix(".zoo-site-").tempdir_in(parent).map_err(Error::io(parent))?;
    let new = work.path().join("new");
    let mut summary = Summary { pages: 0, files: 0, bytes: 0 };
    put(&new.join(MARKER), b"This folder is written by zoo; whatever else stands in it is replaced.\n")?;
    for (path, bytes) in pages.iter() {
        put(&new.join(path), bytes)?;
        summary.pages += usize::from(path.ends_with(".html"));
        summary.files += 1;
        summary.bytes += bytes.len() as u64;
    }
    swap(&new, &target, &work.path().join("old"))?;
    Ok(summary)
}

/// Refuses a folder that is not a site of ours.
pub(crate) fn check_site(folder: &Path) -> Result<()> {
    if folder.join(MARKER).is_file() {
        Ok(())
    } else {
        Err(Error::NotASite { path: folder.to_owned(), marker: MARKER })
    }
}

/// Where to write: the real place behind links, if it is free, empty or a site of ours.
fn target(out: &Path) -> Result<PathBuf> {
    let target = match fs::canonicalize(out) {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return std::path::absolute(out).map_err(Error::io(out));
        }
        Err(error) => return Err(Error::io(out)(error)),
    };
    let empty = target.is_dir() && fs::read_dir(&target).map_err(Error::io(&target))?.next().is_none();
    if !empty {
        check_site(&target)?;
    }
    Ok(target)
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    fs::write(path, bytes).map_err(Error::io(path))
}

/// Moves the new site into place; the old one comes back when that fails.
fn swap(new: &Path, target: &Path, old: &Path) -> Result<()> {
    let stood = target.exists();
    if stood {
        fs::rename(target, old).map_err(Error::io(target))?;
    }
    fs::rename(new, target).map_err(|error| {
        if stood {
            // The first error is the one to tell.
            let _ = fs::rename(old, target);
        }
        Error::io(target)(error)
    })
}
