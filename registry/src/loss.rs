//! Training objectives, read off what the head's numbers mean.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::output::{HeadOutput, Output};
use crate::preference::{self, Pair};
use crate::rows::Rows;

/// Labels of this value are left out of the mean, by convention of PyTorch's `cross_entropy`.
pub const IGNORED: i64 = -100;

/// What the model should have said.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Labels {
    /// `[batch, seq_len]`, a token or label id at each position, or [`IGNORED`]. A model that predicts the *next* token is
    /// compared with the labels one step later: give it its own input.
    Tokens(Rows<i64>),
    /// `[batch, seq_len]`, the id that follows each position, or [`IGNORED`]: for an encoder–decoder, whose input is its answer
    /// one step late.
    Next(Rows<i64>),
    /// One label an input.
    Classes(Vec<i64>),
    /// First and last token of the answer, one pair an input.
    Spans {
        /// First tokens.
        start: Vec<i64>,
        /// Last tokens.
        end: Vec<i64>,
    },
    /// Which of two texts of the batch people preferred; every text is in a pair.
    Pairs(Vec<Pair>),
    /// Rows of the batch that answer one prompt, the best first; every text is in one ranking.
    Rankings(Vec<Vec<usize>>),
    /// The reward each text should have: the mean square of what is missing.
    Rewards(Vec<f32>),
    /// No task: the mean square of everything the model says. For probing gradients of models without an objective.
    Probe,
}

/// The mean loss, one number.
///
/// # Errors
/// A clause saying what was expected and found, if the labels do not fit the head.
pub fn loss(output: &Output, labels: &Labels) -> Result<Tensor<1>, String> {
    match (&output.head, labels) {
        (HeadOutput::NextTokenLogits(logits), Labels::Tokens(labels)) => {
            let [batch, len, vocab] = logits.dims();
            check_dims(labels.dims(), [batch, len])?;
            if len < 2 {
                return Err("expected at least 2 tokens, so that one can be predicted, found 1".into());
            }
            let logits = logits.clone().slice([0..batch, 0..len - 1, 0..vocab]);
            cross_entropy(logits.reshape([batch * (len - 1), vocab]), labels.columns(1, len).as_slice())
        }
        (HeadOutput::TokenLogits(logits) | HeadOutput::TokenLabelLogits(logits), Labels::Tokens(labels))
        | (HeadOutput::NextTokenLogits(logits), Labels::Next(labels)) => {
            let [batch, len, n] = logits.dims();
            check_dims(labels.dims(), [batch, len])?;
            cross_entropy(logits.clone().reshape([batch * len, n]), labels.as_slice())
        }
        (HeadOutput::LabelLogits(logits), Labels::Classes(labels)) => cross_entropy(logits.clone(), labels),
        // Touvron et al. 2020, arXiv 2012.12877, equation 3, with a teacher that is always right.
        (HeadOutput::DistilledLabelLogits { class, distillation }, Labels::Classes(labels)) => {
            Ok((cross_entropy(class.clone(), labels)? + cross_entropy(distillation.clone(), labels)?) / 2.0)
        }
        (HeadOutput::SpanLogits { start, end }, Labels::Spans { start: first, end: last }) => {
            Ok((cross_entropy(start.clone(), first)? + cross_entropy(end.clone(), last)?) / 2.0)
        }
        (HeadOutput::Reward(rewards), Labels::Pairs(pairs)) => preference::pairwise(rewards, pairs),
        (HeadOutput::Reward(rewards), Labels::Rankings(rankings)) => preference::ranking(rewards, rankings),
        (HeadOutput::Reward(rewards), Labels::Rewards(expected)) => preference::regression(rewards, expected),
        (head, Labels::Probe) => Ok(mean_square(head, output.pooled.as_ref())),
        (head, labels) => Err(format!("{} have no loss against {}", head_kind(head), labels_kind(labels))),
    }
}

/// −log p(label), the mean over labels that are not [`IGNORED`]. `logits [n, classes]`.
fn cross_entropy(logits: Tensor<2>, labels: &[i64]) -> Result<Tensor<1>, String> {
    let [n, classes] = logits.dims();
    if labels.len() != n {
        return Err(format!("expected {n} labels, found {}", labels.len()));
    }
    if let Some(bad) = labels.iter().find(|&&label| label != IGNORED && !(0..classes as i64).contains(&label)) {
        return Err(format!("expected labels from 0 to {} or {IGNORED}, found {bad}", classes - 1));
    }
    let counted: Vec<f32> = labels.iter().map(|&label| if label == IGNORED { 0.0 } else { 1.0 }).collect();
    let count: f32 = counted.iter().sum();
    if count == 0.0 {
        return Err(format!("every label is {IGNORED}, so there is nothing to learn from"));
    }
    let device = logits.device();
    let targets: Vec<i64> = labels.iter().map(|&label| label.max(0)).collect();
    let picked = log_softmax(logits, 1).gather(1, column(targets, &device)).reshape([n]);
    let counted = Tensor::<1>::from_data(TensorData::new(counted, [n]), &device);
    Ok((picked * counted).sum().neg() / count)
}

fn column(values: Vec<i64>, device: &Device) -> Tensor<2, Int> {
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [n, 1]), device)
}

fn mean_square(head: &HeadOutput, pooled: Option<&Tensor<2>>) -> Tensor<1> {
    let square = |tensor: Tensor<1>| tensor.powi_scalar(2).mean();
    let flat = |tensor: &Tensor<3>| square(tensor.clone().flatten(0, 2));
    let flat2 = |tensor: &Tensor<2>| square(tensor.clone().flatten(0, 1));
    let head = match head {
        HeadOutput::Hidden(t)
        | HeadOutput::TokenLogits(t)
        | HeadOutput::NextTokenLogits(t)
        | HeadOutput::TokenLabelLogits(t) => flat(t),
        HeadOutput::LabelLogits(t) => flat2(t),
        HeadOutput::DistilledLabelLogits { class, distillation } => flat2(class) + flat2(distillation),
        HeadOutput::SpanLogits { start, end } => flat2(start) + flat2(end),
        HeadOutput::Reward(t) => square(t.clone()),
    };
    pooled.map_or(head.clone(), |pooled| head + flat2(pooled))
}

fn check_dims(found: [usize; 2], expected: [usize; 2]) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("expected labels of shape {expected:?}, found {found:?}")) }
}

fn head_kind(head: &HeadOutput) -> &'static str {
    match head {
        HeadOutput::Hidden(_) => "hidden states",
        HeadOutput::TokenLogits(_) => "token scores",
        HeadOutput::NextTokenLogits(_) => "next-token scores",
        HeadOutput::TokenLabelLogits(_) => "label scores of tokens",
        HeadOutput::LabelLogits(_) | HeadOutput::DistilledLabelLogits { .. } => "label scores",
        HeadOutput::SpanLogits { .. } => "span scores",
        HeadOutput::Reward(_) => "rewards",
    }
}

fn labels_kind(labels: &Labels) -> &'static str {
    match labels {
        Labels::Tokens(_) => "labels of tokens",
        Labels::Next(_) => "next tokens",
        Labels::Classes(_) => "labels of inputs",
        Labels::Spans { .. } => "spans",
        Labels::Pairs(_) => "pairs of texts",
        Labels::Rankings(_) => "rankings of texts",
        Labels::Rewards(_) => "rewards",
        Labels::Probe => "nothing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(loss: Tensor<1>) -> f32 {
        loss.into_data().try_to_vec::<f32>().unwrap()[0]
    }

    fn logits(rows: [[f32; 3]; 2]) -> Tensor<2> {
        Tensor::from_data(rows, &Device::flex())
    }

    #[test]
    fn cross_entropy_by_hand() {
        let rows = [[1.0, 2.0, 3.0], [0.5, 0.5, 0.0]];
        let by_hand = |row: [f32; 3], label: usize| row.iter().map(|x| x.exp()).sum::<f32>().ln() - row[label];
        let loss = value(cross_entropy(logits(rows), &[2, 0]).unwrap());
        assert!((loss - (by_hand(rows[0], 2) + by_hand(rows[1], 0)) / 2.0).abs() < 1e-6);
        let ignoring = value(cross_entropy(logits(rows), &[IGNORED, 0]).unwrap());
        assert!((ignoring - by_hand(rows[1], 0)).abs() < 1e-6, "ignored labels leave numerator and denominator");
    }

    #[test]
    fn next_token_labels_are_the_input_itself() {
        let logits = Tensor::<3>::from_data([[[0.0, 9.0], [9.0, 0.0], [0.0, 9.0]]], &Device::flex());
        let output = Output::new(HeadOutput::NextTokenLogits(logits));
        let labels = Labels::Tokens(Rows::new(&[[0, 1, 0]]).unwrap());
        assert!(value(loss(&output, &labels).unwrap()) < 1e-3);
        let next = Labels::Next(Rows::new(&[[1, 0, 1]]).unwrap());
        assert!(value(loss(&output, &next).unwrap()) < 1e-3);
        let late = Labels::Next(Rows::new(&[[0, 1, 0]]).unwrap());
        assert!(value(loss(&output, &late).unwrap()) > 8.0);
    }

    #[test]
    fn both_heads_of_a_distilled_model_learn_the_label() {
        let (class, distillation) = (logits([[1.0, 2.0, 3.0]; 2]), logits([[0.0, 5.0, 1.0]; 2]));
        let alone = |logits: &Tensor<2>| value(cross_entropy(logits.clone(), &[2, 1]).unwrap());
        let expected = (alone(&class) + alone(&distillation)) / 2.0;
        let output = Output::new(HeadOutput::DistilledLabelLogits { class, distillation });
        let both = value(loss(&output, &Labels::Classes(vec![2, 1])).unwrap());
        assert!((both - expected).abs() < 1e-6);
        let mean: Vec<f32> = output.head.label_logits().unwrap().into_data().iter().collect();
        assert_eq!(mean[..3], [0.5, 3.5, 2.0]);
    }

    #[test]
    fn labels_that_do_not_fit_are_refused() {
        let output = Output::new(HeadOutput::LabelLogits(logits([[0.0; 3]; 2])));
        assert!(loss(&output, &Labels::Classes(vec![0])).unwrap_err().contains("expected 2 labels"));
        assert!(loss(&output, &Labels::Classes(vec![0, 3])).unwrap_err().contains("found 3"));
        assert!(loss(&output, &Labels::Classes(vec![IGNORED; 2])).unwrap_err().contains("nothing to learn"));
        assert!(loss(&output, &Labels::Tokens(Rows::full(2, 1, 0))).unwrap_err().contains("have no loss"));
    }
}
