//! What is saved of a text, resumed, and saved again is the same file, byte for byte.
//!
//! # How
//!
//! Three texts, padded on the left, are read up to a point and saved. Another model with the same weights resumes the file and saves
//! it again. Both files are equal, and so is a third, saved by the first model after that: saving changes nothing. A file of a
//! text that was read further is another file: the guard.
//!
//! # Catches
//!
//! - keys and values exchanged on one of both ways
//! - layers in another order on one of both ways
//! - padding that is resumed otherwise than it was saved
//! - something that is resumed from nowhere
//!
//! # Seen
//!
//! - [SciSharp/LLamaSharp #888](https://github.com/SciSharp/LLamaSharp/issues/888): a session that was saved and
//!   loaded goes on otherwise than the same session kept in memory.
//!
//! # Fix
//!
//! The failure names the first tensor that differs: compare how `tensors` of the cache gives it and how `resume` takes it back.

use std::path::Path;

use zoo_registry::weights::{SafetensorsWeights, WeightSource};
use zoo_registry::{Error, Logits};

use crate::check::{Finding, Stop, Verdict, require};
use crate::reader::Reader;
use crate::subject::Subject;
use crate::writers::writers;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut files = 0;
    for writer in writers(subject)? {
        let head = &writer.variant.head;
        let another = subject.hot(&writer.variant)?;
        let reader = Reader::new(subject, &writer.variant, writer.model.as_ref(), writer.decoder()?)?;
        let folder = tempfile::tempdir().map_err(|error| Stop::fails(format!("no temporary folder: {error}")))?;
        let path = |name: &str| folder.path().join(format!("{name}.safetensors"));
        let (first, second, third) = (path("first"), path("second"), path("third"));
        let mut before = None;
        for read in [0, reader.len() / 2, reader.len()] {
            let mut state = reader.start()?;
            if read > 0 {
                reader.decoder.advance(&mut state, &reader.tokens().columns(0, read), Logits::Last)?;
            }
            reader.model.save_state(&state, &first)?;
            another.save_state(&another.resume(&first)?, &second)?;
            reader.model.save_state(&state, &third)?;
            for (again, whose) in [(&second, "resumed and saved again"), (&third, "saved twice")] {
                if let Some(difference) = difference(&first, again)? {
                    return Err(Stop::fails(format!("head `{head}`, {read} tokens read, {whose}: {difference}")));
                }
            }
            let now = bytes(&first)?;
            require(before.as_ref() != Some(&now), || {
                format!("head `{head}`: {read} tokens change nothing in the file")
            })?;
            before = Some(now);
            files += 1;
        }
    }
    Ok(Finding::seen(format!("{files} states, each saved three times")))
}

/// How two files differ, by the first tensor that does.
fn difference(one: &Path, other: &Path) -> Result<Option<String>, Stop> {
    if bytes(one)? == bytes(other)? {
        return Ok(None);
    }
    let (one, other) = (SafetensorsWeights::open(one)?, SafetensorsWeights::open(other)?);
    for name in one.tensors().keys() {
        if !other.tensors().contains_key(name) {
            return Ok(Some(format!("`{name}` is gone")));
        }
        if one.read(name)? != other.read(name)? {
            return Ok(Some(format!("`{name}` is another")));
        }
    }
    Ok(Some("the tensors of the first file are equal, the rest is not".into()))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Stop> {
    Ok(std::fs::read(path).map_err(Error::io(path))?)
}
