//! What is known not to hold: waivers, which last, and expected failures, which have an issue, an owner and a last day.
//!
//! A family says them in its TOML. Who cannot change that TOML says them in a file, in the same words under the family's id:
//!
//! ```toml
//! [[bert.expected_failures]]
//! check = "devices-agree"
//! issue = "https://example.org/issues/7"
//! owner = "A. Child"
//! expires = "2027-03-31"
//! reason = "One kernel rounds twice."
//! device = "cuda:0"
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zoo_registry::descriptor::{ExpectedFailure, Waiver};
use zoo_registry::{Descriptor, Outcome, Status};

use crate::checks::checks;
use crate::day::Day;

/// Expectations beside those in the families' own TOML, by the family's id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Expectations(BTreeMap<String, Excuses>);

/// Those of one family.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Excuses {
    #[serde(default)]
    waivers: Vec<Waiver>,
    #[serde(default)]
    expected_failures: Vec<ExpectedFailure>,
}

/// Why a check that does not hold is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excuse<'a> {
    /// For good.
    Waived(&'a Waiver),
    /// For the time being.
    Expected(&'a ExpectedFailure),
}

/// The check that looks whether a family's facts, its excuses among them, are sound.
const JUDGES_EXCUSES: &str = "descriptor-is-sound";

impl Expectations {
    /// Reads a file's text.
    ///
    /// # Errors
    /// Every problem at once, a line each.
    pub fn parse(toml: &str) -> Result<Self, String> {
        let found: Self = toml::from_str(toml).map_err(|error| error.to_string().trim_end().to_owned())?;
        let problems = found.problems();
        if problems.is_empty() { Ok(found) } else { Err(problems.join("\n")) }
    }

    /// Ids of the families it is about.
    pub fn architectures(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (id, excuses) in &self.0 {
            let waived = excuses.waivers.iter().map(|waiver| &waiver.check);
            let expected = excuses.expected_failures.iter().map(|expected| &expected.check);
            for check in waived.chain(expected).filter(|id| !checks().iter().any(|check| check.id == **id)) {
                problems.push(format!("`{id}`: there is no check `{check}`"));
            }
            for expected in &excuses.expected_failures {
                let told = expected.problems().into_iter();
                problems.extend(told.map(|(field, told)| format!("`{id}`, `{}{field}`: {told}", expected.check)));
            }
        }
        problems
    }

    /// Adds them to a family's facts, in the place of what those say of the same checks.
    pub fn add_to(&self, descriptor: &mut Descriptor) {
        let Some(Excuses { waivers, expected_failures }) = self.0.get(&descriptor.id) else { return };
        let told = |check: &String| {
            waivers.iter().any(|waiver| waiver.check == *check)
                || expected_failures.iter().any(|expected| expected.check == *check)
        };
        descriptor.waivers.retain(|waiver| !told(&waiver.check));
        descriptor.expected_failures.retain(|expected| !told(&expected.check));
        descriptor.waivers.extend(waivers.iter().cloned());
        descriptor.expected_failures.extend(expected_failures.iter().cloned());
    }

    /// What excuses `check` of the family on `device`: what the file says before what the family's own TOML says. That TOML
    /// cannot excuse the check that judges it.
    pub fn of<'a>(&'a self, descriptor: &'a Descriptor, check: &str, device: &str) -> Option<Excuse<'a>> {
        let told = self.0.get(&descriptor.id);
        let told = told.and_then(|told| excuse(&told.waivers, &told.expected_failures, check, device));
        let own = || excuse(&descriptor.waivers, &descriptor.expected_failures, check, device);
        told.or_else(|| own().filter(|_| check != JUDGES_EXCUSES))
    }
}

fn excuse<'a>(waivers: &'a [Waiver], expected: &'a [ExpectedFailure], check: &str, device: &str) -> Option<Excuse<'a>> {
    let waiver = waivers.iter().find(|waiver| waiver.check == check).map(Excuse::Waived);
    let expected = || expected.iter().find(|expected| expected.check == check && expected.is_on(device));
    waiver.or_else(|| expected().map(Excuse::Expected))
}

impl Excuse<'_> {
    fn tiny(&self) -> Option<&str> {
        match self {
            Self::Waived(waiver) => waiver.tiny.as_deref(),
            Self::Expected(expected) => expected.tiny.as_deref(),
        }
    }

    /// Whether it accepts this ending. A waiver says that something does not hold, not that the code may crash.
    fn covers(&self, status: Status) -> bool {
        match self {
            Self::Waived(_) => status == Status::Fail,
            Self::Expected(_) => matches!(status, Status::Fail | Status::Error | Status::Timeout),
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::Waived(_) => Status::Waived,
            Self::Expected(_) => Status::ExpectedFailure,
        }
    }

    fn is_over(&self, today: Option<&Day>) -> bool {
        match self {
            Self::Waived(_) => false,
            Self::Expected(expected) => today.is_some_and(|today| today.is_after(&expected.expires)),
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Waived(_) => "waived".to_owned(),
            Self::Expected(ExpectedFailure { issue, owner, expires, .. }) => {
                format!("expected to fail until {expires} ({issue}, {owner})")
            }
        }
    }
}

/// What a check's ending means where it may be excused. `look` looks without an excuse, and without one tiny configuration if
/// it is told to: an excuse for one says nothing of the others.
pub(crate) fn judge(
    excuse: Option<Excuse<'_>>,
    today: Option<&Day>,
    look: &mut dyn FnMut(Option<&str>) -> Outcome,
) -> Outcome {
    let outcome = look(None);
    let Some(excuse) = excuse else { return outcome };
    let told = excuse.told();
    let with = |status, detail| Outcome { status, detail, ..outcome.clone() };
    match outcome.status {
        Status::Pass => return with(Status::UnexpectedPass, format!("{told}, but holds: {}", outcome.detail)),
        Status::NotApplicable => {
            return with(Status::UnexpectedPass, format!("{told}, but not applicable: {}", outcome.detail));
        }
        status if !excuse.covers(status) => return outcome,
        _ if excuse.is_over(today) => {
            return with(outcome.status, format!("was {told}: {}", outcome.detail));
        }
        _ => {}
    }
    if let Some(tiny) = excuse.tiny() {
        let elsewhere = look(Some(tiny));
        if elsewhere.status.is_failure() {
            let detail = format!("`{tiny}` is {told}, but without it: {}", elsewhere.detail);
            return Outcome { detail, ..elsewhere };
        }
    }
    let detail = match excuse {
        Excuse::Waived(waiver) => format!("{} ({})", waiver.reason, outcome.detail),
        Excuse::Expected(expected) => format!("{} {told}: {}", expected.reason, outcome.detail),
    };
    with(excuse.status(), detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: Status) -> Outcome {
        Outcome {
            check: "order-matters".into(),
            architecture: "toy".into(),
            device: "flex".into(),
            status,
            error: None,
            tolerance: None,
            measure: None,
            detail: "found".into(),
        }
    }

    fn waiver(tiny: Option<&str>) -> Waiver {
        Waiver { check: "order-matters".into(), reason: "Why.".into(), tiny: tiny.map(str::to_owned) }
    }

    fn expected() -> ExpectedFailure {
        ExpectedFailure {
            check: "order-matters".into(),
            issue: "https://example.org/7".into(),
            owner: "A. Child".into(),
            expires: "1970-01-02".into(),
            reason: "Not yet.".into(),
            tiny: None,
            device: None,
        }
    }

    fn judged(excuse: Option<Excuse<'_>>, day: u64, status: Status) -> Outcome {
        let day = Day::of_seconds(day * 86_400);
        judge(excuse, Some(&day), &mut |_| outcome(status))
    }

    #[test]
    fn waivers_are_needed_or_fail_and_excuse_no_crash() {
        let waiver = waiver(None);
        let status = |status| judged(Some(Excuse::Waived(&waiver)), 0, status).status;
        assert_eq!(judged(None, 0, Status::Fail).status, Status::Fail);
        assert_eq!(status(Status::Fail), Status::Waived);
        assert_eq!(status(Status::Pass), Status::UnexpectedPass);
        assert_eq!(status(Status::NotApplicable), Status::UnexpectedPass);
        assert_eq!(status(Status::Error), Status::Error);
    }

    #[test]
    fn failures_are_expected_until_their_last_day() {
        let expected = expected();
        let on = |day, status| judged(Some(Excuse::Expected(&expected)), day, status);
        let accepted = on(1, Status::Fail);
        assert_eq!(accepted.status, Status::ExpectedFailure);
        assert_eq!(
            accepted.detail,
            "Not yet. expected to fail until 1970-01-02 (https://example.org/7, A. Child): found"
        );
        assert_eq!([on(1, Status::Error).status, on(1, Status::Timeout).status], [Status::ExpectedFailure; 2]);
        assert_eq!(on(1, Status::Pass).status, Status::UnexpectedPass);
        let over = on(2, Status::Fail);
        assert_eq!(over.status, Status::Fail);
        assert!(over.detail.starts_with("was expected to fail until 1970-01-02 ("), "{}", over.detail);
    }

    #[test]
    fn an_excuse_of_one_tiny_configuration_excuses_no_other() {
        let waiver = waiver(Some("deep"));
        let look = |elsewhere| {
            let mut look = |left_out: Option<&str>| outcome(if left_out.is_some() { elsewhere } else { Status::Fail });
            judge(Some(Excuse::Waived(&waiver)), None, &mut look)
        };
        assert_eq!(look(Status::Pass).status, Status::Waived);
        assert_eq!(look(Status::Fail).status, Status::Fail);
        assert_eq!(look(Status::Fail).detail, "`deep` is waived, but without it: found");
    }

    #[test]
    fn a_file_says_what_a_family_s_own_facts_cannot() {
        let file = "[[toy.expected_failures]]\ncheck = \"order-matters\"\nissue = \"https://example.org/7\"\n\
                    owner = \"A\"\nexpires = \"2027-03-31\"\nreason = \"Not yet.\"\ndevice = \"ndarray\"\n";
        let found = Expectations::parse(file).unwrap();
        assert_eq!(found.architectures().collect::<Vec<_>>(), ["toy"]);
        let refused = |from: &str, to: &str| {
            assert!(file.contains(from));
            Expectations::parse(&file.replace(from, to)).unwrap_err()
        };
        assert_eq!(refused("order-matters", "ordre"), "`toy`: there is no check `ordre`");
        assert!(refused("2027-03-31", "soon").contains("`order-matters.expires`: expected `YYYY-MM-DD`"));
        assert!(refused("owner", "owned").contains("owned"));
        assert!(Expectations::parse("[toy]\nwaiver = []\n").unwrap_err().contains("waiver"));
    }
}
