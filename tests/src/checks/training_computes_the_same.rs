//! A model in training is the model: nothing random is added, a step of width zero changes nothing, and a small step lowers
//! the loss as far as the gradient says.
//!
//! # How
//!
//! With each head, the trainer's gradients are asked for twice: equal bit for bit. Its model, before any step and after one
//! of width 0, has the bits it was given. AdamW's first step goes the same way in every number, by the step width: the loss
//! must fall by the step width times the sum of the gradient's magnitudes, and no number moves further than the width. The tolerance is what steps of three widths
//! disagree by plus the loss's f32 noise; near a kink a shorter step may agree. Every parameter with more than rounding for a
//! gradient must have moved.
//!
//! # Catches
//!
//! - dropout that nobody declared, or that stays on
//! - a step up the slope instead of down
//! - a parameter that the optimizer does not see
//! - a trainer that gives back another model
//! - weights that shrink besides
//!
//! # Seen
//!
//! - [karpathy/nanoGPT #240](https://github.com/karpathy/nanoGPT/pull/240): dropout during evaluation, because it was called
//!   as a function.
//!
//! # Fix
//!
//! Look for what behaves differently on a device with gradients, then at how the trainer hands its parameters back.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use zoo_registry::{Input, Labels, Model};

use crate::check::{Stop, Verdict, require};
use crate::labels::probe;
use crate::learnt::{LOSS, Learnt, loss_of, with_noise};
use crate::subject::{Subject, Variant};
use crate::values::{Noise, Worst};

/// The widest step should change the loss by about this much of itself.
const CHANGE: f64 = 0.02;
/// Steps are shortened by these where the loss falls otherwise. Shorter ones would drown in noise.
const SHORTER: [f64; 3] = [1.0, 0.25, 0.0625];
/// An agreement so clear that no shorter step is tried.
const CLEAR: f64 = 0.5;
/// Gradients below this part of the largest may be rounding alone, as those of the biases of keys are.
const ROUNDING: f32 = 1e-4;
/// A difference of two losses carries the noise of both, and noise was measured on few runs.
const NOISE_OF_A_DIFFERENCE: f64 = 4.0;

/// A first step so wide that a decay would show.
const WIDE: f64 = 0.5;
/// The part of a number by which a step of width 1 may shrink it besides, and what rounding adds.
const DECAY: f64 = 1e-3;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let variants = subject.variants()?;
    for variant in &variants {
        let (input, labels) = probe(subject, variant)?;
        let (learnt, noise) = with_noise(subject, variant, &input, &labels)?;
        let again = Learnt::of(subject.hot(variant)?, &input, &labels)?;
        require(bits(&learnt) == bits(&again), || {
            format!("head `{}`: asked twice, the gradients differ: training adds something random", variant.head)
        })?;
        still(subject, variant, &input, &labels)?;
        bounded(subject, variant, &input, &labels)?;
        let mut least = f64::INFINITY;
        for part in SHORTER {
            least = least.min(falls(subject, variant, (&input, &labels), &learnt, &noise, part)?);
            if least <= CLEAR {
                break;
            }
        }
        worst.see(least, || format!("the fall of the loss, head `{}`", variant.head));
    }
    let measure = "multiple of the disagreement of three step widths plus the loss's f32 noise";
    worst.verdict_within(1.0, measure, &format!("{} heads", variants.len()))
}

fn bits(learnt: &Learnt) -> (u64, Vec<Vec<u32>>) {
    let gradients = learnt.gradients.values().map(|slopes| slopes.iter().map(|slope| slope.to_bits()).collect());
    (learnt.loss.to_bits(), gradients.collect())
}

/// The trainer's model has the bits it was given, before any step and after one of no width.
fn still(subject: &Subject<'_>, variant: &Variant, input: &Input, labels: &Labels) -> Result<(), Stop> {
    let given = subject.hot(variant)?.parameters();
    let mut trainer = subject.hot(variant)?.trainer();
    same(&given, trainer.model().as_ref(), variant, "before any step")?;
    trainer.step(input, labels, 0.0)?;
    same(&given, trainer.model().as_ref(), variant, "after a step of width 0")
}

/// The first step moves no number further than its width, and a little for the decay.
fn bounded(subject: &Subject<'_>, variant: &Variant, input: &Input, labels: &Labels) -> Result<(), Stop> {
    let given = subject.hot(variant)?.parameters();
    let mut trainer = subject.hot(variant)?.trainer();
    trainer.step(input, labels, WIDE)?;
    let after = trainer.model().parameters();
    let moves = given.iter().flat_map(|(path, data)| {
        let after = after.get(path).into_iter().flat_map(TensorData::iter::<f64>);
        data.iter::<f64>().zip(after).map(move |(old, new)| (path, old, new))
    });
    let far = moves.into_iter().find(|(_, old, new)| {
        let most = WIDE * (1.0 + DECAY * (1.0 + old.abs()));
        (new - old).abs() > most || new.is_nan()
    });
    require(far.is_none(), || format!("head `{}`: a first step of width {WIDE} moves {far:?} further", variant.head))
}

fn same(given: &BTreeMap<String, TensorData>, model: &dyn Model, variant: &Variant, when: &str) -> Result<(), Stop> {
    let found = model.parameters();
    let differs = given.iter().find(|(path, data)| found.get(*path).map(TensorData::as_bytes) != Some(data.as_bytes()));
    require(differs.is_none() && given.len() == found.len(), || {
        let path = differs.map_or("the number of parameters", |(path, _)| path);
        format!("head `{}`: {when}, the trainer's model has another {path}", variant.head)
    })
}

/// How far the fall of the loss is from what the gradient says, in units of what may be.
fn falls(
    subject: &Subject<'_>,
    variant: &Variant,
    (input, labels): (&Input, &Labels),
    learnt: &Learnt,
    noise: &Noise,
    part: f64,
) -> Result<f64, Stop> {
    let slope: f64 = learnt.gradients.values().flatten().map(|slope| f64::from(slope.abs())).sum();
    let width = part * CHANGE * learnt.loss.abs() / slope;
    // Falls per unit of width, each with a step of its own.
    let mut rates = [0.0; 3];
    for (rate, part) in rates.iter_mut().zip([1.0, 0.5, 0.25]) {
        let width = width * part;
        let mut trainer = subject.hot(variant)?.trainer();
        trainer.step(input, labels, width)?;
        let after = trainer.model();
        moved(subject, variant, learnt, after.as_ref())?;
        *rate = (learnt.loss - loss_of(after.as_ref(), input, labels)?) / width;
    }
    let [wide, half, narrow] = rates;
    // Halving the step halves the error of a one-sided difference.
    let found = 2.0 * narrow - half;
    let curvature = (wide - half).abs().max((half - narrow).abs());
    let allowed = curvature + NOISE_OF_A_DIFFERENCE * noise_of_loss(noise) / (0.25 * width);
    Ok((found - slope).abs() / allowed)
}

/// The loss's noise itself.
fn noise_of_loss(noise: &Noise) -> f64 {
    1.0 / noise.multiple(LOSS, 1.0)
}

/// Every parameter that has more than rounding for a gradient has moved: AdamW hardly moves along less.
fn moved(subject: &Subject<'_>, variant: &Variant, learnt: &Learnt, model: &dyn Model) -> Result<(), Stop> {
    let (before, after) = (subject.hot_weights(variant)?, model.parameters());
    let largest = |slopes: &[f32]| slopes.iter().fold(0.0, |most: f32, slope| most.max(slope.abs()));
    let all = learnt.gradients.values().map(|slopes| largest(slopes)).fold(0.0, f32::max);
    for (path, _) in learnt.gradients.iter().filter(|(_, slopes)| largest(slopes) > ROUNDING * all) {
        let still = before.get(path).map(TensorData::as_bytes) == after.get(path).map(TensorData::as_bytes);
        require(!still, || format!("head `{}`: a step does not move `{path}`", variant.head))?;
    }
    Ok(())
}
