//! Running the conformance suite: which checks, on which devices, and what to do with each outcome.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic;

use zoo_registry::{Outcome, Registry, Status, device, names};

use crate::failure::Failure;
use crate::format::counted;
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

/// How many outcomes ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) pass: usize,
    pub(crate) fail: usize,
    pub(crate) waived: usize,
    pub(crate) not_applicable: usize,
}

impl Selection {
    /// Every check of every architecture.
    pub(crate) fn everything(registry: &Registry, devices: &[String]) -> Result<Self, Failure> {
        Self::new(registry, "*", None, devices)
    }

    /// The architectures that a name or pattern stands for, and the checks that a pattern matches.
    pub(crate) fn new(
        registry: &Registry,
        models: &str,
        checks: Option<&str>,
        devices: &[String],
    ) -> Result<Self, Failure> {
        let found = registry.matching(models)?;
        let architectures = found.iter().map(|named| named.architecture.descriptor().id.clone()).collect();
        for name in devices {
            device::by_name(name)?;
        }
        let mut once = BTreeSet::new();
        let devices = devices.iter().filter(|name| once.insert(*name)).cloned().collect();
        Ok(Self { architectures, checks: matching_checks(checks)?, devices })
    }

    /// How many outcomes there will be.
    pub(crate) fn len(&self) -> usize {
        self.architectures.len() * self.checks.len() * self.devices.len()
    }

    /// Runs. `on_outcome` hears each outcome as it comes; once it fails, nothing more is run.
    pub(crate) fn run(
        &self,
        registry: &Registry,
        shell: &mut Shell,
        mut on_outcome: impl FnMut(&Outcome, &Busy, &mut Shell) -> Result<(), Failure>,
    ) -> Result<Vec<Outcome>, Failure> {
        let devices: Vec<&str> = self.devices.iter().map(String::as_str).collect();
        let failure: RefCell<Option<Failure>> = RefCell::new(None);
        let busy = shell.steps(self.len());
        let outcomes = quietly(|| {
            zoo_conformance::run(
                &registry.architectures(),
                &devices,
                &|architecture, check| {
                    failure.borrow().is_none()
                        && self.architectures.contains(&architecture.descriptor().id)
                        && self.checks.contains(check.id)
                },
                &mut |outcome| {
                    busy.step(format!("{} {} {}", outcome.architecture, outcome.device, outcome.check));
                    if let Err(stopped) = on_outcome(outcome, &busy, shell) {
                        failure.replace(Some(stopped));
                    }
                },
            )
        });
        failure.into_inner().map_or(Ok(outcomes), Err)
    }
}

impl Tally {
    pub(crate) fn of(outcomes: &[Outcome]) -> Self {
        let count = |status| outcomes.iter().filter(|outcome| outcome.status == status).count();
        Self {
            pass: count(Status::Pass),
            fail: count(Status::Fail),
            waived: count(Status::Waived),
            not_applicable: count(Status::NotApplicable),
        }
    }

    /// `36 checks: 34 passed, 0 failed, 1 waived, 1 not applicable`.
    pub(crate) fn told(self) -> String {
        let Self { pass, fail, waived, not_applicable } = self;
        let all = counted(pass + fail + waived + not_applicable, "check");
        format!("{all}: {pass} passed, {fail} failed, {waived} waived, {not_applicable} not applicable")
    }
}

fn matching_checks(pattern: Option<&str>) -> Result<BTreeSet<&'static str>, Failure> {
    let all = || zoo_conformance::checks().iter().map(|check| check.id);
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

/// A check that panics is a failed outcome with the panic's words in it; they are not told twice.
fn quietly<T>(run: impl FnOnce() -> T) -> T {
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
        assert_eq!(matching_checks(None).unwrap().len(), zoo_conformance::checks().len());
        assert_eq!(matching_checks(Some("devices-agree")).unwrap().len(), 1);
        let told = matching_checks(Some("device-agree")).unwrap_err();
        assert!(told.told().unwrap().message.contains("did you mean `devices-agree`?"), "{told:?}");
    }

    #[test]
    fn a_device_is_run_once() {
        let devices = ["flex", "ndarray", "flex"].map(str::to_owned);
        assert_eq!(
            Selection::new(&zoo_architectures::registry(), "bert", None, &devices).unwrap().devices,
            ["flex", "ndarray"]
        );
    }
}
