//! `zoo publish`: from the families' folders to a catalog with its evidence and a site, in one go.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use zoo_conformance::report::Entry;
use zoo_registry::{Outcome, Registry};
use zoo_site::Extras;

use super::{catalog, check, site};
use crate::conformance::{Listener, Running, Selection, expectations};
use crate::costs;
use crate::failure::Failure;
use crate::format::{beginning, bytes, counted, time};
use crate::interrupt;
use crate::shell::{Busy, Shell};
use crate::{demo_runs, tryout};

const EXAMPLES: &str = "\
Examples:
  zoo publish                              zoo.sqlite and public/
  zoo publish --serve                      and look at it on http://127.0.0.1:8080
  zoo publish --out /srv/zoo --db /srv/zoo.sqlite --device flex
  zoo publish --on 2026-11-22 --since zoo.sqlite
                                           and tell what changed since the last time

Four steps: read every family's facts and count every size, run the conformance suite, write the catalog, write the \
site. A check that fails is published with the rest, and the exit code is 1.";

/// Arguments of `zoo publish`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The folder to write: new, empty, or a site that is replaced
    #[arg(long, value_name = "DIR", default_value = site::FOLDER)]
    out: PathBuf,

    /// The catalog to write
    #[arg(long, value_name = "FILE", default_value = catalog::FILE)]
    db: PathBuf,

    /// Where to check; `zoo devices` lists them
    #[arg(long, value_name = "DEVICE,…", value_delimiter = ',', default_value = "flex,ndarray")]
    device: Vec<String>,

    /// What is known not to hold, beside what the families' own facts say
    #[arg(long, value_name = "TOML")]
    expectations: Option<PathBuf>,

    #[command(flatten)]
    past: catalog::Past,

    #[command(flatten)]
    tryout: tryout::Args,

    #[command(flatten)]
    full_text: site::FullText,

    #[command(flatten)]
    address: site::Address,

    #[command(flatten)]
    languages: site::Languages,

    /// Show the site afterwards, at this loopback address
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = site::ADDRESS)]
    serve: Option<SocketAddr>,
}

/// How much of what went wrong is told on the way; the site tells all.
const DETAIL: usize = 200;

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let selection = Selection::everything(registry, &args.device)?;
    refuse_if_foreign(&args.out)?;
    if let Some(address) = args.serve.filter(|address| !address.ip().is_loopback()) {
        return Err(zoo_site::Error::NotLoopback(address).into());
    }
    args.past.check()?;
    let extras = Extras {
        tryout: args.tryout.gather(registry, shell)?,
        printed: demo_runs::printed(registry, shell)?,
        indexer: args.full_text.program(),
        base_url: args.address.base_url.clone(),
        tongues: args.languages.lang.clone(),
        base_path: args.address.base_path.clone(),
    };
    interrupt::listen();
    let began = Instant::now();

    let mut step = Instant::now();
    let mut done = |shell: &mut Shell, what: &str, found: String| {
        shell.step(what, format!("{found}, {}", time(step.elapsed())));
        step = Instant::now();
    };
    let mut records = catalog::records(registry)?;
    costs::count(&mut records, registry, shell);
    if let Some(path) = &args.expectations {
        let further = expectations(path, registry)?;
        records.iter_mut().for_each(|record| further.add_to(&mut record.descriptor));
    }
    let sizes: usize = records.iter().map(|record| record.descriptor.sizes().count()).sum();
    done(shell, "facts", format!("{}, {}", counted(records.len(), "model"), counted(sizes, "size")));

    let running = Running::usual(args.expectations.clone());
    let report = selection.run(registry, &running, shell, &mut Warnings)?;
    let tally = report.tally();
    let outcomes: Vec<Outcome> = report.entries.into_iter().map(|entry| entry.outcome).collect();
    done(shell, "conformance", format!("{} on {}", check::told(tally), selection.devices.join(", ")));

    let summary = catalog::build(&args.db, &records, &outcomes, &args.past)?;
    done(shell, "catalog", format!("{}, {}", args.db.display(), bytes(summary.bytes)));

    let summary = site::build(&args.db, extras, &args.out)?;
    let pages = counted(summary.pages, "page");
    done(shell, "site", format!("{}, {pages}, {}", args.out.display(), bytes(summary.bytes)));
    shell.step("done", format!("in {}", time(began.elapsed())));
    args.address.note(shell);

    writeln!(shell, "{}", args.db.display())?;
    writeln!(shell, "{}", args.out.join("index.html").display())?;
    shell.flush()?;
    if let Some(address) = args.serve {
        site::serve(&args.out, address, shell)?;
    }
    match tally.fail {
        0 => Ok(()),
        failed => {
            Err(Failure::run(format!("{failed} of {} failed; the site says which", counted(outcomes.len(), "check")))
                .hint("`zoo check` tells why"))
        }
    }
}

/// Tells what fails as it comes.
struct Warnings;

impl Listener for Warnings {
    fn entry(&mut self, entry: &Entry, busy: &Busy, shell: &mut Shell) -> Result<(), Failure> {
        if entry.outcome.status.is_failure() {
            let Outcome { architecture, device, check, status, detail, .. } = &entry.outcome;
            let (status, detail) = (status.as_str(), beginning(detail, DETAIL));
            busy.aside(|| shell.warn(format!("{architecture} on {device}, {check}: {status}: {detail}")));
        }
        Ok(())
    }
}

/// A folder that will be refused is refused before minutes of work.
fn refuse_if_foreign(out: &Path) -> Result<(), Failure> {
    let filled = match std::fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => out.exists(),
    };
    if filled && !out.join(zoo_site::MARKER).is_file() {
        return Err(zoo_site::Error::NotASite { path: out.to_owned(), marker: zoo_site::MARKER }.into());
    }
    Ok(())
}
