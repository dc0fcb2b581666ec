//! `zoo check merge`: the reports of a run's shards become one.

use std::io;
use std::path::PathBuf;

use zoo_conformance::report::{self, Report};

use super::outputs::{self, Outputs};
use super::{lines, verdict};
use crate::failure::Failure;
use crate::folder;
use crate::shell::Shell;

const EXAMPLES: &str = "\
Examples:
  zoo check --shard 1/2 --report one.ndjson                  on one machine
  zoo check --shard 2/2 --report two.ndjson                  on another
  zoo check merge one.ndjson two.ndjson --report run.ndjson
  zoo catalog build --outcomes run.ndjson                    as if one machine had found it all

All shards are found by the same version with the same arguments, each once, on one day; `SOURCE_DATE_EPOCH` says which, where midnight \
may come between. What does not fit together is told, and nothing is written.";

/// Arguments of `zoo check merge`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What `--report` or `--json` of each shard wrote, in any order
    #[arg(value_name = "NDJSON", required = true)]
    reports: Vec<PathBuf>,

    /// Write the report that one machine would have written
    #[arg(long, value_name = "NDJSON")]
    report: Option<PathBuf>,

    /// Print it
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    outputs: Outputs,
}

pub(super) fn run(args: &Args, shell: &mut Shell) -> Result<(), Failure> {
    args.report.iter().try_for_each(|path| outputs::check_place(path))?;
    args.outputs.check_places()?;
    let whole = read(&args.reports).and_then(report::merge).map_err(refused)?;
    if let Some(path) = &args.report {
        let mut text = Vec::new();
        whole.write(&mut text)?;
        folder::put(path, text)?;
    }
    args.outputs.write(&whole)?;
    if args.json {
        whole.write(io::stdout().lock())?;
    } else {
        lines::table(&whole, shell)?;
        lines::total(&whole, shell)?;
    }
    verdict(&whole)
}

/// Each report under the name it was given with, or why some are none.
fn read(paths: &[PathBuf]) -> Result<Vec<(String, Report)>, Vec<String>> {
    let named = |path: &PathBuf| Ok((path.display().to_string(), outputs::read(path)?));
    let (reports, problems): (Vec<_>, Vec<_>) = paths.iter().map(named).partition(Result::is_ok);
    let problems: Vec<String> = problems.into_iter().filter_map(Result::err).collect();
    if problems.is_empty() { Ok(reports.into_iter().flatten().collect()) } else { Err(problems) }
}

fn refused(problems: Vec<String>) -> Failure {
    Failure::run(problems.join("\n")).hint("`zoo check --shard K/N --report FILE` writes what shard K of N found")
}
