#![doc = include_str!("README.md")]
//!
//! # Source
//!
//! Lan et al. 2019, arXiv 1909.11942; the layers are BERT's, arXiv 1810.04805.

use std::sync::LazyLock;

use burn::module::{Initializer, Module, Param};
use burn::nn::{Embedding, LayerNorm};
use burn::tensor::{Device, Tensor};
use serde_json::json;
use zoo_architectures::bert::{self, BertLayer};
use zoo_architectures::blocks::{
    Activation, KvCache, Linear, embedding, hidden_once, layer_norm, linear, padding_bias, tied_logits,
};
use zoo_architectures::lessons::grammar::FillTheGap;
use zoo_registry::{
    Descriptor, Dir, Family, HeadOutput, Lesson, Limits, Network, Output, Pattern, Patterns, TokenBatch, TokenLimits,
    Trace, WeightNames, include_dir,
};

mod config;
mod weights;

pub use config::{Config, HeadKind, Positions};

/// The family, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct AlbertFamily;

/// Embeddings, a few groups of layers that are passed through again and again, and what sits on them.
#[derive(Module, Debug)]
pub struct Albert {
    embeddings: AlbertEmbeddings,
    groups: Vec<AlbertGroup>,
    pooler: Option<Linear>,
    head: Option<LanguageHead>,
    #[module(skip)]
    config: Config,
}

/// Token, position and segment vectors of a small width, summed, normalised and widened (§3.1).
#[derive(Module, Debug)]
pub struct AlbertEmbeddings {
    token: Embedding,
    position: Embedding,
    token_type: Embedding,
    norm: LayerNorm,
    /// `[d_embedding, d_model]`
    widen: Linear,
}

/// Layers with weights of their own, passed through in turn.
#[derive(Module, Debug)]
pub struct AlbertGroup {
    layers: Vec<BertLayer>,
}

/// Back to the small width, then scores against the token table.
#[derive(Module, Debug)]
pub struct LanguageHead {
    /// `[d_model, d_embedding]`
    narrow: Linear,
    norm: LayerNorm,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    activation: Activation,
}

impl Network for Albert {
    type Input = TokenBatch;

    fn limits(&self) -> Limits {
        let Config { vocab_size, max_positions, n_token_types, .. } = self.config;
        Limits::Tokens(TokenLimits { vocab_size, max_positions: Some(max_positions), n_token_types })
    }

    fn patterns(&self) -> Patterns {
        let passes = self.config.n_layers * self.groups.first().map_or(0, |group| group.layers.len());
        Patterns::alike(passes, Pattern::Full)
    }

    fn forward(&self, batch: TokenBatch, trace: &mut Trace) -> Output {
        let hidden = self.encode(batch, trace);
        let pooled = self.pooler.as_ref().map(|pooler| pool(pooler, &hidden));
        let head = match &self.head {
            Some(head) => HeadOutput::TokenLogits(head.forward(hidden, &self.embeddings.token)),
            None => HeadOutput::Hidden(hidden),
        };
        Output { pooled, ..Output::new(head) }
    }
}

impl Albert {
    /// # Shapes
    /// `input_ids [batch, seq_len]` → `[batch, seq_len, d_model]`
    fn encode(&self, batch: TokenBatch, trace: &mut Trace) -> Tensor<3> {
        let bias = batch.attention_mask.clone().map(padding_bias).map(hidden_once);
        let mut hidden = self.embeddings.forward(&batch);
        trace.hidden(&hidden);
        for pass in 0..self.config.n_layers {
            // The first passes are the first group's, the next the second's.
            let group = &self.groups[pass * self.groups.len() / self.config.n_layers];
            for layer in &group.layers {
                hidden = layer.forward(hidden, bias.clone(), (0, &mut KvCache::forgetful()), trace);
                trace.hidden(&hidden);
            }
        }
        hidden
    }
}

impl AlbertEmbeddings {
    fn forward(&self, batch: &TokenBatch) -> Tensor<3> {
        let types = batch.token_type_ids.clone().unwrap_or_else(|| batch.input_ids.zeros_like());
        let summed = self.token.forward(batch.input_ids.clone())
            + self.position.forward(batch.position_ids.clone())
            + self.token_type.forward(types);
        // [batch, seq_len, d_embedding] → [batch, seq_len, d_model]
        self.widen.forward(self.norm.forward(summed))
    }
}

impl LanguageHead {
    /// # Shapes
    /// `[batch, seq_len, d_model]` → `[batch, seq_len, vocab_size]`
    fn forward(&self, hidden: Tensor<3>, tokens: &Embedding) -> Tensor<3> {
        let narrowed = self.norm.forward(self.activation.forward(self.narrow.forward(hidden)));
        tied_logits(narrowed, tokens) + self.bias.val().unsqueeze()
    }
}

/// `tanh(h₁ W + b)`: the first token's state, made ready for judging the text.
fn pool(pooler: &Linear, hidden: &Tensor<3>) -> Tensor<2> {
    pooler.forward(hidden.clone().narrow(1, 0, 1).squeeze_dim::<2>(1)).tanh()
}

impl Family for AlbertFamily {
    type Config = Config;
    type Network = Albert;

    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: LazyLock<Descriptor> =
            LazyLock::new(|| Descriptor::parse(include_str!("albert.toml")).unwrap_or_else(|error| panic!("{error}")));
        &DESCRIPTOR
    }

    fn folder(&self) -> &Dir<'static> {
        static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/albert");
        &FOLDER
    }

    fn init(&self, config: &Config, device: &Device) -> Albert {
        Albert {
            embeddings: AlbertEmbeddings::init(config, device),
            groups: (0..config.n_groups).map(|_| AlbertGroup::init(config, device)).collect(),
            pooler: (config.head == HeadKind::None).then(|| linear([config.d_model; 2], INIT_STD, device)),
            head: (config.head == HeadKind::MaskedLm).then(|| LanguageHead::init(config, device)),
            config: config.clone(),
        }
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        weights::names(config.head)
    }

    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        let sizes = json!({ "head": "masked-lm", "d_embedding": 24, "d_model": 48, "n_layers": 2, "n_heads": 4, "d_ff": 96,
                            "max_positions": 24 });
        Some(Box::new(FillTheGap::new(sizes)))
    }
}

/// As the released code draws them: weights from N(0, 0.02), biases zero.
const INIT_STD: f64 = 0.02;

impl AlbertEmbeddings {
    fn init(config: &Config, device: &Device) -> Self {
        let Config { d_embedding, d_model, norm_eps, .. } = *config;
        let table = |n| embedding([n, d_embedding], INIT_STD, device);
        Self {
            token: table(config.vocab_size),
            position: table(config.max_positions),
            token_type: table(config.n_token_types),
            norm: layer_norm(d_embedding, norm_eps, device),
            widen: linear([d_embedding, d_model], INIT_STD, device),
        }
    }
}

impl AlbertGroup {
    fn init(config: &Config, device: &Device) -> Self {
        let Config { d_model, n_heads, d_ff, activation, norm_eps, .. } = *config;
        let layer = bert::Config { d_model, n_heads, d_ff, activation, norm_eps, ..bert::Config::default() };
        Self { layers: (0..config.n_inner_layers).map(|_| BertLayer::init(&layer, device)).collect() }
    }
}

impl LanguageHead {
    fn init(config: &Config, device: &Device) -> Self {
        let Config { d_embedding, d_model, vocab_size, norm_eps, activation, .. } = *config;
        Self {
            narrow: linear([d_model, d_embedding], INIT_STD, device),
            norm: layer_norm(d_embedding, norm_eps, device),
            bias: Initializer::Zeros.init([vocab_size], device),
            activation,
        }
    }
}
