//! Weights in several files with an index are the weights in one.
//!
//! # How
//!
//! The saved file of each small configuration is cut into three, neighbours apart, with a `model.safetensors.index.json` as
//! Hugging Face's libraries write it: the model that loads them has the same bits. Without one of the files, with one that
//! lacks what the index promises, with a tensor in two files, and with an index that names a file outside its folder, nothing
//! is opened.
//!
//! # Catches
//!
//! - a shard that is forgotten
//! - a missing shard whose parameters keep their random start
//! - an index that reads other people's files
//!
//! # Seen
//!
//! - [sgl-project/sglang #32279](https://github.com/sgl-project/sglang/pull/32279) and
//!   [vllm-project/vllm #34930](https://github.com/vllm-project/vllm/pull/34930): a missing shard that was dropped in
//!   silence.
//! - [Neph0s/CoSER #3](https://github.com/Neph0s/CoSER/issues/3): an index that names shards that are not there.
//!
//! # Fix
//!
//! Take the index at its word: every file it names must be there, hold what it promises, and be a plain name.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::TensorData;
use serde_json::{Map, Value, json};
use zoo_registry::weights::SafetensorsWeights;
use zoo_registry::{Error, Model};

use crate::check::{Finding, Stop, Verdict, require};
use crate::plain::{self, Stored};
use crate::subject::{Subject, Variant, drawing};

/// Files the weights are cut into.
const SHARDS: usize = 3;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let variants = subject.variants()?;
    for variant in &variants {
        let folder = tempfile::tempdir().map_err(|error| Stop::fails(format!("no temporary folder: {error}")))?;
        let model = subject.hot(variant)?;
        let one = folder.path().join("one.safetensors");
        model.save(&one)?;
        let bytes = std::fs::read(&one).map_err(|error| Stop::fails(format!("no saved file: {error}")))?;
        let (tensors, _) = plain::read(&bytes).map_err(Stop::fails)?;
        let head = &variant.head;
        require(tensors.len() >= SHARDS, || {
            format!("head `{head}`: {} tensors cannot be cut in {SHARDS}", tensors.len())
        })?;

        let whole = folder.path().join("whole");
        cut(&tensors, &whole, |_| {})?;
        same(subject, variant, model.as_ref(), &whole)?;
        refused(&tensors, folder.path(), head)?;
    }
    Ok(Finding::seen(format!("{} heads, each in {SHARDS} files", variants.len())))
}

fn shard(index: usize) -> String {
    format!("model-{:05}-of-{SHARDS:05}.safetensors", index + 1)
}

/// Writes the tensors to several files and an index, which `spoil` may change.
fn cut(
    tensors: &BTreeMap<String, Stored>,
    folder: &Path,
    spoil: impl FnOnce(&mut Map<String, Value>),
) -> Result<(), Stop> {
    let of =
        |index: usize| tensors.iter().enumerate().filter(move |(at, _)| at % SHARDS == index).map(|(_, tensor)| tensor);
    let mut map: Map<String, Value> =
        (0..SHARDS).flat_map(|index| of(index).map(move |(name, _)| (name.clone(), shard(index).into()))).collect();
    spoil(&mut map);
    let size: usize = tensors.values().map(|tensor| tensor.bytes.len()).sum();
    let index = json!({ "metadata": { "total_size": size }, "weight_map": map }).to_string();
    let written = std::fs::create_dir(folder)
        .and_then(|()| {
            (0..SHARDS).try_for_each(|index| std::fs::write(folder.join(shard(index)), plain::write(of(index))))
        })
        .and_then(|()| std::fs::write(folder.join("model.safetensors.index.json"), index));
    written.map_err(|error| Stop::fails(format!("no room for files: {error}")))
}

fn same(subject: &Subject<'_>, variant: &Variant, model: &dyn Model, folder: &Path) -> Result<(), Stop> {
    let mut loaded = {
        let _turn = drawing();
        let mut fresh = subject.architecture.build(&variant.config, &subject.device)?;
        fresh.init(3);
        fresh
    };
    loaded.load(&SafetensorsWeights::open(folder)?)?;
    let (expected, found) = (model.parameters(), loaded.parameters());
    let differs =
        expected.iter().find(|(path, data)| found.get(*path).map(TensorData::as_bytes) != Some(data.as_bytes()));
    require(differs.is_none(), || {
        let path = differs.map_or("", |(path, _)| path);
        format!("head `{}`: loaded from {SHARDS} files, `{path}` has other bits than from one", variant.head)
    })
}

/// What is wrong with a set of files must be told before anything is loaded.
fn refused(tensors: &BTreeMap<String, Stored>, folder: &Path, head: &str) -> Result<(), Stop> {
    let first = tensors.keys().next().cloned().unwrap_or_default();
    let names = |file: &'static str| {
        let first = first.clone();
        move |map: &mut Map<String, Value>| {
            map.insert(first, file.into());
        }
    };
    let unopened = |name: &str, what: &str| {
        let opened = SafetensorsWeights::open(&folder.join(name));
        match opened {
            Err(Error::WeightFile { .. } | Error::Io { .. }) => Ok(()),
            Err(other) => Err(Stop::fails(format!("head `{head}`: {what} is met with `{other}`"))),
            Ok(_) => Err(Stop::fails(format!("head `{head}`: {what} is opened"))),
        }
    };
    for (name, file) in
        [("above", "../one.safetensors"), ("inner", "inner/one.safetensors"), ("root", "/one.safetensors")]
    {
        cut(tensors, &folder.join(name), names(file))?;
        unopened(name, "an index that names a file elsewhere")?;
    }
    cut(tensors, &folder.join("promise"), |map| {
        map.insert("promised.weight".to_owned(), shard(1).into());
    })?;
    unopened("promise", "an index that promises what no file holds")?;
    cut(tensors, &folder.join("gap"), |_| {})?;
    std::fs::remove_file(folder.join("gap").join(shard(1))).map_err(|error| Stop::fails(error.to_string()))?;
    unopened("gap", "an index whose second file is missing")?;
    cut(tensors, &folder.join("twice"), |_| {})?;
    let twice = std::fs::copy(folder.join("twice").join(shard(0)), folder.join("twice").join(shard(1)));
    twice.map_err(|error| Stop::fails(error.to_string()))?;
    unopened("twice", "an index whose second file is the first again")
}
