//! Writing text with any model that decodes: greedy search, sampling, beam search.

use std::ops::Range;

use burn::tensor::Tensor;

use crate::config::Rules;
use crate::decode::{Decode, DecodeState, Logits};
use crate::error::{Error, Problem, Result};
use crate::input::{Input, Tokens};
use crate::rows::Rows;

mod beam;
mod sample;
mod scores;
mod settings;

pub use sample::Sampling;
pub use settings::Settings;

/// How the next token is chosen, and when to stop.
///
/// Without [`sampling`](Self::sampling) and with one beam, the likeliest token is taken at each step. Before a token is chosen
/// its scores are changed in this order, which is that of Hugging Face's `generate`: repetition penalty, banned runs, least
/// length, temperature, top-k, top-p.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    /// Most tokens to write.
    pub max_new_tokens: usize,
    /// No text ends by a stop token before it has this many new ones.
    pub min_new_tokens: usize,
    /// Hypotheses kept at each step; 1 is greedy search, or sampling.
    pub n_beams: usize,
    /// Finished hypotheses are scored by log-probability / lengthᵖ; larger favours longer text. Beam search only.
    pub length_penalty: f64,
    /// A text is done as soon as `n_beams` hypotheses ended, even if one that grows could still beat them. Beam search only.
    pub early_stopping: bool,
    /// Scores of tokens the text already holds, prompt included, are divided by this where positive and multiplied by it
    /// where negative (Keskar et al. 2019, arXiv 1909.05858, §4.1). Above 1 repeats become rarer; 1 changes nothing. Beam search
    /// applies it to log-probabilities.
    pub repetition_penalty: f64,
    /// No run of this many tokens may occur twice, prompt included. `None` allows any.
    pub no_repeat_ngram: Option<usize>,
    /// Draws each token instead of taking the likeliest.
    pub sampling: Option<Sampling>,
    /// Tokens that end a text.
    pub stop_ids: Vec<i64>,
    /// Fills texts that ended before others.
    pub pad_id: i64,
}

/// More hypotheses than these are a mistake, and each takes a row of the cache.
const MOST_BEAMS: usize = 1000;
/// Models have a handful.
const MOST_STOP_IDS: usize = 1000;

impl Default for Strategy {
    fn default() -> Self {
        Self {
            max_new_tokens: 20,
            min_new_tokens: 0,
            n_beams: 1,
            length_penalty: 1.0,
            early_stopping: false,
            repetition_penalty: 1.0,
            no_repeat_ngram: None,
            sampling: None,
            stop_ids: vec![],
            pad_id: 0,
        }
    }
}

impl Strategy {
    /// Every setting that cannot be followed, whatever the model.
    pub fn problems(&self) -> Vec<Problem> {
        let Self { max_new_tokens, min_new_tokens, n_beams, length_penalty, repetition_penalty, .. } = *self;
        let (stops, negative) = (self.stop_ids.len(), self.stop_ids.iter().find(|&&id| id < 0));
        let rules = Rules::new()
            .require(max_new_tokens > 0, "max_new_tokens", || "must be at least 1, found 0".into())
            .require(min_new_tokens <= max_new_tokens, "min_new_tokens", || {
                format!("must be at most `max_new_tokens`, {max_new_tokens}, found {min_new_tokens}")
            })
            .require((1..=MOST_BEAMS).contains(&n_beams), "n_beams", || {
                format!("must be between 1 and {MOST_BEAMS}, found {n_beams}")
            })
            .require(length_penalty.is_finite(), "length_penalty", || {
                format!("must be a number, found {length_penalty}")
            })
            .positive("repetition_penalty", repetition_penalty)
            .require(self.no_repeat_ngram != Some(0), "no_repeat_ngram", || "must be at least 1, found 0".into())
            .require(stops <= MOST_STOP_IDS, "stop_ids", || {
                format!("must be at most {MOST_STOP_IDS} ids, found {stops}")
            })
            .require(negative.is_none(), "stop_ids", || {
                format!("must be ids from 0 on, found {}", negative.copied().unwrap_or_default())
            });
        match &self.sampling {
            Some(sampling) => sampling
                .rules(rules)
                .require(n_beams <= 1, "n_beams", || format!("must be 1 when sampling, found {n_beams}"))
                .broken(),
            None => rules.broken(),
        }
    }
}

/// A text that was written, prompt included.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Prompt and continuation, padded to the longest of the batch.
    pub ids: Vec<i64>,
    /// Where in `ids` the continuation stands: its stop token is part of it, padding is not.
    pub new: Range<usize>,
    /// Why the text ends where it does.
    pub ended: Ended,
    /// Log-probability of the continuation, length penalty applied; beam search only.
    pub score: Option<f64>,
}

impl Written {
    /// The ids that were written, a stop token included.
    pub fn continuation(&self) -> &[i64] {
        &self.ids[self.new.clone()]
    }
}

/// Why a text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By a token of [`Strategy::stop_ids`].
    StopId,
    /// Whoever asked for the text saw what ends it; see [`generate_until`].
    Caller,
    /// It has [`Strategy::max_new_tokens`].
    Length,
    /// The whole search was broken off.
    BrokenOff,
}

impl Ended {
    /// The word for programs: `stop-token`, `stop-text`, `length`, `interrupted`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StopId => "stop-token",
            Self::Caller => "stop-text",
            Self::Length => "length",
            Self::BrokenOff => "interrupted",
        }
    }
}

/// What to continue: the texts so far and, for an encoder–decoder, what they answer.
#[derive(Debug, Clone, Copy)]
pub struct Prompt<'a> {
    /// For the encoder; `None` for a decoder.
    pub source: Option<&'a Input>,
    /// The texts so far, padded on the left. An encoder–decoder begins with its start token.
    pub tokens: &'a Tokens,
}

impl<'a> From<&'a Tokens> for Prompt<'a> {
    fn from(tokens: &'a Tokens) -> Self {
        Self { source: None, tokens }
    }
}

/// Continues each text of `prompt`, which is padded on the left. One list of hypotheses a text, best first: `n_beams` of
/// them, or as many as there are, or one. `on_step` hears the newest token of each text (of the best hypothesis, in beam search), and may break the
/// search off with `false`: what was written so far is the result.
///
/// # Errors
/// [`Error::Strategy`] with every setting that cannot be followed, before the model runs; among them more tokens than the
/// model has positions for. Of the model: ids out of range, or a prompt longer than its positions. [`Error::Generation`] if no
/// token is left to choose.
pub fn generate<'a>(
    model: &dyn Decode,
    prompt: impl Into<Prompt<'a>>,
    strategy: &Strategy,
    on_step: &mut dyn FnMut(&[i64]) -> bool,
) -> Result<Vec<Vec<Written>>> {
    generate_until(model, prompt, strategy, &mut |_, _| false, on_step)
}

/// As [`generate`], and a text or hypothesis also ends where `ends` says so. It is asked after each step with the number of the
/// text in the batch and what was written of it, without the prompt.
///
/// # Errors
/// As [`generate`].
pub fn generate_until<'a>(
    model: &dyn Decode,
    prompt: impl Into<Prompt<'a>>,
    strategy: &Strategy,
    ends: &mut dyn FnMut(usize, &[i64]) -> bool,
    on_step: &mut dyn FnMut(&[i64]) -> bool,
) -> Result<Vec<Vec<Written>>> {
    let prompt = prompt.into();
    check(model, prompt, strategy)?;
    let mut job = Job { model, prompt, strategy, ends, on_step };
    if strategy.n_beams == 1 { sample::search(&mut job) } else { beam::search(&mut job) }
}

/// How many tokens can be written after `prompt`, where the model's positions have an end. The last one is written and never
/// read, so it needs no position.
///
/// # Errors
/// [`Error::Unsupported`](Error) if the model does not write text.
pub fn room(model: &dyn Decode, prompt: &Tokens) -> Result<Option<usize>> {
    let longest = prompt.mask().rows().map(|row| row.iter().filter(|&&real| real).count()).max().unwrap_or_default();
    let positions = model.token_limits()?.max_positions;
    Ok(positions.map(|max| (max + 1).saturating_sub(longest)))
}

fn check(model: &dyn Decode, prompt: Prompt<'_>, strategy: &Strategy) -> Result<()> {
    let mut problems = strategy.problems();
    let asked = strategy.max_new_tokens;
    // Without any room it is the prompt that is too long, and the model says so.
    if let Some(room) = room(model, prompt.tokens)?.filter(|&room| room > 0 && asked > room) {
        let message = format!("must be at most {room}, what the prompt leaves of the model's positions, found {asked}");
        problems.push(Problem::new("max_new_tokens", message));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Strategy { problems }) }
}

/// What a search works on.
struct Job<'a> {
    model: &'a dyn Decode,
    prompt: Prompt<'a>,
    strategy: &'a Strategy,
    ends: &'a mut dyn FnMut(usize, &[i64]) -> bool,
    on_step: &'a mut dyn FnMut(&[i64]) -> bool,
}

impl Job<'_> {
    /// The real tokens of each prompt.
    fn texts(&self) -> Vec<Vec<i64>> {
        let mask = self.prompt.tokens.mask();
        let real = |(ids, mask): (&[i64], &[bool])| {
            ids.iter().zip(mask).filter(|(_, real)| **real).map(|(&id, _)| id).collect()
        };
        self.prompt.tokens.input_ids.rows().zip(mask.rows()).map(real).collect()
    }

    /// Whether a text that was continued by `new` ends, and why.
    fn ended(&mut self, row: usize, new: &[i64]) -> Option<Ended> {
        if new.last().is_some_and(|id| self.strategy.stop_ids.contains(id)) {
            Some(Ended::StopId)
        } else if (self.ends)(row, new) {
            Some(Ended::Caller)
        } else {
            (new.len() == self.strategy.max_new_tokens).then_some(Ended::Length)
        }
    }

    /// A text of `longest` new tokens, padding included.
    fn written(&self, row: usize, new: &[i64], ended: Ended, longest: usize) -> Written {
        let prompt = self.prompt.tokens.input_ids.row(row);
        let mut ids = [prompt, new].concat();
        ids.resize(prompt.len() + longest, self.strategy.pad_id);
        Written { ids, new: prompt.len()..prompt.len() + new.len(), ended, score: None }
    }
}

/// Feeds tokens to the model and keeps the scores of what comes next on the host.
struct Reader<'a> {
    model: &'a dyn Decode,
    state: DecodeState,
    /// `[batch, vocab_size]`, row-major.
    scores: Vec<f32>,
}

impl<'a> Reader<'a> {
    fn new(model: &'a dyn Decode, prompt: Prompt<'_>) -> Result<Self> {
        let mut state = model.start(prompt.tokens.input_ids.dims()[0], prompt.source)?;
        let scores = numbers(model.advance(&mut state, prompt.tokens, Logits::Last)?)?;
        Ok(Self { model, state, scores })
    }

    /// Reads one token a text; where it is `None` the text has ended, and what the model makes of it says nothing.
    fn read(&mut self, newest: &[Option<i64>]) -> Result<()> {
        let n = newest.len();
        let ids = newest.iter().map(|id| id.unwrap_or_default()).collect();
        let Some(ids) = Rows::from_flat(n, 1, ids) else { return Ok(()) };
        let mask = newest.contains(&None).then(|| newest.iter().map(Option::is_some).collect());
        let tokens = Tokens { attention_mask: mask.and_then(|mask| Rows::from_flat(n, 1, mask)), ..Tokens::new(ids) };
        self.scores = numbers(self.model.advance(&mut self.state, &tokens, Logits::Last)?)?;
        Ok(())
    }

    /// The scores of the rows, `n` rows at a time.
    fn rows_mut(&mut self, n: usize) -> std::slice::ChunksExactMut<'_, f32> {
        let vocab = self.scores.len() / self.state.batch;
        self.scores.chunks_exact_mut(n * vocab)
    }
}

fn numbers(logits: Tensor<3>) -> Result<Vec<f32>> {
    let scores = logits.into_data().convert::<f32>().try_into_vec::<f32>();
    scores.map_err(|error| Error::Generation { reason: format!("the model's scores cannot be read: {error:?}") })
}

#[cfg(test)]
mod tests;
