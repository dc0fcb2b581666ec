//! A small model that attends within segments and remembers the ones before, and one switch that breaks a part of it.

use burn::module::{Initializer, Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::activation::{sigmoid, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use zoo_registry::config::Rules;
use zoo_registry::include_dir::Dir;
use zoo_registry::output::Trace;
use zoo_registry::{
    Architecture, Descriptor, Family, HeadOutput, Limits, Network, Output, Pattern, Patterns, Problem, Row, TokenBatch,
    TokenLimits, WeightNames,
};

use super::folder;

/// What is wrong with a memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[rustfmt::skip]
pub(crate) enum MemoBug {
    Nothing,
    // What is remembered, and how much it counts.
    OwnSegmentRemembered, OrderRemembered, OldestForgotten, NeverRead, GateReversed, GateShut, NormaliserOfAll,
    // What is seen.
    NeighbourSegmentSeen,
}

const TOML: &str = include_str!("memo.toml");

/// The toy that remembers, with one bug; [`MemoBug::Nothing`] is healthy.
pub(crate) fn memo(bug: MemoBug) -> &'static dyn Architecture {
    let files = [("memo.toml", TOML), ("README.md", "# Memo\n\nMade for breaking.")];
    let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).to_vec();
    Box::leak(Box::new(MemoFamily { bug, descriptor: Descriptor::parse(TOML).unwrap(), folder: folder("", files) }))
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    vocab_size: usize,
    d_model: usize,
    n_layers: usize,
    n_heads: usize,
    segment_len: usize,
}

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        Rules::new()
            .size("vocab_size", self.vocab_size)
            .size("d_model", self.d_model)
            .layers("n_layers", self.n_layers)
            .size("n_heads", self.n_heads)
            .divides(("n_heads", self.n_heads), ("d_model", self.d_model))
            .size("segment_len", self.segment_len)
            .broken()
    }
}

#[derive(Module, Debug)]
pub(crate) struct Memo {
    tokens: Embedding,
    layers: Vec<Layer>,
    #[module(skip)]
    config: Config,
    #[module(skip)]
    bug: MemoBug,
}

/// A residual layer: what is seen in the segment, what is remembered of those before, a gate for each head between them.
#[derive(Module, Debug)]
struct Layer {
    inward: Linear,
    outward: Linear,
    gate: Param<Tensor<1>>,
    /// A number for each head, times the distance.
    slope: Param<Tensor<1>>,
}

/// Where each token stands in its text, padding left out.
struct Places {
    rows: Vec<Vec<Option<usize>>>,
    device: Device,
}

impl Places {
    fn of(batch: &TokenBatch) -> Self {
        let [rows, len] = batch.dims();
        let mask = batch.attention_mask.as_ref().map(|mask| mask.to_data().iter::<bool>().collect::<Vec<_>>());
        let row = |row: usize| {
            let mut next = 0;
            let place = |at: usize| {
                let real = mask.as_ref().is_none_or(|mask| mask[row * len + at]);
                next += usize::from(real);
                real.then(|| next - 1)
            };
            (0..len).map(place).collect()
        };
        Self { rows: (0..rows).map(row).collect(), device: batch.device() }
    }

    /// A number for each pair of real tokens, `[batch, 1, len, len]`; `other` where one is padding.
    fn pairs(&self, other: f32, number: impl Fn(usize, usize) -> f32) -> Tensor<4> {
        let len = self.rows[0].len();
        let pair = |query: Option<usize>, key: Option<usize>| query.zip(key).map_or(other, |(q, k)| number(q, k));
        let all = self.rows.iter().flat_map(|row| {
            let number = &pair;
            row.iter().flat_map(move |&query| row.iter().map(move |&key| number(query, key)))
        });
        Tensor::from_data(TensorData::new(all.collect::<Vec<f32>>(), [self.rows.len(), 1, len, len]), &self.device)
    }
}

const HIDDEN: f32 = -1e9;

impl Layer {
    fn forward(
        &self,
        hidden: Tensor<3>,
        places: &Places,
        config: &Config,
        bug: MemoBug,
        trace: &mut Trace,
    ) -> Tensor<3> {
        let [batch, len, d_model] = hidden.dims();
        let (heads, segment) = (config.n_heads, config.segment_len);
        let joint = self.inward.forward(hidden.clone().tanh());
        let part = |part: usize| {
            joint
                .clone()
                .narrow(2, part * d_model, d_model)
                .reshape([batch, len, heads, d_model / heads])
                .swap_dims(1, 2)
        };
        let [query, key, value] = [part(0), part(1), part(2)];

        let slope = self.slope.val().reshape([1, heads, 1, 1]);
        let distance = places.pairs(0.0, |q, k| q as f32 - k as f32) * slope;
        let sees = |q: usize, k: usize| match bug {
            MemoBug::NeighbourSegmentSeen => k <= q && q / segment - k / segment <= 1,
            _ => k <= q && q / segment == k / segment,
        };
        let bias = places.pairs(HIDDEN, |q, k| if sees(q, k) { 0.0 } else { HIDDEN });
        let weights = softmax(query.clone().matmul(key.clone().swap_dims(2, 3)) + distance + bias, 3);
        trace.attention(&weights);
        let seen = weights.matmul(value.clone());

        // σ(q) · σ(k) for every key of an earlier segment, over their sum: what a matrix of fixed size would give.
        let earlier = places.pairs(0.0, |q, k| {
            let (now, then) = (q / segment, k / segment);
            let kept = match bug {
                MemoBug::OwnSegmentRemembered => then <= now && k <= q,
                MemoBug::OldestForgotten => then + 1 == now,
                MemoBug::NeverRead => false,
                _ => then < now,
            };
            let strength = if bug == MemoBug::OrderRemembered { 1.0 + 0.1 * (k % segment) as f32 } else { 1.0 };
            if kept { strength } else { 0.0 }
        });
        let [query, key] = [query, key].map(|x| sigmoid(x) + 0.1);
        let kept = query.clone().matmul(key.clone().swap_dims(2, 3)) * earlier.clone();
        let all = match bug {
            MemoBug::NormaliserOfAll => key.sum_dim(3).swap_dims(2, 3).mul(earlier).sum_dim(3),
            _ => kept.clone().sum_dim(3),
        };
        let remembered = kept.matmul(value) / (all + 1e-9);

        let gate = match bug {
            MemoBug::GateReversed => self.gate.val().neg(),
            _ => self.gate.val(),
        };
        let gate = sigmoid(gate).reshape([1, heads, 1, 1]);
        let context = remembered * gate.clone() + seen * (gate.neg() + 1.0);
        hidden + self.outward.forward(context.swap_dims(1, 2).reshape([batch, len, d_model]))
    }
}

impl Network for Memo {
    type Input = TokenBatch;

    fn limits(&self) -> Limits {
        Limits::Tokens(TokenLimits { vocab_size: self.config.vocab_size, max_positions: None, n_token_types: 1 })
    }

    fn patterns(&self) -> Patterns {
        Patterns::alike(self.layers.len(), Pattern::Segments { segment: self.config.segment_len })
    }

    fn forward(&self, batch: TokenBatch, trace: &mut Trace) -> Output {
        let places = Places::of(&batch);
        let mut hidden = self.tokens.forward(batch.input_ids);
        trace.hidden(&hidden);
        for layer in &self.layers {
            hidden = layer.forward(hidden, &places, &self.config, self.bug, trace);
            trace.hidden(&hidden);
        }
        Output::new(HeadOutput::Hidden(hidden))
    }
}

struct MemoFamily {
    bug: MemoBug,
    descriptor: Descriptor,
    folder: Dir<'static>,
}

impl Family for MemoFamily {
    type Config = Config;
    type Network = Memo;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn folder(&self) -> &Dir<'static> {
        &self.folder
    }

    fn init(&self, config: &Config, device: &Device) -> Memo {
        let Config { vocab_size, d_model, n_layers, n_heads, .. } = *config;
        let linear = |d_in, d_out| LinearConfig::new(d_in, d_out).with_bias(false).init(device);
        let begins = if self.bug == MemoBug::GateShut { -100.0 } else { 0.0 };
        let layer = |_| Layer {
            inward: linear(d_model, 3 * d_model),
            outward: linear(d_model, d_model),
            gate: Initializer::Constant { value: begins }.init([n_heads], device),
            slope: Initializer::Normal { mean: 0.0, std: 0.5 }.init([n_heads], device),
        };
        Memo {
            tokens: EmbeddingConfig::new(vocab_size, d_model).init(device),
            layers: (0..n_layers).map(layer).collect(),
            config: config.clone(),
            bug: self.bug,
        }
    }

    fn weight_names(&self, _config: &Config) -> WeightNames {
        const ROWS: [Row; 4] = [
            Row::same("tokens", &["tokens"]),
            Row::transposed("h.*.qkv", &["layers.*.inward"]),
            Row::transposed("h.*.o", &["layers.*.outward"]),
            Row::same("h.*", &["layers.*"]),
        ];
        WeightNames::new("", ROWS)
    }
}
