//! A model that is saved and loaded is the same model, and its file has the published names.
//!
//! # How
//!
//! With each head, a model with hot weights is saved to a folder and loaded into a freshly drawn one: every output is the
//! same bit for bit (and before loading it was another). The saved `config.json` reads back as the same configuration. Each
//! golden's weights, loaded and saved, have the golden's names and bits.
//!
//! # Catches
//!
//! - a parameter that is not saved
//! - a transposition in one direction only
//! - a renamed tensor
//! - a field lost from config.json
//!
//! # Seen
//!
//! - [NVIDIA-NeMo/Automodel #2511](https://github.com/NVIDIA-NeMo/Automodel/pull/2511): a head that was only said to
//!   be tied was left out of the file, and resuming put the embedding in its place.
//! - [vec2text/vec2text #94](https://github.com/vec2text/vec2text/pull/94): the head that a checkpoint leaves out as
//!   tied was not tied again after loading, and was all zeros.
//! - [huggingface/accelerate #1204](https://github.com/huggingface/accelerate/pull/1204): loading into a model
//!   without memory made new tensors and cut the ties.
//!
//! # Fix
//!
//! The output named is the first that the lost parameter reaches. Look in the weight table for a row that is
//! transposed one way only, for a parameter that two rows fill, and for a number that the model keeps outside its
//! parameters. If `config.json` reads back otherwise, `[published]` lacks a field or maps two to one name. A golden's
//! names that are not saved are rows with `Row::drop` that should not be.

use std::collections::BTreeSet;
use std::path::Path;

use zoo_registry::output::Record;
use zoo_registry::weights::{SafetensorsWeights, WeightSource};
use zoo_registry::{Model, checkpoint, config};

use crate::check::{Finding, Stop, Verdict, require};
use crate::golden;
use crate::inputs;
use crate::subject::{Subject, Variant, drawing};
use crate::values::values;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let variants = subject.variants()?;
    for variant in &variants {
        let folder = tempfile::tempdir().map_err(|error| Stop::fails(format!("no temporary folder: {error}")))?;
        let model = subject.hot(variant)?;
        model.save(folder.path())?;
        same_after_loading(subject, variant, model.as_ref(), folder.path())?;
        same_config(subject, variant, folder.path())?;
    }
    let goldens = golden::read(subject.architecture)?;
    for golden in &goldens {
        let loaded = golden.load(subject.architecture, &subject.device)?;
        let extra: BTreeSet<&String> = loaded.report.tied.iter().chain(&loaded.report.dropped).collect();
        let saved = loaded.model.weights();
        let expected: BTreeSet<&String> =
            golden.weights.tensors().keys().filter(|name| !extra.contains(name)).collect();
        let found: BTreeSet<&String> = saved.keys().collect();
        require(expected == found, || {
            let lacking: Vec<_> = expected.difference(&found).collect();
            let more: Vec<_> = found.difference(&expected).collect();
            format!("golden `{}`: not saved {lacking:?}, saved besides {more:?}", golden.name)
        })?;
        for (name, data) in &saved {
            let same = golden.weights.read(name)?.as_bytes() == data.as_bytes();
            require(same, || {
                format!("golden `{}`: `{name}` is saved with other bits than it was loaded", golden.name)
            })?;
        }
    }
    Ok(Finding::seen(format!("{} heads, {} golden weight files", variants.len(), goldens.len())))
}

fn same_after_loading(subject: &Subject<'_>, variant: &Variant, model: &dyn Model, folder: &Path) -> Result<(), Stop> {
    let mut fresh = {
        let _turn = drawing();
        let mut fresh = subject.architecture.build(&variant.config, &subject.device)?;
        fresh.init(1);
        fresh
    };
    let input = inputs::input(model, "saved", 2)?;
    let before = values(&model.forward(&input, Record::ALL)?);
    let unloaded = values(&fresh.forward(&input, Record::ALL)?);
    let head = &variant.head;
    require(before != unloaded, || {
        format!("head `{head}`: a freshly drawn model answers as the saved one, so nothing is seen")
    })?;
    fresh.load(&SafetensorsWeights::open(folder)?)?;
    let after = values(&fresh.forward(&input, Record::ALL)?);
    let changed = before.iter().zip(&after).find(|(before, after)| before != after);
    require(before.len() == after.len() && changed.is_none(), || {
        let name = changed.map_or("the number of outputs", |(before, _)| &before.name);
        format!("head `{head}`: after saving and loading, {name} differs")
    })
}

fn same_config(subject: &Subject<'_>, variant: &Variant, folder: &Path) -> Result<(), Stop> {
    let published = checkpoint::read_object(&folder.join("config.json"))?;
    let resolved = config::from_published(subject.descriptor(), &published)?;
    require(resolved.unread.is_empty(), || {
        format!("the saved `config.json` has fields nobody reads: {:?}", resolved.unread)
    })?;
    let read = subject.architecture.complete(&resolved.config)?;
    let head = &variant.head;
    // What has a published name is not written by ours, which no other library reads.
    let table = &subject.descriptor().published.config;
    let ours = table.iter().find(|(theirs, ours)| theirs != ours && published.contains_key(*ours));
    require(ours.is_none_or(|(_, ours)| table.contains_key(ours)), || {
        format!("head `{head}`: the saved `config.json` says {ours:?} by our name")
    })?;
    require(read == variant.config, || {
        let differs = |(field, value): &(&String, &serde_json::Value)| read.get(*field) != Some(*value);
        let fields: Vec<_> = variant.config.iter().filter(differs).map(|(field, _)| field).collect();
        format!("head `{head}`: the saved `config.json` reads back with other {fields:?}")
    })
}
