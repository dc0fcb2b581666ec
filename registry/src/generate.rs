//! Decoding strategies over any model that writes text.

use burn::tensor::Tensor;

use crate::decode::{Decode, DecodeState, Logits};
use crate::error::Result;
use crate::input::{Input, Tokens};
use crate::rows::Rows;

/// How the next token is chosen, and when to stop.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    /// Most tokens to write.
    pub max_new_tokens: usize,
    /// Hypotheses kept at each step; 1 is greedy search.
    pub n_beams: usize,
    /// Finished hypotheses are scored by log-probability / lengthᵖ; larger favours longer text.
    pub length_penalty: f64,
    /// No run of this many tokens may occur twice, prompt included. `None` allows any.
    pub no_repeat_ngram: Option<usize>,
    /// Tokens that end a text.
    pub stop_ids: Vec<i64>,
    /// Fills texts that ended before others.
    pub pad_id: i64,
}

impl Default for Strategy {
    fn default() -> Self {
        Self { max_new_tokens: 20, n_beams: 1, length_penalty: 1.0, no_repeat_ngram: None, stop_ids: vec![], pad_id: 0 }
    }
}

/// A text that was written, prompt included.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Prompt and continuation, padded to the longest of the batch.
    pub ids: Vec<i64>,
    /// Log-probability of the continuation, length penalty applied; beam search only.
    pub score: Option<f64>,
}

/// What to continue: the texts so far and, for an encoder–decoder, what they answer.
#[derive(Debug, Clone, Copy)]
pub struct Prompt<'a> {
    /// For the encoder; `None` for a decoder.
    pub source: Option<&'a Input>,
    /// The texts so far, padded on the left.
    pub tokens: &'a Tokens,
}

impl<'a> From<&'a Tokens> for Prompt<'a> {
    fn from(tokens: &'a Tokens) -> Self {
        Self { source: None, tokens }
    }
}

/// Continues each text of `prompt`, which is padded on the left. One list of hypotheses a text, best first: `n_beams` of
/// them, or one for greedy search. `on_step` hears the newest token of each text, and may end the search with `false`.
///
/// # Errors
/// Of the model: ids out of range, or more tokens than positions.
pub fn generate<'a>(
    model: &dyn Decode,
    prompt: impl Into<Prompt<'a>>,
    strategy: &Strategy,
    on_step: &mut dyn FnMut(&[i64]) -> bool,
) -> Result<Vec<Vec<Written>>> {
    let prompt = prompt.into();
    if strategy.n_beams <= 1 {
        greedy(model, prompt, strategy, on_step)
    } else {
        beam_search(model, prompt, strategy, on_step)
    }
}

fn greedy(
    model: &dyn Decode,
    prompt: Prompt<'_>,
    strategy: &Strategy,
    on_step: &mut dyn FnMut(&[i64]) -> bool,
) -> Result<Vec<Vec<Written>>> {
    let [batch, _] = prompt.tokens.input_ids.dims();
    let mut texts: Vec<Vec<i64>> = prompt.tokens.input_ids.rows().map(<[i64]>::to_vec).collect();
    let mut done = vec![false; batch];
    let mut reader = Reader::new(model, prompt, batch)?;
    for _ in 0..strategy.max_new_tokens {
        let mut newest = Vec::with_capacity(batch);
        for (row, scores) in reader.scores.iter_mut().enumerate() {
            ban_repeats(scores, &texts[row], strategy.no_repeat_ngram);
            let next = if done[row] { strategy.pad_id } else { argmax(scores) as i64 };
            done[row] |= strategy.stop_ids.contains(&next);
            texts[row].push(next);
            newest.push(next);
        }
        if !on_step(&newest) || done.iter().all(|&done| done) {
            break;
        }
        if texts[0].len() - prompt.tokens.input_ids.dims()[1] < strategy.max_new_tokens {
            reader.read(&newest)?;
        }
    }
    Ok(texts.into_iter().map(|ids| vec![Written { ids, score: None }]).collect())
}

/// Feeds tokens to the model and keeps the scores of what comes next on the host, one row a text.
struct Reader<'a> {
    model: &'a dyn Decode,
    state: DecodeState,
    scores: Vec<Vec<f32>>,
}

impl<'a> Reader<'a> {
    fn new(model: &'a dyn Decode, prompt: Prompt<'_>, batch: usize) -> Result<Self> {
        let mut state = model.start(batch, prompt.source)?;
        let scores = rows(model.advance(&mut state, prompt.tokens, Logits::Last)?);
        Ok(Self { model, state, scores })
    }

    fn read(&mut self, newest: &[i64]) -> Result<()> {
        let tokens = Rows::new(&newest.chunks(1).collect::<Vec<_>>()).map(Tokens::new);
        if let Some(tokens) = tokens {
            self.scores = rows(self.model.advance(&mut self.state, &tokens, Logits::Last)?);
        }
        Ok(())
    }
}

fn rows(logits: Tensor<3>) -> Vec<Vec<f32>> {
    let [_, _, vocab] = logits.dims();
    logits.into_data().iter::<f32>().collect::<Vec<_>>().chunks(vocab).map(<[f32]>::to_vec).collect()
}

/// The first largest, so that ties fall the same way everywhere.
fn argmax(scores: &[f32]) -> usize {
    let mut best = 0;
    for (index, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = index;
        }
    }
    best
}

/// Hides every token that would complete a run of `n` tokens the text already holds.
fn ban_repeats(scores: &mut [f32], text: &[i64], n: Option<usize>) {
    let Some(n) = n.filter(|&n| n > 0 && text.len() + 1 >= n) else { return };
    let last = &text[text.len() + 1 - n..];
    for run in text.windows(n).filter(|run| &run[..n - 1] == last) {
        if let Some(score) = usize::try_from(run[n - 1]).ok().and_then(|id| scores.get_mut(id)) {
            *score = f32::NEG_INFINITY;
        }
    }
}

/// A hypothesis with the sum of its log-probabilities.
#[derive(Debug, Clone)]
struct Beam {
    ids: Vec<i64>,
    score: f64,
}

/// Below every score that can be reached.
const HOPELESS: f64 = -1e9;

/// One text's search: hypotheses still growing, and the best finished ones.
struct Search {
    growing: Vec<Beam>,
    finished: Vec<Beam>,
    can_improve: bool,
}

/// Beam search as Hugging Face's `generate` does it (`early_stopping=False`): `n` hypotheses grow, the best `n` that ended
/// are kept, and a text is done when no growing hypothesis could beat the worst of those at its present length.
fn beam_search(
    model: &dyn Decode,
    prompt: Prompt<'_>,
    strategy: &Strategy,
    on_step: &mut dyn FnMut(&[i64]) -> bool,
) -> Result<Vec<Vec<Written>>> {
    let (n, [batch, prompt_len]) = (strategy.n_beams, prompt.tokens.input_ids.dims());
    let mut searches: Vec<Search> = prompt.tokens.input_ids.rows().map(|row| Search::new(row, n)).collect();
    let mut reader = Reader::new(model, prompt, batch)?;
    // Each text becomes n equal rows; all but the first start hopeless, so the first step picks n different tokens.
    let spread: Vec<usize> = (0..batch).flat_map(|row| std::iter::repeat_n(row, n)).collect();
    reader.state.select(&spread);
    reader.scores = spread.iter().map(|&row| reader.scores[row].clone()).collect();

    for step in 1..=strategy.max_new_tokens {
        let mut parents = Vec::with_capacity(batch * n);
        for (row, search) in searches.iter_mut().enumerate() {
            let scores = &mut reader.scores[row * n..(row + 1) * n];
            parents.extend(search.grow(scores, step, strategy).into_iter().map(|beam| row * n + beam));
        }
        let newest: Vec<i64> =
            searches.iter().flat_map(|s| &s.growing).map(|beam| beam.ids[prompt_len + step - 1]).collect();
        let best: Vec<i64> = newest.iter().copied().step_by(n).collect();
        if !on_step(&best) || step == strategy.max_new_tokens || !searches.iter().any(|search| search.can_improve) {
            break;
        }
        reader.state.select(&parents);
        reader.read(&newest)?;
    }

    let longest = searches.iter().flat_map(|s| &s.finished).map(|beam| beam.ids.len()).max().unwrap_or(prompt_len);
    let written = |mut beam: Beam| {
        beam.ids.resize(longest, strategy.pad_id);
        Written { ids: beam.ids, score: Some(beam.score) }
    };
    Ok(searches.into_iter().map(|search| search.finished.into_iter().map(written).collect()).collect())
}

impl Search {
    fn new(prompt: &[i64], n: usize) -> Self {
        let beam = |index| Beam { ids: prompt.to_vec(), score: if index == 0 { 0.0 } else { HOPELESS } };
        Self { growing: (0..n).map(beam).collect(), finished: Vec::new(), can_improve: true }
    }

    /// Extends every hypothesis by one token and keeps the best. Returns, for each kept one, which it grew from.
    fn grow(&mut self, scores: &mut [Vec<f32>], step: usize, strategy: &Strategy) -> Vec<usize> {
        let n = strategy.n_beams;
        let mut candidates = Vec::new();
        for (parent, (beam, scores)) in self.growing.iter().zip(scores).enumerate() {
            let normaliser = log_sum_exp(scores);
            ban_repeats(scores, &beam.ids, strategy.no_repeat_ngram);
            let score = |(id, &logit): (usize, &f32)| (beam.score + f64::from(logit) - normaliser, parent, id as i64);
            candidates.extend(scores.iter().enumerate().map(score));
        }
        let kept = (1 + strategy.stop_ids.len()).max(2) * n;
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        candidates.truncate(kept);

        let length = (step as f64).powf(strategy.length_penalty);
        let last_step = step == strategy.max_new_tokens;
        let extended = |&(score, parent, id): &(f64, usize, i64)| {
            let ids = self.growing[parent].ids.iter().copied().chain([id]).collect();
            (Beam { ids, score }, parent)
        };
        let ends = |&&(_, _, id): &&(f64, usize, i64)| strategy.stop_ids.contains(&id);
        if self.can_improve {
            // Only the n best candidates may end; the others are there to keep n growing.
            let ended = candidates.iter().take(n).filter(|candidate| last_step || ends(candidate));
            self.finished.extend(ended.map(|c| extended(c).0).map(|beam| Beam { score: beam.score / length, ..beam }));
            self.finished.sort_by(|a, b| b.score.total_cmp(&a.score));
            self.finished.truncate(n);
        }
        let growing = candidates.iter().filter(|candidate| !ends(candidate)).take(n);
        let (growing, parents): (Vec<_>, Vec<_>) = growing.map(extended).unzip();
        self.growing = growing;
        // Once hopeless, a text stays done, even if a longer hypothesis would score better per token later.
        let best_possible = self.growing.first().map_or(HOPELESS, |beam| beam.score / length);
        let worst = if self.finished.len() < n { HOPELESS } else { self.finished[n - 1].score };
        self.can_improve &= best_possible > worst;
        parents
    }
}

fn log_sum_exp(scores: &[f32]) -> f64 {
    let most = f64::from(scores.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    most + scores.iter().map(|&score| (f64::from(score) - most).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_banned_with_the_prompt_counted() {
        let mut scores = vec![0.0; 5];
        ban_repeats(&mut scores, &[1, 2, 3, 1], Some(2));
        assert_eq!(scores.iter().map(|score| score.is_finite()).collect::<Vec<_>>(), [true, true, false, true, true]);
        let mut scores = vec![0.0; 5];
        ban_repeats(&mut scores, &[1], Some(1));
        assert!(scores[1].is_infinite() && scores[2].is_finite());
        ban_repeats(&mut [0.0; 2], &[], Some(3));
    }

    #[test]
    fn ties_fall_to_the_first() {
        assert_eq!(argmax(&[1.0, 3.0, 3.0]), 1);
    }

    #[test]
    fn log_sum_exp_is_stable() {
        assert!((log_sum_exp(&[1000.0, 1000.0]) - (1000.0 + 2f64.ln())).abs() < 1e-9);
    }
}
