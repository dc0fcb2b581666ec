//! What a run sets out to look at, and how that is dealt out to shards.
//!
//! Outcomes are dealt like cards: in the order of the plan, one to each shard in turn. So every machine that knows the names in
//! a plan knows the split, and every outcome is in exactly one shard.
//!
//! Checks and families differ in cost a hundredfold, but not at random: a slow check is slow for most families, a large family in
//! most checks. So what is dealt evenly is all three: of every family on a device, of every check, and of all together, no shard has
//! more than one outcome more than another. Dealing alone does not see to the second. With four shards and eight checks each family
//! would begin with the first shard again, and each check would stay with one shard. So whenever a family ends where a round ends, the
//! next family begins one shard further on.
//!
//! Costs are not measured for this: what one machine measures, another does not know, and both must come to the same split.
//! Families are not kept together either: a worker keeps nothing from one check for the next, so a family that is cut up costs
//! each shard the start of a process, while one that is not may be a quarter of a run. Of ten families on one device, the slowest
//! of two to eight shards has 1.0 to 1.4 times the work of the mean; if families were dealt whole, it would be up to 2.1 times.

use std::fmt;
use std::num::NonZero;

use serde::{Deserialize, Serialize};
use zoo_registry::Architecture;

use crate::checks::checks;
use crate::run::Job;
use crate::shard::Shard;

/// Each of these checks, of each of these architectures, on each of these devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Ids of architectures.
    pub architectures: Vec<String>,
    /// Names of devices.
    pub devices: Vec<String>,
    /// Ids of checks.
    pub checks: Vec<String>,
}

/// Where an outcome stands in a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place<'a> {
    /// Id of the architecture.
    pub architecture: &'a str,
    /// Name of the device.
    pub device: &'a str,
    /// Id of the check.
    pub check: &'a str,
}

impl Plan {
    /// Number of outcomes.
    pub fn n_outcomes(&self) -> usize {
        self.architectures.len().saturating_mul(self.devices.len()).saturating_mul(self.checks.len())
    }

    /// Every outcome in its order, with the shard it is dealt to if there are so many.
    ///
    /// ```
    /// # use std::num::NonZero;
    /// use zoo_conformance::Plan;
    ///
    /// let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
    /// let plan = Plan {
    ///     architectures: names(&["bert", "gpt2"]),
    ///     devices: names(&["flex"]),
    ///     checks: names(&["names-resolve", "order-matters"]),
    /// };
    /// let two = NonZero::new(2).expect("two shards");
    /// let told: Vec<_> = plan.dealt(two).map(|(shard, place)| format!("{shard} {place}")).collect();
    /// assert_eq!(told, [
    ///     "1/2 `names-resolve` of bert on flex", "2/2 `order-matters` of bert on flex",
    ///     "2/2 `names-resolve` of gpt2 on flex", "1/2 `order-matters` of gpt2 on flex",
    /// ]);
    /// ```
    pub fn dealt(&self, of: NonZero<u16>) -> impl Iterator<Item = (Shard, Place<'_>)> {
        let among = usize::from(of.get());
        let hand = self.checks.len() % among;
        // Where the next hand begins, and how many cards of an unfinished round were dealt.
        let (mut next, mut dealt) = (0, 0);
        let on_each = move |architecture| self.devices.iter().map(move |device| (architecture, device));
        self.architectures.iter().flat_map(on_each).flat_map(move |(architecture, device)| {
            let first = next;
            dealt = (dealt + hand) % among;
            next = (next + hand + usize::from(dealt == 0)) % among;
            let number = move |index: usize| (first + index) % among + 1;
            self.checks.iter().enumerate().filter_map(move |(index, check)| {
                let shard = u16::try_from(number(index)).ok().and_then(|number| Shard::new(number, of))?;
                Some((shard, Place { architecture, device, check }))
            })
        })
    }

    /// The outcomes of one shard, in their order.
    pub fn share(&self, shard: Shard) -> impl Iterator<Item = Place<'_>> {
        self.dealt(shard.of()).filter(move |(owner, _)| *owner == shard).map(|(_, place)| place)
    }

    /// The same as jobs for these architectures.
    ///
    /// # Errors
    /// If the plan names what is not there.
    pub fn jobs(&self, shard: Shard, known: &[&'static dyn Architecture]) -> Result<Vec<Job>, String> {
        let job = |place: Place<'_>| {
            let architecture = known.iter().find(|known| known.descriptor().id == place.architecture);
            let check = checks().iter().find(|check| check.id == place.check);
            Ok(Job {
                architecture: *architecture
                    .ok_or_else(|| format!("no architecture is called `{}`", place.architecture))?,
                device: place.device.to_owned(),
                check: check.ok_or_else(|| format!("no check is called `{}`", place.check))?,
            })
        };
        self.share(shard).map(job).collect()
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of {} on {}", self.check, self.architecture, self.device)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn plan(n_architectures: usize, n_devices: usize, n_checks: usize) -> Plan {
        let names = |kind: char, n: usize| (0..n).map(|i| format!("{kind}{i:03}")).collect();
        Plan {
            architectures: names('a', n_architectures),
            devices: names('d', n_devices),
            checks: names('c', n_checks),
        }
    }

    /// Plans of many sizes, with as few shards as one and more than there are outcomes.
    fn each(look: &mut dyn FnMut(&Plan, NonZero<u16>)) {
        for n_architectures in [0, 1, 2, 3, 5, 10] {
            for n_devices in [1, 2] {
                for n_checks in [1, 2, 3, 4, 8, 12, 79] {
                    let plan = plan(n_architectures, n_devices, n_checks);
                    for of in [1, 2, 3, 4, 5, 6, 8, 12, 16, 79, 1000, u16::MAX] {
                        look(&plan, NonZero::new(of).unwrap());
                    }
                }
            }
        }
    }

    #[test]
    fn every_outcome_is_in_one_shard_and_in_its_order() {
        each(&mut |plan, of| {
            let places: Vec<_> = plan.dealt(NonZero::<u16>::MIN).map(|(_, place)| place).collect();
            assert_eq!(places.len(), plan.n_outcomes());
            assert!(places.is_sorted(), "architectures, then devices, then checks");
            if of.get() > 100 {
                return;
            }
            let mut seen = BTreeSet::new();
            for number in 1..=of.get() {
                let share: Vec<_> = plan.share(Shard::new(number, of).unwrap()).collect();
                assert!(share.is_sorted());
                for place in share {
                    assert!(seen.insert(place), "{place} is in two shards of {of}");
                }
            }
            assert_eq!(seen.len(), places.len(), "of {of} shards none has some of {plan:?}");
        });
    }

    /// How many outcomes each shard has of each thing, those with none left out.
    fn most_and_least<K: Ord>(
        plan: &Plan,
        of: NonZero<u16>,
        thing: &dyn Fn(Place<'_>) -> K,
    ) -> impl Iterator<Item = (usize, usize)> {
        let mut counts: BTreeMap<K, BTreeMap<Shard, usize>> = BTreeMap::new();
        for (shard, place) in plan.dealt(of) {
            *counts.entry(thing(place)).or_default().entry(shard).or_default() += 1;
        }
        counts.into_values().map(move |counts| {
            let least =
                if counts.len() < usize::from(of.get()) { 0 } else { counts.values().copied().min().unwrap_or(0) };
            (counts.values().copied().max().unwrap_or(0), least)
        })
    }

    #[test]
    fn everything_is_dealt_evenly() {
        each(&mut |plan, of| {
            let even = |what: &str, thing: &dyn Fn(Place<'_>) -> String| {
                for (most, least) in most_and_least(plan, of, thing) {
                    assert!(most - least <= 1, "{of} shards of {}: {most} and {least} of {what}", plan.n_outcomes());
                }
            };
            even("all", &|_| String::new());
            even("a family on a device", &|place| format!("{} {}", place.architecture, place.device));
            even("a check", &|place| place.check.to_owned());
        });
    }

    /// What another machine comes to. If this changes, shards of two versions no longer fit.
    #[test]
    fn the_split_is_a_property_of_the_names() {
        let told = |plan: &Plan, of: u16| {
            let numbers = plan.dealt(NonZero::new(of).unwrap()).map(|(shard, _)| shard.number());
            numbers.collect::<Vec<_>>()
        };
        assert_eq!(told(&plan(2, 2, 3), 2), [1, 2, 1, 2, 1, 2, 2, 1, 2, 1, 2, 1]);
        assert_eq!(told(&plan(3, 1, 4), 4), [1, 2, 3, 4, 2, 3, 4, 1, 3, 4, 1, 2]);
        assert_eq!(told(&plan(2, 1, 5), 3), [1, 2, 3, 1, 2, 3, 1, 2, 3, 1]);
        assert_eq!(told(&plan(1, 1, 2), 5), [1, 2]);
    }

    /// Costs as they were measured of ten families, in tenths of the mean, and of checks of which a few are slow. The slowest shard
    /// is what a run of many machines takes.
    #[test]
    fn no_shard_is_left_with_the_slow_ones() {
        let families = [7, 4, 5, 4, 6, 7, 14, 35, 13, 5];
        let slow = |check: usize| match check {
            65 => 60,
            77 => 40,
            20 | 40 | 60 => 12,
            _ => 3,
        };
        let plan = plan(10, 1, 79);
        for of in [2, 3, 4, 5, 6, 8] {
            let mut costs = vec![0; usize::from(of)];
            for (shard, place) in plan.dealt(NonZero::new(of).unwrap()) {
                let family: usize = place.architecture[1..].parse().unwrap();
                let check: usize = place.check[1..].parse().unwrap();
                costs[usize::from(shard.number()) - 1] += families[family] * slow(check);
            }
            let (slowest, all) = (costs.iter().max().unwrap(), costs.iter().sum::<usize>());
            assert!(slowest * usize::from(of) * 10 <= all * 16, "{of} shards: {costs:?}");
        }
    }
}
