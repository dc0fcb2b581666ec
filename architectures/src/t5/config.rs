//! The sizes and choices of a T5.

use serde::{Deserialize, Serialize};
use zoo_registry::{Problem, Rules};

/// Defaults are those of `t5-small`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What is there and what sits on it.
    pub head: HeadKind,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Encoder layers.
    pub n_encoder_layers: usize,
    /// Decoder layers. Left open, as many as the encoder has.
    pub n_decoder_layers: Option<usize>,
    /// Attention heads.
    pub n_heads: usize,
    /// Width of a head; not always `d_model / n_heads`.
    pub head_dim: usize,
    /// Inner width of the feed-forward network.
    pub d_ff: usize,
    /// Kind of feed-forward network.
    pub feed_forward: FeedForwardKind,
    /// Buckets that distances are put into.
    pub n_buckets: usize,
    /// From this distance on, in tokens, all share a bucket.
    pub max_distance: usize,
    /// Added to the mean square in every norm.
    pub norm_eps: f64,
    /// The output layer is the token table itself, its answers scaled by `1/√d_model`.
    pub tied: bool,
}

/// What is there and what sits on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// Scores of the token after each position of the target.
    ConditionalGeneration,
    /// The decoder's hidden states.
    None,
    /// The encoder alone, and its hidden states.
    Encoder,
}

/// Kind of feed-forward network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedForwardKind {
    /// Two maps with ReLU between them: the first release.
    Relu,
    /// GEGLU, with the tanh form of GELU: release 1.1 and what was tuned from it.
    GatedGelu,
}

impl Config {
    /// Decoder layers.
    pub fn n_decoder_layers(&self) -> usize {
        self.n_decoder_layers.unwrap_or(self.n_encoder_layers)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            head: HeadKind::ConditionalGeneration,
            vocab_size: 32_128,
            d_model: 512,
            n_encoder_layers: 6,
            n_decoder_layers: None,
            n_heads: 8,
            head_dim: 64,
            d_ff: 2048,
            feed_forward: FeedForwardKind::Relu,
            n_buckets: 32,
            max_distance: 128,
            norm_eps: 1e-6,
            tied: true,
        }
    }
}

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        let Self { n_buckets, max_distance, .. } = *self;
        Rules::new()
            .size("vocab_size", self.vocab_size)
            .size("d_model", self.d_model)
            .layers("n_encoder_layers", self.n_encoder_layers)
            .layers("n_decoder_layers", self.n_decoder_layers.unwrap_or(1))
            .size("n_heads", self.n_heads)
            .size("head_dim", self.head_dim)
            .size("d_ff", self.d_ff)
            .size("n_buckets", n_buckets)
            .require(n_buckets == 0 || (n_buckets >= 4 && n_buckets.is_multiple_of(2)), "n_buckets", || {
                format!("must be even and at least 4, so that each direction has near and far ones, found {n_buckets}")
            })
            .size("max_distance", max_distance)
            .require(max_distance == 0 || max_distance > n_buckets / 2, "max_distance", || {
                format!(
                    "must be beyond the {} distances with a bucket of their own, found {max_distance}",
                    n_buckets / 2
                )
            })
            .positive("norm_eps", self.norm_eps)
            .broken()
    }

    fn settled(self) -> Self {
        Self { n_decoder_layers: Some(self.n_decoder_layers()), ..self }
    }
}
