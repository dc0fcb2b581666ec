//! Learning from comparisons sees differences of rewards and nothing else.
//!
//! # How
//!
//! With each head that gives a reward, on texts that are compared: two copies of one text give ln 2 and no gradient; both
//! outcomes of a comparison have probabilities that sum to 1, and gradients that point apart in just that proportion; a
//! margin of ±10⁴ gives a loss that is finite and exact, with a gradient that is finite or none; a parameter that moves all
//! rewards alike gets no gradient; a ranking of four is the mean of its six comparisons. Rankings and given rewards follow their
//! formulas. Tolerances are the f32 noise of the loss and of each gradient.
//!
//! # Catches
//!
//! - a pair that is compared the wrong way round
//! - `log(sigmoid(x))`, which is −∞ below −88
//! - a ranking that is divided by the wrong number
//! - rows that are mixed up between the texts and the pairs
//!
//! # Seen
//!
//! - [deepspeedai/DeepSpeedExamples #423](https://github.com/deepspeedai/DeepSpeedExamples/issues/423): a loss that became
//!   infinite where `sigmoid` rounds to 0.
//! - [OpenRLHF/OpenRLHF #1278](https://github.com/OpenRLHF/OpenRLHF/pull/1278): the same for `log(1 + exp(x))`, with NaN for
//!   a gradient.
//!
//! # Fix
//!
//! Subtract the rewards first, then take a fused `log_sigmoid` of the difference.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use zoo_registry::output::Record;
use zoo_registry::{HeadOutput, Input, Labels, Model, Pair};

use crate::check::{Stop, Verdict, require};
use crate::formula;
use crate::inputs;
use crate::judges::judges;
use crate::learnt::{LOSS, Learnt, loss_of, noise_of_loss, with_noise};
use crate::subject::{Subject, Variant};
use crate::values::{Noise, UNIT_ROUNDOFF, VISIBLE, WHOLE_MODEL, Worst, gap};

/// Texts in a batch.
const TEXTS: usize = 4;
/// Far beyond where the exponential of an f32 ends.
const FAR: f64 = 1e4;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut worst, mut heads) = (Worst::default(), 0);
    for (variant, input) in judges(subject, "compared", TEXTS)? {
        heads += 1;
        let bench = Bench { subject, variant, input };
        bench.identical(&mut worst)?;
        bench.outcomes(&mut worst)?;
        bench.far(&mut worst)?;
        bench.rankings(&mut worst)?;
        bench.formulas(&mut worst)?;
        bench.shifts()?;
    }
    let measure = "multiple of the f32 noise of the loss or gradient; 8 allows for sums in another order";
    worst.verdict_within(WHOLE_MODEL, measure, &format!("{heads} heads"))
}

struct Bench<'a> {
    subject: &'a Subject<'a>,
    variant: Variant,
    input: Input,
}

impl Bench<'_> {
    /// What is learnt from some of the texts.
    fn learn(&self, rows: &[usize], labels: &Labels) -> Result<Learnt, Stop> {
        Learnt::of(self.subject.hot(&self.variant)?, &inputs::select(&self.input, rows)?, labels)
    }

    fn noise(&self, rows: &[usize], labels: &Labels) -> Result<(Learnt, Noise), Stop> {
        with_noise(self.subject, &self.variant, &inputs::select(&self.input, rows)?, labels)
    }

    fn see(&self, worst: &mut Worst, (multiple, what): (f64, String), of: &str) {
        worst.see(multiple, || format!("{of}: {what}, head `{}`", self.variant.head));
    }

    /// A text against itself.
    fn identical(&self, worst: &mut Worst) -> Result<(), Stop> {
        let pair = Labels::Pairs(vec![Pair::new(0, 1)]);
        let (other, noise) = self.noise(&[0, 1], &pair)?;
        let found = self.learn(&[0, 0], &pair)?;
        let nothing = other.gradients.iter().map(|(path, slopes)| (path.clone(), vec![0.0; slopes.len()])).collect();
        let expected = Learnt { loss: 2f64.ln(), gradients: nothing };
        let (guard, _) = other.apart(&expected, &noise);
        require(guard > VISIBLE, || {
            format!("head `{}`: two texts teach as little as one, so nothing is seen", self.variant.head)
        })?;
        self.see(worst, found.apart(&expected, &noise), "a text against itself");
        Ok(())
    }

    /// A comparison and its opposite: `P ∇log P = −(1 − P) ∇log(1 − P)`.
    fn outcomes(&self, worst: &mut Worst) -> Result<(), Stop> {
        let pair = |better, worse| Labels::Pairs(vec![Pair::new(better, worse)]);
        let (one, noise) = self.noise(&[0, 1], &pair(0, 1))?;
        let (other, others) = self.noise(&[0, 1], &pair(1, 0))?;
        let (p, q) = ((-one.loss).exp(), (-other.loss).exp());
        let multiple = (p + q - 1.0).abs() / (p / noise.multiple(LOSS, 1.0) + q / others.multiple(LOSS, 1.0));
        self.see(worst, (multiple, format!("{p:.6} + {q:.6}")), "the probabilities of both outcomes");
        let mut apart = (0.0, String::new());
        for (path, slopes) in &one.gradients {
            let opposite = other.gradients.get(path).cloned().unwrap_or_default();
            let scaled =
                |slopes: &[f32], by: f64| slopes.iter().map(|x| (f64::from(*x) * by) as f32).collect::<Vec<f32>>();
            let error = gap(&scaled(slopes, p), &scaled(&opposite, -q));
            let allowed = p / noise.multiple(path, 1.0) + q / others.multiple(path, 1.0);
            let multiple = if error == 0.0 { 0.0 } else { error / allowed };
            if multiple.is_nan() || multiple > apart.0 {
                apart = (multiple, format!("the gradient of `{path}`"));
            }
        }
        self.see(worst, apart, "both outcomes");
        Ok(())
    }

    /// Margins that no exponential reaches.
    fn far(&self, worst: &mut Worst) -> Result<(), Stop> {
        let pair = |margin| Labels::Pairs(vec![Pair { margin, ..Pair::new(0, 1) }]);
        let rewards = self.rewards(self.subject.hot(&self.variant)?.as_ref())?;
        let expected = FAR - (rewards[0] - rewards[1]);
        let lost = self.learn(&[0, 1], &pair(FAR))?;
        let head = &self.variant.head;
        let finite =
            |learnt: &Learnt| learnt.loss.is_finite() && learnt.gradients.values().flatten().all(|x| x.is_finite());
        require(finite(&lost), || {
            format!("head `{head}`: a pair that is wrong by {FAR} gives a loss of {}", lost.loss)
        })?;
        let noise = noise_of_loss(&self.subject.hot_weights(&self.variant)?, &lost).max(FAR * UNIT_ROUNDOFF);
        let multiple = (lost.loss - expected).abs() / noise;
        self.see(worst, (multiple, format!("{} for {expected}", lost.loss)), "a pair that is far wrong");
        require(lost.gradients.values().flatten().any(|x| *x != 0.0), || {
            format!("head `{head}`: a pair that is wrong by {FAR} teaches nothing")
        })?;
        let won = self.learn(&[0, 1], &pair(-FAR))?;
        let silent = won.loss == 0.0 && won.gradients.values().flatten().all(|x| *x == 0.0);
        require(silent, || format!("head `{head}`: a pair that is right by {FAR} still gives a loss of {}", won.loss))
    }

    /// A ranking and all of its comparisons.
    fn rankings(&self, worst: &mut Worst) -> Result<(), Stop> {
        let order = [2, 0, 3, 1];
        let rows: Vec<usize> = (0..TEXTS).collect();
        let pairs =
            (0..TEXTS).flat_map(|place| (place + 1..TEXTS).map(move |below| Pair::new(order[place], order[below])));
        let (expected, noise) = self.noise(&rows, &Labels::Pairs(pairs.collect()))?;
        let found = self.learn(&rows, &Labels::Rankings(vec![order.to_vec()]))?;
        self.see(worst, found.apart(&expected, &noise), "a ranking of four");
        Ok(())
    }

    /// Objectives that compare nothing, and rankings of several prompts.
    fn formulas(&self, worst: &mut Worst) -> Result<(), Stop> {
        let model = self.subject.hot(&self.variant)?;
        let output = model.forward(&self.input, Record::NOTHING)?;
        let weights = self.subject.hot_weights(&self.variant)?;
        for labels in [Labels::Rankings(vec![vec![3, 0], vec![1, 2]]), Labels::Rewards(vec![0.5, -1.0, 2.0, 0.0])] {
            let rows: Vec<usize> = (0..TEXTS).collect();
            let learnt = self.learn(&rows, &labels)?;
            let expected = formula::loss(&output, &labels).unwrap_or(f64::NAN);
            let multiple = (learnt.loss - expected).abs() / noise_of_loss(&weights, &learnt);
            self.see(worst, (multiple, format!("{} for {expected}", learnt.loss)), &format!("{labels:?}"));
        }
        Ok(())
    }

    /// What moves all rewards alike is not learnt from comparisons.
    fn shifts(&self) -> Result<(), Stop> {
        let weights = self.subject.hot_weights(&self.variant)?;
        let single = weights.iter().filter(|(_, data)| data.num_elements() == 1).map(|(path, _)| path);
        let pairs = Labels::Pairs(vec![Pair::new(0, 1), Pair::new(2, 3)]);
        let still = self.rewards(self.subject.hot(&self.variant)?.as_ref())?;
        let rows: Vec<usize> = (0..TEXTS).collect();
        for path in single {
            let moved: BTreeMap<String, TensorData> = weights
                .iter()
                .map(|(name, data)| {
                    let by = if name == path { 1.0 } else { 0.0 };
                    let numbers = data.iter::<f32>().map(|x| x + by).collect::<Vec<f32>>();
                    (name.clone(), TensorData::new(numbers, data.shape().to_vec()))
                })
                .collect();
            let moved = self.subject.filled(&self.variant, &self.subject.device, moved)?;
            let shifts = self.rewards(moved.as_ref())?.iter().zip(&still).map(|(a, b)| a - b).collect::<Vec<f64>>();
            // Rounded to f32 twice, at rewards of a few units.
            let alike = shifts.iter().all(|shift| (shift - shifts[0]).abs() < 1e-5);
            let slopes = self.learn(&rows, &pairs)?.gradients.remove(path).unwrap_or_default();
            let learns = slopes.iter().any(|slope| f64::from(slope.abs()) > WHOLE_MODEL * UNIT_ROUNDOFF);
            require(!(alike && learns), || {
                format!(
                    "head `{}`: `{path}` moves all rewards alike, and comparisons move it: {slopes:?}",
                    self.variant.head
                )
            })?;
            let same = (loss_of(moved.as_ref(), &self.input, &pairs)?
                - loss_of(self.subject.hot(&self.variant)?.as_ref(), &self.input, &pairs)?)
            .abs();
            require(!alike || same < 1e-5, || {
                format!("head `{}`: `{path}` moves all rewards alike, and the loss by {same}", self.variant.head)
            })?;
        }
        Ok(())
    }

    fn rewards(&self, model: &dyn Model) -> Result<Vec<f64>, Stop> {
        match model.forward(&self.input, Record::NOTHING)?.head {
            HeadOutput::Reward(rewards) => Ok(rewards.into_data().iter::<f64>().collect()),
            _ => Err(Stop::fails("the head's answer changed its kind")),
        }
    }
}
