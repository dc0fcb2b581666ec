//! A norm that is fed with numbers as small as what it adds under the root shows how much it adds, and where.
//!
//! # How
//!
//! Everything that makes hidden states is made small, so that the squares of what norms read are about as large as
//! the declared number under the root: the embeddings, the scales and shifts of all norms, and no bias in between.
//! There, half as much under the root, or a number added to the root, is another answer by a third. Every layer and
//! the last norm must say what f64 loops say. Twice and half as much under the root, and the other kind of norm,
//! must lie far off.
//!
//! # Catches
//!
//! - a number under the root that is a library's default
//! - one that is added to the root, or not at all
//! - a variance divided by one less than the count
//! - a mean taken off where none should be, or left where one should
//!
//! # Seen
//!
//! - [keras-team/keras-hub #642](https://github.com/keras-team/keras-hub/issues/642): BERT's embeddings got 1e-12
//!   under the root, its layers the default of 1e-5.
//! - [huggingface/transformers #20699](https://github.com/huggingface/transformers/pull/20699): several models
//!   built norms with the library's 1e-5 although their configuration says 1e-12.
//! - [foundation-model-stack/foundation-model-stack
//!   #99](https://github.com/foundation-model-stack/foundation-model-stack/pull/99): Llama's norms had 1e-6 instead
//!   of 1e-5.
//!
//! # Fix
//!
//! Look at what the norm is built with: does the configuration's `norm_eps` reach this norm, or a default? Then at
//! the formula: eps is under the root, the variance is divided by the width.

use crate::check::Verdict;
use crate::probe::{MEASURE, Norm, Probe, Stack, TOLERANCE, Weights, change, must_show, probes};
use crate::subject::Subject;
use crate::values::Worst;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let mut n_norms = 0;
    for probe in &probes(subject)? {
        let run = probe.run(small(probe))?;
        for stack in &probe.stacks {
            let answers = run.answers(stack)?;
            run.compare(&answers, &mut worst)?;
            n_norms += stack.n_layers() * stack.parts.len() + usize::from(stack.last_norm.is_some());
            let norm = if stack.norm == Norm::Layer { Norm::Rms } else { Norm::Layer };
            let others = [
                (Stack { eps: 2.0 * stack.eps, ..stack.clone() }, "twice as much under the root"),
                (Stack { eps: 0.5 * stack.eps, ..stack.clone() }, "half as much under the root"),
                (Stack { norm, ..stack.clone() }, "the other kind of norm"),
            ];
            for (other, what) in &others {
                must_show(&run.distances(&answers, other)?, what, probe, stack)?;
            }
        }
    }
    worst.verdict_within(TOLERANCE, MEASURE, &format!("{n_norms} norms, fed with squares of about eps"))
}

/// How far below eps the squares of what embeddings have for scales are: sums of them come near it.
const SMALL: f64 = 0.5;

/// Weights under which the squares of hidden states are about eps.
fn small(probe: &Probe<'_>) -> Weights {
    let mut weights = probe.weights.clone();
    for stack in &probe.stacks {
        let small = (SMALL * stack.eps.sqrt()) as f32;
        change(&mut weights, |name| stack.holds(name) && name.ends_with(".bias"), |_| 0.0);
        let norm = |name: &String| name.ends_with(".gamma") || name.ends_with(".beta");
        change(&mut weights, |name| stack.holds(name) && norm(name), |x| small * x);
    }
    let within = |name: &str| probe.stacks.iter().any(|stack| stack.holds(name));
    let least = probe.stacks.iter().map(|stack| SMALL * stack.eps.sqrt()).fold(f64::INFINITY, f64::min) as f32;
    change(&mut weights, |name| !within(name) && !probe.is_table(name), |x| least * x);
    weights
}
