//! The weight table: what a published file calls each tensor, and where it stands here.

use zoo_registry::{Row, WeightNames};

/// TODO: one row for each module with parameters, the published name first, `*` for the index of a layer. `Row::transposed` is
/// a `Linear` as PyTorch keeps it, `Row::tied` a second name of what stands here already, `Row::same` everything else:
///
/// ```text
/// Row::same("embeddings.word_embeddings", &["token"]),
/// Row::transposed("encoder.layer.*.attention.query", &["layers.*.attention.query"]),
/// Row::tied("decoder", &["token"]),
/// ```
const ROWS: &[Row] = &[];

pub(super) fn names() -> WeightNames {
    WeightNames::new("", ROWS.iter().copied())
}
