//! Every token that a setting leaves is drawn, no other is, and hardly any temperature draws what greedy search writes.
//!
//! # How
//!
//! The scores of the next token are those after a forward pass; sorted, they say which tokens any setting leaves, without
//! a probability to compute. At a temperature so high that all that is left is about equally likely, hundreds of draws must
//! find all of it and nothing else: the `k` likeliest, a nucleus of so many, a nucleus of what top-k left. At hardly any temperature
//! each draw is the likeliest token. Two rows, and two seeds, draw different tokens. The guard: no two scores at an edge lie
//! closer than the noise of the scores.
//!
//! # Catches
//!
//! - an edge off by one
//! - temperature after the cut instead of before it, upside down, or forgotten
//! - a nucleus measured in what top-k took away
//! - draws that reach only part of the tokens
//! - one stream of numbers for every text, one for every seed
//!
//! # Seen
//!
//! - [kingoflolz/mesh-transformer-jax #164](https://github.com/kingoflolz/mesh-transformer-jax/issues/164): top-k kept one
//!   token too many.
//! - [Biohub/esm #360](https://github.com/Biohub/esm/pull/360): the nucleus left out the token that reaches its
//!   probability.
//!
//! # Fix
//!
//! The failure names the setting and the token. If a token too many or too few is drawn, look at the comparison at the edge;
//! if hardly any temperature does not draw the likeliest, at what the temperature divides, and when.

use std::collections::BTreeSet;

use zoo_registry::generate::{Sampling, Strategy};

use crate::check::{Finding, Stop, Verdict, require};
use crate::inputs;
use crate::subject::Subject;
use crate::told::Told;
use crate::writers::writers;

/// Tokens that are left, and those of top-k that a nucleus then takes fewer of.
const FEW: usize = 4;
const MORE: usize = 9;
/// Draws a token that is left: of `n` tokens, one is missed with a chance of n·(1 − 1/n)^(n·40) < n·e⁻⁴⁰.
const DRAWS: usize = 40;
/// So hot that scores as far apart as the scores are spread differ by a thousandth.
const HOT: f64 = 1000.0;
/// So cold that they differ by e^10000.
const COLD: f64 = 1e-4;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut settings = 0;
    for writer in writers(subject)? {
        let head = &writer.variant.head;
        let model = writer.model.as_ref();
        let reading = inputs::random_reading(model, "drawn from", 1)?;
        let prompt = reading.target.input_ids.row(0).to_vec();
        let told = Told::after(&writer, &reading, subject)?;
        let scores = writer.scores(&reading.input())?.pop().and_then(|mut text| text.pop()).unwrap_or_default();
        let mut likeliest: Vec<usize> = (0..scores.len()).collect();
        likeliest.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let spread = f64::from(scores[likeliest[0]] - scores[likeliest[scores.len() - 1]]);
        let few = FEW.min(scores.len() - 1);
        let more = MORE.min(scores.len());
        let noise = subject.noise(&writer.variant, &[reading.input()])?;
        for edge in [0, few - 1, more - 1].into_iter().filter(|edge| edge + 1 < scores.len()) {
            let apart = f64::from(scores[likeliest[edge]] - scores[likeliest[edge + 1]]);
            require(noise.multiple("logits", apart) > 1.0, || {
                format!("head `{head}`: the scores of ranks {edge} and {} are too close to tell", edge + 1)
            })?;
        }

        let hot = Sampling { temperature: HOT * spread, ..Sampling::default() };
        // A nucleus that ends in the middle of the last of `n` tokens among `of` that are about equally likely.
        let share = |n: usize, of: usize| (n as f64 - 0.5) / of as f64;
        let cuts = [
            ("top-k", Sampling { top_k: Some(few), ..hot.clone() }, few),
            ("top-p", Sampling { top_p: share(few, scores.len()), ..hot.clone() }, few),
            ("top-p after top-k", Sampling { top_k: Some(more), top_p: share(few, more), ..hot.clone() }, few),
            ("no cut", hot.clone(), scores.len()),
        ];
        for (setting, sampling, n) in cuts {
            settings += 1;
            let strategy = Strategy { max_new_tokens: n, sampling: Some(sampling), ..Strategy::default() };
            let drawn: BTreeSet<usize> =
                told.write(&prompt, DRAWS, &strategy)?.into_iter().flatten().map(|id| id as usize).collect();
            let left: BTreeSet<usize> = likeliest[..n].iter().copied().collect();
            if let Some(token) = drawn.difference(&left).next() {
                return Err(Stop::fails(format!("head `{head}`, {setting}: {token} is drawn, which is not left")));
            }
            if let Some(token) = left.difference(&drawn).next() {
                return Err(Stop::fails(format!("head `{head}`, {setting}: {token} is left, and never drawn")));
            }
        }

        let one = |sampling: Sampling| -> Result<Vec<i64>, Stop> {
            let strategy = Strategy { max_new_tokens: 1, sampling: Some(sampling), ..Strategy::default() };
            Ok(told.write(&prompt, DRAWS, &strategy)?.into_iter().flatten().collect())
        };
        let cold = one(Sampling { temperature: COLD * spread, ..hot.clone() })?;
        require(cold == vec![likeliest[0] as i64; DRAWS], || {
            format!("head `{head}`: at hardly any temperature {cold:?} are drawn, the likeliest is {}", likeliest[0])
        })?;
        let seeds = [hot.clone(), Sampling { seed: 1, ..hot }].map(one);
        let [first, second] = seeds;
        let first = first?;
        require(first.iter().collect::<BTreeSet<_>>().len() > 2, || {
            format!("head `{head}`: {DRAWS} texts of one prompt draw the tokens {first:?}")
        })?;
        require(first != second?, || format!("head `{head}`: two seeds draw the same tokens"))?;
    }
    Ok(Finding::seen(format!("{settings} cuts, each drawn from until all that is left was seen")))
}
