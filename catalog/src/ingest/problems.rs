//! Every way in which the input can contradict itself, found before anything is written.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use zoo_registry::descriptor::is_day;
use zoo_registry::names::nearest;
use zoo_registry::record::Size;
use zoo_registry::{ModuleTree, Outcome, Record, Status};

use super::{Input, claims, facts, parts, terms};
use crate::circles::circles;
use crate::error::Problem;

/// All of them, in the order of the sorted input.
pub(super) fn find(input: &Input<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let days = input.past.iter().map(|past| past.date).filter(|date| !is_day(date));
    problems.extend(days.map(|date| Problem::NotADay { date: date.to_owned() }));
    let ids = || input.records.iter().map(|record| record.descriptor.id.as_str());
    let checks = || input.checks.iter().map(|check| check.id.as_str());
    problems.extend(twice("architecture", "the records", ids()));
    problems.extend(twice("check", "the checks", checks()));
    problems.extend(claims::problems(input));
    problems.extend(terms::problems(input));
    for record in &input.records {
        of_record(record, &mut problems);
        for (_, size) in record.descriptor.sizes() {
            let place = || format!("architecture `{}`, preset `{}`", record.descriptor.id, size.id);
            problems.extend(size.of.iter().filter_map(|of| unknown("architecture", of, place(), ids())));
        }
        for waiver in &record.descriptor.waivers {
            let place = format!("waiver of `{}`", record.descriptor.id);
            problems.extend(unknown("check", &waiver.check, place, checks()));
        }
        for expected in &record.descriptor.expected_failures {
            let place = format!("expected failure of `{}`", record.descriptor.id);
            problems.extend(unknown("check", &expected.check, place, checks()));
        }
    }
    let blocks: BTreeSet<_> =
        input.records.iter().flat_map(|record| &record.blocks).map(|f| (&f.path, &f.text)).collect();
    problems.extend(twice("block", "the shared code", blocks.iter().map(|(path, _)| path.as_str())));
    let places = parts::places(input);
    for facts in facts(input) {
        for component in &facts.components {
            let place = || format!("architecture `{}`, component `{}`", facts.id, component.module);
            let places = || places.iter().map(String::as_str);
            problems
                .extend(component.part.iter().filter_map(|part| unknown("building block", part, place(), places())));
        }
    }
    let parents =
        facts(input).map(|facts| (&*facts.id, facts.lineage.iter().map(|edge| &*edge.id).collect())).collect();
    problems.extend(circles(&parents).into_iter().map(|circle| Problem::Circle { ids: circle.ids.join(" → ") }));
    let levels = &input.suite.levels;
    problems.extend(twice("level", "the levels", levels.iter().map(|level| level.id.as_str())));
    let demanded = || levels.iter().flat_map(|level| &level.checks).map(String::as_str);
    problems.extend(twice("check", "the levels", demanded()));
    problems.extend(demanded().filter_map(|check| unknown("check", check, "the levels".into(), checks())));
    let planted = &input.suite.planted;
    problems.extend(twice("bug", "what was planted", planted.iter().map(|planted| planted.id.as_str())));
    for planted in planted {
        let place = || format!("planted `{}`", planted.id);
        problems.extend(twice("check", &place(), planted.caught_by.iter().map(String::as_str)));
        problems.extend(planted.caught_by.iter().filter_map(|check| unknown("check", check, place(), checks())));
    }
    let places: Vec<_> = input.outcomes.iter().map(|outcome| place(outcome)).collect();
    problems.extend(twice("outcome", "the outcomes", places.iter().map(String::as_str)));
    for (outcome, place) in input.outcomes.iter().zip(places) {
        problems.extend(unknown("check", &outcome.check, place.clone(), checks()));
        problems.extend(unknown("architecture", &outcome.architecture, place.clone(), ids()));
        if !is_accounted_for(input, outcome) {
            problems.push(Problem::Unexcused { place: place.clone(), status: outcome.status.as_str() });
        }
        if outcome.tolerance.is_some_and(f64::is_nan) {
            problems.push(Problem::NotANumber { place });
        }
    }
    problems
}

fn of_record(record: &Record, problems: &mut Vec<Problem>) {
    let facts = &record.descriptor;
    let here = format!("architecture `{}`", facts.id);
    problems.extend(
        facts.problems().into_iter().map(|problem| Problem::Descriptor { architecture: facts.id.clone(), problem }),
    );
    problems.extend(twice("head", &here, facts.heads.iter().map(|head| head.id.as_str())));
    problems.extend(twice("source file", &here, record.sources.iter().map(|file| file.path.as_str())));
    problems.extend(twice("figure", &here, record.figures.iter().map(|figure| figure.title.as_str())));
    problems.extend(twice("size", &here, record.sizes.iter().map(|size| size.preset.as_str())));
    for (_, preset) in facts.sizes() {
        let here = format!("{here}, preset `{}`", preset.id);
        let counted = preset.counted.as_ref();
        let numbers = [
            ("parameters", preset.parameters),
            ("embedding.max_tokens", preset.embedding.as_ref().map(|embedding| embedding.max_tokens as u64)),
            ("context", preset.context),
            ("active", preset.active),
            ("stated.parameters", preset.stated.as_ref().map(|stated| stated.parameters)),
            ("counted.parameters", counted.map(|counted| counted.parameters)),
            ("counted.checked.parameters", counted.and_then(|counted| Some(counted.checked.as_ref()?.parameters))),
        ];
        let numbers = numbers.into_iter().filter_map(|(field, number)| Some((field, number?)));
        problems.extend(numbers.filter_map(|(field, number)| too_large(format!("{here}, `{field}`"), number)));
        of_config(&here, &preset.config, problems);
    }
    for size in &record.sizes {
        problems.extend(unknown("preset", &size.preset, here.clone(), facts.presets.iter().map(|p| p.id.as_str())));
        of_size(&here, size, problems);
    }
}

fn of_size(architecture: &str, size: &Size, problems: &mut Vec<Problem>) {
    let here = format!("{architecture}, size `{}`", size.preset);
    of_config(&here, &size.config, problems);
    let mut paths = Vec::new();
    module_paths(&size.modules, String::new(), &mut paths);
    problems.extend(twice("module", &here, paths.iter().map(String::as_str)));
    let parameters = size.modules.parameters();
    problems.extend(twice("parameter", &here, parameters.iter().map(|(path, _)| path.as_str())));
    problems.extend(too_large(here, size.modules.parameter_count()));
}

fn of_config(place: &str, config: &Map<String, Value>, problems: &mut Vec<Problem>) {
    for (field, value) in config {
        let value = value.as_u64().unwrap_or_default();
        problems.extend(too_large(format!("{place}, `config.{field}`"), value));
    }
}

fn module_paths(module: &ModuleTree, path: String, paths: &mut Vec<String>) {
    for child in &module.children {
        let path = if path.is_empty() { child.name.clone() } else { format!("{path}.{}", child.name) };
        module_paths(child, path, paths);
    }
    paths.push(path);
}

fn twice<'a>(what: &'static str, place: &str, ids: impl Iterator<Item = &'a str>) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    ids.filter(|id| !seen.insert(*id)).map(|id| Problem::Twice { what, id: id.into(), place: place.into() }).collect()
}

fn unknown<'a>(
    what: &'static str,
    id: &str,
    place: String,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Option<Problem> {
    let near = || nearest(id, known.clone());
    (!known.clone().any(|other| other == id)).then(|| Problem::Unknown { what, id: id.into(), place, near: near() })
}

fn too_large(place: String, value: u64) -> Option<Problem> {
    i64::try_from(value).is_err().then_some(Problem::TooLarge { place, value })
}

/// Whether an outcome that is excused has its excuse among the facts.
fn is_accounted_for(input: &Input<'_>, outcome: &Outcome) -> bool {
    let facts = input.records.iter().map(|record| &record.descriptor).find(|facts| facts.id == outcome.architecture);
    let of = |check: &String| *check == outcome.check;
    match outcome.status {
        Status::Waived => facts.is_some_and(|facts| facts.waivers.iter().any(|waiver| of(&waiver.check))),
        Status::ExpectedFailure => facts.is_some_and(|facts| {
            facts.expected_failures.iter().any(|expected| of(&expected.check) && expected.is_on(&outcome.device))
        }),
        _ => true,
    }
}

fn place(outcome: &Outcome) -> String {
    format!("outcome of `{}` for `{}` on `{}`", outcome.check, outcome.architecture, outcome.device)
}
