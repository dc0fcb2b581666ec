//! What is done to the scores of the next token before one is chosen. Everything works in place on one row, `[vocab_size]`;
//! what may not be chosen is −∞.

use std::cmp::Ordering;

use super::{Sampling, Strategy};

/// Room to sort in, kept between steps.
pub(super) type Scratch = Vec<(f32, u32)>;

/// Everything that holds for every way of choosing. `text` is prompt and continuation without padding, of which `n_new` tokens
/// are new. `zero` is the score that counts as neither good nor bad: 0 for scores as they come, log Σ exp where they are to
/// be read as log-probabilities.
pub(super) fn process(scores: &mut [f32], text: &[i64], n_new: usize, zero: f64, strategy: &Strategy) {
    penalise_repeats(scores, text, strategy.repetition_penalty, zero);
    ban_repeats(scores, text, strategy.no_repeat_ngram);
    if n_new < strategy.min_new_tokens {
        strategy.stop_ids.iter().for_each(|&id| ban(scores, id));
    }
}

/// Everything that changes what is drawn.
pub(super) fn warp(scores: &mut [f32], sampling: &Sampling, scratch: &mut Scratch) {
    heat(scores, sampling.temperature);
    if let Some(k) = sampling.top_k {
        keep_top_k(scores, k, scratch);
    }
    keep_top_p(scores, sampling.top_p, scratch);
}

/// Keskar et al. 2019, arXiv 1909.05858, §4.1, as Hugging Face does it: each token of the text once, however often it occurs;
/// good scores are divided, bad ones multiplied.
pub(super) fn penalise_repeats(scores: &mut [f32], text: &[i64], penalty: f64, zero: f64) {
    if penalty == 1.0 {
        return;
    }
    // As f32, which is what references multiply with.
    let penalty = f64::from((penalty as f32).max(f32::MIN_POSITIVE));
    let mut distinct = text.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    for id in distinct {
        let Some(score) = at(scores, id).filter(|score| score.is_finite()) else { continue };
        let above = f64::from(*score) - zero;
        let changed = if above < 0.0 { above * penalty } else { above / penalty };
        *score = ((changed + zero) as f32).clamp(f32::MIN, f32::MAX);
    }
}

/// Hides every token that would complete a run of `n` tokens the text already holds.
pub(super) fn ban_repeats(scores: &mut [f32], text: &[i64], n: Option<usize>) {
    let Some(n) = n.filter(|&n| n > 0 && text.len() + 1 >= n) else { return };
    let last = &text[text.len() + 1 - n..];
    for run in text.windows(n).filter(|run| &run[..n - 1] == last) {
        ban(scores, run[n - 1]);
    }
}

/// Divides by `temperature`: below 1 the likely becomes likelier. Subtracting the largest first changes no probability and
/// keeps every quotient finite or −∞.
pub(super) fn heat(scores: &mut [f32], temperature: f64) {
    if temperature == 1.0 {
        return;
    }
    let most = largest(scores);
    for score in scores.iter_mut().filter(|score| score.is_finite()) {
        *score = ((f64::from(*score) - f64::from(most)) / temperature) as f32;
    }
}

/// Keeps the `k` best (Fan et al. 2018, arXiv 1805.04833) and, as Hugging Face does, whatever equals the last of them.
pub(super) fn keep_top_k(scores: &mut [f32], k: usize, scratch: &mut Scratch) {
    collect_finite(scores, scratch);
    if k >= scratch.len() {
        return;
    }
    let (_, &mut (last, _), _) = scratch.select_nth_unstable_by(k - 1, descending);
    for score in scores.iter_mut().filter(|score| **score < last) {
        *score = f32::NEG_INFINITY;
    }
}

/// Keeps the smallest set of likeliest tokens whose probability reaches `p`, at least one (the nucleus: Holtzman et al. 2020,
/// arXiv 1904.09751, §3.1, equations 2 and 3). Of equally likely ones at its edge the later ids are kept, as Hugging Face does
/// by sorting upwards and cutting from below.
pub(super) fn keep_top_p(scores: &mut [f32], p: f64, scratch: &mut Scratch) {
    if p >= 1.0 {
        return;
    }
    collect_finite(scores, scratch);
    let most = f64::from(largest(scores));
    let weight = |score: f32| (f64::from(score) - most).exp();
    let wanted = p * scratch.iter().map(|&(score, _)| weight(score)).sum::<f64>();
    let (mut kept, mut sum) = (0, 0.0);
    // Nuclei are small: the best are sorted a few at a time, not the whole vocabulary at once.
    let (mut sorted, mut more) = (0, 64);
    while kept < scratch.len() && sum < wanted {
        if kept == sorted {
            let rest = &mut scratch[sorted..];
            let take = rest.len().min(more);
            if take < rest.len() {
                rest.select_nth_unstable_by(take, descending);
            }
            rest[..take].sort_unstable_by(descending);
            (sorted, more) = (sorted + take, more * 4);
        }
        sum += weight(scratch[kept].0);
        kept += 1;
    }
    for &(_, id) in &scratch[kept..] {
        scores[id as usize] = f32::NEG_INFINITY;
    }
}

/// The `k` best with their ids, best first; of equal ones the first id.
pub(super) fn best<'a>(scores: &[f32], k: usize, scratch: &'a mut Scratch) -> &'a [(f32, u32)] {
    let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    collect_finite(scores, scratch);
    if k < scratch.len() {
        scratch.select_nth_unstable_by(k, order);
        scratch.truncate(k);
    }
    scratch.sort_unstable_by(order);
    scratch
}

/// The first largest, so that ties fall the same way everywhere. `None` if everything is hidden.
pub(super) fn argmax(scores: &[f32]) -> Option<usize> {
    let best = |best: Option<usize>, (id, &score): (usize, &f32)| match best {
        Some(best) if score <= scores[best] => Some(best),
        _ => Some(id),
    };
    scores.iter().enumerate().filter(|(_, score)| score.is_finite()).fold(None, best)
}

/// log Σ exp, the log of the softmax's denominator.
pub(super) fn log_sum_exp(scores: &[f32]) -> f64 {
    let most = f64::from(largest(scores));
    most + scores.iter().map(|&score| (f64::from(score) - most).exp()).sum::<f64>().ln()
}

pub(super) fn largest(scores: &[f32]) -> f32 {
    scores.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

fn ban(scores: &mut [f32], id: i64) {
    if let Some(score) = at(scores, id) {
        *score = f32::NEG_INFINITY;
    }
}

fn at(scores: &mut [f32], id: i64) -> Option<&mut f32> {
    usize::try_from(id).ok().and_then(|id| scores.get_mut(id))
}

fn collect_finite(scores: &[f32], scratch: &mut Scratch) {
    scratch.clear();
    let finite = scores.iter().zip(0u32..).filter(|(score, _)| score.is_finite());
    scratch.extend(finite.map(|(&score, id)| (score, id)));
}

/// Best first; of equal ones the last id.
fn descending(a: &(f32, u32), b: &(f32, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then(b.1.cmp(&a.1))
}
