//! The sizes and choices of my model.

use serde::{Deserialize, Serialize};
use zoo_architectures::blocks::Activation;
use zoo_registry::{Problem, Rules};

/// Defaults are what a published `config.json` means by leaving a field out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What sits on the body.
    pub head: HeadKind,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Layers.
    pub n_layers: usize,
    /// Attention heads; each is `d_model / n_heads` wide.
    pub n_heads: usize,
    /// Inner width of the feed-forward network.
    pub d_ff: usize,
    /// Longest text in tokens.
    pub max_positions: usize,
    /// Non-linearity of the feed-forward network.
    pub activation: Activation,
    /// Added to the variance in every layer norm.
    pub norm_eps: f64,
}

/// What sits on the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// Hidden states.
    None,
    /// Scores of the token at each position.
    MaskedLm,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            head: HeadKind::None,
            vocab_size: 30_000,
            d_model: 768,
            n_layers: 12,
            n_heads: 12,
            d_ff: 3072,
            max_positions: 512,
            activation: Activation::Gelu,
            norm_eps: 1e-5,
        }
    }
}

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        Rules::new()
            .size("vocab_size", self.vocab_size)
            .size("d_model", self.d_model)
            .layers("n_layers", self.n_layers)
            .size("n_heads", self.n_heads)
            .divides(("n_heads", self.n_heads), ("d_model", self.d_model))
            .size("d_ff", self.d_ff)
            .size("max_positions", self.max_positions)
            .positive("norm_eps", self.norm_eps)
            .broken()
    }
}
