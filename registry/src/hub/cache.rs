//! The folder where Hugging Face's libraries keep what they downloaded, one for each repository:
//!
//! ```text
//! models--owner--name/
//!     blobs/<etag>                     contents, once each; `<etag>.incomplete` while they come
//!     snapshots/<commit>/<file>        links to blobs
//!     refs/<revision>                  the commit that a branch or tag stood at
//!     .no_exist/<commit>/<file>        empty: the hub has no such file
//! .locks/models--owner--name/<etag>.lock
//! ```

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hf_hub::{Cache, CacheRepo, Repo, RepoType};

use super::names::{Source, is_commit};
use super::wanted::{self, Wanted};
use crate::error::{Error, Result};

/// A repository's part of the cache.
pub(super) struct Shelf<'a> {
    source: &'a Source,
    folder: PathBuf,
    locks: PathBuf,
    names: CacheRepo,
}

/// What the cache holds of a repository at a revision.
pub(super) struct Snapshot {
    pub(super) commit: String,
    pub(super) folder: PathBuf,
    /// The files that are there.
    pub(super) files: Vec<String>,
    /// Files without which nothing can be loaded.
    pub(super) missing: Vec<String>,
    /// Files of which nobody knows whether the hub has them.
    pub(super) unknown: Vec<&'static str>,
}

/// How often a lock that somebody else holds is tried again.
const PAUSE: Duration = Duration::from_millis(100);

impl<'a> Shelf<'a> {
    pub(super) fn new(cache: &Path, source: &'a Source) -> Self {
        let repo = repo(source);
        let name = repo.folder_name();
        let folder = cache.join(&name);
        Self { source, folder, locks: cache.join(".locks").join(name), names: Cache::new(cache.to_owned()).repo(repo) }
    }

    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.names.blob_path(etag)
    }

    /// Where a blob grows. The name has room for any tag, for no tag ends like this.
    pub(super) fn part(&self, etag: &str) -> PathBuf {
        self.names.blob_path(&format!("{etag}.incomplete"))
    }

    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.names.pointer_path(commit)
    }

    /// Waits until nobody else, in this process or another, works on what is called `name`; `waiting` is called meanwhile. The
    /// lock ends with the result or its process.
    pub(super) fn lock(&self, name: &str, waiting: &mut dyn FnMut()) -> Result<File> {
        let path = self.locks.join(format!("{name}.lock"));
        fs::create_dir_all(&self.locks).map_err(Error::io(&self.locks))?;
        let file = File::options().write(true).create(true).truncate(false).open(&path).map_err(Error::io(&path))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => {
                    waiting();
                    std::thread::sleep(PAUSE);
                }
                Err(TryLockError::Error(error)) => return Err(Error::io(&path)(error)),
            }
        }
    }

    /// Makes a whole blob a file of a snapshot. Expects the blob's lock to be held.
    pub(super) fn link(&self, etag: &str, commit: &str, file: &str) -> Result<PathBuf> {
        let folder = self.snapshot(commit);
        let path = folder.join(file);
        fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        // A link to nothing, as is left when someone tidies up blobs.
        if path.symlink_metadata().is_ok() && !path.exists() {
            fs::remove_file(&path).map_err(Error::io(&path))?;
        }
        if !path.exists() {
            link(&self.blob(etag), &Path::new("../../blobs").join(etag), &path).map_err(Error::io(&path))?;
        }
        Ok(path)
    }

    /// Remembers where a branch or tag stands. A commit stands where it stands.
    pub(super) fn remember(&self, commit: &str) -> Result<()> {
        if self.commit().is_some_and(|known| known == commit) {
            return Ok(());
        }
        let path = self.reference();
        let new = path.with_added_extension("new");
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let _lock = self.lock("refs", &mut || ())?;
        fs::write(&new, commit).map_err(Error::io(&new))?;
        fs::rename(&new, &path).map_err(Error::io(&path))
    }

    /// Remembers which files the hub does not have.
    pub(super) fn remember_absent(&self, commit: &str, files: &[&str]) -> Result<()> {
        for file in files {
            let path = self.absent(commit, file);
            if !path.exists() {
                let folder = path.parent().unwrap_or(&self.folder);
                fs::create_dir_all(folder).map_err(Error::io(folder))?;
                File::create(&path).map_err(Error::io(&path))?;
            }
        }
        Ok(())
    }

    /// What is there, without a request.
    ///
    /// # Errors
    /// If there is an index of shards that cannot be read or is not sound.
    pub(super) fn look(&self) -> Result<Option<Snapshot>> {
        let Some(commit) = self.commit() else { return Ok(None) };
        let folder = self.snapshot(&commit);
        if !folder.is_dir() {
            return Ok(None);
        }
        let here = |file: &str| folder.join(file).is_file();
        let mut wanted: Vec<String> = vec![wanted::CONFIG.to_owned()];
        match Wanted::weights(here) {
            Some(weights) if weights == wanted::INDEX => {
                wanted.push(weights.to_owned());
                wanted.extend(wanted::shards(self.source, &folder.join(weights))?);
            }
            weights => wanted.push(weights.unwrap_or(wanted::WEIGHTS).to_owned()),
        }
        let (mut files, missing): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|file| here(file));
        files.extend(wanted::OPTIONAL.iter().filter(|file| here(file)).map(|file| (*file).to_owned()));
        let unknown = |file: &&&str| !here(file) && !self.absent(&commit, file).exists();
        let unknown = wanted::OPTIONAL.iter().filter(unknown).copied().collect();
        Ok(Some(Snapshot { folder, commit, files, missing, unknown }))
    }

    /// The commit that is meant, as far as is known here.
    fn commit(&self) -> Option<String> {
        if is_commit(self.source.revision()) {
            return Some(self.source.revision().to_owned());
        }
        let mut text = String::new();
        File::open(self.reference()).ok()?.take(64).read_to_string(&mut text).ok()?;
        Some(text.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    fn reference(&self) -> PathBuf {
        self.folder.join("refs").join(self.source.revision())
    }

    fn absent(&self, commit: &str, file: &str) -> PathBuf {
        self.folder.join(".no_exist").join(commit).join(file)
    }
}

/// How hf-hub names a repository, in the cache and on the hub.
pub(super) fn repo(source: &Source) -> Repo {
    Repo::with_revision(source.id().to_owned(), RepoType::Model, source.revision().to_owned())
}

/// Links to a blob: relative, so that the cache can move; where the system has no links, the blob is copied.
fn link(blob: &Path, relative: &Path, at: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    let linked = std::os::unix::fs::symlink(relative, at);
    #[cfg(windows)]
    let linked = std::os::windows::fs::symlink_file(relative, at);
    #[cfg(not(any(unix, windows)))]
    let linked = Err(std::io::Error::from(std::io::ErrorKind::Unsupported));
    if linked.is_ok() || at.exists() {
        return Ok(());
    }
    let _ = relative;
    fs::hard_link(blob, at).or_else(|_| {
        let new = at.with_added_extension("incomplete");
        fs::copy(blob, &new)?;
        fs::rename(&new, at)
    })
}
