//! A file of weights of another configuration is refused by name, or said to hold what is not used, or answers as it did where it
//! came from: it never becomes a third model.
//!
//! # How
//!
//! With each head of each tiny configuration, each size is changed by a little and each switch turned. What such a model saves,
//! where it is not the same list of names and shapes, is loaded into the tiny one: a refusal names a tensor and changes nothing; a
//! load that succeeds reports something as unexpected, or both models give the same answers. Then the model's own file has
//! each matrix turned that is not square, as a file in the other convention has, one after the other: each is refused by its
//! name. The guard: some files are refused.
//!
//! # Catches
//!
//! - a deeper model whose upper layers are left out without a word
//! - a matrix that fits by its number of elements
//! - an output layer of its own that is dropped where the configuration ties it
//!
//! # Seen
//!
//! - [huggingface/transformers #42612](https://github.com/huggingface/transformers/pull/42612): a head of its own in the file,
//!   overwritten because the configuration said that it is tied.
//! - [sgl-project/sglang #16235](https://github.com/sgl-project/sglang/pull/16235): a parameter that the checkpoint lacks kept its
//!   random values, without error or warning.
//! - [Blaizzy/mlx-audio #902](https://github.com/Blaizzy/mlx-audio/issues/902): a file whose names did not match loaded without a
//!   word.
//!
//! # Fix
//!
//! Compare the whole shape of each tensor, not its size. Give an output layer that may be tied a row that is tied, not one that is
//! dropped. What no row names is unexpected; drop only what has no effect in any configuration.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use serde_json::{Map, Value};
use zoo_registry::output::Record;
use zoo_registry::weights::MemoryWeights;
use zoo_registry::{Error, Model};

use crate::check::{Finding, Stop, Verdict, require};
use crate::inputs;
use crate::subject::{Subject, Variant};
use crate::values::{WHOLE_MODEL, gap, values};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut refused, mut taken) = (0, 0);
    for variant in subject.variants()? {
        let mut model = subject.hot(&variant)?;
        let own = shapes(model.as_ref());
        for (what, config) in others(subject, &variant.config) {
            let other = subject.hot(&Variant { config, ..variant.clone() })?;
            // Nothing in the file tells them apart.
            if shapes(other.as_ref()) == own {
                continue;
            }
            if load(subject, &variant, model.as_mut(), other.as_ref(), &what)? {
                taken += 1;
                model = subject.hot(&variant)?;
            } else {
                refused += 1;
            }
        }
        refused += turned(&variant, model.as_mut())?;
    }
    require(refused > 0, || "no file of another configuration is refused, so nothing is seen".to_owned())?;
    Ok(Finding::seen(format!(
        "{refused} files of other models refused, {taken} taken in with a word or to the same end"
    )))
}

fn shapes(model: &dyn Model) -> BTreeMap<String, Vec<usize>> {
    model.weights().into_iter().map(|(name, data)| (name, data.shape().to_vec())).collect()
}

/// The configuration with each size a little changed, and each switch turned.
fn others(subject: &Subject<'_>, config: &Map<String, Value>) -> Vec<(String, Map<String, Value>)> {
    let mut found = Vec::new();
    for (field, value) in config {
        let candidates = match (value, value.as_u64()) {
            (Value::Bool(truth), _) => vec![Value::from(!truth)],
            (_, Some(size)) => [size + 1, size.saturating_sub(1), 2 * size].map(Value::from).to_vec(),
            _ => Vec::new(),
        };
        let with = |other: Value| {
            let mut config = config.clone();
            config.insert(field.clone(), other.clone());
            Some((format!("`{field}` = {other}"), subject.architecture.complete(&config).ok()?))
        };
        found.extend(candidates.into_iter().filter_map(with));
    }
    found
}

/// Loads what another model holds; whether that was taken.
fn load(
    subject: &Subject<'_>,
    variant: &Variant,
    model: &mut dyn Model,
    other: &dyn Model,
    what: &str,
) -> Result<bool, Stop> {
    let head = &variant.head;
    let before = model.parameters();
    let file: MemoryWeights = other.weights().into_iter().collect();
    match model.load(&file) {
        Err(Error::Weights { .. }) => {
            require(bits(&before) == bits(&model.parameters()), || {
                format!("head `{head}`: weights of a model with {what} are refused, and change the model all the same")
            })?;
            Ok(false)
        }
        Err(error) => Err(Stop::fails(format!("head `{head}`: weights of a model with {what} are met with `{error}`"))),
        Ok(report) if !report.unexpected.is_empty() => Ok(true),
        Ok(report) => {
            let input = inputs::input(model, "of others", 2)?;
            let noise = subject.noise_of(variant, std::slice::from_ref(&input), Record::NOTHING)?;
            let (found, expected) =
                (values(&model.forward(&input, Record::NOTHING)?), values(&other.forward(&input, Record::NOTHING)?));
            let differs = found.iter().find(|found| {
                let same = expected.iter().find(|expected| expected.name == found.name);
                same.is_some_and(|same| noise.multiple(&same.name, gap(&found.data, &same.data)) > WHOLE_MODEL)
            });
            require(differs.is_none(), || {
                let name = differs.map_or("", |differs| &differs.name);
                format!(
                    "head `{head}`: weights of a model with {what} are taken in without a word ({} dropped), and {name} is \
                     another than there",
                    report.dropped.len()
                )
            })?;
            Ok(true)
        }
    }
}

/// The model's own file with each matrix turned.
fn turned(variant: &Variant, model: &mut dyn Model) -> Result<usize, Stop> {
    let (weights, before) = (model.weights(), model.parameters());
    let mut tried = 0;
    for (name, data) in &weights {
        let [rows, columns] = data.shape().to_vec()[..] else { continue };
        if rows == columns {
            continue;
        }
        tried += 1;
        let turned = TensorData::new(data.iter::<f32>().collect::<Vec<f32>>(), [columns, rows]);
        let file: MemoryWeights = weights.clone().into_iter().chain([(name.clone(), turned)]).collect();
        let met = model.load(&file);
        let told = matches!(&met, Err(Error::Weights { report, .. }) if report.contains(name));
        require(told && bits(&before) == bits(&model.parameters()), || {
            format!("head `{}`: `{name}` with its axes turned is met with {met:?}", variant.head)
        })?;
    }
    Ok(tried)
}

fn bits(parameters: &BTreeMap<String, TensorData>) -> Vec<(&String, &[u8])> {
    parameters.iter().map(|(path, data)| (path, data.as_bytes())).collect()
}
