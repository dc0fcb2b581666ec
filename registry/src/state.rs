//! A decoder's state in a file, to go on from later: safetensors, with the model it belongs to in the header.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use serde_json::{Map, Value};

use crate::decode::DecodeState;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::weights::{self, SafetensorsWeights, WeightSource};

/// What a file says it is. The number grows when files of before can no longer be read.
const KIND: &str = "zoo decode state 1";
/// The name under which it is known which tokens were padding.
const SEEN: &str = "seen";

/// The tensors of a saved state, for the cache that takes them back.
#[derive(Debug, Clone)]
pub struct Saved {
    batch: usize,
    read: usize,
    tensors: BTreeMap<String, TensorData>,
}

impl Saved {
    /// Texts.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Tokens read of each, padding included; if none, the cache is as it was at the start.
    pub fn read(&self) -> usize {
        self.read
    }

    /// Takes the tensor `name`, which must have this shape, onto `device`.
    ///
    /// # Errors
    /// What was expected and what was found, as a clause.
    pub fn tensor<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
        device: &Device,
    ) -> Result<Tensor<D>, String> {
        let data = self.take(name, &shape)?;
        if !data.dtype().is_float() {
            return Err(format!("expected `{name}` of numbers with a point, found {:?}", data.dtype()));
        }
        Ok(Tensor::from_data(data, device))
    }

    /// Takes the counts `name`, one a text, each from 0 to `end`, exclusive.
    ///
    /// # Errors
    /// What was expected and what was found, as a clause.
    pub fn counts(&mut self, name: &str, end: usize) -> Result<Vec<usize>, String> {
        let data = self.take(name, &[self.batch])?;
        let counts = data.try_to_vec::<i64>().map_err(|_| format!("expected `{name}` of integers"))?;
        let count = |count: i64| usize::try_from(count).ok().filter(|&count| count < end);
        let refuse = |found| format!("expected `{name}` from 0 to {}, found {found}", end.saturating_sub(1));
        counts.into_iter().map(|found| count(found).ok_or_else(|| refuse(found))).collect()
    }

    fn take(&mut self, name: &str, shape: &[usize]) -> Result<TensorData, String> {
        let data = self.tensors.remove(name).ok_or_else(|| format!("expected a tensor `{name}`, found none"))?;
        let found = data.shape().to_vec();
        if found == shape { Ok(data) } else { Err(format!("expected `{name}` of shape {shape:?}, found {found:?}")) }
    }
}

/// Writes a state of this model.
pub(crate) fn write(state: &DecodeState, (model, config): (&str, &Map<String, Value>), to: &Path) -> Result<()> {
    let mut tensors: BTreeMap<String, TensorData> =
        state.cache.tensors().into_iter().map(|(name, data)| (format!("cache.{name}"), data)).collect();
    if let Some(seen) = &state.seen {
        tensors.insert(SEEN.to_owned(), TensorData::new(seen.as_slice().to_vec(), seen.dims()));
    }
    let config = serde_json::to_string(config).unwrap_or_default();
    let header = [
        ("kind", KIND.to_owned()),
        ("model", model.to_owned()),
        ("config", config),
        ("batch", state.batch.to_string()),
        ("len", state.len.to_string()),
    ];
    weights::write(to, &tensors, header.map(|(key, value)| (key.to_owned(), value)).into())
}

/// A state's parts, read back and compared with the model that asks.
pub(crate) struct Read {
    pub(crate) seen: Option<Rows<bool>>,
    pub(crate) saved: Saved,
}

/// Reads a state of this model. Files are not trusted.
pub(crate) fn read((model, config): (&str, &Map<String, Value>), from: &Path) -> Result<Read> {
    let refuse = |reason: String| refused(model, from, reason);
    let file = SafetensorsWeights::open(from)?;
    let header = |key: &str| file.header().get(key).map_or("", String::as_str);
    if header("kind") != KIND {
        return Err(refuse("the file is no saved state, or one of another version".into()));
    }
    if header("model") != model {
        return Err(refuse(format!("it was saved by `{}`", header("model"))));
    }
    let theirs: Map<String, Value> =
        serde_json::from_str(header("config")).map_err(|error| refuse(format!("its configuration: {error}")))?;
    let differs = |field: &&String| theirs.get(*field) != config.get(*field);
    let fields: Vec<String> = config.keys().chain(theirs.keys()).filter(differs).map(|f| format!("`{f}`")).collect();
    if let Some(field) = fields.first() {
        return Err(refuse(format!("it was saved by a model of another configuration: another {field}")));
    }
    let number = |key: &str| {
        header(key).parse::<usize>().map_err(|_| refuse(format!("expected a number as `{key}`, found `{}`", header(key))))
    };
    let (batch, len) = (number("batch")?, number("len")?);
    if batch == 0 {
        return Err(refuse("expected at least one text, found none".into()));
    }
    let mut seen = None;
    let mut tensors = BTreeMap::new();
    for name in file.tensors().keys() {
        let data = file.read(name)?;
        match name.strip_prefix("cache.") {
            Some(name) => {
                tensors.insert(name.to_owned(), data);
            }
            None if name == SEEN && data.shape().to_vec() == [batch, len] => {
                seen = Rows::from_flat(batch, len, data.iter::<u8>().map(|real| real != 0).collect());
            }
            None => return Err(refuse(format!("expected `{SEEN}` of shape [{batch}, {len}], found `{name}`"))),
        }
    }
    Ok(Read { seen, saved: Saved { batch, read: len, tensors } })
}

/// Everything that was saved must have been taken back.
pub(crate) fn all_taken(saved: &Saved) -> Result<(), String> {
    match saved.tensors.keys().next() {
        None => Ok(()),
        Some(name) => Err(format!("it holds `{name}`, which this model does not remember")),
    }
}

pub(crate) fn refused(model: &str, path: &Path, reason: String) -> Error {
    Error::State { path: path.to_owned(), model: model.to_owned(), reason }
}
