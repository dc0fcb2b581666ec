//! `zoo catalog fmt` and `zoo catalog doctor`: facts as files, put in order and looked over.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use zoo_catalog::facts::{Finding, Level, Report, Sheet, all, doctor, format, stale};
use zoo_registry::architecture::record;
use zoo_registry::descriptor::is_day;
use zoo_registry::{Architecture, Registry};

use crate::failure::Failure;
use crate::folder;
use crate::format::counted;
use crate::json;
use crate::shell::Shell;

/// Arguments of `zoo catalog fmt`.
#[derive(Debug, clap::Args)]
pub(crate) struct Fmt {
    /// Files, or folders to look for facts in
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// Change nothing; exit with 1 if a file would be written otherwise
    #[arg(long)]
    check: bool,
}

/// Arguments of `zoo catalog doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// Further records, without code: files, or folders to look for facts in
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The day that no date may be later than; today, unless given
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    today: Option<String>,

    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub(crate) fn fmt(args: &Fmt, shell: &mut Shell) -> Result<(), Failure> {
    let mut otherwise = 0;
    let mut broken = Vec::new();
    let files = files(&args.paths)?;
    for path in &files {
        let text = read(path)?;
        match format::format(&path.display().to_string(), &text) {
            Err(finding) => broken.push(finding.to_string()),
            Ok(formatted) if formatted == text => {}
            Ok(formatted) => {
                otherwise += 1;
                if !args.check {
                    folder::put(path, &formatted)?;
                }
                writeln!(shell, "{}", path.display())?;
            }
        }
    }
    if !broken.is_empty() {
        return Err(Failure::run(broken.join("\n")));
    }
    shell.note(format!("{}, {otherwise} of them {}", counted(files.len(), "file"), written(args.check)));
    if args.check && otherwise > 0 {
        let told = format!("{} not written as `zoo catalog fmt` writes them", counted(otherwise, "file"));
        return Err(Failure::run(told).hint("`zoo catalog fmt` puts them in order"));
    }
    Ok(())
}

fn written(check: bool) -> &'static str {
    if check { "out of order" } else { "put in order" }
}

pub(crate) fn look(args: &Doctor, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let mut coded = Vec::new();
    let mut further: Vec<Finding> = Vec::new();
    for architecture in registry.architectures() {
        let (sheet, sizes) = (sheet(architecture), record(architecture)?.sizes);
        let size = |id: &str| sizes.iter().find(|size| size.preset == id);
        further.extend(stale(&sheet, |id| Some(size(id)?.modules.parameter_count())));
        coded.push(sheet);
    }
    let (mut sheets, superseded) = all(coded);
    further.extend(superseded);
    for path in files(&args.paths)? {
        match Sheet::record(&path.display().to_string(), read(&path)?) {
            Ok(sheet) => sheets.push(sheet),
            Err(findings) => further.extend(findings),
        }
    }
    let today = args.today.clone().unwrap_or_else(today);
    let mut report = doctor(&sheets.iter().collect::<Vec<_>>(), &today);
    report.findings.extend(further);
    report.findings.sort();
    if args.json {
        json::document(shell, &report)?
    } else {
        print(&report, shell)?
    }
    match report.count(Level::Error) {
        0 => Ok(()),
        errors => Err(Failure::run(format!("the facts are not sound: {}", counted(errors, "error")))),
    }
}

fn print(report: &Report, shell: &mut Shell) -> Result<(), Failure> {
    for finding in &report.findings {
        let level = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        writeln!(shell, "{level}: {finding}")?;
    }
    if !report.findings.is_empty() {
        writeln!(shell)?;
    }
    let errors = counted(report.count(Level::Error), "error");
    writeln!(shell, "{errors}, {}", counted(report.count(Level::Warning), "warning"))?;
    let sizes = counted(report.sizes, "size");
    writeln!(
        shell,
        "{}, {sizes}, {} of the family tree",
        counted(report.records, "record"),
        counted(report.edges, "edge")
    )?;
    writeln!(
        shell,
        "{} between sources, {} on rounding and dates",
        counted(report.conflicts, "conflict"),
        counted(report.notes, "note")
    )?;
    writeln!(shell, "{}, {} of them not looked up yet", counted(report.sources, "source"), report.uncited)?;
    writeln!(shell, "{} of which no source was looked up", counted(report.uncited_only, "fact"))?;
    Ok(writeln!(shell, "{} not seen in a file", counted(report.hub_names_unseen, "hub name"))?)
}

/// A family's facts and the file in its folder that says them.
pub(crate) fn sheet(architecture: &dyn Architecture) -> Sheet {
    let (descriptor, folder) = (architecture.descriptor().clone(), architecture.folder());
    let file = format!("{}.toml", descriptor.id);
    let text = folder.get_file(folder.path().join(&file)).and_then(|file| file.contents_utf8());
    Sheet { file, text: text.unwrap_or_default().into(), descriptor }
}

/// The files that were named, and every file of facts in the folders that were named, sorted.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() { gather(path, &mut found)? } else { found.push(path.clone()) }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::run(format!("{}: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        let name = entry.file_name();
        let hidden = name.to_string_lossy().starts_with('.') || name == "target";
        // Links are not followed: a folder may lead back to itself.
        if kind.is_dir() && !hidden {
            gather(&path, found)?;
        } else if kind.is_file()
            && path.extension().is_some_and(|kind| kind == "toml")
            && format::is_facts(&read(&path)?)
        {
            found.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::run(format!("{}: {error}", path.display())))
}

/// A day, as an argument.
pub(super) fn date(text: &str) -> Result<String, String> {
    if is_day(text) { Ok(text.to_owned()) } else { Err("expected a day as `YYYY-MM-DD`".into()) }
}

/// The date in UTC.
pub(crate) fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (year, month, day) = civil(seconds / 86_400);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
fn civil(days: u64) -> (u64, u64, u64) {
    // Years that begin in March have the leap day last, and eras of 400 years are all alike.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year, if month < 10 { month + 3 } else { month - 9 });
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!([civil(11_016), civil(11_017)], [(2000, 2, 29), (2000, 3, 1)]);
        assert_eq!([civil(20_453), civil(20_454)], [(2025, 12, 31), (2026, 1, 1)]);
    }

    #[test]
    fn dates_have_their_form() {
        assert!(date("2025-12-31").is_ok());
        assert!(date("2025-12").is_err() && date("2025-13-01").is_err() && date("tomorrow").is_err());
    }
}
