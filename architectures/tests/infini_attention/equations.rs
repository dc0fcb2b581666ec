//! The paper's equations once more, in plain loops over numbers: no tensor, no shared layer, one text at a time. In f64 it is
//! what the model is compared with; in f32 its distance from that is the noise that errors are measured in.
//!
//! Munkhdalai, Faruqui and Gopal 2024, arXiv 2404.07143v2; equation numbers are that paper's.

use std::collections::BTreeMap;
use std::ops::{Add, Div, Mul, Neg, Sub};

use serde_json::{Map, Value};

/// A number of one of the two precisions.
pub(crate) trait Number:
    Copy
    + PartialOrd
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    fn of(number: f64) -> Self;
    fn wide(self) -> f64;
    fn exp(self) -> Self;
    fn sqrt(self) -> Self;
    fn tanh(self) -> Self;
    fn sin_cos(self) -> (Self, Self);
}

macro_rules! number {
    ($($float:ty),*) => {$(
        impl Number for $float {
            fn of(number: f64) -> Self { number as Self }
            fn wide(self) -> f64 { f64::from(self) }
            fn exp(self) -> Self { self.exp() }
            fn sqrt(self) -> Self { self.sqrt() }
            fn tanh(self) -> Self { self.tanh() }
            fn sin_cos(self) -> (Self, Self) { self.sin_cos() }
        }
    )*};
}
number!(f32, f64);

/// Parameters by their paths, row-major.
pub(crate) type Weights = BTreeMap<String, Vec<f64>>;
/// One row a token.
pub(crate) type Rows<N> = Vec<Vec<N>>;

/// Everything computed on the way, for one text.
pub(crate) struct Computed<N> {
    /// The embeddings, then every layer's result, the last one normed: `[n_layers + 1][seq_len][d_model]`.
    pub(crate) hidden_states: Vec<Rows<N>>,
    /// Softmax weights of the local attention, 0 outside of the segment: `[n_layers][n_heads][seq_len][seq_len]`.
    pub(crate) attentions: Vec<Vec<Rows<N>>>,
    /// `[seq_len][vocab_size]`
    pub(crate) logits: Rows<N>,
}

/// A model: sizes, choices and weights.
pub(crate) struct Equations<'a> {
    pub(crate) config: &'a Map<String, Value>,
    pub(crate) weights: &'a Weights,
}

impl Equations<'_> {
    fn size(&self, field: &str) -> usize {
        self.config[field].as_u64().unwrap() as usize
    }

    fn real(&self, field: &str) -> f64 {
        self.config[field].as_f64().unwrap()
    }

    fn word(&self, field: &str) -> &str {
        self.config[field].as_str().unwrap()
    }

    fn weight<N: Number>(&self, path: &str) -> Vec<N> {
        let found = self.weights.get(path).unwrap_or_else(|| panic!("no weight `{path}`"));
        found.iter().map(|&number| N::of(number)).collect()
    }

    /// The whole model.
    pub(crate) fn compute<N: Number>(&self, ids: &[i64]) -> Computed<N> {
        let d_model = self.size("d_model");
        let table: Vec<N> = self.weight("token.weight");
        let mut hidden: Rows<N> = ids.iter().map(|&id| table[id as usize * d_model..][..d_model].to_vec()).collect();
        let (mut hidden_states, mut attentions) = (vec![hidden.clone()], Vec::new());
        for layer in 0..self.size("n_layers") {
            let path = format!("layers.{layer}");
            let (attended, maps) =
                self.attention(&format!("{path}.attention"), &self.norms(&format!("{path}.attention_norm"), &hidden));
            hidden = sums(&hidden, &attended);
            let expanded = self.mlp(&format!("{path}.mlp"), &self.norms(&format!("{path}.mlp_norm"), &hidden));
            hidden = sums(&hidden, &expanded);
            hidden_states.push(hidden.clone());
            attentions.push(maps);
        }
        let last = self.norms("norm", &hidden);
        *hidden_states.last_mut().unwrap() = last.clone();
        let logits = match self.config["tied"].as_bool().unwrap() {
            true => last.iter().map(|h| table.chunks(d_model).map(|row| dot(h, row)).collect()).collect(),
            false => last.iter().map(|h| through(h, &self.weight("output.weight"))).collect(),
        };
        Computed { hidden_states, attentions, logits }
    }

    /// −log p of each token after the first, the mean over all texts.
    pub(crate) fn loss<N: Number>(&self, texts: &[Vec<i64>]) -> N {
        let mut surprises = Vec::new();
        for text in texts {
            let logits = self.compute::<N>(text).logits;
            for (scores, &next) in logits.iter().zip(&text[1..]) {
                let total = sum(scores.iter().map(|score| score.exp()));
                surprises.push(N::of(total.wide().ln()) - scores[next as usize]);
            }
        }
        sum(surprises.iter().copied()) / N::of(surprises.len() as f64)
    }

    /// Layer norm of every token.
    fn norms<N: Number>(&self, path: &str, hidden: &Rows<N>) -> Rows<N> {
        let gamma: Vec<N> = self.weight(&format!("{path}.gamma"));
        let beta: Vec<N> = self.weight(&format!("{path}.beta"));
        let eps = N::of(self.real("norm_eps"));
        let norm = |x: &Vec<N>| {
            let n = N::of(x.len() as f64);
            let mean = sum(x.iter().copied()) / n;
            let variance = sum(x.iter().map(|&x| (x - mean) * (x - mean))) / n;
            let scale = (variance + eps).sqrt();
            (0..x.len()).map(|i| (x[i] - mean) / scale * gamma[i] + beta[i]).collect()
        };
        hidden.iter().map(norm).collect()
    }

    fn mlp<N: Number>(&self, path: &str, hidden: &Rows<N>) -> Rows<N> {
        let weight = |name: &str| self.weight::<N>(&format!("{path}.{name}"));
        let (up, up_bias, down, down_bias) =
            (weight("up.weight"), weight("up.bias"), weight("down.weight"), weight("down.bias"));
        let forward = |x: &Vec<N>| {
            let inner: Vec<N> = add(&through(x, &up), &up_bias).into_iter().map(|x| self.activation(x)).collect();
            add(&through(&inner, &down), &down_bias)
        };
        hidden.iter().map(forward).collect()
    }

    fn activation<N: Number>(&self, x: N) -> N {
        let (half, one) = (N::of(0.5), N::of(1.0));
        match self.word("activation") {
            "relu" => {
                if x > N::of(0.0) {
                    x
                } else {
                    N::of(0.0)
                }
            }
            "gelu" => half * x * (one + N::of(erf(x.wide() / 2f64.sqrt()))),
            "gelu-tanh" => {
                let inner = N::of((2.0 / std::f64::consts::PI).sqrt()) * (x + N::of(0.044_715) * x * x * x);
                half * x * (one + inner.tanh())
            }
            "silu" => x / (one + (-x).exp()),
            "tanh" => x.tanh(),
            other => panic!("no activation `{other}`"),
        }
    }

    /// Equations 4 to 11: every head on its own, then the map over all of them. Returns the local attention's weights too.
    fn attention<N: Number>(&self, path: &str, hidden: &Rows<N>) -> (Rows<N>, Vec<Rows<N>>) {
        let (n_heads, head_dim) = (self.size("n_heads"), self.size("head_dim"));
        let projected = |name: &str| -> Rows<N> {
            let map = self.weight(&format!("{path}.heads.{name}.weight"));
            hidden.iter().map(|x| through(x, &map)).collect()
        };
        let (query, key, value) = (projected("query"), projected("key"), projected("value"));
        let betas: Vec<N> = self.weight(&format!("{path}.gate"));
        let of_head = |rows: &Rows<N>, head: usize| -> Rows<N> {
            rows.iter().map(|row| row[head * head_dim..][..head_dim].to_vec()).collect()
        };
        let mut joined: Rows<N> = vec![Vec::new(); hidden.len()];
        let mut maps = Vec::new();
        assert_eq!(betas.len(), n_heads);
        for (head, &beta) in betas.iter().enumerate() {
            let [q, k, v] = [&query, &key, &value].map(|rows| of_head(rows, head));
            let (contexts, map) = self.head(&q, &k, &v, beta);
            for (joined, context) in joined.iter_mut().zip(contexts) {
                joined.extend(context);
            }
            maps.push(map);
        }
        let output = self.weight(&format!("{path}.heads.output.weight"));
        (joined.iter().map(|context| through(context, &output)).collect(), maps)
    }

    fn head<N: Number>(&self, q: &Rows<N>, k: &Rows<N>, v: &Rows<N>, beta: N) -> (Rows<N>, Rows<N>) {
        let (len, width) = (q.len(), q[0].len());
        let gate = N::of(1.0) / (N::of(1.0) + (-beta).exp());
        let mut memory = Memory { m: vec![vec![N::of(0.0); width]; width], z: vec![N::of(0.0); width] };
        let (mut contexts, mut map) = (Vec::new(), vec![vec![N::of(0.0); len]; len]);
        for start in (0..len).step_by(self.size("segment_len")) {
            let end = (start + self.size("segment_len")).min(len);
            for t in start..end {
                // Equation 6, with √d_key.
                let turned = self.turned(&q[t], t);
                let scores: Vec<N> =
                    (start..=t).map(|i| dot(&turned, &self.turned(&k[i], i)) / N::of(width as f64).sqrt()).collect();
                let most =
                    scores.iter().copied().fold(scores[0], |most, score| if score > most { score } else { most });
                let total = sum(scores.iter().map(|&score| (score - most).exp()));
                let mut seen = vec![N::of(0.0); width];
                for (i, score) in (start..=t).zip(scores) {
                    map[t][i] = (score - most).exp() / total;
                    for d in 0..width {
                        seen[d] = seen[d] + map[t][i] * v[i][d];
                    }
                }
                // Equations 7 and 10.
                let remembered = memory.retrieve(&q[t]);
                contexts.push((0..width).map(|d| gate * remembered[d] + (N::of(1.0) - gate) * seen[d]).collect());
            }
            memory.write(&k[start..end], &v[start..end], self.word("update") == "delta");
        }
        (contexts, map)
    }

    /// Rotary positions, counted from the start of the text, coordinate m paired with m + d/2.
    fn turned<N: Number>(&self, x: &[N], position: usize) -> Vec<N> {
        let half = x.len() / 2;
        let mut turned = x.to_vec();
        for m in 0..half {
            let speed = self.real("rope_theta").powf(-2.0 * m as f64 / x.len() as f64);
            let (sin, cos) = (N::of(position as f64) * N::of(speed)).sin_cos();
            turned[m] = x[m] * cos - x[m + half] * sin;
            turned[m + half] = x[m] * sin + x[m + half] * cos;
        }
        turned
    }
}

/// One head's memory.
pub(crate) struct Memory<N> {
    pub(crate) m: Rows<N>,
    pub(crate) z: Vec<N>,
}

impl<N: Number> Memory<N> {
    /// Equation 7; 0 where nothing was written.
    pub(crate) fn retrieve(&self, query: &[N]) -> Vec<N> {
        let features: Vec<N> = query.iter().map(|&x| elu_plus_one(x)).collect();
        let total = dot(&features, &self.z);
        let of_column = |d: usize| sum((0..features.len()).map(|i| features[i] * self.m[i][d]));
        let written = total > N::of(0.0);
        (0..self.m[0].len()).map(|d| if written { of_column(d) / total } else { N::of(0.0) }).collect()
    }

    /// Equation 8, or 9: every token of the segment against the memory before the segment.
    pub(crate) fn write(&mut self, keys: &[Vec<N>], values: &[Vec<N>], delta: bool) {
        let known: Rows<N> = keys.iter().map(|key| self.retrieve(key)).collect();
        for ((key, value), known) in keys.iter().zip(values).zip(known) {
            for (i, &x) in key.iter().enumerate() {
                let feature = elu_plus_one(x);
                self.z[i] = self.z[i] + feature;
                for d in 0..value.len() {
                    let new = if delta { value[d] - known[d] } else { value[d] };
                    self.m[i][d] = self.m[i][d] + feature * new;
                }
            }
        }
    }
}

pub(crate) fn elu_plus_one<N: Number>(x: N) -> N {
    if x > N::of(0.0) { x + N::of(1.0) } else { x.exp() }
}

fn sum<N: Number>(numbers: impl Iterator<Item = N>) -> N {
    numbers.fold(N::of(0.0), |sum, x| sum + x)
}

fn dot<N: Number>(a: &[N], b: &[N]) -> N {
    assert_eq!(a.len(), b.len());
    sum(a.iter().zip(b).map(|(&a, &b)| a * b))
}

fn add<N: Number>(a: &[N], b: &[N]) -> Vec<N> {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| a + b).collect()
}

fn sums<N: Number>(a: &Rows<N>, b: &Rows<N>) -> Rows<N> {
    a.iter().zip(b).map(|(a, b)| add(a, b)).collect()
}

/// `x W` with `W [x.len(), …]`.
fn through<N: Number>(x: &[N], map: &[N]) -> Vec<N> {
    let width = map.len() / x.len();
    assert_eq!(width * x.len(), map.len());
    (0..width).map(|column| sum((0..x.len()).map(|row| x[row] * map[row * width + column]))).collect()
}

/// The error function: its Taylor series where that is exact, the continued fraction of the complement beyond.
fn erf(x: f64) -> f64 {
    let root_pi = std::f64::consts::PI.sqrt();
    if x.abs() > 2.5 {
        let fraction = (1..=80).rev().fold(x.abs(), |below, n| x.abs() + f64::from(n) / 2.0 / below);
        return x.signum() * (1.0 - (-x * x).exp() / (root_pi * fraction));
    }
    let (mut term, mut total) = (x, x);
    for n in 1..100 {
        term *= -x * x / f64::from(n);
        total += term / f64::from(2 * n + 1);
    }
    total * 2.0 / root_pi
}
