//! What one layer makes of a text, in plain loops over named parameters: no tensor, and nothing that families are built from.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use zoo_registry::Pattern;
use zoo_registry::descriptor::Pairs;

use super::declared::{Attention, Kind, Norm, Placement, Stack};
use super::real::{Activation, Real};
use crate::check::{Stop, require};

/// Every parameter by our path.
pub(crate) type Weights = BTreeMap<String, TensorData>;
/// A vector for each token.
pub(crate) type Text<R> = Vec<Vec<R>>;

/// What a token looks at, besides its own text.
pub(crate) struct Around<'a, R> {
    /// Which tokens are real.
    pub real: &'a [bool],
    /// What the encoder made of the source, and which of that is real.
    pub source: Option<(Text<R>, &'a [bool])>,
    /// What positions alone add to each score, as a [`Look`] has them.
    pub bias: Option<Vec<f64>>,
}

/// What attention did, `[head][query][key]` in a row.
pub(crate) struct Look<R> {
    pub across: bool,
    pub dims: [usize; 3],
    /// Before positions and masks.
    pub scores: Vec<R>,
    pub map: Vec<R>,
    /// `[query][key]`.
    pub sees: Vec<bool>,
}

/// What a layer makes of a text, and what it did on the way.
pub(crate) struct Pass<R> {
    pub text: Text<R>,
    pub looks: Vec<Look<R>>,
    /// The smallest and the largest number that an activation met.
    pub met: [f64; 2],
}

impl Stack {
    /// What layer `index` makes of `text`.
    pub(crate) fn layer<R: Real>(
        &self,
        weights: &Weights,
        index: usize,
        mut text: Text<R>,
        around: &Around<'_, R>,
    ) -> Result<Pass<R>, Stop> {
        let (mut looks, mut met) = (Vec::new(), [f64::INFINITY, f64::NEG_INFINITY]);
        for part in &self.parts {
            let (module, norm) = (self.path(index, &part.module), self.path(index, &part.norm));
            let read = match self.placement {
                Placement::Pre => self.normed(weights, &norm, &text)?,
                Placement::Post => text.clone(),
            };
            let told = match &part.kind {
                Kind::Attention(attention) => {
                    let (told, look) = self.attend(weights, (&module, index), attention, &read, around)?;
                    looks.push(look);
                    told
                }
                Kind::Mlp(activation) => mlp(weights, &module, *activation, &read, &mut met)?,
            };
            for (x, told) in text.iter_mut().flatten().zip(told.iter().flatten()) {
                *x = *x + *told;
            }
            if self.placement == Placement::Post {
                text = self.normed(weights, &norm, &text)?;
            }
        }
        Ok(Pass { text, looks, met })
    }

    /// Every token, normed by the parameters at `path`.
    pub(crate) fn normed<R: Real>(&self, weights: &Weights, path: &str, text: &Text<R>) -> Result<Text<R>, Stop> {
        let gamma = of(weights, &format!("{path}.gamma"))?;
        let beta = weights.get(&format!("{path}.beta")).map(numbers).transpose()?;
        let normed = |x: &Vec<R>| {
            let width = R::of(x.len() as f64);
            let mean = match self.norm {
                Norm::Layer => x.iter().copied().sum::<R>() / width,
                Norm::Rms => R::of(0.0),
            };
            let square = x.iter().map(|&x| (x - mean) * (x - mean)).sum::<R>() / width;
            let root = (square + R::of(self.eps)).map(f64::sqrt);
            let shift = |at: usize| beta.map_or(R::of(0.0), |beta| R::of(beta[at].into()));
            x.iter()
                .zip(gamma)
                .enumerate()
                .map(|(at, (&x, &g))| (x - mean) / root * R::of(g.into()) + shift(at))
                .collect()
        };
        match text.first() {
            Some(x) if x.len() != gamma.len() => {
                Err(Stop::fails(format!("expected `{path}.gamma` of {}, found {}", x.len(), gamma.len())))
            }
            _ => Ok(text.iter().map(normed).collect()),
        }
    }

    fn attend<R: Real>(
        &self,
        weights: &Weights,
        (module, index): (&str, usize),
        attention: &Attention,
        text: &Text<R>,
        around: &Around<'_, R>,
    ) -> Result<(Text<R>, Look<R>), Stop> {
        let (looked_at, real) = match (&around.source, attention.across) {
            (Some((source, real)), true) => (source, *real),
            (None, true) => return Err(Stop::fails(format!("`{module}` looks across, but nothing was read"))),
            _ => (text, around.real),
        };
        let map = |name: &str, text: &Text<R>| linear(weights, &format!("{module}.{name}"), text);
        let (mut query, mut key, value) = (map("query", text)?, map("key", looked_at)?, map("value", looked_at)?);
        let [q_len, kv_len] = [query.len(), key.len()];
        let [width, key_width] = [&query, &key].map(|text| text.first().map_or(0, Vec::len));
        let n_heads = attention.n_heads;
        let head_dim = width / n_heads;
        if head_dim == 0 || width % n_heads != 0 || key_width % head_dim != 0 {
            return Err(Stop::fails(format!(
                "`{module}`: {n_heads} heads do not share {width} queries, {key_width} keys"
            )));
        }
        let shared_by = n_heads / (key_width / head_dim);

        // A token's place among the real ones.
        let places: Vec<usize> =
            (0..around.real.len()).map(|at| around.real[..at].iter().filter(|real| **real).count()).collect();
        let pattern = self.patterns.get(index).copied().unwrap_or(Pattern::Full);
        let sees = |q: usize, k: usize| real[k] && (attention.across || pattern.sees(places[q], places[k]));
        if let Some((theta, pairs)) = attention.rotary {
            for (at, row) in query.iter_mut().enumerate().chain(key.iter_mut().enumerate()) {
                let place = match pattern {
                    Pattern::Segments { segment } => places[at] % segment.max(1),
                    _ => places[at],
                };
                turn(row, head_dim, place as f64, (theta, pairs));
            }
        }

        let depth = if attention.by_depth { (index + 1) as f64 } else { 1.0 };
        let scale = if attention.by_width { (head_dim as f64).sqrt().recip() } else { 1.0 } / depth;
        let distances = attention.distances.as_ref();
        let distances = distances.map(|(table, with_key)| {
            let path = format!("{}.weight", self.path(index, table));
            let rows = of(weights, &path)?;
            let (given, needed) = (rows.len() / head_dim, 2 * q_len.max(kv_len) - 1);
            require(given >= needed && given % 2 == 1, || {
                format!("expected `{path}` with an odd number of rows, at least {needed}, found {given}")
            })?;
            Ok::<_, Stop>(Table { rows, width: head_dim, with_key: *with_key })
        });
        let distances = distances.transpose()?;
        let dims = [n_heads, q_len, kv_len];
        let mut look = Look { across: attention.across, dims, scores: Vec::new(), map: Vec::new(), sees: Vec::new() };
        look.sees.extend((0..q_len).flat_map(|q| (0..kv_len).map(move |k| (q, k))).map(|(q, k)| sees(q, k)));
        let mut contexts = vec![Vec::with_capacity(width); q_len];
        for head in 0..n_heads {
            let (own, shared) = (head * head_dim, head / shared_by * head_dim);
            for q in 0..q_len {
                let dot = |k: usize| {
                    let (query, key) = (&query[q][own..own + head_dim], &key[k][shared..shared + head_dim]);
                    let content = product(query, key.iter().copied());
                    distances.as_ref().map_or(content, |table| content + table.scores(query, key, [q, k]))
                };
                let scores: Vec<R> = (0..kv_len).map(|k| dot(k) * R::of(scale)).collect();
                let seen = &look.sees[q * kv_len..][..kv_len];
                let bias =
                    around.bias.as_ref().filter(|_| !attention.across).map(|bias| &bias[(head * q_len + q) * kv_len..]);
                let with_bias = |(k, &score): (usize, &R)| score + R::of(bias.map_or(0.0, |bias| bias[k]));
                let weights = softmax(&scores.iter().enumerate().map(with_bias).collect::<Vec<R>>(), seen);
                let context = |d: usize| (0..kv_len).map(|k| weights[k] * value[k][shared + d]).sum::<R>();
                contexts[q].extend((0..head_dim).map(context));
                look.scores.extend(scores);
                look.map.extend(weights);
            }
        }
        Ok((linear(weights, &format!("{module}.output"), &contexts)?, look))
    }
}

/// A vector for each distance, that of distance 0 in the middle.
struct Table<'a> {
    rows: &'a [f32],
    width: usize,
    with_key: bool,
}

impl Table<'_> {
    /// `q a_{i−j}`, and `k a_{i−j}` where keys are compared too.
    fn scores<R: Real>(&self, query: &[R], key: &[R], [i, j]: [usize; 2]) -> R {
        let row = self.rows.len() / self.width / 2 + i - j;
        let vector = || self.rows[row * self.width..][..self.width].iter().map(|&x| R::of(x.into()));
        let from_query = product(query, vector());
        if self.with_key { from_query + product(key, vector()) } else { from_query }
    }
}

fn product<R: Real>(a: &[R], b: impl Iterator<Item = R>) -> R {
    a.iter().zip(b).map(|(&a, b)| a * b).sum()
}

/// `exp(x) / Σ exp(x)` over what is seen, 0 elsewhere; 0 everywhere if nothing is.
fn softmax<R: Real>(scores: &[R], seen: &[bool]) -> Vec<R> {
    let most =
        scores.iter().zip(seen).filter(|(_, seen)| **seen).map(|(x, _)| x.wide()).fold(f64::NEG_INFINITY, f64::max);
    let up = |(&x, &seen): (&R, &bool)| if seen { (x - R::of(most)).map(f64::exp) } else { R::of(0.0) };
    let up: Vec<R> = scores.iter().zip(seen).map(up).collect();
    let total: R = up.iter().copied().sum();
    up.into_iter().map(|x| if total > R::of(0.0) { x / total } else { x }).collect()
}

/// Turns every head of a query or key by its place.
fn turn<R: Real>(row: &mut [R], head_dim: usize, place: f64, (theta, pairs): (f64, Pairs)) {
    let half = head_dim / 2;
    for head in row.chunks_mut(head_dim) {
        for m in 0..half {
            let angle = place * theta.powf(-2.0 * m as f64 / head_dim as f64);
            let (a, b) = match pairs {
                Pairs::Halves => (m, half + m),
                Pairs::Neighbours => (2 * m, 2 * m + 1),
            };
            let (x, y, cos, sin) = (head[a], head[b], R::of(angle.cos()), R::of(angle.sin()));
            (head[a], head[b]) = (x * cos - y * sin, y * cos + x * sin);
        }
    }
}

fn mlp<R: Real>(
    weights: &Weights,
    module: &str,
    activation: Activation,
    text: &Text<R>,
    met: &mut [f64; 2],
) -> Result<Text<R>, Stop> {
    let map = |name: &str, text: &Text<R>| linear(weights, &format!("{module}.{name}"), text);
    let gated = weights.contains_key(&format!("{module}.gate.weight"));
    let mut inner = map(if gated { "gate" } else { "up" }, text)?;
    for x in inner.iter_mut().flatten() {
        *met = [met[0].min(x.wide()), met[1].max(x.wide())];
        *x = x.map(|x| activation.at(x));
    }
    if gated {
        let up = map("up", text)?;
        for (x, up) in inner.iter_mut().flatten().zip(up.iter().flatten()) {
            *x = *x * *up;
        }
    }
    map("down", &inner)
}

/// `x W + b` of every token, `W [d_in, d_out]`.
fn linear<R: Real>(weights: &Weights, path: &str, text: &Text<R>) -> Result<Text<R>, Stop> {
    let name = format!("{path}.weight");
    let weight = of(weights, &name)?;
    let bias = weights.get(&format!("{path}.bias")).map(numbers).transpose()?;
    let shape = weights[&name].shape().to_vec();
    let d_in = text.first().map_or(0, Vec::len);
    let &[rows, d_out] = shape.as_slice() else {
        return Err(Stop::fails(format!("expected `{name}` as `[d_in, d_out]`, found {shape:?}")));
    };
    if rows != d_in {
        return Err(Stop::fails(format!("expected `{name}` of [{d_in}, …], found {shape:?}")));
    }
    let told = |x: &Vec<R>| {
        let at = |to: usize| {
            let sum: R = x.iter().enumerate().map(|(from, &x)| x * R::of(weight[from * d_out + to].into())).sum();
            bias.map_or(sum, |bias| sum + R::of(bias[to].into()))
        };
        (0..d_out).map(at).collect()
    };
    Ok(text.iter().map(told).collect())
}

fn of<'a>(weights: &'a Weights, name: &str) -> Result<&'a [f32], Stop> {
    let found = weights.get(name);
    numbers(found.ok_or_else(|| Stop::fails(format!("`[[equations]]` needs `{name}`, which the model does not have")))?)
}

fn numbers(data: &TensorData) -> Result<&[f32], Stop> {
    data.as_slice().map_err(|error| Stop::fails(format!("expected f32 parameters: {error:?}")))
}
