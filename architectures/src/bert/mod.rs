#![doc = include_str!("README.md")]
//!
//! # Source
//!
//! Devlin et al. 2018, arXiv 1810.04805; the layers are those of arXiv 1706.03762, §3.1.

use std::sync::LazyLock;

use burn::module::Module;
use burn::nn::{Embedding, LayerNorm};
use burn::tensor::{Device, Tensor};
use serde_json::json;
use zoo_registry::{
    Cache, CausalNetwork, Descriptor, Dir, Error, Family, HeadOutput, Input, Lesson, Limits, Logits, Network, Output,
    Pattern, Patterns, Result, Saved, TokenBatch, TokenLimits, Trace, WeightNames,
    decode::{no_source, own},
    include_dir,
};

use crate::blocks::{
    KvCache, Linear, Mlp, MultiHeadAttention, RelativeKey, attend, causal_bias, embedding, hidden_once, last_or_all,
    layer_norm, linear, padding_bias, sum,
};
use crate::lessons::grammar::FillTheGap;

mod config;
mod head;
mod weights;

pub use config::{Config, HeadKind, Positions};
pub use head::{BertHead, LanguageHead};
pub use weights::body as body_names;

/// The family, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct BertFamily;

/// Embeddings, encoder layers, and what sits on them.
#[derive(Module, Debug)]
pub struct Bert {
    embeddings: BertEmbeddings,
    layers: Vec<BertLayer>,
    pooler: Option<Linear>,
    head: Option<BertHead>,
    #[module(skip)]
    config: Config,
}

/// Token, position and segment vectors, summed and normalised (§3, figure 2).
#[derive(Module, Debug)]
pub struct BertEmbeddings {
    token: Embedding,
    position: Option<Embedding>,
    token_type: Embedding,
    norm: LayerNorm,
}

/// One encoder layer.
#[derive(Module, Debug)]
pub struct BertLayer {
    attention: MultiHeadAttention,
    relative: Option<RelativeKey>,
    attention_norm: LayerNorm,
    mlp: Mlp,
    mlp_norm: LayerNorm,
    scale: f64,
}

impl Network for Bert {
    type Input = TokenBatch;

    fn limits(&self) -> Limits {
        let Config { vocab_size, max_positions, n_token_types, .. } = self.config;
        Limits::Tokens(TokenLimits { vocab_size, max_positions: Some(max_positions), n_token_types })
    }

    fn patterns(&self) -> Patterns {
        Patterns::alike(self.layers.len(), if self.config.is_causal() { Pattern::Causal } else { Pattern::Full })
    }

    fn forward(&self, batch: TokenBatch, trace: &mut Trace) -> Output {
        let hidden = self.encode(batch, &mut KvCache::forgetful(), trace);
        let pooled = self.pooler.as_ref().map(|pooler| pool(pooler, &hidden));
        let head = self.answer(hidden, pooled.as_ref());
        Output { pooled, ..Output::new(head) }
    }

    fn causal(&self) -> Option<&dyn CausalNetwork> {
        (self.config.head == HeadKind::CausalLm).then_some(self)
    }
}

impl Bert {
    /// # Shapes
    /// `input_ids [batch, seq_len]` → `[batch, seq_len, d_model]`
    fn encode(&self, batch: TokenBatch, cache: &mut KvCache, trace: &mut Trace) -> Tensor<3> {
        let [_, q_len] = batch.dims();
        let kv_len = cache.len() + q_len;
        let device = batch.device();
        let causal = self.config.is_causal().then(|| causal_bias(q_len, kv_len, &device));
        let bias = sum([batch.attention_mask.clone().map(padding_bias), causal]).map(hidden_once);

        let mut hidden = self.embeddings.forward(&batch);
        trace.hidden(&hidden);
        for (index, layer) in self.layers.iter().enumerate() {
            hidden = layer.forward(hidden, bias.clone(), (index, cache), trace);
            trace.hidden(&hidden);
        }
        hidden
    }

    fn answer(&self, hidden: Tensor<3>, pooled: Option<&Tensor<2>>) -> HeadOutput {
        match (&self.head, pooled) {
            (Some(BertHead::Language(head)), _) => {
                let logits = head.forward(hidden, &self.embeddings.token);
                match self.config.head {
                    HeadKind::CausalLm => HeadOutput::NextTokenLogits(logits),
                    _ => HeadOutput::TokenLogits(logits),
                }
            }
            (Some(BertHead::SequenceClassification(classifier)), Some(pooled)) => {
                HeadOutput::LabelLogits(classifier.forward(pooled.clone()))
            }
            (Some(BertHead::TokenClassification(classifier)), _) => {
                HeadOutput::TokenLabelLogits(classifier.forward(hidden))
            }
            (Some(BertHead::QuestionAnswering(ends)), _) => {
                // [batch, seq_len, 2]: one column of starts, one of ends
                let scores = ends.forward(hidden);
                let [start, end] = [0, 1].map(|column| scores.clone().narrow(2, column, 1).squeeze_dim::<2>(2));
                HeadOutput::SpanLogits { start, end }
            }
            (Some(BertHead::SequenceClassification(_)) | None, _) => HeadOutput::Hidden(hidden),
        }
    }
}

impl BertEmbeddings {
    fn forward(&self, batch: &TokenBatch) -> Tensor<3> {
        let token = self.token.forward(batch.input_ids.clone());
        let types = batch.token_type_ids.clone().unwrap_or_else(|| batch.input_ids.zeros_like());
        let summed = token + self.token_type.forward(types);
        let summed = match &self.position {
            Some(position) => summed + position.forward(batch.position_ids.clone()),
            None => summed,
        };
        self.norm.forward(summed)
    }
}

impl BertLayer {
    /// Attention, then the feed-forward network, each with its norm after the residual sum. `cache` is what was read before, and
    /// which layer's part of it is meant; a layer that reads whole texts takes [`KvCache::forgetful`].
    ///
    /// # Shapes
    /// `hidden [batch, seq_len, d_model]`, `bias [batch|1, n_heads|1, q_len|1, kv_len]` → as `hidden`
    pub fn forward(
        &self,
        hidden: Tensor<3>,
        bias: Option<Tensor<4>>,
        cache: (usize, &mut KvCache),
        trace: &mut Trace,
    ) -> Tensor<3> {
        let attended = self.attend(&hidden, bias, cache, trace);
        let hidden = self.attention_norm.forward(hidden + attended);
        let expanded = self.mlp.forward(hidden.clone());
        self.mlp_norm.forward(hidden + expanded)
    }

    fn attend(
        &self,
        hidden: &Tensor<3>,
        bias: Option<Tensor<4>>,
        (index, cache): (usize, &mut KvCache),
        trace: &mut Trace,
    ) -> Tensor<3> {
        let [query, key, value] = self.attention.project(hidden);
        let (key, value) = cache.append(index, key, value);
        let relative = self.relative.as_ref().map(|relative| relative.scores(&query, &key) * self.scale);
        self.attention.merge(attend(query, key, value, self.scale, sum([bias, relative]), trace))
    }
}

/// `tanh(h₁ W + b)`: the first token's state, made ready for judging the text.
fn pool(pooler: &Linear, hidden: &Tensor<3>) -> Tensor<2> {
    pooler.forward(hidden.clone().narrow(1, 0, 1).squeeze_dim::<2>(1)).tanh()
}

impl CausalNetwork for Bert {
    fn start(&self, source: Option<&Input>, _device: &Device) -> Result<Box<dyn Cache>, String> {
        no_source(source)?;
        Ok(Box::new(KvCache::new(self.config.n_layers)))
    }

    fn step(&self, batch: TokenBatch, cache: &mut dyn Cache, logits: Logits) -> Result<Tensor<3>> {
        let cache: &mut KvCache = own(cache, "bert")?;
        let hidden = last_or_all(self.encode(batch, cache, &mut Trace::off()), logits);
        match &self.head {
            Some(BertHead::Language(head)) => Ok(head.forward(hidden, &self.embeddings.token)),
            _ => Err(Error::Unsupported { model: "bert".into(), lacks: "has no language head".into() }),
        }
    }

    fn resume(&self, saved: &mut Saved, device: &Device) -> Result<Box<dyn Cache>, String> {
        let Config { n_layers, n_heads, d_model, .. } = self.config;
        Ok(Box::new(KvCache::resumed(saved, n_layers, [n_heads, d_model / n_heads], device)?))
    }
}

impl Family for BertFamily {
    type Config = Config;
    type Network = Bert;

    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: LazyLock<Descriptor> =
            LazyLock::new(|| Descriptor::parse(include_str!("bert.toml")).unwrap_or_else(|error| panic!("{error}")));
        &DESCRIPTOR
    }

    fn folder(&self) -> &Dir<'static> {
        static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/bert");
        &FOLDER
    }

    fn blocks(&self) -> Option<&'static Dir<'static>> {
        Some(&crate::blocks::SOURCES)
    }

    fn init(&self, config: &Config, device: &Device) -> Bert {
        Bert {
            embeddings: BertEmbeddings::init(config, device),
            layers: (0..config.n_layers).map(|_| BertLayer::init(config, device)).collect(),
            pooler: config.head.needs_pooler().then(|| linear([config.d_model; 2], INIT_STD, device)),
            head: BertHead::init(config, device),
            config: config.clone(),
        }
    }

    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        let sizes = json!({ "head": "masked-lm", "d_model": 48, "n_layers": 2, "n_heads": 4, "d_ff": 96, "max_positions": 24,
                            "n_token_types": 2 });
        Some(Box::new(FillTheGap::new(sizes)))
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        weights::names(config)
    }
}

/// As Hugging Face's code draws them: weights from N(0, 0.02), biases zero. Differs: the authors' code cuts the distribution
/// at two standard deviations.
const INIT_STD: f64 = 0.02;

impl BertEmbeddings {
    fn init(config: &Config, device: &Device) -> Self {
        let table = |n| embedding([n, config.d_model], INIT_STD, device);
        Self {
            token: table(config.vocab_size),
            position: (config.positions == Positions::Learned).then(|| table(config.max_positions)),
            token_type: table(config.n_token_types),
            norm: layer_norm(config.d_model, config.norm_eps, device),
        }
    }
}

impl BertLayer {
    /// A layer of the sizes in `config`.
    pub fn init(config: &Config, device: &Device) -> Self {
        let Config { d_model, d_ff, n_heads, max_positions, activation, .. } = *config;
        let head_dim = d_model / n_heads;
        let relative = |with_key| RelativeKey::init(max_positions, head_dim, with_key, INIT_STD, device);
        let norm = || layer_norm(d_model, config.norm_eps, device);
        Self {
            attention: MultiHeadAttention::init(d_model, n_heads, INIT_STD, INIT_STD, device),
            relative: match config.positions {
                Positions::Learned => None,
                Positions::RelativeKey => Some(relative(false)),
                Positions::RelativeKeyQuery => Some(relative(true)),
            },
            attention_norm: norm(),
            mlp: Mlp::init([d_model, d_ff], activation, [INIT_STD; 2], device),
            mlp_norm: norm(),
            scale: (head_dim as f64).powf(-0.5),
        }
    }
}
