//! With every part silenced, a layer is what its norms leave of what comes in.
//!
//! # How
//!
//! The last map of attention and of the feed-forward network is set to zero, weights and bias. Where norms stand
//! before the parts, nothing is left of a layer: what comes out is what came in. Where they stand after the sum,
//! norm after norm is left, and is computed in f64 with the declared kind and what is added under the root. The
//! last norm, where the facts declare one, must be there, and nowhere else. The other placement must lie far off;
//! so must the other kind of norm, another number under the root and a missing last norm, wherever a norm is left
//! to see.
//!
//! # Catches
//!
//! - norms before the parts where the facts say after, and the other way round
//! - a residual sum that is missing, or taken twice
//! - a last norm that is missing, or stands twice
//! - a number under the root that is not the configuration's
//!
//! # Seen
//!
//! - [pytorch/pytorch #61165](https://github.com/pytorch/pytorch/issues/61165): `norm_first` normed the residual
//!   path as well.
//! - [tracel-ai/burn #1056](https://github.com/tracel-ai/burn/issues/1056): the same in burn's own layers: `x =
//!   norm(x); x += FF(x)`.
//! - [SHI-Labs/Compact-Transformers #25](https://github.com/SHI-Labs/Compact-Transformers/issues/25): after a merge
//!   of two branches the second sum started from the normed state.
//! - [NVIDIA-NeMo/Speech #4350](https://github.com/NVIDIA-NeMo/Speech/pull/4350): of layers with norms after the
//!   sum, the residual path went past the norm.
//!
//! # Fix
//!
//! Compare the order of norm, part and sum in the family's `forward` of a layer with the figure of its paper; most
//! code that is copied has the norm of the other placement. Then look which norm is applied after the last layer
//! and whether the last hidden state is recorded before or after it. If the code is right, correct `placement` and
//! `last_norm` in `[[equations]]`.

use crate::check::Verdict;
use crate::probe::{MEASURE, Norm, Placement, Stack, TOLERANCE, must_show, probes};
use crate::subject::Subject;
use crate::values::Worst;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let probes = probes(subject)?;
    for probe in &probes {
        let mut weights = probe.weights.clone();
        probe.silence(&mut weights, |_| true);
        let run = probe.run(weights)?;
        for stack in &probe.stacks {
            let answers = run.answers(stack)?;
            run.compare(&answers, &mut worst)?;
            let layers = &answers[..stack.n_layers()];
            let (other, norm) = match (stack.placement, stack.norm) {
                (Placement::Pre, Norm::Layer) => (Placement::Post, Norm::Rms),
                (Placement::Pre, Norm::Rms) => (Placement::Post, Norm::Layer),
                (Placement::Post, Norm::Layer) => (Placement::Pre, Norm::Rms),
                (Placement::Post, Norm::Rms) => (Placement::Pre, Norm::Layer),
            };
            must_show(
                &run.distances(layers, &Stack { placement: other, ..stack.clone() })?,
                "the other placement",
                probe,
                stack,
            )?;
            // What still shows a norm: every layer of those with norms after the sum; otherwise the last, if a norm follows it.
            let normed = match (stack.placement, &stack.last_norm) {
                (Placement::Post, _) => 0,
                (Placement::Pre, Some(_)) => answers.len() - 1,
                (Placement::Pre, None) => continue,
            };
            let others = [
                (Stack { norm, ..stack.clone() }, "the other kind of norm"),
                (Stack { eps: 2.0 * stack.eps, ..stack.clone() }, "twice as much under the root"),
            ];
            for (other, what) in &others {
                must_show(&run.distances(&answers, other)?[normed..], what, probe, stack)?;
            }
            if stack.last_norm.is_some() && stack.last_norm_recorded {
                let other = Stack { last_norm: None, ..stack.clone() };
                must_show(&run.distances(&answers, &other)?[answers.len() - 1..], "no last norm", probe, stack)?;
            }
        }
    }
    worst.verdict_within(TOLERANCE, MEASURE, &format!("{} wirings, every layer with its parts silenced", probes.len()))
}
