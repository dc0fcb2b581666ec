//! Bugs that nobody chose: operators swapped, numbers moved, calls dropped, in the sources of families and blocks.
//!
//! A seeded sample of all mutants is woven into a copy, those that do not compile are dropped, and each of the rest is run
//! against the families that use its file until one check fails. What survives is told with its place. `random-survivors.toml`
//! says of each survivor of the committed sample why it is no bug, or that it is a hole.

mod build;
mod find;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::catalogue::FOLDER;
use crate::drive::{self, Ended, Job};
use crate::error::{Error, Result};
use crate::selftest;
pub use find::{Mutant, mutants};

/// What was found of a sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Mutants there are in the sources.
    pub all: usize,
    /// Those of the sample that do not compile.
    pub unbuilt: usize,
    /// Those that some check catches.
    pub caught: usize,
    /// Those that none does.
    pub survivors: Vec<Survivor>,
}

/// A mutant that no check catches.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Survivor {
    /// What and where.
    pub mutant: Mutant,
    /// What `random-survivors.toml` says of it.
    pub classified: Option<Classified>,
}

/// Mutants that were seen to survive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survivors {
    /// How many mutants the committed sample has.
    pub sample: usize,
    /// Its seed.
    pub seed: u64,
    /// Its survivors.
    #[serde(default)]
    pub survivor: Vec<Classified>,
}

/// What a survivor is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classified {
    /// From the workspace's root.
    pub file: String,
    /// What stands there.
    pub before: String,
    /// What the mutant has there.
    pub after: String,
    /// What it is.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
}

/// What a survivor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No input tells it from the original.
    Equivalent,
    /// A check is missing.
    Hole,
}

impl Survivors {
    /// Reads `random-survivors.toml` of the workspace at `root`.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Catalogue`].
    pub fn read(root: &Path) -> Result<Self> {
        let path = root.join(FOLDER).join("random-survivors.toml");
        let text = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
        toml::from_str(&text).map_err(|error| Error::catalogue(format!("{}: {error}", path.display())))
    }

    fn of(&self, mutant: &Mutant) -> Option<&Classified> {
        let same = |c: &&Classified| c.file == mutant.file && c.before == mutant.before && c.after == mutant.after;
        self.survivor.iter().find(same)
    }
}

/// What is going on.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// The copy is built; so many mutants are in it.
    Building(usize),
    /// The suite runs without a mutant.
    Healthy,
    /// So many runs are about to be made.
    Running(usize),
    /// One is done.
    Ended(&'a Mutant, &'a Ended),
}

/// Runs `wanted` mutants of the sample that `seed` draws.
///
/// # Errors
/// [`Error`] before anything can be judged.
pub fn run(root: &Path, wanted: usize, seed: u64, told: &(dyn Fn(Progress<'_>) + Sync)) -> Result<Report> {
    let classified = Survivors::read(root)?;
    let all = mutants(root)?;
    let sample = drawn(&all, wanted, seed);
    let n_sampled = sample.len();
    let (runner, sample) = build::build(root, sample, &|n| told(Progress::Building(n)))?;
    told(Progress::Healthy);
    let healthy = selftest::healthy(&runner)?;
    // Its own family first, and everybody else only if that lets it live.
    let own = |mutant: &Mutant| mutant.family(&healthy.families).unwrap_or_else(|| "*".to_owned());
    let mut caught = vec![false; sample.len()];
    for others in [false, true] {
        let left: Vec<usize> =
            (0..sample.len()).filter(|&n| !caught[n] && (!others || own(&sample[n]) != "*")).collect();
        let families = |n: usize| if others { "*".to_owned() } else { own(&sample[n]) };
        let job = |&n: &usize| Job { number: n as u32 + 1, families: families(n), enough: Some(1), ..Job::default() };
        let jobs: Vec<Job> = left.iter().map(job).collect();
        told(Progress::Running(jobs.len()));
        let ended = drive::run_all(&runner, &jobs, &|n, ended| told(Progress::Ended(&sample[left[n]], ended)))?;
        for (n, ended) in left.into_iter().zip(ended) {
            caught[n] |= !ended.killers().is_empty();
        }
    }
    let n_caught = caught.iter().filter(|&&caught| caught).count();
    let survivors = sample
        .iter()
        .zip(&caught)
        .filter(|(_, caught)| !**caught)
        .map(|(mutant, _)| Survivor { mutant: mutant.clone(), classified: classified.of(mutant).cloned() });
    let survivors = survivors.collect();
    Ok(Report { all: all.len(), unbuilt: n_sampled - sample.len(), caught: n_caught, survivors })
}

/// `wanted` of `all`, in the order of `all`: the same for one seed as long as the sources are the same.
fn drawn(all: &[Mutant], wanted: usize, seed: u64) -> Vec<Mutant> {
    let mut left: Vec<usize> = (0..all.len()).collect();
    let mut state = seed;
    let mut chosen = Vec::new();
    while chosen.len() < wanted && !left.is_empty() {
        let at = (split_mix(&mut state) % left.len() as u64) as usize;
        chosen.push(left.swap_remove(at));
    }
    chosen.sort_unstable();
    chosen.into_iter().map(|n| all[n].clone()).collect()
}

/// Steele, Lea and Flood 2014, *Fast Splittable Pseudorandom Number Generators*, figure 15.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
