//! What is written under each setting is what a search by hand over the model's scores writes under it.
//!
//! # How
//!
//! With a vocabulary of four tokens the scores after every continuation are known from forward passes. A prompt that
//! holds a token twice and one that is padded with a token it does not hold are continued greedily and with two and three
//! beams: with repetition penalties above and below 1, with runs that may not occur twice, with a least length, with one
//! and with two tokens that end a text, with and without early stopping; then all of it again with scores so close to each
//! other that beams compete, and with each token's scores given to another. Each is searched by hand in f64, from what the settings say: a token of the text once, good
//! scores divided and bad ones multiplied, log-probabilities with beams; the best continuations end, as many others grow.
//! Texts must be the same and their scores within noise, where no choice is a matter of rounding. Of scores made equal the
//! first token must be taken, and what follows a text's end is padding. The guards: of the searches by hand most count, and a penalty and an end change what is
//! written.
//!
//! # Catches
//!
//! - a penalty that makes bad tokens likelier, or counts a token as often as it stands there
//! - a penalty on scores where it should be on log-probabilities
//! - padding that counts as text
//! - beams that end beyond the best, or lose their places to those that end
//! - a tie that falls another way on another machine
//!
//! # Seen
//!
//! - [huggingface/transformers #2302](https://github.com/huggingface/transformers/issues/2302): negative scores were
//!   divided by the penalty as well, so a larger penalty made "The dog dog dog dog dog".
//! - [OpenNMT/CTranslate2 #911](https://github.com/OpenNMT/CTranslate2/pull/911): hypotheses that ended took the places
//!   of those that could still grow.
//! - [facebookresearch/ParlAI #2058](https://github.com/facebookresearch/ParlAI/issues/2058): hypotheses that had ended
//!   grew on, and each took a beam with it.
//!
//! # Fix
//!
//! The message names the setting. If it is a penalty, see which tokens it is applied to, how often, and to which numbers.
//! If it is beams with tokens that end a text, see how many candidates are looked at and which of them may end.

use zoo_registry::generate::{Strategy, Written};

use crate::check::{Stop, Verdict, require};
use crate::continued::{Continued, NEW, VOCAB};
use crate::subject::Subject;
use crate::values::Worst;
use crate::writers::Rescored;

/// What fills texts that ended before others.
const PAD: i64 = 3;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut worst, mut counted) = (Worst::default(), 0);
    for continued in Continued::of_every_head(subject)? {
        counted += searches(&continued, &mut worst)?;
        ties(&continued)?;
        let mut soft = continued.softened();
        for _ in 0..VOCAB {
            counted += searches(&soft, &mut worst)?;
            soft = soft.turned();
        }
    }
    worst.verdict(&format!("{counted} searches by hand"))
}

/// Every setting alone and with the others, and what it is called.
fn strategies() -> Vec<(String, Strategy)> {
    let mut found = Vec::new();
    for n_beams in 1..=3 {
        let plain = Strategy { n_beams, max_new_tokens: NEW, pad_id: PAD, ..Strategy::default() };
        for penalty in [1.9, 0.45] {
            let strategy = Strategy { repetition_penalty: penalty, ..plain.clone() };
            found.push((format!("{n_beams} beams, a penalty of {penalty}"), strategy));
        }
        for run in [1, 2] {
            let strategy = Strategy { no_repeat_ngram: Some(run), max_new_tokens: 2, ..plain.clone() };
            found.push((format!("{n_beams} beams, no run of {run} twice"), strategy));
        }
        for stop in 0..VOCAB as i64 {
            let one = Strategy { stop_ids: vec![stop], length_penalty: 0.0, ..plain.clone() };
            found.push((format!("{n_beams} beams, ended by {stop}"), one.clone()));
            let early = Strategy { early_stopping: true, length_penalty: 2.0, ..one.clone() };
            found.push((format!("{n_beams} beams, ended by {stop} and early"), early));
            let late = Strategy { min_new_tokens: 2, ..one.clone() };
            found.push((format!("{n_beams} beams, ended by {stop}, but late"), late));
            let two = Strategy { stop_ids: vec![stop, (stop + 1) % VOCAB as i64], ..one };
            found.push((format!("{n_beams} beams, ended by {stop} or its neighbour"), two));
        }
    }
    found
}

/// How many searches by hand were compared.
fn searches(continued: &Continued, worst: &mut Worst) -> Result<usize, Stop> {
    let head = continued.head();
    let (mut counted, mut all, mut penalty, mut ends) = (0, 0, false, false);
    for (what, strategy) in strategies() {
        let by_hand: Vec<_> = (0..continued.texts()).map(|text| continued.by_hand(text, &strategy)).collect();
        all += by_hand.len();
        let written = match continued.write(&strategy) {
            Ok(written) => written,
            // Nothing may be chosen by hand either.
            Err(_) if by_hand.iter().any(Option::is_none) => continue,
            Err(stop) => return Err(stop),
        };
        for (text, (written, by_hand)) in written.iter().zip(&by_hand).enumerate() {
            let Some(expected) = by_hand else { continue };
            counted += 1;
            let padded = written.iter().all(|written| written.ids[written.new.end..].iter().all(|&id| id == PAD));
            require(padded, || {
                format!("head `{head}`, text {text}, {what}: what follows its end is not `pad_id`, {PAD}")
            })?;
            let found: Vec<&[i64]> = written.iter().map(Written::continuation).collect();
            let told: Vec<&[i64]> = expected.iter().map(|(new, _)| &new[..]).collect();
            require(found == told, || {
                format!("head `{head}`, text {text}, {what}: writes {found:?}, by hand it is {told:?}")
            })?;
            for (written, (new, expected)) in written.iter().zip(expected) {
                if let Some(score) = written.score {
                    let length = (new.len() as f64).powf(strategy.length_penalty);
                    let penalty = strategy.repetition_penalty.max(1.0);
                    let error = (score - expected).abs() * length / (2.0 * new.len() as f64 * penalty);
                    worst.see(continued.multiple(error), || format!("head `{head}`, text {text}, {what}, {new:?}"));
                }
            }
            let texts = |strategy: Strategy| -> Option<Vec<Vec<i64>>> {
                let found = continued.by_hand(text, &strategy)?;
                Some(found.into_iter().map(|(new, _)| new).collect())
            };
            let without = texts(Strategy { repetition_penalty: 1.0, stop_ids: vec![], ..strategy.clone() });
            let matters = without.is_some_and(|without| without != told);
            penalty |= matters && strategy.repetition_penalty != 1.0;
            ends |= matters && !strategy.stop_ids.is_empty() && strategy.n_beams > 1;
        }
    }
    require(2 * counted > all, || {
        format!("head `{head}`: {counted} of {all} searches by hand count, the others are matters of rounding")
    })?;
    require(penalty && ends, || {
        format!("head `{head}`: no penalty or no end changes what is written, so nothing is seen")
    })?;
    Ok(counted)
}

/// Of equal scores the first token is taken.
fn ties(continued: &Continued) -> Result<(), Stop> {
    let head = continued.head();
    // What is above the middle of the scores is as good as the best.
    let level = |scores: &mut [f32]| {
        let mut sorted = scores.to_vec();
        sorted.sort_by(f32::total_cmp);
        let middle = sorted[sorted.len() / 2];
        scores.iter_mut().for_each(|score| *score = if *score < middle { -1.0 } else { 1.0 });
    };
    let decoder = Rescored { decoder: continued.writer.decoder()?, change: &level };
    let strategy = Strategy { max_new_tokens: 1, ..Strategy::default() };
    let written = continued.write_by(&decoder, &strategy)?;
    for (text, written) in written.iter().enumerate() {
        let mut scores = continued.after(text, &[]).to_vec();
        level(&mut scores);
        let first = scores.iter().position(|&score| score == 1.0).unwrap_or_default() as i64;
        let found = written.first().map_or(&[][..], Written::continuation);
        require(found == [first], || {
            format!("head `{head}`, text {text}: of equal scores the first is token {first}, it writes {found:?}")
        })?;
    }
    Ok(())
}
