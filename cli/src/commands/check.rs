//! `zoo check`: what must hold of every architecture, looked at by running it.

use std::io::Write;
use std::time::Instant;

use serde::Serialize;
use zoo_architectures::ARCHITECTURES;
use zoo_conformance::golden;
use zoo_registry::{Outcome, Status, device};

use super::self_test;
use crate::conformance::{Selection, Tally};
use crate::failure::Failure;
use crate::format::{beginning, counted, number, time};
use crate::json;
use crate::shell::{Paint, Shell, harmless};
use crate::table::Table;

const EXAMPLES: &str = "\
Examples:
  zoo check                                    every check of every model
  zoo check bert --device flex,ndarray         one family, on two devices
  zoo check 'bert*' --check 'padding-*'        some checks; quote the patterns
  zoo check gpt2 --golden                      every compared number beside the reference's own noise
  zoo check --json > outcomes.ndjson           for machines, one object a line
  zoo check --self-test                        whether the checks catch the bugs that people write

The two numbers after a check are the largest error it measured and the largest that would have passed.";

/// Arguments of `zoo check`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A name, or a pattern with `*`, `?`, `[…]`, `{…,…}`; a published size stands for its family
    #[arg(value_name = "PATTERN", default_value = "*", hide_default_value = true)]
    pattern: String,

    /// Where to check; `zoo devices` lists them
    #[arg(long, value_name = "DEVICE,…", value_delimiter = ',', default_value = device::DEFAULT)]
    device: Vec<String>,

    /// Only the checks whose id matches
    #[arg(long, value_name = "GLOB", conflicts_with = "golden")]
    check: Option<String>,

    /// Compare with the recorded reference, and tell every number
    #[arg(long)]
    golden: bool,

    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    self_test: self_test::SelfTest,
}

/// How much of what went wrong is told; `--json` tells all.
const DETAIL: usize = 600;

pub(crate) fn run(args: &Args, shell: &mut Shell) -> Result<(), Failure> {
    if args.self_test.is_asked() {
        return self_test::run(&args.self_test, args.json, shell);
    }
    let selection = Selection::new(&args.pattern, args.check.as_deref(), &args.device)?;
    if args.golden { goldens(args, &selection, shell) } else { checks(args, &selection, shell) }
}

fn checks(args: &Args, selection: &Selection, shell: &mut Shell) -> Result<(), Failure> {
    let start = Instant::now();
    let layout = Layout::of(selection);
    let outcomes = selection.run(shell, |outcome, busy, shell| {
        busy.aside(|| {
            if args.json {
                return json::line(shell, outcome);
            }
            let line = layout.line(outcome, shell);
            writeln!(shell, "{line}")?;
            Ok(shell.flush()?)
        })
    })?;
    let tally = Tally::of(&outcomes);
    if !args.json {
        writeln!(shell, "\n{}, in {}", tally.told(), time(start.elapsed()))?;
    }
    match outcomes.iter().find(|outcome| outcome.status == Status::Fail) {
        None => Ok(()),
        Some(Outcome { architecture, check, device, .. }) => {
            let failed = format!("{} of {} failed", tally.fail, counted(outcomes.len(), "check"));
            Err(Failure::run(failed)
                .hint(format!("`zoo check {architecture} --check {check} --device {device}` looks again")))
        }
    }
}

/// Widths of the columns, known before the first outcome is.
struct Layout {
    architecture: usize,
    device: usize,
    check: usize,
}

impl Layout {
    fn of(selection: &Selection) -> Self {
        let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
        Self {
            architecture: longest(&mut selection.architectures.iter().map(String::len)),
            device: longest(&mut selection.devices.iter().map(String::len)),
            check: longest(&mut selection.checks.iter().map(|id| id.len())),
        }
    }

    /// `pass  bert  flex  matches-reference  0.62 of 4`; what does not pass says why on a line of its own.
    fn line(&self, outcome: &Outcome, shell: &Shell) -> String {
        let (word, paint) = match outcome.status {
            Status::Pass => ("pass  ", Paint::Good),
            Status::Fail => ("FAIL  ", Paint::Bad),
            Status::Waived => ("waived", Paint::Odd),
            Status::NotApplicable => ("n/a   ", Paint::Faint),
        };
        let magnitude = match (outcome.error, outcome.tolerance) {
            (Some(error), Some(tolerance)) => format!("{} of {}", number(error), number(tolerance)),
            (Some(error), None) => number(error),
            _ => String::new(),
        };
        let Outcome { architecture, device, check, .. } = outcome;
        let word = shell.paint(paint, word);
        let line = format!(
            "{word}  {architecture:a$}  {device:d$}  {check:c$}  {magnitude}",
            a = self.architecture,
            d = self.device,
            c = self.check
        );
        let line = line.trim_end().to_owned();
        let detail = harmless(&beginning(outcome.detail.trim_end(), DETAIL)).replace('\n', "\n        ");
        match outcome.status {
            Status::Pass => line,
            Status::Fail => format!("{line}\n        {detail}"),
            _ => format!("{line}\n        {}", shell.paint(Paint::Faint, detail)),
        }
    }
}

/// A compared output as one line of JSON.
#[derive(Serialize)]
struct Compared<'a> {
    architecture: &'a str,
    device: &'a str,
    #[serde(flatten)]
    row: &'a golden::Row,
}

fn goldens(args: &Args, selection: &Selection, shell: &mut Shell) -> Result<(), Failure> {
    let mut table = Table::new(&["golden", "case", "output", ">error", ">noise", ">error/noise", "where"]);
    let (mut compared, mut beyond) = (0, 0);
    let chosen = ARCHITECTURES.iter().filter(|a| selection.architectures.contains(&a.descriptor().id));
    for architecture in chosen {
        for name in &selection.devices {
            let id = &architecture.descriptor().id;
            let busy = shell.busy(format!("comparing {id} on {name}"));
            let rows = golden::report(*architecture, &device::by_name(name)?);
            let rows = rows.map_err(|stop| Failure::run(format!("`{id}` on {name}: {stop}")))?;
            drop(busy);
            for row in &rows {
                let within = row.multiple <= golden::TOLERANCE;
                compared += 1;
                beyond += usize::from(!within);
                if args.json {
                    json::line(shell, &Compared { architecture: id, device: name, row })?;
                    continue;
                }
                let paint = if within { Paint::Plain } else { Paint::Bad };
                let numbers = [row.error, row.noise, row.multiple].map(number);
                let [error, noise, multiple] = &numbers;
                let golden =
                    if selection.devices.len() > 1 { format!("{} on {name}", row.golden) } else { row.golden.clone() };
                let cells = [&golden, &row.case, &row.output, error, noise, multiple, &row.at];
                table.painted(cells.map(|cell| (cell, paint)));
            }
        }
    }
    if !args.json {
        table.print(shell)?;
        writeln!(
            shell,
            "\n{} compared; an error may be {} times the noise",
            counted(compared, "output"),
            golden::TOLERANCE
        )?;
    }
    match beyond {
        0 => Ok(()),
        _ => Err(Failure::run(format!("{beyond} of {} differ from the reference", counted(compared, "output")))),
    }
}
