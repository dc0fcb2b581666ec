//! `zoo catalog`: the SQLite file, built and asked.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use zoo_catalog::view::Rows;
use zoo_catalog::{BuildSummary, Catalog};
use zoo_conformance::report::Report;
use zoo_registry::architecture::record;
use zoo_registry::{Outcome, Record, Registry};

use super::facts;
use crate::failure::Failure;
use crate::format::{bytes, counted};
use crate::runtime::wait;
use crate::shell::{Paint, Shell};
use crate::table::Table;
use crate::{interrupt, json};

const EXAMPLES: &str = "\
Examples:
  zoo catalog build                            facts and sizes, without conformance
  zoo check --report run.ndjson; zoo catalog build --outcomes run.ndjson
  zoo catalog query \"SELECT name, sql FROM sqlite_schema\"
  zoo catalog query \"SELECT label FROM term WHERE axis = 'attention'\" --json

The file is a build product: the same input gives the same bytes, and a query can write nothing.";

/// Where the catalog is, unless somebody says otherwise.
pub(crate) const FILE: &str = "zoo.sqlite";

/// Arguments of `zoo catalog`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write the catalog: every architecture's facts, code and sizes
    Build {
        /// The file to write
        #[arg(long, value_name = "FILE", default_value = FILE)]
        db: PathBuf,

        /// Outcomes to include, as `zoo check --report` writes them
        #[arg(long, value_name = "NDJSON")]
        outcomes: Option<PathBuf>,
    },
    /// Ask the catalog in SQL; nothing can be written
    Query {
        /// One statement
        #[arg(value_name = "SQL")]
        sql: String,

        /// The file to ask
        #[arg(long, value_name = "FILE", default_value = FILE)]
        db: PathBuf,

        /// Print JSON, one object a row
        #[arg(long)]
        json: bool,
    },
    /// Look all facts over: what is wrong, missing, or used by nobody
    Doctor(facts::Doctor),
    /// Write files of facts the one way: fields in order, one value a line
    Fmt(facts::Fmt),
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    match &args.action {
        Action::Build { db, outcomes } => {
            let outcomes = outcomes.as_deref().map_or(Ok(Vec::new()), read_outcomes)?;
            let summary = build(db, &records(registry)?, &outcomes)?;
            let told = counted(summary.architectures, "architecture");
            shell.note(format!(
                "{told}, {}, {}",
                counted(summary.presets, "size"),
                counted(summary.outcomes, "outcome")
            ));
            Ok(writeln!(shell, "{} ({})", db.display(), bytes(summary.bytes))?)
        }
        Action::Query { sql, db, json } => {
            let rows = wait(async { Ok(Catalog::open(db).await?.sql(sql).await?) })?;
            print(&rows, *json, shell)
        }
        Action::Doctor(args) => facts::look(args, registry, shell),
        Action::Fmt(args) => facts::fmt(args, shell),
    }
}

/// What enters the catalog: every architecture, and the facts of models without code.
pub(crate) fn records(registry: &Registry) -> Result<Vec<Record>, Failure> {
    let coded = registry.architectures().into_iter().map(|architecture| Ok(record(architecture)?));
    Ok(zoo_catalog::facts::records(coded.collect::<Result<_, Failure>>()?))
}

/// Writes the catalog. Ctrl-C waits for the file to be whole.
pub(crate) fn build(db: &Path, records: &[Record], outcomes: &[Outcome]) -> Result<BuildSummary, Failure> {
    let suite = zoo_conformance::levels::facts();
    let _placing = interrupt::placing();
    wait(async { Ok(zoo_catalog::build(db, records, &suite, outcomes).await?) })
}

fn read_outcomes(path: &Path) -> Result<Vec<Outcome>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::run(format!("{}: {error}", path.display())))?;
    let report = Report::read(&text).map_err(|reason| Failure::run(format!("{}, {reason}", path.display())))?;
    if !report.is_complete() {
        return Err(Failure::run(format!("{}: is of a run that was cut off", path.display())));
    }
    Ok(report.entries.into_iter().map(|entry| entry.outcome).collect())
}

fn print(rows: &Rows, as_json: bool, shell: &mut Shell) -> Result<(), Failure> {
    if rows.truncated {
        shell.warn(format!("there are more rows than the {} shown", rows.rows.len()));
    }
    if as_json {
        let object =
            |row: &Vec<Value>| -> Map<_, _> { rows.columns.iter().cloned().zip(row.iter().cloned()).collect() };
        return rows.rows.iter().try_for_each(|row| json::line(shell, &object(row)));
    }
    let is_number = |column: usize| {
        let mut values = rows.rows.iter().map(|row| &row[column]).filter(|value| !value.is_null()).peekable();
        values.peek().is_some() && values.all(Value::is_number)
    };
    let columns = rows.columns.iter().enumerate().map(|(column, title)| (title.clone(), is_number(column)));
    let mut table = Table::with_columns(columns);
    // A person reads a screen, a program reads everything.
    let longest = if shell.is_read_by_a_person() { 60 } else { usize::MAX };
    for row in &rows.rows {
        table.painted(row.iter().map(|value| cell(value, longest)));
    }
    Ok(table.print(shell)?)
}

fn cell(value: &Value, longest: usize) -> (String, Paint) {
    let text = match value {
        Value::Null => return ("null".into(), Paint::Faint),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= longest {
        return (text, Paint::Plain);
    }
    (text.chars().take(longest - 1).chain(['…']).collect(), Paint::Plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_cells_are_cut_by_characters() {
        assert_eq!(cell(&Value::from("ééééé"), 3).0, "éé…");
        assert_eq!(cell(&Value::from("abc"), 3).0, "abc");
        assert_eq!(cell(&Value::Null, 3).0, "null");
        assert_eq!(cell(&Value::from(7), 3).0, "7");
    }
}
