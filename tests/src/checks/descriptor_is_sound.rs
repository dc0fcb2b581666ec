//! The facts keep their own rules, stand in the folder beside the code, and bring a lopsided test configuration.
//!
//! # How
//!
//! Every rule of the descriptor; README and TOML are in the folder and the TOML says what the code says; every preset and
//! every head is a configuration; no two sizes of a tiny configuration are equal and it has at least two layers, so that no
//! other check passes because two axes happen to have one extent.
//!
//! # Catches
//!
//! - facts that went stale
//! - a preset that cannot be built
//! - a test model too symmetric to show swapped axes

use zoo_registry::Descriptor;

use crate::check::{Verdict, none_of};
use crate::lint::symmetries;
use crate::subject::Subject;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let descriptor = subject.descriptor();
    let mut problems: Vec<String> = descriptor.problems().iter().map(ToString::to_string).collect();
    problems.extend(folder_problems(subject));
    for preset in &descriptor.presets {
        if let Err(error) = subject.architecture.complete(&preset.config) {
            problems.push(format!("preset `{}`: {error}", preset.id));
        }
    }
    for waiver in &descriptor.waivers {
        if !crate::checks().iter().any(|check| check.id == waiver.check) {
            problems.push(format!("a waiver names `{}`, which is no check", waiver.check));
        }
    }
    if let Err(error) = subject.variants() {
        problems.push(format!("a tiny configuration: {error}"));
    }
    for (id, tiny) in descriptor.small() {
        let of = id.map_or_else(String::new, |id| format!(" (`{id}`)"));
        let symmetries = subject.architecture.complete(tiny).map(|tiny| symmetries(&tiny)).unwrap_or_default();
        problems.extend(symmetries.into_iter().map(|problem| problem + &of));
    }
    none_of(&problems, format!("{} presets, {} heads", descriptor.presets.len(), descriptor.heads.len()))
}

fn folder_problems(subject: &Subject<'_>) -> Vec<String> {
    let (descriptor, folder) = (subject.descriptor(), subject.architecture.folder());
    let text = |name: &str| folder.get_file(folder.path().join(name)).and_then(|file| file.contents_utf8());
    let mut problems = Vec::new();
    if text("README.md").is_none_or(|readme| readme.trim().is_empty()) {
        problems.push("the folder has no `README.md`".to_owned());
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
