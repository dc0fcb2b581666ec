//! Which field comes before which: as the schema declares them, and as people read axes and sizes.

use zoo_registry::descriptor::{
    Amatriain, Checked, Claim, Component, Conflict, Counted, Descriptor, EcosystemGraphs, Edge, Embedding,
    ExpectedFailure, External, Head, Licence, Lineage, Openness, Orkg, Paper, Preset, Published, SOURCED, Source,
    Stated, Tiny, Waiver,
};
use zoo_registry::vocabulary::Term;

use crate::facts::fields;

/// Of fields that have no rank: after those that have one, in the order they were written in.
pub(super) const UNRANKED: usize = usize::MAX;

/// How people describe a model.
const AXES: [&str; 9] = [
    "architecture",
    "attention",
    "positional-encoding",
    "normalisation-type",
    "normalisation-placement",
    "activation",
    "pretraining-task",
    "training-paradigm",
    "modality",
];

/// Sizes: what goes in, how wide, how deep, and the parts of a layer.
const SIZES: [&str; 23] = [
    "body",
    "head",
    "image_size",
    "patch_size",
    "n_channels",
    "n_labels",
    "vocab_size",
    "d_model",
    "n_layers",
    "n_encoder_layers",
    "n_decoder_layers",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "kv_latent_dim",
    "shared_key_dim",
    "d_ff",
    "max_positions",
    "n_experts",
    "n_experts_per_token",
    "d_expert_ff",
    "segment_len",
    "window_size",
];

/// The place of `key` in the table at `path`, or `None` if that is the writer's choice.
pub(super) fn rank(path: &[&str], key: &str) -> Option<usize> {
    let known: &[&str] = match path {
        [] => fields::of::<Descriptor>(),
        ["sources"] => &SOURCED,
        ["taxonomy" | "terms"] => &AXES,
        ["presets" | "unbuilt" | "tinies", "config"] | ["tiny"] | ["edges", "where"] => &SIZES,
        ["presets" | "unbuilt"] => fields::of::<Preset>(),
        ["presets", "embedding"] => fields::of::<Embedding>(),
        [.., "sources"] | ["sources", _] => fields::of::<Source>(),
        ["papers"] => fields::of::<Paper>(),
        ["lineage"] => fields::of::<Lineage>(),
        ["licence"] => fields::of::<Licence>(),
        ["terms", _] => fields::of::<Term>(),
        ["components"] => fields::of::<Component>(),
        ["heads"] => fields::of::<Head>(),
        ["published"] => fields::of::<Published>(),
        ["tinies"] => fields::of::<Tiny>(),
        ["edges"] => fields::of::<Edge>(),
        ["waivers"] => fields::of::<Waiver>(),
        ["expected_failures"] => fields::of::<ExpectedFailure>(),
        ["conflicts"] => fields::of::<Conflict>(),
        ["conflicts", "values"] => fields::of::<Claim>(),
        ["external"] => fields::of::<External>(),
        ["external", "amatriain"] => fields::of::<Amatriain>(),
        ["external", "orkg"] => fields::of::<Orkg>(),
        ["external", "ecosystem-graphs"] => fields::of::<EcosystemGraphs>(),
        ["external", _, "licence"] => fields::of::<Openness>(),
        [.., "stated"] => fields::of::<Stated>(),
        [.., "counted"] => fields::of::<Counted>(),
        [.., "checked"] => fields::of::<Checked>(),
        _ => return None,
    };
    known.iter().position(|known| *known == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_as_they_are_declared() {
        assert!(rank(&[], "id") < rank(&[], "name") && rank(&[], "external") < rank(&[], "sources"));
        assert_eq!(rank(&["presets", "sources"], "ref"), Some(1));
        assert_eq!([rank(&[], "no-such-field"), rank(&["init"], "std")], [None, None]);
    }
}
