//! The sizes and choices of an ALBERT.

use serde::{Deserialize, Serialize};
use zoo_architectures::blocks::Activation;
use zoo_registry::{Problem, Rules};

/// Defaults are those of `albert-xxlarge-v2`, as the published configuration has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What sits on the body.
    pub head: HeadKind,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// Width of the token vectors, before they are widened.
    pub d_embedding: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// How often a group is passed through.
    pub n_layers: usize,
    /// Groups of layers with weights of their own; each serves a run of `n_layers / n_groups` passes.
    pub n_groups: usize,
    /// Layers in a group.
    pub n_inner_layers: usize,
    /// Attention heads; each is `d_model / n_heads` wide.
    pub n_heads: usize,
    /// Inner width of the feed-forward network.
    pub d_ff: usize,
    /// Longest text in tokens.
    pub max_positions: usize,
    /// Segments told apart.
    pub n_token_types: usize,
    /// How positions enter.
    pub positions: Positions,
    /// Non-linearity of the feed-forward network and the language head.
    pub activation: Activation,
    /// Added to the variance in every layer norm.
    pub norm_eps: f64,
}

/// What sits on the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// Hidden states and the pooled first token.
    None,
    /// Scores of the token at each position.
    MaskedLm,
}

/// How positions enter. What was never published with weights is refused rather than read as something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positions {
    /// A learned vector a position, added to the token's.
    #[serde(alias = "absolute")]
    Learned,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            head: HeadKind::None,
            vocab_size: 30_000,
            d_embedding: 128,
            d_model: 4096,
            n_layers: 12,
            n_groups: 1,
            n_inner_layers: 1,
            n_heads: 64,
            d_ff: 16_384,
            max_positions: 512,
            n_token_types: 2,
            positions: Positions::Learned,
            activation: Activation::GeluTanh,
            norm_eps: 1e-12,
        }
    }
}

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        Rules::new()
            .size("vocab_size", self.vocab_size)
            .size("d_embedding", self.d_embedding)
            .size("d_model", self.d_model)
            .layers("n_layers", self.n_layers)
            .layers("n_groups", self.n_groups)
            .divides(("n_groups", self.n_groups), ("n_layers", self.n_layers))
            .layers("n_inner_layers", self.n_inner_layers)
            .layers("n_groups · n_inner_layers", self.n_groups.saturating_mul(self.n_inner_layers))
            .size("n_heads", self.n_heads)
            .divides(("n_heads", self.n_heads), ("d_model", self.d_model))
            .size("d_ff", self.d_ff)
            .size("max_positions", self.max_positions)
            .size("n_token_types", self.n_token_types)
            .positive("norm_eps", self.norm_eps)
            .broken()
    }
}
