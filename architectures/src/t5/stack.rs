//! The two stacks of layers.

use burn::module::Module;
use burn::nn::RmsNorm;
use burn::tensor::{Bool, Device, Tensor};
use zoo_registry::Trace;

use super::config::{Config, FeedForwardKind};
use crate::blocks::{
    Activation, Buckets, GatedMlp, Mlp, MultiHeadAttention, PairCache, RelativeBias, SourceMemory, attend, causal_bias,
    padding_bias, rms_norm, sum,
};

/// Reads a text in both directions.
#[derive(Module, Debug)]
pub struct Encoder {
    position: RelativeBias,
    layers: Vec<EncoderLayer>,
    norm: RmsNorm,
}

/// One encoder layer.
#[derive(Module, Debug)]
pub struct EncoderLayer {
    attention_norm: RmsNorm,
    attention: MultiHeadAttention,
    mlp_norm: RmsNorm,
    mlp: FeedForward,
}

/// Writes a text from left to right, looking at what the encoder read.
#[derive(Module, Debug)]
pub struct Decoder {
    position: RelativeBias,
    layers: Vec<DecoderLayer>,
    norm: RmsNorm,
}

/// One decoder layer.
#[derive(Module, Debug)]
pub struct DecoderLayer {
    attention_norm: RmsNorm,
    attention: MultiHeadAttention,
    cross_norm: RmsNorm,
    cross_attention: MultiHeadAttention,
    mlp_norm: RmsNorm,
    mlp: FeedForward,
}

/// The feed-forward network of a layer.
#[derive(Module, Debug)]
pub enum FeedForward {
    /// With ReLU.
    Plain(Mlp),
    /// With GEGLU.
    Gated(GatedMlp),
}

/// Scores are not divided by `√head_dim`: the initial values of the query maps are small instead.
const SCALE: f64 = 1.0;

impl Encoder {
    /// # Shapes
    /// - `embedded [batch, source_len, d_model]` → the same
    /// - `attention_mask [batch, source_len]`, true at real tokens; `None` if all are
    pub(super) fn forward(
        &self,
        embedded: Tensor<3>,
        attention_mask: Option<Tensor<2, Bool>>,
        trace: &mut Trace,
    ) -> Tensor<3> {
        let [_, len, _] = embedded.dims();
        let bias = sum([attention_mask.map(padding_bias), Some(self.position.forward(len, len))]);
        let mut hidden = embedded;
        for layer in &self.layers {
            trace.hidden(&hidden);
            hidden = layer.forward(hidden, bias.clone(), trace);
        }
        let hidden = self.norm.forward(hidden);
        trace.hidden(&hidden);
        hidden
    }
}

impl EncoderLayer {
    fn forward(&self, hidden: Tensor<3>, bias: Option<Tensor<4>>, trace: &mut Trace) -> Tensor<3> {
        let [query, key, value] = self.attention.project(&self.attention_norm.forward(hidden.clone()));
        let hidden = hidden + self.attention.merge(attend(query, key, value, SCALE, bias, trace));
        hidden.clone() + self.mlp.forward(self.mlp_norm.forward(hidden))
    }
}

impl Decoder {
    /// What every layer looks at of a source, made once.
    pub(super) fn look_at(&self, encoded: &Tensor<3>, attention_mask: Option<Tensor<2, Bool>>) -> SourceMemory {
        SourceMemory::new(encoded, attention_mask, self.layers.iter().map(|layer| &layer.cross_attention))
    }

    /// Reads on after what `memory` holds.
    ///
    /// # Shapes
    /// - `embedded [batch, target_len, d_model]` → the same
    /// - `attention_mask [batch, past + target_len]`, true at real tokens; `None` if all are
    pub(super) fn forward(
        &self,
        embedded: Tensor<3>,
        attention_mask: Option<Tensor<2, Bool>>,
        memory: &mut PairCache,
        trace: &mut Trace,
    ) -> Tensor<3> {
        let [_, q_len, _] = embedded.dims();
        let kv_len = memory.written.len() + q_len;
        // The future is hidden more deeply than padding: padding before a text sees the padding before it, never ahead.
        let future = causal_bias(q_len, kv_len, &embedded.device()) * 2.0;
        let position = self.position.forward(q_len, kv_len);
        let bias = sum([attention_mask.map(padding_bias), Some(future), Some(position)]);

        let mut hidden = embedded;
        for (index, layer) in self.layers.iter().enumerate() {
            trace.hidden(&hidden);
            hidden = layer.forward(hidden, bias.clone(), (index, memory), trace);
        }
        let hidden = self.norm.forward(hidden);
        trace.hidden(&hidden);
        hidden
    }

    /// Layers.
    pub(super) fn len(&self) -> usize {
        self.layers.len()
    }
}

impl DecoderLayer {
    fn forward(
        &self,
        hidden: Tensor<3>,
        bias: Option<Tensor<4>>,
        (index, PairCache { source, written }): (usize, &mut PairCache),
        trace: &mut Trace,
    ) -> Tensor<3> {
        let [query, key, value] = self.attention.project(&self.attention_norm.forward(hidden.clone()));
        let (key, value) = written.append(index, key, value);
        let hidden = hidden + self.attention.merge(attend(query, key, value, SCALE, bias, trace));
        let looking = self.cross_norm.forward(hidden.clone());
        let hidden = hidden + source.attend(index, &self.cross_attention, looking, SCALE, trace);
        hidden.clone() + self.mlp.forward(self.mlp_norm.forward(hidden))
    }
}

impl FeedForward {
    fn forward(&self, hidden: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Plain(mlp) => mlp.forward(hidden),
            Self::Gated(mlp) => mlp.forward(hidden),
        }
    }
}

impl Encoder {
    pub(super) fn init(config: &Config, device: &Device) -> Self {
        let layer = |_| EncoderLayer {
            attention_norm: norm(config, device),
            attention: attention(config, device),
            mlp_norm: norm(config, device),
            mlp: FeedForward::init(config, device),
        };
        Self {
            position: position(config, Buckets::both_ways(config.n_buckets, config.max_distance), device),
            layers: (0..config.n_encoder_layers).map(layer).collect(),
            norm: norm(config, device),
        }
    }
}

impl Decoder {
    pub(super) fn init(config: &Config, device: &Device) -> Self {
        let layer = |_| DecoderLayer {
            attention_norm: norm(config, device),
            attention: attention(config, device),
            cross_norm: norm(config, device),
            cross_attention: attention(config, device),
            mlp_norm: norm(config, device),
            mlp: FeedForward::init(config, device),
        };
        Self {
            position: position(config, Buckets::backwards(config.n_buckets, config.max_distance), device),
            layers: (0..config.n_decoder_layers()).map(layer).collect(),
            norm: norm(config, device),
        }
    }
}

impl FeedForward {
    fn init(config: &Config, device: &Device) -> Self {
        let (sizes, stds) = ([config.d_model, config.d_ff], [over_root(config.d_model), over_root(config.d_ff)]);
        match config.feed_forward {
            FeedForwardKind::Relu => Self::Plain(Mlp::unbiased(sizes, Activation::Relu, stds, device)),
            FeedForwardKind::GatedGelu => Self::Gated(GatedMlp::init(sizes, Activation::GeluTanh, stds, device)),
        }
    }
}

// As the released code draws them: every map keeps the variance of what it reads, and queries are small by the factor that
// scores are not divided by.

fn attention(config: &Config, device: &Device) -> MultiHeadAttention {
    let Config { d_model, n_heads, head_dim, .. } = *config;
    let inward = over_root(d_model);
    let stds = [inward * over_root(head_dim), inward, inward, over_root(n_heads * head_dim)];
    MultiHeadAttention::unbiased(d_model, [n_heads, head_dim], stds, device)
}

fn position(config: &Config, buckets: Buckets, device: &Device) -> RelativeBias {
    RelativeBias::init(buckets, config.n_heads, over_root(config.d_model), device)
}

fn norm(config: &Config, device: &Device) -> RmsNorm {
    rms_norm(config.d_model, config.norm_eps, device)
}

/// `1/√n`.
fn over_root(n: usize) -> f64 {
    (n as f64).sqrt().recip()
}
