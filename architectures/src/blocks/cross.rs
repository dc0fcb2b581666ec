//! What a decoder looks at besides itself: a text that was read once.
//!
//! Vaswani et al. 2017, arXiv 1706.03762, §3.2.3: queries come from the decoder, keys and values from the encoder.

use std::any::Any;

use burn::tensor::{Bool, Tensor};
use zoo_registry::{Cache, Error, Result, Stack, Trace};

use super::{KvCache, MultiHeadAttention, attend, padding_bias, select_texts};

/// A source as the layers of a decoder look at it: keys and values of each, made once.
#[derive(Debug, Clone)]
pub struct SourceMemory {
    layers: Vec<[Tensor<4>; 2]>,
    bias: Option<Tensor<4>>,
}

impl SourceMemory {
    /// What `layers`, the cross-attention of each decoder layer, see of `encoded`.
    ///
    /// # Shapes
    /// - `encoded [batch, source_len, d_model]`
    /// - `attention_mask [batch, source_len]`, true at real tokens; `None` if all are
    pub fn new<'a>(
        encoded: &Tensor<3>,
        attention_mask: Option<Tensor<2, Bool>>,
        layers: impl Iterator<Item = &'a MultiHeadAttention>,
    ) -> Self {
        let layers = layers.map(|attention| attention.keys_and_values(encoded)).collect();
        Self { layers, bias: attention_mask.map(padding_bias) }
    }

    /// Layer `index`'s look at the source, recorded as one across.
    ///
    /// # Shapes
    /// `hidden [batch, q_len, d_model]` → the same
    pub fn attend(
        &self,
        index: usize,
        attention: &MultiHeadAttention,
        hidden: Tensor<3>,
        scale: f64,
        trace: &mut Trace,
    ) -> Tensor<3> {
        let [key, value] = self.layers[index].clone();
        let (query, bias) = (attention.queries(hidden), self.bias.clone());
        attention.merge(trace.within(Stack::Cross, |trace| attend(query, key, value, scale, bias, trace)))
    }

    fn select(&mut self, rows: &[usize]) {
        for kept in self.layers.iter_mut().flatten().chain(&mut self.bias) {
            *kept = select_texts(kept, rows);
        }
    }
}

/// What an encoder–decoder remembers while it writes: what it read, and what it wrote.
#[derive(Debug, Clone)]
pub struct PairCache {
    /// What was read.
    pub source: SourceMemory,
    /// Keys and values of what was written.
    pub written: KvCache,
}

impl PairCache {
    /// Nothing written yet by `n_layers` layers.
    pub fn new(source: SourceMemory, n_layers: usize) -> Self {
        Self { source, written: KvCache::new(n_layers) }
    }

    /// The cache behind the trait object.
    ///
    /// # Errors
    /// [`Error::Input`] if it is another family's.
    pub fn of<'a>(cache: &'a mut dyn Cache, model: &str) -> Result<&'a mut Self> {
        let any: &mut dyn Any = cache;
        let refuse =
            || Error::Input { model: model.into(), reason: "expected its own state, found another model's".into() };
        any.downcast_mut().ok_or_else(refuse)
    }
}

impl Cache for PairCache {
    fn select(&mut self, rows: &[usize]) {
        self.source.select(rows);
        self.written.select(rows);
    }

    fn boxed_clone(&self) -> Box<dyn Cache> {
        Box::new(self.clone())
    }
}
