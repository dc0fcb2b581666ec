//! Every id, alias, preset and repository name leads to this family, and to the right preset, whatever the letter case.
//!
//! # How
//!
//! The family is registered with each other family in turn, which refuses names claimed twice, and once more itself, which must
//! be refused; then each of its names is looked up as written, in capitals, with `_` for `-`, and with a blank behind it. Its id in
//! capitals with a star matches it, and its id with the last letter doubled brings it to mind.
//!
//! # Catches
//!
//! - an alias two families claim
//! - a preset named like another
//! - a name that cannot be typed
//!
//! # Seen
//!
//! - [huggingface/pytorch-image-models #2023](https://github.com/huggingface/pytorch-image-models/pull/2023): two
//!   models of one name were registered, the later one in silence replaced the earlier one, and finding that out took
//!   long.
//! - [facebookresearch/segment-anything #658](https://github.com/facebookresearch/segment-anything/issues/658): a
//!   package that brings its own copy of TinyViT overwrites three of timm's models.
//! - [microsoft/unilm #866](https://github.com/microsoft/unilm/issues/866): `layoutlmv3` could not be registered any
//!   more once a library had taken the name.
//!
//! # Fix
//!
//! The message says which name leads where. If another family has it, the younger one chooses a new id or alias: ids
//! are permanent. If two presets share it, look at their `aliases` and `hub` in the TOML. Names compare without case
//! and with `_` for `-`, so two that differ in these only are one.

use zoo_registry::{Error, Registry};

use crate::check::{Verdict, none_of};
use crate::subject::Subject;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let descriptor = subject.descriptor();
    let mut problems = Vec::new();
    let alone = Registry::new().with(subject.architecture)?;
    for peer in subject.peers.iter().filter(|peer| peer.descriptor().id != descriptor.id || !is(**peer, subject)) {
        if let Err(error) = alone.clone().with(*peer) {
            problems.push(error.to_string());
        }
    }
    if alone.clone().with(subject.architecture).is_ok() {
        problems.push("the family is registered twice, and nobody says so".to_owned());
    }
    let pattern = format!("{}*", descriptor.id.to_uppercase());
    if !alone.matching(&pattern).is_ok_and(|found| found.iter().any(|found| found.id() == descriptor.id)) {
        problems.push(format!("`{pattern}` does not match `{}`", descriptor.id));
    }
    // A letter too many, as a hand that slips types it.
    let slip = format!("{}{}", descriptor.id, descriptor.id.chars().last().unwrap_or('x'));
    match alone.require(&slip) {
        Err(Error::NotLinked { missing }) if missing.iter().any(|missing| !missing.near.is_empty()) => {}
        Err(error) => problems.push(format!("`{slip}` is met with: {error}")),
        Ok(_) => problems.push(format!("`{slip}` is a name")),
    }
    let own = [&descriptor.id].into_iter().chain(&descriptor.aliases).map(|name| (name, None));
    let presets = descriptor.presets.iter().flat_map(|preset| {
        let names = [&preset.id].into_iter().chain(&preset.aliases).chain(&preset.hub);
        names.map(move |name| (name, Some(preset.id.as_str())))
    });
    let names: Vec<(&String, Option<&str>)> = own.chain(presets).collect();
    for (name, preset) in &names {
        for typed in [(*name).clone(), name.to_uppercase(), name.replace('-', "_"), format!("{name} ")] {
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
