//! The sizes and choices of a GPT-2.

use serde::{Deserialize, Serialize};
use zoo_registry::{Problem, Rules};

use crate::blocks::Activation;

/// Defaults are those of `gpt2`, the smallest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What sits on the body.
    pub head: HeadKind,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Decoder layers.
    pub n_layers: usize,
    /// Attention heads; each is `d_model / n_heads` wide.
    pub n_heads: usize,
    /// Inner width of the feed-forward network. Left open, it is `4 · d_model`.
    pub d_ff: Option<usize>,
    /// Longest text in tokens.
    pub max_positions: usize,
    /// Non-linearity of the feed-forward network.
    pub activation: Activation,
    /// Added to the variance in every layer norm.
    pub norm_eps: f64,
    /// The output layer is the token table itself.
    pub tied: bool,
    /// Scores are divided by `√head_dim`.
    pub scale_by_width: bool,
    /// Scores are divided by the number of the layer, from 1.
    pub scale_by_depth: bool,
}

/// What sits on the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// Scores of the token after each position.
    CausalLm,
    /// Hidden states.
    None,
}

impl Config {
    /// Inner width of the feed-forward network.
    pub fn d_ff(&self) -> usize {
        self.d_ff.unwrap_or(self.d_model.saturating_mul(4))
    }

    /// What layer `index`, from 0, multiplies its scores with.
    pub fn scale(&self, index: usize, head_dim: usize) -> f64 {
        let width = if self.scale_by_width { (head_dim as f64).sqrt() } else { 1.0 };
        let depth = if self.scale_by_depth { (index + 1) as f64 } else { 1.0 };
        1.0 / (width * depth)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            head: HeadKind::CausalLm,
            vocab_size: 50_257,
            d_model: 768,
            n_layers: 12,
            n_heads: 12,
            d_ff: None,
            max_positions: 1024,
            activation: Activation::GeluTanh,
            norm_eps: 1e-5,
            tied: true,
            scale_by_width: true,
            scale_by_depth: false,
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
            .size("d_ff", self.d_ff.unwrap_or_else(|| self.d_ff().max(1)))
            .size("max_positions", self.max_positions)
            .positive("norm_eps", self.norm_eps)
            .broken()
    }

    fn settled(self) -> Self {
        Self { d_ff: Some(self.d_ff()), ..self }
    }
}
