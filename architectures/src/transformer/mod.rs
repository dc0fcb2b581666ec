#![doc = include_str!("README.md")]
//!
//! # Source
//!
//! Vaswani et al. 2017, arXiv 1706.03762, §3.

use std::sync::LazyLock;

use burn::module::{Module, Param};
use burn::nn::{Embedding, LayerNorm};
use burn::tensor::{Bool, Device, Tensor};
use serde_json::json;
use zoo_registry::lesson::Plan;
use zoo_registry::{
    Cache, CausalNetwork, Descriptor, Dir, Family, HeadOutput, Input, Lesson, Limits, Logits, Network, Output,
    PairBatch, Patterns, Result, Row, Saved, Stack, TokenBatch, TokenLimits, Trace, WeightNames, decode::own,
    include_dir,
};

use crate::blocks::{
    Activation, KvCache, Mlp, MultiHeadAttention, PairCache, SourceMemory, attend, causal_bias, embedding, last_or_all,
    layer_norm, padding_bias, sinusoidal, sum, tied_logits, uniform,
};
use crate::lessons::numbers::Rewrite;

mod config;

pub use config::{Config, HeadKind};

/// The family, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct TransformerFamily;

/// One token table for source, target and output, an encoder and a decoder.
#[derive(Module, Debug)]
pub struct Transformer {
    token: Embedding,
    encoder: Vec<EncoderLayer>,
    decoder: Vec<DecoderLayer>,
    #[module(skip)]
    config: Config,
}

/// One encoder layer.
#[derive(Module, Debug)]
pub struct EncoderLayer {
    attention: MultiHeadAttention,
    attention_norm: LayerNorm,
    mlp: Mlp,
    mlp_norm: LayerNorm,
}

/// One decoder layer.
#[derive(Module, Debug)]
pub struct DecoderLayer {
    attention: MultiHeadAttention,
    attention_norm: LayerNorm,
    cross_attention: MultiHeadAttention,
    cross_norm: LayerNorm,
    mlp: Mlp,
    mlp_norm: LayerNorm,
}

impl Network for Transformer {
    type Input = PairBatch;

    fn limits(&self) -> Limits {
        Limits::TokenPair { source: self.text_limits(), target: self.text_limits() }
    }

    fn patterns(&self) -> Patterns {
        Patterns::encoder_decoder(self.encoder.len(), self.decoder.len())
    }

    fn forward(&self, PairBatch { source, target }: PairBatch, trace: &mut Trace) -> Output {
        let mask = source.attention_mask.clone();
        let encoded = trace.within(Stack::Encoder, |trace| self.read(source, trace));
        let mut memory = PairCache { source: self.look_at(&encoded, mask), written: KvCache::forgetful() };
        let hidden = self.write(target, &mut memory, trace);
        let head = match self.config.head {
            HeadKind::ConditionalGeneration => HeadOutput::NextTokenLogits(tied_logits(hidden, &self.token)),
            HeadKind::None => HeadOutput::Hidden(hidden),
        };
        Output::of_source(head, encoded)
    }

    fn causal(&self) -> Option<&dyn CausalNetwork> {
        (self.config.head == HeadKind::ConditionalGeneration).then_some(self)
    }
}

impl CausalNetwork for Transformer {
    fn start(&self, source: Option<&Input>, device: &Device) -> Result<Box<dyn Cache>, String> {
        let source = TokenBatch::of_source(source, &self.text_limits(), device)?;
        let mask = source.attention_mask.clone();
        let encoded = self.read(source, &mut Trace::off());
        Ok(Box::new(PairCache::new(self.look_at(&encoded, mask), self.decoder.len())))
    }

    fn step(&self, batch: TokenBatch, cache: &mut dyn Cache, logits: Logits) -> Result<Tensor<3>> {
        let hidden = self.write(batch, own(cache, "transformer")?, &mut Trace::off());
        Ok(tied_logits(last_or_all(hidden, logits), &self.token))
    }

    fn resume(&self, saved: &mut Saved, device: &Device) -> Result<Box<dyn Cache>, String> {
        let Config { n_decoder_layers, n_heads, d_model, .. } = self.config;
        Ok(Box::new(PairCache::resumed(saved, n_decoder_layers, [n_heads, d_model / n_heads], device)?))
    }
}

/// Waves have no end, but beyond this f32 no longer tells neighbouring positions apart.
const LAST_POSITION: usize = 1 << 24;

impl Transformer {
    fn text_limits(&self) -> TokenLimits {
        TokenLimits { vocab_size: self.config.vocab_size, max_positions: Some(LAST_POSITION), n_token_types: 1 }
    }

    /// `√d_model E + PE`, §3.4 and §3.5.
    ///
    /// # Shapes
    /// `input_ids [batch, seq_len]` → `[batch, seq_len, d_model]`
    fn embed(&self, batch: &TokenBatch) -> Tensor<3> {
        let d_model = self.config.d_model;
        let tokens = self.token.forward(batch.input_ids.clone()) * (d_model as f64).sqrt();
        tokens + sinusoidal(batch.position_ids.clone(), d_model)
    }

    /// What the encoder makes of a text.
    fn read(&self, source: TokenBatch, trace: &mut Trace) -> Tensor<3> {
        let mut hidden = self.embed(&source);
        let bias = source.attention_mask.map(padding_bias);
        trace.hidden(&hidden);
        for layer in &self.encoder {
            hidden = layer.forward(hidden, bias.clone(), self.scale(), trace);
            trace.hidden(&hidden);
        }
        hidden
    }

    /// What every decoder layer looks at of a source, made once.
    fn look_at(&self, encoded: &Tensor<3>, attention_mask: Option<Tensor<2, Bool>>) -> SourceMemory {
        SourceMemory::new(encoded, attention_mask, self.decoder.iter().map(|layer| &layer.cross_attention))
    }

    /// What the decoder makes of a text after what `memory` holds.
    fn write(&self, target: TokenBatch, memory: &mut PairCache, trace: &mut Trace) -> Tensor<3> {
        let [_, q_len] = target.dims();
        let mut hidden = self.embed(&target);
        // The future is hidden more deeply than padding: padding before a text sees the padding before it, never ahead.
        let future = causal_bias(q_len, memory.written.len() + q_len, &target.device()) * 2.0;
        let bias = sum([target.attention_mask.map(padding_bias), Some(future)]);
        trace.hidden(&hidden);
        for (index, layer) in self.decoder.iter().enumerate() {
            hidden = layer.forward(hidden, bias.clone(), (index, memory), self.scale(), trace);
            trace.hidden(&hidden);
        }
        hidden
    }

    /// `1/√d_k`.
    fn scale(&self) -> f64 {
        ((self.config.d_model / self.config.n_heads) as f64).sqrt().recip()
    }
}

impl EncoderLayer {
    fn forward(&self, hidden: Tensor<3>, bias: Option<Tensor<4>>, scale: f64, trace: &mut Trace) -> Tensor<3> {
        let [query, key, value] = self.attention.project(&hidden);
        let attended = self.attention.merge(attend(query, key, value, scale, bias, trace));
        let hidden = self.attention_norm.forward(hidden + attended);
        let expanded = self.mlp.forward(hidden.clone());
        self.mlp_norm.forward(hidden + expanded)
    }
}

impl DecoderLayer {
    fn forward(
        &self,
        hidden: Tensor<3>,
        bias: Option<Tensor<4>>,
        (index, PairCache { source, written }): (usize, &mut PairCache),
        scale: f64,
        trace: &mut Trace,
    ) -> Tensor<3> {
        let [query, key, value] = self.attention.project(&hidden);
        let (key, value) = written.append(index, key, value);
        let attended = self.attention.merge(attend(query, key, value, scale, bias, trace));
        let hidden = self.attention_norm.forward(hidden + attended);
        let looked = source.attend(index, &self.cross_attention, hidden.clone(), scale, trace);
        let hidden = self.cross_norm.forward(hidden + looked);
        let expanded = self.mlp.forward(hidden.clone());
        self.mlp_norm.forward(hidden + expanded)
    }
}

impl Family for TransformerFamily {
    type Config = Config;
    type Network = Transformer;

    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: LazyLock<Descriptor> = LazyLock::new(|| {
            Descriptor::parse(include_str!("transformer.toml")).unwrap_or_else(|error| panic!("{error}"))
        });
        &DESCRIPTOR
    }

    fn folder(&self) -> &Dir<'static> {
        static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/transformer");
        &FOLDER
    }

    fn blocks(&self) -> Option<&'static Dir<'static>> {
        Some(&crate::blocks::SOURCES)
    }

    fn init(&self, config: &Config, device: &Device) -> Transformer {
        let Config { vocab_size, d_model, n_encoder_layers, n_decoder_layers, .. } = *config;
        Transformer {
            token: embedding([vocab_size, d_model], (d_model as f64).sqrt().recip(), device),
            encoder: (0..n_encoder_layers).map(|_| EncoderLayer::init(config, device)).collect(),
            decoder: (0..n_decoder_layers).map(|_| DecoderLayer::init(config, device)).collect(),
            config: config.clone(),
        }
    }

    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        let sizes = json!({ "d_model": 64, "n_encoder_layers": 2, "n_decoder_layers": 2, "n_heads": 4, "d_ff": 128 });
        Some(Box::new(Rewrite::new(sizes, Plan { steps: 2000, learning_rate: 2e-3 })))
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        let body = WeightNames::new("", NAMES);
        match config.head {
            // §3.4: the output layer is the table of both embeddings.
            HeadKind::ConditionalGeneration => body.with_head([Row::tied("output", &["token"])]),
            HeadKind::None => body.ignoring([Row::drop("output")]),
        }
    }
}

impl EncoderLayer {
    fn init(config: &Config, device: &Device) -> Self {
        Self {
            attention: attention(config, device),
            attention_norm: layer_norm(config.d_model, config.norm_eps, device),
            mlp: mlp(config, device),
            mlp_norm: layer_norm(config.d_model, config.norm_eps, device),
        }
    }
}

impl DecoderLayer {
    fn init(config: &Config, device: &Device) -> Self {
        Self {
            attention: attention(config, device),
            attention_norm: layer_norm(config.d_model, config.norm_eps, device),
            cross_attention: attention(config, device),
            cross_norm: layer_norm(config.d_model, config.norm_eps, device),
            mlp: mlp(config, device),
            mlp_norm: layer_norm(config.d_model, config.norm_eps, device),
        }
    }
}

fn attention(config: &Config, device: &Device) -> MultiHeadAttention {
    let Config { d_model, n_heads, .. } = *config;
    let mut attention = MultiHeadAttention::unbiased(d_model, [n_heads, d_model / n_heads], [1.0; 4], device);
    for map in [&mut attention.query, &mut attention.key, &mut attention.value, &mut attention.output] {
        map.weight = unit([d_model, d_model], device);
    }
    attention
}

fn mlp(config: &Config, device: &Device) -> Mlp {
    let Config { d_model, d_ff, .. } = *config;
    let mut mlp = Mlp::init([d_model, d_ff], Activation::Relu, [1.0; 2], device);
    mlp.up.weight = unit([d_model, d_ff], device);
    mlp.down.weight = unit([d_ff, d_model], device);
    mlp
}

/// As the authors' code draws maps: uniformly, with a variance of one over the mean of both widths.
fn unit([d_in, d_out]: [usize; 2], device: &Device) -> Param<Tensor<2>> {
    let bound = (6.0 / (d_in + d_out) as f64).sqrt();
    uniform([d_in, d_out], bound, device)
}

/// Nobody published weights of this graph in this format, so files have our names.
const NAMES: [Row; 22] = [
    Row::same("token", &["token"]),
    Row::same("encoder.*.attention.query", &["encoder.*.attention.query"]),
    Row::same("encoder.*.attention.key", &["encoder.*.attention.key"]),
    Row::same("encoder.*.attention.value", &["encoder.*.attention.value"]),
    Row::same("encoder.*.attention.output", &["encoder.*.attention.output"]),
    Row::same("encoder.*.attention_norm", &["encoder.*.attention_norm"]),
    Row::same("encoder.*.mlp.up", &["encoder.*.mlp.up"]),
    Row::same("encoder.*.mlp.down", &["encoder.*.mlp.down"]),
    Row::same("encoder.*.mlp_norm", &["encoder.*.mlp_norm"]),
    Row::same("decoder.*.attention.query", &["decoder.*.attention.query"]),
    Row::same("decoder.*.attention.key", &["decoder.*.attention.key"]),
    Row::same("decoder.*.attention.value", &["decoder.*.attention.value"]),
    Row::same("decoder.*.attention.output", &["decoder.*.attention.output"]),
    Row::same("decoder.*.attention_norm", &["decoder.*.attention_norm"]),
    Row::same("decoder.*.cross_attention.query", &["decoder.*.cross_attention.query"]),
    Row::same("decoder.*.cross_attention.key", &["decoder.*.cross_attention.key"]),
    Row::same("decoder.*.cross_attention.value", &["decoder.*.cross_attention.value"]),
    Row::same("decoder.*.cross_attention.output", &["decoder.*.cross_attention.output"]),
    Row::same("decoder.*.cross_norm", &["decoder.*.cross_norm"]),
    Row::same("decoder.*.mlp.up", &["decoder.*.mlp.up"]),
    Row::same("decoder.*.mlp.down", &["decoder.*.mlp.down"]),
    Row::same("decoder.*.mlp_norm", &["decoder.*.mlp_norm"]),
];
