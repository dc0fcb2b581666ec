//! `zoo check --self-test`: whether the checks catch the bugs that people write.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use serde_json::json;
use zoo_planted::catalogue::Patch;
use zoo_planted::copy;
use zoo_planted::drive::Ended;
use zoo_planted::score::Score;
use zoo_planted::selftest::{self, Progress, Report};

use crate::failure::Failure;
use crate::format::{counted, number, time};
use crate::interrupt;
use crate::json;
use crate::shell::{Busy, Paint, Shell};
use crate::table::Table;

/// Arguments of `zoo check` about the suite itself.
#[derive(Debug, clap::Args)]
pub(crate) struct SelfTest {
    /// Plant known bugs in a copy of our own sources, and look which checks catch them; needs a checkout and cargo
    #[arg(long, help_heading = HEADING)]
    self_test: bool,

    /// Only the bugs whose id or area matches
    #[arg(long, value_name = "GLOB", requires = "self_test", help_heading = HEADING)]
    self_test_only: Option<String>,

    /// Write down what was found as what is expected
    #[arg(long, requires = "self_test", conflicts_with = "self_test_only", help_heading = HEADING)]
    bless: bool,
}

const HEADING: &str = "The suite itself";

impl SelfTest {
    pub(crate) fn is_asked(&self) -> bool {
        self.self_test
    }
}

pub(crate) fn run(args: &SelfTest, json: bool, shell: &mut Shell) -> Result<(), Failure> {
    let here = std::env::current_dir()?;
    let Some(root) = selftest::checkout(&here) else { return recorded(json, shell) };
    // Whatever is run for us ends with us.
    interrupt::listen();
    let began = Instant::now();
    let report = watched(shell, |told| selftest::run(&root, args.self_test_only.as_deref(), told))?;
    if json {
        lines(&report, shell)?;
    } else {
        tell(&report, shell)?;
        writeln!(
            shell,
            "\n{}\n{}, in {}",
            report.score.sentence(),
            counted(report.runs.len(), "run"),
            time(began.elapsed())
        )?;
    }
    if args.bless {
        let _whole = interrupt::placing();
        copy::write_whole(&selftest::record(&root), report.score.written().as_bytes())?;
        shell.step("written", selftest::record(&root).display());
    } else if report.whole {
        changes(&root, &report.score)?;
    }
    match report.broken.len() {
        0 => Ok(()),
        n => Err(Failure::run(format!("{} of the self-test's rules", counted_broken(n)))
            .hint("plant bugs for needless checks, teach the suite bugs that survive: CONTRIBUTING.md, “Plant a bug”")),
    }
}

fn counted_broken(n: usize) -> String {
    if n == 1 { "1 breach".to_owned() } else { format!("{n} breaches") }
}

/// What this build was committed with.
fn recorded(json: bool, shell: &mut Shell) -> Result<(), Failure> {
    let score = Score::recorded()?;
    if json {
        return json::document(shell, &score);
    }
    writeln!(shell, "{}", score.sentence())?;
    shell.note("this was recorded when this program was built; in a checkout of its sources, the same command runs it");
    Ok(())
}

/// Shows how far it is, while it goes on.
fn watched<T>(
    shell: &mut Shell,
    run: impl FnOnce(&(dyn Fn(Progress<'_>) + Sync)) -> zoo_planted::Result<T>,
) -> Result<T, Failure> {
    let start = shell.busy("reading the catalogue");
    let busy = Mutex::new(start);
    let shown = |next: Busy| *busy.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = next;
    let shell = &*shell;
    let result = run(&|progress| match progress {
        Progress::Copying => shown(shell.busy("copying the sources, with bugs")),
        Progress::Building => shown(shell.busy("building the copy")),
        Progress::Healthy => shown(shell.busy("running the suite without bugs")),
        Progress::Running(n) => shown(shell.steps(n)),
        Progress::Ended(patch, ended) => {
            let caught = ended.killers().len();
            let busy = busy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            busy.step(format!("{}: {}", patch.id, counted(caught, "check")));
        }
    });
    Ok(result?)
}

/// Survivors first, then who caught what, by area.
fn tell(report: &Report, shell: &mut Shell) -> Result<(), Failure> {
    for broken in &report.broken {
        let line = format!("{}  {broken}", shell.paint(Paint::Bad, "BREACH"));
        writeln!(shell, "{line}")?;
    }
    if !report.whole {
        return each(report, shell);
    }
    if !report.broken.is_empty() {
        writeln!(shell)?;
    }
    let mut areas: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for patch in &report.catalogue.bugs {
        let Some(ended) = report.runs.get(&patch.id) else { continue };
        let [bugs, caught, twice, abrupt] = areas.entry(&patch.area).or_default();
        let killers = ended.killers().len();
        *bugs += 1;
        *caught += usize::from(killers > 0);
        *twice += usize::from(killers > 1);
        *abrupt += usize::from(!ended.crashes.is_empty() || !ended.timeouts.is_empty());
    }
    let mut table = Table::new(&["area", ">bugs", ">caught", ">twice", ">crash or hang"]);
    for (area, counts) in areas {
        table.row(std::iter::once(area.to_owned()).chain(counts.map(|count| count.to_string())));
    }
    table.print(shell)?;
    let catches = |check: &str| {
        let by = report.score.bugs.values().filter(|killers| killers.contains(check));
        let (all, sole) = by.fold((0, 0), |(all, sole), killers| (all + 1, sole + usize::from(killers.len() == 1)));
        [all, sole].map(|count: usize| count.to_string())
    };
    let checks = report.runs.values().map(|ended| &ended.checks).max_by_key(|checks| checks.len());
    let mut table = Table::new(&["check", ">catches", ">alone"]);
    for check in checks.into_iter().flatten() {
        let [all, sole] = catches(check);
        table.row([check.as_str(), &all, &sole]);
    }
    writeln!(shell)?;
    Ok(table.print(shell)?)
}

/// One line a bug.
fn each(report: &Report, shell: &mut Shell) -> Result<(), Failure> {
    let mut table = Table::new(&["id", "weakest", "caught by"]);
    for patch in report.catalogue.patches() {
        let Some(ended) = report.runs.get(&patch.id) else { continue };
        let weakest = ended.weakest_margin().map_or(String::new(), |(_, margin)| format!("{} ×", number(margin)));
        table.row([patch.id.as_str(), &weakest, &ended.killers().into_iter().collect::<Vec<_>>().join(", ")]);
    }
    Ok(table.print(shell)?)
}

fn lines(report: &Report, shell: &mut Shell) -> Result<(), Failure> {
    for (kind, patches) in
        [("bug", &report.catalogue.bugs), ("rewrite", &report.catalogue.rewrites), ("null", &report.catalogue.nulls)]
    {
        for patch in patches {
            let Some(ended) = report.runs.get(&patch.id) else { continue };
            json::line(shell, &line(kind, patch, ended))?;
        }
    }
    for broken in &report.broken {
        json::line(shell, &json!({ "t": "breach", "breach": broken, "told": broken.to_string() }))?;
    }
    json::line(
        shell,
        &json!({ "t": "end", "suite": report.score.suite, "totals": report.score.totals, "whole": report.whole }),
    )
}

fn line(kind: &str, patch: &Patch, ended: &Ended) -> serde_json::Value {
    let weakest =
        ended.weakest_margin().map(|(check, margin)| json!({ "check": check, "error_in_tolerances": margin }));
    json!({
        "t": kind, "id": patch.id, "area": patch.area, "file": patch.file, "family": patch.family, "what": patch.what,
        "seen": patch.seen, "killers": ended.killers(), "crashes": ended.crashes, "timeouts": ended.timeouts, "weakest": weakest,
    })
}

/// What differs from the record, and how to write it down.
fn changes(root: &Path, score: &Score) -> Result<(), Failure> {
    let path = selftest::record(root);
    let failed = |error: std::io::Error| Failure::run(format!("{}: {error}", path.display()));
    if std::fs::read_to_string(&path).map_err(failed)? != score.written() {
        return Err(Failure::run(format!("the score is not what {} says", path.display()))
            .hint("if it is right as it is now, `zoo check --self-test --bless` writes it down"));
    }
    Ok(())
}

impl From<zoo_planted::Error> for Failure {
    fn from(error: zoo_planted::Error) -> Self {
        Self::run(error.to_string())
    }
}
