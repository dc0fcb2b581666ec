//! Published BERT weights, as PyTorch's `BertModel` and its heads name them.

use zoo_registry::{Row, WeightNames};

use super::config::{Config, HeadKind, Positions};

const BODY: [Row; 12] = [
    Row::same("embeddings.word_embeddings", &["embeddings.token"]),
    Row::same("embeddings.token_type_embeddings", &["embeddings.token_type"]),
    Row::same("embeddings.LayerNorm", &["embeddings.norm"]),
    Row::drop("embeddings.position_ids"),
    Row::transposed("encoder.layer.*.attention.self.query", &["layers.*.attention.query"]),
    Row::transposed("encoder.layer.*.attention.self.key", &["layers.*.attention.key"]),
    Row::transposed("encoder.layer.*.attention.self.value", &["layers.*.attention.value"]),
    Row::transposed("encoder.layer.*.attention.output.dense", &["layers.*.attention.output"]),
    Row::same("encoder.layer.*.attention.output.LayerNorm", &["layers.*.attention_norm"]),
    Row::transposed("encoder.layer.*.intermediate.dense", &["layers.*.mlp.up"]),
    Row::transposed("encoder.layer.*.output.dense", &["layers.*.mlp.down"]),
    Row::same("encoder.layer.*.output.LayerNorm", &["layers.*.mlp_norm"]),
];

const LEARNED: Row = Row::same("embeddings.position_embeddings", &["embeddings.position"]);
/// With relative positions the table of absolute ones is still in the file, unused.
const RELATIVE: [Row; 2] = [
    Row::drop("embeddings.position_embeddings"),
    Row::same("encoder.layer.*.attention.self.distance_embedding", &["layers.*.relative.distance"]),
];

const POOLER: Row = Row::transposed("pooler.dense", &["pooler"]);
const NO_POOLER: Row = Row::drop("pooler");

const LANGUAGE: [Row; 5] = [
    Row::transposed("cls.predictions.transform.dense", &["head.Language.transform"]),
    Row::same("cls.predictions.transform.LayerNorm", &["head.Language.norm"]),
    Row::same("cls.predictions.bias", &["head.Language.bias"]),
    Row::tied("cls.predictions.decoder.bias", &["head.Language.bias"]),
    Row::drop("cls.seq_relationship"),
];
const TIED: Row = Row::tied("cls.predictions.decoder", &["embeddings.token"]);
const UNTIED: Row = Row::transposed("cls.predictions.decoder", &["head.Language.decoder"]);

/// Top-level names of heads: a checkpoint may bring others than the one that is wanted.
const HEADS: [&str; 3] = ["cls", "classifier", "qa_outputs"];

/// The table of the body alone, for heads of other families.
pub fn body(config: &Config) -> WeightNames {
    let positions = if config.positions == Positions::Learned { vec![LEARNED] } else { RELATIVE.to_vec() };
    let pooler = if config.head.needs_pooler() { POOLER } else { NO_POOLER };
    WeightNames::new("bert.", BODY.into_iter().chain(positions).chain([pooler]))
}

pub(super) fn names(config: &Config) -> WeightNames {
    let body = body(config);
    let tied = if config.tied { TIED } else { UNTIED };
    let (own, rows) = match config.head {
        HeadKind::None => return body.ignoring(HEADS.map(Row::drop)),
        HeadKind::MaskedLm | HeadKind::CausalLm => ("cls", [LANGUAGE.as_slice(), &[tied]].concat()),
        HeadKind::SequenceClassification => {
            ("classifier", vec![Row::transposed("classifier", &["head.SequenceClassification"])])
        }
        HeadKind::TokenClassification => {
            ("classifier", vec![Row::transposed("classifier", &["head.TokenClassification"])])
        }
        HeadKind::QuestionAnswering => ("qa_outputs", vec![Row::transposed("qa_outputs", &["head.QuestionAnswering"])]),
    };
    let others = HEADS.into_iter().filter(|head| *head != own).map(Row::drop);
    body.with_head(rows).ignoring(others)
}
