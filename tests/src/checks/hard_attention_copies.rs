//! Whoever asks very loudly looks at one token alone, and never at a hidden one.
//!
//! # How
//!
//! The query maps of every attention are multiplied by ten thousand, bias and all; tables that positions add to
//! scores are set to zero. Scores then lie thousands apart: each row of each map must be one at the key with the
//! best score among those that may be looked at, as f64 loops find it, and nothing elsewhere. Rows in which the two
//! best are too close to tell in f32 are left out. What is hidden keeps exactly zero in every row, also where its
//! score is more than ten thousand above the best of the others: a mask that adds −10 000 does not hide that. At
//! least one row must be so, wherever something is hidden.
//!
//! # Catches
//!
//! - a mask that adds too little
//! - a softmax that overflows: scores without their largest taken off
//! - scores that are clipped
//!
//! # Seen
//!
//! - [TransformerLensOrg/TransformerLens #318](https://github.com/TransformerLensOrg/TransformerLens/issues/318):
//!   real scores of pythia-70m fall below −1e5, which was what hid a token: hidden tokens were looked at.
//! - [huggingface/transformers #13555](https://github.com/huggingface/transformers/issues/13555): a mask that is
//!   added may have no effect at all, depending on the size of the scores.
//!
//! # Fix
//!
//! A hidden token that is seen: let the mask add a large finite number, such as −10⁹, not one that scores can
//! outweigh. Not a number: the softmax must take the largest score off before `exp`. Another key than the best:
//! look at what `attention-equals-its-equation` says.

use crate::check::{Stop, Verdict, require};
use crate::probe::probes;
use crate::subject::Subject;
use crate::values::{UNIT_ROUNDOFF, Worst};

/// How much louder queries get.
const LOUD: f32 = 1e4;
/// A score this much below the best has a weight below `exp(−60)`, also after f32 has rounded both.
const CLEAR: f64 = 60.0;
/// What a mask that is too weak adds.
const WEAK: f64 = 1e4;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let (mut rows, mut clear) = (0, 0);
    for probe in &probes(subject)? {
        let mut weights = probe.weights.clone();
        probe.without_tables(&mut weights);
        probe.scale_maps(&mut weights, "query", LOUD);
        let run = probe.run(weights)?;
        for stack in &probe.stacks {
            let answers = run.answers(stack)?;
            let (mut hides, mut outweighed) = (false, false);
            for look in run.looks(stack, &answers)? {
                rows += 1;
                let [best, second] = look.best();
                for (key, weight) in look.hidden() {
                    hides = true;
                    outweighed |= look.scores[key] > best.1 + WEAK;
                    require(weight == 0.0, || format!("{look}: gives {weight:e} to position {key}, which is hidden"))?;
                }
                if best.1 - second.1 < CLEAR {
                    continue;
                }
                clear += 1;
                for (key, &weight) in look.weights.iter().enumerate() {
                    let expected = if key == best.0 { 1.0 } else { 0.0 };
                    worst.see((f64::from(weight) - expected).abs() / UNIT_ROUNDOFF, || {
                        format!("{look}: gives {weight} to position {key}, its best key is {}", best.0)
                    });
                }
            }
            require(!hides || outweighed, || {
                format!("`{}`: no hidden token outweighs the others by {WEAK}, so nothing is seen", stack.layers)
            })?;
        }
    }
    if rows == 0 {
        return Err(Stop::NotApplicable("its facts declare no attention".into()));
    }
    require(2 * clear > rows, || format!("only {clear} of {rows} rows have one best key, so nothing is seen"))?;
    // The weight is an exponential divided by itself and what underflows.
    worst.verdict_within(2.0, "roundings of 1 in f32", &format!("{clear} of {rows} rows with one best key"))
}
