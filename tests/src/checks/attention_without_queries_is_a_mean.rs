//! Whoever asks nothing looks at everything allowed alike.
//!
//! # How
//!
//! The query maps of every attention are set to zero, weights and bias, and so are tables that positions add to
//! scores. No score is left, only what is hidden: each row of each map must be one over the number of tokens that
//! may be looked at, there, and exactly zero elsewhere. What may be looked at is the declared pattern of the layer
//! without padding, before and after texts. What the layer says must follow. With queries the same maps must be far
//! from that.
//!
//! # Catches
//!
//! - a mask off by one, one of the wrong axis, or one that hides padding from some layers or heads only
//! - a mask that is not deep enough, or is multiplied instead of added
//! - something else in the scores: a bias that nobody declared
//!
//! # Seen
//!
//! - [hyunwoongko/transformer #40](https://github.com/hyunwoongko/transformer/pull/40): the padding mask lay along
//!   the queries instead of the keys.
//! - [lsdefine/attention-is-all-you-need-keras
//!   #16](https://github.com/lsdefine/attention-is-all-you-need-keras/issues/16): a mask that was added along the
//!   wrong axis changed nothing, since a softmax does not see what a whole row has in common.
//! - [awslabs/gluonts #1401](https://github.com/awslabs/gluonts/pull/1401): the mask filled in 1e-9 where −1e9 was
//!   meant.
//!
//! # Fix
//!
//! A weight where none may be: look at how the masks of padding and of the future are made and added up. Weights
//! that are not alike: something besides queries and keys enters the scores, or the softmax runs over more than the
//! keys.

use crate::check::{Stop, Verdict, require};
use crate::probe::{MEASURE, TOLERANCE, probes};
use crate::subject::Subject;
use crate::values::{VISIBLE, Worst};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut worst, mut with_queries) = (Worst::default(), Worst::default());
    let mut rows = 0;
    for probe in &probes(subject)? {
        let mut weights = probe.weights.clone();
        probe.without_tables(&mut weights);
        let asking = probe.run(weights.clone())?;
        probe.scale_maps(&mut weights, "query", 0.0);
        let run = probe.run(weights)?;
        for stack in &probe.stacks {
            let answers = run.answers(stack)?;
            run.compare_maps(stack, &answers, &mut worst)?;
            run.compare(&answers, &mut worst)?;
            asking.compare_maps(stack, &answers, &mut with_queries)?;
            for look in run.looks(stack, &answers)? {
                rows += 1;
                let seen = look.hidden().find(|(_, weight)| *weight != 0.0);
                require(seen.is_none(), || {
                    let (key, weight) = seen.unwrap_or_default();
                    format!("{look}: gives {weight:e} to position {key}, which is hidden")
                })?;
            }
        }
    }
    if rows == 0 {
        return Err(Stop::NotApplicable("its facts declare no attention".into()));
    }
    require(with_queries.multiple() > VISIBLE, || {
        "with queries every row is a mean as well, so nothing is seen".into()
    })?;
    worst.verdict_within(TOLERANCE, MEASURE, &format!("{rows} rows of maps"))
}
