//! The facts keep their own rules, stand in the folder beside the code, and bring a lopsided test configuration.
//!
//! # How
//!
//! Every rule of the descriptor; README and TOML are in the folder and the TOML says what the code says; every preset and
//! every head is a configuration, and no configuration has another head; every preset is about as large as its makers say,
//! unless its count says why not; no waiver is without a reason; no two sizes of a tiny configuration are equal and it has
//! at least two layers, so that no other check passes because two axes happen to have one extent.
//!
//! # Catches
//!
//! - facts that went stale, or were never filled in
//! - a preset that cannot be built
//! - a head that no check would look at
//! - a waiver without a ground
//! - a test model too symmetric to show swapped axes
//!
//! # Seen
//!
//! - [huggingface/transformers #44639](https://github.com/huggingface/transformers/pull/44639): configurations
//!   rewritten as dataclasses took slips along: 64 became 4, 1024 became 104.
//! - [huggingface/transformers #6240](https://github.com/huggingface/transformers/issues/6240): the documentation of
//!   GPT-2 gave 16 as the default of `initializer_range`; the code had 0.02.
//! - [mozilla-ai/any-guardrail #239](https://github.com/mozilla-ai/any-guardrail/issues/239): a model that the
//!   library lists as supported has a configuration that cannot be built.
//! - [harvard-edge/cs249r_book #1875](https://github.com/harvard-edge/cs249r_book/pull/1875): a mask was reshaped as
//!   if it were square, which texts that attend to themselves never show.
//!
//! # Fix
//!
//! Each clause names a field, a file or a preset: correct it in `<id>.toml`, or in the code that it contradicts,
//! whichever the paper says is wrong. "Says other facts than the code" means that the embedded TOML is not the one
//! that `descriptor()` parses. For two sizes that are equal, change one of them in `tiny` (or in `[[tinies]]`),
//! keeping it divisible where it must be.

use zoo_registry::Descriptor;
use zoo_registry::descriptor::Preset;

use crate::check::{Verdict, none_of};
use crate::choices::choices;
use crate::lint::symmetries;
use crate::subject::Subject;
use crate::unfilled;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let descriptor = subject.descriptor();
    let mut problems: Vec<String> = descriptor.problems().iter().map(ToString::to_string).collect();
    problems.extend(unfilled::facts(descriptor));
    problems.extend(folder_problems(subject));
    for preset in &descriptor.presets {
        if let Err(error) = subject.architecture.complete(&preset.config) {
            problems.push(format!("preset `{}`: {error}", preset.id));
        }
        problems.extend(another_size(subject, preset));
    }
    let waived = descriptor.waivers.iter().map(|waiver| ("a waiver", &waiver.check));
    let expected = descriptor.expected_failures.iter().map(|expected| ("an expected failure", &expected.check));
    for (what, named) in waived.chain(expected) {
        if !crate::checks().iter().any(|check| check.id == *named) {
            problems.push(format!("{what} names `{named}`, which is no check"));
        }
    }
    if let Err(error) = subject.variants() {
        problems.push(format!("a tiny configuration: {error}"));
    }
    for (id, tiny) in descriptor.small() {
        let of = id.map_or_else(String::new, |id| format!(" (`{id}`)"));
        let symmetries = subject.architecture.complete(tiny).map(|tiny| symmetries(&tiny)).unwrap_or_default();
        problems.extend(symmetries.into_iter().map(|problem| problem + &of));
        let undeclared = choices(subject, tiny, "head").into_iter().filter(|head| descriptor.head(head).is_none());
        problems.extend(undeclared.map(|head| format!("the head `{head}` is accepted and not declared{of}")));
    }
    none_of(&problems, format!("{} presets, {} heads", descriptor.presets.len(), descriptor.heads.len()))
}

/// How far a size may be from what its makers say of it, who round, and count or leave out a head.
const ROUGHLY: f64 = 0.1;

/// A preset that is not nearly as large as its makers say. They print few digits: the last may be cut off instead of rounded.
fn another_size(subject: &Subject<'_>, preset: &Preset) -> Option<String> {
    // A count with a basis of its own says why the two differ.
    let stated = preset.stated.as_ref().filter(|_| preset.counted.as_ref().is_none_or(|n| n.basis.is_none()))?;
    let config = subject.architecture.complete(&preset.config).ok()?;
    let (built, said) =
        (subject.architecture.modules(&config).ok()?.parameter_count() as f64, stated.parameters as f64);
    // The value of the last digit that is not 0.
    let digit = (0..).map(|zeros| 10f64.powi(zeros)).take_while(|unit| said % unit == 0.0 && *unit <= said).last()?;
    let apart = (built - said).abs();
    (apart > (ROUGHLY * said).max(digit))
        .then(|| format!("preset `{}` is said to have {} parameters, and has {built}", preset.id, stated.label))
}

fn folder_problems(subject: &Subject<'_>) -> Vec<String> {
    let (descriptor, folder) = (subject.descriptor(), subject.architecture.folder());
    let text = |name: &str| folder.get_file(folder.path().join(name)).and_then(|file| file.contents_utf8());
    let mut problems = Vec::new();
    match text("README.md").filter(|readme| !readme.trim().is_empty()) {
        None => problems.push("the folder has no `README.md`".to_owned()),
        Some(readme) => problems.extend(unfilled::prose(readme)),
    }
    let toml = format!("{}.toml", descriptor.id);
    // What bodies call things is known to code alone, which has it from the bodies' own files.
    let with_bodies = |facts| Descriptor { bodies: descriptor.bodies.clone(), ..facts };
    match text(&toml).map(|toml| Descriptor::parse(toml).map(with_bodies)) {
        None => problems.push(format!("the folder has no `{toml}`")),
        Some(Err(error)) => problems.push(format!("`{toml}`: {error}")),
        Some(Ok(facts)) if facts != *descriptor => problems.push(format!("`{toml}` says other facts than the code")),
        Some(Ok(_)) => {}
    }
    problems
}
