//! The facts of a family hold together, and its names find it.

use serde_json::{Map, Value};
use zoo_registry::{Descriptor, Registry};

use crate::check::{Check, Verdict, none_of};
use crate::subject::Subject;

pub(super) const DESCRIPTOR_IS_SOUND: Check = Check {
    id: "descriptor-is-sound",
    statement: "The facts keep their own rules, stand in the folder beside the code, and bring a lopsided test configuration.",
    method: "Every rule of the descriptor; README and TOML are in the folder and the TOML says what the code says; every \
             preset and every head is a configuration; no two sizes of a tiny configuration are equal and it has at \
             least two layers, so that no other check passes because two axes happen to have one extent.",
    catches: &[
        "facts that went stale",
        "a preset that cannot be built",
        "a test model too symmetric to show swapped axes",
    ],
    run: descriptor_is_sound,
};

pub(super) const NAMES_RESOLVE: Check = Check {
    id: "names-resolve",
    statement: "Every id, alias, preset and repository name leads to this family, and to the right preset, whatever the letter case.",
    method: "The family is registered with each other family in turn, which refuses names claimed twice; then each of its \
             names is looked up as written, in capitals, and with `_` for `-`.",
    catches: &["an alias two families claim", "a preset named like another", "a name that cannot be typed"],
    run: names_resolve,
};

fn descriptor_is_sound(subject: &Subject<'_>) -> Verdict {
    let descriptor = subject.descriptor();
    let mut problems: Vec<String> = descriptor.problems().iter().map(ToString::to_string).collect();
    problems.extend(folder_problems(subject));
    for preset in &descriptor.presets {
        if let Err(error) = subject.architecture.complete(&preset.config) {
            problems.push(format!("preset `{}`: {error}", preset.id));
        }
    }
    for waiver in &descriptor.waivers {
        if !super::checks().iter().any(|check| check.id == waiver.check) {
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

/// Whether a field of a configuration is a size, by the glossary's naming.
pub(super) fn is_size(field: &str) -> bool {
    ["n_", "d_", "max_"].iter().any(|prefix| field.starts_with(prefix))
        || ["_size", "_dim", "_len"].iter().any(|suffix| field.ends_with(suffix))
        || field == "channels"
}

/// Sizes that could be mistaken for each other.
fn symmetries(tiny: &Map<String, Value>) -> Vec<String> {
    let number = |field: &str| tiny.get(field).and_then(Value::as_u64);
    let mut problems = Vec::new();
    const STACKS: [&str; 3] = ["n_layers", "n_encoder_layers", "n_decoder_layers"];
    for stack in STACKS.iter().filter(|stack| number(stack).is_some_and(|n| n < 2)) {
        problems.push(format!("`{stack}` is 1: a bug that needs two layers would stay unseen"));
    }
    if let [_, Some(encoder), Some(decoder)] = STACKS.map(number)
        && encoder == decoder
    {
        problems.push(format!("both stacks have {encoder} layers: one could be mistaken for the other"));
    }
    // Layers are a count of modules, not the extent of an axis.
    let sizes = tiny.iter().filter(|(field, _)| is_size(field) && !STACKS.contains(&field.as_str()));
    let mut sizes: Vec<(String, u64)> =
        sizes.filter_map(|(field, size)| Some((field.clone(), size.as_u64()?))).collect();
    if let (Some(width), Some(heads), None) = (number("d_model"), number("n_heads"), number("head_dim")) {
        sizes.push(("d_model / n_heads".to_owned(), width / heads.max(1)));
    }
    for (index, (field, size)) in sizes.iter().enumerate() {
        for (other, _) in sizes[index + 1..].iter().filter(|(_, other)| other == size) {
            problems.push(format!("`{field}` and `{other}` of the tiny configuration are both {size}"));
        }
    }
    problems
}

fn names_resolve(subject: &Subject<'_>) -> Verdict {
    let descriptor = subject.descriptor();
    let mut problems = Vec::new();
    let alone = Registry::new().with(subject.architecture)?;
    for peer in subject.peers.iter().filter(|peer| peer.descriptor().id != descriptor.id || !is(**peer, subject)) {
        if let Err(error) = alone.clone().with(*peer) {
            problems.push(error.to_string());
        }
    }
    let own = [&descriptor.id].into_iter().chain(&descriptor.aliases).map(|name| (name, None));
    let presets = descriptor.presets.iter().flat_map(|preset| {
        let names = [&preset.id].into_iter().chain(&preset.aliases).chain(&preset.hub);
        names.map(move |name| (name, Some(preset.id.as_str())))
    });
    let names: Vec<(&String, Option<&str>)> = own.chain(presets).collect();
    for (name, preset) in &names {
        for typed in [(*name).clone(), name.to_uppercase(), name.replace('-', "_")] {
            match alone.resolve(&typed) {
                Ok(found) if found.preset.map(|preset| preset.id.as_str()) == *preset => {}
                Ok(found) => problems.push(format!("`{typed}` leads to `{}`", found.id())),
                Err(error) => problems.push(error.to_string()),
            }
        }
    }
    none_of(&problems, format!("{} names beside {} families", names.len(), subject.peers.len()))
}

/// Whether `peer` is the subject itself rather than another family.
fn is(peer: &'static dyn zoo_registry::Architecture, subject: &Subject<'_>) -> bool {
    std::ptr::addr_eq(peer, subject.architecture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(config: Value) -> Vec<String> {
        symmetries(config.as_object().unwrap())
    }

    #[test]
    fn equal_sizes_are_told() {
        assert!(told(json!({ "d_model": 12, "n_heads": 3, "d_ff": 20, "n_layers": 3 })).is_empty());
        assert_eq!(told(json!({ "d_model": 12, "d_ff": 12 })).len(), 1);
        assert!(told(json!({ "d_model": 16, "n_heads": 4 }))[0].contains("d_model / n_heads"));
        assert!(told(json!({ "n_layers": 1 }))[0].contains("n_layers"));
        assert!(told(json!({ "n_encoder_layers": 2, "n_decoder_layers": 3, "n_heads": 3, "d_model": 12 })).is_empty());
        assert!(told(json!({ "n_encoder_layers": 3, "n_decoder_layers": 3 }))[0].contains("both stacks"));
        assert!(told(json!({ "n_encoder_layers": 2, "n_decoder_layers": 1 }))[0].contains("`n_decoder_layers` is 1"));
    }
}
