#![doc = include_str!("README.md")]
//!
//! # Source
//!
//! Radford et al. 2018, *Improving Language Understanding by Generative Pre-Training*, §3.1, equation 2, and §4.1.

use std::sync::LazyLock;

use burn::module::Module;
use burn::nn::{Embedding, LayerNorm};
use burn::tensor::{Bool, Device, Tensor};
use serde_json::json;
use zoo_registry::{
    Cache, CausalNetwork, Descriptor, Dir, Family, HeadOutput, Input, Lesson, Limits, Logits, Network, Output, Pattern,
    Patterns, Result, Row, Saved, TokenBatch, TokenLimits, Trace, WeightNames,
    decode::{no_source, own},
    include_dir,
};

use crate::blocks::{
    KvCache, Linear, Mlp, MultiHeadAttention, attend, causal_bias, embedding, last_or_all, layer_norm, linear,
    padding_bias, sum, tied_logits,
};
use crate::lessons::grammar::Continue;

mod config;

pub use config::{Config, HeadKind};

/// The family, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct GptFamily;

/// Embeddings, decoder layers, and the output layer where it is not the token table.
#[derive(Module, Debug)]
pub struct Gpt {
    token: Embedding,
    position: Embedding,
    layers: Vec<GptLayer>,
    output: Option<Linear>,
    #[module(skip)]
    config: Config,
}

/// One decoder layer: each norm follows a residual sum.
#[derive(Module, Debug)]
pub struct GptLayer {
    attention: MultiHeadAttention,
    attention_norm: LayerNorm,
    mlp: Mlp,
    mlp_norm: LayerNorm,
    scale: f64,
}

impl Network for Gpt {
    type Input = TokenBatch;

    fn limits(&self) -> Limits {
        let Config { vocab_size, max_positions, .. } = self.config;
        Limits::Tokens(TokenLimits { vocab_size, max_positions: Some(max_positions), n_token_types: 1 })
    }

    fn patterns(&self) -> Patterns {
        Patterns::alike(self.layers.len(), Pattern::Causal)
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

impl CausalNetwork for Gpt {
    fn start(&self, source: Option<&Input>, _device: &Device) -> Result<Box<dyn Cache>, String> {
        no_source(source)?;
        Ok(Box::new(KvCache::new(self.config.n_layers)))
    }

    fn step(&self, batch: TokenBatch, cache: &mut dyn Cache, logits: Logits) -> Result<Tensor<3>> {
        let hidden = self.read(batch, own(cache, "gpt")?, &mut Trace::off());
        Ok(self.logits(last_or_all(hidden, logits)))
    }

    fn resume(&self, saved: &mut Saved, device: &Device) -> Result<Box<dyn Cache>, String> {
        let Config { n_layers, n_heads, d_model, .. } = self.config;
        Ok(Box::new(KvCache::resumed(saved, n_layers, [n_heads, d_model / n_heads], device)?))
    }
}

impl Gpt {
    /// Reads the batch after what `cache` holds: h₀ = U Wₑ + Wₚ, then every layer (§3.1, equation 2).
    ///
    /// # Shapes
    /// `input_ids [batch, seq_len]` → `[batch, seq_len, d_model]`
    fn read(&self, batch: TokenBatch, cache: &mut KvCache, trace: &mut Trace) -> Tensor<3> {
        let [_, q_len] = batch.dims();
        let kv_len = cache.len() + q_len;
        let real = batch.attention_mask.clone().map(|mask| mask.slice_dim(1, cache.len()..kv_len));
        // The published code hides padding more deeply than the future, so padding before a text looks at the text, all of it
        // alike. A text sees neither.
        let future = causal_bias(q_len, kv_len, &batch.device());
        let padding = batch.attention_mask.map(|mask| padding_bias(mask) * 2.0);
        let bias = sum([padding, Some(future)]);

        let mut hidden = self.token.forward(batch.input_ids) + self.position.forward(batch.position_ids);
        trace.hidden(&hidden);
        for (index, layer) in self.layers.iter().enumerate() {
            hidden = layer.forward(hidden, (bias.clone(), real.clone()), (index, cache), trace);
            trace.hidden(&hidden);
        }
        hidden
    }

    fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        match &self.output {
            Some(output) => output.forward(hidden),
            None => tied_logits(hidden, &self.token),
        }
    }
}

impl GptLayer {
    fn forward(
        &self,
        hidden: Tensor<3>,
        (bias, real): (Option<Tensor<4>>, Option<Tensor<2, Bool>>),
        (index, cache): (usize, &mut KvCache),
        trace: &mut Trace,
    ) -> Tensor<3> {
        let [query, key, value] = self.attention.project(&hidden);
        // Padding asks for nothing: all it sees is alike to it, and it learns nothing from that.
        let query = match real {
            Some(real) => query * real.float().unsqueeze_dims(&[1, 3]),
            None => query,
        };
        let (key, value) = cache.append(index, key, value);
        let attended = self.attention.merge(attend(query, key, value, self.scale, bias, trace));
        let hidden = self.attention_norm.forward(hidden + attended);
        let expanded = self.mlp.forward(hidden.clone());
        self.mlp_norm.forward(hidden + expanded)
    }
}

impl Family for GptFamily {
    type Config = Config;
    type Network = Gpt;

    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: LazyLock<Descriptor> =
            LazyLock::new(|| Descriptor::parse(include_str!("gpt.toml")).unwrap_or_else(|error| panic!("{error}")));
        &DESCRIPTOR
    }

    fn folder(&self) -> &Dir<'static> {
        static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/gpt");
        &FOLDER
    }

    fn blocks(&self) -> Option<&'static Dir<'static>> {
        Some(&crate::blocks::SOURCES)
    }

    fn init(&self, config: &Config, device: &Device) -> Gpt {
        let Config { vocab_size, max_positions, d_model, .. } = *config;
        let untied = config.head == HeadKind::CausalLm && !config.tied;
        let output = || Linear { bias: None, ..linear([d_model, vocab_size], INIT_STD, device) };
        Gpt {
            token: embedding([vocab_size, d_model], INIT_STD, device),
            position: embedding([max_positions, d_model], INIT_STD, device),
            layers: (0..config.n_layers).map(|_| GptLayer::init(config, device)).collect(),
            output: untied.then(output),
            config: config.clone(),
        }
    }

    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        let sizes = json!({ "d_model": 48, "n_layers": 2, "n_heads": 4, "max_positions": 24 });
        Some(Box::new(Continue::new(sizes)))
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        let body = WeightNames::new("transformer.", BODY);
        match (config.head, config.tied) {
            (HeadKind::None, _) => body.ignoring([Row::drop("lm_head")]),
            (HeadKind::CausalLm, true) => body.with_head([Row::tied("lm_head", &["token"])]),
            (HeadKind::CausalLm, false) => body.with_head([Row::transposed("lm_head", &["output"])]),
        }
    }
}

/// §4.1: "a simple weight initialization of N(0, 0.02) was sufficient", since norms are used throughout.
const INIT_STD: f64 = 0.02;

impl GptLayer {
    fn init(config: &Config, device: &Device) -> Self {
        let Config { d_model, n_heads, activation, norm_eps, .. } = *config;
        Self {
            attention: MultiHeadAttention::init(d_model, n_heads, INIT_STD, INIT_STD, device),
            attention_norm: layer_norm(d_model, norm_eps, device),
            mlp: Mlp::init([d_model, config.d_ff()], activation, [INIT_STD; 2], device),
            mlp_norm: layer_norm(d_model, norm_eps, device),
            scale: ((d_model / n_heads) as f64).powf(-0.5),
        }
    }
}

/// Published GPT weights. Its linear maps are `Conv1D`s, which keep `[d_in, d_out]` as ours do; query, key and value are one
/// matrix.
const BODY: [Row; 9] = [
    Row::same("tokens_embed", &["token"]),
    Row::same("positions_embed", &["position"]),
    // The causal mask, stored as a buffer.
    Row::drop("h.*.attn.bias"),
    Row::split("h.*.attn.c_attn", &["layers.*.attention.query", "layers.*.attention.key", "layers.*.attention.value"]),
    Row::same("h.*.attn.c_proj", &["layers.*.attention.output"]),
    Row::same("h.*.ln_1", &["layers.*.attention_norm"]),
    Row::same("h.*.mlp.c_fc", &["layers.*.mlp.up"]),
    Row::same("h.*.mlp.c_proj", &["layers.*.mlp.down"]),
    Row::same("h.*.ln_2", &["layers.*.mlp_norm"]),
];
