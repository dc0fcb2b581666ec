//! `zoo catalog import`: records of one's own.

use std::io::Write;
use std::path::{Path, PathBuf};

use zoo_catalog::facts::{Sheet, format};
use zoo_registry::Registry;

use crate::failure::Failure;
use crate::folder::put;
use crate::own;
use crate::shell::Shell;

/// Arguments of `zoo catalog import`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files of facts, in the form of those that zoo brings: `zoo catalog export json` shows the fields
    #[arg(value_name = "TOML", required = true)]
    files: Vec<PathBuf>,
}

/// All files or none: each is looked over beside every record there is before the first is written.
pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let Some(folder) = own::folder() else {
        return Err(Failure::run("there is no place for records of your own").hint("`XDG_DATA_HOME` names one"));
    };
    let mut faults = Vec::new();
    let mut new = Vec::new();
    for path in &args.files {
        let label = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Failure::run(format!("{label}: {error}")))?;
        match Sheet::record(&label, text) {
            Ok(sheet) => new.push(sheet),
            Err(findings) => faults.extend(findings),
        }
    }
    // Those that are there already stay, unless one of the same id takes their place.
    let (there, _) = own::sound(&own::files()?, registry);
    let replaced = |sheet: &Sheet| new.iter().any(|other| other.descriptor.id == sheet.descriptor.id);
    let mut together: Vec<Sheet> = there.into_iter().filter(|sheet| !replaced(sheet)).collect();
    together.extend(new.iter().cloned());
    faults.extend(own::faults_of(&together, registry));
    if !faults.is_empty() {
        let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
        return Err(Failure::run(told.join("\n"))
            .hint("nothing was imported; `zoo catalog doctor FILE` tells the same and more"));
    }
    for sheet in &new {
        let text = format::format(&sheet.file, &sheet.text).map_err(|finding| Failure::run(finding.to_string()))?;
        place(&folder, &sheet.descriptor.id, &text)?;
        writeln!(shell, "{}", path(&folder, &sheet.descriptor.id).display())?;
    }
    shell.note("remove the file, and the record is gone");
    Ok(())
}

fn place(folder: &Path, id: &str, text: &str) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::run(format!("{}: {error}", folder.display())))?;
    put(&path(folder, id), text)
}

/// Ids are kebab-case, so they stay in the folder.
fn path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.toml"))
}
