//! Residual rails, where the facts and the names of a layer's parts say where they run.
//!
//! A module tree lists parts; it does not say how they are wired. Two things do: the family's `normalisation-placement`
//! (each sub-layer is normed before it, or its sum after it) and the naming of a norm for what it norms (`attention_norm`
//! beside `attention`). Where both hold for every part of a layer, the rails follow; otherwise none are drawn.

use std::collections::BTreeMap;

use zoo_registry::descriptor::Component;

use super::category;
use crate::parts::Part;

/// Where the norm sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// Before each sub-layer, on the branch.
    Pre,
    /// After each residual sum.
    Post,
}

impl Placement {
    /// The one placement that the taxonomy gives; none where it gives several or another.
    pub(super) fn of(taxonomy: &BTreeMap<String, Vec<String>>) -> Option<Self> {
        match taxonomy.get("normalisation-placement")?.as_slice() {
            [only] if only == "pre" => Some(Self::Pre),
            [only] if only == "post" => Some(Self::Post),
            _ => None,
        }
    }
}

/// A sub-layer and its norm.
pub(super) struct Pair<'p, 'a> {
    pub(super) placement: Placement,
    pub(super) norm: &'p Part<'a>,
    pub(super) layer: &'p Part<'a>,
}

/// The sub-layers of a layer with their norms, in declaration order; none unless every part pairs up.
pub(super) fn pairs<'p, 'a>(
    children: &[&'p Part<'a>],
    placement: Placement,
    components: &[Component],
) -> Option<Vec<Pair<'p, 'a>>> {
    let is_norm = |part: &Part<'_>| category(part, components) == Some("norm");
    let layers: Vec<_> = children.iter().filter(|part| !is_norm(part)).collect();
    let norms = children.len() - layers.len();
    let pair = |layer: &&&'p Part<'a>| {
        // `attention_norm` beside `attention`, `cross_norm` beside `cross_attention`.
        let kind = layer.name.trim_end_matches("_attention");
        let names = [format!("{}_norm", layer.name), format!("{kind}_norm")];
        let norm = names.iter().find_map(|name| children.iter().find(|part| part.name == *name && is_norm(part)))?;
        Some(Pair { placement, norm, layer })
    };
    let pairs: Vec<_> = layers.iter().map(pair).collect::<Option<_>>()?;
    (!pairs.is_empty() && pairs.len() == norms).then_some(pairs)
}
