//! What makes a descriptor sound.

use super::{Descriptor, ExpectedFailure, Part, Source, Tiny, Waiver};
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
        if self.name.trim().is_empty() {
            problems.push(Problem::new("name", "is empty"));
        }
        if !is_iso_date(&self.date) {
            problems.push(Problem::new("date", format!("expected `YYYY-MM-DD` or `YYYY-MM`, found `{}`", self.date)));
        }
        if self.has_code() {
            problems.extend(self.lacks_of_code());
        }
        self.check_modality(&mut problems);
        self.check_lineage(&mut problems);
        self.check_sizes(&mut problems);
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
        for (at, edge) in self.edges.iter().enumerate() {
            if edge.least.is_some() == edge.most.is_some() {
                problems.push(Problem::new(format!("edges[{at}]"), "expected either `least` or `most`"));
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
        self.check_equations(&mut problems);
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
        ids.extend(self.other_families.iter().map(|id| (format!("other_families.{id}"), id.as_str())));
        ids.extend(self.labs.iter().map(|lab| (format!("labs.{lab}"), lab.as_str())));
        ids.extend(self.heads.iter().map(|head| ("heads".to_owned(), head.id.as_str())));
        let sizes = self.sizes().flat_map(|(field, size)| {
            let of = size.of.iter().map(move |id| (format!("{field}.{}.of", size.id), id.as_str()));
            of.chain([(format!("{field}.{}.id", size.id), size.id.as_str())])
        });
        ids.extend(sizes);
        ids.extend(self.tinies.iter().map(|tiny| (format!("tinies.{}", tiny.id), tiny.id.as_str())));
        ids
    }

    fn check_modality(&self, problems: &mut Vec<Problem>) {
        let set = |terms: &[String]| terms.iter().cloned().collect::<std::collections::BTreeSet<_>>();
        let both = &set(&self.reads) | &set(&self.writes);
        if let Some(given) = self.taxonomy.get("modality").filter(|given| !both.is_empty() && set(given) != both) {
            let told =
                format!("expected what `reads` and `writes` say, found `{}`; it can be left out", given.join("`, `"));
            problems.push(Problem::new("taxonomy.modality", told));
        }
    }

    fn check_terms(&self, problems: &mut Vec<Problem>) {
        for (axis, terms) in &self.taxonomy {
            self.check_axis(&format!("taxonomy.{axis}"), axis, terms.iter(), problems);
        }
        self.check_axis("kind", "kind", [&self.kind].into_iter(), problems);
        self.check_axis("reads", "modality", self.reads.iter(), problems);
        self.check_axis("writes", "modality", self.writes.iter(), problems);
        for (at, edge) in self.lineage.iter().enumerate() {
            self.check_axis(
                &format!("lineage[{at}].relation"),
                "lineage-relation",
                [&edge.relation].into_iter(),
                problems,
            );
        }
        for (field, Source { source, confidence, .. }) in self.every_source() {
            self.check_axis(&format!("{field}.source"), "source", [source].into_iter(), problems);
            self.check_axis(&format!("{field}.confidence"), "confidence", [confidence].into_iter(), problems);
        }
    }

    /// Every source that is named anywhere, with the path of its field.
    pub fn every_source(&self) -> impl Iterator<Item = (String, &Source)> {
        let own = self.sources.iter().map(|(field, sources)| (format!("sources.{field}"), sources));
        let edges = self.lineage.iter().enumerate();
        let edges = edges.map(|(at, edge)| (format!("lineage[{at}].sources"), &edge.sources));
        let sizes = self.sizes().flat_map(|(field, size)| {
            let stated =
                size.stated.iter().map(move |stated| (format!("{field}.{}.stated.sources", size.id), &stated.sources));
            stated.chain([(format!("{field}.{}.sources", size.id), &size.sources)])
        });
        own.chain(edges).chain(sizes).flat_map(|(field, sources)| {
            sources.iter().enumerate().map(move |(at, source)| (format!("{field}[{at}]"), source))
        })
    }

    /// Equations say what the taxonomy says.
    fn check_equations(&self, problems: &mut Vec<Problem>) {
        for equation in &self.equations {
            let field = format!("equations.{}", equation.layers);
            let said = [("normalisation-type", &equation.norm), ("normalisation-placement", &equation.placement)];
            for (axis, term) in said {
                self.check_axis(&field, axis, std::iter::once(term), problems);
                let terms = self.taxonomy.get(axis);
                if terms.is_some_and(|terms| !terms.contains(term)) {
                    problems.push(Problem::new(&field, format!("`{term}` is not what the taxonomy says on `{axis}`")));
                }
            }
            for part in &equation.parts {
                if let Part::Mlp(mlp) = part
                    && !self.small().any(|(_, tiny)| tiny.contains_key(&mlp.activation))
                {
                    self.check_axis(&field, "activation", std::iter::once(&mlp.activation), problems);
                }
            }
        }
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
                problems.push(Problem::new(format!("{field}.{term}"), message));
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
        if !is_day(&self.expires) {
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

pub(super) fn is_kebab(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    !id.is_empty() && id.chars().all(plain) && !id.starts_with(['-', '.']) && !id.ends_with(['-', '.'])
}

/// Whether a text is a day of the Gregorian calendar as ISO 8601 writes it: `2026-11-22`.
pub fn is_day(date: &str) -> bool {
    date.len() == 10 && is_iso_date(date)
}

/// Whether it is such a day, or a month.
pub(super) fn is_iso_date(date: &str) -> bool {
    let number = |part: &str, len: usize, range: std::ops::RangeInclusive<u32>| {
        let digits = part.len() == len && part.bytes().all(|byte| byte.is_ascii_digit());
        digits && part.parse().is_ok_and(|n| range.contains(&n))
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
