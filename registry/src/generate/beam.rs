//! Beam search as Hugging Face's `generate` does it.

use super::scores::{self, Scratch};
use super::{Ended, Job, Reader, Strategy, Written};
use crate::error::{Error, Result};

/// A hypothesis with the sum of its log-probabilities.
#[derive(Debug, Clone)]
struct Beam {
    /// Prompt, without padding, and continuation.
    ids: Vec<i64>,
    score: f64,
}

/// Below every score that can be reached.
const HOPELESS: f64 = -1e9;

/// One text's search: hypotheses still growing, and the best finished ones.
struct Search {
    row: usize,
    prompt_len: usize,
    growing: Vec<Beam>,
    finished: Vec<Finished>,
    can_improve: bool,
}

/// A hypothesis that grows no more.
struct Finished {
    /// Without the prompt.
    new: Vec<i64>,
    /// The sum of its log-probabilities over its length penalty.
    score: f64,
    ended: Ended,
}

/// A hypothesis with one more token: its score, which hypothesis it grew from, the token.
type Candidate = (f64, usize, i64);

/// `n` hypotheses grow, the best `n` that ended are kept, and a text is done when no growing hypothesis could beat the worst of
/// those at its present length; with [`Strategy::early_stopping`], when there are `n`.
pub(super) fn search(job: &mut Job<'_>) -> Result<Vec<Vec<Written>>> {
    let n = job.strategy.n_beams;
    let texts = job.texts().into_iter().enumerate();
    let mut searches: Vec<Search> = texts.map(|(row, prompt)| Search::new(row, prompt, n)).collect();
    let mut reader = Reader::new(job.model, job.prompt)?;
    // Each text becomes n equal rows; all but the first start hopeless, so the first step picks n different tokens.
    reader.spread(n);
    let mut scratch = Scratch::new();

    for step in 1..=job.strategy.max_new_tokens {
        let mut parents = Vec::with_capacity(searches.len() * n);
        let rows = reader.rows_mut(n);
        for (search, scores) in searches.iter_mut().zip(rows) {
            let from = search.row * n;
            parents.extend(search.grow(scores, step, job, &mut scratch)?.into_iter().map(|beam| from + beam));
        }
        let newest = || searches.iter().flat_map(|search| &search.growing).map(|beam| beam.ids.last().copied());
        let best: Vec<i64> = newest().flatten().step_by(n).collect();
        let done = step == job.strategy.max_new_tokens || !searches.iter().any(|search| search.can_improve);
        if !(job.on_step)(&best) || done {
            break;
        }
        reader.state.select(&parents);
        let newest: Vec<_> = newest().collect();
        reader.read(&newest)?;
    }

    let found: Vec<Vec<Finished>> = searches.into_iter().map(|search| search.finish(job.strategy)).collect();
    let longest = found.iter().flatten().map(|text| text.new.len()).max().unwrap_or_default();
    let written = |row: usize, text: &Finished| Written {
        score: Some(text.score),
        ..job.written(row, &text.new, text.ended, longest)
    };
    let texts = found.iter().enumerate();
    Ok(texts.map(|(row, texts)| texts.iter().map(|text| written(row, text)).collect()).collect())
}

impl Reader<'_> {
    /// Every row `n` times.
    fn spread(&mut self, n: usize) {
        let vocab = self.scores.len() / self.state.batch;
        let rows: Vec<usize> = (0..self.state.batch).flat_map(|row| std::iter::repeat_n(row, n)).collect();
        self.scores = self.scores.chunks_exact(vocab).flat_map(|row| row.repeat(n)).collect();
        self.state.select(&rows);
    }
}

impl Search {
    fn new(row: usize, prompt: Vec<i64>, n: usize) -> Self {
        let prompt_len = prompt.len();
        let beam = |index| Beam { ids: prompt.clone(), score: if index == 0 { 0.0 } else { HOPELESS } };
        Self { row, prompt_len, growing: (0..n).map(beam).collect(), finished: Vec::new(), can_improve: true }
    }

    /// Extends every hypothesis by one token and keeps the best. Returns, for each kept one, which it grew from.
    ///
    /// # Shapes
    /// `scores [n_beams, vocab_size]`
    fn grow(
        &mut self,
        scores: &mut [f32],
        step: usize,
        job: &mut Job<'_>,
        scratch: &mut Scratch,
    ) -> Result<Vec<usize>> {
        let n = job.strategy.n_beams;
        let length = length(step, job.strategy);
        let candidates = self.candidates(scores, step, job.strategy, scratch)?;
        let (mut growing, mut parents) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for (index, &(score, parent, id)) in candidates.iter().enumerate() {
            let ids: Vec<i64> = self.growing[parent].ids.iter().copied().chain([id]).collect();
            let ended = job.ended(self.row, &ids[self.prompt_len..]);
            // Only the n best candidates may end; the others are there to keep n growing, as are the hopeless ones.
            if let Some(ended) = ended.filter(|_| self.can_improve && index < n && score > HOPELESS) {
                self.finished.push(Finished { new: ids[self.prompt_len..].to_vec(), score: score / length, ended });
            }
            if growing.len() < n && ended.is_none_or(|ended| ended == Ended::Length) {
                growing.push(Beam { ids, score });
                parents.push(parent);
            }
        }
        self.finished.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.finished.truncate(n);
        // Once hopeless, a text stays done, even if a longer hypothesis would score better per token later.
        let best = growing.first().filter(|beam| beam.score > HOPELESS);
        let best_possible = best.map_or(f64::NEG_INFINITY, |beam| beam.score / length);
        let worst = if self.finished.len() < n { HOPELESS } else { self.finished[n - 1].score };
        let full = self.finished.len() == n;
        self.can_improve &= best_possible > worst && !(full && job.strategy.early_stopping);
        // A small vocabulary may end every candidate; the rows of the batch stay filled.
        for &(_, parent, id) in candidates.iter().cycle().take(n - growing.len()) {
            let ids = self.growing[parent].ids.iter().copied().chain([id]).collect();
            growing.push(Beam { ids, score: HOPELESS });
            parents.push(parent);
        }
        self.growing = growing;
        Ok(parents)
    }

    /// The best continuations of all hypotheses together, best first.
    fn candidates(
        &self,
        scores: &mut [f32],
        step: usize,
        strategy: &Strategy,
        scratch: &mut Scratch,
    ) -> Result<Vec<Candidate>> {
        // Every stop token may take a place; twice as many as needed are always looked at.
        let kept = (1 + strategy.stop_ids.len()).max(2) * strategy.n_beams;
        let mut candidates = Vec::with_capacity(kept);
        let vocab = scores.len() / self.growing.len();
        for (parent, (beam, scores)) in self.growing.iter().zip(scores.chunks_exact_mut(vocab)).enumerate() {
            let normaliser = scores::log_sum_exp(scores);
            if !normaliser.is_finite() {
                return Err(Error::Generation {
                    reason: format!("the model's scores for text {} are not numbers", self.row),
                });
            }
            scores::process(scores, &beam.ids, step - 1, normaliser, strategy);
            let score = |&(logit, id): &(f32, u32)| (beam.score + f64::from(logit) - normaliser, parent, i64::from(id));
            candidates.extend(scores::best(scores, kept, scratch).iter().map(score));
        }
        if candidates.is_empty() {
            let reason = format!(
                "no token can follow token {} of text {}: the strategy rules every one out",
                step - 1,
                self.row
            );
            return Err(Error::Generation { reason });
        }
        candidates.sort_by(|a: &Candidate, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        candidates.truncate(kept);
        Ok(candidates)
    }

    /// The best hypotheses, best first; a search that was broken off tells those that were still growing. Those of the largest
    /// length have ended, though they are kept among the growing ones.
    fn finish(mut self, strategy: &Strategy) -> Vec<Finished> {
        let grows = |beam: &&Beam| beam.ids.len() - self.prompt_len < strategy.max_new_tokens;
        let growing = self.growing.iter().filter(|beam| beam.score > HOPELESS).filter(grows);
        let missing = strategy.n_beams.saturating_sub(self.finished.len());
        let told = growing.take(missing).map(|beam| {
            let new = beam.ids[self.prompt_len..].to_vec();
            Finished { score: beam.score / length(new.len().max(1), strategy), new, ended: Ended::BrokenOff }
        });
        self.finished.extend(told);
        self.finished.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.finished
    }
}

/// What a sum of `n` log-probabilities is divided by.
fn length(n: usize, strategy: &Strategy) -> f64 {
    (n as f64).powf(strategy.length_penalty)
}
