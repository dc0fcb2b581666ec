//! The reward that a language model implies is how much likelier it makes an answer than its reference does.
//!
//! # How
//!
//! With each head that writes without a source, prompts and answers of several lengths are scored in one batch by a policy and by a
//! reference, which differ in their weights. Each log-probability must be the sum, over the tokens of the answer alone, of what
//! the forward pass says of that one text, computed in f64; each reward β times the policy's minus the reference's. Swapping both
//! models turns every sign, and a policy that is its own reference implies 0. An empty answer is refused. The guard: rewards
//! differ far more than noise.
//!
//! # Catches
//!
//! - a difference taken the wrong way round
//! - the prompt, or the padding behind a shorter answer, counted with it
//! - a mean where the sum is meant, or tokens one place off
//!
//! # Seen
//!
//! - [QwenAudio/CosyVoice #1449](https://github.com/QwenAudio/CosyVoice/issues/1449): the mask was turned round, so that only
//!   what should be left out was counted, and the sum was a mean over everything.
//! - [hiyouga/LlamaFactory #1447](https://github.com/hiyouga/LlamaFactory/issues/1447): rewards computed after training were far
//!   from those of training, for they were taken of other tokens.
//! - [linkedin/Liger-Kernel #387](https://github.com/linkedin/Liger-Kernel/pull/387): the reference was left out altogether.
//!
//! # Fix
//!
//! The token at position i is predicted at position i − 1. Sum over the answer's positions, each text's own, then subtract.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use zoo_registry::output::Record;
use zoo_registry::preference::{Answered, implicit_rewards, log_probabilities};
use zoo_registry::{HeadOutput, Limits, Model, Rows, Tokens};

use crate::check::{Stop, Verdict, require};
use crate::inputs;
use crate::subject::{Subject, Variant};
use crate::values::{Noise, VISIBLE, WHOLE_MODEL, WHOLE_MODEL_MEASURE, Worst};

/// Tokens of each prompt and of the answer to it.
const LENGTHS: [[usize; 2]; 4] = [[3, 2], [1, 4], [2, 1], [2, 3]];
/// How much a difference counts.
const BETA: f64 = 0.25;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut worst, mut heads) = (Worst::default(), 0);
    for variant in subject.variants()? {
        let policy = subject.hot(&variant)?;
        let Limits::Tokens(limits) = policy.limits() else { continue };
        if policy.decoder().is_none() || !inputs::predicts_next(policy.as_ref())? {
            continue;
        }
        heads += 1;
        let texts: Vec<Answered> = LENGTHS
            .iter()
            .enumerate()
            .map(|(row, [prompt, answer])| Answered {
                prompt: inputs::text(&limits, &format!("prompt {row}"), *prompt),
                answer: inputs::text(&limits, &format!("answer {row}"), *answer),
            })
            .collect();
        let bench = Bench { subject, variant: &variant, policy, reference: reference(subject, &variant)?, texts };
        bench.look(&mut worst)?;
    }
    if heads == 0 {
        return Err(Stop::NotApplicable("none of its heads continues a text without a source".into()));
    }
    worst.verdict_within(WHOLE_MODEL, WHOLE_MODEL_MEASURE, &format!("{} texts, {heads} heads", LENGTHS.len()))
}

/// The same model before it learnt anything: every weight a little smaller.
fn reference(subject: &Subject<'_>, variant: &Variant) -> Result<Box<dyn Model>, Stop> {
    let smaller = subject.hot_weights(variant)?.into_iter().map(|(path, data)| {
        let numbers = data.iter::<f32>().map(|x| 0.75 * x).collect::<Vec<f32>>();
        (path, TensorData::new(numbers, data.shape().to_vec()))
    });
    Ok(subject.filled(variant, &subject.device, smaller.collect::<BTreeMap<_, _>>())?)
}

struct Bench<'a> {
    subject: &'a Subject<'a>,
    variant: &'a Variant,
    policy: Box<dyn Model>,
    reference: Box<dyn Model>,
    texts: Vec<Answered>,
}

impl Bench<'_> {
    fn look(&self, worst: &mut Worst) -> Result<(), Stop> {
        let head = &self.variant.head;
        let [policy, reference] = [&self.policy, &self.reference].map(|model| {
            let decoder = model.decoder().ok_or_else(|| Stop::fails(format!("head `{head}` stopped decoding")));
            decoder.map(|decoder| (model.as_ref(), decoder))
        });
        let ((policy, writes), (reference, wrote)) = (policy?, reference?);
        let (likely, noise) = (self.by_hand(policy)?, self.noise()?);
        let expected: Vec<f64> =
            likely.iter().zip(self.by_hand(reference)?).map(|(policy, before)| BETA * (policy - before)).collect();
        let apart = expected.iter().map(|reward| noise.multiple(TOLD, reward.abs() / BETA)).fold(f64::MAX, f64::min);
        require(apart > VISIBLE, || {
            format!("head `{head}`: an implied reward is {apart:.1} × noise, so nothing is seen of its sign")
        })?;
        let mut see = |found: Vec<f64>, expected: &[f64], scale: f64, what: &str| {
            let missing = found.len() != expected.len();
            worst.see(if missing { f64::INFINITY } else { 0.0 }, || format!("the number of {what}, head `{head}`"));
            for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
                // A sum over a few tokens has the noise of each, and a difference that of both.
                let multiple = noise.multiple(TOLD, (found - expected).abs() / scale);
                worst.see(multiple, || format!("{what} of text {row}: {found} for {expected}, head `{head}`"));
            }
        };
        see(log_probabilities(writes, &self.texts)?, &likely, 1.0, "log-probabilities");
        see(implicit_rewards(writes, wrote, BETA, &self.texts)?, &expected, BETA, "rewards");
        let opposite: Vec<f64> = expected.iter().map(|reward| -reward).collect();
        see(implicit_rewards(wrote, writes, BETA, &self.texts)?, &opposite, BETA, "opposite rewards");
        let nothing = implicit_rewards(writes, writes, BETA, &self.texts)?;
        require(nothing.iter().all(|reward| *reward == 0.0), || {
            format!("head `{head}`: a policy that is its own reference implies {nothing:?}")
        })?;
        let empty = Answered { answer: Vec::new(), ..self.texts[0].clone() };
        require(log_probabilities(writes, &[empty]).is_err(), || format!("head `{head}`: an empty answer is scored"))
    }

    /// The sum over the answer's tokens of what the forward pass says of each, one text at a time.
    fn by_hand(&self, model: &dyn Model) -> Result<Vec<f64>, Stop> {
        let each = self.texts.iter().map(|text| {
            let whole = [text.prompt.as_slice(), &text.answer].concat();
            let ids = Rows::new(std::slice::from_ref(&whole)).ok_or_else(|| Stop::fails("expected a text"))?;
            let HeadOutput::NextTokenLogits(logits) = model.forward(&Tokens::new(ids).into(), Record::NOTHING)?.head
            else {
                return Err(Stop::fails("the head's answer changed its kind"));
            };
            let [_, _, vocab] = logits.dims();
            let scores: Vec<f64> = logits.into_data().iter::<f64>().collect();
            let told = (text.prompt.len()..whole.len()).map(|at| {
                let row = &scores[(at - 1) * vocab..][..vocab];
                let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = row.iter().map(|score| (score - most).exp()).sum();
                row[whole[at] as usize] - most - sum.ln()
            });
            Ok(told.sum())
        });
        each.collect()
    }

    /// How far a log-probability moves for reasons of f32 alone: as far as the scores of all its tokens.
    fn noise(&self) -> Result<Noise, Stop> {
        let longest = self.texts.iter().map(|text| [text.prompt.as_slice(), &text.answer].concat());
        let inputs = longest.map(|text| Rows::new(&[text]).map(|ids| Tokens::new(ids).into()));
        let inputs: Vec<_> = inputs.collect::<Option<_>>().ok_or_else(|| Stop::fails("expected texts"))?;
        let of_scores = self.subject.noise_of(self.variant, &inputs, Record::NOTHING)?;
        let most = LENGTHS.iter().map(|[_, answer]| *answer).max().unwrap_or(1);
        let mut noise = Noise::default();
        // Of each token two scores move: its own, and the sum of all.
        noise.at_least(TOLD, 2.0 * most as f64 / of_scores.multiple("logits", 1.0));
        Ok(noise)
    }
}

/// The name under which noise of log-probabilities is recorded.
const TOLD: &str = "log-probability";
