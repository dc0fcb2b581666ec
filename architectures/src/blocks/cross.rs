//! What a decoder looks at besides itself: a text that was read once.
//!
//! Vaswani et al. 2017, arXiv 1706.03762, §3.2.3: queries come from the decoder, keys and values from the encoder.

use std::collections::BTreeMap;

use burn::tensor::{Bool, Device, Tensor};
use zoo_registry::{Cache, Held, Result, Saved, Stack, Trace};

use super::{KvCache, MultiHeadAttention, attend, padding_bias, select_texts};

/// A source as the layers of a decoder look at it: keys and values of each, made once.
#[derive(Debug, Clone)]
pub struct SourceMemory {
    layers: Vec<[Tensor<4>; 2]>,
    bias: Option<Tensor<4>>,
}

/// What a saved source's padding is called.
const BIAS: &str = "source.bias";

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

    /// The memory whose tensors these are.
    fn resumed(
        saved: &mut Saved,
        n_layers: usize,
        [n_heads, head_dim]: [usize; 2],
        device: &Device,
    ) -> Result<Self, String> {
        let (batch, source_len) = (saved.batch(), saved.extent("source.0.key", 2)?);
        let shape = [batch, n_heads, source_len, head_dim];
        let mut tensor = |layer, name| saved.tensor(&format!("source.{layer}.{name}"), shape, device);
        let layers = (0..n_layers).map(|layer| Ok([tensor(layer, "key")?, tensor(layer, "value")?]));
        let layers = layers.collect::<Result<_, String>>()?;
        let bias = Some(saved.tensor(BIAS, [batch, 1, 1, source_len], device)?);
        Ok(Self { layers, bias })
    }

    /// What is saved. Where no padding is known it says so: a file that lost it would be read as one without any.
    fn tensors(&self) -> impl Iterator<Item = (String, Held)> {
        let pair = |(layer, [key, value]): (usize, &[Tensor<4>; 2])| {
            [("key", key), ("value", value)].map(|(name, kept)| (format!("source.{layer}.{name}"), kept.clone().into()))
        };
        let layers: Vec<_> = self.layers.iter().enumerate().flat_map(pair).collect();
        let bias = self.bias.clone().or_else(|| self.layers.first().map(|[key, _]| nothing_hidden(key)));
        layers.into_iter().chain(bias.map(|bias| (BIAS.to_owned(), bias.into())))
    }

    fn select(&mut self, rows: &[usize]) {
        for kept in self.layers.iter_mut().flatten().chain(&mut self.bias) {
            *kept = select_texts(kept, rows);
        }
    }
}

/// The bias under which every token of a source is seen. `key [batch, n_heads, source_len, head_dim]` → `[batch, 1, 1, source_len]`
fn nothing_hidden(key: &Tensor<4>) -> Tensor<4> {
    let [batch, _, source_len, _] = key.dims();
    Tensor::zeros([batch, 1, 1, source_len], &key.device())
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

    /// The cache of `n_layers` layers whose [`tensors`](Cache::tensors) these are.
    ///
    /// # Errors
    /// What was expected and what was found, as a clause.
    pub fn resumed(saved: &mut Saved, n_layers: usize, heads: [usize; 2], device: &Device) -> Result<Self, String> {
        let source = SourceMemory::resumed(saved, n_layers, heads, device)?;
        Ok(Self { source, written: KvCache::resumed(saved, n_layers, heads, device)? })
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

    fn tensors(&self) -> BTreeMap<String, Held> {
        self.written.tensors().into_iter().chain(self.source.tensors()).collect()
    }
}
