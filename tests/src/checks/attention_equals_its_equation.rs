//! With the feed-forward network silenced, a layer is its attention: maps, and what is made of them.
//!
//! # How
//!
//! The last map of every feed-forward network is set to zero. From what was recorded before the layer the suite
//! computes, in f64 loops, queries, keys and values head by head, scores with the declared scale, the softmax over
//! what a token may look at, and the output map of the heads side by side. The recorded map and what the layer says
//! must be that, to itself and across. Where a table adds to the scores by position, as in T5, what it adds is read
//! off the model itself, from the map it makes when its queries are zero; turns of queries and keys are computed.
//! Another scale, other turns and another pattern of who may look at whom must lie far off in the first layers; in
//! deep ones tokens may be too much alike to tell.
//!
//! # Catches
//!
//! - scores divided by the wrong root, or by none
//! - query, key and value in each other's place
//! - heads split or put together in another order
//! - a softmax over the wrong axis
//! - turns of the wrong pairs, or of queries alone
//!
//! # Seen
//!
//! - [lucidrains/vit-pytorch #65](https://github.com/lucidrains/vit-pytorch/issues/65): scores were divided by the
//!   root of the model's width instead of a head's.
//! - [chelsea0x3b/dfdx #171](https://github.com/chelsea0x3b/dfdx/issues/171): the same in Rust.
//! - [jsbaan/transformer-from-scratch #6](https://github.com/jsbaan/transformer-from-scratch/pull/6): heads were
//!   put together without a permutation, which mixed tokens; a copying task was learnt all the same.
//! - [tenstorrent/tt-mlir #8958](https://github.com/tenstorrent/tt-mlir/issues/8958): a fusion took keys for values
//!   and values for keys, and turned the values.
//!
//! # Fix
//!
//! If maps differ, look at the scale first, then at the order of query, key and value in the weight table, then at
//! how heads are split, then at positions. If maps agree and what the layer says does not, look at how heads are
//! put side by side, and at the output map and its bias.

use zoo_registry::Pattern;
use zoo_registry::descriptor::Pairs;

use crate::check::{Stop, Verdict};
use crate::hot;
use crate::probe::{Attention, Kind, MEASURE, Stack, TOLERANCE, must_show, probes};
use crate::subject::Subject;
use crate::values::Worst;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let mut n_maps = 0;
    for probe in &probes(subject)? {
        let mut weights = probe.weights.clone();
        probe.silence(&mut weights, |kind| matches!(kind, Kind::Mlp(_)));
        let run = probe.run(weights)?;
        for stack in &probe.stacks {
            let answers = run.answers(stack)?;
            run.compare(&answers, &mut worst)?;
            run.compare_maps(stack, &answers, &mut worst)?;
            n_maps += answers.iter().flat_map(|answer| &answer.exact[..1]).map(|pass| pass.looks.len()).sum::<usize>();
            let layers = &answers[..stack.n_layers().min(hot::DEPTH)];
            for (other, what) in others(stack) {
                must_show(&run.distances(layers, &other)?, what, probe, stack)?;
            }
        }
    }
    if n_maps == 0 {
        return Err(Stop::NotApplicable("its facts declare no attention".into()));
    }
    worst.verdict_within(TOLERANCE, MEASURE, &format!("{n_maps} maps, and what is made of them"))
}

/// What a layer could compute instead.
fn others(stack: &Stack) -> Vec<(Stack, &'static str)> {
    let with = |change: &dyn Fn(&mut Attention)| {
        let mut other = stack.clone();
        for part in &mut other.parts {
            if let Kind::Attention(attention) = &mut part.kind {
                change(attention);
            }
        }
        other
    };
    let attentions = || {
        stack.parts.iter().filter_map(|part| match &part.kind {
            Kind::Attention(attention) => Some(attention),
            Kind::Mlp(_) => None,
        })
    };
    let mut others = Vec::new();
    if attentions().next().is_some() {
        others.push((with(&|attention| attention.by_width = !attention.by_width), "another scale"));
    }
    if attentions().any(|attention| attention.distances.is_some()) {
        let otherwise = |attention: &mut Attention| {
            attention.distances = attention.distances.take().map(|(table, with_key)| (table, !with_key));
        };
        others.push((with(&|attention| attention.distances = None), "leaving distances out"));
        others.push((with(&otherwise), "comparing distances with something else"));
    }
    if attentions().any(|attention| attention.rotary.is_some()) {
        let repaired = |pairs| if pairs == Pairs::Halves { Pairs::Neighbours } else { Pairs::Halves };
        others.push((with(&|attention| attention.rotary = None), "leaving queries and keys unturned"));
        others.push((
            with(&|attention| attention.rotary = attention.rotary.map(|(theta, pairs)| (theta, repaired(pairs)))),
            "turning other pairs",
        ));
    }
    if attentions().any(|attention| !attention.across) {
        let other = |pattern: &Pattern| if *pattern == Pattern::Full { Pattern::Causal } else { Pattern::Full };
        others.push((
            Stack { patterns: stack.patterns.iter().map(other).collect(), ..stack.clone() },
            "another pattern of who looks at whom",
        ));
    }
    others
}
