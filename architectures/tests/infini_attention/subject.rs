//! Small models with hot weights, and what they say.

use std::collections::BTreeMap;

use burn::tensor::{Device, TensorData};
use serde_json::{Map, Value};
use zoo_architectures::infini_attention::InfiniFamily;
use zoo_conformance::values::{Values, values};
use zoo_conformance::{Subject, Variant, hot};
use zoo_registry::draw::Draw;
use zoo_registry::output::Record;
use zoo_registry::weights::{MemoryWeights, publish};
use zoo_registry::{Architecture, Decode, DecodeState, Input, Logits, Model, Rows, Tokens};

/// The family's tiny configuration with some fields changed.
pub(crate) fn config(changes: Value) -> Map<String, Value> {
    let family: &dyn Architecture = &InfiniFamily;
    let mut config = family.descriptor().tiny.clone();
    config.extend(changes.as_object().unwrap().clone());
    family.complete(&config).unwrap()
}

/// Hot weights by our parameter paths.
pub(crate) fn weights(config: &Map<String, Value>) -> BTreeMap<String, TensorData> {
    hot::weights(&Architecture::modules(&InfiniFamily, config).unwrap())
}

/// A model with these weights.
pub(crate) fn model(config: &Map<String, Value>, weights: &BTreeMap<String, TensorData>) -> Box<dyn Model> {
    let names = Architecture::weight_names(&InfiniFamily, config).unwrap();
    let published: MemoryWeights = publish(&names, weights.clone()).into_iter().collect();
    let mut model = Architecture::build(&InfiniFamily, config, &Device::flex()).unwrap();
    model.load(&published).unwrap();
    model
}

/// A model with hot weights and every gate at `beta`.
pub(crate) fn gated(config: &Map<String, Value>, beta: f32) -> Box<dyn Model> {
    let mut weights = weights(config);
    for (path, data) in &mut weights {
        if path.ends_with(".gate") {
            *data = TensorData::new(vec![beta; data.num_elements()], data.shape().to_vec());
        }
    }
    model(config, &weights)
}

/// A random text; `name` tells texts apart.
pub(crate) fn text(config: &Map<String, Value>, name: &str, len: usize) -> Vec<i64> {
    Draw::new(&format!("text {name}")).ids(len, config["vocab_size"].as_u64().unwrap() as usize)
}

pub(crate) fn tokens(texts: &[Vec<i64>]) -> Tokens {
    Tokens::new(Rows::new(texts).unwrap())
}

/// Every output of one text.
pub(crate) fn outputs(model: &dyn Model, text: &[i64]) -> Vec<Values> {
    values(&model.forward(&tokens(&[text.to_vec()]).into(), Record::ALL).unwrap())
}

/// The scores after each token of one text, a row a token.
pub(crate) fn scores(model: &dyn Model, text: &[i64]) -> Vec<Vec<f32>> {
    let values = outputs(model, text);
    let logits = values.iter().find(|values| values.name == "logits").unwrap();
    logits.data.chunks(logits.shape[2]).map(<[f32]>::to_vec).collect()
}

/// The scores after each of the new tokens of a batch, `[batch][new][vocab_size]`.
pub(crate) fn advance(decoder: &dyn Decode, state: &mut DecodeState, tokens: &Tokens) -> Vec<Vec<Vec<f32>>> {
    let logits = decoder.advance(state, tokens, Logits::Every).unwrap();
    let [_, len, vocab] = logits.dims();
    let data: Vec<f32> = logits.into_data().iter().collect();
    data.chunks(len * vocab).map(|text| text.chunks(vocab).map(<[f32]>::to_vec).collect()).collect()
}

/// How far scores may be apart for reasons of f32 alone: the model's own noise on this text, as the conformance suite measures
/// it.
pub(crate) fn noise(config: &Map<String, Value>, texts: &[Vec<i64>]) -> f64 {
    let subject = Subject::new(&InfiniFamily, &[], "flex").unwrap();
    let variant = Variant { head: "causal-lm".to_owned(), config: config.clone() };
    let inputs: Vec<Input> = texts.iter().map(|text| tokens(std::slice::from_ref(text)).into()).collect();
    1.0 / subject.noise(&variant, &inputs).unwrap().multiple("logits", 1.0)
}

/// Largest difference of two tables; infinite if they differ in shape or hold what is no number.
pub(crate) fn gap(a: &[Vec<f32>], b: &[Vec<f32>]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| zoo_conformance::values::gap(a, b)).fold(0.0, f64::max)
}
