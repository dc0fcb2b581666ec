//! From what a family's facts declare of its layers to numbers that can be computed with.

use zoo_registry::descriptor::{self, Equation, Scale, Side};
use zoo_registry::{ModuleTree, Patterns};

use super::layer::{Attention, Kind, Norm, Part, Placement, Stack};
use super::real::Activation;
use crate::check::{Stop, require};
use crate::subject::Variant;

/// The stacks that this variant has.
pub(super) fn stacks(
    equations: &[Equation],
    variant: &Variant,
    (modules, patterns): (&ModuleTree, &Patterns),
) -> Result<Vec<Stack>, Stop> {
    let there = |equation: &&Equation| equation.is_of(&variant.config) && modules.at(&equation.layers).is_some();
    let own: Vec<&Equation> = equations.iter().filter(there).collect();
    require(!own.is_empty(), || format!("no `[[equations]]` is of head `{}`", variant.head))?;
    let number = |what: &str| {
        let found = variant.config.get(what).and_then(serde_json::Value::as_u64);
        found.ok_or_else(|| Stop::fails(format!("attention has as many heads as `{what}` says, which is not there")))
    };
    let stack = |equation: &&Equation| {
        let said = |problem: &str| Stop::fails(format!("`[[equations]]` of `{}`: {problem}", equation.layers));
        let reads = equation.side == Side::Encoder && own.len() > 1;
        let attention = |across: bool, part: &descriptor::Attention| {
            let theta = part.rotary.as_ref().map(|rotary| {
                let theta = rotary.theta.number(&variant.config).ok_or_else(|| said("`theta` is no number"))?;
                Ok::<_, Stop>((theta, rotary.pairs))
            });
            Ok::<_, Stop>(Kind::Attention(Attention {
                across,
                n_heads: number("n_heads")? as usize,
                by_width: part.scale == Scale::HeadWidth,
                bias: part.bias.clone(),
                rotary: theta.transpose()?,
            }))
        };
        let part = |part: &descriptor::Part| {
            let [module, norm] = part.paths().map(str::to_owned);
            let kind = match part {
                descriptor::Part::Attention(part) => attention(false, part)?,
                descriptor::Part::CrossAttention(part) => attention(true, part)?,
                descriptor::Part::Mlp(part) => {
                    let term = part.activation(&variant.config);
                    let known = Activation::ALL.into_iter().find(|one| one.term() == term);
                    Kind::Mlp(known.ok_or_else(|| said(&format!("no equation is known for `{term}`")))?)
                }
            };
            Ok::<_, Stop>(Part { module, norm, kind })
        };
        Ok(Stack {
            layers: equation.layers.clone(),
            n_layers: modules.at(&equation.layers).map_or(0, |layers| layers.children.len()),
            reads,
            norm: match equation.norm.as_str() {
                "layernorm" => Norm::Layer,
                "rmsnorm" => Norm::Rms,
                other => return Err(said(&format!("no equation is known for the norm `{other}`"))),
            },
            placement: match equation.placement.as_str() {
                "pre" => Placement::Pre,
                "post" => Placement::Post,
                other => return Err(said(&format!("no equation is known for norms placed `{other}`"))),
            },
            eps: equation.eps.number(&variant.config).ok_or_else(|| said("`eps` is no number"))?,
            last_norm: equation.last_norm.clone(),
            last_norm_recorded: equation.last_norm_recorded,
            parts: equation.parts.iter().map(part).collect::<Result<_, _>>()?,
            patterns: if reads { patterns.source.clone() } else { patterns.layers.clone() },
        })
    };
    own.iter().map(stack).collect()
}
