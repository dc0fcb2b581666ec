//! Weights in several files with an index are the weights in one.
//!
//! # How
//!
//! The saved file of each small configuration is cut into three, neighbours apart, with a `model.safetensors.index.json` as
//! Hugging Face's libraries write it: the model that loads them has the same bits. So it has where the second file holds its
//! numbers in bf16 and the third in f16, if they fit there. Without one of the files, with one that
//! lacks what the index promises, with a tensor in two files, and with an index that names a file outside its folder, nothing
//! is opened.
//!
//! # Catches
//!
//! - a shard that is forgotten
//! - a missing shard whose parameters keep their random start
//! - an index that reads other people's files
//! - a file of half precision read as one of another
//! - the last of two files that hold one tensor
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
        mixed(subject, variant, folder.path())?;
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

/// Files of several types are one model, where the numbers fit into each.
fn mixed(subject: &Subject<'_>, variant: &Variant, folder: &Path) -> Result<(), Stop> {
    // Whole numbers of few bits, which each type holds.
    let coarse = |data: &TensorData| {
        let numbers = data.iter::<f32>().map(|x| (x * 8.0).round() / 8.0).collect::<Vec<f32>>();
        TensorData::new(numbers, data.shape().to_vec())
    };
    let weights = subject.hot_weights(variant)?.iter().map(|(path, data)| (path.clone(), coarse(data))).collect();
    let model = subject.filled(variant, &subject.device, weights)?;
    let of = |(at, (name, data)): (usize, (&String, &TensorData))| {
        let dtype = ["F32", "BF16", "F16"][at % SHARDS];
        let bytes = data.iter::<f32>().flat_map(|x| match dtype {
            "BF16" => x.to_le_bytes()[2..].to_vec(),
            "F16" => half(x).to_le_bytes().to_vec(),
            _ => x.to_le_bytes().to_vec(),
        });
        let stored = Stored { dtype: dtype.to_owned(), shape: data.shape().to_vec(), bytes: bytes.collect() };
        (name.clone(), stored)
    };
    let tensors: BTreeMap<String, Stored> = model.weights().iter().enumerate().map(of).collect();
    let folder = folder.join("mixed");
    cut(&tensors, &folder, |_| {})?;
    same(subject, variant, model.as_ref(), &folder)
}

/// A number of few bits in IEEE's 16: its sign, five bits for the power of two, ten behind the point.
fn half(x: f32) -> u16 {
    let bits = x.to_bits();
    let power = (bits >> 23 & 0xff) as i32 - 127;
    let magnitude = if x == 0.0 { 0 } else { ((power + 15) << 10) as u32 | (bits >> 13 & 0x3ff) };
    (bits >> 16 & 0x8000) as u16 | magnitude as u16
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
    let unopened = |name: &str, what: &str| match SafetensorsWeights::open(&folder.join(name)) {
        Err(Error::WeightFile { .. } | Error::Io { .. }) => Ok(()),
        Err(other) => Err(Stop::fails(format!("head `{head}`: {what} is met with `{other}`"))),
        Ok(_) => Err(Stop::fails(format!("head `{head}`: {what} is opened"))),
    };
    let full = |error: std::io::Error| Stop::fails(format!("no room for files: {error}"));
    // The first tensor lies elsewhere, and nothing else is wrong.
    let of =
        |first: bool| tensors.iter().enumerate().filter(move |(at, _)| (*at == 0) == first).map(|(_, tensor)| tensor);
    for (name, file) in [("above", "../elsewhere.safetensors"), ("inner", "inner/elsewhere.safetensors"), ("root", "/")]
    {
        let here = folder.join(name);
        let elsewhere = match file {
            "/" => folder.join("absolute.safetensors"),
            _ => here.join(file),
        };
        std::fs::create_dir_all(here.join("inner")).map_err(full)?;
        std::fs::write(&elsewhere, plain::write(of(true))).map_err(full)?;
        std::fs::write(here.join(shard(0)), plain::write(of(false))).map_err(full)?;
        let file = if file == "/" { elsewhere.to_string_lossy().into_owned() } else { file.to_owned() };
        let map: Map<String, Value> = of(true)
            .map(|(name, _)| (name.clone(), file.clone().into()))
            .chain(of(false).map(|(name, _)| (name.clone(), shard(0).into())))
            .collect();
        let index = json!({ "metadata": {}, "weight_map": map }).to_string();
        std::fs::write(here.join("model.safetensors.index.json"), index).map_err(full)?;
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
    // The second file holds what it should, and the first tensor of the first besides.
    let second = tensors.iter().enumerate().filter(|(at, _)| at % SHARDS == 1 || *at == 0).map(|(_, tensor)| tensor);
    std::fs::write(folder.join("twice").join(shard(1)), plain::write(second)).map_err(full)?;
    unopened("twice", "a set of files of which two hold one tensor")
}
