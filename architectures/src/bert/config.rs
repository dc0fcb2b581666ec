//! The sizes and choices of a BERT.

use serde::{Deserialize, Serialize};
use zoo_registry::{Problem, Rules};

use crate::blocks::Activation;

/// Defaults are those of `bert-base-uncased`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What sits on the body.
    pub head: HeadKind,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Encoder layers.
    pub n_layers: usize,
    /// Attention heads; each is `d_model / n_heads` wide.
    pub n_heads: usize,
    /// Inner width of the feed-forward network.
    pub d_ff: usize,
    /// Longest text in tokens.
    pub max_positions: usize,
    /// Segments told apart.
    pub n_token_types: usize,
    /// Labels of a classification head.
    pub n_labels: usize,
    /// How positions enter.
    pub positions: Positions,
    /// Non-linearity of the feed-forward network and the language head.
    pub activation: Activation,
    /// Added to the variance in every layer norm.
    pub norm_eps: f64,
    /// The language head scores against the token table itself.
    pub tied: bool,
    /// Tokens look back only. Left open, it follows from the head.
    pub causal: Option<bool>,
}

/// What sits on the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// Hidden states and the pooled first token.
    None,
    /// Scores of the token at each position.
    MaskedLm,
    /// Scores of the token after each position.
    CausalLm,
    /// Scores of the text's label.
    SequenceClassification,
    /// Scores of each token's label.
    TokenClassification,
    /// Scores of an answer's ends.
    QuestionAnswering,
}

/// How positions enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positions {
    /// A learned vector a position, added to the token's.
    #[serde(alias = "absolute")]
    Learned,
    /// A learned vector a distance, compared with the query (arXiv 1803.02155).
    #[serde(alias = "relative_key")]
    RelativeKey,
    /// The same, compared with query and key (arXiv 2009.13658).
    #[serde(alias = "relative_key_query")]
    RelativeKeyQuery,
}

impl HeadKind {
    /// Only what reads the first token alone needs it pooled.
    pub fn needs_pooler(self) -> bool {
        matches!(self, Self::None | Self::SequenceClassification)
    }
}

impl Config {
    /// Whether tokens look back only.
    pub fn is_causal(&self) -> bool {
        self.causal.unwrap_or(self.head == HeadKind::CausalLm)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            head: HeadKind::None,
            vocab_size: 30_522,
            d_model: 768,
            n_layers: 12,
            n_heads: 12,
            d_ff: 3072,
            max_positions: 512,
            n_token_types: 2,
            n_labels: 2,
            positions: Positions::Learned,
            activation: Activation::Gelu,
            norm_eps: 1e-12,
            tied: true,
            causal: None,
        }
    }
}

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        let backwards = self.head == HeadKind::CausalLm && self.causal == Some(false);
        let blind = self.head == HeadKind::SequenceClassification && self.causal == Some(true);
        Rules::new()
            .size("vocab_size", self.vocab_size)
            .size("d_model", self.d_model)
            .layers("n_layers", self.n_layers)
            .size("n_heads", self.n_heads)
            .divides(("n_heads", self.n_heads), ("d_model", self.d_model))
            .size("d_ff", self.d_ff)
            .size("max_positions", self.max_positions)
            .size("n_token_types", self.n_token_types)
            .size("n_labels", self.n_labels)
            .positive("norm_eps", self.norm_eps)
            .require(!blind, "causal", || {
                "the label is read at the first token, which must see the others: expected false".into()
            })
            .require(!backwards, "causal", || "a model that writes text cannot look ahead: expected true".into())
            .broken()
    }

    fn settled(self) -> Self {
        Self { causal: Some(self.is_causal()), ..self }
    }
}
