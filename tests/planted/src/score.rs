//! The kill matrix: who caught what, what must hold of it, and its record in `score.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::catalogue::{Catalogue, Justified, Patch};
use crate::error::{Error, Result};

/// The record that was committed with this code.
pub const RECORDED: &str = include_str!("../score.json");

/// Who caught what. Names only: equal runs give equal bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Version of the suite.
    pub suite: String,
    /// The sums.
    pub totals: Totals,
    /// Each bug with the checks that catch it.
    pub bugs: BTreeMap<String, BTreeSet<String>>,
    /// Each equivalent rewrite with the checks that wrongly fail.
    pub rewrites: BTreeMap<String, BTreeSet<String>>,
    /// Each empty model with the checks that catch it.
    pub nulls: BTreeMap<String, BTreeSet<String>>,
}

/// The sums of a [`Score`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Bugs there are.
    pub bugs: usize,
    /// Those that some check catches.
    pub caught: usize,
    /// Those that two checks or more catch.
    pub caught_twice: usize,
    /// Equivalent rewrites there are.
    pub rewrites: usize,
    /// Those that some check fails on.
    pub false_alarms: usize,
    /// Empty models there are.
    pub nulls: usize,
    /// Those that some check catches.
    pub nulls_caught: usize,
    /// Checks there are.
    pub checks: usize,
}

/// A rule that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Broken {
    /// No check catches this bug.
    Survives(String),
    /// One check alone catches this bug, and the catalogue does not say why that is right.
    CaughtOnce {
        /// The bug.
        bug: String,
        /// The check.
        check: String,
    },
    /// The catalogue says why one check alone catches this bug, and it is not so.
    NotAlone(String),
    /// A check fails on code that computes the same.
    FalseAlarm {
        /// The rewrite.
        rewrite: String,
        /// The checks.
        checks: BTreeSet<String>,
    },
    /// No check catches this empty model.
    NullPasses(String),
    /// Without this check every bug would still be caught twice, and nothing says why it is kept.
    Redundant(String),
    /// The justification of this check is not needed, or there is no such check.
    NeedlesslyJustified(String),
}

impl Score {
    /// The committed record.
    ///
    /// # Errors
    /// [`Error::Run`] if it is not one.
    pub fn recorded() -> Result<Self> {
        serde_json::from_str(RECORDED).map_err(|error| Error::Run(format!("score.json: {error}")))
    }

    /// The record of a checkout.
    ///
    /// # Errors
    /// [`Error::Run`] if it cannot be read, or is not one.
    pub fn read(path: &Path) -> Result<Self> {
        let failed = |error: &dyn std::fmt::Display| Error::Run(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
        serde_json::from_str(&text).map_err(|error| failed(&error))
    }

    /// Whether nothing was found that `recorded` does not say: the same sums, and nobody who catches what nobody caught there. Two
    /// that catch a bug are enough to look at.
    pub fn agrees_with(&self, recorded: &Self) -> bool {
        let known = |of: &BTreeMap<String, BTreeSet<String>>, in_record: &BTreeMap<String, BTreeSet<String>>| {
            of.iter().all(|(id, killers)| in_record.get(id).is_some_and(|recorded| killers.is_subset(recorded)))
        };
        self.totals == recorded.totals
            && known(&self.bugs, &recorded.bugs)
            && known(&self.rewrites, &recorded.rewrites)
            && known(&self.nulls, &recorded.nulls)
    }

    /// The score of `catalogue` with the killers of each patch, by id, and all checks of the suite.
    pub fn new(
        suite: &str,
        checks: &[String],
        catalogue: &Catalogue,
        killers: &BTreeMap<String, BTreeSet<String>>,
    ) -> Self {
        let of = |patches: &[Patch]| -> BTreeMap<String, BTreeSet<String>> {
            patches.iter().filter_map(|patch| Some((patch.id.clone(), killers.get(&patch.id)?.clone()))).collect()
        };
        let mut score = Self {
            suite: suite.to_owned(),
            bugs: of(&catalogue.bugs),
            rewrites: of(&catalogue.rewrites),
            nulls: of(&catalogue.nulls),
            ..Self::default()
        };
        let count =
            |of: &BTreeMap<String, BTreeSet<String>>, least: usize| of.values().filter(|k| k.len() >= least).count();
        score.totals = Totals {
            bugs: score.bugs.len(),
            caught: count(&score.bugs, 1),
            caught_twice: count(&score.bugs, 2),
            rewrites: score.rewrites.len(),
            false_alarms: count(&score.rewrites, 1),
            nulls: score.nulls.len(),
            nulls_caught: count(&score.nulls, 1),
            checks: checks.len(),
        };
        score
    }

    /// This score with what `newer` says instead, of all that stands in the catalogue.
    #[must_use]
    pub fn renewed(self, newer: Self, catalogue: &Catalogue, checks: &[String]) -> Self {
        let suite = newer.suite.clone();
        let all =
            [self, newer].into_iter().flat_map(|score| score.bugs.into_iter().chain(score.rewrites).chain(score.nulls));
        Self::new(&suite, checks, catalogue, &all.collect())
    }

    /// As it is committed.
    pub fn written(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// One sentence, as the README says it.
    pub fn sentence(&self) -> String {
        let Totals { bugs, caught, caught_twice, rewrites, false_alarms, nulls, nulls_caught, checks } = self.totals;
        format!(
            "Of {bugs} planted bugs its {checks} checks catch {caught}, {caught_twice} of them at least twice; of {rewrites} harmless \
             rewrites they blame {false_alarms}; of {nulls} models with nothing in them they catch {nulls_caught}."
        )
    }

    /// Every rule that does not hold. `whole` says that the score is of the whole catalogue: only then a check can be seen to be
    /// needless.
    pub fn broken(&self, catalogue: &Catalogue, checks: &[String], whole: bool) -> Vec<Broken> {
        let mut broken = Vec::new();
        for Patch { id, alone, .. } in &catalogue.bugs {
            let Some(killers) = self.bugs.get(id) else { continue };
            let mut killers = killers.iter();
            match (killers.next(), killers.next(), alone) {
                (None, ..) => broken.push(Broken::Survives(id.clone())),
                (Some(check), None, None) => {
                    broken.push(Broken::CaughtOnce { bug: id.clone(), check: check.clone() });
                }
                (Some(_), Some(_), Some(_)) => broken.push(Broken::NotAlone(id.clone())),
                _ => {}
            }
        }
        for (id, checks) in self.rewrites.iter().filter(|(_, checks)| !checks.is_empty()) {
            broken.push(Broken::FalseAlarm { rewrite: id.clone(), checks: checks.clone() });
        }
        let passing = self.nulls.iter().filter(|(_, killers)| killers.is_empty());
        broken.extend(passing.map(|(id, _)| Broken::NullPasses(id.clone())));
        if whole {
            broken.extend(self.needless(&catalogue.justified, checks));
        }
        broken
    }

    /// Checks that are one of at most two that catch some bug: without them it would be caught once, or not at all.
    pub fn needed(&self) -> BTreeSet<&String> {
        self.bugs.values().filter(|killers| killers.len() <= 2).flatten().collect()
    }

    /// Checks whose loss would be none, as far as bugs are planted.
    fn needless(&self, justified: &[Justified], checks: &[String]) -> Vec<Broken> {
        let needed = self.needed();
        let excused = |check: &String| justified.iter().any(|justified| justified.check == *check);
        let redundant = checks.iter().filter(|check| !needed.contains(check) && !excused(check));
        let needless = justified.iter().filter(|j| needed.contains(&j.check) || !checks.contains(&j.check));
        let redundant = redundant.map(|check| Broken::Redundant(check.clone()));
        redundant.chain(needless.map(|j| Broken::NeedlesslyJustified(j.check.clone()))).collect()
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Survives(bug) => write!(f, "`{bug}` is caught by no check"),
            Self::CaughtOnce { bug, check } => {
                write!(f, "`{bug}` is caught by `{check}` alone, and the catalogue does not say why that is right")
            }
            Self::NotAlone(bug) => write!(f, "`{bug}` is said to be caught by one check alone, and is not"),
            Self::FalseAlarm { rewrite, checks } => {
                let checks: Vec<&str> = checks.iter().map(String::as_str).collect();
                write!(f, "`{rewrite}` computes the same, and fails {}", checks.join(", "))
            }
            Self::NullPasses(null) => write!(f, "`{null}` has nothing in it, and passes"),
            Self::Redundant(check) => {
                write!(
                    f,
                    "without `{check}` every bug is still caught twice, and `justified.toml` does not say why it is kept"
                )
            }
            Self::NeedlesslyJustified(check) => write!(f, "`justified.toml` excuses `{check}`, which needs no excuse"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bug(id: &str, alone: Option<&str>) -> Patch {
        let patch: Patch = toml::from_str("id = ''\nfile = ''\nold = ''\nnew = ''\nfamily = ''\nwhat = ''").unwrap();
        Patch { id: id.into(), alone: alone.map(str::to_owned), ..patch }
    }

    #[test]
    fn each_rule_is_seen_to_break() {
        let catalogue = Catalogue {
            bugs: vec![bug("lives", None), bug("once", None), bug("alone", Some("why")), bug("both", Some("not so"))],
            rewrites: vec![bug("same", None)],
            nulls: vec![bug("empty", None)],
            justified: vec![Justified { check: "gone".into(), reason: "none".into() }],
        };
        let checks = ["a", "b", "idle"].map(str::to_owned);
        let set = |killers: &[&str]| killers.iter().map(|&check| check.to_owned()).collect::<BTreeSet<_>>();
        let killers = [
            ("lives", set(&[])),
            ("once", set(&["a"])),
            ("alone", set(&["b"])),
            ("both", set(&["a", "b"])),
            ("same", set(&["a"])),
            ("empty", set(&[])),
        ];
        let killers = killers.map(|(id, killers)| (id.to_owned(), killers)).into();
        let score = Score::new("1", &checks, &catalogue, &killers);
        let totals = score.totals;
        assert_eq!(
            (totals.bugs, totals.caught, totals.caught_twice, totals.false_alarms, totals.nulls_caught),
            (4, 3, 1, 1, 0)
        );
        let broken = score.broken(&catalogue, &checks, true);
        assert_eq!(
            broken,
            [
                Broken::Survives("lives".into()),
                Broken::CaughtOnce { bug: "once".into(), check: "a".into() },
                Broken::NotAlone("both".into()),
                Broken::FalseAlarm { rewrite: "same".into(), checks: set(&["a"]) },
                Broken::NullPasses("empty".into()),
                Broken::Redundant("idle".into()),
                Broken::NeedlesslyJustified("gone".into()),
            ]
        );
        assert!(broken.iter().all(|broken| !broken.to_string().is_empty()));
        // Of a part of the catalogue nothing can be said about checks.
        assert_eq!(score.broken(&catalogue, &checks, false).len(), 5);
    }

    #[test]
    fn what_is_found_agrees_with_the_record_if_it_says_so() {
        let catalogue = Catalogue { bugs: vec![bug("one", None)], ..Catalogue::default() };
        let of = |checks: &[&str]| {
            let killers = checks.iter().map(|&check| check.to_owned()).collect::<BTreeSet<_>>();
            Score::new("1", &[], &catalogue, &[("one".to_owned(), killers)].into())
        };
        assert!(of(&["a", "b"]).agrees_with(&of(&["a", "b", "c"])));
        assert!(!of(&["a", "d"]).agrees_with(&of(&["a", "b", "c"])), "nobody knew of d");
        assert!(!of(&["a"]).agrees_with(&of(&["a", "b"])), "one is not two");
    }

    #[test]
    fn a_part_that_was_run_anew_takes_the_place_of_what_was_recorded() {
        let catalogue = Catalogue { bugs: vec![bug("old", None), bug("new", None)], ..Catalogue::default() };
        let of = |list: &[(&str, &str)]| Score {
            bugs: list.iter().map(|(id, check)| ((*id).to_owned(), [(*check).to_owned()].into())).collect(),
            ..Score::default()
        };
        let renewed = of(&[("old", "a"), ("gone", "a")]).renewed(of(&[("new", "b")]), &catalogue, &[]);
        assert_eq!(renewed.bugs, of(&[("old", "a"), ("new", "b")]).bugs);
        assert_eq!(renewed.totals.bugs, 2);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let score = Score { suite: "1.0".into(), ..Score::default() };
        assert_eq!(serde_json::from_str::<Score>(&score.written()).unwrap(), score);
    }
}
