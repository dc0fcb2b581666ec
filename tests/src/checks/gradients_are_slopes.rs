//! The gradient of every parameter says how the loss changes when the parameter moves.
//!
//! # How
//!
//! Each parameter is moved a little, halfway between its gradient and a random direction, there and back, in three step
//! widths; the loss must change as the gradient says. The tolerance is what the widths disagree by (curvature) plus the
//! loss's own f32 noise over the step. Near a kink, such as ReLU has, a slope is neither side's: what disagrees is tried
//! again with steps a quarter and an eighth as wide. Parameters that several heads of one tiny configuration share are
//! moved with the first of them; tables over the vocabulary, which a head may borrow, with each.
//!
//! # Catches
//!
//! - a branch that is detached while another is not
//! - a custom backward pass that is wrong
//! - a shared parameter counted once
//!
//! # Seen
//!
//! - [aws-neuron/nki-samples #81](https://github.com/aws-neuron/nki-samples/pull/81): the backward kernel of flash
//!   attention took probabilities after dropout where those before were meant.
//! - [ooples/AiDotNet #1210](https://github.com/ooples/AiDotNet/pull/1210): gradients of 4 of 16 parameters were
//!   collected under a copy of the parameter and lost.
//! - [bboylyg/NAD #8](https://github.com/bboylyg/NAD/issues/8): a loss was detached before `backward`, so the
//!   method's own term taught nothing.
//!
//! # Fix
//!
//! The parameter named is where it shows, not always where it is: if all parameters below a layer are off, look at
//! that layer's way back. A tied table that is off by about a half gets the gradient of one of its two uses.
//! Otherwise look for a custom backward pass (on ndarray, burn's own exact GELU goes back as its approximation), for
//! `detach`, and for values read to the host and uploaded again.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::TensorData;
use zoo_registry::output::Record;
use zoo_registry::{Input, Labels, loss};

use crate::check::{Stop, Verdict};
use crate::hot;
use crate::labels::probe;
use crate::seed;
use crate::subject::{Subject, Variant};
use crate::values::{UNIT_ROUNDOFF, Worst};

/// The loss as a function of one parameter.
struct Landscape<'a> {
    subject: &'a Subject<'a>,
    variant: Variant,
    weights: BTreeMap<String, TensorData>,
    input: Input,
    labels: Labels,
    noise: f64,
}

/// A step is chosen to change the loss by about this: far above f32 noise, small against the loss itself.
const CHANGE: f64 = 0.02;
/// No step moves a parameter by more than this part of its length.
const FARTHEST: f64 = 0.1;
/// Steps are shortened by these where the slope disagrees. Shorter ones would drown in noise.
const SHORTER: [f64; 3] = [1.0, 0.25, 0.125];
/// An agreement so clear that no shorter step is tried.
const CLEAR: f64 = 0.5;
/// A difference of two losses carries the noise of both, and noise was measured on few runs.
const NOISE_OF_A_DIFFERENCE: f64 = 4.0;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let mut done = BTreeSet::new();
    for variant in subject.variants()? {
        let landscape = Landscape::new(subject, &variant)?;
        let model = subject.hot(&variant)?;
        let vocab_size = model.limits().tokens().map(|limits| limits.vocab_size);
        let gradients = model.trainer().gradients(&landscape.input, &landscape.labels)?;
        for path in landscape.weights.keys() {
            let still = &landscape.weights[path];
            let seen = !done.insert((variant.tiny().map(str::to_owned), path.clone()));
            if seen && !vocab_size.is_some_and(|size| still.shape().to_vec().contains(&size)) {
                continue;
            }
            let gradient = gradients.by_parameter.get(path);
            let gradient =
                gradient.map_or_else(|| vec![0.0; still.num_elements()], |data| data.iter::<f64>().collect());
            if let Some(off) = landscape.off(path, &gradient, &halfway(path, &gradient))? {
                worst.see(off, || format!("`{path}`, head `{}`", variant.head));
            }
        }
    }
    let measure = "multiple of the disagreement of three step widths plus the loss's f32 noise over the step";
    worst.verdict_within(1.0, measure, &format!("{} parameters", done.len()))
}

/// A direction that has as much of the gradient as of chance: along the gradient a slope is largest, and a random direction
/// sees what the gradient lacks. Where the gradient is zero, all of it is random.
fn halfway(path: &str, gradient: &[f64]) -> Vec<f64> {
    let mut draw = seed::draw(&format!("direction {path}"));
    let random: Vec<f64> = gradient.iter().map(|_| draw.normal()).collect();
    let unit = |vector: &[f64]| 1.0 / length(vector).max(f64::MIN_POSITIVE);
    let (of_gradient, of_random) = (unit(gradient), unit(&random));
    gradient.iter().zip(&random).map(|(g, r)| g * of_gradient + r * of_random).collect()
}

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}

impl<'a> Landscape<'a> {
    fn new(subject: &'a Subject<'a>, variant: &Variant) -> Result<Self, Stop> {
        let (input, labels) = probe(subject, variant)?;
        let weights = subject.hot_weights(variant)?;
        let mut found = Self { subject, variant: variant.clone(), weights, input, labels, noise: 0.0 };
        let still = found.loss(found.weights.clone())?;
        found.noise = still.abs() * UNIT_ROUNDOFF;
        for seed in 0..3 {
            let moved = found.loss(hot::nudged(&found.weights, seed))?;
            found.noise = found.noise.max((moved - still).abs());
        }
        Ok(found)
    }

    fn loss(&self, weights: BTreeMap<String, TensorData>) -> Result<f64, Stop> {
        let model = self.subject.filled(&self.variant, &self.subject.device, weights)?;
        let output = model.forward(&self.input, Record::NOTHING)?;
        let loss = loss::loss(&output, &self.labels).map_err(Stop::fails)?;
        Ok(loss.into_data().iter::<f64>().next().unwrap_or(f64::NAN))
    }

    /// The slope along `direction` by central differences of `step`.
    fn slope(&self, path: &str, direction: &[f64], step: f64) -> Result<f64, Stop> {
        let at = |step: f64| {
            let mut weights = self.weights.clone();
            let still = &self.weights[path];
            let moved = still.iter::<f64>().zip(direction).map(|(x, d)| (x + step * d) as f32).collect::<Vec<_>>();
            weights.insert(path.to_owned(), TensorData::new(moved, still.shape().to_vec()));
            self.loss(weights)
        };
        Ok((at(step)? - at(-step)?) / (2.0 * step))
    }

    /// How far the slope is from what the gradient says, in units of what may be; `None` for a direction of length zero.
    ///
    /// Where a kink lies within the step, the smaller of two shorter steps' answers counts as well: a wrong gradient is wrong at
    /// every width, while a kink is passed on the way.
    fn off(&self, path: &str, gradient: &[f64], direction: &[f64]) -> Result<Option<f64>, Stop> {
        let norm = length(direction);
        if norm == 0.0 {
            return Ok(None);
        }
        let direction: Vec<f64> = direction.iter().map(|x| x / norm).collect();
        let expected: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
        let farthest = FARTHEST * length(&self.weights[path].iter::<f64>().collect::<Vec<_>>());
        let step = (CHANGE / expected.abs().max(f64::MIN_POSITIVE)).min(farthest);
        let mut least = f64::INFINITY;
        for part in SHORTER {
            least = least.min(self.off_within(path, &direction, expected, step * part)?);
            if least <= CLEAR {
                break;
            }
        }
        Ok(Some(least))
    }

    /// The same with steps of one width, its half and its quarter.
    fn off_within(&self, path: &str, direction: &[f64], expected: f64, step: f64) -> Result<f64, Stop> {
        let mut slopes = [0.0; 3];
        for (slope, part) in slopes.iter_mut().zip([1.0, 0.5, 0.25]) {
            *slope = self.slope(path, direction, step * part)?;
        }
        let [wide, half, narrow] = slopes;
        // Halving the step quarters the error of a central difference. Two disagreements are taken because one may vanish
        // by chance where the curvature changes its sign.
        let slope = (4.0 * narrow - half) / 3.0;
        let curvature = (wide - half).abs().max((half - narrow).abs());
        let tolerance = curvature + NOISE_OF_A_DIFFERENCE * self.noise / (0.25 * step);
        Ok((slope - expected).abs() / tolerance)
    }
}
