//! What people prefer: learning rewards from comparisons, and the reward that a language model trained on them implies.

use burn::tensor::activation::{log_sigmoid, log_softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::decode::{Decode, Logits};
use crate::error::{Error, Result};
use crate::input::{Side, Tokens};

/// Two texts of a batch, of which people preferred one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Row of the preferred text.
    pub better: usize,
    /// Row of the other.
    pub worse: usize,
    /// By how much the better one's reward should be the larger, where people said how sure they are; 0 otherwise.
    pub margin: f64,
}

impl Pair {
    /// A pair without a margin.
    pub fn new(better: usize, worse: usize) -> Self {
        Self { better, worse, margin: 0.0 }
    }
}

/// The mean over pairs of `−log σ(r_w − r_l − m)`: Bradley and Terry's model of a comparison, as Stiennon et al. 2020 (arXiv
/// 2009.01325, §3.4) train on it; the margin `m` is that of Touvron et al. 2023 (arXiv 2307.09288, §3.2.2, equation 2).
///
/// # Shapes
/// `rewards [batch]` → `[1]`
///
/// # Errors
/// A clause saying what was expected and found: no pair, a row that is none, a text in no pair.
pub fn pairwise(rewards: &Tensor<1>, pairs: &[Pair]) -> Result<Tensor<1>, String> {
    let [batch] = rewards.dims();
    if pairs.is_empty() {
        return Err("expected pairs of texts, found none".into());
    }
    for &Pair { better, worse, margin } in pairs {
        check_rows(batch, &[better, worse])?;
        if better == worse {
            return Err(format!("expected two texts in a pair, found text {better} twice"));
        }
        if !margin.is_finite() {
            return Err(format!("expected a finite margin, found {margin} between texts {better} and {worse}"));
        }
    }
    check_all_named(batch, pairs.iter().flat_map(|pair| [pair.better, pair.worse]), "pair")?;
    let weights = vec![1.0 / pairs.len() as f64; pairs.len()];
    Ok(surprise(rewards, pairs, &weights))
}

/// The mean over prompts of the mean over the `K (K − 1) / 2` pairs of each prompt's ranking: Ouyang et al. 2022, arXiv 2203.02155,
/// §3.5, equation 1. All answers to a prompt are compared in one batch, each read once.
///
/// # Shapes
/// `rewards [batch]` → `[1]`
///
/// # Errors
/// A clause saying what was expected and found: no ranking, one of a single text, a row that is none, a text in no ranking or
/// in two.
pub fn ranking(rewards: &Tensor<1>, rankings: &[Vec<usize>]) -> Result<Tensor<1>, String> {
    let [batch] = rewards.dims();
    let (mut pairs, mut weights) = (Vec::new(), Vec::new());
    let mut named = vec![false; batch];
    for rows in rankings {
        check_rows(batch, rows)?;
        if rows.len() < 2 {
            return Err(format!("expected at least two texts in a ranking, found {rows:?}"));
        }
        for &row in rows {
            if std::mem::replace(&mut named[row], true) {
                return Err(format!("expected each text in one ranking, found text {row} twice"));
            }
        }
        let comparisons = rows.len() * (rows.len() - 1) / 2;
        for (place, &better) in rows.iter().enumerate() {
            pairs.extend(rows[place + 1..].iter().map(|&worse| Pair::new(better, worse)));
        }
        weights.resize(pairs.len(), 1.0 / (comparisons * rankings.len()) as f64);
    }
    if pairs.is_empty() {
        return Err("expected rankings of texts, found none".into());
    }
    check_all_named(batch, rankings.iter().flatten().copied(), "ranking")?;
    Ok(surprise(rewards, &pairs, &weights))
}

/// The mean of `(r − expected)²`.
///
/// # Shapes
/// `rewards [batch]` → `[1]`
///
/// # Errors
/// A clause saying what was expected and found, if there is not one number a text.
pub fn regression(rewards: &Tensor<1>, expected: &[f32]) -> Result<Tensor<1>, String> {
    let [batch] = rewards.dims();
    if expected.len() != batch {
        return Err(format!("expected {batch} rewards, found {}", expected.len()));
    }
    let expected = Tensor::<1>::from_data(TensorData::new(expected.to_vec(), [batch]), &rewards.device());
    Ok((rewards.clone() - expected).powi_scalar(2).mean())
}

/// The weighted sum of `−log σ(r_w − r_l − m)`, which is stable however far the rewards are apart.
fn surprise(rewards: &Tensor<1>, pairs: &[Pair], weights: &[f64]) -> Tensor<1> {
    let device = rewards.device();
    let rows = |row: fn(&Pair) -> usize| indices(pairs.iter().map(row), &device);
    let floats = |numbers: Vec<f32>| Tensor::<1>::from_data(TensorData::new(numbers, [pairs.len()]), &device);
    let margin = floats(pairs.iter().map(|pair| pair.margin as f32).collect());
    let apart =
        rewards.clone().select(0, rows(|pair| pair.better)) - rewards.clone().select(0, rows(|pair| pair.worse));
    let weights = floats(weights.iter().map(|&weight| weight as f32).collect());
    (log_sigmoid(apart - margin) * weights).sum().neg()
}

fn check_rows(batch: usize, rows: &[usize]) -> Result<(), String> {
    match rows.iter().find(|&&row| row >= batch) {
        Some(row) => Err(format!("expected texts from 0 to {}, found {row}", batch.saturating_sub(1))),
        None => Ok(()),
    }
}

/// A text that nothing is compared with teaches nothing: more likely the batch was put together wrongly.
fn check_all_named(batch: usize, rows: impl Iterator<Item = usize>, what: &str) -> Result<(), String> {
    let mut named = vec![false; batch];
    rows.for_each(|row| named[row] = true);
    match named.iter().position(|named| !named) {
        Some(row) => Err(format!("expected every text of the batch in a {what}, found text {row} in none")),
        None => Ok(()),
    }
}

fn indices(rows: impl ExactSizeIterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let n = rows.len();
    Tensor::from_data(TensorData::new(rows.map(|row| row as i64).collect::<Vec<_>>(), [n]), device)
}

/// A prompt and an answer to it, as ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// At least one token: the answer's first is predicted from it.
    pub prompt: Vec<i64>,
    /// At least one token.
    pub answer: Vec<i64>,
}

/// `log π(y | x)` of each answer: the sum over its tokens of the log-probability of each after all before it. Sums in f64.
///
/// # Errors
/// [`Error::Input`] if there is nothing to read, a prompt or an answer is empty, or the texts do not fit the model.
pub fn log_probabilities(model: &dyn Decode, texts: &[Answered]) -> Result<Vec<f64>> {
    let refuse = |reason: String| Error::Input { model: "a language model".into(), reason };
    if let Some(index) = texts.iter().position(|text| text.prompt.is_empty() || text.answer.is_empty()) {
        return Err(refuse(format!("expected a prompt and an answer, found an empty one in text {index}")));
    }
    let whole: Vec<Vec<i64>> = texts.iter().map(|text| [text.prompt.as_slice(), &text.answer].concat()).collect();
    let tokens = Tokens::padded(&whole, 0, Side::Right).ok_or_else(|| refuse("expected texts, found none".into()))?;
    let mut state = model.start(texts.len(), None)?;
    let logits = model.advance(&mut state, &tokens, Logits::Every)?;
    let [batch, len, _] = logits.dims();
    // Position i predicts the token at i + 1: [batch, len − 1, 1] of the token that came.
    let next: Vec<i64> = tokens.input_ids.rows().flat_map(|row| row[1..].iter().copied()).collect();
    let next = Tensor::<3, Int>::from_data(TensorData::new(next, [batch, len - 1, 1]), &logits.device());
    let told = log_softmax(logits.narrow(1, 0, len - 1), 2).gather(2, next);
    let told: Vec<f64> = told.into_data().iter::<f64>().collect();
    let of_answer = |(row, text): (usize, &Answered)| {
        let from = row * (len - 1) + text.prompt.len() - 1;
        told[from..from + text.answer.len()].iter().sum()
    };
    Ok(texts.iter().enumerate().map(of_answer).collect())
}

/// `β log(π(y | x) / π_ref(y | x))`: the reward that a policy trained by direct preference optimisation implies (Rafailov et al.
/// 2023, arXiv 2305.18290, §4, equation 5), up to a number that is the same for all answers to one prompt. Only differences
/// between answers to one prompt mean something.
///
/// # Errors
/// As [`log_probabilities`], of either model.
pub fn implicit_rewards(
    policy: &dyn Decode,
    reference: &dyn Decode,
    beta: f64,
    texts: &[Answered],
) -> Result<Vec<f64>> {
    let policy = log_probabilities(policy, texts)?;
    let reference = log_probabilities(reference, texts)?;
    Ok(policy.iter().zip(&reference).map(|(policy, reference)| beta * (policy - reference)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewards(numbers: &[f32]) -> Tensor<1> {
        Tensor::from_data(TensorData::new(numbers.to_vec(), [numbers.len()]), &Device::flex())
    }

    fn value(loss: Tensor<1>) -> f64 {
        loss.into_data().iter::<f64>().next().unwrap()
    }

    /// The loss and its gradient by reward.
    fn learnt(numbers: &[f32], loss: impl Fn(&Tensor<1>) -> Result<Tensor<1>, String>) -> (f64, Vec<f64>) {
        let data = TensorData::new(numbers.to_vec(), [numbers.len()]);
        let rewards = Tensor::<1>::from_data(data, &Device::flex().autodiff()).require_grad();
        let loss = loss(&rewards).unwrap();
        let gradients = loss.backward();
        (value(loss), rewards.grad(&gradients).unwrap().into_data().iter::<f64>().collect())
    }

    fn by_hand(better: f64, worse: f64) -> f64 {
        (1.0 + (-(better - worse)).exp()).ln()
    }

    const PAIRS: [Pair; 2] = [Pair { better: 0, worse: 2, margin: 0.0 }, Pair { better: 3, worse: 1, margin: 0.0 }];

    #[test]
    fn pairs_by_hand() {
        let found = value(pairwise(&rewards(&[0.5, -1.0, 2.0, 0.25]), &PAIRS).unwrap());
        assert!((found - (by_hand(0.5, 2.0) + by_hand(0.25, -1.0)) / 2.0).abs() < 1e-6);
        let sure = [Pair { margin: 1.5, ..PAIRS[0] }, PAIRS[1]];
        let found = value(pairwise(&rewards(&[0.5, -1.0, 2.0, 0.25]), &sure).unwrap());
        assert!((found - (by_hand(0.5, 2.0 + 1.5) + by_hand(0.25, -1.0)) / 2.0).abs() < 1e-6);
    }

    #[test]
    fn the_two_outcomes_of_a_comparison_are_all_there_are() {
        for (a, b) in [(0.3f32, -1.2f32), (2.0, 2.0), (-4.0, 3.0)] {
            let probability = |pair| (-value(pairwise(&rewards(&[a, b]), &[pair]).unwrap())).exp();
            let sum = probability(Pair::new(0, 1)) + probability(Pair::new(1, 0));
            assert!((sum - 1.0).abs() < 1e-6, "{a} and {b}: {sum}");
        }
    }

    #[test]
    fn only_differences_count() {
        let (near, near_slopes) = learnt(&[0.5, -1.0, 2.0, 0.25], |r| pairwise(r, &PAIRS));
        let (far, far_slopes) = learnt(&[4.5, 3.0, 6.0, 4.25], |r| pairwise(r, &PAIRS));
        assert!((near - far).abs() < 1e-6);
        assert!(near_slopes.iter().zip(&far_slopes).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn what_raises_one_reward_lowers_the_other() {
        let (_, slopes) = learnt(&[0.5, -1.0, 2.0, 0.25], |r| pairwise(r, &PAIRS));
        assert_eq!((slopes[0], slopes[3]), (-slopes[2], -slopes[1]));
        // d/dr −log σ(r) = −σ(−r), half of it for two pairs.
        let expected = -0.5 / (1.0 + (0.5f64 - 2.0).exp());
        assert!((slopes[0] - expected).abs() < 1e-6, "{} is not {expected}", slopes[0]);
    }

    #[test]
    fn equal_rewards_are_a_coin_toss() {
        let (loss, slopes) = learnt(&[1.5, 1.5], |r| pairwise(r, &[Pair::new(0, 1)]));
        assert!((loss - 2f64.ln()).abs() < 1e-6);
        // The slopes of one text in both rows: nothing.
        assert_eq!(slopes, [-0.5, 0.5]);
    }

    #[test]
    fn rewards_far_apart_stay_finite() {
        for (rewards, loss, slope) in
            [([1e4f32, -1e4], 0.0, 0.0), ([-1e4, 1e4], 2e4, -1.0), ([0.0, 200.0], 200.0, -1.0)]
        {
            let (found, slopes) = learnt(&rewards, |r| pairwise(r, &[Pair::new(0, 1)]));
            assert!((found - loss).abs() <= 1e-6 * loss, "{rewards:?}: {found}");
            assert_eq!(slopes, [slope, -slope], "{rewards:?}");
        }
    }

    #[test]
    fn a_ranking_is_the_mean_of_its_pairs() {
        let numbers = [0.5, -1.0, 2.0, 0.25, 1.0];
        let pairs = [(2, 0), (2, 3), (2, 1), (0, 3), (0, 1), (3, 1)].map(|(better, worse)| Pair::new(better, worse));
        let mean = value(pairwise(&rewards(&numbers[..4]), &pairs).unwrap());
        let ranked = value(ranking(&rewards(&numbers[..4]), &[vec![2, 0, 3, 1]]).unwrap());
        assert!((mean - ranked).abs() < 1e-6, "{mean} {ranked}");
        // Each prompt counts alike, however many answers it has.
        let two = value(ranking(&rewards(&numbers), &[vec![2, 0, 3], vec![4, 1]]).unwrap());
        let first = (by_hand(2.0, 0.5) + by_hand(2.0, 0.25) + by_hand(0.5, 0.25)) / 3.0;
        assert!((two - (first + by_hand(1.0, -1.0)) / 2.0).abs() < 1e-6);
    }

    #[test]
    fn regression_by_hand() {
        let loss = value(regression(&rewards(&[1.0, 2.0]), &[0.5, 4.0]).unwrap());
        assert!((loss - (0.25 + 4.0) / 2.0).abs() < 1e-6);
        assert_eq!(regression(&rewards(&[1.0]), &[]).unwrap_err(), "expected 1 rewards, found 0");
    }

    #[test]
    fn batches_that_are_not_paired_are_refused() {
        let four = rewards(&[0.0; 4]);
        let pairs = |pairs: &[(usize, usize)]| {
            let pairs: Vec<Pair> = pairs.iter().map(|&(better, worse)| Pair::new(better, worse)).collect();
            pairwise(&four, &pairs).unwrap_err()
        };
        assert_eq!(pairs(&[]), "expected pairs of texts, found none");
        assert_eq!(pairs(&[(0, 1), (2, 0)]), "expected every text of the batch in a pair, found text 3 in none");
        assert_eq!(pairs(&[(0, 4)]), "expected texts from 0 to 3, found 4");
        assert_eq!(pairs(&[(1, 1)]), "expected two texts in a pair, found text 1 twice");
        let unsure = Pair { margin: f64::NAN, ..Pair::new(0, 1) };
        assert!(pairwise(&four, &[unsure]).unwrap_err().contains("finite margin"));
        let ranked = |rankings: &[Vec<usize>]| ranking(&four, rankings).unwrap_err();
        assert_eq!(ranked(&[]), "expected rankings of texts, found none");
        assert_eq!(ranked(&[vec![0, 1, 2], vec![3]]), "expected at least two texts in a ranking, found [3]");
        assert_eq!(ranked(&[vec![0, 1], vec![1, 2]]), "expected each text in one ranking, found text 1 twice");
        assert_eq!(ranked(&[vec![3, 1]]), "expected every text of the batch in a ranking, found text 0 in none");
        assert_eq!(ranked(&[vec![0, 7]]), "expected texts from 0 to 3, found 7");
    }
}
