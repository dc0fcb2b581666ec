//! The model computes what the equations say.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};
use serde_json::{Map, Value, json};
use zoo_architectures::infini_attention::InfiniFamily;
use zoo_conformance::values::UNIT_ROUNDOFF;
use zoo_registry::output::Record;
use zoo_registry::{Family, FromInput, Network, TokenBatch, Trace};

use crate::equations::{Computed, Equations, Number};
use crate::subject::{config, model, outputs, text, tokens, weights};

/// Each run in f32 lies about one noise away from the equations in f64. Ours may be this many away: it sums in another order,
/// and the noise was measured on one run.
const TOLERANCE: f64 = 4.0;

/// Configurations and lengths that show every border: shorter than a segment, exactly one, whole segments, a ragged last one,
/// segments of one token, one head, both updates, every activation, an output layer of its own.
fn cases() -> Vec<(Value, usize)> {
    let mut cases = Vec::new();
    for update in ["linear", "delta"] {
        for len in [1, 3, 4, 8, 11, 16, 21] {
            cases.push((json!({ "update": update }), len));
        }
        for segment_len in [1, 2, 5, 11, 100] {
            cases.push((json!({ "update": update, "segment_len": segment_len }), 11));
        }
        cases.push((json!({ "update": update, "n_heads": 1, "tied": false, "head_dim": 14 }), 13));
    }
    for activation in ["relu", "gelu", "gelu-tanh", "silu", "tanh"] {
        cases.push((json!({ "activation": activation, "update": "delta", "n_heads": 5, "head_dim": 2 }), 11));
    }
    cases
}

pub(crate) fn in_f64(weights: &BTreeMap<String, TensorData>) -> BTreeMap<String, Vec<f64>> {
    weights.iter().map(|(path, data)| (path.clone(), data.iter::<f64>().collect())).collect()
}

/// Outputs by the names references give them.
pub(crate) fn named<N: Number>(computed: &Computed<N>) -> BTreeMap<String, Vec<f64>> {
    let flat = |rows: &[Vec<N>]| rows.concat().into_iter().map(N::wide).collect::<Vec<f64>>();
    let mut named = BTreeMap::from([("logits".to_owned(), flat(&computed.logits))]);
    for (layer, hidden) in computed.hidden_states.iter().enumerate() {
        named.insert(format!("hidden_states.{layer}"), flat(hidden));
    }
    for (layer, heads) in computed.attentions.iter().enumerate() {
        named.insert(format!("attentions.{layer}"), heads.iter().flat_map(|map| flat(map)).collect());
    }
    named
}

pub(crate) fn gap(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |most, gap| if gap.is_nan() { f64::INFINITY } else { most.max(gap) })
}

pub(crate) fn largest(numbers: &[f64]) -> f64 {
    numbers.iter().fold(0.0, |most, x| most.max(x.abs()))
}

#[test]
fn f32_is_within_the_noise_of_f32() {
    let mut worst = (0.0, String::new());
    for (changes, len) in cases() {
        let config = config(changes.clone());
        let (weights, text) = (weights(&config), text(&config, "parity", len));
        let wide = in_f64(&weights);
        let equations = Equations { config: &config, weights: &wide };
        let (exact, rounded) = (named(&equations.compute::<f64>(&text)), named(&equations.compute::<f32>(&text)));
        let found = outputs(model(&config, &weights).as_ref(), &text);
        assert_eq!(found.len(), exact.len(), "every output is compared");
        for value in found {
            let (exact, rounded) = (&exact[&value.name], &rounded[&value.name]);
            let data: Vec<f64> = value.data.iter().map(|&x| f64::from(x)).collect();
            let noise = gap(exact, rounded).max(largest(exact) * UNIT_ROUNDOFF);
            let error = gap(exact, &data);
            let multiple = if error == 0.0 { 0.0 } else { error / noise };
            if multiple > worst.0 {
                worst = (multiple, format!("{} of {len} tokens, {changes}", value.name));
            }
            assert!(
                multiple <= TOLERANCE,
                "{} of {len} tokens, {changes}: off by {error:.2e}, {multiple:.1} × noise",
                value.name
            );
        }
    }
    println!("largest: {:.2} × noise, at {}", worst.0, worst.1);
}

/// Fills every parameter with its f64 numbers.
struct Widen<'a> {
    path: Vec<String>,
    weights: &'a BTreeMap<String, Vec<f64>>,
    filled: usize,
}

impl ModuleMapper for Widen<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let numbers = self.weights[&self.path.join(".")].clone();
        self.filled += 1;
        let data = TensorData::new(numbers, param.lazy_shape());
        param.map(|tensor| Tensor::from_data(data.clone(), (&tensor.device(), DType::F64)))
    }
}

/// Two f64 runs that sum in another order differ by a few roundings for each layer: so many, of the output's largest number.
const F64_ROUNDINGS: f64 = 64.0;

#[test]
fn f64_is_the_equations() {
    let mut worst: f64 = 0.0;
    for (changes, len) in cases() {
        let config = config(changes.clone());
        let wide = in_f64(&weights(&config));
        let text = text(&config, "parity", len);
        let exact = named(&Equations { config: &config, weights: &wide }.compute::<f64>(&text));
        let depth = config["n_layers"].as_u64().unwrap() as f64;
        for (name, found) in run_in_f64(&config, &wide, &text) {
            let rounding = largest(&exact[&name]) * f64::EPSILON / 2.0;
            let roundings = gap(&exact[&name], &found) / (depth * rounding);
            worst = worst.max(roundings);
            assert!(roundings <= F64_ROUNDINGS, "{name} of {len} tokens, {changes}: {roundings:.1} roundings a layer");
        }
    }
    println!("largest: {worst:.1} f64 roundings a layer");
}

fn run_in_f64(
    config: &Map<String, Value>,
    weights: &BTreeMap<String, Vec<f64>>,
    text: &[i64],
) -> Vec<(String, Vec<f64>)> {
    let parsed = zoo_registry::config::parse(Family::descriptor(&InfiniFamily), config).unwrap();
    let device = Device::flex();
    let mut widen = Widen { path: Vec::new(), weights, filled: 0 };
    let network = Family::init(&InfiniFamily, &parsed, &device).map(&mut widen);
    assert_eq!(widen.filled, weights.len());
    let batch = TokenBatch::from_input(&tokens(&[text.to_vec()]).into(), &network.limits(), &device).unwrap();
    let mut trace = Trace::new(Record::ALL);
    let output = network.forward(batch, &mut trace);
    let numbers = |data: TensorData| {
        assert_eq!(data.dtype(), DType::F64);
        data.iter::<f64>().collect()
    };
    trace.finish(output).named().into_iter().map(|(name, data)| (name, numbers(data))).collect()
}
