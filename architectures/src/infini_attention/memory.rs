//! What an Infini-Transformer remembers of a text, however long: of fixed size.

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Tensor, TensorData};
use zoo_registry::{Cache, Held, Result, Saved};

use super::Config;
use crate::blocks::{CompressiveMemory, select_texts};

/// One memory a layer, and how far each text has come in its segment.
#[derive(Debug, Clone)]
pub struct InfiniCache {
    /// Tokens of its unfinished segment that each text has been read; empty before the first token.
    pub(super) filled: Vec<usize>,
    /// `None` before the first token.
    pub(super) layers: Vec<Option<LayerMemory>>,
    /// Whether the unfinished segment is held for the next pass.
    pub(super) keeps: bool,
}

/// What one layer remembers.
#[derive(Debug, Clone)]
pub(super) struct LayerMemory {
    /// Every finished segment.
    pub(super) finished: CompressiveMemory,
    /// Keys and values of the unfinished segment, each `[batch, n_heads, held, head_dim]`: as they were projected, without
    /// positions, for that is what is folded in.
    pub(super) unfinished: Option<[Tensor<4>; 2]>,
}

impl LayerMemory {
    /// Nothing read yet, for `batch` texts.
    pub(super) fn empty(batch: usize, config: &Config, at: (&Device, DType)) -> Self {
        let Config { n_heads, head_dim, .. } = *config;
        Self { finished: CompressiveMemory::empty([batch, n_heads, head_dim, head_dim], at), unfinished: None }
    }

    /// The keys and values held from before, and then the new ones.
    ///
    /// # Shapes
    /// `[batch, n_heads, new, head_dim]` → `[batch, n_heads, held + new, head_dim]`
    pub(super) fn after_held(&mut self, new: [Tensor<4>; 2]) -> [Tensor<4>; 2] {
        match (self.unfinished.take(), new) {
            (None, new) => new,
            (Some([held_key, held_value]), [key, value]) => {
                [Tensor::cat(vec![held_key, key], 2), Tensor::cat(vec![held_value, value], 2)]
            }
        }
    }
}

impl InfiniCache {
    /// Empty.
    pub(super) fn new(n_layers: usize) -> Self {
        Self { filled: Vec::new(), layers: vec![None; n_layers], keeps: true }
    }

    /// One for a pass over a whole text, after which nothing is read.
    pub(super) fn forgetful(n_layers: usize) -> Self {
        Self { keeps: false, ..Self::new(n_layers) }
    }

    /// The cache whose [`tensors`](Cache::tensors) these are.
    pub(super) fn resumed(saved: &mut Saved, config: &Config, device: &Device) -> Result<Self, String> {
        let Config { n_layers, n_heads, head_dim, segment_len, .. } = *config;
        if saved.read() == 0 {
            return Ok(Self::new(n_layers));
        }
        let batch = saved.batch();
        let filled = saved.counts("filled", segment_len)?;
        let held = filled.iter().copied().max().unwrap_or(0);
        let mut layer = |layer: usize| -> Result<Option<LayerMemory>, String> {
            let mut tensor = |name: &str, [rows, columns]: [usize; 2]| {
                saved.tensor(&format!("layers.{layer}.{name}"), [batch, n_heads, rows, columns], device)
            };
            let matrix = tensor("matrix", [head_dim, head_dim])?;
            let normaliser = tensor("normaliser", [head_dim, 1])?;
            let unfinished = match held {
                0 => None,
                held => Some([tensor("key", [held, head_dim])?, tensor("value", [held, head_dim])?]),
            };
            Ok(Some(LayerMemory { finished: CompressiveMemory { matrix, normaliser }, unfinished }))
        };
        let layers = (0..n_layers).map(&mut layer).collect::<Result<_, _>>()?;
        Ok(Self { filled, layers, keeps: true })
    }
}

impl Cache for InfiniCache {
    fn select(&mut self, rows: &[usize]) {
        // Before the first token all texts are alike.
        if !self.filled.is_empty() {
            self.filled = rows.iter().map(|&row| self.filled[row]).collect();
        }
        // The text that had come furthest in its segment may not be among them.
        let held = self.filled.iter().copied().max().unwrap_or(0);
        for LayerMemory { finished, unfinished } in self.layers.iter_mut().flatten() {
            finished.matrix = select_texts(&finished.matrix, rows);
            finished.normaliser = select_texts(&finished.normaliser, rows);
            let kept = unfinished.take().filter(|_| held > 0);
            *unfinished = kept.map(|kept| kept.map(|kept| select_texts(&kept, rows).narrow(2, 0, held)));
        }
    }

    fn boxed_clone(&self) -> Box<dyn Cache> {
        Box::new(self.clone())
    }

    fn tensors(&self) -> BTreeMap<String, Held> {
        let mut tensors = BTreeMap::new();
        if !self.filled.is_empty() {
            let filled: Vec<i64> = self.filled.iter().map(|&tokens| tokens as i64).collect();
            tensors.insert("filled".to_owned(), Held::from(TensorData::new(filled, [self.filled.len()])));
        }
        for (layer, memory) in self.layers.iter().enumerate() {
            let Some(LayerMemory { finished, unfinished }) = memory else { continue };
            let mut insert = |name: &str, tensor: &Tensor<4>| {
                tensors.insert(format!("layers.{layer}.{name}"), tensor.clone().into());
            };
            insert("matrix", &finished.matrix);
            insert("normaliser", &finished.normaliser);
            if let Some([key, value]) = unfinished {
                insert("key", key);
                insert("value", value);
            }
        }
        tensors
    }

    /// Padding never entered the memory, so what was padding need not be known.
    fn needs_past_mask(&self) -> bool {
        false
    }
}
