//! A decoder's state in a file, to go on from later: safetensors, with the model it belongs to in the header.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::decode::DecodeState;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::weights::{self, SafetensorsWeights, WeightSource};

/// What a file says it is. The number grows when files of before can no longer be read.
const KIND: &str = "zoo decode state 2";
/// The one entry of a file's header, as JSON: the format's library writes several in no order, and a state has one file.
const ENTRY: &str = "zoo";
/// More than any text has: a memory of fixed size does not show how much it has read, and sums of lengths must not overflow.
const MOST_TOKENS: usize = usize::MAX / 4;
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

    /// How far the tensor `name` reaches along `axis`, where nothing else says it: the length of a source.
    ///
    /// # Errors
    /// What was expected and what was found, as a clause.
    pub fn extent(&self, name: &str, axis: usize) -> Result<usize, String> {
        let data = self.tensors.get(name).ok_or_else(|| lacking(name))?;
        let lacks = || format!("expected `{name}` with more than {axis} axes, found {}", data.shape().to_vec().len());
        data.shape().to_vec().get(axis).copied().ok_or_else(lacks)
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
        let data = self.tensors.remove(name).ok_or_else(|| lacking(name))?;
        let found = data.shape().to_vec();
        if found == shape { Ok(data) } else { Err(format!("expected `{name}` of shape {shape:?}, found {found:?}")) }
    }
}

fn lacking(name: &str) -> String {
    format!("expected a tensor `{name}`, found none")
}

/// Whose state a file is.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    kind: String,
    model: String,
    config: Map<String, Value>,
    /// Texts.
    batch: usize,
    /// Tokens read of each.
    len: usize,
}

/// Writes a state of this model.
pub(crate) fn write(state: &DecodeState, (model, config): (&str, &Map<String, Value>), to: &Path) -> Result<()> {
    let mut tensors: BTreeMap<String, TensorData> =
        state.cache.tensors().into_iter().map(|(name, held)| (format!("cache.{name}"), held.read())).collect();
    if let Some(seen) = &state.seen {
        tensors.insert(SEEN.to_owned(), TensorData::new(seen.as_slice().to_vec(), seen.dims()));
    }
    let header = Header {
        kind: KIND.to_owned(),
        model: model.to_owned(),
        config: config.clone(),
        batch: state.batch,
        len: state.len,
    };
    weights::write(to, &tensors, (ENTRY, &serde_json::to_string(&header).unwrap_or_default()))
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
    let entry: Value = file.header().get(ENTRY).and_then(|entry| serde_json::from_str(entry).ok()).unwrap_or_default();
    if entry["kind"] != KIND {
        return Err(refuse("the file is no saved state, or one of another version".into()));
    }
    let Header { model: theirs, config: their_config, batch, len, .. } =
        serde_json::from_value(entry).map_err(|error| refuse(format!("its header: {error}")))?;
    if theirs != model {
        return Err(refuse(format!("it was saved by `{theirs}`")));
    }
    let differs = |field: &&String| their_config.get(*field) != config.get(*field);
    let fields: Vec<String> =
        config.keys().chain(their_config.keys()).filter(differs).map(|f| format!("`{f}`")).collect();
    if let Some(field) = fields.first() {
        return Err(refuse(format!("it was saved by a model of another configuration: another {field}")));
    }
    if batch == 0 {
        return Err(refuse("expected at least one text, found none".into()));
    }
    if len > MOST_TOKENS {
        return Err(refuse(format!("expected at most {MOST_TOKENS} tokens read, found {len}")));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Cache, Held};
    use serde_json::json;

    /// Remembers these tensors, and nothing of the past's mask.
    #[derive(Clone)]
    struct Kept(BTreeMap<String, TensorData>);

    impl Cache for Kept {
        fn select(&mut self, _rows: &[usize]) {}

        fn boxed_clone(&self) -> Box<dyn Cache> {
            Box::new(self.clone())
        }

        fn tensors(&self) -> BTreeMap<String, Held> {
            self.0.clone().into_iter().map(|(name, data)| (name, data.into())).collect()
        }
    }

    fn config() -> Map<String, Value> {
        json!({ "d_model": 8, "norm_eps": 1e-5 }).as_object().cloned().unwrap_or_default()
    }

    fn state() -> DecodeState {
        let key = TensorData::new(vec![1f32, 2.0, 3.0, 4.0], [2, 2]);
        let filled = TensorData::new(vec![0i64, 3], [2]);
        let mut state = DecodeState::new(2, Box::new(Kept([("key".into(), key), ("filled".into(), filled)].into())));
        state.note(&Rows::new(&[[true, true], [false, true]]).unwrap(), true);
        state
    }

    /// A state as it was written, with a change to one entry of its header.
    fn changed(key: &str, value: Value) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        write(&state(), ("toy", &config()), &path).unwrap();
        let file = SafetensorsWeights::open(&path).unwrap();
        let mut header: Value = serde_json::from_str(&file.header()[ENTRY]).unwrap();
        header[key] = value;
        let tensors = file.tensors().keys().map(|name| (name.clone(), file.read(name).unwrap())).collect();
        weights::write(&path, &tensors, (ENTRY, &header.to_string())).unwrap();
        (folder, path)
    }

    fn refusal(key: &str, value: Value) -> String {
        let (_folder, path) = changed(key, value);
        read(("toy", &config()), &path).err().unwrap().to_string()
    }

    #[test]
    fn what_was_written_is_read() {
        let (_folder, path) = changed("note", json!("of no effect"));
        let Read { seen, mut saved } = read(("toy", &config()), &path).unwrap();
        // Truths come back as the bytes 0 and 1.
        assert_eq!(seen.unwrap().as_slice(), [true, true, false, true]);
        assert_eq!((saved.batch(), saved.read()), (2, 2));
        let key = saved.tensor("key", [2, 2], &Device::flex()).unwrap();
        assert_eq!(key.into_data().iter::<f32>().collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0]);
        assert!(all_taken(&saved).unwrap_err().contains("`filled`"));
        assert_eq!(saved.counts("filled", 4).unwrap(), [0, 3]);
        assert!(all_taken(&saved).is_ok());
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let saved = || read(("toy", &config()), &changed("note", json!("")).1).unwrap().saved;
        let told = saved().tensor::<2>("key", [2, 3], &Device::flex()).unwrap_err();
        assert_eq!(told, "expected `key` of shape [2, 3], found [2, 2]");
        assert!(saved().tensor::<2>("value", [2, 2], &Device::flex()).unwrap_err().contains("found none"));
        assert_eq!(saved().extent("key", 1).unwrap(), 2);
        assert!(saved().extent("key", 2).unwrap_err().contains("more than 2 axes"));
        assert!(saved().extent("value", 0).unwrap_err().contains("found none"));
        assert!(saved().tensor::<1>("filled", [2], &Device::flex()).unwrap_err().contains("with a point"));
        assert_eq!(saved().counts("filled", 3).unwrap_err(), "expected `filled` from 0 to 2, found 3");
    }

    #[test]
    fn states_of_others_are_refused() {
        assert!(refusal("kind", json!("zoo decode state 0")).contains("another version"));
        assert!(refusal("model", json!("plaything")).contains("it was saved by `plaything`"));
        assert!(refusal("config", json!({ "d_model": 16, "norm_eps": 1e-5 })).contains("another `d_model`"));
        assert!(refusal("config", json!({ "d_model": 8, "norm_eps": 1e-5, "more": 1 })).contains("another `more`"));
        assert!(refusal("config", json!("{")).contains("its header: invalid type"));
        assert!(refusal("batch", json!(-1)).contains("its header: invalid value"));
        assert!(refusal("batch", json!(0)).contains("at least one text"));
        assert!(refusal("batch", json!(3)).contains("`seen` of shape [3, 2]"));
        assert!(refusal("len", json!(u64::MAX)).contains("expected at most"));
        assert!(refusal("len", json!(3)).contains("`seen` of shape [2, 3]"));
    }

    #[test]
    fn weights_are_no_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        weights::save(&path, &BTreeMap::new()).unwrap();
        assert!(read(("toy", &config()), &path).err().unwrap().to_string().contains("no saved state"));
    }
}
