//! With attention silenced, a layer is its feed-forward network: every unit of it, by the declared activation.
//!
//! # How
//!
//! The output map of every attention is set to zero, and the maps into the network are doubled, so that activations
//! meet numbers beyond ±3, where they differ most visibly from their approximations. What each layer says is then
//! `x + down(activation(up x))`, or with a gate `x + down(activation(gate x) ⊙ up x)`, with the declared norm in
//! its place, computed in f64 with the exact error function. Every other activation of the vocabulary, and gate and
//! up in each other's place, must lie far off: the two forms of GELU too.
//!
//! # Catches
//!
//! - the tanh form of GELU where the exact one is meant, and the other way round
//! - gate and up in each other's place
//! - a bias that is missing
//! - a square map read transposed
//!
//! # Seen
//!
//! - [Blaizzy/mlx-embeddings #81](https://github.com/Blaizzy/mlx-embeddings/issues/81): ModernBERT with the tanh
//!   form of GELU, where its checkpoints mean the exact one.
//! - [NVIDIA-NeMo/Megatron-Bridge #4661](https://github.com/NVIDIA-NeMo/Megatron-Bridge/pull/4661): Gemma with the
//!   exact form of GELU, where it was trained with the tanh form.
//! - [ml-explore/mlx-lm #767](https://github.com/ml-explore/mlx-lm/pull/767): `silu(x) * gate` instead of
//!   `silu(gate) * x`.
//! - [Nijikadesu/breakdown-minimind #3](https://github.com/Nijikadesu/breakdown-minimind/issues/3): the activation
//!   was applied to the product of both maps instead of to one of them.
//!
//! # Fix
//!
//! Look first at the activation: which one the configuration names, and which one the block computes on this
//! device. Then at which of the two inward maps goes through it. Then at the weight table: `same` where it should
//! be `transposed` is invisible in square maps.

use crate::check::{Stop, Verdict, require};
use crate::probe::{Activation, Kind, MEASURE, Probe, Run, Stack, TOLERANCE, must_show, probes};
use crate::subject::Subject;
use crate::values::Worst;

/// What activations must meet on both sides.
const FAR: f64 = 3.0;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let mut n_networks = 0;
    for probe in &probes(subject)? {
        let mut weights = probe.weights.clone();
        probe.silence(&mut weights, |kind| matches!(kind, Kind::Attention(_)));
        for map in ["up", "gate"] {
            probe.scale_maps(&mut weights, map, 2.0);
        }
        let run = probe.run(weights)?;
        for stack in &probe.stacks {
            let Some(declared) = activation(stack) else { continue };
            let answers = run.answers(stack)?;
            run.compare(&answers, &mut worst)?;
            let layers = &answers[..stack.n_layers()];
            for answer in layers {
                let met = answer
                    .exact
                    .iter()
                    .fold([0.0, 0.0], |[least, most]: [f64; 2], pass| [least.min(pass.met[0]), most.max(pass.met[1])]);
                require(met[0] < -FAR && met[1] > FAR, || {
                    format!("activations met {met:.1?} only, expected beyond ±{FAR}")
                })?;
            }
            for other in Activation::ALL.into_iter().filter(|other| *other != declared) {
                must_show(&run.distances(layers, &with(stack, other))?, &format!("`{}`", other.term()), probe, stack)?;
            }
            if let Some(swapped) = swapped(probe, &run, stack) {
                must_show(&swapped.distances(layers, stack)?, "gate and up in each other's place", probe, stack)?;
            }
            n_networks += stack.n_layers();
        }
    }
    if n_networks == 0 {
        return Err(Stop::NotApplicable("its facts declare no feed-forward network".into()));
    }
    worst.verdict_within(TOLERANCE, MEASURE, &format!("{n_networks} networks"))
}

fn activation(stack: &Stack) -> Option<Activation> {
    stack.parts.iter().find_map(|part| match part.kind {
        Kind::Mlp(activation) => Some(activation),
        Kind::Attention(_) => None,
    })
}

fn with(stack: &Stack, activation: Activation) -> Stack {
    let mut other = stack.clone();
    for part in &mut other.parts {
        if let Kind::Mlp(declared) = &mut part.kind {
            *declared = activation;
        }
    }
    other
}

/// The same run, to be computed with gate and up in each other's place; `None` without a gate.
fn swapped<'a>(probe: &Probe<'_>, run: &Run<'a>, stack: &Stack) -> Option<Run<'a>> {
    let mut other = run.clone();
    let mut gated = false;
    for module in probe.parts().into_keys() {
        let [gate, up] = ["gate", "up"].map(|map| format!("{module}.{map}.weight"));
        if !stack.holds(&gate) {
            continue;
        }
        if let (Some(a), Some(b)) = (run.weights.get(&gate), run.weights.get(&up)) {
            other.weights.insert(gate, b.clone());
            other.weights.insert(up, a.clone());
            gated = true;
        }
    }
    gated.then_some(other)
}
