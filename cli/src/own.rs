//! A user's own records: files of facts in the data folder, which no new version of zoo touches.

use std::path::{Path, PathBuf};

use zoo_catalog::facts::{Finding, Sheet, all, check};
use zoo_registry::Registry;

use crate::commands::catalog::facts::{sheet, today};
use crate::failure::Failure;

/// Where they are: `$XDG_DATA_HOME/zoo/catalog`, or `~/.local/share/zoo/catalog`. `None` where there is no home.
pub(crate) fn folder() -> Option<PathBuf> {
    Some(home("XDG_DATA_HOME", ".local/share")?.join("zoo/catalog"))
}

/// The folder that a variable names, or the one that is usual at home. Relative ones do not count, as XDG has it.
pub(crate) fn home(variable: &str, usual: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    set.or_else(|| std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(usual)))
}

/// The files, sorted, with what stands in them.
pub(crate) fn files() -> Result<Vec<(PathBuf, String)>, Failure> {
    let Some(folder) = folder() else { return Ok(Vec::new()) };
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| Failure::run(format!("{path}: {error}"))
    };
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed(&folder))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed(&folder))?.path();
        if path.extension().is_some_and(|kind| kind == "toml") {
            let text = std::fs::read_to_string(&path).map_err(failed(&path))?;
            files.push((path, text));
        }
    }
    files.sort();
    Ok(files)
}

/// Those that can be used beside what comes with the program, and what is wrong with the others.
pub(crate) fn sound(files: &[(PathBuf, String)], registry: &Registry) -> (Vec<Sheet>, Vec<Finding>) {
    let mut faults = Vec::new();
    let mut own = Vec::new();
    for (path, text) in files {
        match Sheet::record(&path.display().to_string(), text.clone()) {
            Ok(sheet) => own.push(sheet),
            Err(findings) => faults.extend(findings),
        }
    }
    // One that is left out may have been the ancestor of another.
    loop {
        let found = faults_of(&own, registry);
        if found.is_empty() {
            return (own, faults);
        }
        own.retain(|sheet| found.iter().all(|finding| finding.file != sheet.file));
        faults.extend(found);
    }
}

/// What is wrong with own records beside all others. What zoo's own facts get wrong is not the user's business.
pub(crate) fn faults_of(own: &[Sheet], registry: &Registry) -> Vec<Finding> {
    if own.is_empty() {
        return Vec::new();
    }
    let (theirs, _) = all(registry.architectures().into_iter().map(sheet).collect());
    let mut found = check(&theirs.iter().chain(own).collect::<Vec<_>>(), &today());
    found.retain(|finding| own.iter().any(|sheet| sheet.file == finding.file));
    found
}
