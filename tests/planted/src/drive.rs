//! Running the suite once a bug, each in a process of its own, as many at a time as there are cores.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Result};

/// How long one check of one family may take. The slowest take a second or two.
pub const LIMIT: Duration = Duration::from_secs(30);
/// How much memory a process may ask for, in KiB: far more than any tiny model needs.
const MEMORY: u64 = 16 << 20;
/// How often a bug's suite goes on after a check that crashed or hung.
const PATIENCE: usize = 3;

/// A run of the suite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Job {
    /// The bug, 0 for none.
    pub number: u32,
    /// Ids of families with commas, or `*`.
    pub families: String,
    /// Checks to begin with.
    pub first: BTreeSet<String>,
    /// How many checks that catch it are enough; `None` runs all.
    pub enough: Option<usize>,
}

/// What the suite said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ended {
    /// Version of the suite.
    pub suite: String,
    /// Every check there is.
    pub checks: Vec<String>,
    /// Every family there is.
    pub families: Vec<String>,
    /// Each check that came to an end.
    pub outcomes: Vec<Outcome>,
    /// Checks during which the process died.
    pub crashes: BTreeSet<String>,
    /// Checks that did not end in time.
    pub timeouts: BTreeSet<String>,
}

/// How a check ended, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Outcome {
    /// Its id.
    pub check: String,
    /// Of this family.
    pub architecture: String,
    /// As the suite says it.
    pub status: String,
    /// Largest error.
    #[serde(default, deserialize_with = "number")]
    pub error: Option<f64>,
    /// Largest error that would have passed.
    #[serde(default, deserialize_with = "number")]
    pub tolerance: Option<f64>,
    /// What was seen.
    #[serde(default)]
    pub detail: String,
}

/// JSON has no infinity, so the suite says such numbers in words.
fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let value = Option::<Value>::deserialize(from)?;
    Ok(value.and_then(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok())))
}

impl Outcome {
    /// Whether the suite would be red.
    pub fn fails(&self) -> bool {
        !matches!(self.status.as_str(), "pass" | "waived" | "not-applicable" | "expected-failure" | "quality-warning")
    }
}

impl Ended {
    /// Every check that is red, crashed or hung.
    pub fn killers(&self) -> BTreeSet<String> {
        let failed = self.outcomes.iter().filter(|outcome| outcome.fails()).map(|outcome| outcome.check.clone());
        failed.chain(self.crashes.iter().cloned()).chain(self.timeouts.iter().cloned()).collect()
    }

    /// The smallest error of a check that fails, in its tolerance, where that was measured.
    pub fn weakest_margin(&self) -> Option<(&str, f64)> {
        let margins = self.outcomes.iter().filter(|outcome| outcome.fails()).filter_map(|outcome| {
            let margin = outcome.error? / outcome.tolerance.filter(|tolerance| *tolerance > 0.0)?;
            (margin > 1.0).then_some((outcome.check.as_str(), margin))
        });
        margins.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Runs all jobs; `on_end` hears of each as it ends, in whatever order.
///
/// # Errors
/// [`Error::Run`] if the runner cannot be started or says nothing.
pub fn run_all(runner: &Path, jobs: &[Job], on_end: &(dyn Fn(usize, &Ended) + Sync)) -> Result<Vec<Ended>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let mut ended: Vec<Option<Result<Ended>>> = (0..jobs.len()).map(|_| None).collect();
    std::thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(n) else { return done };
                let result = run(runner, job, LIMIT);
                match &result {
                    Ok(ended) => on_end(n, ended),
                    Err(_) => next.store(jobs.len(), Ordering::Relaxed),
                }
                done.push((n, result));
            }
        };
        let workers: Vec<_> = (0..cores.min(jobs.len())).map(|_| scope.spawn(work)).collect();
        for (n, result) in workers.into_iter().filter_map(|worker| worker.join().ok()).flatten() {
            ended[n] = Some(result);
        }
    });
    // A job that was never begun stands behind one that failed.
    ended.sort_by_key(|result| !matches!(result, Some(Err(_))));
    let lost = || Err(Error::Run("a worker of the self-test died".into()));
    ended.into_iter().map(|result| result.unwrap_or_else(lost)).collect()
}

/// Runs one job. A check that crashes or hangs ends its process; the next goes on behind it.
pub(crate) fn run(runner: &Path, job: &Job, limit: Duration) -> Result<Ended> {
    let mut ended = Ended::default();
    for _ in 0..=PATIENCE {
        let done = ended.outcomes.iter().map(|outcome| outcome.check.clone());
        let left_out: BTreeSet<String> = done.chain(ended.crashes.clone()).chain(ended.timeouts.clone()).collect();
        match run_once(runner, job, &left_out, limit, &mut ended)? {
            Stopped::AtTheEnd => break,
            Stopped::During(None) => return Err(Error::Run(format!("{} says nothing", runner.display()))),
            Stopped::During(Some(check)) => ended.crashes.insert(check),
            Stopped::Hanging(check) => ended.timeouts.insert(check),
        };
        if job.enough.is_some_and(|enough| ended.killers().len() >= enough) {
            break;
        }
    }
    Ok(ended)
}

enum Stopped {
    AtTheEnd,
    During(Option<String>),
    Hanging(String),
}

/// Ends the process when dropped.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run_once(
    runner: &Path,
    job: &Job,
    left_out: &BTreeSet<String>,
    limit: Duration,
    ended: &mut Ended,
) -> Result<Stopped> {
    let mut command = limited(runner);
    // What this process need not find any more, others before it found.
    let enough = job.enough.map_or(0, |enough| enough.saturating_sub(ended.killers().len()).max(1));
    command.args(["flex", &job.families, &list(left_out), &list(&job.first), &enough.to_string()]);
    command.env("ZOO_PLANTED", job.number.to_string()).env("RAYON_NUM_THREADS", "1");
    // As long as its standard input is open, somebody waits for it.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Guard(command.spawn().map_err(|error| Error::Run(format!("{}: {error}", runner.display())))?);
    let (say, heard) = mpsc::channel();
    let out = child.0.stdout.take();
    let reader = std::thread::spawn(move || {
        let lines = out.into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok);
        for line in lines {
            if say.send(line).is_err() {
                return;
            }
        }
    });
    let mut during = None;
    let stopped = loop {
        let line = match heard.recv_timeout(limit) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => break Stopped::During(during),
            Err(RecvTimeoutError::Timeout) => break during.map_or(Stopped::During(None), Stopped::Hanging),
        };
        let unreadable = |error: &dyn std::fmt::Display| Error::Run(format!("the runner said `{line}`: {error}"));
        let said: Value = serde_json::from_str(&line).map_err(|error| unreadable(&error))?;
        if let Some(check) = said["begins"].as_str() {
            during = Some(check.to_owned());
        } else if said["outcome"].is_object() {
            let outcome = Outcome::deserialize(&said["outcome"]).map_err(|error| unreadable(&error))?;
            ended.outcomes.push(outcome);
        } else if said["end"] == true {
            break Stopped::AtTheEnd;
        } else if said["checks"].is_array() {
            let list = |value: &Value| Vec::deserialize(value).map_err(|error| unreadable(&error));
            (ended.checks, ended.families) = (list(&said["checks"])?, list(&said["families"])?);
            said["suite"].as_str().unwrap_or_default().clone_into(&mut ended.suite);
        } else {
            return Err(unreadable(&"expected an outcome"));
        }
    };
    drop(child);
    let _ = reader.join();
    Ok(stopped)
}

fn list(of: &BTreeSet<String>) -> String {
    of.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

/// The runner with a bound on its memory, where the system has a way to set one.
fn limited(runner: &Path) -> Command {
    if cfg!(target_os = "linux") {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"")).arg(runner);
        return command;
    }
    Command::new(runner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(outcomes: &str) -> Ended {
        Ended { outcomes: serde_json::from_str(outcomes).unwrap(), ..Ended::default() }
    }

    #[test]
    fn infinite_errors_are_read_and_the_weakest_failure_is_found() {
        let ended = ended(
            r#"[{"check": "a", "architecture": "x", "status": "fail", "error": "inf", "tolerance": 4.0},
                {"check": "b", "architecture": "x", "status": "fail", "error": 12.0, "tolerance": 8.0},
                {"check": "c", "architecture": "x", "status": "pass", "error": 2.0, "tolerance": 8.0},
                {"check": "d", "architecture": "x", "status": "waived"}]"#,
        );
        assert_eq!(ended.outcomes[0].error, Some(f64::INFINITY));
        assert_eq!(ended.weakest_margin(), Some(("b", 1.5)));
        assert_eq!(ended.killers(), ["a", "b"].map(str::to_owned).into());
    }

    /// A shell that plays the runner: the suite, a check that ends, and one during which the process dies or sleeps.
    #[cfg(unix)]
    fn played(how: &str, limit: Duration) -> Ended {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runner");
        let text = format!(
            r#"#!/bin/sh
case ",$3," in *,good,*) ;; *)
echo '{{"suite": "1", "checks": ["good", "bad"], "families": ["x"]}}'
echo '{{"begins": "good"}}'; echo '{{"outcome": {{"check": "good", "architecture": "x", "status": "pass"}}}}'
esac
case ",$3," in *,bad,*) ;; *) echo '{{"begins": "bad"}}'; {how} ;; esac
echo '{{"end": true}}'
"#
        );
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        run(&path, &Job { number: 1, families: "x".into(), ..Job::default() }, limit).unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn a_crash_and_a_hang_are_told_as_such_and_the_rest_goes_on() {
        let crashed = played("kill -9 $$", Duration::from_secs(20));
        assert_eq!((crashed.crashes.len(), crashed.timeouts.len(), crashed.outcomes.len()), (1, 0, 1));
        let hung = played("exec sleep 60", Duration::from_millis(500));
        assert_eq!((hung.crashes.len(), hung.timeouts.len(), hung.outcomes.len()), (0, 1, 1));
        assert_eq!(hung.killers(), ["bad".to_owned()].into());
    }
}
