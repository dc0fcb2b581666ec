//! Writing token by token: a state that remembers, and one step at a time.

use std::any::Any;
use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

use crate::batch::{TokenBatch, TokenLimits};
use crate::error::{Error, Result};
use crate::input::{Input, Tokens};
use crate::rows::Rows;
use crate::state::Saved;

/// A model that continues text, remembering what it has read. Equals the uncached forward pass; a check says so.
pub trait Decode {
    /// Nothing read yet, for `batch` texts. An encoder–decoder needs its `source`; a decoder has none.
    ///
    /// # Errors
    /// [`Error::Input`] if a source is missing or was not expected.
    fn start(&self, batch: usize, source: Option<&Input>) -> Result<DecodeState>;

    /// Reads `tokens` after everything before them and scores what comes next: `[batch, seq_len, vocab_size]`, or
    /// `[batch, 1, vocab_size]` for [`Logits::Last`]. `tokens.attention_mask` covers the new tokens only.
    ///
    /// # Errors
    /// [`Error::Input`] if the tokens do not fit the model, the state, or the positions that are left.
    fn advance(&self, state: &mut DecodeState, tokens: &Tokens, logits: Logits) -> Result<Tensor<3>>;

    /// What the text it writes must be: ids and positions.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if it writes none.
    fn token_limits(&self) -> Result<TokenLimits>;
}

/// For which of the new tokens the head is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logits {
    /// For each.
    Every,
    /// For the last one: all that generation needs.
    Last,
}

/// Everything a decoder remembers of a batch of texts.
pub struct DecodeState {
    pub(crate) batch: usize,
    pub(crate) len: usize,
    /// Which tokens were real, where the cache needs to be told again.
    pub(crate) seen: Option<Rows<bool>>,
    pub(crate) cache: Box<dyn Cache>,
}

impl DecodeState {
    /// A state for `batch` texts over an empty cache.
    pub fn new(batch: usize, cache: Box<dyn Cache>) -> Self {
        Self { batch, len: 0, seen: None, cache }
    }

    /// Tokens read so far, padding included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What it takes in memory, in bytes: all numbers of the cache, and a byte a token where the padding must be known. Nothing is
    /// read from the device.
    pub fn bytes(&self) -> usize {
        let seen = self.seen.as_ref().map_or(0, |seen| seen.as_slice().len());
        seen + self.cache.tensors().values().map(Held::bytes).sum::<usize>()
    }

    /// Notes that `mask` was read.
    pub(crate) fn note(&mut self, mask: &Rows<bool>, needs_past: bool) {
        self.len += mask.dims()[1];
        if needs_past {
            self.seen = Some(self.seen.as_ref().map_or_else(|| mask.clone(), |seen| seen.beside(mask)));
        }
    }

    /// Keeps the texts at `rows`, in that order; a text may be kept several times. Beam search follows its beams so.
    pub fn select(&mut self, rows: &[usize]) {
        self.batch = rows.len();
        self.seen = self.seen.as_ref().map(|seen| seen.select(rows));
        self.cache.select(rows);
    }
}

impl Clone for DecodeState {
    fn clone(&self) -> Self {
        Self { batch: self.batch, len: self.len, seen: self.seen.clone(), cache: self.cache.boxed_clone() }
    }
}

/// What the layers of one family remember; its own type behind this trait.
pub trait Cache: Any + Send {
    /// Keeps the texts at `rows`, in that order.
    fn select(&mut self, rows: &[usize]);

    /// An independent copy: what happens to one does not reach the other.
    fn boxed_clone(&self) -> Box<dyn Cache>;

    /// Everything it holds, by name: what is saved of it. [`CausalNetwork::resume`] takes it back.
    fn tensors(&self) -> BTreeMap<String, Held>;

    /// Whether a step must be told which of the tokens before it were padding. A cache that need not be, of a model without a
    /// largest position, makes for a state that does not grow with the text.
    fn needs_past_mask(&self) -> bool {
        true
    }
}

/// A tensor that a cache holds, wherever it lies: its size is known before it is read.
pub struct Held {
    bytes: usize,
    read: Box<dyn FnOnce() -> TensorData>,
}

impl Held {
    /// What it takes in memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Its numbers, on the host.
    pub fn read(self) -> TensorData {
        (self.read)()
    }
}

impl<const D: usize> From<Tensor<D>> for Held {
    fn from(tensor: Tensor<D>) -> Self {
        let bytes = tensor.shape().num_elements() * tensor.dtype().size();
        Self { bytes, read: Box::new(move || tensor.into_data()) }
    }
}

impl From<TensorData> for Held {
    fn from(data: TensorData) -> Self {
        Self { bytes: data.as_bytes().len(), read: Box::new(move || data) }
    }
}

/// The cache of a family behind the trait object.
///
/// # Errors
/// [`Error::Input`] if it is another family's.
pub fn own<'a, C: Cache>(cache: &'a mut dyn Cache, model: &str) -> Result<&'a mut C> {
    let any: &mut dyn Any = cache;
    let refuse =
        || Error::Input { model: model.into(), reason: "expected its own state, found another model's".into() };
    any.downcast_mut().ok_or_else(refuse)
}

/// For decoders without an encoder.
///
/// # Errors
/// What was expected and what was found, if there is a source.
pub fn no_source(source: Option<&Input>) -> Result<(), String> {
    source.map_or(Ok(()), |source| Err(format!("expected no source, found {}", source.kind())))
}

/// The tensor side of [`Decode`], which a family implements.
pub trait CausalNetwork {
    /// What the layers remember before the first token. An encoder–decoder reads its `source` here, once; a decoder refuses
    /// one with [`no_source`].
    ///
    /// # Errors
    /// What was expected and what was found, as a clause.
    fn start(&self, source: Option<&Input>, device: &Device) -> Result<Box<dyn Cache>, String>;

    /// Reads `batch`, appends to `cache`, scores the next token after each new one or the last one.
    /// `batch.attention_mask` covers past and new tokens, `[batch, past + seq_len]`, or the new ones alone if the cache does not
    /// [need](Cache::needs_past_mask) the past.
    ///
    /// # Errors
    /// [`Error::Input`] if the cache is another family's.
    fn step(&self, batch: TokenBatch, cache: &mut dyn Cache, logits: Logits) -> Result<Tensor<3>>;

    /// The cache whose [`tensors`](Cache::tensors) were saved; takes all of them.
    ///
    /// # Errors
    /// What was expected and what was found, as a clause.
    fn resume(&self, saved: &mut Saved, device: &Device) -> Result<Box<dyn Cache>, String>;
}
