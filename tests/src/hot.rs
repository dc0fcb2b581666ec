//! Weights that make every part of a model matter.
//!
//! Freshly initialised models hide bugs: with matrices near zero attention is uniform, norms are the identity, biases are
//! absent, and a wrong scale, order or activation moves nothing. Hot weights keep attention far from uniform, scatter the
//! scales of norms and make every bias count.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use zoo_registry::{ModuleTree, Parameter};

use zoo_registry::draw::Draw;

use crate::seed;

/// Matrices have entries of standard deviation `GAIN / √fan_in`. After a norm, queries and keys then have entries of about
/// this size, scores of about its square: softmax is peaked, yet no weight vanishes in f32.
const GAIN: f64 = 1.5;
/// Standard deviation of embeddings: of the order of what a layer adds to them.
const EMBEDDING: f64 = 0.8;
/// Standard deviation of biases and of the shifts of norms.
const BIAS: f64 = 0.3;
/// Scales of norms are uniform around 1, this far to both sides.
const SPREAD: f64 = 0.6;

/// How many layers of a stack have attention that is far from uniform for certain. Each layer of random weights makes the
/// tokens more alike, whatever the weights are (Dong, Cordonnier and Loukas 2021, arXiv 2103.03404, §2), so deep maps are
/// flat for no fault of the code.
pub(crate) const DEPTH: usize = 3;

/// Every parameter of a model by its path, drawn from the path: no two models share an order, all share the numbers.
pub fn weights(modules: &ModuleTree) -> BTreeMap<String, TensorData> {
    let mut found = BTreeMap::new();
    collect(modules, "", &mut found);
    found
}

fn collect(module: &ModuleTree, path: &str, found: &mut BTreeMap<String, TensorData>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for parameter in &module.parameters {
        let path = below(&parameter.name);
        let data = draw(&path, &module.kind, parameter);
        found.insert(path, data);
    }
    for child in &module.children {
        collect(child, &below(&child.name), found);
    }
}

fn draw(path: &str, kind: &str, parameter: &Parameter) -> TensorData {
    let mut draw = seed::draw(path);
    let shape = &parameter.shape;
    let mut number: Box<dyn FnMut() -> f64> = match (parameter.name.as_str(), shape.as_slice()) {
        ("gamma", _) => Box::new(move || 1.0 + SPREAD * (2.0 * draw.unit() - 1.0)),
        (_, [] | [_]) => Box::new(move || BIAS * draw.normal()),
        // Vectors that stand in the place of a token, and tables of positions, are published with an axis for the batch.
        (_, [1, _, _]) => Box::new(move || EMBEDDING * draw.normal()),
        _ if kind == "Embedding" => Box::new(move || EMBEDDING * draw.normal()),
        // Ours are `[d_in, d_out]`; kernels of convolutions `[d_out, d_in, …]`.
        (_, &[d_in, _]) => scaled(draw, d_in),
        (_, [_, inner @ ..]) => scaled(draw, inner.iter().product()),
    };
    let data: Vec<f32> = (0..shape.iter().product()).map(|_| number() as f32).collect();
    TensorData::new(data, shape.clone())
}

fn scaled(mut draw: Draw, fan_in: usize) -> Box<dyn FnMut() -> f64> {
    let deviation = GAIN / (fan_in as f64).sqrt();
    Box::new(move || deviation * draw.normal())
}

/// Every number moved by about one unit in the last place, up or down at random: a model's answer to that is its f32 noise.
pub fn nudged(weights: &BTreeMap<String, TensorData>, seed: usize) -> BTreeMap<String, TensorData> {
    let nudge = |(path, data): (&String, &TensorData)| {
        let mut draw = seed::draw(&format!("{path}#{seed}"));
        let moved = data.iter::<f32>().map(|x| {
            let sign = if draw.bits() & 1 == 0 { 1.0 } else { -1.0 };
            x * (1.0 + sign * f32::EPSILON)
        });
        (path.clone(), TensorData::new(moved.collect::<Vec<f32>>(), data.shape().to_vec()))
    };
    weights.iter().map(nudge).collect()
}
