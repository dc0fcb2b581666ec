//! The sizes and choices of a GPT.

use serde::{Deserialize, Serialize};
use zoo_registry::{Problem, Rules};

use crate::blocks::Activation;

/// Defaults are those of the published model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What sits on the body.
    pub head: HeadKind,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// Width of the hidden states. The feed-forward network is four times as wide.
    pub d_model: usize,
    /// Decoder layers.
    pub n_layers: usize,
    /// Attention heads; each is `d_model / n_heads` wide.
    pub n_heads: usize,
    /// Longest text in tokens.
    pub max_positions: usize,
    /// Non-linearity of the feed-forward network: the tanh form of GELU, ReLU or SiLU.
    pub activation: Activation,
    /// Added to the variance in every layer norm.
    pub norm_eps: f64,
    /// The output layer is the token table itself.
    pub tied: bool,
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

/// As for every other size.
const LARGEST_INNER: usize = 1 << 31;

impl Config {
    /// Inner width of the feed-forward network, §4.1: 3072 for 768.
    pub fn d_ff(&self) -> usize {
        self.d_model.saturating_mul(4)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            head: HeadKind::CausalLm,
            vocab_size: 40_478,
            d_model: 768,
            n_layers: 12,
            n_heads: 12,
            max_positions: 512,
            activation: Activation::GeluTanh,
            norm_eps: 1e-5,
            tied: true,
        }
    }
}

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        let known = matches!(self.activation, Activation::GeluTanh | Activation::Relu | Activation::Silu);
        Rules::new()
            .size("vocab_size", self.vocab_size)
            .size("d_model", self.d_model)
            .require(self.d_model > LARGEST_INNER || self.d_ff() <= LARGEST_INNER, "d_model", || {
                format!("makes an inner width of {}, expected at most {LARGEST_INNER}", self.d_ff())
            })
            .layers("n_layers", self.n_layers)
            .size("n_heads", self.n_heads)
            .divides(("n_heads", self.n_heads), ("d_model", self.d_model))
            .size("max_positions", self.max_positions)
            .require(known, "activation", || {
                format!("expected `gelu-tanh`, `relu` or `silu`, found {:?}", self.activation)
            })
            .positive("norm_eps", self.norm_eps)
            .broken()
    }
}
