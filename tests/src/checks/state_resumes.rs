//! A text that is set aside in a file and taken up again goes on as if it had never been.
//!
//! # How
//!
//! Three texts, padded on the left with random ids, are read up to a point, saved, and read on by another model with the
//! same weights that resumes the file: scored as the whole texts at once, at every real token. The same before the first
//! token. The file cut short, and a model of another configuration, are refused. The guard: without what was read before,
//! the scores differ far more than noise.
//!
//! # Catches
//!
//! - something remembered that is not saved
//! - keys taken for values
//! - padding that is forgotten
//! - a state that any model accepts
//!
//! # Seen
//!
//! - [ggml-org/llama.cpp #827](https://github.com/ggml-org/llama.cpp/issues/827): keys and values were saved and
//!   restored, how many tokens they stand for was not, and the model answered nonsense.
//! - [ggml-org/llama.cpp #730](https://github.com/ggml-org/llama.cpp/issues/730): the first way to read the cache out
//!   was not enough to restore a model from.
//! - [SciSharp/LLamaSharp #888](https://github.com/SciSharp/LLamaSharp/issues/888): a session that was saved and
//!   loaded goes on otherwise than the same session kept in memory.
//!
//! # Fix
//!
//! Compare `tensors` of the cache with what `resume` takes back: each name on both sides, with the same axes. Then
//! ask what else the cache knows: a count, a segment's start, which tokens were padding. A state that another
//! configuration accepts has shapes that are not checked: `Saved::tensor` does it if it is told the expected shape.

use std::path::Path;

use zoo_registry::{Error, Logits};

use crate::check::{Stop, Verdict, require};
use crate::reader::{Reader, Scores};
use crate::subject::{Subject, Variant};
use crate::values::Worst;
use crate::writers::writers;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    for writer in writers(subject)? {
        let folder = tempfile::tempdir().map_err(|error| Stop::fails(format!("no temporary folder: {error}")))?;
        let path = folder.path().join("state.safetensors");
        let reader = Reader::new(subject, &writer.variant, writer.model.as_ref(), writer.decoder()?)?;
        goes_on(subject, &writer.variant, &reader, &path, &mut worst)?;
        reader.guard()?;
        refused(subject, &writer.variant, &path)?;
    }
    worst.verdict("three texts padded on the left, set aside at three points and taken up by another model")
}

/// Saves at several points and compares what the resumed state says of the rest. The last file stays.
fn goes_on(
    subject: &Subject<'_>,
    variant: &Variant,
    reader: &Reader<'_>,
    path: &Path,
    worst: &mut Worst,
) -> Result<(), Stop> {
    let another = subject.hot(variant)?;
    let head = &variant.head;
    let resumes = another.decoder().ok_or_else(|| Stop::fails(format!("head `{head}` decodes once and not twice")))?;
    let (whole, len) = (reader.at_once(&reader.reading)?, reader.len());
    for cut in [0, len - 1, len / 2] {
        let mut state = reader.start()?;
        if cut > 0 {
            reader.decoder.advance(&mut state, &reader.tokens().columns(0, cut), Logits::Last)?;
        }
        reader.model.save_state(&state, path)?;
        let mut state = another.resume(path)?;
        require(state.len() == cut, || format!("{cut} tokens read, the resumed state says {}", state.len()))?;
        let rest = reader.tokens().columns(cut, len);
        let scores = Scores::of(resumes.advance(&mut state, &rest, Logits::Every)?);
        reader.compare(&scores, &whole, reader.tokens(), cut, worst, &format!("set aside after {cut} tokens"));
    }
    Ok(())
}

/// A file that is cut short, and one of another configuration, are refused with a message.
fn refused(subject: &Subject<'_>, variant: &Variant, path: &Path) -> Result<(), Stop> {
    let head = &variant.head;
    let other = subject.architecture.build(&other_config(subject, variant)?, &subject.device)?;
    match other.resume(path) {
        Err(Error::State { .. }) => {}
        Err(error) => return Err(Stop::fails(format!("head `{head}`: refused for another reason: {error}"))),
        Ok(_) => return Err(Stop::fails(format!("head `{head}`: a model of another configuration accepts the state"))),
    }
    let whole = std::fs::read(path).map_err(Error::io(path))?;
    std::fs::write(path, &whole[..whole.len() / 2]).map_err(Error::io(path))?;
    let accepted = subject.hot(variant)?.resume(path).is_ok();
    require(!accepted, || format!("head `{head}`: half a file is accepted"))
}

/// The configuration with the first size that may be doubled doubled.
fn other_config(subject: &Subject<'_>, variant: &Variant) -> Result<serde_json::Map<String, serde_json::Value>, Stop> {
    let doubled = variant.config.iter().filter_map(|(field, value)| {
        let mut config = variant.config.clone();
        config.insert(field.clone(), (value.as_u64()? * 2).into());
        subject.architecture.complete(&config).ok()
    });
    let lacks = || Stop::fails("no size of the configuration may be doubled");
    doubled.into_iter().find(|config| *config != variant.config).ok_or_else(lacks)
}
