//! With beams for every text there is, beam search finds them all, in the order of their scores; with fewer, what it keeps at each
//! step is the best.
//!
//! # How
//!
//! With a vocabulary of four tokens, three new ones and one that ends a text, there are forty texts: all are written out, and each one's
//! score is the sum of its log-probabilities by forward passes over its length to the power of the penalty. Beam search with
//! more beams than that must tell each once, with that score and in that order, for several penalties. With up to three beams and no
//! end, what is kept must be what a search by hand keeps, where its choice is no matter of rounding; one beam is the greedy
//! search. The guards: the texts' scores lie apart, and some search by hand is no matter of rounding.
//!
//! # Catches
//!
//! - a memory that does not follow its beams
//! - a length penalty that counts the prompt, or the batch
//! - texts that ended and grow on, or are dropped
//! - a text that is told twice
//!
//! # Seen
//!
//! - [huggingface/transformers #26624](https://github.com/huggingface/transformers/issues/26624): sums were divided by the
//!   length with the prompt, so short texts came first.
//! - [huggingface/transformers #23127](https://github.com/huggingface/transformers/pull/23127): the length grew once for
//!   each text of the batch.
//! - [vllm-project/vllm #7007](https://github.com/vllm-project/vllm/pull/7007): the length that scores are divided by
//!   counted the prompt.
//!
//! # Fix
//!
//! If single scores are off, see what they are divided by, then whether the memory's rows were selected like the beams. If
//! texts are missing, see when a search is done and what becomes of texts that ended.

use std::collections::BTreeMap;

use zoo_registry::generate::{Prompt, Strategy, Written, generate};
use zoo_registry::{Rows, Tokens};

use crate::check::{Stop, Verdict, require};
use crate::inputs::{self, Reading};
use crate::subject::{Subject, Variant};
use crate::values::{Noise, VISIBLE, WHOLE_MODEL, Worst};
use crate::writers::{Writer, log_probabilities};

/// Tokens in the vocabulary, new ones in a text, and the one that ends it.
const VOCAB: usize = 4;
const NEW: usize = 3;
const STOP: i64 = 2;
/// Texts in a batch, and tokens of their prompts.
const BATCH: usize = 2;
const PROMPT: usize = 3;
/// Powers of the length.
const PENALTIES: [f64; 3] = [0.0, 1.0, 2.5];

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let (mut writers, mut by_hand) = (0, 0);
    for variant in subject.variants()? {
        if !inputs::predicts_next(subject.hot(&variant)?.as_ref())? {
            continue;
        }
        let trial = Trial::new(subject, variant)?;
        writers += 1;
        for penalty in PENALTIES {
            trial.exhaustive(penalty, &mut worst)?;
        }
        let mut narrow = 0;
        for n in 1..=3 {
            narrow += trial.narrow(n)?;
        }
        require(narrow > 0, || format!("head `{}`: every search by hand is a matter of rounding", trial.head()))?;
        by_hand += narrow;
    }
    if writers == 0 {
        return Err(Stop::NotApplicable("none of its heads predicts the next token".into()));
    }
    worst.verdict(&format!("the score of every text of {VOCAB} tokens, and {by_hand} searches by hand"))
}

struct Trial {
    writer: Writer,
    reading: Reading,
    noise: Noise,
    /// Of each text in the batch, the log-probabilities of the next token after every continuation.
    after: Vec<BTreeMap<Vec<i64>, Vec<f64>>>,
}

impl Trial {
    fn new(subject: &Subject<'_>, variant: Variant) -> Result<Self, Stop> {
        let mut config = variant.config.clone();
        config.insert("vocab_size".into(), VOCAB.into());
        let variant = Variant { config: subject.architecture.complete(&config)?, ..variant };
        let writer = Writer { model: subject.hot(&variant)?, variant };
        let reading = inputs::reading(&inputs::streams(writer.model.as_ref())?, |stream, limits| {
            // What is written is of the first segment, so the prompt is too.
            let texts = inputs::texts(limits, &format!("beams {stream:?}"), BATCH, PROMPT)?;
            Ok(Tokens { token_type_ids: None, ..texts })
        })?;
        let every: Vec<Vec<i64>> =
            (0..VOCAB.pow(NEW as u32 - 1)).map(|n| vec![(n / VOCAB) as i64, (n % VOCAB) as i64]).collect();
        let (mut after, mut noise) = (Vec::new(), Noise::default());
        for text in 0..BATCH {
            let rows = reading.select(&vec![text; every.len()]);
            let prompt = reading.target.input_ids.row(text);
            let texts: Vec<Vec<i64>> = every.iter().map(|new| [prompt, new].concat()).collect();
            let target = Rows::new(&texts).map(Tokens::new).ok_or_else(|| Stop::fails("expected texts"))?;
            let input = Reading { target, ..rows }.input();
            let scores = writer.scores(&input)?;
            noise = subject.noise(&writer.variant, &[input])?;
            let mut known = BTreeMap::new();
            for (new, scores) in every.iter().zip(&scores) {
                for (n, scores) in scores[PROMPT - 1..].iter().enumerate() {
                    known.insert(new[..n].to_vec(), log_probabilities(scores));
                }
            }
            after.push(known);
        }
        Ok(Self { writer, reading, noise, after })
    }

    fn write(&self, strategy: &Strategy) -> Result<Vec<Vec<Written>>, Stop> {
        let source = self.reading.before_writing();
        let prompt = Prompt { source: source.as_ref(), tokens: &self.reading.target };
        Ok(generate(self.writer.decoder()?, prompt, strategy, &mut |_| true)?)
    }

    fn head(&self) -> &str {
        &self.writer.variant.head
    }

    /// The log-probability of a continuation.
    fn sum(&self, text: usize, new: &[i64]) -> f64 {
        (0..new.len()).map(|n| self.after[text][&new[..n]][new[n] as usize]).sum()
    }

    /// Every text, with its score.
    fn every(&self, text: usize, penalty: f64) -> BTreeMap<Vec<i64>, f64> {
        let mut growing = vec![vec![]];
        let mut ended = BTreeMap::new();
        for n in 1..=NEW {
            let longer =
                growing.iter().flat_map(|new: &Vec<i64>| (0..VOCAB as i64).map(|id| [&new[..], &[id]].concat()));
            let (done, rest): (Vec<_>, Vec<_>) = longer.partition(|new| n == NEW || new.last() == Some(&STOP));
            let score = |new: Vec<i64>| (self.sum(text, &new) / (n as f64).powf(penalty), new);
            ended.extend(done.into_iter().map(score).map(|(score, new)| (new, score)));
            growing = rest;
        }
        ended
    }

    fn exhaustive(&self, penalty: f64, worst: &mut Worst) -> Result<(), Stop> {
        let head = self.head();
        let strategy = Strategy {
            max_new_tokens: NEW,
            n_beams: VOCAB.pow(NEW as u32),
            length_penalty: penalty,
            stop_ids: vec![STOP],
            ..Strategy::default()
        };
        for (text, written) in self.write(&strategy)?.iter().enumerate() {
            let mut every = self.every(text, penalty);
            let all = every.len();
            let (least, most) =
                every.values().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x)));
            let apart = self.noise.multiple("logits", most - least);
            require(apart > VISIBLE, || {
                format!("head `{head}`: the scores of all texts lie within {apart:.1} × noise")
            })?;
            let place = format!("head `{head}`, text {text}, length penalty {penalty}");
            let mut before = f64::INFINITY;
            for hypothesis in written {
                let new = hypothesis.continuation();
                let score = hypothesis.score.unwrap_or(f64::NAN);
                let Some(expected) = every.remove(new) else {
                    return Err(Stop::fails(format!("{place}: {new:?} is told twice, or is no text")));
                };
                require(score <= before, || format!("{place}: {new:?} stands after one with a lower score"))?;
                before = score;
                // Each of its log-probabilities is a score and a normaliser.
                let length = (new.len() as f64).powf(penalty);
                let error = (score - expected).abs() * length / (2.0 * new.len() as f64);
                worst.see(self.noise.multiple("logits", error), || format!("{place}, text {new:?}"));
            }
            let missing = every.keys().next();
            require(missing.is_none(), || format!("{place}: {missing:?} is missing, {} of {all}", every.len()))?;
        }
        Ok(())
    }

    /// How many texts were searched by hand with `n` beams, all to the same end.
    fn narrow(&self, n: usize) -> Result<usize, Stop> {
        let head = self.head();
        let strategy = Strategy { max_new_tokens: NEW, n_beams: n, length_penalty: 0.0, ..Strategy::default() };
        let mut searched = 0;
        for (text, written) in self.write(&strategy)?.iter().enumerate() {
            let Some(kept) = self.by_hand(text, n) else { continue };
            let found: Vec<&[i64]> = written.iter().map(Written::continuation).collect();
            require(found == kept, || {
                format!("head `{head}`, text {text}: {n} beams keep {found:?}, by hand {kept:?}")
            })?;
            searched += 1;
        }
        Ok(searched)
    }

    /// What `n` beams keep, best first; `None` where two that are told apart lie within rounding.
    fn by_hand(&self, text: usize, n: usize) -> Option<Vec<Vec<i64>>> {
        let mut kept: Vec<Vec<i64>> = vec![vec![]];
        for _ in 0..NEW {
            let longer = kept.iter().flat_map(|new| (0..VOCAB as i64).map(|id| [&new[..], &[id]].concat()));
            let mut scored: Vec<(f64, Vec<i64>)> = longer.map(|new| (self.sum(text, &new), new)).collect();
            scored.sort_by(|a, b| b.0.total_cmp(&a.0));
            let close = |pair: &[(f64, Vec<i64>)]| {
                let error = (pair[0].0 - pair[1].0) / (4.0 * NEW as f64);
                self.noise.multiple("logits", error) <= WHOLE_MODEL
            };
            if scored.windows(2).take(n).any(close) {
                return None;
            }
            kept = scored.into_iter().take(n).map(|(_, new)| new).collect();
        }
        Some(kept)
    }
}
