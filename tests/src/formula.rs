//! The objectives written out: sums over plain numbers, in f64.

use burn::tensor::TensorData;
use zoo_registry::loss::IGNORED;
use zoo_registry::{HeadOutput, Labels, Output, Pair};

/// The mean loss of an output, by the formula of its head; `None` if its labels are of a kind that head has no formula for.
pub(crate) fn loss(output: &Output, labels: &Labels) -> Option<f64> {
    Some(match (&output.head, labels) {
        (HeadOutput::NextTokenLogits(logits), Labels::Tokens(labels)) => {
            let [batch, len, _] = logits.dims();
            let (logits, labels) = (numbers(logits.to_data()), labels.as_slice());
            // What stands at a position is said by the one before it; nobody says the first.
            let said = (0..batch).flat_map(|row| (1..len).map(move |at| (row * len + at - 1, row * len + at)));
            mean_surprise(&logits, batch * len, said.map(|(by, of)| (by, labels[of])))
        }
        (HeadOutput::TokenLogits(logits) | HeadOutput::TokenLabelLogits(logits), Labels::Tokens(labels))
        | (HeadOutput::NextTokenLogits(logits), Labels::Next(labels)) => {
            let [batch, len, _] = logits.dims();
            each(&numbers(logits.to_data()), batch * len, labels.as_slice())
        }
        (HeadOutput::LabelLogits(logits), Labels::Classes(labels)) => {
            each(&numbers(logits.to_data()), labels.len(), labels)
        }
        (HeadOutput::DistilledLabelLogits { class, distillation }, Labels::Classes(labels)) => {
            let of = |logits| each(&numbers(logits), labels.len(), labels);
            (of(class.to_data()) + of(distillation.to_data())) / 2.0
        }
        (HeadOutput::SpanLogits { start, end }, Labels::Spans { start: first, end: last }) => {
            let (starts, ends) = (numbers(start.to_data()), numbers(end.to_data()));
            (each(&starts, first.len(), first) + each(&ends, last.len(), last)) / 2.0
        }
        (HeadOutput::Reward(rewards), Labels::Pairs(pairs)) => {
            let rewards = numbers(rewards.to_data());
            pairs.iter().map(|pair| comparison(&rewards, pair)).sum::<f64>() / pairs.len() as f64
        }
        (HeadOutput::Reward(rewards), Labels::Rankings(rankings)) => {
            let rewards = numbers(rewards.to_data());
            rankings.iter().map(|ranking| of_ranking(&rewards, ranking)).sum::<f64>() / rankings.len() as f64
        }
        (HeadOutput::Reward(rewards), Labels::Rewards(expected)) => {
            let rewards = numbers(rewards.to_data());
            let square = |(found, expected): (&f64, &f32)| (found - f64::from(*expected)).powi(2);
            rewards.iter().zip(expected).map(square).sum::<f64>() / expected.len() as f64
        }
        _ => return None,
    })
}

fn numbers(data: TensorData) -> Vec<f64> {
    data.iter::<f64>().collect()
}

/// The mean over labels of what their own row of scores says.
fn each(logits: &[f64], rows: usize, labels: &[i64]) -> f64 {
    mean_surprise(logits, rows, labels.iter().copied().enumerate())
}

/// The mean of `log Σ eˢ − s_label` over the labels that count, each with the row of scores that it is judged by.
fn mean_surprise(logits: &[f64], rows: usize, labels: impl Iterator<Item = (usize, i64)>) -> f64 {
    let n = logits.len() / rows;
    let (mut sum, mut count) = (0.0, 0.0);
    for (row, label) in labels.filter(|(_, label)| *label != IGNORED) {
        let scores = &logits[row * n..(row + 1) * n];
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = scores.iter().map(|score| (score - most).exp()).sum();
        sum += most + total.ln() - scores[label as usize];
        count += 1.0;
    }
    sum / count
}

/// `−log σ(r_w − r_l − m)`.
fn comparison(rewards: &[f64], pair: &Pair) -> f64 {
    let apart = rewards[pair.better] - rewards[pair.worse] - pair.margin;
    (-apart).max(0.0) + (-apart.abs()).exp().ln_1p()
}

/// The mean over the pairs of a ranking.
fn of_ranking(rewards: &[f64], ranking: &[usize]) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (place, &better) in ranking.iter().enumerate() {
        for &worse in &ranking[place + 1..] {
            sum += comparison(rewards, &Pair::new(better, worse));
            count += 1.0;
        }
    }
    sum / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surprise_by_hand() {
        let logits = [0.0, 3f64.ln(), 0.0, 0.0];
        assert!((each(&logits, 2, &[0, 1]) - (4f64.ln() + 2f64.ln()) / 2.0).abs() < 1e-12);
        assert!((each(&logits, 2, &[IGNORED, 1]) - 2f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn comparisons_by_hand() {
        let pair = |margin| Pair { margin, ..Pair::new(0, 1) };
        assert!((comparison(&[1.0, 1.0], &pair(0.0)) - 2f64.ln()).abs() < 1e-12);
        assert_eq!(comparison(&[0.0, 0.0], &pair(1e4)), 1e4);
        assert_eq!(comparison(&[1e4, 0.0], &pair(0.0)), 0.0);
        let (a, b, c) = (2.0, 0.5, -1.0);
        let by_hand = |x: f64, y: f64| (1.0 + (y - x).exp()).ln();
        let mean = (by_hand(a, b) + by_hand(a, c) + by_hand(b, c)) / 3.0;
        assert!((of_ranking(&[b, c, a], &[2, 0, 1]) - mean).abs() < 1e-12);
    }
}
