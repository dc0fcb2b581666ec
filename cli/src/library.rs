//! The catalog that comes with the program, together with the user's own records.
//!
//! It is built when it is first asked for and kept in the cache folder, so that every later question is answered from a file. Another
//! program, or other records of one's own, make another file.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use tokio::runtime::Runtime;
use zoo_catalog::Catalog;
use zoo_registry::{Record, Registry};

use crate::commands::catalog::{Past, build, records};
use crate::failure::Failure;
use crate::interrupt::Scratch;
use crate::own;
use crate::runtime::runtime;
use crate::shell::Shell;

/// Which catalog is asked.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct From {
    /// Ask a file that `zoo publish` or `zoo catalog build` wrote; otherwise what comes with the program and your own records
    #[arg(long, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,
}

/// An open catalog.
pub(crate) struct Library {
    catalog: Catalog,
    /// On which its connections live.
    runtime: Runtime,
    /// Where there is no cache: the folder that goes with it.
    _scratch: Option<Scratch>,
}

impl Library {
    /// Asks the catalog.
    pub(crate) fn ask<T, E: Into<Failure>>(
        &self,
        ask: impl AsyncFnOnce(&Catalog) -> Result<T, E>,
    ) -> Result<T, Failure> {
        self.runtime.block_on(ask(&self.catalog)).map_err(Into::into)
    }
}

/// Opens the file that was named, or the catalog of this program.
pub(crate) fn open(from: &From, registry: &Registry, shell: &mut Shell) -> Result<Library, Failure> {
    match &from.db {
        Some(path) => at(path),
        None => of_program(registry, shell),
    }
}

fn at(path: &Path) -> Result<Library, Failure> {
    let runtime = runtime()?;
    let catalog = runtime.block_on(Catalog::open(path))?;
    Ok(Library { catalog, runtime, _scratch: None })
}

fn of_program(registry: &Registry, shell: &mut Shell) -> Result<Library, Failure> {
    let files = own::files()?;
    let kept = own::home("XDG_CACHE_HOME", ".cache").and_then(|cache| Kept::new(&cache.join("zoo"), &files));
    if let Some(kept) = &kept
        && let Ok(library) = at(&kept.path())
    {
        return Ok(library);
    }
    let mut records = records(registry)?;
    let (sheets, faults) = own::sound(&files, registry);
    records.extend(sheets.into_iter().map(|sheet| Record::without_code(sheet.descriptor)));
    for fault in &faults {
        shell.warn(format!("a record of your own is left out: {fault}"));
    }
    // Faults are told again until they are mended, so what lacks a record is not kept.
    if let Some(kept) = kept.filter(|_| faults.is_empty())
        && std::fs::create_dir_all(&kept.folder).is_ok()
        && build(&kept.path(), &records, &[], &Past::default()).is_ok()
        && let Ok(library) = at(&kept.path())
    {
        kept.remove_older();
        return Ok(library);
    }
    let scratch = Scratch::within(&std::env::temp_dir())?;
    let path = scratch.path().join("catalog.sqlite");
    build(&path, &records, &[], &Past::default())?;
    Ok(Library { _scratch: Some(scratch), ..at(&path)? })
}

/// Where the catalog of this program is kept.
struct Kept {
    folder: PathBuf,
    /// Of the program, whichever version of it.
    program: u64,
    /// Of this version of it, and of the user's records.
    content: u64,
}

impl Kept {
    /// `None` where the program cannot be told from another.
    fn new(folder: &Path, files: &[(PathBuf, String)]) -> Option<Self> {
        let path = std::env::current_exe().ok()?;
        let metadata = path.metadata().ok()?;
        let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let content = digest(&(metadata.len(), changed, files));
        Some(Self { folder: folder.to_owned(), program: digest(&path), content })
    }

    fn prefix(&self) -> String {
        format!("catalog-{:016x}-", self.program)
    }

    fn path(&self) -> PathBuf {
        self.folder.join(format!("{}{:016x}.sqlite", self.prefix(), self.content))
    }

    /// Removes what earlier versions of the program left. Whoever reads one of them reads on.
    fn remove_older(&self) {
        let (own, prefix) = (self.path(), self.prefix());
        let of_program = |path: &PathBuf| {
            *path != own && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
        };
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()).filter(of_program) {
            // It costs a little space if it stays.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
