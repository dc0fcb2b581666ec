//! `zoo site check`: what every page of a built site must keep.

use std::io::Write;
use std::path::Path;

use zoo_site::check::{Report, check};

use crate::failure::Failure;
use crate::format::counted;
use crate::json;
use crate::shell::{Paint, Shell};
use crate::table::Table;

/// How many violations of a kind are told on a terminal; `--json` tells all.
const SHOWN: usize = 20;

pub(super) fn run(folder: &Path, as_json: bool, shell: &mut Shell) -> Result<(), Failure> {
    let report = check(folder)?;
    if as_json {
        json::document(shell, &report)?;
    } else {
        print(&report, shell)?;
    }
    match report.violations.len() {
        0 => Ok(()),
        found => Err(Failure::run(format!("{} in {}", counted(found, "violation"), folder.display()))),
    }
}

fn print(report: &Report, shell: &mut Shell) -> Result<(), Failure> {
    let mut table = Table::new(&["type", ">pages", ">html", ">css", ">js", ">elements", ">requests", "heaviest"]);
    for kind in &report.types {
        let weight = |of: &str| kind.measures.iter().find(|measure| measure.of == of);
        let cell = |of: &str| {
            let Some(measure) = weight(of) else { return (String::new(), Paint::Plain) };
            let (most, budget) = (measure.most, measure.budget);
            let paint = if most > budget { Paint::Bad } else { Paint::Plain };
            match of {
                "nodes" | "requests" => (format!("{most} of {budget}"), paint),
                _ => (format!("{} of {}", kib(most), kib(budget)), paint),
            }
        };
        let pages = (kind.pages.to_string(), Paint::Plain);
        let heaviest = weight("html").map(|measure| measure.page.clone()).unwrap_or_default();
        let cells = ["html", "css", "js", "nodes", "requests"].map(cell);
        table.painted(
            [(kind.name.to_owned(), Paint::Strong), pages].into_iter().chain(cells).chain([(heaviest, Paint::Faint)]),
        );
    }
    table.print(shell)?;
    let mut rules: Vec<&str> = report.violations.iter().map(|violation| violation.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    for rule in rules {
        let found: Vec<_> = report.violations.iter().filter(|violation| violation.rule == rule).collect();
        for violation in found.iter().take(SHOWN) {
            let (page, line) = (&violation.page, violation.line);
            writeln!(shell, "{page}:{line}: {rule}: {} ({})", violation.found, violation.hint)?;
        }
        if found.len() > SHOWN {
            writeln!(shell, "{rule}: and {} more; `--json` tells all", found.len() - SHOWN)?;
        }
    }
    let (pages, links) = (counted(report.pages, "page"), counted(report.links, "link"));
    shell.note(format!("{pages}, {} and {links} looked at", counted(report.files, "file")));
    Ok(())
}

/// Kibibytes to one digit: KiB of packed bytes are what budgets are told in.
fn kib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1024);
    format!("{}.{}", tenths / 10, tenths % 10)
}
