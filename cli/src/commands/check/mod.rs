//! `zoo check`: what must hold of every architecture, looked at by running it.

mod goldens;
mod lines;
mod merge;
mod outputs;

use std::fs::File;
use std::io::{self, Stdout};
use std::path::{Path, PathBuf};
use std::time::Instant;

use zoo_conformance::report::{Entry, Header, Report, Writer};
use zoo_conformance::{isolation, levels};
use zoo_registry::{LevelFacts, Registry, device};

use super::self_test::{self, SelfTest};
use crate::conformance::{Listener, Running, Selection};
use crate::failure::Failure;
use crate::format::counted;
use crate::shell::{Busy, Shell};
use lines::Layout;
use outputs::Outputs;

pub(crate) use lines::told;
pub(crate) use outputs::read;

const EXAMPLES: &str = "\
Examples:
  zoo check                                    every check of every model
  zoo check bert --device flex,ndarray         one family, on two devices
  zoo check 'bert*' --only 'padding-*'         some checks; quote the patterns
  zoo check --level core                       what the levels up to this one demand
  zoo check gpt2 --golden                      every compared number beside the reference's own noise
  zoo check --report run.ndjson --junit run.xml
  zoo check report run.ndjson --markdown run.md
  zoo check --shard 3/16 --report 3.ndjson     a sixteenth of all, for the third of sixteen machines
  zoo check merge *.ndjson --report run.ndjson what they found, as if it had been one
  zoo check --self-test                        whether the checks catch the bugs that people write

The two numbers after a check are the largest error it measured and the largest that would have passed. Checks run in processes of \
their own: one that crashes, hangs or takes all memory is reported, and the others go on.";

/// Arguments of `zoo check`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,

    /// A name, or a pattern with `*`, `?`, `[…]`, `{…,…}`; a published size stands for its family
    #[arg(value_name = "PATTERN", default_value = "*", hide_default_value = true)]
    pattern: String,

    /// Where to check; `zoo devices` lists them
    #[arg(long, visible_alias = "backend", value_name = "DEVICE,…", value_delimiter = ',', default_value = device::DEFAULT)]
    device: Vec<String>,

    /// Only the checks whose id matches
    #[arg(long, alias = "check", value_name = "GLOB", conflicts_with = "golden")]
    only: Option<String>,

    /// Only what this level and those below demand: `L2`, or its name
    #[arg(long, value_name = "LEVEL", value_parser = level, conflicts_with = "golden")]
    level: Option<&'static LevelFacts>,

    /// Compare with the recorded reference, and tell every number
    #[arg(long, conflicts_with_all = ["report", "junit", "markdown", "badge"])]
    golden: bool,

    /// Print JSON, one object a line: the run, each outcome, the end
    #[arg(long)]
    json: bool,

    /// Write the same JSON to a file, line by line as it comes
    #[arg(long, value_name = "NDJSON")]
    report: Option<PathBuf>,

    #[command(flatten)]
    outputs: Outputs,

    #[command(flatten)]
    running: Running,

    #[command(flatten)]
    self_test: SelfTest,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make other files of a report that was written before
    Report {
        /// What `--report` or `--json` wrote
        #[arg(value_name = "NDJSON")]
        report: PathBuf,

        #[command(flatten)]
        outputs: Outputs,
    },
    /// Join the reports of a run's shards into the report of the run
    Merge(merge::Args),
    /// Look at what is asked on standard input: what this program starts for itself
    #[command(hide = true)]
    Worker {
        /// Bytes of memory that this process may take
        #[arg(long)]
        memory: Option<u64>,
    },
}

fn level(asked: &str) -> Result<&'static LevelFacts, String> {
    levels::named(asked).map_err(|near| {
        let near = near.first().map_or(String::new(), |near| format!("did you mean `{near}`? "));
        let all: Vec<_> = levels::levels().iter().map(|level| format!("{} {}", level.id, level.name)).collect();
        format!("no such level; {near}there are {}", all.join(", "))
    })
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    match &args.action {
        Some(Action::Worker { memory }) => isolation::serve(&registry.architectures(), *memory).map_err(Failure::run),
        Some(Action::Report { report, outputs }) => outputs::convert(report, outputs, shell),
        Some(Action::Merge(args)) => merge::run(args, shell),
        None if args.self_test.is_asked() => self_test::run(&args.self_test, args.json, args.running.seed, shell),
        None => {
            let selection = Selection::new(registry, &args.pattern, args.only.as_deref(), args.level, &args.device)?;
            if args.golden {
                goldens::run(args.json, registry, &selection, shell)
            } else {
                checks(args, registry, &selection, shell)
            }
        }
    }
}

fn checks(args: &Args, registry: &Registry, selection: &Selection, shell: &mut Shell) -> Result<(), Failure> {
    let start = Instant::now();
    args.outputs.check_places()?;
    let mut told =
        Told { layout: Layout::of(selection), path: args.report.as_deref(), file: None, json: args.json, out: None };
    let report = selection.run(registry, &args.running, shell, &mut told)?;
    told.end(&report)?;
    if !args.json {
        lines::summary(&report, start.elapsed(), shell)?;
    }
    lines::share(&report, shell);
    args.outputs.write(&report)?;
    verdict(&report)
}

/// Where a run is told as it goes on.
struct Told<'a> {
    layout: Layout,
    path: Option<&'a Path>,
    file: Option<Writer<File>>,
    json: bool,
    out: Option<Writer<Stdout>>,
}

impl Told<'_> {
    fn write_file(&mut self, write: impl FnOnce(&mut Writer<File>) -> io::Result<()>) -> Result<(), Failure> {
        let (Some(path), Some(file)) = (self.path, &mut self.file) else { return Ok(()) };
        write(file).map_err(|error| unwritable(path, &error))
    }

    fn end(&mut self, report: &Report) -> Result<(), Failure> {
        let Some(end) = &report.end else { return Ok(()) };
        self.write_file(|file| file.end(end))?;
        Ok(self.out.iter_mut().try_for_each(|out| out.end(end))?)
    }
}

impl Listener for Told<'_> {
    fn begin(&mut self, header: &Header) -> Result<(), Failure> {
        if let Some(path) = self.path {
            let file = File::create(path).and_then(|file| Writer::new(file, header));
            self.file = Some(file.map_err(|error| unwritable(path, &error))?);
        }
        if self.json {
            self.out = Some(Writer::new(io::stdout(), header)?);
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry, busy: &Busy, shell: &mut Shell) -> Result<(), Failure> {
        self.write_file(|file| file.entry(entry))?;
        match &mut self.out {
            Some(out) => Ok(busy.aside(|| out.entry(entry))?),
            None => busy.aside(|| self.layout.print(entry, shell)),
        }
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::run(format!("{}: {error}", path.display()))
}

/// What the exit code says.
fn verdict(report: &Report) -> Result<(), Failure> {
    let failed = report.failures().count();
    let Some(first) = report.failures().next() else { return Ok(()) };
    let told = format!("{failed} of {} failed", counted(report.entries.len(), "check"));
    Err(Failure::run(told).hint(format!("`{}` looks again", report.header.repro(&first.outcome))))
}
