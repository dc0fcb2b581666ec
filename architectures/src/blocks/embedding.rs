//! Tables of vectors, and scoring against them.

use burn::nn::Embedding;
use burn::tensor::{Device, Tensor};

use super::{cpu, normal};

/// `n` vectors of width `d_model` from N(0, `std`).
pub fn embedding([n, d_model]: [usize; 2], std: f64, device: &Device) -> Embedding {
    Embedding { weight: normal([n, d_model], std, device) }
}

/// The embedding table as output layer: `hidden · Wᵀ` (Press and Wolf 2017, arXiv 1608.05859, §2). The table stays one
/// parameter, so training moves both uses together.
///
/// # Shapes
/// `hidden [batch, seq_len, d_model]`, table `[vocab_size, d_model]` → `[batch, seq_len, vocab_size]`
pub fn tied_logits(hidden: Tensor<3>, table: &Embedding) -> Tensor<3> {
    let [batch, seq_len, d_model] = hidden.dims();
    let weight = table.weight.val();
    let [vocab_size, _] = weight.dims();
    // Two axes, so that rows times a transposed table do not copy the table.
    let rows = hidden.reshape([batch * seq_len, d_model]);
    let logits = cpu::scores_of_rows(rows, &weight).unwrap_or_else(|rows| rows.matmul(weight.transpose()));
    logits.reshape([batch, seq_len, vocab_size])
}
