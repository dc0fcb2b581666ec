//! From pages to a folder: written beside the old site, swapped in whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use zoo_catalog::Catalog;

use crate::content::{Content, Printed};
use crate::data::{BasePath, BaseUrl, CatalogFile, Data};
use crate::error::{Error, Result};
use crate::look::Look;
use crate::pages::{Pages, Sink, render_into};
use crate::tryout::Tryout;
use crate::words::Tongue;

/// The file that marks a folder as a site of ours: without it, nothing is overwritten or served.
pub const MARKER: &str = ".zoo-site";

/// The file that lists every other one with its BLAKE3.
const MANIFEST: &str = "MANIFEST.blake3";

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

/// What a site has besides what its catalog says.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// What runs in the pages of its models.
    pub tryout: Option<Tryout>,
    /// What the commands of models' demos print. A command that is not in it is shown without.
    pub printed: Printed,
    /// A program that indexes the words of a site: it is given the folder, and writes into `pagefind/` there.
    pub indexer: Option<PathBuf>,
    /// Where the site will stand: without it there is no sitemap, and pages name no canonical address.
    pub base_url: Option<BaseUrl>,
    /// The languages that pages are written in; all, if none is named. English is always one of them.
    pub tongues: Vec<Tongue>,
    /// Its path on its host, where only that is known: the page for what is not there answers at any depth, so it has to say it.
    pub base_path: Option<BasePath>,
}

/// Builds the site of the catalog at `catalog` in the folder `out`, replacing a site that stands there.
///
/// The catalog itself stands beside the pages, as `catalog.sqlite` with its SHA-256, and `MANIFEST.blake3` lists all of it. Every page goes
/// to the disk as it is written, in a folder beside `out`; that takes the place of the old site in one step, once all is there.
///
/// # Errors
/// When the catalog cannot be read, a page does not render, the indexer fails, or [`write()`] refuses.
pub async fn build(catalog: &Path, extras: Extras, out: &Path) -> Result<Summary> {
    // A folder that will be refused is refused before the work.
    let folder = Folder::beside(out)?;
    let Extras { tryout, printed, indexer, base_url, base_path, tongues } = extras;
    let content = Content::read(&Catalog::open(catalog).await?).await?;
    let file = CatalogFile::read(catalog)?;
    let data = Data { file: Some(file), base_url, base_path, ..content.data };
    let tongues = if tongues.is_empty() { content.tongues } else { tongues };
    let content = Content { tryout, printed, indexed: indexer.is_some(), data, tongues, ..content };
    let sizes = render_into(&content, &Look::default(), &folder)?;
    let mut summary = Summary::of(sizes.iter().map(|(path, size)| (path.as_str(), *size)));
    if let Some(program) = &indexer {
        index(program, &folder.unplaced(), &mut summary)?;
    }
    summary.bytes += folder.list()?;
    summary.files += 1;
    folder.place()?;
    Ok(summary)
}

/// Has the words of a new site indexed, and counts what that writes.
fn index(program: &Path, site: &Path, summary: &mut Summary) -> Result<()> {
    let failed = |told: String| Error::Indexer { program: program.to_owned(), told };
    let ran = Command::new(program).arg(site).output().map_err(|error| failed(error.to_string()))?;
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr);
        return Err(failed(format!("{}: {}", ran.status, said.trim())));
    }
    let index = site.join("pagefind");
    let files = if index.is_dir() { files(&index)? } else { BTreeMap::new() };
    if !files.contains_key("pagefind.js") {
        return Err(failed("it wrote no `pagefind/pagefind.js`".into()));
    }
    summary.files += files.len();
    summary.bytes += files.values().sum::<u64>();
    Ok(())
}

/// BLAKE3 of a file, which is read piece by piece.
fn digest(path: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize())
}

/// Every file of a folder by its path in it, with its bytes. A link is what it leads to, as a host would send it.
pub(crate) fn files(folder: &Path) -> Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    let mut left = vec![(folder.to_owned(), String::new())];
    while let Some((at, prefix)) = left.pop() {
        for entry in fs::read_dir(&at).map_err(Error::io(&at))? {
            let entry = entry.map_err(Error::io(&at))?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let facts = fs::metadata(entry.path()).map_err(Error::io(&entry.path()))?;
            if facts.is_dir() {
                left.push((entry.path(), path + "/"));
            } else {
                found.insert(path, facts.len());
            }
        }
    }
    Ok(found)
}

/// Writes pages to the folder `out`, replacing a site that stands there.
///
/// # Errors
/// [`Error::NotASite`] when `out` holds anything but a site of ours; [`Error::Io`] when the disk refuses.
pub fn write(pages: &Pages, out: &Path) -> Result<Summary> {
    let folder = Folder::beside(out)?;
    for (path, bytes) in pages.iter() {
        folder.put(path, bytes)?;
    }
    folder.place()?;
    Ok(Summary::of(pages.iter().map(|(path, bytes)| (path, bytes.len() as u64))))
}

impl Summary {
    fn of<'a>(files: impl Iterator<Item = (&'a str, u64)>) -> Self {
        files.fold(Self { pages: 0, files: 0, bytes: 0 }, |sum, (path, size)| Self {
            pages: sum.pages + usize::from(path.ends_with(".html")),
            files: sum.files + 1,
            bytes: sum.bytes + size,
        })
    }
}

/// A site that is being written, in a folder beside the one it will replace: an interrupted run leaves the old site whole.
#[derive(Debug)]
struct Folder {
    target: PathBuf,
    work: TempDir,
    /// Held as long as somebody writes here; a process that is killed lets go of it.
    _lock: File,
}

/// How the names of such folders begin.
const WORK: &str = ".zoo-site-";
/// The file in them that is locked.
const LOCK: &str = "lock";

impl Folder {
    fn beside(out: &Path) -> Result<Self> {
        let target = target(out)?;
        let (Some(parent), Some(_)) = (target.parent(), target.file_name()) else {
            return Err(Error::NotASite { path: target, marker: MARKER });
        };
        fs::create_dir_all(parent).map_err(Error::io(parent))?;
        clear(parent);
        let work = tempfile::Builder::new().prefix(WORK).tempdir_in(parent).map_err(Error::io(parent))?;
        let lock = lock(work.path()).map_err(Error::io(work.path()))?;
        let folder = Self { target, work, _lock: lock };
        folder.put(MARKER, b"This folder is written by zoo; whatever else stands in it is replaced.\n")?;
        Ok(folder)
    }

    fn unplaced(&self) -> PathBuf {
        self.work.path().join("new")
    }

    /// Where a file goes, its folder made.
    fn room_for(&self, path: &str) -> Result<PathBuf> {
        let path = self.unplaced().join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Error::io(folder))?;
        }
        Ok(path)
    }

    fn put(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.room_for(path)?;
        fs::write(&path, bytes).map_err(Error::io(&path))
    }

    /// Lists every file that stands there by now with its BLAKE3, as `b3sum --check` reads it, and gives the bytes of the list.
    fn list(&self) -> Result<u64> {
        let site = self.unplaced();
        let files = files(&site)?;
        let line = |path: &String| {
            let full = site.join(path);
            let digest = digest(&full).map_err(Error::io(&full))?;
            Ok(format!("{}  {path}\n", digest.to_hex()))
        };
        let list = files.keys().filter(|path| *path != MARKER).map(line).collect::<Result<String>>()?;
        self.put(MANIFEST, list.as_bytes())?;
        Ok(list.len() as u64)
    }

    /// Moves the new site into place; the old one stays, or comes back, when that fails.
    fn place(self) -> Result<()> {
        let (new, old) = (self.unplaced(), self.work.path().join("old"));
        let stood = self.target.exists();
        if stood {
            if exchanged(&new, &self.target) {
                return Ok(());
            }
            fs::rename(&self.target, &old).map_err(Error::io(&self.target))?;
        }
        fs::rename(&new, &self.target).map_err(|error| {
            if stood {
                // The first error is the one to tell.
                let _ = fs::rename(&old, &self.target);
            }
            Error::io(&self.target)(error)
        })
    }
}

/// Locks a folder: under another name first, so that nobody finds it unlocked.
fn lock(folder: &Path) -> io::Result<File> {
    let new = folder.join("lock.new");
    let file = File::create(&new)?;
    // Where the system has no locks, a folder that is left stays.
    if file.try_lock().is_ok() {
        fs::rename(&new, folder.join(LOCK))?;
    }
    Ok(file)
}

/// Removes what builds that were killed have left; what somebody writes to is locked.
fn clear(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(WORK)) {
        let is_free = || File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if is_free() {
            // Whoever may not remove it leaves it.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Sink for Folder {
    fn take(&self, path: &str, bytes: Vec<u8>) -> Result<()> {
        self.put(path, &bytes)
    }

    fn copy(&self, path: &str, from: &Path) -> Result<()> {
        fs::copy(from, self.room_for(path)?).map(|_| ()).map_err(Error::io(from))
    }
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

/// Exchanges two folders in one step, so that there is no moment without a site; `false` where the system cannot.
#[cfg(target_os = "linux")]
fn exchanged(new: &Path, target: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, new, CWD, target, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn exchanged(_new: &Path, _target: &Path) -> bool {
    false
}
