//! Infini-attention: a segment is attended to in full, everything before it is read from a memory of fixed size.
//!
//! Munkhdalai, Faruqui and Gopal 2024, arXiv 2404.07143v2, §3.1.

use burn::module::{Initializer, Module, Param};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};
use zoo_registry::Trace;

use super::Config;
use super::memory::LayerMemory;
use super::segments::{Finished, Layout, Piece};
use crate::blocks::{MemoryUpdate, MultiHeadAttention, attention_weights};

/// The maps of multi-head attention, and for every head a gate between what it sees and what it remembers.
#[derive(Module, Debug)]
pub struct InfiniAttention {
    /// Queries, keys and values serve attention and memory alike.
    pub heads: MultiHeadAttention,
    /// β, `[n_heads]`
    pub gate: Param<Tensor<1>>,
    #[module(skip)]
    update: MemoryUpdate,
}

impl InfiniAttention {
    /// Weights from N(0, `std`), those of the output map from N(0, `output_std`). β is 0: half attention, half memory.
    pub(super) fn init(config: &Config, [std, output_std]: [f64; 2], device: &Device) -> Self {
        let Config { d_model, n_heads, head_dim, update, .. } = *config;
        Self {
            heads: MultiHeadAttention::unbiased(d_model, [n_heads, head_dim], [std, std, std, output_std], device),
            gate: Initializer::Zeros.init([n_heads], device),
            update,
        }
    }

    /// Reads the pieces in order. Of each, the memory is read before it is written: no token finds its own segment there.
    ///
    /// # Shapes
    /// `hidden [batch, seq_len, d_model]`, texts at the left edge → the same
    pub(super) fn forward(
        &self,
        hidden: Tensor<3>,
        (pieces, layout): (&[Piece], &Layout),
        memory: &mut LayerMemory,
        trace: &mut Trace,
    ) -> Tensor<3> {
        let [query, key, value] = self.heads.project(&hidden);
        let [batch, n_heads, seq_len, head_dim] = query.dims();
        let scale = 1.0 / (head_dim as f64).sqrt();
        let gate = sigmoid(self.gate.val()).reshape([1, n_heads, 1, 1]);
        let at = (&hidden.device(), hidden.dtype());
        let mut map = trace.wants_attentions().then(|| Tensor::zeros([batch, n_heads, seq_len, seq_len], at));
        let mut contexts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let new = |all: &Tensor<4>| all.clone().narrow(2, piece.from, piece.len);
            let query = new(&query);
            let [key, value] = memory.after_held([new(&key), new(&value)]);

            // Equation 6, with positions.
            let turned = (piece.positions.last(piece.len).turn(query.clone()), piece.positions.turn(key.clone()));
            let weights = attention_weights(turned.0, turned.1, scale, Some(piece.bias.clone()));
            map = map.map(|map| with_block(map, &weights, piece));
            let seen = weights.matmul(value.clone());
            // Equation 7, without.
            let remembered = memory.finished.retrieve(query);
            // Equation 10.
            contexts.push(remembered * gate.clone() + seen * (gate.clone().neg() + 1.0));

            match &piece.finished {
                Finished::Nothing => {}
                Finished::Everything => memory.finished.update(key.clone(), value.clone(), None, self.update),
                Finished::Marked(marks) => {
                    memory.finished.update(key.clone(), value.clone(), Some(marks.clone()), self.update);
                }
            }
            memory.unfinished = piece.held.of(key).zip(piece.held.of(value)).map(<[_; 2]>::from);
        }
        if let Some(map) = map {
            trace.attention(&layout.restore_map(map));
        }
        // Equation 11.
        self.heads.merge(Tensor::cat(contexts, 2))
    }
}

/// A piece's weights in the map of the whole text: tokens of other segments are not attended to.
fn with_block(map: Tensor<4>, weights: &Tensor<4>, piece: &Piece) -> Tensor<4> {
    let [batch, n_heads, new, keys] = weights.dims();
    let columns = piece.from..piece.from + new;
    let of_new = weights.clone().narrow(3, keys - new, new);
    map.slice_assign([0..batch, 0..n_heads, columns.clone(), columns], of_new)
}
