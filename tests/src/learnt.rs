//! A loss and its gradients on the host, and how far they move for reasons of f32 alone.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use zoo_registry::output::Record;
use zoo_registry::{Input, Labels, Model, loss};

use crate::check::Stop;
use crate::hot;
use crate::subject::{Subject, Variant};
use crate::values::{Noise, UNIT_ROUNDOFF, gap};

/// The name under which noise of losses is recorded.
pub(crate) const LOSS: &str = "loss";
/// Nudged copies of a model whose largest answer is taken as its noise.
const NUDGES: usize = 2;

/// What one batch teaches.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Learnt {
    pub(crate) loss: f64,
    /// By our parameter path.
    pub(crate) gradients: BTreeMap<String, Vec<f32>>,
}

impl Learnt {
    /// What `model` learns from a batch.
    pub(crate) fn of(model: Box<dyn Model>, input: &Input, labels: &Labels) -> Result<Self, Stop> {
        let found = model.trainer().gradients(input, labels)?;
        let gradients = found.by_parameter.into_iter().map(|(path, data)| (path, data.iter::<f32>().collect()));
        Ok(Self { loss: found.loss, gradients: gradients.collect() })
    }

    /// Each of them times a weight, summed: what a batch should teach that is made of parts.
    pub(crate) fn sum(parts: &[(f64, Self)]) -> Self {
        let mut gradients: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (weight, part) in parts {
            for (path, slopes) in &part.gradients {
                let sum = gradients.entry(path.clone()).or_insert_with(|| vec![0.0; slopes.len()]);
                sum.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += weight * f64::from(*slope));
            }
        }
        let rounded = |slopes: Vec<f64>| slopes.into_iter().map(|slope| slope as f32).collect();
        Self {
            loss: parts.iter().map(|(weight, part)| weight * part.loss).sum(),
            gradients: gradients.into_iter().map(|(path, slopes)| (path, rounded(slopes))).collect(),
        }
    }

    /// The largest difference, as a multiple of the noise, and what differs: the loss first, if it does so most.
    pub(crate) fn apart(&self, other: &Self, noise: &Noise) -> (f64, String) {
        let mut most = (noise.multiple(LOSS, (self.loss - other.loss).abs()), "the loss".to_owned());
        let paths =
            self.gradients.keys().chain(other.gradients.keys().filter(|path| !self.gradients.contains_key(*path)));
        for path in paths {
            let none = Vec::new();
            let of = |learnt: &Self| learnt.gradients.get(path).unwrap_or(&none).clone();
            let (mut a, mut b) = (of(self), of(other));
            // The gradient of what a loss does not depend on is absent, or zero.
            let len = a.len().max(b.len());
            [&mut a, &mut b].into_iter().filter(|slopes| slopes.is_empty()).for_each(|slopes| slopes.resize(len, 0.0));
            let multiple = noise.multiple(path, gap(&a, &b));
            if multiple.is_nan() || multiple > most.0 {
                most = (multiple, format!("the gradient of `{path}`"));
            }
        }
        most
    }
}

/// What a hot model learns from a batch, and how far that moves when every weight moves by one unit in the last place. At least
/// the rounding of each gradient's largest number.
pub(crate) fn with_noise(
    subject: &Subject<'_>,
    variant: &Variant,
    input: &Input,
    labels: &Labels,
) -> Result<(Learnt, Noise), Stop> {
    let weights = subject.hot_weights(variant)?;
    let still = Learnt::of(subject.hot(variant)?, input, labels)?;
    let mut noise = Noise::default();
    noise.at_least(LOSS, noise_of_loss(&weights, &still));
    for (path, slopes) in &still.gradients {
        let most = slopes.iter().map(|slope| f64::from(slope.abs())).fold(0.0, f64::max);
        noise.at_least(path, most * UNIT_ROUNDOFF);
    }
    for seed in 0..NUDGES {
        let moved = subject.filled(variant, &subject.device, hot::nudged(&weights, seed))?;
        let moved = Learnt::of(moved, input, labels)?;
        for (path, slopes) in &still.gradients {
            noise.at_least(path, moved.gradients.get(path).map_or(0.0, |moved| gap(slopes, moved)));
        }
    }
    Ok((still, noise))
}

/// The standard deviation of the loss when every weight moves up or down by one unit in the last place, by its gradient. A few
/// tries of that are too few: one number may hardly move by chance. At least the rounding of the loss.
pub(crate) fn noise_of_loss(weights: &BTreeMap<String, TensorData>, learnt: &Learnt) -> f64 {
    let mut square = 0.0;
    for (path, slopes) in &learnt.gradients {
        let moves = weights.get(path).into_iter().flat_map(TensorData::iter::<f64>).zip(slopes);
        square +=
            moves.map(|(weight, slope)| (weight * f64::from(*slope) * f64::from(f32::EPSILON)).powi(2)).sum::<f64>();
    }
    square.sqrt().max(learnt.loss.abs() * UNIT_ROUNDOFF)
}

/// The loss of a model that is not in training.
pub(crate) fn loss_of(model: &dyn Model, input: &Input, labels: &Labels) -> Result<f64, Stop> {
    let output = model.forward(input, Record::NOTHING)?;
    let loss = loss::loss(&output, labels).map_err(Stop::fails)?;
    Ok(loss.into_data().iter::<f64>().next().unwrap_or(f64::NAN))
}
