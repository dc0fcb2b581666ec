//! `zoo catalog changes`: what a catalog says otherwise than those before it.

use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;
use zoo_catalog::view::{Change, Revision};
use zoo_registry::Registry;

use crate::failure::Failure;
use crate::format::counted;
use crate::json;
use crate::library::{self, From};
use crate::shell::Shell;

/// Arguments of `zoo catalog changes`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Compare with an earlier file of this or any earlier version of zoo, instead of telling what was recorded
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,

    #[command(flatten)]
    from: From,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let library = library::open(&args.from, registry, shell)?;
    if let Some(earlier) = &args.since {
        let changes = library.ask(async |catalog| catalog.changes_since(earlier).await)?;
        if args.json {
            return json::document(shell, &changes);
        }
        print(&changes, shell)?;
        shell.note(told(&changes));
        return Ok(());
    }
    let revisions = library.ask(async |catalog| catalog.history().await)?;
    if args.json {
        return json::document(shell, &revisions);
    }
    // The newest first, as people ask.
    for (at, Revision { date, models, changes }) in revisions.iter().rev().enumerate() {
        if at > 0 {
            writeln!(shell)?;
        }
        writeln!(shell, "{date}: {}, {}", counted(*models, "model"), told(changes))?;
        print(changes, shell)?;
    }
    if revisions.is_empty() {
        shell.note("this catalog keeps no record: `zoo catalog build --on DATE --since FILE` does, `--since FILE` compares here");
    }
    Ok(())
}

/// How much changed.
fn told(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "nothing changed".into();
    }
    let models = Change::by_model(changes).count();
    format!("{} of {}", counted(changes.len(), "change"), counted(models, "model"))
}

/// A line a model, with its changes below.
fn print(changes: &[Change], shell: &mut Shell) -> Result<(), Failure> {
    for changes in Change::by_model(changes) {
        let first = &changes[0];
        match (first.field.is_empty(), &first.before) {
            (true, None) => writeln!(shell, "{}: new", first.model)?,
            (true, Some(_)) => writeln!(shell, "{}: gone", first.model)?,
            (false, _) => writeln!(shell, "{}", first.model)?,
        }
        for change in changes.iter().filter(|change| !change.field.is_empty()) {
            let [before, after] = [&change.before, &change.after].map(value);
            writeln!(shell, "  {}: {before} → {after}", change.field)?;
        }
    }
    Ok(())
}

/// A value in a line.
fn value(value: &Option<Value>) -> String {
    value.as_ref().map_or_else(|| "–".into(), ToString::to_string)
}
