//! `zoo catalog`: facts in one SQLite file, built, asked, and added to.

pub(crate) mod facts;

mod changes;
mod export;
mod import;
mod query;
mod search;

use std::io::Write;
use std::path::{Path, PathBuf};

use zoo_catalog::{Build, BuildSummary};
use zoo_registry::architecture::record;
use zoo_registry::{Outcome, Record, Registry};

use super::{check, record as facts_of};
use crate::failure::Failure;
use crate::format::{bytes, counted};
use crate::library::{self, From};
use crate::runtime::wait;
use crate::shell::Shell;
use crate::{costs, interrupt, json};

const EXAMPLES: &str = "\
Examples:
  zoo catalog search sliding window            models by words: of their names, makers, prose
  zoo catalog search 悟道                       in any language; two characters are enough
  zoo catalog show bloom                       every fact, with where it was read
  zoo catalog query \"SELECT name, sql FROM sqlite_schema\"
  zoo catalog query \"SELECT * FROM term_usage WHERE axis = 'attention'\" --json
  zoo catalog export csv > models.csv          one line a model; json and sql hold everything
  zoo catalog import my-model.toml             a record of your own, beside those of zoo
  zoo catalog build                            write the file itself, without conformance
  zoo check --report run.ndjson; zoo catalog build --outcomes run.ndjson
  zoo catalog changes --since old.sqlite       what is said otherwise than in an earlier file

Questions are answered from what comes with the program and your own records, or from the file that `--db` names, which may hold
conformance outcomes too. Such a file is a build product: the same input gives the same bytes, and a query can write nothing.";

/// The file that is written, unless somebody says otherwise.
pub(crate) const FILE: &str = "zoo.sqlite";

/// Arguments of `zoo catalog`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

/// When a catalog is built, and what was there before.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Past {
    /// Keep record of what changes, as of this day; the clock is not read, so that the same input gives the same bytes
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = facts::date)]
    on: Option<String>,

    /// The catalog before this one, of this or any earlier version of zoo: what is said otherwise becomes part of the new one
    #[arg(long, value_name = "FILE", requires = "on")]
    since: Option<PathBuf>,
}

impl Past {
    fn read(&self) -> Option<zoo_catalog::Past<'_>> {
        self.on.as_deref().map(|date| zoo_catalog::Past { date, earlier: self.since.as_deref() })
    }

    /// Refuses a file that is no earlier catalog, before the work.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.read().map_or(Ok(()), |past| wait(async { Ok(past.check().await?) }))
    }
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Find models by words
    Search(search::Args),
    /// Show the record of a model: every fact, where it was read, where sources disagree
    Show {
        /// A name, an alias or a Hugging Face repository
        #[arg(value_name = "NAME")]
        name: String,

        #[command(flatten)]
        from: From,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask in SQL; nothing can be written
    Query(query::Args),
    /// Tell how much there is
    Stats {
        #[command(flatten)]
        from: From,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print everything as JSON, CSV or SQL
    Export(export::Args),
    /// Add records of your own, which no new version of zoo touches
    Import(import::Args),
    /// Write the catalog: every model's facts, and code and sizes where there is code
    Build {
        /// The file to write
        #[arg(long, value_name = "FILE", default_value = FILE)]
        db: PathBuf,

        /// Outcomes to include, as `zoo check --report` writes them
        #[arg(long, value_name = "NDJSON")]
        outcomes: Option<PathBuf>,

        #[command(flatten)]
        past: Past,
    },
    /// Tell what a catalog says otherwise than the ones before it
    Changes(changes::Args),
    /// Look all facts over: what is wrong, missing, or used by nobody
    Doctor(facts::Doctor),
    /// Write files of facts the one way: fields in order, one value a line
    Fmt(facts::Fmt),
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    match &args.action {
        Action::Search(args) => search::run(args, registry, shell),
        Action::Show { name, from, json } => {
            let found = facts_of::find(&library::open(from, registry, shell)?, name)?;
            if *json { json::document(shell, &found.model) } else { facts_of::print_sourced(&found, shell) }
        }
        Action::Query(args) => query::run(args, registry, shell),
        Action::Stats { from, json } => {
            let stats = library::open(from, registry, shell)?.ask(async |catalog| catalog.stats().await)?;
            if *json { json::document(shell, &stats) } else { search::print_stats(&stats, shell) }
        }
        Action::Export(args) => export::run(args, registry, shell),
        Action::Import(args) => import::run(args, registry, shell),
        Action::Changes(args) => changes::run(args, registry, shell),
        Action::Build { db, outcomes, past } => {
            past.check()?;
            let outcomes = outcomes.as_deref().map_or(Ok(Vec::new()), read_outcomes)?;
            let mut records = records(registry)?;
            costs::count(&mut records, registry, shell);
            let summary = build(db, &records, &outcomes, past)?;
            let told = counted(summary.architectures, "model");
            shell.note(format!(
                "{told}, {}, {}",
                counted(summary.presets, "size"),
                counted(summary.outcomes, "outcome")
            ));
            Ok(writeln!(shell, "{} ({})", db.display(), bytes(summary.bytes))?)
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
pub(crate) fn build(db: &Path, records: &[Record], outcomes: &[Outcome], past: &Past) -> Result<BuildSummary, Failure> {
    let suite = zoo_registry::SuiteFacts { planted: zoo_planted::recorded()?, ..zoo_conformance::levels::facts() };
    let _placing = interrupt::placing();
    wait(async { Ok(Build { records, suite: &suite, outcomes, past: past.read() }.write(db).await?) })
}

fn read_outcomes(path: &Path) -> Result<Vec<Outcome>, Failure> {
    let report = check::read(path).map_err(Failure::run)?;
    if !report.is_complete() {
        return Err(Failure::run(format!("{}: is of a run that was cut off", path.display())));
    }
    if !report.is_whole() {
        let told = format!("{}: is shard {} of a run, and not the run", path.display(), report.header.shard);
        return Err(Failure::run(told).hint("`zoo check merge` joins the shards"));
    }
    Ok(report.entries.into_iter().map(|entry| entry.outcome).collect())
}
