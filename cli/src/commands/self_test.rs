//! `zoo check --self-test`: whether the checks catch the bugs that people write.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use serde_json::json;
use zoo_planted::catalogue::Patch;
use zoo_planted::drive::Ended;
use zoo_planted::score::Score;
use zoo_planted::selftest::{self, Progress, Report};
use zoo_planted::{copy, random};

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

    /// Run every check on every bug, rather than stop at the second that catches it
    #[arg(long, requires = "self_test", help_heading = HEADING)]
    matrix: bool,

    /// Write down the whole matrix, breaches or not; `git diff` then says what changed
    #[arg(long, requires = "self_test", help_heading = HEADING)]
    bless: bool,

    /// Rather than the known bugs, so many that nobody chose: swapped operators, moved numbers, dropped calls; `--seed` chooses which
    #[arg(long, value_name = "N", requires = "self_test", conflicts_with_all = ["self_test_only", "bless", "matrix"])]
    #[arg(help_heading = HEADING)]
    random: Option<usize>,
}

const HEADING: &str = "The suite itself";

impl SelfTest {
    pub(crate) fn is_asked(&self) -> bool {
        self.self_test
    }
}

pub(crate) fn run(args: &SelfTest, json: bool, seed: u64, shell: &mut Shell) -> Result<(), Failure> {
    let here = std::env::current_dir()?;
    let Some(root) = selftest::checkout(&here) else { return recorded(json, shell) };
    // Whatever is run for us ends with us.
    interrupt::listen();
    if let Some(wanted) = args.random {
        return mutants(&root, wanted, seed, json, shell);
    }
    let began = Instant::now();
    let only = args.self_test_only.as_deref();
    // Who looks at a few bugs wants to know all that catch them.
    let matrix = args.matrix || args.bless || only.is_some();
    let report = watched(shell, |told| selftest::run(&root, only, matrix, told))?;
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
        return bless(&root, &report, shell);
    }
    match report.broken.len() {
        0 if report.whole && !report.score.agrees_with(&Score::read(&selftest::record(&root))?) => {
            Err(Failure::run("the score is not the one that is written down").hint(BLESS))
        }
        0 => Ok(()),
        n => Err(Failure::run(format!("{} of the self-test's rules", breaches(n)))
            .hint("plant bugs for needless checks, teach the suite bugs that survive: CONTRIBUTING.md, “Plant a bug”")),
    }
}

/// Writes the record; of a part of the catalogue, that part of it.
fn bless(root: &Path, report: &Report, shell: &mut Shell) -> Result<(), Failure> {
    let path = selftest::record(root);
    let score = if report.whole {
        report.score.clone()
    } else {
        Score::read(&path)?.renewed(report.score.clone(), &report.catalogue, &report.checks)
    };
    let _whole = interrupt::placing();
    copy::write_whole(&path, score.written().as_bytes())?;
    shell.step("written", path.display());
    shell.step("README", score.sentence());
    Ok(())
}

const BLESS: &str = "if it is right as it is now, `zoo check --self-test --bless` writes it down";

fn breaches(n: usize) -> String {
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
    if !report.matrix {
        return Ok(());
    }
    let needed = report.score.needed();
    let catches = |check: &str| {
        let by = report.score.bugs.values().filter(|killers| killers.contains(check));
        let (all, sole) = by.fold((0, 0), |(all, sole), killers| (all + 1, sole + usize::from(killers.len() == 1)));
        [all, sole].map(|count: usize| count.to_string())
    };
    let mut table = Table::new(&["check", ">catches", ">alone", "needed"]);
    for check in &report.checks {
        let [all, sole] = catches(check);
        table.row([check.as_str(), &all, &sole, if needed.contains(check) { "yes" } else { "" }]);
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

/// Bugs that nobody chose: how many are caught, and each that is not.
fn mutants(root: &Path, wanted: usize, seed: u64, json: bool, shell: &mut Shell) -> Result<(), Failure> {
    let began = Instant::now();
    let busy = Mutex::new(shell.busy("looking for places"));
    let shown = |next: Busy| *busy.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = next;
    let shown_by = &*shell;
    let report = random::run(root, wanted, seed, &|progress| match progress {
        random::Progress::Building(n) => shown(shown_by.busy(format!("building a copy with {n} mutants"))),
        random::Progress::Healthy => shown(shown_by.busy("running the suite without mutants")),
        random::Progress::Running(n) => shown(shown_by.steps(n)),
        random::Progress::Ended(mutant, _) => {
            let busy = busy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            busy.step(format!("{}:{}", mutant.file, mutant.line));
        }
    })?;
    drop(busy);
    let new = report.survivors.iter().filter(|survivor| survivor.classified.is_none()).count();
    if json {
        for survivor in &report.survivors {
            json::line(
                shell,
                &json!({ "t": "survivor", "mutant": survivor.mutant, "classified": survivor.classified }),
            )?;
        }
        let random::Report { all, unbuilt, caught, .. } = report;
        json::line(
            shell,
            &json!({ "t": "end", "all": all, "sample": wanted, "seed": seed, "unbuilt": unbuilt, "caught": caught,
                                   "survivors": report.survivors.len(), "unclassified": new }),
        )?;
    } else {
        for random::Survivor { mutant, classified } in &report.survivors {
            let random::Mutant { file, line, before, after, .. } = mutant;
            writeln!(shell, "{file}:{line}\n    {}\n    {}", one_line(before), one_line(after))?;
            if let Some(classified) = classified {
                let verdict = match classified.verdict {
                    random::Verdict::Equivalent => "equivalent",
                    random::Verdict::Hole => "a hole",
                };
                let told = shell.paint(Paint::Faint, format!("{verdict}: {}", classified.reason));
                writeln!(shell, "    {told}")?;
            }
        }
        let run = report.caught + report.survivors.len();
        writeln!(
            shell,
            "Of {run} random mutants ({wanted} drawn from {}, {} do not compile) {} are caught; {} survive, {new} of them not \
             classified; in {}",
            report.all,
            report.unbuilt,
            report.caught,
            report.survivors.len(),
            time(began.elapsed())
        )?;
    }
    match new {
        0 => Ok(()),
        _ => Err(Failure::run(format!("{} not classified", counted(new, "survivor")))
            .hint("`tests/planted/random-survivors.toml` says of each whether it is equivalent or a hole, and why")),
    }
}

fn one_line(code: &str) -> String {
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl From<zoo_planted::Error> for Failure {
    fn from(error: zoo_planted::Error) -> Self {
        Self::run(error.to_string())
    }
}
