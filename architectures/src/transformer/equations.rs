//! The paper's equations once more, in f64 and plain loops, sharing nothing with the network but its weights.

use std::collections::BTreeMap;

use burn::tensor::{Device, TensorData};
use serde_json::json;
use zoo_registry::draw::Draw;
use zoo_registry::output::Record;
use zoo_registry::weights::MemoryWeights;
use zoo_registry::{Architecture, HeadOutput, Input, Rows, Tokens};

use super::TransformerFamily;

const D_MODEL: usize = 12;
const N_HEADS: usize = 3;
const D_FF: usize = 20;
const VOCAB: usize = 17;
const EPS: f64 = 0.03;

/// A row for each token.
type Matrix = Vec<Vec<f64>>;

struct Weights(BTreeMap<String, (Vec<usize>, Vec<f64>)>);

impl Weights {
    fn vector(&self, name: &str) -> &[f64] {
        &self.0[name].1
    }

    fn matrix(&self, name: &str) -> Matrix {
        let (shape, numbers) = &self.0[name];
        numbers.chunks(shape[1]).map(<[f64]>::to_vec).collect()
    }

    /// `x W`.
    fn map(&self, x: &Matrix, name: &str) -> Matrix {
        let weight = self.matrix(&format!("{name}.weight"));
        let row = |x: &Vec<f64>| {
            (0..weight[0].len()).map(|to| x.iter().zip(&weight).map(|(x, row)| x * row[to]).sum()).collect()
        };
        x.iter().map(row).collect()
    }

    /// Equation 1 for each head, §3.2.2 around it.
    fn attention(&self, queries: &Matrix, keys: &Matrix, name: &str, sees: impl Fn(usize, usize) -> bool) -> Matrix {
        let [q, k, v] =
            [(queries, "query"), (keys, "key"), (keys, "value")].map(|(x, map)| self.map(x, &format!("{name}.{map}")));
        let width = D_MODEL / N_HEADS;
        let mut heads = vec![vec![0.0; D_MODEL]; queries.len()];
        for (i, out) in heads.iter_mut().enumerate() {
            for head in 0..N_HEADS {
                let at = head * width..(head + 1) * width;
                let weight = |j: usize| {
                    let product: f64 = at.clone().map(|d| q[i][d] * k[j][d]).sum();
                    if sees(i, j) { (product / (width as f64).sqrt()).exp() } else { 0.0 }
                };
                let total: f64 = (0..keys.len()).map(weight).sum();
                for d in at.clone() {
                    out[d] = (0..keys.len()).map(|j| weight(j) / total * v[j][d]).sum();
                }
            }
        }
        self.map(&heads, &format!("{name}.output"))
    }

    /// Equation 2.
    fn feed_forward(&self, x: &Matrix, name: &str) -> Matrix {
        let with_bias = |x: Matrix, map: &str| -> Matrix {
            let bias = self.vector(&format!("{name}.{map}.bias"));
            x.into_iter().map(|row| row.iter().zip(bias).map(|(x, bias)| x + bias).collect()).collect()
        };
        let inner = with_bias(self.map(x, &format!("{name}.up")), "up");
        let inner = inner.into_iter().map(|row| row.into_iter().map(|x| x.max(0.0)).collect()).collect();
        with_bias(self.map(&inner, &format!("{name}.down")), "down")
    }

    /// `LayerNorm(x + Sublayer(x))`, §3.1.
    fn add_and_norm(&self, x: &Matrix, sublayer: &Matrix, name: &str) -> Matrix {
        let (gamma, beta) = (self.vector(&format!("{name}.weight")), self.vector(&format!("{name}.bias")));
        let norm = |(x, y): (&Vec<f64>, &Vec<f64>)| {
            let sum: Vec<f64> = x.iter().zip(y).map(|(x, y)| x + y).collect();
            let mean = sum.iter().sum::<f64>() / D_MODEL as f64;
            let variance = sum.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / D_MODEL as f64;
            let scaled = |d: usize| gamma[d] * (sum[d] - mean) / (variance + EPS).sqrt() + beta[d];
            (0..D_MODEL).map(scaled).collect()
        };
        x.iter().zip(sublayer).map(norm).collect()
    }

    /// §3.4 and §3.5.
    fn embed(&self, ids: &[i64]) -> Matrix {
        let table = self.matrix("token.weight");
        let number = |position: usize, id: i64, d: usize| {
            let angle = position as f64 / 10_000f64.powf((d - d % 2) as f64 / D_MODEL as f64);
            let wave = if d.is_multiple_of(2) { angle.sin() } else { angle.cos() };
            (D_MODEL as f64).sqrt() * table[id as usize][d] + wave
        };
        let row = |(position, &id)| (0..D_MODEL).map(|d| number(position, id, d)).collect();
        ids.iter().enumerate().map(row).collect()
    }

    /// What comes after each position of `target`, before the softmax.
    fn scores(&self, source: &[i64], target: &[i64], [n_encoder, n_decoder]: [usize; 2]) -> Matrix {
        let mut read = self.embed(source);
        for layer in 0..n_encoder {
            let name = |part: &str| format!("encoder.{layer}.{part}");
            let attended = self.attention(&read, &read, &name("attention"), |_, _| true);
            read = self.add_and_norm(&read, &attended, &name("attention_norm"));
            let expanded = self.feed_forward(&read, &name("mlp"));
            read = self.add_and_norm(&read, &expanded, &name("mlp_norm"));
        }
        let mut written = self.embed(target);
        for layer in 0..n_decoder {
            let name = |part: &str| format!("decoder.{layer}.{part}");
            let attended = self.attention(&written, &written, &name("attention"), |i, j| j <= i);
            written = self.add_and_norm(&written, &attended, &name("attention_norm"));
            let looked = self.attention(&written, &read, &name("cross_attention"), |_, _| true);
            written = self.add_and_norm(&written, &looked, &name("cross_norm"));
            let expanded = self.feed_forward(&written, &name("mlp"));
            written = self.add_and_norm(&written, &expanded, &name("mlp_norm"));
        }
        let table = self.matrix("token.weight");
        let score = |row: &Vec<f64>, token: &Vec<f64>| row.iter().zip(token).map(|(a, b)| a * b).sum();
        written.iter().map(|row| table.iter().map(|token| score(row, token)).collect()).collect()
    }
}

/// A thousand roundings of a score of order 10: a wrong sign, scale, order or epsilon is off by far more.
const TOLERANCE: f64 = 1e-4;

#[test]
fn the_network_is_the_papers() {
    let family = TransformerFamily;
    let config = json!({ "vocab_size": VOCAB, "d_model": D_MODEL, "n_encoder_layers": 2, "n_decoder_layers": 3,
                         "n_heads": N_HEADS, "d_ff": D_FF, "norm_eps": EPS });
    let mut model = family.build(config.as_object().unwrap(), &Device::flex()).unwrap();
    // Every parameter, norms and biases included, is drawn anew: initial values hide half of the equations.
    let drawn = |(name, data): (String, TensorData)| {
        let mut draw = Draw::new(&name);
        let around = if name.contains("norm.weight") { 1.0 } else { 0.0 };
        let numbers: Vec<f32> = (0..data.num_elements()).map(|_| (around + 0.5 * draw.normal()) as f32).collect();
        (name, TensorData::new(numbers, data.shape().to_vec()))
    };
    let weights: BTreeMap<String, TensorData> = model.weights().into_iter().map(drawn).collect();
    model.load(&weights.clone().into_iter().collect::<MemoryWeights>()).unwrap();
    let exact = |(name, data): (String, TensorData)| (name, (data.shape().to_vec(), data.iter::<f64>().collect()));
    let weights = Weights(weights.into_iter().map(exact).collect());

    let mut draw = Draw::new("texts");
    let (source, target) = (draw.ids(7, VOCAB), draw.ids(5, VOCAB));
    let text = |ids: &[i64]| Tokens::new(Rows::new(&[ids]).unwrap());
    let input = Input::TokenPair { source: text(&source), target: text(&target) };
    let HeadOutput::NextTokenLogits(found) = model.forward(&input, Record::NOTHING).unwrap().head else {
        panic!("another head")
    };
    assert_eq!(found.dims(), [1, 5, VOCAB]);
    let expected = weights.scores(&source, &target, [2, 3]).concat();
    let spread = expected.iter().copied().fold(0.0, f64::max) - expected.iter().copied().fold(0.0, f64::min);
    assert!(spread > 1.0, "scores that differ by {spread} would show nothing");
    for (at, (found, expected)) in found.into_data().iter::<f64>().zip(expected).enumerate() {
        assert!((found - expected).abs() < TOLERANCE, "{at}: {found} is not {expected}");
    }
}
