//! The last step: bytes become a file, all at once.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Puts `bytes` at `path` by writing them beside it and renaming. Whoever reads `path` sees the old file or the new one.
pub(super) fn place(path: &Path, bytes: &[u8]) -> Result<()> {
    let target = std::path::absolute(path).map_err(io(path))?;
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
        return Err(io(path)(ErrorKind::IsADirectory.into()));
    };
    // Builds of one folder take turns, so that a file of the temporary name is always a leftover.
    // The lock goes with the handle; where folders cannot be locked, the turns are left to the user.
    #[cfg(unix)]
    let turn = File::open(folder).map_err(io(folder))?;
    #[cfg(unix)]
    let _ = turn.lock();
    let temporary = Temporary(folder.join(format!(".{}.building", name.to_string_lossy())));
    temporary.remove().map_err(io(&temporary.0))?;
    let mut file = File::create_new(&temporary.0).map_err(io(&temporary.0))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io(&temporary.0))?;
    drop(file);
    fs::rename(&temporary.0, &target).map_err(io(path))?;
    #[cfg(unix)]
    turn.sync_all().map_err(io(folder))?;
    Ok(())
}

/// A file that is gone when its owner is.
struct Temporary(PathBuf);

impl Temporary {
    fn remove(&self) -> std::io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = self.remove();
    }
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |source| Error::Io { path: path.into(), source }
}
