//! What stands under the mask teaches nothing: no gradient depends on it, and none is lost to it.
//!
//! # How
//!
//! With each head that answers for tokens or whole texts, a batch of texts of several lengths, padded on the right, and where
//! each token is answered for also on the left, with one text that is padding altogether. Labels of padding are left out. Every gradient must be
//! finite, and the same with other ids under the mask, in units of its own f32 noise. So a table gives nothing to rows that
//! only padding looks up. Without the mask the gradients must visibly depend on those ids.
//!
//! # Catches
//!
//! - a loss that reads the answers of padding
//! - a mask that hides scores, but not what is pooled
//! - NaN from a text without a real token
//!
//! # Seen
//!
//! - [pytorch/pytorch #41508](https://github.com/pytorch/pytorch/issues/41508): one query that may see nothing turns every
//!   gradient into NaN.
//! - [tracel-ai/burn #4697](https://github.com/tracel-ai/burn/pull/4697): the same in a fallback of attention.
//!
//! # Fix
//!
//! Hide with a large finite number, never with −∞. Then look at what is summed over positions: pooling, norms, the loss.

use zoo_registry::loss::IGNORED;
use zoo_registry::output::Record;
use zoo_registry::{HeadOutput, Labels, Rows, Side, Tokens};

use crate::check::{Stop, Verdict, require};
use crate::inputs::{self, Reading};
use crate::labels::objective;
use crate::learnt::{Learnt, with_noise};
use crate::subject::{Subject, Variant};
use crate::values::{Stream, VISIBLE, WHOLE_MODEL, Worst};

/// Texts in a batch.
const BATCH: usize = 4;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut worst, mut heads) = (Worst::default(), 0);
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        let plain = inputs::random_reading(model.as_ref(), "unlearnt", BATCH)?;
        let head = model.forward(&plain.input(), Record::NOTHING)?.head;
        let of_tokens = match head {
            HeadOutput::TokenLogits(_) | HeadOutput::NextTokenLogits(_) | HeadOutput::TokenLabelLogits(_) => true,
            HeadOutput::LabelLogits(_) | HeadOutput::Reward(_) => false,
            // Hidden states and spans are answers of padding too.
            _ => continue,
        };
        heads += 1;
        let labels = objective(model.as_ref(), &plain.input())?;
        let mut guard: f64 = 0.0;
        // Where the answers a text are read is what `pooling-finds-the-text` is about.
        for side in [Side::Right, Side::Left].into_iter().take(if of_tokens { 2 } else { 1 }) {
            let padded = masked(&plain, side, of_tokens)?;
            let labels = real(&labels, &padded.target);
            let (learnt, noise) = with_noise(subject, &variant, &padded.input(), &labels)?;
            let broken = learnt.gradients.iter().find(|(_, slopes)| slopes.iter().any(|slope| !slope.is_finite()));
            require(broken.is_none() && learnt.loss.is_finite(), || {
                let path = broken.map_or("the loss", |(path, _)| path);
                format!("head `{}`, padded on the {side:?}: {path} is not finite", variant.head)
            })?;
            let other = Learnt::of(subject.hot(&variant)?, &reworded(&padded)?.input(), &labels)?;
            let (multiple, what) = other.apart(&learnt, &noise);
            worst.see(multiple, || format!("{what}, head `{}`, padded on the {side:?}", variant.head));
            guard = guard.max(unmasked(subject, &variant, &padded, &labels, &noise)?);
        }
        require(guard > VISIBLE, || {
            format!(
                "head `{}`: without the mask the gradients move by {guard:.1} × noise, so nothing is seen",
                variant.head
            )
        })?;
    }
    if heads == 0 {
        return Err(Stop::NotApplicable("it has no head that answers for real tokens or whole texts".into()));
    }
    let measure = "multiple of the f32 noise of the loss or gradient; 8 allows for sums in another order";
    worst.verdict_within(WHOLE_MODEL, measure, &format!("{heads} heads"))
}

/// How far other ids move the gradients when nothing hides them.
fn unmasked(
    subject: &Subject<'_>,
    variant: &Variant,
    padded: &Reading,
    labels: &Labels,
    noise: &crate::values::Noise,
) -> Result<f64, Stop> {
    let bare = |reading: Reading| {
        let open = |tokens: Tokens| Tokens { attention_mask: None, ..tokens };
        Reading { source: reading.source.map(open), target: open(reading.target) }
    };
    let learn = |reading: Reading| Learnt::of(subject.hot(variant)?, &bare(reading).input(), labels);
    Ok(learn(padded.clone())?.apart(&learn(reworded(padded)?)?, noise).0)
}

/// The texts with some tokens of each hidden; with `empty`, all of the last written one.
fn masked(plain: &Reading, side: Side, empty: bool) -> Result<Reading, Stop> {
    let [_, len] = plain.target.input_ids.dims();
    let hidden = [2, 0, 4, if empty { len } else { 1 }];
    let target = inputs::masked(plain.target.clone(), &hidden, side)?;
    let source = plain.source.clone().map(|source| inputs::masked(source, &[0, 3, 1, 2], side)).transpose()?;
    Ok(Reading { source, target })
}

/// Other ids under the mask.
fn reworded(padded: &Reading) -> Result<Reading, Stop> {
    let other = |tokens: &Tokens| {
        let [batch, len] = tokens.input_ids.dims();
        let mask = tokens.mask();
        let ids = tokens.input_ids.as_slice().iter().zip(mask.as_slice());
        // Another id that is certainly one: 0, or 1 in place of 0.
        let ids = ids.map(|(&id, &real)| if real { id } else { i64::from(id == 0) }).collect();
        let input_ids = Rows::from_flat(batch, len, ids).ok_or_else(|| Stop::fails("expected texts"))?;
        Ok::<_, Stop>(Tokens { input_ids, ..tokens.clone() })
    };
    let reading = padded.with(Stream::Target, other(&padded.target)?);
    match &padded.source {
        Some(source) => Ok(reading.with(Stream::Source, other(source)?)),
        None => Ok(reading),
    }
}

/// The labels of real tokens; those of padding, and of what padding would have to say, are left out.
fn real(labels: &Labels, tokens: &Tokens) -> Labels {
    let mask = tokens.mask();
    let [_, len] = mask.dims();
    let shifted = matches!(labels, Labels::Tokens(_));
    let kept = |rows: &Rows<i64>| {
        let seen = |index: usize| {
            mask.as_slice()[index] && (!shifted || index.is_multiple_of(len) || mask.as_slice()[index - 1])
        };
        let ids =
            rows.as_slice().iter().enumerate().map(|(index, &id)| if seen(index) { id } else { IGNORED }).collect();
        Rows::from_flat(rows.dims()[0], len, ids).unwrap_or_else(|| rows.clone())
    };
    match labels {
        Labels::Tokens(rows) => Labels::Tokens(kept(rows)),
        Labels::Next(rows) => Labels::Next(kept(rows)),
        other => other.clone(),
    }
}
