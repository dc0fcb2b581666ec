//! A step of training is the step that is promised: AdamW on the gradient of each parameter, cut to length 1.
//!
//! # How
//!
//! With each head, three steps of different widths are taken on different batches, from hot weights or from larger ones, until some
//! gradient is longer than 1. Before each step the gradients and the parameters are read; after it each parameter must be where the equations put it,
//! computed again in f64: the gradient scaled to length 1 if it is longer, means that forget by 0.9 and 0.999, corrected for their
//! start at zero, 1e-5 under the root's side, and a decay of 1e-4. Then the trainer's model answers as a fresh model with the same
//! parameters. The tolerance is rounding in f32: of the parameter, and of the few operations behind the step. The guard:
//! some gradient is longer than 1, some shorter, and the steps move what they should.
//!
//! # Catches
//!
//! - gradients that are cut number by number, all together, or not at all
//! - a decay that nobody asked for, or that is scaled by the gradient's root
//! - an optimizer that forgets what it saw, or how often
//!
//! # Seen
//!
//! - [NVIDIA/OpenSeq2Seq #192](https://github.com/NVIDIA/OpenSeq2Seq/pull/192): a slip that switched clipping by norm off.
//! - [paiml/aprender #2112](https://github.com/paiml/aprender/pull/2112): the factor that should shorten the gradients was computed
//!   and dropped; the tests looked at the setting alone.
//! - [pytorchbearer/torchbearer #158](https://github.com/pytorchbearer/torchbearer/issues/158): clipping by norm where clipping by
//!   value was meant.
//! - [paiml/entrenar #311](https://github.com/paiml/entrenar/issues/311): gradients scaled by the fourth power of their length.
//!
//! # Fix
//!
//! See which step goes wrong first. If it is the first, compare its length with the width: AdamW's first step is the width in
//! every number, whatever the gradient. If it is the second, look at what is remembered, and at how gradients are cut.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use zoo_registry::output::Record;
use zoo_registry::{Input, Labels, Model, Train};

use crate::check::{Stop, Verdict, require};
use crate::inputs;
use crate::labels;
use crate::subject::{Subject, Variant};
use crate::values::{UNIT_ROUNDOFF, Worst, values};

/// What AdamW (arXiv 1711.05101) is promised to be: how fast both means forget, what keeps the root from zero, how weights decay.
const BETAS: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-5;
const DECAY: f64 = 1e-4;
/// A longer gradient of a parameter is cut to this.
const LONGEST: f64 = 1.0;
/// How much larger than hot weights are tried.
const FACTORS: [f32; 3] = [1.0, 4.0, 16.0];
/// Widths of the steps: so wide that a decay shows.
const WIDTHS: [f64; 3] = [0.5, 0.125, 0.25];
/// Roundings of a parameter in three steps.
const ROUNDINGS: f64 = 8.0;
/// Roundings behind a step: of the gradient's length, of both means, their corrections, the root and the quotient. The betas are
/// f32 themselves, and of 1 − 0.999 that leaves three digits less.
const OF_A_STEP: f64 = 1024.0;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let variants = subject.variants()?;
    let (mut long, mut short) = (0, 0);
    for variant in &variants {
        let lengths = steps(subject, variant, larger(subject, variant)?, &mut worst)?;
        long += lengths.iter().filter(|length| **length > LONGEST).count();
        short += lengths.iter().filter(|length| **length < LONGEST).count();
    }
    require(long > 0 && short > 0, || {
        format!(
            "{long} gradients are longer than {LONGEST} and {short} are shorter, so nothing is seen of cutting them"
        )
    })?;
    let measure = "multiple of the rounding of a parameter and its step in f32";
    worst.verdict_within(
        1.0,
        measure,
        &format!("{} heads, {long} gradients that are cut, {short} that are not", variants.len()),
    )
}

/// A model whose gradients are not all short: hot, or a few times as large.
fn larger(subject: &Subject<'_>, variant: &Variant) -> Result<Box<dyn Model>, Stop> {
    let times = |factor: f32| -> Result<Box<dyn Model>, Stop> {
        let larger = subject.hot_weights(variant)?.into_iter().map(|(path, data)| {
            let numbers = data.iter::<f32>().map(|x| factor * x).collect::<Vec<f32>>();
            (path, TensorData::new(numbers, data.shape().to_vec()))
        });
        Ok(subject.filled(variant, &subject.device, larger.collect())?)
    };
    for factor in FACTORS {
        let trainer = times(factor)?.trainer();
        let (input, labels) = batch(trainer.as_ref(), 0)?;
        let slopes = trainer.gradients(&input, &labels)?.by_parameter;
        if slopes.values().any(|slopes| length(&slopes.iter::<f64>().collect::<Vec<f64>>()) > LONGEST) {
            return times(factor);
        }
    }
    times(1.0)
}

fn length(slopes: &[f64]) -> f64 {
    slopes.iter().map(|slope| slope * slope).sum::<f64>().sqrt()
}

/// Takes steps and compares each; the lengths of the gradients that were seen.
fn steps(subject: &Subject<'_>, variant: &Variant, model: Box<dyn Model>, worst: &mut Worst) -> Result<Vec<f64>, Stop> {
    let mut trainer = model.trainer();
    let mut memory: BTreeMap<String, Moments> = BTreeMap::new();
    let mut lengths = Vec::new();
    for (step, width) in WIDTHS.into_iter().enumerate() {
        let (input, labels) = batch(trainer.as_ref(), step)?;
        let before = trainer.model().parameters();
        let slopes = trainer.gradients(&input, &labels)?.by_parameter;
        trainer.step(&input, &labels, width)?;
        let after = trainer.model().parameters();
        for (path, old) in &before {
            let new = after.get(path).ok_or_else(|| Stop::fails(format!("`{path}` is gone after a step")))?;
            let Some(slopes) = slopes.get(path) else {
                require(new.as_bytes() == old.as_bytes(), || {
                    format!("head `{}`: step {step} moves `{path}`, which has no gradient", variant.head)
                })?;
                continue;
            };
            let slopes: Vec<f64> = slopes.iter::<f64>().collect();
            let length = length(&slopes);
            lengths.push(length);
            let moments = memory.entry(path.clone()).or_insert_with(|| Moments::of(slopes.len()));
            let expected = moments.step(&slopes, length);
            for ((old, new), (delta, size)) in old.iter::<f64>().zip(new.iter::<f64>()).zip(expected) {
                let found = new - (old * (1.0 - width * DECAY) - width * delta);
                let allowed = UNIT_ROUNDOFF * (ROUNDINGS * (old.abs() + new.abs()) + OF_A_STEP * width * size);
                let multiple = if found == 0.0 { 0.0 } else { found.abs() / allowed };
                worst.see(multiple, || format!("step {} of `{path}`, head `{}`", step + 1, variant.head));
            }
        }
    }
    answers(subject, variant, trainer.as_ref())?;
    Ok(lengths)
}

/// What AdamW remembers of a parameter.
struct Moments {
    taken: i32,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Moments {
    fn of(len: usize) -> Self {
        Self { taken: 0, first: vec![0.0; len], second: vec![0.0; len] }
    }

    /// How far each number goes for a step of width 1, without its decay, and how far if its summands all pointed one way.
    fn step(&mut self, slopes: &[f64], length: f64) -> Vec<(f64, f64)> {
        self.taken += 1;
        let cut = (LONGEST / length).min(1.0);
        let [first, second] = BETAS.map(|beta| 1.0 - beta.powi(self.taken));
        let each = slopes.iter().zip(self.first.iter_mut().zip(&mut self.second));
        let moved = each.map(|(slope, (mean, square))| {
            let slope = cut * slope;
            let size = BETAS[0] * mean.abs() + (1.0 - BETAS[0]) * slope.abs();
            *mean = BETAS[0] * *mean + (1.0 - BETAS[0]) * slope;
            *square = BETAS[1] * *square + (1.0 - BETAS[1]) * slope * slope;
            let root = (*square / second).sqrt() + EPSILON;
            (*mean / first / root, size / first / root)
        });
        moved.collect()
    }
}

/// A batch of its own for each step.
fn batch(trainer: &dyn Train, step: usize) -> Result<(Input, Labels), Stop> {
    let model = trainer.model();
    let input = inputs::input(model.as_ref(), &format!("step {step}"), 4)?;
    let labels = labels::objective(model.as_ref(), &input)?;
    Ok((input, labels))
}

/// The trainer's model answers as a fresh one with its parameters.
fn answers(subject: &Subject<'_>, variant: &Variant, trainer: &dyn Train) -> Result<(), Stop> {
    let trained = trainer.model();
    let parameters: BTreeMap<String, TensorData> = trained.parameters();
    let fresh = subject.filled(variant, &subject.device, parameters)?;
    let input = inputs::input(fresh.as_ref(), "trained for three steps", 2)?;
    let of = |model: &dyn Model| -> Result<_, Stop> { Ok(values(&model.forward(&input, Record::NOTHING)?)) };
    require(of(trained.as_ref())? == of(fresh.as_ref())?, || {
        format!("head `{}`: the trainer's model answers otherwise than its parameters do in a fresh one", variant.head)
    })
}
