//! A checkpoint with one head loads into a model with another as far as the body goes: what belongs to a head alone is passed over
//! with a word, what the model needs and the file lacks is refused.
//!
//! # How
//!
//! Of each tiny configuration, a model with each head is saved and loaded into a model with each other head, which held other
//! numbers. If the file has each published name in the shape that is needed, nothing of it is unexpected, the model holds the file's
//! bits, and what the file holds besides is reported as dropped or as a repetition. If it lacks something, the load is
//! refused with the name of what is lacking, and the model keeps its bits.
//!
//! # Catches
//!
//! - a body that refuses, or complains of, a checkpoint with a classifier
//! - a prefix that is read with one head only
//! - a head that keeps its random start because the file had another
//!
//! # Seen
//!
//! - [huggingface/transformers #48722](https://github.com/huggingface/transformers/issues/48722): the body of a detector, loaded from
//!   the detector's checkpoint, had every weight at random, for its prefix was not taken off.
//! - [huggingface/transformers #3142](https://github.com/huggingface/transformers/issues/3142): a classifier loaded from a bare body
//!   did not say that its head was missing.
//! - [facebookresearch/dino #66](https://github.com/facebookresearch/dino/issues/66): the head of training shows up as unexpected
//!   when the body alone is wanted.
//!
//! # Fix
//!
//! `WeightNames::ignoring` lists the top-level names of all heads that a file may bring; `WeightNames::new` takes the prefix that
//! files with a head put before the body. A row that is dropped belongs there only while no head of this configuration needs it.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use zoo_registry::weights::MemoryWeights;
use zoo_registry::{Error, Model};

use crate::check::{Finding, Stop, Verdict, require};
use crate::subject::{Subject, Variant};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let variants = subject.variants()?;
    let (mut whole, mut lacking) = (0, 0);
    for from in &variants {
        let saved = subject.hot(from)?;
        for into in variants.iter().filter(|into| into.tiny() == from.tiny() && into.head != from.head) {
            if between(subject, saved.as_ref(), from, into)? {
                whole += 1;
            } else {
                lacking += 1;
            }
        }
    }
    if whole + lacking == 0 {
        return Err(Stop::NotApplicable("it declares one head".into()));
    }
    Ok(Finding::seen(format!("{whole} pairs of heads of which one file serves both, {lacking} of which it does not")))
}

/// Loads what one head saved into a model with another; whether the file had all that was needed.
fn between(subject: &Subject<'_>, saved: &dyn Model, from: &Variant, into: &Variant) -> Result<bool, Stop> {
    let what = format!("saved with head `{}`, loaded with `{}`", from.head, into.head);
    let moved = subject.hot_weights(into)?.into_iter().map(|(path, data)| {
        let numbers = data.iter::<f32>().map(|x| x + 1.0).collect::<Vec<f32>>();
        (path, TensorData::new(numbers, data.shape().to_vec()))
    });
    let mut model = subject.filled(into, &subject.device, moved.collect())?;
    let file: MemoryWeights = saved.weights().into_iter().collect();
    let (theirs, before) = (unprefixed(saved), unprefixed(model.as_ref()));
    let has = |name: &String, data: &TensorData| theirs.get(name).is_some_and(|own| own.shape() == data.shape());
    let lacks: Vec<&String> = before.iter().filter(|(name, data)| !has(name, data)).map(|(name, _)| name).collect();
    let met = model.load(&file);
    let after = unprefixed(model.as_ref());
    match met {
        Ok(report) => {
            require(lacks.is_empty(), || format!("{what}: nothing gives {lacks:?}, and the load succeeds"))?;
            require(report.unexpected.is_empty(), || format!("{what}: {:?} is unexpected", report.unexpected))?;
            let differs = differs(&theirs, &after);
            require(differs.is_none(), || format!("{what}: {differs:?} has not the file's bits"))?;
            let told = after.len() + report.dropped.len() + report.tied.len();
            require(told == theirs.len(), || {
                format!("{what}: of {} tensors {told} are said to be loaded, dropped or repeated", theirs.len())
            })?;
            Ok(true)
        }
        Err(Error::Weights { report, .. }) => {
            let first = lacks.first().copied().ok_or_else(|| {
                Stop::fails(format!("{what}: all that is needed is there, and it is refused: {report}"))
            })?;
            let differs = differs(&before, &after);
            require(differs.is_none(), || format!("{what}: it is refused, and {differs:?} has changed"))?;
            require(lacks.len() > FEW || report.contains(first), || {
                format!("{what}: `{first}` is lacking, and the refusal does not say so: {report}")
            })?;
            Ok(false)
        }
        Err(error) => Err(Stop::fails(format!("{what}: met with another error: {error}"))),
    }
}

/// What a model saves, without the prefix that its table writes before the names of the body.
fn unprefixed(model: &dyn Model) -> BTreeMap<String, TensorData> {
    let prefix = model.weight_names().rows().map(|(prefix, _)| prefix).max().unwrap_or_default();
    let short = |name: String| name.strip_prefix(prefix).map(str::to_owned).unwrap_or(name);
    model.weights().into_iter().map(|(name, data)| (short(name), data)).collect()
}

/// A refusal names a few of many.
const FEW: usize = 5;

/// A tensor of the second that the first has with other bits.
fn differs<'a>(expected: &BTreeMap<String, TensorData>, found: &'a BTreeMap<String, TensorData>) -> Option<&'a String> {
    let same = |name: &String, data: &TensorData| {
        expected.get(name).is_some_and(|expected| expected.as_bytes() == data.as_bytes())
    };
    found.iter().find(|(name, data)| !same(name, data)).map(|(name, _)| name)
}
