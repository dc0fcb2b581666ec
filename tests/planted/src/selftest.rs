//! The whole self-test: copy, build, run, judge.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use globset::Glob;

use crate::catalogue::{Catalogue, FOLDER, Patch};
use crate::copy;
use crate::drive::{self, Ended, Job};
use crate::error::{Error, Result};
use crate::score::{Broken, Score};

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was planted.
    pub catalogue: Catalogue,
    /// Who caught what.
    pub score: Score,
    /// Every check of the suite.
    pub checks: Vec<String>,
    /// Each patch's run, by its id.
    pub runs: BTreeMap<String, Ended>,
    /// What should hold and does not.
    pub broken: Vec<Broken>,
    /// Whether all of the catalogue was run.
    pub whole: bool,
    /// Whether every check was run, enough or not.
    pub matrix: bool,
}

/// What the compiler says first; the rest usually follows from it.
const COMPLAINTS: usize = 5;
/// Two independent checks must catch a bug.
const ENOUGH: usize = 2;

/// What is going on.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// The sources are copied.
    Copying,
    /// The copy is built.
    Building,
    /// The suite runs without a bug, and must pass.
    Healthy,
    /// So many bugs are about to be run.
    Running(usize),
    /// The suite was run on this one.
    Ended(&'a Patch, &'a Ended),
}

/// The checkout that `from` lies in.
pub fn checkout(from: &Path) -> Option<PathBuf> {
    from.ancestors().find(|folder| folder.join(FOLDER).join("score.json").is_file()).map(Path::to_owned)
}

/// Where the record stands.
pub fn record(root: &Path) -> PathBuf {
    root.join(FOLDER).join("score.json")
}

/// Runs the self-test of the checkout at `root`: every patch, or those whose id or area matches `only`. With `matrix` every check is
/// run on every bug; without, those come first that caught it when the record was written, and two that catch it are enough.
///
/// # Errors
/// [`Error`] before anything can be judged; what is judged badly is in the report.
pub fn run(root: &Path, only: Option<&str>, matrix: bool, told: &(dyn Fn(Progress<'_>) + Sync)) -> Result<Report> {
    let recorded = Score::read(&record(root))?;
    let catalogue = Catalogue::read(root)?;
    let glob = only.map(|pattern| Glob::new(pattern).map(|glob| glob.compile_matcher()));
    let glob = glob.transpose().map_err(|error| Error::Run(error.to_string()))?;
    let wanted =
        |patch: &Patch| glob.as_ref().is_none_or(|glob| glob.is_match(&patch.id) || glob.is_match(&patch.area));
    let numbered: Vec<(u32, &Patch)> = (1..).zip(catalogue.patches()).filter(|(_, patch)| wanted(patch)).collect();
    if numbered.is_empty() {
        return Err(Error::Run(format!("nothing in the catalogue matches `{}`", only.unwrap_or("*"))));
    }
    told(Progress::Copying);
    let edits = copy::edits(root, catalogue.patches())?;
    let folder = copy::make(root, "curated", &edits)?;
    told(Progress::Building);
    let runner = copy::build(root, &folder)?.map_err(|complaints| {
        let told = complaints.iter().take(COMPLAINTS).map(|complaint| with_names(&complaint.told, &catalogue));
        let more = complaints.len().saturating_sub(COMPLAINTS);
        let more = (more > 0).then(|| format!("and {more} more complaints\n"));
        Error::Build(told.chain(more).collect::<Vec<_>>().join("\n"))
    })?;

    told(Progress::Healthy);
    let healthy = healthy(&runner)?;
    if let Some((_, patch)) = numbered.iter().find(|(_, patch)| !healthy.families.contains(&patch.family)) {
        return Err(Error::catalogue(format!(
            "`{}` asks for the family `{}`, which there is not",
            patch.id, patch.family
        )));
    }
    told(Progress::Running(numbered.len()));
    let job = |(number, patch): &(u32, &Patch)| {
        let caught = recorded.bugs.get(&patch.id).or_else(|| recorded.nulls.get(&patch.id));
        Job {
            number: *number,
            families: patch.family.clone(),
            first: caught.cloned().unwrap_or_default(),
            // A rewrite must pass them all.
            enough: (!matrix && !catalogue.rewrites.contains(patch))
                .then(|| if patch.alone.is_some() { 1 } else { ENOUGH }),
        }
    };
    let jobs: Vec<Job> = numbered.iter().map(job).collect();
    let ended = drive::run_all(&runner, &jobs, &|n, ended| told(Progress::Ended(numbered[n].1, ended)))?;
    let runs: BTreeMap<String, Ended> = numbered.iter().map(|(_, patch)| patch.id.clone()).zip(ended).collect();

    let killers = runs.iter().map(|(id, ended)| (id.clone(), ended.killers())).collect();
    let score = Score::new(&healthy.suite, &healthy.checks, &catalogue, &killers);
    let whole = only.is_none();
    let broken = score.broken(&catalogue, &healthy.checks, whole && matrix);
    Ok(Report { catalogue, score, checks: healthy.checks, runs, broken, whole, matrix })
}

/// What the compiler said, and the ids behind the numbers in it.
fn with_names(told: &str, catalogue: &Catalogue) -> String {
    let says = |number: u32| told.contains(&format!(" {number} => "));
    let named = (1..).zip(catalogue.patches()).filter(|(number, _)| says(*number));
    let ids: Vec<String> = named.map(|(number, patch)| format!("{number} is `{}`", patch.id)).collect();
    if ids.is_empty() { told.to_owned() } else { format!("{told}planted here: {}\n", ids.join(", ")) }
}

/// The suite of every family with nothing switched on. Otherwise a failure would say nothing about a bug.
pub(crate) fn healthy(runner: &Path) -> Result<Ended> {
    let of = |families: &str| Job { families: families.into(), ..Job::default() };
    // Asked for no family, the runner says which there are; each in a process of its own keeps all cores busy.
    let mut ended = drive::run(runner, &of(""), drive::LIMIT)?;
    let jobs: Vec<Job> = ended.families.iter().map(|family| of(family)).collect();
    for one in drive::run_all(runner, &jobs, &|_, _| {})? {
        ended.outcomes.extend(one.outcomes);
        ended.crashes.extend(one.crashes);
        ended.timeouts.extend(one.timeouts);
    }
    let failed = ended.outcomes.iter().filter(|outcome| outcome.fails());
    let failed: Vec<String> =
        failed.map(|outcome| format!("{} of {}: {}", outcome.check, outcome.architecture, outcome.detail)).collect();
    if failed.is_empty() && ended.crashes.is_empty() && ended.timeouts.is_empty() {
        return Ok(ended);
    }
    let also = ended.crashes.iter().chain(&ended.timeouts).cloned();
    let failed: Vec<String> = failed.into_iter().chain(also).collect();
    Err(Error::Run(format!("the suite fails without any bug:\n{}", failed.join("\n"))))
}
