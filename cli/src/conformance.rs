//! Running the conformance suite: which checks, on which devices, with what, and what to do with each outcome.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use zoo_conformance::isolation::{Limits, Supervisor};
use zoo_conformance::report::{Entry, Header, Report};
use zoo_conformance::{Day, Done, Expectations, Job, Plan, Settings, Shard, checks, in_process, levels};
use zoo_registry::{LevelFacts, Registry, device, names};

use crate::failure::Failure;
use crate::shell::{Busy, Shell};

/// What is to be checked.
pub(crate) struct Selection {
    /// Ids of architectures.
    pub(crate) architectures: BTreeSet<String>,
    /// Ids of checks.
    pub(crate) checks: BTreeSet<&'static str>,
    /// Names of devices.
    pub(crate) devices: Vec<String>,
}

/// How checks are run.
#[derive(Debug, clap::Args)]
pub(crate) struct Running {
    /// How many checks run at a time; as many as there are processors, unless it is said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,

    /// Longest time for one check, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,

    /// Most memory for one process of checks, in GiB; only Linux can limit it, and only on the CPU
    #[arg(long, value_name = "GIB", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    memory: u16,

    /// Run checks in this process, one after the other: a crash ends it, a hang hangs; for debuggers
    #[arg(long, conflicts_with_all = ["jobs", "timeout", "memory"])]
    in_process: bool,

    /// Draw other random inputs and weights; 0 gives the published magnitudes
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// What is known not to hold, in the words of a family's TOML under the family's id
    #[arg(long, value_name = "TOML")]
    expectations: Option<PathBuf>,

    /// Only one share of the outcomes, `3/16` for the third of sixteen; `zoo check merge` joins the reports
    #[arg(long, value_name = "K/N", default_value_t = Shard::WHOLE, hide_default_value = true)]
    #[arg(conflicts_with_all = ["golden", "self_test"])]
    shard: Shard,
}

/// Who hears of a run.
pub(crate) trait Listener {
    /// What is to come.
    fn begin(&mut self, _header: &Header) -> Result<(), Failure> {
        Ok(())
    }

    /// An outcome, in the order of the jobs.
    fn entry(&mut self, entry: &Entry, busy: &Busy, shell: &mut Shell) -> Result<(), Failure>;
}

impl Selection {
    /// Every check of every architecture.
    pub(crate) fn everything(registry: &Registry, devices: &[String]) -> Result<Self, Failure> {
        Self::new(registry, "*", None, None, devices)
    }

    /// The architectures that a name or pattern stands for, and the checks that a pattern matches, up to a level.
    pub(crate) fn new(
        registry: &Registry,
        models: &str,
        checks: Option<&str>,
        level: Option<&LevelFacts>,
        devices: &[String],
    ) -> Result<Self, Failure> {
        let found = registry.matching(models)?;
        let architectures = found.iter().map(|named| named.architecture.descriptor().id.clone()).collect();
        for name in devices {
            device::by_name(name)?;
        }
        let mut once = BTreeSet::new();
        let devices = devices.iter().filter(|name| once.insert(*name)).cloned().collect();
        let mut checks = matching_checks(checks)?;
        if let Some(level) = level {
            checks.retain(|check| levels::is_within(check, level));
            if checks.is_empty() {
                return Err(Failure::usage(format!("no level up to {} demands such a check", level.id)));
            }
        }
        Ok(Self { architectures, checks, devices })
    }

    fn plan(&self) -> Plan {
        let chosen = checks().iter().filter(|check| self.checks.contains(check.id));
        Plan {
            architectures: self.architectures.iter().cloned().collect(),
            devices: self.devices.clone(),
            checks: chosen.map(|check| check.id.to_owned()).collect(),
        }
    }

    /// Runs. Once the listener fails, nothing more is run.
    pub(crate) fn run(
        &self,
        registry: &Registry,
        running: &Running,
        shell: &mut Shell,
        listener: &mut dyn Listener,
    ) -> Result<Report, Failure> {
        let settings = running.settings(registry)?;
        let plan = self.plan();
        let jobs = plan.jobs(running.shard, &registry.architectures()).map_err(Failure::run)?;
        let header = Header::new(&program(), env!("CARGO_PKG_VERSION"), &settings, plan, running.shard);
        let mut report = Report::new(header);
        listener.begin(&report.header)?;
        let busy = shell.steps(jobs.len());
        let mut failure = None;
        let mut hear = |done: Done| {
            let entry = report.header.entry(done);
            let outcome = &entry.outcome;
            busy.step(format!("{} {} {}", outcome.architecture, outcome.device, outcome.check));
            failure = listener.entry(&entry, &busy, shell).err();
            report.entries.push(entry);
            if failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        if running.in_process {
            quietly(|| in_process(&jobs, &registry.architectures(), &settings, &mut hear));
        } else {
            self.supervised(running, &jobs, &settings, &mut hear)?;
        }
        drop(busy);
        failure.map_or(Ok(()), Err)?;
        report.finish();
        Ok(report)
    }

    fn supervised(
        &self,
        running: &Running,
        jobs: &[Job],
        settings: &Settings,
        on_done: &mut dyn FnMut(Done) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::run(format!("no process to check in: {error}"));
        let program = std::env::current_exe().map_err(failed)?;
        let workers = running.workers();
        // A GPU's driver names far more memory than it takes.
        let on_cpu = self.devices.iter().all(|device| !device.starts_with("cuda"));
        let memory = on_cpu.then(|| running.memory(workers));
        let command = || {
            let mut command = Command::new(&program);
            command.args(["check", "worker"]);
            if let Some(bytes) = memory {
                command.args(["--memory", &bytes.to_string()]);
            }
            command
        };
        let limits = Limits { time: Duration::from_secs(running.timeout.into()), memory };
        Supervisor { command: &command, workers, limits }.run(jobs, settings, on_done).map_err(failed)
    }
}

impl Running {
    /// As nobody chose, with these expectations.
    pub(crate) fn usual(expectations: Option<PathBuf>) -> Self {
        let shard = Shard::WHOLE;
        Self { jobs: None, timeout: 120, memory: 8, in_process: false, seed: 0, expectations, shard }
    }

    fn settings(&self, registry: &Registry) -> Result<Settings, Failure> {
        let today = Day::today().map_err(Failure::usage)?;
        let expectations = self.expectations.as_deref().map(|path| expectations(path, registry)).transpose()?;
        Ok(Settings { seed: self.seed, today: Some(today), expectations: expectations.unwrap_or_default() })
    }

    fn workers(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.map_or_else(processors, usize::from)
    }

    /// No more than the machine has for each of so many.
    fn memory(&self, workers: usize) -> u64 {
        let asked = u64::from(self.memory) << 30;
        let there = device::memory(device::DEFAULT).map_or(asked, |bytes| bytes / workers as u64);
        asked.min(there)
    }
}

/// Reads a file of expectations, all of which must be about something.
pub(crate) fn expectations(path: &Path, registry: &Registry) -> Result<Expectations, Failure> {
    let told = |reason: String| Failure::run(format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| told(error.to_string()))?;
    let found = Expectations::parse(&text).map_err(told)?;
    let known = |id: &str| registry.architectures().iter().any(|known| known.descriptor().id == id);
    if let Some(unknown) = found.architectures().find(|id| !known(id)) {
        return Err(told(format!("no architecture has the id `{unknown}`")));
    }
    Ok(found)
}

/// How people start this program.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    path.file_stem().map_or_else(|| "zoo".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn matching_checks(pattern: Option<&str>) -> Result<BTreeSet<&'static str>, Failure> {
    let all = || checks().iter().map(|check| check.id);
    let Some(pattern) = pattern else { return Ok(all().collect()) };
    let glob = names::glob(pattern);
    let found: BTreeSet<_> = all().filter(|id| glob.as_ref().is_some_and(|glob| glob.is_match(id))).collect();
    if found.is_empty() {
        let near = names::nearest(pattern, all());
        let near = near.first().map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        let all = all().collect::<Vec<_>>().join(", ");
        return Err(Failure::usage(format!("no check is called `{pattern}`{near}")).hint(format!("there are {all}")));
    }
    Ok(found)
}

/// A check that panics is an outcome with the panic's words in it; they are not told twice.
pub(crate) fn quietly<T>(run: impl FnOnce() -> T) -> T {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = run();
    panic::set_hook(hook);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_found_by_pattern() {
        assert_eq!(matching_checks(None).unwrap().len(), checks().len());
        assert_eq!(matching_checks(Some("devices-agree")).unwrap().len(), 1);
        let told = matching_checks(Some("device-agree")).unwrap_err();
        assert!(told.told().unwrap().message.contains("did you mean `devices-agree`?"), "{told:?}");
    }

    #[test]
    fn a_device_is_run_once_and_a_level_chooses() {
        let registry = zoo_architectures::registry();
        let devices = ["flex", "ndarray", "flex"].map(str::to_owned);
        let choose = |only, level| {
            let level = levels::named(level).unwrap();
            Selection::new(&registry, "bert", only, Some(level), &devices)
        };
        let chosen = choose(None, "L0").unwrap();
        assert_eq!(chosen.devices, ["flex", "ndarray"]);
        assert!(chosen.checks.contains("names-resolve") && !chosen.checks.contains("batch-invariance"));
        assert!(choose(None, "core").unwrap().checks.contains("batch-invariance"));
        assert!(choose(Some("batch-*"), "L0").is_err());
    }
}
