//! New folders and files, which appear whole or not at all.

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

/// Writes a file in one step: it is the old one or the new one, whole. What is no file, such as `/dev/stdout`, is written to.
pub(crate) fn put(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::run(format!("{}: {error}", path.display()));
    let old = std::fs::metadata(path).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        return std::fs::write(path, bytes).map_err(failed);
    }
    // A link stays one, and what it leads to is replaced.
    let target = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).map_err(failed)?;
    let scratch = Scratch::within(target.parent().unwrap_or(Path::new("/")))?;
    let whole = scratch.path().join("whole");
    std::fs::write(&whole, bytes).map_err(failed)?;
    if let Some(old) = old {
        std::fs::set_permissions(&whole, old.permissions()).map_err(failed)?;
    }
    let _placing = placing();
    std::fs::rename(&whole, &target).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        put(&file, "one").unwrap();
        put(&file, "two").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        assert!(put(folder.path(), "three").is_err(), "a folder is no file");
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&file, &link).unwrap();
            put(&link, "three").unwrap();
            assert!(link.is_symlink() && std::fs::read(&file).unwrap() == b"three");
            put(Path::new("/dev/null"), "four").unwrap();
            assert!(!Path::new("/dev/null").is_file());
        }
    }
}
