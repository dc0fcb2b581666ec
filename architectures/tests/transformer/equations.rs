//! The paper's equations once more, in f64 and plain loops: no tensor, no shared layer, one text at a time.
//!
//! Vaswani et al. 2017, arXiv 1706.03762; sections and equation numbers are that paper's.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A row for each token.
pub(crate) type Matrix = Vec<Vec<f64>>;
/// Parameters by their paths: extents, and numbers row-major.
pub(crate) type Weights = BTreeMap<String, (Vec<usize>, Vec<f64>)>;

/// Everything computed on the way, for one pair of texts.
#[derive(Debug, Default)]
pub(crate) struct Computed {
    /// The embeddings, then what each layer makes of them: of the source, and of the target.
    pub(crate) encoder_hidden: Vec<Matrix>,
    pub(crate) decoder_hidden: Vec<Matrix>,
    /// What each layer's heads look at, `[layer][head]`: in the source, in the target, across.
    pub(crate) encoder_attention: Vec<Vec<Matrix>>,
    pub(crate) decoder_attention: Vec<Vec<Matrix>>,
    pub(crate) cross_attention: Vec<Vec<Matrix>>,
    /// What comes after each position of the target, before the softmax.
    pub(crate) logits: Matrix,
}

/// A model: sizes and weights.
pub(crate) struct Equations<'a> {
    pub(crate) config: &'a Map<String, Value>,
    pub(crate) weights: &'a Weights,
}

impl Equations<'_> {
    fn size(&self, field: &str) -> usize {
        self.config[field].as_u64().unwrap() as usize
    }

    fn vector(&self, name: &str) -> &[f64] {
        &self.weights[name].1
    }

    fn matrix(&self, name: &str) -> Matrix {
        let (shape, numbers) = &self.weights[name];
        numbers.chunks(shape[1]).map(<[f64]>::to_vec).collect()
    }

    /// The whole model.
    pub(crate) fn compute(&self, source: &[i64], target: &[i64]) -> Computed {
        let mut computed = Computed::default();
        let mut read = self.embed(source);
        computed.encoder_hidden.push(read.clone());
        for layer in 0..self.size("n_encoder_layers") {
            let name = |part: &str| format!("encoder.{layer}.{part}");
            let (attended, maps) = self.attention(&read, &read, &name("attention"), |_, _| true);
            read = self.add_and_norm(&read, &attended, &name("attention_norm"));
            read = self.add_and_norm(&read, &self.feed_forward(&read, &name("mlp")), &name("mlp_norm"));
            computed.encoder_hidden.push(read.clone());
            computed.encoder_attention.push(maps);
        }
        let mut written = self.embed(target);
        computed.decoder_hidden.push(written.clone());
        for layer in 0..self.size("n_decoder_layers") {
            let name = |part: &str| format!("decoder.{layer}.{part}");
            let (attended, maps) = self.attention(&written, &written, &name("attention"), |i, j| j <= i);
            written = self.add_and_norm(&written, &attended, &name("attention_norm"));
            let (looked, across) = self.attention(&written, &read, &name("cross_attention"), |_, _| true);
            written = self.add_and_norm(&written, &looked, &name("cross_norm"));
            written = self.add_and_norm(&written, &self.feed_forward(&written, &name("mlp")), &name("mlp_norm"));
            computed.decoder_hidden.push(written.clone());
            computed.decoder_attention.push(maps);
            computed.cross_attention.push(across);
        }
        let table = self.matrix("token.weight");
        let score = |row: &Vec<f64>, token: &Vec<f64>| row.iter().zip(token).map(|(a, b)| a * b).sum();
        computed.logits = written.iter().map(|row| table.iter().map(|token| score(row, token)).collect()).collect();
        computed
    }

    /// §3.4 and §3.5.
    fn embed(&self, ids: &[i64]) -> Matrix {
        let (table, d_model) = (self.matrix("token.weight"), self.size("d_model"));
        let number = |position: usize, id: i64, d: usize| {
            let angle = position as f64 / 10_000f64.powf((d - d % 2) as f64 / d_model as f64);
            let wave = if d.is_multiple_of(2) { angle.sin() } else { angle.cos() };
            (d_model as f64).sqrt() * table[id as usize][d] + wave
        };
        let row = |(position, &id)| (0..d_model).map(|d| number(position, id, d)).collect();
        ids.iter().enumerate().map(row).collect()
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
    fn attention(
        &self,
        queries: &Matrix,
        keys: &Matrix,
        name: &str,
        sees: impl Fn(usize, usize) -> bool,
    ) -> (Matrix, Vec<Matrix>) {
        let [q, k, v] =
            [(queries, "query"), (keys, "key"), (keys, "value")].map(|(x, map)| self.map(x, &format!("{name}.{map}")));
        let n_heads = self.size("n_heads");
        let width = self.size("d_model") / n_heads;
        let mut told = vec![vec![0.0; n_heads * width]; queries.len()];
        let mut maps = Vec::new();
        for head in 0..n_heads {
            let at = head * width..(head + 1) * width;
            let weight = |i: usize, j: usize| {
                let product: f64 = at.clone().map(|d| q[i][d] * k[j][d]).sum();
                if sees(i, j) { (product / (width as f64).sqrt()).exp() } else { 0.0 }
            };
            let row = |i: usize| -> Vec<f64> {
                let weights: Vec<f64> = (0..keys.len()).map(|j| weight(i, j)).collect();
                let total: f64 = weights.iter().sum();
                weights.into_iter().map(|weight| weight / total).collect()
            };
            let map: Matrix = (0..queries.len()).map(row).collect();
            for (told, map) in told.iter_mut().zip(&map) {
                for d in at.clone() {
                    told[d] = map.iter().zip(&v).map(|(weight, v)| weight * v[d]).sum();
                }
            }
            maps.push(map);
        }
        (self.map(&told, &format!("{name}.output")), maps)
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
        let (gamma, beta) = (self.vector(&format!("{name}.gamma")), self.vector(&format!("{name}.beta")));
        let eps = self.config["norm_eps"].as_f64().unwrap();
        let norm = |(x, y): (&Vec<f64>, &Vec<f64>)| {
            let sum: Vec<f64> = x.iter().zip(y).map(|(x, y)| x + y).collect();
            let mean = sum.iter().sum::<f64>() / sum.len() as f64;
            let variance = sum.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / sum.len() as f64;
            sum.iter().zip(gamma).zip(beta).map(|((x, g), b)| g * (x - mean) / (variance + eps).sqrt() + b).collect()
        };
        x.iter().zip(sublayer).map(norm).collect()
    }
}
