//! Published ViT weights, as PyTorch's `ViTModel` and its head name them.

use zoo_registry::{Row, WeightNames};

use super::config::{Config, HeadKind};

/// The rows of the body without its pooler.
pub const BODY: [Row; 12] = [
    Row::same("embeddings.cls_token", &["embeddings.class_token"]),
    Row::same("embeddings.position_embeddings", &["embeddings.position.table"]),
    Row::same("embeddings.patch_embeddings.projection", &["embeddings.patch.projection"]),
    Row::same("encoder.layer.*.layernorm_before", &["layers.*.attention_norm"]),
    Row::transposed("encoder.layer.*.attention.attention.query", &["layers.*.attention.query"]),
    Row::transposed("encoder.layer.*.attention.attention.key", &["layers.*.attention.key"]),
    Row::transposed("encoder.layer.*.attention.attention.value", &["layers.*.attention.value"]),
    Row::transposed("encoder.layer.*.attention.output.dense", &["layers.*.attention.output"]),
    Row::same("encoder.layer.*.layernorm_after", &["layers.*.mlp_norm"]),
    Row::transposed("encoder.layer.*.intermediate.dense", &["layers.*.mlp.up"]),
    Row::transposed("encoder.layer.*.output.dense", &["layers.*.mlp.down"]),
    Row::same("layernorm", &["norm"]),
];

/// The row of the pooler.
pub const POOLER: Row = Row::transposed("pooler.dense", &["pooler"]);
const NO_POOLER: Row = Row::drop("pooler");

pub(super) fn names(config: &Config) -> WeightNames {
    let body = |pooler: Row| WeightNames::new("vit.", BODY.into_iter().chain([pooler]));
    match config.head {
        HeadKind::None => body(if config.pooler { POOLER } else { NO_POOLER }).ignoring([Row::drop("classifier")]),
        HeadKind::ImageClassification => body(NO_POOLER).with_head([Row::transposed("classifier", &["classifier"])]),
    }
}
