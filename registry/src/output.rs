//! What comes out of a model: the head's answer, and on request everything on the way to it.

use burn::tensor::{Tensor, TensorData};

/// The result of a forward pass.
#[derive(Debug, Clone)]
pub struct Output {
    /// What the head says.
    pub head: HeadOutput,
    /// One vector a text, from models that make one on the way: `[batch, d_model]`.
    pub pooled: Option<Tensor<2>>,
    /// `n_layers + 1` of `[batch, seq_len, d_model]`, the embeddings first; empty unless recorded.
    pub hidden_states: Vec<Tensor<3>>,
    /// `n_layers` of `[batch, n_heads, q_len, kv_len]`, each row a distribution; empty unless recorded.
    pub attentions: Vec<Tensor<4>>,
}

/// What the numbers at the top mean.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "one value a forward pass, and tensors are handles")]
pub enum HeadOutput {
    /// No head: the last hidden states, `[batch, seq_len, d_model]`.
    Hidden(Tensor<3>),
    /// Scores of the token *at* each position, `[batch, seq_len, vocab_size]`.
    TokenLogits(Tensor<3>),
    /// Scores of the token *after* each position, `[batch, seq_len, vocab_size]`.
    NextTokenLogits(Tensor<3>),
    /// Scores of each token's label, `[batch, seq_len, n_labels]`.
    TokenLabelLogits(Tensor<3>),
    /// Scores of the whole input's label, `[batch, n_labels]`.
    LabelLogits(Tensor<2>),
    /// Scores of where an answer starts and ends, each `[batch, seq_len]`.
    SpanLogits {
        /// First token of the answer.
        start: Tensor<2>,
        /// Last token of the answer.
        end: Tensor<2>,
    },
    /// One number a text, `[batch]`.
    Reward(Tensor<1>),
}

impl Output {
    /// An output with nothing recorded.
    pub fn new(head: HeadOutput) -> Self {
        Self { head, pooled: None, hidden_states: Vec::new(), attentions: Vec::new() }
    }

    /// Every tensor with the name that references give it: `logits`, `hidden_states.3`, …
    pub fn named(&self) -> Vec<(String, TensorData)> {
        let mut named: Vec<(String, TensorData)> = match &self.head {
            HeadOutput::Hidden(hidden) => vec![("last_hidden_state".into(), hidden.to_data())],
            HeadOutput::TokenLogits(logits)
            | HeadOutput::NextTokenLogits(logits)
            | HeadOutput::TokenLabelLogits(logits) => vec![("logits".into(), logits.to_data())],
            HeadOutput::LabelLogits(logits) => vec![("logits".into(), logits.to_data())],
            HeadOutput::SpanLogits { start, end } => {
                vec![("start_logits".into(), start.to_data()), ("end_logits".into(), end.to_data())]
            }
            HeadOutput::Reward(reward) => vec![("reward".into(), reward.to_data())],
        };
        named.extend(self.pooled.iter().map(|pooled| ("pooler_output".into(), pooled.to_data())));
        let hidden = self.hidden_states.iter().enumerate();
        named.extend(hidden.map(|(i, hidden)| (format!("hidden_states.{i}"), hidden.to_data())));
        let attentions = self.attentions.iter().enumerate();
        named.extend(attentions.map(|(i, weights)| (format!("attentions.{i}"), weights.to_data())));
        named
    }
}

/// What a forward pass should keep besides the head's answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Record {
    /// Keep every layer's hidden states.
    pub hidden_states: bool,
    /// Keep every layer's attention maps.
    pub attentions: bool,
}

impl Record {
    /// The head's answer alone.
    pub const NOTHING: Self = Self { hidden_states: false, attentions: false };
    /// Everything on the way.
    pub const ALL: Self = Self { hidden_states: true, attentions: true };
}

/// Collects what was asked for while a network runs.
#[derive(Debug, Default)]
pub struct Trace {
    record: Record,
    hidden_states: Vec<Tensor<3>>,
    attentions: Vec<Tensor<4>>,
}

impl Trace {
    /// A trace that keeps what `record` asks for.
    pub fn new(record: Record) -> Self {
        Self { record, ..Self::default() }
    }

    /// A trace that keeps nothing.
    pub fn off() -> Self {
        Self::default()
    }

    /// Whether attention maps are wanted; kernels that never form them may be used when not.
    pub fn wants_attentions(&self) -> bool {
        self.record.attentions
    }

    /// The hidden states after the embeddings or after a layer, `[batch, seq_len, d_model]`.
    pub fn hidden(&mut self, hidden: &Tensor<3>) {
        if self.record.hidden_states {
            self.hidden_states.push(hidden.clone());
        }
    }

    /// The attention map of a layer, `[batch, n_heads, q_len, kv_len]`.
    pub fn attention(&mut self, weights: &Tensor<4>) {
        if self.record.attentions {
            self.attentions.push(weights.clone());
        }
    }

    /// Adds what was collected to an output.
    pub fn finish(self, mut output: Output) -> Output {
        output.hidden_states = self.hidden_states;
        output.attentions = self.attentions;
        output
    }
}
