//! With beams for every text there is, beam search finds them all, in the order of their scores; with fewer, what it
//! keeps at each step is the best.
//!
//! # How
//!
//! With a vocabulary of four tokens, three new ones and one that ends a text, there are forty texts: all are written out,
//! and each one's score is the sum of its log-probabilities by forward passes over its length to the power of the
//! penalty. Beam search with more beams than that must tell each once, with that score and in that order, for several
//! penalties, and what it says of a text must be what is said of it as an answer to its prompt. With up to three beams,
//! scores that lie close to each other and are given to other tokens in turn, and no token that ends a text, one or two, what is kept must be what a search by
//! hand keeps, where its choice is no matter of rounding; one beam is the greedy search. The guards: the texts' scores lie
//! apart, and some search by hand is no matter of rounding.
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
//! - [huggingface/transformers #26624](https://github.com/huggingface/transformers/issues/26624): sums were divided by
//!   the length with the prompt, so short texts came first.
//! - [huggingface/transformers #23127](https://github.com/huggingface/transformers/pull/23127): the length grew once for
//!   each text of the batch.
//! - [vllm-project/vllm #7007](https://github.com/vllm-project/vllm/pull/7007): the length that scores are divided by
//!   counted the prompt.
//!
//! # Fix
//!
//! If single scores are off, see what they are divided by, then whether the memory's rows were selected like the beams.
//! If texts are missing, see when a search is done and what becomes of texts that ended.

use std::collections::BTreeMap;

use zoo_registry::generate::{Strategy, Written};
use zoo_registry::preference::{Answered, log_probabilities};

use crate::check::{Stop, Verdict, require};
use crate::continued::{Continued, NEW, VOCAB};
use crate::subject::Subject;
use crate::values::{VISIBLE, Worst};

/// The token that ends a text.
const STOP: i64 = 2;
/// Powers of the length.
const PENALTIES: [f64; 3] = [0.0, 1.0, 2.5];

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut worst, mut by_hand) = (Worst::default(), 0);
    for continued in Continued::of_every_head(subject)? {
        for penalty in PENALTIES {
            exhaustive(&continued, penalty, &mut worst)?;
        }
        let mut counted = 0;
        let mut continued = continued.softened();
        for _ in 0..VOCAB {
            for n in 1..=3 {
                for stop_ids in [vec![], vec![STOP], vec![0], vec![1, 3]] {
                    counted += narrow(&continued, n, stop_ids)?;
                }
            }
            continued = continued.turned();
        }
        require(counted > 0, || format!("head `{}`: every search by hand is a matter of rounding", continued.head()))?;
        by_hand += counted;
    }
    worst.verdict(&format!("the score of every text of {VOCAB} tokens, and {by_hand} searches by hand"))
}

/// Every text, with its score.
fn every(continued: &Continued, text: usize, penalty: f64) -> BTreeMap<Vec<i64>, f64> {
    let mut growing = vec![vec![]];
    let mut ended = BTreeMap::new();
    for n in 1..=NEW {
        let longer = growing.iter().flat_map(|new: &Vec<i64>| (0..VOCAB as i64).map(|id| [&new[..], &[id]].concat()));
        let (done, rest): (Vec<_>, Vec<_>) = longer.partition(|new| n == NEW || new.last() == Some(&STOP));
        let score = |new: Vec<i64>| (continued.sum(text, &new) / (n as f64).powf(penalty), new);
        ended.extend(done.into_iter().map(score).map(|(score, new)| (new, score)));
        growing = rest;
    }
    ended
}

/// What beam search says of each text is its log-probability, as it is told of any answer to a prompt.
fn judged(continued: &Continued, text: usize, written: &[Written], worst: &mut Worst) -> Result<(), Stop> {
    if continued.reading.source.is_some() {
        return Ok(());
    }
    let prompt = continued.prompt(text);
    let answered = |written: &Written| Answered { prompt: prompt.clone(), answer: written.continuation().to_vec() };
    let answers: Vec<Answered> = written.iter().map(answered).collect();
    let told = log_probabilities(continued.writer.decoder()?, &answers)?;
    for (written, told) in written.iter().zip(told) {
        let new = written.continuation();
        let error = (written.score.unwrap_or(f64::NAN) - told).abs() / (4.0 * new.len() as f64);
        worst.see(continued.multiple(error), || {
            format!("head `{}`, text {text}: {new:?} as an answer to its prompt", continued.head())
        });
    }
    Ok(())
}

fn exhaustive(continued: &Continued, penalty: f64, worst: &mut Worst) -> Result<(), Stop> {
    let head = continued.head();
    let strategy = Strategy {
        max_new_tokens: NEW,
        n_beams: VOCAB.pow(NEW as u32),
        length_penalty: penalty,
        stop_ids: vec![STOP],
        ..Strategy::default()
    };
    for (text, written) in continued.write(&strategy)?.iter().enumerate() {
        if penalty == 0.0 {
            judged(continued, text, written, worst)?;
        }
        let mut every = every(continued, text, penalty);
        let all = every.len();
        let (least, most) = every.values().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x)));
        let apart = continued.multiple(most - least);
        require(apart > VISIBLE, || format!("head `{head}`: the scores of all texts lie within {apart:.1} × noise"))?;
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
            worst.see(continued.multiple(error), || format!("{place}, text {new:?}"));
        }
        let missing = every.keys().next();
        require(missing.is_none(), || format!("{place}: {missing:?} is missing, {} of {all}", every.len()))?;
    }
    Ok(())
}

/// How many texts were searched by hand with `n` beams.
fn narrow(continued: &Continued, n: usize, stop_ids: Vec<i64>) -> Result<usize, Stop> {
    let head = continued.head();
    let strategy = Strategy { max_new_tokens: NEW, n_beams: n, length_penalty: 0.0, stop_ids, ..Strategy::default() };
    let mut searched = 0;
    for (text, written) in continued.write(&strategy)?.iter().enumerate() {
        let Some(kept) = continued.by_hand(text, &strategy) else { continue };
        let kept: Vec<&[i64]> = kept.iter().map(|(new, _)| &new[..]).collect();
        let found: Vec<&[i64]> = written.iter().map(Written::continuation).collect();
        require(found == kept, || {
            format!(
                "head `{head}`, text {text}: {n} beams ended by {:?} keep {found:?}, by hand {kept:?}",
                strategy.stop_ids
            )
        })?;
        searched += 1;
    }
    Ok(searched)
}
