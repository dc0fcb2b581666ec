//! Every short text that a writer with four tokens can write, with the scores after it, and what a search by hand over these keeps.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use zoo_registry::generate::{Prompt, Strategy, Written, generate};
use zoo_registry::{Decode, Rows, Tokens};

use crate::check::Stop;
use crate::inputs::{self, Reading};
use crate::subject::{Subject, Variant};
use crate::values::{Noise, WHOLE_MODEL};
use crate::writers::{Rescored, Writer, log_probabilities, writers};

/// Tokens in the vocabulary, and new ones in a text.
pub(crate) const VOCAB: usize = 4;
pub(crate) const NEW: usize = 3;
/// Two prompts: one that holds a token twice, and one padded with a token that it does not hold.
const PROMPTS: [[i64; 3]; 2] = [[1, 3, 1], [0, 2, 1]];
const PADDED: [[bool; 3]; 2] = [[true, true, true], [false, true, true]];

/// How far apart softened scores are at most: their chances differ by less than four times.
const SPREAD: f32 = 1.4;

/// A writer, two prompts, and the scores after every continuation of each.
pub(crate) struct Continued {
    pub(crate) writer: Writer,
    pub(crate) reading: Reading,
    noise: Noise,
    /// Of each text, the scores of the next token after every continuation.
    after: Vec<BTreeMap<Vec<i64>, Vec<f32>>>,
    /// What scores are multiplied with before anybody chooses: a power of two, so that nothing is rounded.
    softness: f32,
    /// By how many places the scores of tokens are moved on to others.
    turn: usize,
}

/// A text that was searched by hand, and its score.
pub(crate) type Found = (Vec<i64>, f64);

impl Continued {
    /// Of every head that predicts the next token, each with a vocabulary of four tokens.
    ///
    /// # Errors
    /// As [`writers`], and of building and running.
    pub(crate) fn of_every_head(subject: &Subject<'_>) -> Result<Vec<Self>, Stop> {
        writers(subject)?.into_iter().map(|writer| Self::new(subject, writer.variant)).collect()
    }

    /// Of this head with a vocabulary of four tokens.
    ///
    /// # Errors
    /// Of building and running.
    pub(crate) fn new(subject: &Subject<'_>, variant: Variant) -> Result<Self, Stop> {
        let mut config = variant.config.clone();
        config.insert("vocab_size".into(), VOCAB.into());
        let variant = Variant { config: subject.architecture.complete(&config)?, ..variant };
        let writer = Writer { model: subject.hot(&variant)?, variant };
        let missing = || Stop::fails("expected texts");
        let target = Tokens {
            attention_mask: Rows::new(&PADDED),
            // What is written is of the first segment, so the prompt is too.
            ..Tokens::new(Rows::new(&PROMPTS).ok_or_else(missing)?)
        };
        let random = inputs::random_reading(writer.model.as_ref(), "continued", PROMPTS.len())?;
        let reading = Reading { target, ..random };
        let every = |len: usize| (0..VOCAB.pow(len as u32)).map(move |n| digits(n, len));
        let every: Vec<Vec<i64>> = every(NEW - 1).collect();
        let (mut after, mut inputs) = (Vec::new(), Vec::new());
        for text in 0..PROMPTS.len() {
            let rows = reading.select(&vec![text; every.len()]);
            let prompt = real(text);
            let texts: Vec<Vec<i64>> = every.iter().map(|new| [&prompt[..], new].concat()).collect();
            let target = Rows::new(&texts).map(Tokens::new).ok_or_else(missing)?;
            let input = Reading { target, ..rows }.input();
            let scores = writer.scores(&input)?;
            inputs.push(input);
            let mut known = BTreeMap::new();
            for (new, scores) in every.iter().zip(&scores) {
                for (n, scores) in scores[prompt.len() - 1..].iter().enumerate() {
                    known.insert(new[..n].to_vec(), scores.clone());
                }
            }
            after.push(known);
        }
        let noise = subject.noise(&writer.variant, &inputs)?;
        Ok(Self { writer, reading, noise, after, softness: 1.0, turn: 0 })
    }

    /// The same with scores so close to each other that beams compete.
    #[must_use]
    pub(crate) fn softened(mut self) -> Self {
        let spread = |scores: &Vec<f32>| {
            let (least, most) = scores.iter().fold((f32::MAX, f32::MIN), |(a, b), &x| (a.min(x), b.max(x)));
            most - least
        };
        let widest = self.after.iter().flat_map(BTreeMap::values).map(spread).fold(0.0, f32::max);
        self.softness = (-(widest / SPREAD).max(1.0).log2().ceil()).exp2();
        let softness = self.softness;
        self.each(|scores| scores.iter_mut().for_each(|score| *score *= softness));
        self
    }

    /// The same with the scores of each token moved on to the one before it: another writer, for whom nothing new is computed.
    #[must_use]
    pub(crate) fn turned(mut self) -> Self {
        self.turn += 1;
        self.each(|scores| scores.rotate_left(1));
        self
    }

    fn each(&mut self, change: impl Fn(&mut [f32])) {
        self.after.iter_mut().flat_map(BTreeMap::values_mut).for_each(|scores| change(scores));
    }

    /// Texts.
    pub(crate) fn texts(&self) -> usize {
        self.after.len()
    }

    /// The real tokens of a prompt.
    pub(crate) fn prompt(&self, text: usize) -> Vec<i64> {
        real(text)
    }

    pub(crate) fn head(&self) -> &str {
        &self.writer.variant.head
    }

    /// What is written by the model, its scores softened and turned.
    ///
    /// # Errors
    /// Of generation.
    pub(crate) fn write(&self, strategy: &Strategy) -> Result<Vec<Vec<Written>>, Stop> {
        let change = |scores: &mut [f32]| {
            scores.iter_mut().for_each(|score| *score *= self.softness);
            scores.rotate_left(self.turn);
        };
        self.write_by(&Rescored { decoder: self.writer.decoder()?, change: &change }, strategy)
    }

    /// What is written by what stands in for it.
    ///
    /// # Errors
    /// Of generation.
    pub(crate) fn write_by(&self, decoder: &dyn Decode, strategy: &Strategy) -> Result<Vec<Vec<Written>>, Stop> {
        let source = self.reading.before_writing();
        let prompt = Prompt { source: source.as_ref(), tokens: &self.reading.target };
        Ok(generate(decoder, prompt, strategy, &mut |_| true)?)
    }

    /// Scores after a continuation.
    pub(crate) fn after(&self, text: usize, new: &[i64]) -> &[f32] {
        &self.after[text][new]
    }

    /// The log-probability of a continuation.
    pub(crate) fn sum(&self, text: usize, new: &[i64]) -> f64 {
        (0..new.len()).map(|n| log_probabilities(self.after(text, &new[..n]))[new[n] as usize]).sum()
    }

    /// An error of scores in multiples of their noise.
    pub(crate) fn multiple(&self, error: f64) -> f64 {
        self.noise.multiple("logits", error / f64::from(self.softness))
    }

    /// Whether two sums of log-probabilities lie so close that rounding may decide between them. A penalty takes roundings with
    /// it.
    fn close(&self, a: f64, b: f64, strategy: &Strategy) -> bool {
        let penalty = strategy.repetition_penalty.max(1.0 / strategy.repetition_penalty);
        self.multiple((a - b).abs() / (4.0 * NEW as f64 * penalty)) <= WHOLE_MODEL
    }

    /// What stands for a token after a continuation: its score, or with `beams` its log-probability; changed as the strategy says.
    /// What may not be chosen is left out.
    fn choices(&self, text: usize, new: &[i64], strategy: &Strategy, beams: bool) -> Vec<(f64, i64)> {
        let scores = self.after(text, new);
        let plain = if beams { log_probabilities(scores) } else { scores.iter().map(|&score| score.into()).collect() };
        let held = [&real(text)[..], new].concat();
        let repeats = |id: i64| {
            let Some(n) = strategy.no_repeat_ngram else { return false };
            let would = [&held[..], &[id]].concat();
            let last = would.len().checked_sub(n).map(|from| &would[from..]);
            last.is_some_and(|last| held.windows(n).any(|run| run == last))
        };
        let early = |id: i64| new.len() < strategy.min_new_tokens && strategy.stop_ids.contains(&id);
        let penalised = |id: i64| match plain[id as usize] {
            score if !held.contains(&id) => score,
            score if score < 0.0 => score * strategy.repetition_penalty,
            score => score / strategy.repetition_penalty,
        };
        (0..VOCAB as i64).filter(|&id| !repeats(id) && !early(id)).map(|id| (penalised(id), id)).collect()
    }

    /// What the strategy writes, best first, by hand: greedily, or with beams. `None` where a choice is a matter of rounding, or
    /// nothing may be chosen.
    pub(crate) fn by_hand(&self, text: usize, strategy: &Strategy) -> Option<Vec<Found>> {
        if strategy.n_beams == 1 { self.greedily(text, strategy) } else { self.with_beams(text, strategy) }
    }

    fn greedily(&self, text: usize, strategy: &Strategy) -> Option<Vec<Found>> {
        let mut new = Vec::new();
        while new.len() < strategy.max_new_tokens {
            let mut choices = self.choices(text, &new, strategy, false);
            choices.sort_by(best_first);
            let &(score, id) = choices.first()?;
            if choices.get(1).is_some_and(|second| self.close(score, second.0, strategy)) {
                return None;
            }
            new.push(id);
            if strategy.stop_ids.contains(&id) {
                break;
            }
        }
        Some(vec![(new, 0.0)])
    }

    /// As many grow as there are beams; of the best so many continuations those that end are kept; a text is done when none that
    /// grows could, at its present length, beat the worst of as many that ended.
    fn with_beams(&self, text: usize, strategy: &Strategy) -> Option<Vec<Found>> {
        let Strategy { n_beams: n, max_new_tokens: most, .. } = *strategy;
        let (mut growing, mut ended): (Vec<Found>, Vec<Found>) = (vec![(vec![], 0.0)], vec![]);
        for length in 1..=most {
            let over = (length as f64).powf(strategy.length_penalty);
            let mut longer: Vec<Found> = Vec::new();
            for (new, sum) in &growing {
                for (score, id) in self.choices(text, new, strategy, true) {
                    longer.push(([&new[..], &[id]].concat(), sum + score));
                }
            }
            longer.sort_by(|a, b| b.1.total_cmp(&a.1));
            // Whatever stands beyond those that may take the places of all that end is not looked at.
            let most_looked_at = (1 + strategy.stop_ids.len()) * n;
            if longer.windows(2).take(most_looked_at).any(|pair| self.close(pair[0].1, pair[1].1, strategy)) {
                return None;
            }
            let stops = |new: &[i64]| new.last().is_some_and(|id| strategy.stop_ids.contains(id));
            let ends = longer.iter().take(n).filter(|(new, _)| length == most || stops(new));
            ended.extend(ends.map(|(new, sum)| (new.clone(), sum / over)));
            ended.sort_by(|a, b| b.1.total_cmp(&a.1));
            ended.truncate(n);
            growing = longer.into_iter().filter(|(new, _)| !stops(new)).take(n).collect();
            let (Some((_, best)), Some((_, worst))) = (growing.first(), ended.get(n - 1)) else { continue };
            if self.close(best / over, *worst, strategy) {
                return None;
            }
            if best / over < *worst || strategy.early_stopping {
                break;
            }
        }
        let close = ended.windows(2).any(|pair| self.close(pair[0].1, pair[1].1, strategy));
        (!close && !ended.is_empty()).then_some(ended)
    }
}

/// The tokens of a prompt that are no padding.
fn real(text: usize) -> Vec<i64> {
    PROMPTS[text].iter().zip(PADDED[text]).filter(|(_, real)| *real).map(|(&id, _)| id).collect()
}

/// The text of this number among those of `len` tokens.
fn digits(number: usize, len: usize) -> Vec<i64> {
    (0..len).rev().map(|place| (number / VOCAB.pow(place as u32) % VOCAB) as i64).collect()
}

/// The larger score first; of equal ones the first token.
fn best_first(a: &(f64, i64), b: &(f64, i64)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}
