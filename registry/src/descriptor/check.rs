//! What makes a descriptor sound.

use std::collections::BTreeSet;

use super::{Descriptor, ExpectedFailure, Tiny, Waiver};
use crate::error::{Problem, did_you_mean};
use crate::names::nearest;
use crate::vocabulary;

impl Descriptor {
    /// Every rule the facts break; none for a sound descriptor.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (field, id) in self.ids() {
            if !is_kebab(id) {
                problems.push(Problem::new(field, format!("ids are kebab-case, found `{id}`")));
            }
        }
        for (field, text) in [("name", &self.name), ("summary", &self.summary)] {
            if text.trim().is_empty() {
                problems.push(Problem::new(field, "is empty"));
            }
        }
        if !is_iso_date(&self.date) {
            problems.push(Problem::new("date", format!("expected `YYYY-MM-DD` or `YYYY-MM`, found `{}`", self.date)));
        }
        if self.papers.is_empty() {
            problems.push(Problem::new("papers", "a family needs the paper that defines it"));
        }
        if self.heads.is_empty() {
            problems.push(Problem::new("heads", "a family needs at least one head, even if it is `none`"));
        }
        let mut seen = BTreeSet::new();
        for preset in &self.presets {
            if !seen.insert(&preset.id) {
                problems.push(Problem::new(format!("presets.{}", preset.id), "stands twice"));
            }
            if preset.hub.as_ref().is_some_and(|hub| hub.split('/').count() != 2) {
                problems.push(Problem::new(format!("presets.{}.hub", preset.id), "expected `owner/name`"));
            }
        }
        for head in &self.heads {
            for (body, class) in head.bodies.iter().filter(|(_, class)| !head.published.contains(class)) {
                let field = format!("heads.{}.bodies.{body}", head.id);
                problems.push(Problem::new(field, format!("`{class}` is not among `published`")));
            }
        }
        for (index, Tiny { id, .. }) in self.tinies.iter().enumerate() {
            if self.tinies[..index].iter().any(|earlier| earlier.id == *id) {
                problems.push(Problem::new(format!("tinies.{id}"), "stands twice"));
            }
        }
        for Waiver { check, tiny, .. } in &self.waivers {
            problems.extend(self.unknown_tiny(format!("waivers.{check}.tiny"), tiny.as_deref()));
        }
        for (index, expected) in self.expected_failures.iter().enumerate() {
            let field = |field: &str| format!("expected_failures.{}{field}", expected.check);
            problems.extend(expected.problems().into_iter().map(|(of, told)| Problem::new(field(of), told)));
            problems.extend(self.unknown_tiny(field(".tiny"), expected.tiny.as_deref()));
            if self.waivers.iter().any(|waiver| waiver.check == expected.check) {
                problems.push(Problem::new(field(""), "is waived and expected to fail; one of them is to go"));
            }
            if self.expected_failures[..index].iter().any(|earlier| earlier.meets(expected)) {
                problems.push(Problem::new(field(""), "stands twice for one device"));
            }
        }
        problems.extend(self.waivers_without_ground());
        self.check_terms(&mut problems);
        problems
    }

    /// Waivers that give no reason, or stand twice: only the first would count.
    fn waivers_without_ground(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (index, Waiver { check, reason, .. }) in self.waivers.iter().enumerate() {
            if reason.trim().is_empty() {
                problems.push(Problem::new(format!("waivers.{check}.reason"), "is empty"));
            }
            if self.waivers[..index].iter().any(|earlier| earlier.check == *check) {
                problems.push(Problem::new(format!("waivers.{check}"), "stands twice"));
            }
        }
        problems
    }

    fn unknown_tiny(&self, field: String, tiny: Option<&str>) -> Option<Problem> {
        let unknown = tiny.filter(|tiny| !self.tinies.iter().any(|known| known.id == *tiny))?;
        Some(Problem::new(field, format!("no further tiny configuration is called `{unknown}`")))
    }

    fn ids(&self) -> Vec<(String, &str)> {
        let mut ids = vec![("id".to_owned(), self.id.as_str()), ("family".to_owned(), self.family.as_str())];
        ids.extend(self.labs.iter().map(|lab| ("labs".to_owned(), lab.as_str())));
        ids.extend(self.heads.iter().map(|head| ("heads".to_owned(), head.id.as_str())));
        ids.extend(self.presets.iter().map(|preset| (format!("presets.{}", preset.id), preset.id.as_str())));
        ids.extend(self.tinies.iter().map(|tiny| (format!("tinies.{}", tiny.id), tiny.id.as_str())));
        ids
    }

    fn check_terms(&self, problems: &mut Vec<Problem>) {
        for (axis, terms) in &self.taxonomy {
            self.check_axis(&format!("taxonomy.{axis}"), axis, terms.iter(), problems);
        }
        self.check_axis("lineage", "lineage-relation", self.lineage.iter().map(|edge| &edge.relation), problems);
        let sources = || {
            let presets = self.presets.iter().flat_map(|preset| &preset.sources);
            let lineage = self.lineage.iter().flat_map(|edge| &edge.sources);
            self.sources.values().flatten().chain(presets).chain(lineage)
        };
        self.check_axis("sources", "source", sources().map(|source| &source.source), problems);
        self.check_axis("sources", "confidence", sources().map(|source| &source.confidence), problems);
    }

    fn check_axis<'a>(
        &'a self,
        field: &str,
        axis_id: &str,
        terms: impl Iterator<Item = &'a String>,
        problems: &mut Vec<Problem>,
    ) {
        let ours = vocabulary::axis(axis_id).map(|axis| axis.terms.as_slice());
        let own = self.terms.get(axis_id).map(Vec::as_slice);
        if ours.is_none() && own.is_none() {
            let near = nearest(axis_id, vocabulary::axes().iter().map(|axis| axis.id.as_str()));
            problems.push(Problem::new(field, format!("no such axis{}", did_you_mean(&near))));
            return;
        }
        let known = || ours.into_iter().chain(own).flatten().map(|term| term.id.as_str());
        for term in terms {
            if !known().any(|id| id == term) {
                let near = nearest(term, known());
                let message = format!("no term `{term}` on axis `{axis_id}`{}", did_you_mean(&near));
                problems.push(Problem::new(field, message));
            }
        }
    }
}

impl ExpectedFailure {
    /// What is wrong with it by itself: the field, and what is wrong.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if !["https://", "http://"].iter().any(|scheme| self.issue.starts_with(scheme)) {
            problems.push((".issue", format!("expected a web address, found `{}`", self.issue)));
        }
        if !(self.expires.len() == 10 && is_iso_date(&self.expires)) {
            problems.push((".expires", format!("expected `YYYY-MM-DD`, found `{}`", self.expires)));
        }
        for (field, text) in [(".owner", &self.owner), (".reason", &self.reason)] {
            if text.trim().is_empty() {
                problems.push((field, "is empty".to_owned()));
            }
        }
        problems
    }

    /// Whether it is about `device`.
    pub fn is_on(&self, device: &str) -> bool {
        self.device.as_ref().is_none_or(|only| only == device)
    }

    /// Whether both are about one check on one device.
    pub fn meets(&self, other: &Self) -> bool {
        let everywhere = self.device.is_none() || other.device.is_none();
        self.check == other.check && (everywhere || self.device == other.device)
    }
}

fn is_kebab(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    !id.is_empty() && id.chars().all(plain) && !id.starts_with(['-', '.']) && !id.ends_with(['-', '.'])
}

fn is_iso_date(date: &str) -> bool {
    let number = |part: &str, len: usize, range: std::ops::RangeInclusive<u32>| {
        part.len() == len && part.parse().is_ok_and(|n| range.contains(&n))
    };
    match date.split('-').collect::<Vec<_>>()[..] {
        [year, month] => number(year, 4, 1900..=2100) && number(month, 2, 1..=12),
        [year, month, day] => {
            number(year, 4, 1900..=2100) && number(month, 2, 1..=12) && number(day, 2, 1..=days_of(year, month))
        }
        _ => false,
    }
}

/// Days of a month, both as they are written.
fn days_of(year: &str, month: &str) -> u32 {
    let leap = year
        .parse()
        .is_ok_and(|year: u32| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)));
    match month {
        "04" | "06" | "09" | "11" => 30,
        "02" => 28 + u32::from(leap),
        _ => 31,
    }
}
