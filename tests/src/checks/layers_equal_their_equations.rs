//! Every layer computes the equation that the family's facts declare.
//!
//! # How
//!
//! The facts say of each stack which kind of norm stands where, and which parts a layer has in which order
//! (`[[equations]]`). From the hidden state that was recorded before a layer, and from the parameters by their
//! names, the suite computes in f64 loops what the layer must say, with random weights, padding before and after
//! texts, and a whole source beside them; what was recorded after the layer and every attention map must be that.
//! Layers do not pass errors on: the one that is named is wrong. What is not declared in this way is shut off. A
//! layer without one of its parts, or with its parts in another order, must lie far off. A module with the maps of
//! attention or of a feed-forward network that no equation speaks of fails.
//!
//! # Catches
//!
//! - two parts of a layer in the wrong order, or side by side
//! - a residual sum that is scaled, or taken from the wrong place
//! - a layer that reads another's parameters
//! - a part that nobody declared
//!
//! # Seen
//!
//! - [ml-explore/mlx #1636](https://github.com/ml-explore/mlx/issues/1636): a decoder layer sent its second sum
//!   through the norm of the first.
//! - [kyegomez/BitNet #32](https://github.com/kyegomez/BitNet/issues/32): `x = attn(x); x = x + x`: what came in
//!   was lost, and what attention said counted twice.
//! - [facebookresearch/multimodal #305](https://github.com/facebookresearch/multimodal/pull/305): what came into a
//!   layer was overwritten before it was added to what attention said.
//!
//! # Fix
//!
//! Look first at the checks of single parts, below: they say which part it is. If they hold, the parts are right
//! and their wiring is not: compare the family's `forward` of a layer with its paper, line by line. If all of them
//! are right, the `[[equations]]` are not.

use serde_json::{Map, Value};
use zoo_registry::ModuleTree;

use crate::check::{Verdict, require};
use crate::probe::{MEASURE, TOLERANCE, must_show, probes};
use crate::subject::Subject;
use crate::values::Worst;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let undeclared = |config: &Map<String, Value>, head: &str, known: &dyn Fn(&str) -> bool| {
        let undeclared = undeclared(&subject.architecture.modules(config)?, "", known);
        require(undeclared.is_empty(), || {
            format!("head `{head}`: no `[[equations]]` speaks of {}", undeclared.join(", "))
        })
    };
    if subject.descriptor().equations.is_empty() {
        for variant in subject.variants()? {
            undeclared(&variant.config, &variant.head, &|_| false)?;
        }
    }
    let probes = probes(subject)?;
    for probe in &probes {
        let parts = probe.parts();
        undeclared(&probe.variant.config, &probe.variant.head, &|module| parts.contains_key(module))?;
        let run = probe.run(probe.weights.clone())?;
        for stack in &probe.stacks {
            let answers = run.answers(stack)?;
            run.compare(&answers, &mut worst)?;
            run.compare_maps(stack, &answers, &mut worst)?;
            let layers = &answers[..stack.n_layers()];
            for left_out in 0..stack.parts.len() {
                let mut other = stack.clone();
                let module = other.parts.remove(left_out).module;
                must_show(&run.distances(layers, &other)?, &format!("leaving `{module}` out"), probe, stack)?;
            }
            let mut other = stack.clone();
            other.parts.reverse();
            if stack.parts.len() > 1 {
                must_show(&run.distances(layers, &other)?, "another order", probe, stack)?;
            }
        }
    }
    worst.verdict_within(TOLERANCE, MEASURE, &format!("{} wirings, every layer and map", probes.len()))
}

/// Paths of the modules that hold the maps of a part, by the glossary's names, and are not `known`.
fn undeclared(module: &ModuleTree, path: &str, known: &dyn Fn(&str) -> bool) -> Vec<String> {
    const PARTS: [&[&str]; 2] = [&["query", "key", "value", "output"], &["up", "down"]];
    let holds = |name: &&str| module.children.iter().any(|child| child.name == **name);
    let mut found = Vec::new();
    if PARTS.iter().any(|maps| maps.iter().all(holds)) && !known(path) {
        found.push(format!("`{path}`"));
    }
    for child in &module.children {
        let below = if path.is_empty() { child.name.clone() } else { format!("{path}.{}", child.name) };
        found.extend(undeclared(child, &below, known));
    }
    found
}
