//! Files made from a report.

use std::path::{Path, PathBuf};

use zoo_conformance::report::{Report, badges, junit, markdown};

use super::unwritable;
use crate::failure::Failure;
use crate::folder;
use crate::shell::Shell;

/// Which files to make.
#[derive(Debug, clap::Args)]
pub(super) struct Outputs {
    /// Write JUnit XML, which every CI shows
    #[arg(long, value_name = "XML")]
    junit: Option<PathBuf>,

    /// Write a page of Markdown
    #[arg(long, value_name = "MD")]
    markdown: Option<PathBuf>,

    /// Write a badge for each family, as shields.io reads it, to a folder
    #[arg(long, value_name = "DIR")]
    badge: Option<PathBuf>,
}

impl Outputs {
    /// A place that will be refused is refused before the work.
    pub(super) fn check_places(&self) -> Result<(), Failure> {
        self.junit.iter().chain(&self.markdown).try_for_each(|path| check_place(path))?;
        match &self.badge {
            Some(folder) if folder.exists() && !folder.is_dir() => {
                Err(Failure::run(format!("{}: expected a folder", folder.display())))
            }
            _ => Ok(()),
        }
    }

    /// Makes them.
    pub(super) fn write(&self, report: &Report) -> Result<(), Failure> {
        if let Some(path) = &self.junit {
            folder::put(path, junit(report))?;
        }
        if let Some(path) = &self.markdown {
            folder::put(path, markdown(report))?;
        }
        if let Some(dir) = &self.badge {
            std::fs::create_dir_all(dir).map_err(|error| unwritable(dir, &error))?;
            badges(report).into_iter().try_for_each(|(name, text)| folder::put(&dir.join(name), text))?;
        }
        Ok(())
    }
}

/// A place for a file that will be refused is refused before the work.
pub(super) fn check_place(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) || path.is_dir() {
        return Err(Failure::run(format!("{}: expected a file in a folder that is there", path.display())));
    }
    Ok(())
}

/// A report that was written before, or why it is none.
pub(crate) fn read(path: &Path) -> Result<Report, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Report::read(&text).map_err(|reason| format!("{}, {reason}", path.display()))
}

/// Makes files of a report that was written before. What was cut off is converted too, and told.
pub(super) fn convert(path: &Path, outputs: &Outputs, shell: &mut Shell) -> Result<(), Failure> {
    outputs.check_places()?;
    let report = read(path).map_err(Failure::run)?;
    outputs.write(&report)?;
    super::lines::table(&report, shell)?;
    super::lines::share(&report, shell);
    if !report.is_complete() {
        let (found, total) = (report.entries.len(), report.header.total);
        let told = format!("{} is incomplete: {found} of {total} outcomes", path.display());
        return Err(Failure::run(told).hint("the run that wrote it was cut off; what it had found stands in it"));
    }
    super::verdict(&report)
}
