//! New folders, which appear whole or not at all.

use std::path::Path;

use crate::failure::Failure;
use crate::interrupt::{Scratch, placing};

/// Refuses a folder that holds something; `flag` is what it was given with.
pub(crate) fn refuse_if_taken(folder: &Path, flag: &str) -> Result<(), Failure> {
    let taken = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    };
    let refuse = || Failure::usage(format!("`{}` is there and not an empty folder", folder.display()));
    let hint = || format!("give `{flag}` the name of a folder that does not exist yet");
    if taken { Err(refuse().hint(hint())) } else { Ok(()) }
}

/// Lets `write` fill a folder elsewhere, then puts it in place.
pub(crate) fn place(folder: &Path, write: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::run(format!("{}: {error}", folder.display()));
    let target = std::path::absolute(folder).map_err(failed)?;
    let parent = target.parent().unwrap_or(Path::new("/"));
    let scratch = Scratch::within(parent)?;
    let whole = scratch.path().join("whole");
    write(&whole)?;
    let _placing = placing();
    std::fs::rename(&whole, &target).map_err(failed)
}
