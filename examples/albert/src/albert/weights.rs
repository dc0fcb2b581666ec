//! Published ALBERT weights, as PyTorch's `AlbertModel` and its heads name them.

use zoo_registry::{Row, WeightNames};

use super::config::HeadKind;

const EMBEDDINGS: [Row; 6] = [
    Row::same("embeddings.word_embeddings", &["embeddings.token"]),
    Row::same("embeddings.position_embeddings", &["embeddings.position"]),
    Row::same("embeddings.token_type_embeddings", &["embeddings.token_type"]),
    Row::same("embeddings.LayerNorm", &["embeddings.norm"]),
    Row::drop("embeddings.position_ids"),
    Row::transposed("encoder.embedding_hidden_mapping_in", &["embeddings.widen"]),
];

/// The stars count groups, then layers in a group.
#[rustfmt::skip]
const LAYER: [Row; 8] = [
    Row::transposed("encoder.albert_layer_groups.*.albert_layers.*.attention.query", &["groups.*.layers.*.attention.query"]),
    Row::transposed("encoder.albert_layer_groups.*.albert_layers.*.attention.key", &["groups.*.layers.*.attention.key"]),
    Row::transposed("encoder.albert_layer_groups.*.albert_layers.*.attention.value", &["groups.*.layers.*.attention.value"]),
    Row::transposed("encoder.albert_layer_groups.*.albert_layers.*.attention.dense", &["groups.*.layers.*.attention.output"]),
    Row::same("encoder.albert_layer_groups.*.albert_layers.*.attention.LayerNorm", &["groups.*.layers.*.attention_norm"]),
    Row::transposed("encoder.albert_layer_groups.*.albert_layers.*.ffn", &["groups.*.layers.*.mlp.up"]),
    Row::transposed("encoder.albert_layer_groups.*.albert_layers.*.ffn_output", &["groups.*.layers.*.mlp.down"]),
    Row::same("encoder.albert_layer_groups.*.albert_layers.*.full_layer_layer_norm", &["groups.*.layers.*.mlp_norm"]),
];

const LANGUAGE: [Row; 5] = [
    Row::transposed("predictions.dense", &["head.narrow"]),
    Row::same("predictions.LayerNorm", &["head.norm"]),
    Row::same("predictions.bias", &["head.bias"]),
    Row::tied("predictions.decoder.bias", &["head.bias"]),
    Row::tied("predictions.decoder", &["embeddings.token"]),
];

/// Top-level names of heads that are not built here: a checkpoint may bring them.
const OTHERS: [&str; 3] = ["sop_classifier", "classifier", "qa_outputs"];

pub(super) fn names(head: HeadKind) -> WeightNames {
    let pooler = match head {
        HeadKind::None => Row::transposed("pooler", &["pooler"]),
        HeadKind::MaskedLm => Row::drop("pooler"),
    };
    let body = WeightNames::new("albert.", EMBEDDINGS.into_iter().chain(LAYER).chain([pooler]));
    let others = OTHERS.map(Row::drop);
    match head {
        HeadKind::None => body.ignoring(others).ignoring([Row::drop("predictions")]),
        HeadKind::MaskedLm => body.with_head(LANGUAGE).ignoring(others),
    }
}
