//! What people read: a line for each check under its family, and a summary.

use std::io::Write;
use std::time::Duration;

use zoo_conformance::report::{Entry, Header, Report, Summary, summaries};
use zoo_conformance::{Shard, checks};
use zoo_registry::{CheckFacts, LevelFacts, Outcome, Status, Tally};

use crate::conformance::Selection;
use crate::failure::Failure;
use crate::format::{beginning, counted, number, time};
use crate::shell::{Paint, Shell, harmless};
use crate::table::Table;

/// Widths of the columns, known before the first outcome is.
pub(super) struct Layout {
    check: usize,
    /// The family and device whose lines are being printed.
    under: Option<(String, String)>,
}

/// Room for the two numbers after a check.
const MAGNITUDE: usize = 14;
/// Room for how it ended.
const STATUS: usize = 8;
/// How much of what went wrong is told; `--json` tells all.
const DETAIL: usize = 600;

impl Layout {
    pub(super) fn of(selection: &Selection) -> Self {
        Self { check: selection.checks.iter().map(|id| id.len()).max().unwrap_or(0), under: None }
    }

    /// A line, after the family and device it belongs to where they change.
    pub(super) fn print(&mut self, entry: &Entry, shell: &mut Shell) -> Result<(), Failure> {
        let Outcome { architecture, device, .. } = &entry.outcome;
        let place = (architecture.clone(), device.clone());
        if self.under.as_ref() != Some(&place) {
            let before = if self.under.is_some() { "\n" } else { "" };
            let title = shell.paint(Paint::Strong, format!("{architecture} on {device}"));
            writeln!(shell, "{before}{title}")?;
            self.under = Some(place);
        }
        let text = self.line(entry, shell);
        writeln!(shell, "{text}")?;
        Ok(shell.flush()?)
    }

    /// `  pass  matches-reference  0.62 of 4  12 ms`; what does not pass says why on lines of its own.
    fn line(&self, entry: &Entry, shell: &Shell) -> String {
        let outcome = &entry.outcome;
        let (word, paint) = word(outcome.status);
        let magnitude = match (outcome.error, outcome.tolerance) {
            (Some(error), Some(tolerance)) => format!("{} of {}", number(error), number(tolerance)),
            (Some(error), None) => number(error),
            _ => String::new(),
        };
        let mut text = format!(
            "  {}  {:width$}  {magnitude:MAGNITUDE$}  {:>8}",
            shell.paint(paint, format!("{word:STATUS$}")),
            outcome.check,
            time(Duration::from_millis(entry.wall_ms)),
            width = self.check,
        );
        let indent = " ".repeat(STATUS + 4);
        let mut also = |paint, told: &str| {
            let told = harmless(told).replace('\n', &format!("\n{indent}"));
            text.push_str(&format!("\n{indent}{}", shell.paint(paint, told)));
        };
        let detail = beginning(outcome.detail.trim_end(), DETAIL);
        match outcome.status {
            Status::Pass => {}
            status if status.is_failure() => {
                also(Paint::Plain, &detail);
                help(&outcome.check).iter().for_each(|line| also(Paint::Faint, line));
                entry.repro.iter().for_each(|repro| also(Paint::Plain, &format!("again: {repro}")));
            }
            _ => also(Paint::Faint, &detail),
        }
        text
    }
}

/// What usually lies behind a failure of this check.
fn help(id: &str) -> Vec<String> {
    let Some(check) = checks().iter().find(|check| check.id == id) else { return Vec::new() };
    let CheckFacts { catches, seen, fix, .. } = check.facts();
    let mut lines = vec![format!("usually: {}", catches.join("; "))];
    if !seen.is_empty() {
        lines.extend(seen.iter().map(|place| format!("seen: {}", plain(place))));
    }
    if !fix.is_empty() {
        lines.push(format!("fix: {fix}"));
    }
    lines
}

/// Markdown's links as text: `[who #7](https://…)` is `who #7 (https://…)`.
fn plain(markdown: &str) -> String {
    markdown.strip_prefix('[').map_or_else(|| markdown.to_owned(), |rest| rest.replacen("](", " (", 1))
}

/// How a status is written in few letters.
fn word(status: Status) -> (&'static str, Paint) {
    match status {
        Status::Pass => ("pass", Paint::Good),
        Status::Waived => ("waived", Paint::Odd),
        Status::ExpectedFailure => ("expected", Paint::Odd),
        Status::NotApplicable => ("n/a", Paint::Faint),
        Status::UnexpectedPass => ("XPASS", Paint::Bad),
        Status::Flaky => ("FLAKY", Paint::Bad),
        Status::Fail => ("FAIL", Paint::Bad),
        Status::Timeout => ("TIMEOUT", Paint::Bad),
        Status::Error => ("ERROR", Paint::Bad),
    }
}

/// The table, and all of it in one line.
pub(super) fn summary(report: &Report, taken: Duration, shell: &mut Shell) -> Result<(), Failure> {
    if !report.entries.is_empty() {
        writeln!(shell)?;
        table(report, shell)?;
        writeln!(shell, "\n{}, in {}", told(report.tally()), time(taken))?;
    }
    Ok(())
}

/// All of it in one line, where nobody knows how long it took.
pub(super) fn total(report: &Report, shell: &mut Shell) -> Result<(), Failure> {
    Ok(writeln!(shell, "\n{}", told(report.tally()))?)
}

/// How much of a run a shard is.
pub(super) fn share(report: &Report, shell: &mut Shell) {
    let Header { shard, total, plan, .. } = &report.header;
    let whole = counted(plan.n_outcomes(), "outcome");
    match (*shard, total) {
        (Shard::WHOLE, _) => {}
        (_, 0) => shell.note(format!("shard {shard} has nothing to do: the run has {whole}")),
        _ => shell.note(format!("shard {shard} has {total} of the run's {whole}; `zoo check merge` joins the shards")),
    }
}

/// A line for each family and device.
pub(super) fn table(report: &Report, shell: &mut Shell) -> Result<(), Failure> {
    let titles =
        ["family", "device", ">pass", ">waived", ">expected", ">n/a", ">fail", "level", "largest error", ">time"];
    let mut table = Table::new(&titles);
    for Summary { architecture, device, tally, reached, missed, worst, wall } in summaries(report) {
        let worst =
            worst.map_or_else(String::new, |(ratio, check)| format!("{} of its tolerance, {check}", number(ratio)));
        let fail = if tally.fail > 0 { Paint::Bad } else { Paint::Plain };
        let counts = [(tally.pass, Paint::Plain), (tally.waived, Paint::Plain), (tally.expected, Paint::Plain)];
        let counts = counts.into_iter().chain([(tally.not_applicable, Paint::Plain), (tally.fail, fail)]);
        let names = [(architecture, Paint::Plain), (device, Paint::Plain)];
        let cells = names.into_iter().chain(counts.map(|(count, paint)| (count.to_string(), paint)));
        let rest = [level(reached, missed), (worst, Paint::Plain), (time(wall), Paint::Plain)];
        table.painted(cells.chain(rest));
    }
    Ok(table.print(shell)?)
}

/// The level that is reached, and the next that is not.
fn level(reached: Option<&LevelFacts>, missed: Option<&LevelFacts>) -> (String, Paint) {
    let name = |level: &LevelFacts| format!("{} {}", level.id, level.name);
    match (reached, missed) {
        (Some(reached), None) => (name(reached), Paint::Good),
        (Some(reached), Some(missed)) => (format!("{}, misses {}", name(reached), missed.id), Paint::Bad),
        (None, Some(missed)) => (format!("misses {}", missed.id), Paint::Bad),
        (None, None) => ("–".to_owned(), Paint::Faint),
    }
}

/// `36 checks: 34 passed, 0 failed, 1 waived, 1 not applicable`.
pub(crate) fn told(tally: Tally) -> String {
    let Tally { pass, waived, expected, not_applicable, fail } = tally;
    let all = counted(tally.all() as usize, "check");
    let expected = if expected > 0 { format!(", {expected} expected to fail") } else { String::new() };
    format!("{all}: {pass} passed, {fail} failed, {waived} waived{expected}, {not_applicable} not applicable")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_mentions_expected_failures_where_there_are_any() {
        let tally = Tally::of([Status::Pass, Status::Fail, Status::Timeout, Status::Waived]);
        assert_eq!(told(tally), "4 checks: 1 passed, 2 failed, 1 waived, 0 not applicable");
        assert!(told(Tally::of([Status::ExpectedFailure])).contains(", 1 expected to fail, "));
    }

    #[test]
    fn help_says_what_a_check_catches() {
        let help = help("batch-invariance");
        assert!(help[0].starts_with("usually: ") && help[0].contains("; "), "{help:?}");
        assert_eq!(plain("[a/b #7](https://x): said."), "a/b #7 (https://x): said.");
        assert_eq!(plain("as `[1, 2]`."), "as `[1, 2]`.");
    }
}
