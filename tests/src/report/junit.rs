//! JUnit XML, which every CI shows.

use std::fmt::Write;

use zoo_registry::{Outcome, Status};

use super::{Entry, Report};
use crate::shard::Shard;

/// A suite for each family and device, a case for each check.
pub fn junit(report: &Report) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut name = format!("zoo-conformance {}", report.header.suite);
    if report.header.shard != Shard::WHOLE {
        let _ = write!(name, ", shard {}", report.header.shard);
    }
    let all: Vec<&Entry> = report.entries.iter().collect();
    let _ = writeln!(xml, "<testsuites name=\"{}\" {}>", escape(&name), counts(&all));
    let same = |a: &&Entry, b: &&Entry| {
        (&a.outcome.architecture, &a.outcome.device) == (&b.outcome.architecture, &b.outcome.device)
    };
    for group in all.chunk_by(same) {
        let Outcome { architecture, device, .. } = &group[0].outcome;
        let name = escape(&format!("{architecture} on {device}"));
        let _ = writeln!(xml, "  <testsuite name=\"{name}\" {}>", counts(group));
        group.iter().for_each(|entry| case(entry, &mut xml));
        xml.push_str("  </testsuite>\n");
    }
    if !report.is_complete() {
        let (found, total) = (report.entries.len(), report.header.total);
        xml.push_str(
            "  <testsuite name=\"the run\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"0\">\n",
        );
        let _ = writeln!(
            xml,
            "    <testcase classname=\"run\" name=\"comes-to-its-end\" time=\"0\"><error message=\"incomplete: {found} of {total} \
             outcomes\"/></testcase>\n  </testsuite>"
        );
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn counts(entries: &[&Entry]) -> String {
    let count = |what| entries.iter().filter(|entry| element(entry.outcome.status) == Some(what)).count();
    let seconds = entries.iter().map(|entry| entry.wall_ms).sum::<u64>() as f64 / 1e3;
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{seconds:.3}\"",
        entries.len(),
        count("failure"),
        count("error"),
        count("skipped")
    )
}

/// What stands inside a case that did not simply pass.
fn element(status: Status) -> Option<&'static str> {
    match status {
        Status::Pass => None,
        Status::Waived | Status::ExpectedFailure | Status::NotApplicable => Some("skipped"),
        Status::Fail | Status::UnexpectedPass | Status::Flaky => Some("failure"),
        Status::Timeout | Status::Error => Some("error"),
    }
}

fn case(entry: &Entry, xml: &mut String) {
    let Outcome { check, architecture, device, status, detail, .. } = &entry.outcome;
    let class = escape(&format!("{architecture}.{device}"));
    let seconds = entry.wall_ms as f64 / 1e3;
    let _ = write!(xml, "    <testcase classname=\"{class}\" name=\"{}\" time=\"{seconds:.3}\"", escape(check));
    let Some(element) = element(*status) else {
        xml.push_str("/>\n");
        return;
    };
    let message = escape(&format!("{}: {detail}", status.as_str()));
    let _ = match &entry.repro {
        None => writeln!(xml, "><{element} message=\"{message}\"/></testcase>"),
        Some(repro) => writeln!(xml, "><{element} message=\"{message}\">{}</{element}></testcase>", escape(repro)),
    };
}

/// Text that may stand anywhere in a document; what XML cannot hold is shown as `�`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn cases_say_how_they_ended_and_how_to_look_again() {
        let xml = junit(&report());
        for part in [
            "<testsuites name=\"zoo-conformance ",
            "tests=\"5\" failures=\"1\" errors=\"1\" skipped=\"2\" time=\"0.060\"",
            "<testsuite name=\"bert on flex\" tests=\"3\"",
            "<testcase classname=\"bert.flex\" name=\"batch-invariance\" time=\"0.012\"/>",
            "<failure message=\"fail: &lt;b&gt;&quot;a&quot; &amp; 'b'&lt;/b&gt; | `c` ]]&gt; \u{fffd}[1m&#10;next\">zoo check bert --only",
            "<error message=\"error: panicked: on purpose\">zoo check t5",
            "<skipped message=\"waived: a reason\"/>",
        ] {
            assert!(xml.contains(part), "no {part} in {xml}");
        }
        assert_eq!(xml.matches("<testsuite ").count(), xml.matches("</testsuite>").count());
    }

    #[test]
    fn a_shard_says_which_it_is() {
        let mut report = report();
        assert!(junit(&report).contains(" name=\"zoo-conformance 1.0\" "));
        report.header.shard = "2/4".parse().unwrap();
        assert!(junit(&report).contains(" name=\"zoo-conformance 1.0, shard 2/4\" "));
    }

    #[test]
    fn a_run_that_was_cut_off_has_an_error() {
        let cut = Report { end: None, ..report() };
        assert!(junit(&cut).contains("<error message=\"incomplete: 5 of 5 outcomes\"/>"));
    }
}
