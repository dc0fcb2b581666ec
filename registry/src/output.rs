//! What comes out of a model: the head's answer, and on request everything on the way to it.

use burn::tensor::{Tensor, TensorData};

use crate::descriptor::Answer;

/// The result of a forward pass.
#[derive(Debug, Clone)]
pub struct Output {
    /// What the head says.
    pub head: HeadOutput,
    /// One vector a text or image, from models that make one on the way: `[batch, d_model]`, or as wide as the configuration says.
    pub pooled: Option<Tensor<2>>,
    /// `[batch, seq_len, d_model]` after a last norm that is not among the recorded hidden states, from models that have a head
    /// above it.
    pub last_hidden_state: Option<Tensor<3>>,
    /// `n_layers + 1` of `[batch, seq_len, d_model]`, the embeddings first; empty unless recorded. Of an encoder–decoder, the
    /// decoder's.
    pub hidden_states: Vec<Tensor<3>>,
    /// `n_layers` of `[batch, n_heads, q_len, kv_len]`, each row a distribution; empty unless recorded. Of an encoder–decoder,
    /// the decoder's on itself.
    pub attentions: Vec<Tensor<4>>,
    /// What an encoder–decoder read, and how it looked at it.
    pub source: Option<Source>,
}

/// The encoder's side of an encoder–decoder.
#[derive(Debug, Clone)]
pub struct Source {
    /// What the decoder looks at, `[batch, source_len, d_model]`.
    pub last_hidden_state: Tensor<3>,
    /// `n_encoder_layers + 1` of `[batch, source_len, d_model]`, the embeddings first; empty unless recorded.
    pub hidden_states: Vec<Tensor<3>>,
    /// `n_encoder_layers` of `[batch, n_heads, source_len, source_len]`; empty unless recorded.
    pub attentions: Vec<Tensor<4>>,
    /// `n_layers` of `[batch, n_heads, target_len, source_len]`; empty unless recorded.
    pub cross_attentions: Vec<Tensor<4>>,
}

/// What the numbers at the top mean.
#[derive(Debug, Clone)]
#[non_exhaustive]
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
    /// Two scores of the whole input's label, each `[batch, n_labels]`. What the model says is their mean.
    DistilledLabelLogits {
        /// Of the head that learns from labels.
        class: Tensor<2>,
        /// Of the head that learns from a teacher.
        distillation: Tensor<2>,
    },
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
        Self {
            head,
            pooled: None,
            last_hidden_state: None,
            hidden_states: Vec::new(),
            attentions: Vec::new(),
            source: None,
        }
    }

    /// The output of a decoder that looked at `encoded [batch, source_len, d_model]`.
    pub fn of_source(head: HeadOutput, encoded: Tensor<3>) -> Self {
        let source = Source {
            last_hidden_state: encoded,
            hidden_states: Vec::new(),
            attentions: Vec::new(),
            cross_attentions: Vec::new(),
        };
        Self { source: Some(source), ..Self::new(head) }
    }

    /// Every tensor with the name that references give it: `logits`, `hidden_states.3`, …
    pub fn named(&self) -> Vec<(String, TensorData)> {
        let mut named: Vec<(String, TensorData)> = match &self.head {
            HeadOutput::Hidden(hidden) => vec![("last_hidden_state".into(), hidden.to_data())],
            HeadOutput::TokenLogits(logits)
            | HeadOutput::NextTokenLogits(logits)
            | HeadOutput::TokenLabelLogits(logits) => vec![("logits".into(), logits.to_data())],
            HeadOutput::LabelLogits(logits) => vec![("logits".into(), logits.to_data())],
            HeadOutput::DistilledLabelLogits { class, distillation } => vec![
                ("logits".into(), mean(class, distillation).to_data()),
                ("cls_logits".into(), class.to_data()),
                ("distillation_logits".into(), distillation.to_data()),
            ],
            HeadOutput::SpanLogits { start, end } => {
                vec![("start_logits".into(), start.to_data()), ("end_logits".into(), end.to_data())]
            }
            HeadOutput::Reward(reward) => vec![("reward".into(), reward.to_data())],
        };
        named.extend(self.pooled.iter().map(|pooled| ("pooler_output".into(), pooled.to_data())));
        named.extend(self.last_hidden_state.iter().map(|hidden| ("last_hidden_state".into(), hidden.to_data())));
        let own = if self.source.is_some() { "decoder_" } else { "" };
        named.extend(numbered(&format!("{own}hidden_states"), &self.hidden_states));
        named.extend(numbered(&format!("{own}attentions"), &self.attentions));
        if let Some(source) = &self.source {
            named.extend(numbered("cross_attentions", &source.cross_attentions));
            named.push(("encoder_last_hidden_state".into(), source.last_hidden_state.to_data()));
            named.extend(numbered("encoder_hidden_states", &source.hidden_states));
            named.extend(numbered("encoder_attentions", &source.attentions));
        }
        named
    }
}

impl HeadOutput {
    /// What kind of answer this is.
    pub fn kind(&self) -> Answer {
        match self {
            Self::Hidden(_) => Answer::Hidden,
            Self::TokenLogits(_) => Answer::TokenLogits,
            Self::NextTokenLogits(_) => Answer::NextTokenLogits,
            Self::TokenLabelLogits(_) => Answer::TokenLabelLogits,
            Self::LabelLogits(_) => Answer::LabelLogits,
            Self::DistilledLabelLogits { .. } => Answer::DistilledLabelLogits,
            Self::SpanLogits { .. } => Answer::SpanLogits,
            Self::Reward(_) => Answer::Reward,
        }
    }

    /// Scores of the whole input's label, `[batch, n_labels]`, where the head gives any.
    pub fn label_logits(&self) -> Option<Tensor<2>> {
        match self {
            Self::LabelLogits(logits) => Some(logits.clone()),
            Self::DistilledLabelLogits { class, distillation } => Some(mean(class, distillation)),
            _ => None,
        }
    }
}

fn mean(a: &Tensor<2>, b: &Tensor<2>) -> Tensor<2> {
    (a.clone() + b.clone()) / 2.0
}

fn numbered<const D: usize>(name: &str, tensors: &[Tensor<D>]) -> Vec<(String, TensorData)> {
    tensors.iter().enumerate().map(|(index, tensor)| (format!("{name}.{index}"), tensor.to_data())).collect()
}

/// The `top` likeliest of what `scores` are of, each with its probability by softmax, largest first; equal ones by number.
pub fn likeliest(scores: &[f32], top: usize) -> Vec<(usize, f64)> {
    let most = f64::from(scores.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = scores.iter().map(|&score| (f64::from(score) - most).exp()).sum();
    let probability = |score: f32| (f64::from(score) - most).exp() / sum;
    let mut all: Vec<(usize, f64)> = scores.iter().map(|&score| probability(score)).enumerate().collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(top);
    all
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

/// Whose layers are running.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stack {
    /// The only one, or the decoder looking at itself.
    #[default]
    Main,
    /// The encoder of an encoder–decoder.
    Encoder,
    /// The decoder looking at what the encoder read.
    Cross,
}

/// Collects what was asked for while a network runs.
#[derive(Debug, Default)]
pub struct Trace {
    record: Record,
    stack: Stack,
    hidden_states: Vec<Tensor<3>>,
    attentions: Vec<Tensor<4>>,
    encoder_hidden_states: Vec<Tensor<3>>,
    encoder_attentions: Vec<Tensor<4>>,
    cross_attentions: Vec<Tensor<4>>,
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

    /// Runs a part of the network whose layers are those of `stack`.
    pub fn within<T>(&mut self, stack: Stack, run: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.stack, stack);
        let result = run(self);
        self.stack = outer;
        result
    }

    /// Whether attention maps are wanted; kernels that never form them may be used when not.
    pub fn wants_attentions(&self) -> bool {
        self.record.attentions
    }

    /// The hidden states after the embeddings or after a layer, `[batch, seq_len, d_model]`.
    pub fn hidden(&mut self, hidden: &Tensor<3>) {
        if self.record.hidden_states {
            match self.stack {
                Stack::Main | Stack::Cross => self.hidden_states.push(hidden.clone()),
                Stack::Encoder => self.encoder_hidden_states.push(hidden.clone()),
            }
        }
    }

    /// The attention map of a layer, `[batch, n_heads, q_len, kv_len]`.
    pub fn attention(&mut self, weights: &Tensor<4>) {
        if self.record.attentions {
            match self.stack {
                Stack::Main => self.attentions.push(weights.clone()),
                Stack::Encoder => self.encoder_attentions.push(weights.clone()),
                Stack::Cross => self.cross_attentions.push(weights.clone()),
            }
        }
    }

    /// Adds what was collected to an output.
    pub fn finish(self, mut output: Output) -> Output {
        output.hidden_states = self.hidden_states;
        output.attentions = self.attentions;
        if let Some(source) = &mut output.source {
            source.hidden_states = self.encoder_hidden_states;
            source.attentions = self.encoder_attentions;
            source.cross_attentions = self.cross_attentions;
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_come_first_and_sum_to_one() {
        let all = likeliest(&[0.0, 2.0_f32.ln(), 0.0, 1000.0 - 1000.0], 9);
        assert_eq!(all.iter().map(|guess| guess.0).collect::<Vec<_>>(), [1, 0, 2, 3]);
        assert!((all[0].1 - 0.4).abs() < 1e-7 && (all[1].1 - 0.2).abs() < 1e-7);
        assert_eq!(likeliest(&[5.0, 1.0], 1).len(), 1);
    }
}
