//! The loss is what its formula says of the head's own numbers.
//!
//! # How
//!
//! With each head that has an objective, the formula is written out in plain loops over numbers in f64 and compared with the
//! loss, with what the trainer says of the same batch, and with what a step of it says. All labels count, then some are left
//! out, and of rewards rankings are learnt as well, a long one and a short one; the label of a token that nobody predicts changes nothing, another changes the loss; labels that do not fit are
//! refused. The tolerance is the loss's own f32 noise.
//!
//! # Catches
//!
//! - labels shifted twice, or not at all
//! - a mean that counts what is left out
//! - a pair that is compared the wrong way round
//! - labels of another kind or range that are taken
//!
//! # Seen
//!
//! - [huggingface/transformers #47394](https://github.com/huggingface/transformers/issues/47394) and
//!   [huggingface/transformers #46898](https://github.com/huggingface/transformers/pull/46898) and
//!   [huggingface/transformers #46895](https://github.com/huggingface/transformers/pull/46895): labels shifted twice, so
//!   that a model learnt the token after the next.
//! - [huggingface/transformers #44642](https://github.com/huggingface/transformers/pull/44642): labels that users shifted
//!   and the model shifted again.
//!
//! # Fix
//!
//! Look at which position's scores meet which label, then at what the sum is divided by.

use zoo_registry::output::Record;
use zoo_registry::{Error, HeadOutput, Input, Labels, Model, Pair, Rows, Train, loss};

use crate::check::{Stop, Verdict, require};
use crate::formula;
use crate::inputs;
use crate::labels::{objective, thinned};
use crate::learnt::{LOSS, Learnt, loss_of, noise_of_loss};
use crate::subject::{Subject, Variant};
use crate::values::{Noise, VISIBLE, WHOLE_MODEL, Worst};

/// Texts in a batch: pairs, and every kind of thinning twice.
const BATCH: usize = 6;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut worst, mut heads) = (Worst::default(), 0);
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        let input = inputs::input(model.as_ref(), "losses", BATCH)?;
        let all = objective(model.as_ref(), &input)?;
        if all == Labels::Probe {
            continue;
        }
        heads += 1;
        let learnt = Learnt::of(subject.hot(&variant)?, &input, &all)?;
        let mut noise = Noise::default();
        noise.at_least(LOSS, noise_of_loss(&subject.hot_weights(&variant)?, &learnt));
        for labels in [thinned(&all), all.clone()].into_iter().chain(ranked(&all)) {
            let told = told(subject, &variant, &input, &labels)?;
            let expected = formula::loss(&model.forward(&input, Record::NOTHING)?, &labels);
            let expected = expected.ok_or_else(|| Stop::fails(format!("no formula is written for {labels:?}")))?;
            for (found, by) in told {
                let multiple = noise.multiple(LOSS, (found - expected).abs());
                worst.see(multiple, || {
                    format!("head `{}`: {by} is {found:.6}, the formula says {expected:.6}", variant.head)
                });
            }
        }
        matters(model.as_ref(), &variant, &input, &all, &noise)?;
        refused(subject, &variant, &input, &all)?;
    }
    if heads == 0 {
        return Err(Stop::NotApplicable("none of its heads has an objective".into()));
    }
    let measure = "multiple of the loss's own f32 noise; 8 allows for sums in another order";
    worst.verdict_within(WHOLE_MODEL, measure, &format!("{heads} heads"))
}

/// Where texts are compared, rankings of a different number of them.
fn ranked(labels: &Labels) -> Option<Labels> {
    let split = |cut: usize| Labels::Rankings(vec![(0..cut).rev().collect(), (cut..BATCH).collect()]);
    matches!(labels, Labels::Pairs(_)).then(|| split(BATCH - 2))
}

/// The loss in every way there is to ask for it.
fn told(
    subject: &Subject<'_>,
    variant: &Variant,
    input: &Input,
    labels: &Labels,
) -> Result<[(f64, &'static str); 3], Stop> {
    let plain = loss_of(subject.hot(variant)?.as_ref(), input, labels)?;
    let mut trainer = subject.hot(variant)?.trainer();
    let of_gradients = trainer.gradients(input, labels)?.loss;
    let of_step = trainer.step(input, labels, 0.0)?;
    Ok([(plain, "the loss"), (of_gradients, "the trainer's loss"), (of_step, "the loss of a step")])
}

/// Another label is another loss, except where nobody predicts.
fn matters(model: &dyn Model, variant: &Variant, input: &Input, labels: &Labels, noise: &Noise) -> Result<(), Stop> {
    let head = &variant.head;
    let output = model.forward(input, Record::NOTHING)?;
    let of = |labels: &Labels| -> Result<f64, Stop> {
        let loss = loss::loss(&output, labels).map_err(Stop::fails)?;
        Ok(loss.into_data().iter::<f64>().next().unwrap_or(f64::NAN))
    };
    let still = of(labels)?;
    for (other, place, predicted) in others(labels, &output.head) {
        let (moved, seen) = (of(&other)?, of(&other)?.to_bits() != still.to_bits());
        if predicted {
            let multiple = noise.multiple(LOSS, (moved - still).abs());
            require(multiple > VISIBLE, || {
                format!("head `{head}`: another label {place} moves the loss by {multiple:.1} × noise")
            })?;
        } else {
            require(!seen, || {
                format!("head `{head}`: another label {place} changes the loss, though nobody predicts it")
            })?;
        }
    }
    Ok(())
}

/// The labels with one changed, where that is, and whether anything predicts it.
fn others(labels: &Labels, head: &HeadOutput) -> Vec<(Labels, String, bool)> {
    let shifted = matches!((head, labels), (HeadOutput::NextTokenLogits(_), Labels::Tokens(_)));
    let changed = |rows: &Rows<i64>, at: usize| {
        let mut ids = rows.as_slice().to_vec();
        // Another id that is certainly one: 0, or 1 in place of 0.
        ids[at] = i64::from(ids[at] == 0);
        Rows::from_flat(rows.dims()[0], rows.dims()[1], ids)
    };
    match labels {
        Labels::Tokens(rows) => {
            let last = rows.dims()[1] - 1;
            let places = [(0, !shifted), (last, true)];
            let places = places.into_iter().filter_map(|(at, predicted)| Some((changed(rows, at)?, at, predicted)));
            places.map(|(rows, at, predicted)| (Labels::Tokens(rows), format!("at position {at}"), predicted)).collect()
        }
        Labels::Next(rows) => {
            let first = changed(rows, 0);
            first.map(|rows| (Labels::Next(rows), "at position 0".to_owned(), true)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Labels that do not fit are an error of the caller.
fn refused(subject: &Subject<'_>, variant: &Variant, input: &Input, labels: &Labels) -> Result<(), Stop> {
    let trainer = subject.hot(variant)?.trainer();
    let mut bad: Vec<(Labels, &str)> = vec![match labels {
        Labels::Classes(_) => (Labels::Tokens(Rows::full(BATCH, 3, 0)), "labels of another kind"),
        _ => (Labels::Classes(vec![0; BATCH]), "labels of another kind"),
    }];
    match labels {
        Labels::Tokens(rows) | Labels::Next(rows) => {
            let [batch, len] = rows.dims();
            let wrap = |rows| if matches!(labels, Labels::Next(_)) { Labels::Next(rows) } else { Labels::Tokens(rows) };
            bad.push((wrap(Rows::full(batch, len, 1 << 40)), "labels beyond the last"));
            bad.push((wrap(Rows::full(batch, len, -1)), "labels below zero"));
            bad.push((wrap(Rows::full(batch, len + 1, 0)), "a label too many"));
            bad.push((wrap(Rows::full(batch, len, loss::IGNORED)), "no label that counts"));
        }
        Labels::Classes(_) => {
            bad.push((Labels::Classes(vec![1 << 40; BATCH]), "labels beyond the last"));
            bad.push((Labels::Classes(vec![0; BATCH + 1]), "a label too many"));
        }
        Labels::Spans { .. } => {
            bad.push((Labels::Spans { start: vec![0; BATCH], end: vec![1 << 40; BATCH] }, "an end beyond the text"));
        }
        Labels::Pairs(pairs) => {
            bad.push((Labels::Pairs(pairs[1..].to_vec()), "texts in no pair"));
            let alone = pairs[1..].iter().copied().chain([Pair::new(pairs[0].better, pairs[0].better)]);
            bad.push((Labels::Pairs(alone.chain([pairs[0]]).collect()), "a text compared with itself"));
        }
        _ => {}
    }
    for (labels, what) in bad {
        let verdict = takes(trainer.as_ref(), input, &labels);
        require(verdict.is_none(), || {
            format!("head `{}`: given {what}, {}", variant.head, verdict.unwrap_or_default())
        })?;
    }
    Ok(())
}

/// What happens instead of a refusal.
fn takes(trainer: &dyn Train, input: &Input, labels: &Labels) -> Option<String> {
    match trainer.gradients(input, labels) {
        Err(Error::Input { .. }) => None,
        Err(other) => Some(format!("the error is `{other}`, expected one about the input")),
        Ok(found) => Some(format!("a loss of {} is found, expected an error", found.loss)),
    }
}
