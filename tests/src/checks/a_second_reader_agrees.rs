//! A saved file is what the format says it is: a reader that shares no code with the writer finds the same bits in it, and a
//! file that another writer made is read.
//!
//! # How
//!
//! With each head, a model with hot weights is saved and its file read by forty lines that follow the format's description:
//! every tensor there is of the model, none besides, its bits, little-endian f32, no byte that belongs to none, and the mark
//! by which Hugging Face's libraries know whose layout it is. Then those forty lines write the weights in another order,
//! without that mark, in f64 and in bf16, and with the norms' parameters called `gamma` and `beta`, as files that began in
//! TensorFlow call them: the model that loads them has the same bits. What they write in whole numbers is refused.
//!
//! # Catches
//!
//! - a fault in writing that reading undoes
//! - a file that only its own writer reads
//! - numbers of another width that are taken for f32
//! - an old file whose norms are not found
//!
//! # Seen
//!
//! - [ml-explore/mlx #743](https://github.com/ml-explore/mlx/issues/743): a file without the mark that is refused.
//! - [safetensors/safetensors #601](https://github.com/safetensors/safetensors/issues/601): metadata alone, which corrupted
//!   the header.
//!
//! # Fix
//!
//! Compare the two headers line by line, then the first bytes of the first tensor that differs.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::TensorData;
use zoo_registry::weights::{SafetensorsWeights, publish};
use zoo_registry::{Error, Model};

use crate::check::{Finding, Stop, Verdict, require};
use crate::plain::{self, Stored};
use crate::subject::{Subject, Variant, drawing};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let variants = subject.variants()?;
    for variant in &variants {
        let folder = tempfile::tempdir().map_err(|error| Stop::fails(format!("no temporary folder: {error}")))?;
        let model = subject.hot(variant)?;
        // Numbers that bf16 holds as well, so that nothing is lost in it.
        let short = short(subject, variant)?;
        for (model, what) in [(&model, "hot"), (&short, "short")] {
            let file = folder.path().join(format!("{what}.safetensors"));
            model.save(&file)?;
            reads(model.as_ref(), variant, &file)?;
        }
        writes(subject, variant, short.as_ref(), folder.path())?;
    }
    Ok(Finding::seen(format!(
        "{} heads, read by another reader, and from another writer in f32, f64 and bf16",
        variants.len()
    )))
}

/// A hot model whose weights end where bf16 does.
fn short(subject: &Subject<'_>, variant: &Variant) -> Result<Box<dyn Model>, Stop> {
    let cut = |data: TensorData| {
        let cut = data.iter::<f32>().map(|x| f32::from_bits(x.to_bits() & 0xffff_0000)).collect::<Vec<f32>>();
        TensorData::new(cut, data.shape().to_vec())
    };
    let weights = subject.hot_weights(variant)?.into_iter().map(|(path, data)| (path, cut(data))).collect();
    Ok(subject.filled(variant, &subject.device, weights)?)
}

/// The other reader finds what the model says it holds.
fn reads(model: &dyn Model, variant: &Variant, file: &Path) -> Result<(), Stop> {
    let head = &variant.head;
    let bytes = std::fs::read(file).map_err(|error| Stop::fails(format!("the saved file cannot be read: {error}")))?;
    let read = plain::read(&bytes).map_err(|reason| Stop::fails(format!("head `{head}`: {reason}")));
    let (found, metadata) = read?;
    require(metadata.get("format").and_then(|format| format.as_str()) == Some("pt"), || {
        format!("head `{head}`: the header's metadata is {metadata:?}, expected the format `pt`")
    })?;
    let expected = stored(&model.weights(), "F32", f32::to_le_bytes);
    let names = expected.keys().chain(found.keys());
    let differs = names.into_iter().find(|name| expected.get(*name) != found.get(*name));
    require(differs.is_none(), || {
        let name = differs.map_or("", String::as_str);
        let told = |tensor: Option<&Stored>| {
            tensor.map_or("nothing".to_owned(), |tensor| {
                format!("{:?}", (&tensor.dtype, &tensor.shape, tensor.bytes.get(..8)))
            })
        };
        format!(
            "head `{head}`: `{name}` is {} in the file, expected {}",
            told(found.get(name)),
            told(expected.get(name))
        )
    })
}

/// The model reads what the other writer made of a model whose weights end where bf16 does.
fn writes(subject: &Subject<'_>, variant: &Variant, short: &dyn Model, folder: &Path) -> Result<(), Stop> {
    let weights = short.weights();
    let files = [
        ("f32", stored(&weights, "F32", f32::to_le_bytes)),
        ("f64", stored(&weights, "F64", |x| f64::from(x).to_le_bytes())),
        ("bf16", stored(&weights, "BF16", |x| ((x.to_bits() >> 16) as u16).to_le_bytes())),
    ];
    let old = ("old names", formerly(subject, variant, stored(&weights, "F32", f32::to_le_bytes))?);
    for (dtype, tensors) in files.into_iter().chain([old]) {
        let path = folder.join(format!("other-{dtype}.safetensors"));
        let written = std::fs::write(&path, plain::write(tensors.iter().rev()));
        written.map_err(|error| Stop::fails(format!("no room for a file: {error}")))?;
        let mut model = {
            let _turn = drawing();
            subject.architecture.build(&variant.config, &subject.device)?
        };
        model.load(&SafetensorsWeights::open(&path)?)?;
        let found = model.weights();
        let differs =
            weights.iter().find(|(name, data)| found.get(*name).map(TensorData::as_bytes) != Some(data.as_bytes()));
        require(differs.is_none(), || {
            let name = differs.map_or("", |(name, _)| name);
            format!(
                "head `{}`: `{name}`, written in {dtype} by another writer, is loaded with other bits",
                variant.head
            )
        })?;
    }
    let whole = stored(&weights, "I32", |x| (x as i32).to_le_bytes());
    let path = folder.join("other-integers.safetensors");
    std::fs::write(&path, plain::write(&whole)).map_err(Error::io(&path))?;
    let met = subject.hot(variant)?.load(&SafetensorsWeights::open(&path)?);
    require(matches!(met, Err(Error::Weights { .. })), || {
        format!("head `{}`: weights in whole numbers are met with {met:?}", variant.head)
    })
}

/// The tensors with the names that norms had in TensorFlow.
fn formerly(
    subject: &Subject<'_>,
    variant: &Variant,
    mut tensors: BTreeMap<String, Stored>,
) -> Result<BTreeMap<String, Stored>, Stop> {
    let names = subject.architecture.weight_names(&variant.config)?;
    for (path, data) in subject.hot_weights(variant)? {
        let (old, new) = match path.rsplit_once('.') {
            Some((_, "gamma")) => ("gamma", "weight"),
            Some((_, "beta")) => ("beta", "bias"),
            _ => continue,
        };
        for name in publish(&names, BTreeMap::from([(path.clone(), data)])).into_keys() {
            if let (Some(module), Some(tensor)) = (name.strip_suffix(new), tensors.remove(&name)) {
                tensors.insert(format!("{module}{old}"), tensor);
            }
        }
    }
    Ok(tensors)
}

fn stored<const N: usize>(
    weights: &BTreeMap<String, TensorData>,
    dtype: &str,
    bytes: fn(f32) -> [u8; N],
) -> BTreeMap<String, Stored> {
    let stored = |data: &TensorData| Stored {
        dtype: dtype.to_owned(),
        shape: data.shape().to_vec(),
        bytes: data.iter::<f32>().flat_map(bytes).collect(),
    };
    weights.iter().map(|(name, data)| (name.clone(), stored(data))).collect()
}
