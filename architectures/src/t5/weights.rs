//! Published T5 weights, as PyTorch's `T5ForConditionalGeneration` and `T5EncoderModel` name them.

use zoo_registry::{Row, WeightNames};

use super::config::{Config, FeedForwardKind, HeadKind};

pub(super) fn names(config: &Config) -> WeightNames {
    let mut rows = ENCODER.to_vec();
    rows.extend(match config.feed_forward {
        FeedForwardKind::Relu => &ENCODER_RELU[..],
        FeedForwardKind::GatedGelu => &ENCODER_GATED,
    });
    if config.head == HeadKind::Encoder {
        return WeightNames::new("", rows).ignoring([Row::drop("decoder"), Row::drop("lm_head")]);
    }
    rows.extend(DECODER);
    rows.extend(match config.feed_forward {
        FeedForwardKind::Relu => &DECODER_RELU[..],
        FeedForwardKind::GatedGelu => &DECODER_GATED,
    });
    let names = WeightNames::new("", rows);
    match (config.head, config.tied) {
        (HeadKind::ConditionalGeneration, true) => names.with_head([Row::tied("lm_head", &["token"])]),
        (HeadKind::ConditionalGeneration, false) => names.with_head([Row::transposed("lm_head", &["output"])]),
        _ => names.ignoring([Row::drop("lm_head")]),
    }
}

const ENCODER: [Row; 10] = [
    Row::same("shared", &["token"]),
    Row::tied("encoder.embed_tokens", &["token"]),
    Row::same("encoder.block.0.layer.0.SelfAttention.relative_attention_bias", &["encoder.position.table"]),
    Row::transposed("encoder.block.*.layer.0.SelfAttention.q", &["encoder.layers.*.attention.query"]),
    Row::transposed("encoder.block.*.layer.0.SelfAttention.k", &["encoder.layers.*.attention.key"]),
    Row::transposed("encoder.block.*.layer.0.SelfAttention.v", &["encoder.layers.*.attention.value"]),
    Row::transposed("encoder.block.*.layer.0.SelfAttention.o", &["encoder.layers.*.attention.output"]),
    Row::same("encoder.block.*.layer.0.layer_norm", &["encoder.layers.*.attention_norm"]),
    Row::same("encoder.block.*.layer.1.layer_norm", &["encoder.layers.*.mlp_norm"]),
    Row::same("encoder.final_layer_norm", &["encoder.norm"]),
];

const ENCODER_RELU: [Row; 2] = [
    Row::transposed("encoder.block.*.layer.1.DenseReluDense.wi", &["encoder.layers.*.mlp.Plain.up"]),
    Row::transposed("encoder.block.*.layer.1.DenseReluDense.wo", &["encoder.layers.*.mlp.Plain.down"]),
];
const ENCODER_GATED: [Row; 3] = [
    Row::transposed("encoder.block.*.layer.1.DenseReluDense.wi_0", &["encoder.layers.*.mlp.Gated.gate"]),
    Row::transposed("encoder.block.*.layer.1.DenseReluDense.wi_1", &["encoder.layers.*.mlp.Gated.up"]),
    Row::transposed("encoder.block.*.layer.1.DenseReluDense.wo", &["encoder.layers.*.mlp.Gated.down"]),
];

const DECODER: [Row; 15] = [
    Row::tied("decoder.embed_tokens", &["token"]),
    Row::same("decoder.block.0.layer.0.SelfAttention.relative_attention_bias", &["decoder.position.table"]),
    Row::transposed("decoder.block.*.layer.0.SelfAttention.q", &["decoder.layers.*.attention.query"]),
    Row::transposed("decoder.block.*.layer.0.SelfAttention.k", &["decoder.layers.*.attention.key"]),
    Row::transposed("decoder.block.*.layer.0.SelfAttention.v", &["decoder.layers.*.attention.value"]),
    Row::transposed("decoder.block.*.layer.0.SelfAttention.o", &["decoder.layers.*.attention.output"]),
    Row::same("decoder.block.*.layer.0.layer_norm", &["decoder.layers.*.attention_norm"]),
    // Old files hold a table for looks at the source, which nothing ever used.
    Row::drop("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias"),
    Row::transposed("decoder.block.*.layer.1.EncDecAttention.q", &["decoder.layers.*.cross_attention.query"]),
    Row::transposed("decoder.block.*.layer.1.EncDecAttention.k", &["decoder.layers.*.cross_attention.key"]),
    Row::transposed("decoder.block.*.layer.1.EncDecAttention.v", &["decoder.layers.*.cross_attention.value"]),
    Row::transposed("decoder.block.*.layer.1.EncDecAttention.o", &["decoder.layers.*.cross_attention.output"]),
    Row::same("decoder.block.*.layer.1.layer_norm", &["decoder.layers.*.cross_norm"]),
    Row::same("decoder.block.*.layer.2.layer_norm", &["decoder.layers.*.mlp_norm"]),
    Row::same("decoder.final_layer_norm", &["decoder.norm"]),
];

const DECODER_RELU: [Row; 2] = [
    Row::transposed("decoder.block.*.layer.2.DenseReluDense.wi", &["decoder.layers.*.mlp.Plain.up"]),
    Row::transposed("decoder.block.*.layer.2.DenseReluDense.wo", &["decoder.layers.*.mlp.Plain.down"]),
];
const DECODER_GATED: [Row; 3] = [
    Row::transposed("decoder.block.*.layer.2.DenseReluDense.wi_0", &["decoder.layers.*.mlp.Gated.gate"]),
    Row::transposed("decoder.block.*.layer.2.DenseReluDense.wi_1", &["decoder.layers.*.mlp.Gated.up"]),
    Row::transposed("decoder.block.*.layer.2.DenseReluDense.wo", &["decoder.layers.*.mlp.Gated.down"]),
];
