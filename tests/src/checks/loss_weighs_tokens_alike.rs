//! What a batch teaches is what its parts teach, each weighed by its number of labels.
//!
//! # How
//!
//! With each head that has an objective, a batch in which some texts have many labels and some have few is cut in two. Its loss and the gradient of
//! every parameter must be the sum of those of the parts, weighed by the labels that count in them, within the gradient's own
//! f32 noise. The plain mean of the parts must be visibly another, or nothing is seen.
//!
//! # Catches
//!
//! - a mean of means, in which short texts count more
//! - a divisor that is the size of the batch
//! - statistics that are taken over the batch
//!
//! # Seen
//!
//! - [huggingface/transformers #24725](https://github.com/huggingface/transformers/issues/24725) and
//!   [meta-pytorch/torchtune #1875](https://github.com/meta-pytorch/torchtune/pull/1875) and
//!   [ml-explore/mlx-lm #1413](https://github.com/ml-explore/mlx-lm/pull/1413): gradient accumulation that averaged
//!   averages.
//!
//! # Fix
//!
//! Divide once, by the number of labels that count in the whole batch.

use zoo_registry::{HeadOutput, Labels, output::Record};

use crate::check::{Stop, Verdict, require};
use crate::inputs;
use crate::labels::{objective, part, thinned};
use crate::learnt::{Learnt, with_noise};
use crate::subject::Subject;
use crate::values::{VISIBLE, WHOLE_MODEL, Worst};

/// Texts in a batch, and where it is cut: no pair is parted.
const BATCH: usize = 6;
const CUT: usize = 2;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut worst, mut heads) = (Worst::default(), 0);
    for variant in &subject.variants()? {
        let model = subject.hot(variant)?;
        let input = inputs::input(model.as_ref(), "weighed", BATCH)?;
        let labels = thinned(&objective(model.as_ref(), &input)?);
        if labels == Labels::Probe {
            continue;
        }
        heads += 1;
        let next = matches!(model.forward(&input, Record::NOTHING)?.head, HeadOutput::NextTokenLogits(_));
        let shifted = next && matches!(labels, Labels::Tokens(_));
        let (whole, noise) = with_noise(subject, variant, &input, &labels)?;
        let mut parts = Vec::new();
        for (from, to) in [(0, CUT), (CUT, BATCH)] {
            let rows: Vec<usize> = (from..to).collect();
            let (labels, count) = part(&labels, from, to, shifted);
            let input = inputs::select(&input, &rows)?;
            parts.push((count as f64, Learnt::of(subject.hot(variant)?, &input, &labels)?));
        }
        let total: f64 = parts.iter().map(|(count, _)| count).sum();
        let plain: Vec<(f64, Learnt)> = parts.iter().map(|(_, part)| (0.5, part.clone())).collect();
        parts.iter_mut().for_each(|(count, _)| *count /= total);
        let (guard, _) = whole.apart(&Learnt::sum(&plain), &noise);
        let head = &variant.head;
        require(guard > VISIBLE, || {
            format!("head `{head}`: a plain mean of the parts is {guard:.1} × noise away, so nothing is seen")
        })?;
        let (multiple, what) = whole.apart(&Learnt::sum(&parts), &noise);
        worst.see(multiple, || format!("{what}, head `{head}`"));
    }
    if heads == 0 {
        return Err(Stop::NotApplicable("none of its heads has an objective".into()));
    }
    let measure = "multiple of the f32 noise of the loss or gradient; 8 allows for sums in another order";
    worst.verdict_within(WHOLE_MODEL, measure, &format!("{heads} heads"))
}
