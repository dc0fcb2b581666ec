//! The sizes of a Transformer.

use serde::{Deserialize, Serialize};
use zoo_registry::{Problem, Rules};

/// Defaults are those of the base model, table 3, with the vocabulary of §5.1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What sits on the decoder.
    pub head: HeadKind,
    /// Tokens in the vocabulary, which source and target share.
    pub vocab_size: usize,
    /// Width of the hidden states; even, for pairs of sine and cosine.
    pub d_model: usize,
    /// Encoder layers.
    pub n_encoder_layers: usize,
    /// Decoder layers.
    pub n_decoder_layers: usize,
    /// Attention heads; each is `d_model / n_heads` wide.
    pub n_heads: usize,
    /// Inner width of the feed-forward network.
    pub d_ff: usize,
    /// Added to the variance in every layer norm.
    pub norm_eps: f64,
}

/// What sits on the decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// Scores of the token after each position of the target.
    ConditionalGeneration,
    /// The decoder's hidden states.
    None,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            head: HeadKind::ConditionalGeneration,
            vocab_size: 37_000,
            d_model: 512,
            n_encoder_layers: 6,
            n_decoder_layers: 6,
            n_heads: 8,
            d_ff: 2048,
            norm_eps: 1e-6,
        }
    }
}

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        let d_model = self.d_model;
        Rules::new()
            .size("vocab_size", self.vocab_size)
            .size("d_model", d_model)
            .require(d_model.is_multiple_of(2), "d_model", || format!("must be even, found {d_model}"))
            .layers("n_encoder_layers", self.n_encoder_layers)
            .layers("n_decoder_layers", self.n_decoder_layers)
            .size("n_heads", self.n_heads)
            .divides(("n_heads", self.n_heads), ("d_model", d_model))
            .size("d_ff", self.d_ff)
            .positive("norm_eps", self.norm_eps)
            .broken()
    }
}
