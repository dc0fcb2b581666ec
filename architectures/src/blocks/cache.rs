//! Keys and values of everything read so far, so that each new token is read once.

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};
use zoo_registry::{Cache, Held, Logits, Result, Saved};

use super::cpu;

/// One pair of `[batch, n_heads, past, head_dim]` a layer.
#[derive(Debug, Clone, Default)]
pub struct KvCache {
    layers: Vec<Option<(Tensor<4>, Tensor<4>)>>,
}

impl KvCache {
    /// Empty, for `n_layers` layers.
    pub fn new(n_layers: usize) -> Self {
        Self { layers: vec![None; n_layers] }
    }

    /// One that keeps nothing, for a pass over a whole text.
    pub fn forgetful() -> Self {
        Self::default()
    }

    /// Adds a layer's new keys and values after its old ones and returns all of them.
    ///
    /// # Shapes
    /// `[batch, n_heads, new, head_dim]` → `[batch, n_heads, past + new, head_dim]`
    pub fn append(&mut self, layer: usize, key: Tensor<4>, value: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let Some(kept) = self.layers.get_mut(layer) else {
            return (key, value);
        };
        let all = match kept.take() {
            Some((past_key, past_value)) => (behind(past_key, key), behind(past_value, value)),
            None => (key, value),
        };
        *kept = Some(all.clone());
        all
    }

    /// The cache of `n_layers` layers whose [`tensors`](Cache::tensors) these are.
    ///
    /// # Errors
    /// What was expected and what was found, as a clause.
    pub fn resumed(
        saved: &mut Saved,
        n_layers: usize,
        [n_heads, head_dim]: [usize; 2],
        device: &Device,
    ) -> Result<Self, String> {
        if saved.read() == 0 {
            return Ok(Self::new(n_layers));
        }
        let shape = [saved.batch(), n_heads, saved.read(), head_dim];
        let mut tensor = |layer, name| saved.tensor(&format!("layers.{layer}.{name}"), shape, device);
        let layers = (0..n_layers).map(|layer| Ok(Some((tensor(layer, "key")?, tensor(layer, "value")?))));
        Ok(Self { layers: layers.collect::<Result<_, String>>()? })
    }

    /// Tokens read so far.
    pub fn len(&self) -> usize {
        self.layers.first().and_then(Option::as_ref).map_or(0, |(key, _)| key.dims()[2])
    }

    /// Whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Cache for KvCache {
    fn select(&mut self, rows: &[usize]) {
        for (key, value) in self.layers.iter_mut().flatten() {
            *key = select_texts(key, rows);
            *value = select_texts(value, rows);
        }
    }

    fn boxed_clone(&self) -> Box<dyn Cache> {
        Box::new(self.clone())
    }

    fn tensors(&self) -> BTreeMap<String, Held> {
        let layers = self.layers.iter().enumerate().filter_map(|(layer, kept)| Some((layer, kept.as_ref()?)));
        let pair = |(layer, (key, value)): (usize, &(Tensor<4>, Tensor<4>))| {
            [("key", key), ("value", value)].map(|(name, kept)| (format!("layers.{layer}.{name}"), kept.clone().into()))
        };
        layers.flat_map(pair).collect()
    }
}

/// `new` after `past`, along the axis of tokens.
fn behind(past: Tensor<4>, new: Tensor<4>) -> Tensor<4> {
    cpu::append(past, new).unwrap_or_else(|[past, new]| Tensor::cat(vec![past, new], 2))
}

/// The hidden states the head is run on: those of every new token, or of the last one.
///
/// # Shapes
/// `[batch, seq_len, d_model]` → the same, or `[batch, 1, d_model]`
pub fn last_or_all(hidden: Tensor<3>, logits: Logits) -> Tensor<3> {
    let [_, seq_len, _] = hidden.dims();
    match logits {
        Logits::Every => hidden,
        Logits::Last => hidden.narrow(1, seq_len - 1, 1),
    }
}

/// What is kept of the texts at `rows`, in that order.
///
/// # Shapes
/// `[batch, …]` → `[rows.len(), …]`
pub fn select_texts<const D: usize>(kept: &Tensor<D>, rows: &[usize]) -> Tensor<D> {
    let indices: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [rows.len()]), &kept.device());
    kept.clone().select(0, indices)
}
