//! A report that a pull request or a wiki shows.

use std::collections::BTreeMap;
use std::fmt::Write;

use zoo_registry::{Outcome, Status};

use super::{Entry, Report, Summary, summaries};
use crate::checks::checks;
use crate::shard::Shard;

/// A summary, the matrix of checks and families, why some do not hold, and how to look again.
pub fn markdown(report: &Report) -> String {
    let header = &report.header;
    let mut text = format!("# Conformance\n\nSuite {}, seed {}, {}", header.suite, header.seed, header.host);
    let _ = header.day.iter().try_for_each(|day| write!(text, ", {day}"));
    if header.shard != Shard::WHOLE {
        let _ = write!(text, ", shard {}", header.shard);
    }
    text.push_str(".\n");
    if !report.is_complete() {
        let _ = writeln!(text, "\n**Incomplete: {} of {} outcomes.**", report.entries.len(), header.total);
    }
    let summaries = summaries(report);
    summary(&summaries, &mut text);
    matrix(report, &summaries, &mut text);
    excused(report, &mut text);
    failures(report, &mut text);
    text
}

fn summary(summaries: &[Summary], text: &mut String) {
    text.push_str(
        "\n| family | device | level | pass | waived | expected | n/a | fail | largest part of a tolerance |\n",
    );
    text.push_str("|---|---|---|--:|--:|--:|--:|--:|---|\n");
    for Summary { architecture, device, tally, reached, worst, .. } in summaries {
        let level = reached.map_or_else(String::new, |level| format!("{} {}", level.id, level.name));
        let worst = worst.as_ref().map_or_else(String::new, |(ratio, check)| format!("{ratio:.3} `{check}`"));
        let _ = writeln!(
            text,
            "| {architecture} | {device} | {level} | {} | {} | {} | {} | {} | {worst} |",
            tally.pass, tally.waived, tally.expected, tally.not_applicable, tally.fail
        );
    }
}

fn matrix(report: &Report, summaries: &[Summary], text: &mut String) {
    let found: BTreeMap<_, _> = report
        .entries
        .iter()
        .map(|Entry { outcome, .. }| ((&*outcome.check, &*outcome.architecture, &*outcome.device), outcome.status))
        .collect();
    let places = || summaries.iter().map(|summary| (summary.architecture.as_str(), summary.device.as_str()));
    text.push_str("\n| check |");
    places().for_each(|(family, device)| text.push_str(&format!(" {family}<br>{device} |")));
    text.push_str("\n|---|");
    places().for_each(|_| text.push_str(":-:|"));
    text.push('\n');
    for check in checks() {
        let cells: Vec<_> = places().map(|(family, device)| found.get(&(check.id, family, device))).collect();
        if cells.iter().any(Option::is_some) {
            let _ = write!(text, "| `{}` |", check.id);
            cells
                .into_iter()
                .for_each(|cell| text.push_str(&format!(" {} |", cell.map_or("", |status| symbol(*status)))));
            text.push('\n');
        }
    }
}

fn symbol(status: Status) -> &'static str {
    match status {
        Status::Pass => "✓",
        Status::Waived => "waived",
        Status::ExpectedFailure => "expected",
        Status::NotApplicable => "–",
        Status::UnexpectedPass => "**unexpected pass**",
        Status::Flaky => "**flaky**",
        Status::Fail => "**fail**",
        Status::Timeout => "**timeout**",
        Status::Error => "**error**",
    }
}

fn excused(report: &Report, text: &mut String) {
    let is_excused = |status| matches!(status, Status::Waived | Status::ExpectedFailure);
    let mut excused = report.entries.iter().filter(|entry| is_excused(entry.outcome.status)).peekable();
    if excused.peek().is_some() {
        text.push_str("\n## What is known not to hold\n\n");
    }
    excused.for_each(|Entry { outcome, .. }| {
        let Outcome { architecture, device, check, detail, .. } = outcome;
        let _ = writeln!(text, "- {architecture} on {device}, `{check}`: {}", plain(detail));
    });
}

fn failures(report: &Report, text: &mut String) {
    if report.failures().next().is_some() {
        text.push_str("\n## What fails\n\n");
    }
    for Entry { outcome, repro, .. } in report.failures() {
        let Outcome { architecture, device, check, status, detail, .. } = outcome;
        let _ = writeln!(text, "- {architecture} on {device}, `{check}`, {}: {}", status.as_str(), plain(detail));
        let _ = repro.iter().try_for_each(|repro| writeln!(text, "\n  ```sh\n  {repro}\n  ```"));
    }
}

/// What was found, on one line, and nothing in it means anything to Markdown but its code.
fn plain(detail: &str) -> String {
    let mut plain = String::with_capacity(detail.len());
    for c in detail.chars() {
        match c {
            '\\' | '<' | '>' | '*' | '_' | '[' | ']' | '|' | '#' | '&' => plain.extend(['\\', c]),
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn the_report_says_it_all_and_nothing_is_markup() {
        let text = markdown(&report());
        for part in [
            "Suite 1.0, seed 7, x86_64-linux, 2026-03-01.",
            "| bert | flex |  | 1 | 1 | 0 | 0 | 1 | inf `order-matters` |",
            "| `order-matters` | **fail** |  |",
            "- bert on flex, `names-resolve`: a reason",
            "- bert on flex, `order-matters`, fail: \\<b\\>\"a\" \\& 'b'\\</b\\> \\| `c` \\]\\]\\>  \\[1m next",
            "  zoo check t5 --only cache-equals-forward --device flex --seed 7",
        ] {
            assert!(text.contains(part), "no {part} in {text}");
        }
        assert!(!text.contains("Incomplete") && !text.contains("shard"));
        let mut shard = report();
        shard.header.shard = "2/4".parse().unwrap();
        assert!(markdown(&shard).contains("2026-03-01, shard 2/4."));
        assert!(markdown(&Report { end: None, ..report() }).contains("**Incomplete: 5 of 5 outcomes.**"));
    }
}
