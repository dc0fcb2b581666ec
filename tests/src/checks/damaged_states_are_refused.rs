//! A file of what was remembered is taken back whole, or refused: what it says of itself and every tensor in it must fit the
//! model that asks.
//!
//! # How
//!
//! With each head that writes, half of three padded texts is read and set aside in a file. Then everything the file says of itself
//! is changed or left out, one thing at a time; every tensor is left out, made narrower along each of its axes, given other
//! numbers than it should hold, or joined by one that nobody asked for; and a file of weights stands in its place. Each
//! must be refused as a state or as a file. The guard: the sound file is taken back.
//!
//! # Catches
//!
//! - a state of another model, or of another version of the format
//! - a tensor that is broadcast because nobody looks at its shape
//! - something saved that is dropped in silence
//!
//! # Seen
//!
//! - [ggml-org/llama.cpp #1260](https://github.com/ggml-org/llama.cpp/pull/1260): a session file whose size was found to be
//!   wrong was told of and loaded all the same.
//! - [abetlen/llama-cpp-python #997](https://github.com/abetlen/llama-cpp-python/issues/997): of two saved states the one that is
//!   smaller than what the context held ended the process.
//! - [foldl/chatllm.cpp #43](https://github.com/foldl/chatllm.cpp/issues/43): a session that an earlier version would have read
//!   crashes the program that loads it.
//!
//! # Fix
//!
//! `resume` of the family's network takes each tensor by its name with the shape it must have, from the configuration and the
//! batch: `Saved::tensor` and `Saved::counts` compare. Where one extent is known to the file alone, read it once and hold
//! the others to it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};
use zoo_registry::{Error, Logits, Model};

use crate::check::{Finding, Stop, Verdict, require};
use crate::plain::{self, Stored};
use crate::reader::Reader;
use crate::subject::Subject;
use crate::writers::{Writer, writers};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (writers, mut tried) = (writers(subject)?, 0);
    for writer in &writers {
        let folder = tempfile::tempdir().map_err(|error| Stop::fails(format!("no temporary folder: {error}")))?;
        let mut bench = Bench::new(subject, writer, folder.path())?;
        bench.says_otherwise()?;
        bench.holds_otherwise()?;
        bench.weights()?;
        tried += bench.tried;
    }
    Ok(Finding::seen(format!("{tried} damaged states of {} heads", writers.len())))
}

/// A model, and a sound file of what it remembers.
struct Bench<'a> {
    head: &'a str,
    model: &'a dyn Model,
    folder: &'a Path,
    tensors: BTreeMap<String, Stored>,
    says: Map<String, Value>,
    tried: usize,
}

impl<'a> Bench<'a> {
    fn new(subject: &Subject<'_>, writer: &'a Writer, folder: &'a Path) -> Result<Self, Stop> {
        let (variant, model, decoder) = (&writer.variant, writer.model.as_ref(), writer.decoder()?);
        let head = &variant.head;
        let reader = Reader::new(subject, variant, model, decoder)?;
        let mut state = reader.start()?;
        decoder.advance(&mut state, &reader.tokens().columns(0, reader.len() / 2), Logits::Last)?;
        let path = folder.join("sound.safetensors");
        model.save_state(&state, &path)?;
        model.resume(&path)?;
        let sound = std::fs::read(&path).map_err(Error::io(&path))?;
        let (tensors, says) = plain::read(&sound).map_err(Stop::fails)?;
        require(!tensors.is_empty() && !says.is_empty(), || {
            format!("head `{head}`: the file of a state holds {} tensors and says {says:?}", tensors.len())
        })?;
        Ok(Self { head, model, folder, tensors, says, tried: 0 })
    }

    /// Each thing the file says, changed and left out.
    fn says_otherwise(&mut self) -> Result<(), Stop> {
        let (says, tensors) = (self.says.clone(), self.tensors.clone());
        for (key, value) in &says {
            let mut without = says.clone();
            without.remove(key);
            self.refused(&without, &tensors, || format!("without its `{key}`"))?;
            let text = value.as_str().unwrap_or_default();
            let parts: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
            let of_parts = others(&parts).into_iter().map(|(part, said)| {
                (format!("`{key}`, in which `{part}` is another"), Value::Object(said).to_string())
            });
            for (what, said) in [(format!("another `{key}`"), format!("{text}x"))].into_iter().chain(of_parts) {
                let mut other = says.clone();
                other.insert(key.clone(), said.into());
                self.refused(&other, &tensors, || format!("with {what}"))?;
            }
        }
        Ok(())
    }

    /// Each tensor, left out and changed, and one too many.
    fn holds_otherwise(&mut self) -> Result<(), Stop> {
        let (says, tensors) = (self.says.clone(), self.tensors.clone());
        for (name, tensor) in &tensors {
            let with = |tensor: Option<Stored>| {
                let mut changed = tensors.clone();
                changed.remove(name);
                changed.extend(tensor.map(|tensor| (name.clone(), tensor)));
                changed
            };
            self.refused(&says, &with(None), || format!("without `{name}`"))?;
            for axis in (0..tensor.shape.len()).filter(|&axis| tensor.shape[axis] > 1) {
                let narrow = with(Some(narrower(tensor, axis)));
                self.refused(&says, &narrow, || format!("with a `{name}` that is narrower along axis {axis}"))?;
            }
            // Of four bytes a number either way; truths are as good as the bytes they are.
            if let "F32" | "I64" = tensor.dtype.as_str() {
                let dtype = if tensor.dtype == "F32" { "I32" } else { "F64" };
                let other = with(Some(Stored { dtype: dtype.to_owned(), ..tensor.clone() }));
                self.refused(&says, &other, || format!("with a `{name}` of numbers of another kind"))?;
            }
            let more: BTreeMap<String, Stored> =
                tensors.clone().into_iter().chain([(format!("{name}.more"), tensor.clone())]).collect();
            self.refused(&says, &more, || format!("with `{name}.more`, which nobody asked for"))?;
        }
        Ok(())
    }

    /// Weights are no state.
    fn weights(&mut self) -> Result<(), Stop> {
        let path = self.folder.join("weights.safetensors");
        self.model.save(&path)?;
        self.tried += 1;
        self.judge(&path, || "of weights".to_owned())
    }

    fn refused(
        &mut self,
        says: &Map<String, Value>,
        tensors: &BTreeMap<String, Stored>,
        what: impl Fn() -> String,
    ) -> Result<(), Stop> {
        self.tried += 1;
        let path = self.folder.join("damaged.safetensors");
        // A new file: the old one may still be mapped.
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, plain::write_saying(says, tensors)).map_err(Error::io(&path))?;
        self.judge(&path, what)
    }

    fn judge(&self, path: &Path, what: impl Fn() -> String) -> Result<(), Stop> {
        match self.model.resume(path) {
            Err(Error::State { .. } | Error::WeightFile { .. }) => Ok(()),
            Err(error) => Err(Stop::fails(format!("head `{}`: a file {} is met with `{error}`", self.head, what()))),
            Ok(_) => {
                Err(Stop::fails(format!("head `{}`: a file {} is taken for a state of the model", self.head, what())))
            }
        }
    }
}

/// Each part of what a file says as JSON, left out and changed.
fn others(parts: &Map<String, Value>) -> Vec<(&String, Map<String, Value>)> {
    let mut found = Vec::new();
    for (part, value) in parts {
        let mut without = parts.clone();
        without.remove(part);
        found.push((part, without));
        let other = match value {
            Value::String(text) => format!("{text}x").into(),
            // Nothing was ever read that often, or in so many texts.
            Value::Number(_) => u64::MAX.into(),
            Value::Object(inner) => {
                let mut inner = inner.clone();
                inner.insert("more".into(), 1.into());
                inner.into()
            }
            _ => continue,
        };
        let mut changed = parts.clone();
        changed.insert(part.clone(), other);
        found.push((part, changed));
    }
    found
}

/// The same with one extent less along an axis: of its numbers the first ones.
fn narrower(tensor: &Stored, axis: usize) -> Stored {
    let mut shape = tensor.shape.clone();
    let each = tensor.bytes.len() / shape.iter().product::<usize>().max(1);
    shape[axis] -= 1;
    let bytes = tensor.bytes[..each * shape.iter().product::<usize>()].to_vec();
    Stored { shape, bytes, ..tensor.clone() }
}
