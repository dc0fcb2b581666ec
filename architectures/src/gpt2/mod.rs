#![doc = include_str!("README.md")]
//!
//! # Source
//!
//! Radford et al. 2019, *Language Models are Unsupervised Multitask Learners*, §2.3.

use std::sync::LazyLock;

use burn::module::Module;
use burn::nn::{Embedding, LayerNorm};
use burn::tensor::{Device, Tensor};
use serde_json::json;
use zoo_registry::{
    Cache, CausalNetwork, Descriptor, Dir, Family, HeadOutput, Input, Lesson, Limits, Logits, Network, Output, Pattern,
    Patterns, Result, Row, Saved, TokenBatch, TokenLimits, Trace, WeightNames,
    decode::{no_source, own},
    include_dir,
};

use crate::blocks::{
    KvCache, Linear, Mlp, MultiHeadAttention, attend, banded_causal_bias, causal_bias, embedding, last_or_all,
    layer_norm, linear, padding_bias, sum, tied_logits,
};
use crate::lessons::grammar::Continue;

mod config;

pub use config::{Config, HeadKind};

/// The family, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct Gpt2Family;

/// Embeddings, decoder layers, a last norm, and the output layer where it is not the token table.
#[derive(Module, Debug)]
pub struct Gpt2 {
    token: Embedding,
    position: Embedding,
    layers: Vec<Gpt2Layer>,
    norm: LayerNorm,
    output: Option<Linear>,
    #[module(skip)]
    config: Config,
}

/// One decoder layer.
#[derive(Module, Debug)]
pub struct Gpt2Layer {
    attention_norm: LayerNorm,
    attention: MultiHeadAttention,
    mlp_norm: LayerNorm,
    mlp: Mlp,
    scale: f64,
    /// Positions a token sees, itself included; `None` for all before it.
    window: Option<usize>,
}

impl Network for Gpt2 {
    type Input = TokenBatch;

    fn limits(&self) -> Limits {
        let Config { vocab_size, max_positions, .. } = self.config;
        Limits::Tokens(TokenLimits { vocab_size, max_positions: Some(max_positions), n_token_types: 1 })
    }

    fn patterns(&self) -> Patterns {
        let pattern = |layer: &Gpt2Layer| layer.window.map_or(Pattern::Causal, |window| Pattern::Banded { window });
        Patterns { layers: self.layers.iter().map(pattern).collect(), source: Vec::new() }
    }

    fn forward(&self, batch: TokenBatch, trace: &mut Trace) -> Output {
        let hidden = self.read(batch, &mut KvCache::forgetful(), trace);
        Output::new(match self.config.head {
            HeadKind::None => HeadOutput::Hidden(hidden),
            HeadKind::CausalLm => HeadOutput::NextTokenLogits(self.logits(hidden)),
        })
    }

    fn causal(&self) -> Option<&dyn CausalNetwork> {
        (self.config.head == HeadKind::CausalLm).then_some(self)
    }
}

impl CausalNetwork for Gpt2 {
    fn start(&self, source: Option<&Input>, _device: &Device) -> Result<Box<dyn Cache>, String> {
        no_source(source)?;
        Ok(Box::new(KvCache::new(self.config.n_layers)))
    }

    fn step(&self, batch: TokenBatch, cache: &mut dyn Cache, logits: Logits) -> Result<Tensor<3>> {
        let hidden = self.read(batch, own(cache, "gpt2")?, &mut Trace::off());
        Ok(self.logits(last_or_all(hidden, logits)))
    }

    fn resume(&self, saved: &mut Saved, device: &Device) -> Result<Box<dyn Cache>, String> {
        let heads = self.layers.first().map_or([0, 0], |layer| layer.attention.heads());
        Ok(Box::new(KvCache::resumed(saved, self.layers.len(), heads, device)?))
    }
}

impl Gpt2 {
    /// Reads the batch after what `cache` holds: h₀ = U Wₑ + Wₚ, then every layer, then the last norm.
    ///
    /// # Shapes
    /// `input_ids [batch, seq_len]` → `[batch, seq_len, d_model]`
    fn read(&self, batch: TokenBatch, cache: &mut KvCache, trace: &mut Trace) -> Tensor<3> {
        let [_, q_len] = batch.dims();
        let (kv_len, device) = (cache.len() + q_len, batch.device());
        let padding = batch.attention_mask.map(padding_bias);
        // What a layer hides is hidden more deeply than padding: padding before a text sees the padding before it, never ahead.
        let bias = |hidden: Tensor<4>| sum([padding.clone(), Some(hidden * 2.0)]);
        let dense = bias(causal_bias(q_len, kv_len, &device));
        let window = self.layers.iter().find_map(|layer| layer.window);
        let banded = window.and_then(|window| bias(banded_causal_bias(window, q_len, kv_len, &device)));

        let mut hidden = self.token.forward(batch.input_ids) + self.position.forward(batch.position_ids);
        for (index, layer) in self.layers.iter().enumerate() {
            trace.hidden(&hidden);
            let bias = if layer.window.is_some() { &banded } else { &dense };
            hidden = layer.forward(hidden, bias.clone(), (index, cache), trace);
        }
        let hidden = self.norm.forward(hidden);
        trace.hidden(&hidden);
        hidden
    }

    fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        match &self.output {
            Some(output) => output.forward(hidden),
            None => tied_logits(hidden, &self.token),
        }
    }

    /// The network of `config` with heads of `head_dim`. With a `window`, every second layer, from the second, sees that many
    /// positions only: what GPT-3 changes.
    pub fn new(config: &Config, head_dim: usize, window: Option<usize>, device: &Device) -> Self {
        let Config { vocab_size, max_positions, d_model, norm_eps, .. } = *config;
        let untied = config.head == HeadKind::CausalLm && !config.tied;
        let output = || Linear { bias: None, ..linear([d_model, vocab_size], INIT_STD, device) };
        let layer = |index: usize| {
            let window = window.filter(|_| index % 2 == 1);
            Gpt2Layer { window, ..Gpt2Layer::init(config, index, head_dim, device) }
        };
        Self {
            token: embedding([vocab_size, d_model], INIT_STD, device),
            position: embedding([max_positions, d_model], POSITION_STD, device),
            layers: (0..config.n_layers).map(layer).collect(),
            norm: layer_norm(d_model, norm_eps, device),
            output: untied.then(output),
            config: config.clone(),
        }
    }
}

impl Gpt2Layer {
    fn forward(
        &self,
        hidden: Tensor<3>,
        bias: Option<Tensor<4>>,
        (index, cache): (usize, &mut KvCache),
        trace: &mut Trace,
    ) -> Tensor<3> {
        let [query, key, value] = self.attention.project(&self.attention_norm.forward(hidden.clone()));
        let (key, value) = cache.append(index, key, value);
        let attended = self.attention.merge(attend(query, key, value, self.scale, bias, trace));
        let hidden = hidden + attended;
        let expanded = self.mlp.forward(self.mlp_norm.forward(hidden.clone()));
        hidden + expanded
    }
}

impl Family for Gpt2Family {
    type Config = Config;
    type Network = Gpt2;

    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: LazyLock<Descriptor> =
            LazyLock::new(|| Descriptor::parse(include_str!("gpt2.toml")).unwrap_or_else(|error| panic!("{error}")));
        &DESCRIPTOR
    }

    fn folder(&self) -> &Dir<'static> {
        static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/gpt2");
        &FOLDER
    }

    fn blocks(&self) -> Option<&'static Dir<'static>> {
        Some(&crate::blocks::SOURCES)
    }

    fn init(&self, config: &Config, device: &Device) -> Gpt2 {
        Gpt2::new(config, config.d_model / config.n_heads, None, device)
    }

    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        let sizes = json!({ "d_model": 48, "n_layers": 2, "n_heads": 4, "d_ff": 96, "max_positions": 24 });
        Some(Box::new(Continue::new(sizes)))
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        let body = body_names();
        match (config.head, config.tied) {
            (HeadKind::None, _) => body.ignoring([Row::drop("lm_head")]),
            (HeadKind::CausalLm, true) => body.with_head([Row::tied("lm_head", &["token"])]),
            (HeadKind::CausalLm, false) => body.with_head([Row::transposed("lm_head", &["output"])]),
        }
    }
}

/// As the released code draws them: weights from N(0, 0.02), positions from N(0, 0.01).
const INIT_STD: f64 = 0.02;
const POSITION_STD: f64 = 0.01;

impl Gpt2Layer {
    fn init(config: &Config, index: usize, head_dim: usize, device: &Device) -> Self {
        let Config { d_model, n_heads, n_layers, activation, norm_eps, .. } = *config;
        // §2.3: "we scale the weights of residual layers at initialization by a factor of 1/√N", N residual layers.
        let residual_std = INIT_STD / ((2 * n_layers) as f64).sqrt();
        Self {
            attention_norm: layer_norm(d_model, norm_eps, device),
            attention: MultiHeadAttention::of_width(d_model, [n_heads, head_dim], [INIT_STD, residual_std], device),
            mlp_norm: layer_norm(d_model, norm_eps, device),
            mlp: Mlp::init([d_model, config.d_ff()], activation, [INIT_STD, residual_std], device),
            scale: config.scale(index, head_dim),
            window: None,
        }
    }
}

/// The table of the body alone, for heads of other families.
pub fn body_names() -> WeightNames {
    WeightNames::new("transformer.", BODY)
}

/// Published GPT-2 weights. Its linear maps are `Conv1D`s, which keep `[d_in, d_out]` as ours do; query, key and value are
/// one matrix.
const BODY: [Row; 11] = [
    Row::same("wte", &["token"]),
    Row::same("wpe", &["position"]),
    Row::same("h.*.ln_1", &["layers.*.attention_norm"]),
    // The causal mask, stored as a buffer.
    Row::drop("h.*.attn.bias"),
    Row::drop("h.*.attn.masked_bias"),
    Row::split("h.*.attn.c_attn", &["layers.*.attention.query", "layers.*.attention.key", "layers.*.attention.value"]),
    Row::same("h.*.attn.c_proj", &["layers.*.attention.output"]),
    Row::same("h.*.ln_2", &["layers.*.mlp_norm"]),
    Row::same("h.*.mlp.c_fc", &["layers.*.mlp.up"]),
    Row::same("h.*.mlp.c_proj", &["layers.*.mlp.down"]),
    Row::same("ln_f", &["norm"]),
];
