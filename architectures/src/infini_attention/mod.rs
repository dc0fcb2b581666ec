#![doc = include_str!("README.md")]
//!
//! # Source
//!
//! Munkhdalai, Faruqui and Gopal 2024, *Leave No Context Behind: Efficient Infinite Context Transformers with
//! Infini-attention*, arXiv 2404.07143v2, §3.

use std::sync::LazyLock;

use burn::module::Module;
use burn::nn::{Embedding, LayerNorm};
use burn::tensor::{Device, Tensor};
use serde_json::json;
use zoo_registry::lesson::Plan;
use zoo_registry::{
    Cache, CausalNetwork, Descriptor, Dir, Family, HeadOutput, Input, Lesson, Limits, Logits, Network, Output, Pattern,
    Patterns, Result, Row, Saved, TokenBatch, TokenLimits, Trace, WeightNames,
    decode::{no_source, own},
    include_dir,
};

use crate::blocks::{Linear, Mlp, embedding, last_or_all, layer_norm, tied_logits, unbiased_linear};
use crate::lessons::passkey::Recall;

mod attention;
mod config;
mod memory;
mod segments;

pub use attention::InfiniAttention;
pub use config::{Config, HeadKind};
pub use memory::InfiniCache;

use memory::LayerMemory;
use segments::{Layout, Piece, cut};

/// The family, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct InfiniFamily;

/// Embeddings, decoder layers, a last norm, and the output layer where it is not the token table.
#[derive(Module, Debug)]
pub struct InfiniTransformer {
    token: Embedding,
    layers: Vec<InfiniLayer>,
    norm: LayerNorm,
    output: Option<Linear>,
    #[module(skip)]
    config: Config,
}

/// One decoder layer.
#[derive(Module, Debug)]
pub struct InfiniLayer {
    attention_norm: LayerNorm,
    attention: InfiniAttention,
    mlp_norm: LayerNorm,
    mlp: Mlp,
}

impl Network for InfiniTransformer {
    type Input = TokenBatch;

    fn limits(&self) -> Limits {
        // A text has no longest length, and no position beyond its segment.
        Limits::Tokens(TokenLimits { vocab_size: self.config.vocab_size, max_positions: None, n_token_types: 1 })
    }

    fn patterns(&self) -> Patterns {
        Patterns::alike(self.layers.len(), Pattern::Segments { segment: self.config.segment_len })
    }

    fn forward(&self, batch: TokenBatch, trace: &mut Trace) -> Output {
        let hidden = self.read(batch, &mut InfiniCache::forgetful(self.config.n_layers), trace);
        Output::new(match self.config.head {
            HeadKind::None => HeadOutput::Hidden(hidden),
            HeadKind::CausalLm => HeadOutput::NextTokenLogits(self.logits(hidden)),
        })
    }

    fn causal(&self) -> Option<&dyn CausalNetwork> {
        (self.config.head == HeadKind::CausalLm).then_some(self)
    }
}

impl CausalNetwork for InfiniTransformer {
    fn start(&self, source: Option<&Input>, _device: &Device) -> Result<Box<dyn Cache>, String> {
        no_source(source)?;
        Ok(Box::new(InfiniCache::new(self.config.n_layers)))
    }

    fn step(&self, batch: TokenBatch, cache: &mut dyn Cache, logits: Logits) -> Result<Tensor<3>> {
        let hidden = self.read(batch, own(cache, "infini-attention")?, &mut Trace::off());
        Ok(self.logits(last_or_all(hidden, logits)))
    }

    fn resume(&self, saved: &mut Saved, device: &Device) -> Result<Box<dyn Cache>, String> {
        Ok(Box::new(InfiniCache::resumed(saved, &self.config, device)?))
    }
}

impl InfiniTransformer {
    /// Reads the batch after what `cache` remembers. Texts are read from their first real token, wherever padding stands.
    ///
    /// # Shapes
    /// `input_ids [batch, seq_len]` → `[batch, seq_len, d_model]`
    fn read(&self, batch: TokenBatch, cache: &mut InfiniCache, trace: &mut Trace) -> Tensor<3> {
        let [n_texts, seq_len] = batch.dims();
        let layout = Layout::of(&batch);
        let mut hidden = self.token.forward(layout.align(batch.input_ids));
        let at = (&hidden.device(), hidden.dtype());

        cache.filled.resize(n_texts, 0);
        let pieces = cut(&mut cache.filled, (&layout.real, seq_len), cache.keeps, &self.config, at);
        for (layer, memory) in self.layers.iter().zip(&mut cache.layers) {
            trace.hidden(&layout.restore(hidden.clone()));
            let memory = memory.get_or_insert_with(|| LayerMemory::empty(n_texts, &self.config, at));
            hidden = layer.forward(hidden, (&pieces, &layout), memory, trace);
        }
        let hidden = layout.restore(self.norm.forward(hidden));
        trace.hidden(&hidden);
        hidden
    }

    fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        match &self.output {
            Some(output) => output.forward(hidden),
            None => tied_logits(hidden, &self.token),
        }
    }
}

impl InfiniLayer {
    fn forward(
        &self,
        hidden: Tensor<3>,
        cut: (&[Piece], &Layout),
        memory: &mut LayerMemory,
        trace: &mut Trace,
    ) -> Tensor<3> {
        let attended = self.attention.forward(self.attention_norm.forward(hidden.clone()), cut, memory, trace);
        let hidden = hidden + attended;
        let expanded = self.mlp.forward(self.mlp_norm.forward(hidden.clone()));
        hidden + expanded
    }
}

impl InfiniFamily {
    /// The task that needs a memory, and how many tokens a segment of its model has.
    pub fn recall() -> (Recall, usize) {
        const SEGMENT_LEN: usize = 32;
        let sizes = json!({ "d_model": 48, "n_layers": 2, "n_heads": 4, "head_dim": 16, "d_ff": 96, "segment_len": SEGMENT_LEN });
        (Recall::new(sizes, SEGMENT_LEN, Plan { steps: 1000, learning_rate: 3e-3 }), SEGMENT_LEN)
    }
}

impl Family for InfiniFamily {
    type Config = Config;
    type Network = InfiniTransformer;

    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: LazyLock<Descriptor> = LazyLock::new(|| {
            Descriptor::parse(include_str!("infini-attention.toml")).unwrap_or_else(|error| panic!("{error}"))
        });
        &DESCRIPTOR
    }

    fn folder(&self) -> &Dir<'static> {
        static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/infini_attention");
        &FOLDER
    }

    fn blocks(&self) -> Option<&'static Dir<'static>> {
        Some(&crate::blocks::SOURCES)
    }

    fn init(&self, config: &Config, device: &Device) -> InfiniTransformer {
        let Config { vocab_size, d_model, norm_eps, .. } = *config;
        let untied = config.head == HeadKind::CausalLm && !config.tied;
        let output = || unbiased_linear([d_model, vocab_size], std_from(d_model), device);
        InfiniTransformer {
            token: embedding([vocab_size, d_model], std_from(d_model), device),
            layers: (0..config.n_layers).map(|_| InfiniLayer::init(config, device)).collect(),
            norm: layer_norm(d_model, norm_eps, device),
            output: untied.then(output),
            config: config.clone(),
        }
    }

    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        Some(Box::new(Self::recall().0))
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        let body = WeightNames::new("", BODY);
        match (config.head, config.tied) {
            (HeadKind::None, _) => body.ignoring([Row::drop("output")]),
            (HeadKind::CausalLm, true) => body.with_head([Row::tied("output", &["token"])]),
            (HeadKind::CausalLm, false) => body.with_head([Row::same("output", &["output"])]),
        }
    }
}

/// The standard deviation that keeps the variance of what comes in: 1 / √`d_in`.
fn std_from(d_in: usize) -> f64 {
    1.0 / (d_in as f64).sqrt()
}

impl InfiniLayer {
    fn init(config: &Config, device: &Device) -> Self {
        let Config { d_model, n_layers, n_heads, head_dim, d_ff, activation, norm_eps, .. } = *config;
        // What writes into the residual stream is scaled down, so that 2 · n_layers sums leave it at its size.
        let residual = |d_in: usize| std_from(d_in) / ((2 * n_layers) as f64).sqrt();
        let attention_stds = [std_from(d_model), residual(n_heads * head_dim)];
        Self {
            attention_norm: layer_norm(d_model, norm_eps, device),
            attention: InfiniAttention::init(config, attention_stds, device),
            mlp_norm: layer_norm(d_model, norm_eps, device),
            mlp: Mlp::init([d_model, d_ff], activation, [std_from(d_model), residual(d_ff)], device),
        }
    }
}

/// No weights were published, so files say our names.
const BODY: [Row; 11] = [
    Row::same("token", &["token"]),
    Row::same("layers.*.attention_norm", &["layers.*.attention_norm"]),
    Row::same("layers.*.attention.heads.query", &["layers.*.attention.heads.query"]),
    Row::same("layers.*.attention.heads.key", &["layers.*.attention.heads.key"]),
    Row::same("layers.*.attention.heads.value", &["layers.*.attention.heads.value"]),
    Row::same("layers.*.attention.heads.output", &["layers.*.attention.heads.output"]),
    Row::same("layers.*.attention", &["layers.*.attention"]),
    Row::same("layers.*.mlp_norm", &["layers.*.mlp_norm"]),
    Row::same("layers.*.mlp.up", &["layers.*.mlp.up"]),
    Row::same("layers.*.mlp.down", &["layers.*.mlp.down"]),
    Row::same("norm", &["norm"]),
];
