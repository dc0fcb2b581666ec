//! Checkpoints by name: what `zoo pull` and `--weights` take from the Hugging Face hub.

use std::path::{Path, PathBuf};

use zoo_registry::hub::{Progress, Pulled, Source};
use zoo_registry::{Error, Hub, HubTrouble, Registry};

use crate::failure::Failure;
use crate::interrupt;
use crate::shell::Shell;

/// A folder of the cache, and the repository that it is of.
#[derive(Debug)]
pub(crate) struct Cached {
    pub(crate) id: String,
    pub(crate) folder: PathBuf,
}

/// Brings what the hub has now.
pub(crate) fn pull(registry: &Registry, source: &Source, shell: &Shell) -> Result<Pulled, Failure> {
    Ok(shown(registry, shell, |hub, progress| hub.pull(source, progress))?)
}

/// What was given in place of a path, from the cache or downloaded. `None` if it does not look like a repository.
pub(crate) fn cached(registry: &Registry, given: &Path, shell: &Shell) -> Result<Option<Cached>, Failure> {
    let source = given.to_str().and_then(|name| repository(registry, name));
    let Some(source) = source else { return Ok(None) };
    match shown(registry, shell, |hub, progress| hub.find_or_pull(&source, progress)) {
        Ok(pulled) => Ok(Some(Cached { id: pulled.id, folder: pulled.folder })),
        Err(error) => Err(neither(error, given)),
    }
}

/// `owner/name`, or a bare name of a model that is known here; anything else is meant for a path.
fn repository(registry: &Registry, name: &str) -> Option<Source> {
    let meant = name.contains('/') || registry.resolve(name).is_ok();
    registry.source(name, None).ok().filter(|_| meant)
}

/// Shows how far each file is. Ctrl-C keeps what came, for the next time.
fn shown(
    registry: &Registry,
    shell: &Shell,
    fetch: impl FnOnce(&Hub, &mut dyn FnMut(Progress<'_>)) -> Result<Pulled, Error>,
) -> Result<Pulled, Error> {
    interrupt::listen();
    let transfer = shell.transfer();
    let pulled = fetch(&Hub::from_env()?, &mut |file| transfer.at(file.file, file.done, file.total));
    pulled.map_err(|error| registry.with_near_repositories(error))
}

/// A mistyped path looks like a repository that cannot be had.
fn neither(error: Error, given: &Path) -> Failure {
    use HubTrouble::{NotFound, Offline, Unreachable};
    let hint = error.hint().unwrap_or_default();
    let may_be_path =
        matches!(error, Error::Hub { trouble: NotFound { .. } | Offline { .. } | Unreachable { .. }, .. });
    let failure = Failure::from(error);
    match may_be_path {
        true => failure.hint(format!("no folder here is called `{}` either; {hint}", given.display())),
        false => failure,
    }
}
