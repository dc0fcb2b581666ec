//! What sits on BERT's body.

use burn::module::{Initializer, Module, Param};
use burn::nn::{Embedding, LayerNorm};
use burn::tensor::{Device, Tensor};

use super::INIT_STD;
use super::config::{Config, HeadKind};
use crate::blocks::{Activation, Linear, layer_norm, linear, tied_logits};

/// What the last hidden states are used for.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "one value a model")]
pub enum BertHead {
    /// Fill in hidden tokens (§3.1, task 1), or continue the text when the layers look back only.
    Language(LanguageHead),
    /// Judge the whole text from its first token (§4.1).
    SequenceClassification(Linear),
    /// Judge every token (§4, §5.3).
    TokenClassification(Linear),
    /// Find where an answer starts and ends (§4.2).
    QuestionAnswering(Linear),
}

/// A transform, then scores against the token table.
#[derive(Module, Debug)]
pub struct LanguageHead {
    transform: Linear,
    norm: LayerNorm,
    bias: Param<Tensor<1>>,
    decoder: Option<Linear>,
    #[module(skip)]
    activation: Activation,
}

impl LanguageHead {
    /// # Shapes
    /// `[batch, seq_len, d_model]` → `[batch, seq_len, vocab_size]`
    pub(super) fn forward(&self, hidden: Tensor<3>, tokens: &Embedding) -> Tensor<3> {
        let transformed = self.norm.forward(self.activation.forward(self.transform.forward(hidden)));
        let logits = match &self.decoder {
            Some(decoder) => decoder.forward(transformed),
            None => tied_logits(transformed, tokens),
        };
        logits + self.bias.val().unsqueeze()
    }
}

impl BertHead {
    pub(super) fn init(config: &Config, device: &Device) -> Option<Self> {
        let judge = |n_labels| linear([config.d_model, n_labels], INIT_STD, device);
        Some(match config.head {
            HeadKind::None => return None,
            HeadKind::MaskedLm | HeadKind::CausalLm => Self::Language(LanguageHead::init(config, device)),
            HeadKind::SequenceClassification => Self::SequenceClassification(judge(config.n_labels)),
            HeadKind::TokenClassification => Self::TokenClassification(judge(config.n_labels)),
            HeadKind::QuestionAnswering => Self::QuestionAnswering(judge(2)),
        })
    }
}

impl LanguageHead {
    fn init(config: &Config, device: &Device) -> Self {
        let Config { d_model, vocab_size, norm_eps, activation, tied, .. } = *config;
        Self {
            transform: linear([d_model; 2], INIT_STD, device),
            norm: layer_norm(d_model, norm_eps, device),
            bias: Initializer::Zeros.init([vocab_size], device),
            decoder: (!tied).then(|| Linear { bias: None, ..linear([d_model, vocab_size], INIT_STD, device) }),
            activation,
        }
    }
}
