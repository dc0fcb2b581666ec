//! From what a family's facts declare of its layers to numbers that can be computed with.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use zoo_registry::descriptor::{self, Equation, Pairs, Side, Sight};
use zoo_registry::{ModuleTree, Pattern, Patterns};

use super::real::Activation;
use crate::check::{Stop, require};
use crate::subject::Variant;

/// Kind of norm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Norm {
    /// `γ (x − mean) / √(variance + eps) + β`
    Layer,
    /// `γ x / √(mean square + eps)`
    Rms,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placement {
    /// `x + part(norm(x))`
    Pre,
    /// `norm(x + part(x))`
    Post,
}

/// A stack of layers, every setting a number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stack {
    /// What messages call it: where its layers are.
    pub layers: String,
    /// Path of each layer, in the order they are gone through. Layers may stand in it several times.
    pub paths: Vec<String>,
    /// Whether it is the side of an encoder–decoder that reads.
    pub reads: bool,
    pub norm: Norm,
    pub placement: Placement,
    pub eps: f64,
    pub last_norm: Option<String>,
    pub last_norm_recorded: bool,
    pub parts: Vec<Part>,
    /// Who may look at whom, layer by layer.
    pub patterns: Vec<Pattern>,
}

/// A part of a layer: its maps, its norm, and what is computed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    pub module: String,
    pub norm: String,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Attention(Attention),
    Mlp(Activation),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attention {
    /// To what the encoder read.
    pub across: bool,
    pub n_heads: usize,
    /// Scores are divided by the root of a head's width.
    pub by_width: bool,
    /// And by the number of the layer, from 1.
    pub by_depth: bool,
    /// Path of a table of numbers that positions add to the scores.
    pub bias: Option<String>,
    /// Path, below the layer, of a table of a vector for each distance, and whether keys are compared with it too.
    pub distances: Option<(String, bool)>,
    /// Base of the angles, and which coordinates make a pair.
    pub rotary: Option<(f64, Pairs)>,
    /// Parameters below the layer, with the value under which nothing happens that is not said here.
    pub shut: BTreeMap<String, f64>,
}

impl Stack {
    /// Whether the last recorded hidden state is what comes out at the end.
    pub(crate) fn last_norm_is_recorded(&self) -> bool {
        self.last_norm.is_none() || self.last_norm_recorded
    }

    /// Path of a module below layer `index`.
    pub(crate) fn path(&self, index: usize, below: &str) -> String {
        let layer = &self.paths[index];
        if below.is_empty() { layer.clone() } else { format!("{layer}.{below}") }
    }

    /// Layers that a text goes through.
    pub(crate) fn n_layers(&self) -> usize {
        self.paths.len()
    }

    /// Whether a parameter is of one of its layers.
    pub(crate) fn holds(&self, name: &str) -> bool {
        self.paths.iter().any(|path| name.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('.')))
    }
}

/// The stacks that this variant has.
pub(super) fn stacks(
    equations: &[Equation],
    variant: &Variant,
    (modules, patterns): (&ModuleTree, &Patterns),
) -> Result<Vec<Stack>, Stop> {
    let there = |equation: &&Equation| equation.is_of(&variant.config) && !lists(modules, &equation.layers).is_empty();
    let own: Vec<&Equation> = equations.iter().filter(there).collect();
    require(!own.is_empty(), || format!("no `[[equations]]` is of head `{}`", variant.head))?;
    let number = |what: &str| {
        let found = variant.config.get(what).and_then(Value::as_u64);
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
                by_width: part.scale.is_by_width(&variant.config),
                by_depth: part.by_depth.is_on(&variant.config),
                bias: part.bias.clone(),
                distances: part.distances.as_ref().map(|told| (told.table.clone(), told.with_key)),
                rotary: theta.transpose()?,
                shut: part.shut.clone(),
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
        let paths = paths(equation, &variant.config, modules).ok_or_else(|| said("`passes` is no number"))?;
        let sight = |sight: &Sight| match sight {
            Sight::Full => Ok(Pattern::Full),
            Sight::Causal => Ok(Pattern::Causal),
            Sight::Banded(back) => {
                let back = back.number(&variant.config).ok_or_else(|| said("what it `sees` is no number"))?;
                Ok(Pattern::Banded { window: back as usize })
            }
        };
        let seen = equation.sees.iter().cycle().take(if equation.sees.is_empty() { 0 } else { paths.len() });
        let seen = seen.map(sight).collect::<Result<Vec<_>, Stop>>()?;
        let told = if reads { &patterns.source } else { &patterns.layers };
        Ok(Stack {
            layers: equation.layers.clone(),
            paths,
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
            patterns: if seen.is_empty() { told.clone() } else { seen },
        })
    };
    own.iter().map(stack).collect()
}

/// The lists of layers at `path`, with what each is called.
fn lists<'m>(modules: &'m ModuleTree, path: &str) -> Vec<(String, &'m ModuleTree)> {
    let Some((groups, layers)) = path.split_once(".*.") else {
        return modules.at(path).map(|list| (path.to_owned(), list)).into_iter().collect();
    };
    let groups = modules.at(groups).map_or(&[][..], |list| &list.children).iter().map(|group| (groups, group));
    groups.filter_map(|(of, group)| Some((format!("{of}.{}.{layers}", group.name), group.at(layers)?))).collect()
}

/// Every layer's path, in the order they are gone through.
fn paths(equation: &Equation, config: &Map<String, Value>, modules: &ModuleTree) -> Option<Vec<String>> {
    let lists = lists(modules, &equation.layers);
    let passes = match &equation.passes {
        Some(passes) => passes.number(config)? as usize,
        None => lists.len(),
    };
    let layers = |pass: usize| {
        let (path, list) = &lists[pass * lists.len() / passes];
        list.children.iter().map(move |layer| format!("{path}.{}", layer.name))
    };
    Some((0..passes).flat_map(layers).collect())
}
