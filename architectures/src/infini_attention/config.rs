//! The sizes and choices of an Infini-Transformer.

use serde::{Deserialize, Serialize};
use zoo_registry::{Problem, Rules};

use crate::blocks::{Activation, MemoryUpdate};

/// Defaults are those of the paper's language models (§4.2), as far as it gives them.
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
    /// Attention heads, each with a memory of its own.
    pub n_heads: usize,
    /// Width of a head's queries, keys and values; even, for they are turned in pairs.
    pub head_dim: usize,
    /// Inner width of the feed-forward network.
    pub d_ff: usize,
    /// Tokens of a segment: what attention sees in full before it is folded into memory.
    pub segment_len: usize,
    /// How a segment is folded into memory.
    pub update: MemoryUpdate,
    /// Non-linearity of the feed-forward network.
    pub activation: Activation,
    /// Added to the variance in every layer norm.
    pub norm_eps: f64,
    /// The rotary positions' slowest pair turns almost once in 2π of this many tokens.
    pub rope_theta: f64,
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

impl Default for Config {
    fn default() -> Self {
        Self {
            head: HeadKind::CausalLm,
            vocab_size: 32_000,
            d_model: 1024,
            n_layers: 12,
            n_heads: 8,
            head_dim: 128,
            d_ff: 4096,
            segment_len: 2048,
            update: MemoryUpdate::Linear,
            activation: Activation::Gelu,
            norm_eps: 1e-5,
            rope_theta: 10_000.0,
            tied: true,
        }
    }
}

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        let head_dim = self.head_dim;
        Rules::new()
            .size("vocab_size", self.vocab_size)
            .size("d_model", self.d_model)
            .layers("n_layers", self.n_layers)
            .size("n_heads", self.n_heads)
            .size("head_dim", head_dim)
            .require(head_dim.is_multiple_of(2), "head_dim", || format!("must be even, found {head_dim}"))
            .size("d_ff", self.d_ff)
            .size("segment_len", self.segment_len)
            .positive("norm_eps", self.norm_eps)
            .positive("rope_theta", self.rope_theta)
            .broken()
    }
}
