//! A state whose rows are moved, repeated or dropped is the state of those rows, however they came there.
//!
//! # How
//!
//! Three texts, padded on the left with random ids, are read up to a point, and an encoder–decoder's three sources
//! before. The rows are put into another order, as many, more and fewer: at once; by way of more rows than there were;
//! and by starting anew with the texts in that order. All three must go on alike, within noise, and those that only moved
//! rows must save the same numbers, bit for bit. Sources or tokens of more texts than a state has, or of fewer, are
//! refused. After every token each text is left alone with its state, which must be taken up again from a file. The guard: of rows that are left as they were, the scores differ far more than noise.
//!
//! # Catches
//!
//! - rows that move only where their number changes
//! - padding, a source or a count that stays behind when rows move
//! - a source too many, or one for all
//! - room for what only a text that has left needed
//!
//! # Seen
//!
//! - [huggingface/transformers #46612](https://github.com/huggingface/transformers/issues/46612): beam search moved the
//!   rows of caches with one name only, so Mamba, XLNet, RWKV and Reformer wrote on from other beams' memories.
//! - [bigscience-workshop/petals #571](https://github.com/bigscience-workshop/petals/issues/571): memories kept elsewhere
//!   had to be told when beams change places, and were not.
//!
//! # Fix
//!
//! Look at the cache's `select` and count what it holds: keys, values, what was read of a source and which of it is
//! padding, how far each text has come. Each has a row a text, and each must be selected, whatever the number of rows.
//! What is shared by all texts of one prompt, as the source is in beam search, still moves when texts do.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::TensorData;
use zoo_registry::weights::{SafetensorsWeights, WeightSource};
use zoo_registry::{DecodeState, Error, Logits};

use crate::check::{Stop, Verdict, require};
use crate::inputs::Reading;
use crate::reader::{Reader, Scores};
use crate::subject::Subject;
use crate::values::{VISIBLE, Worst};
use crate::writers::writers;

/// As many rows in another order, more of them, and fewer.
const MOVES: [&[usize]; 3] = [&[2, 0, 1], &[1, 1, 2, 0], &[2, 1]];
/// Every row twice: more than any move keeps.
const TWICE: [usize; 6] = [0, 0, 1, 1, 2, 2];

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    for writer in writers(subject)? {
        let decoder = writer.decoder()?;
        let reader = Reader::new(subject, &writer.variant, writer.model.as_ref(), decoder)?;
        for rows in MOVES {
            moved(&reader, rows, &mut worst)?;
        }
        each_is_left_alone(&reader)?;
        others_are_refused(&reader)?;
    }
    worst.verdict("three texts moved in three ways, by three ways to each")
}

/// The state of the texts at `rows`, by three ways.
fn moved(reader: &Reader<'_>, rows: &[usize], worst: &mut Worst) -> Result<(), Stop> {
    let (cut, len) = (reader.len() / 2, reader.len());
    let reading = reader.reading.select(rows);
    let rest = reading.target.columns(cut, len);
    let read = |reading: &Reading| -> Result<DecodeState, Stop> {
        let mut state = reader.start_on(reading)?;
        reader.decoder.advance(&mut state, &reading.target.columns(0, cut), Logits::Last)?;
        Ok(state)
    };
    let mut anew = read(&reading)?;
    let mut at_once = read(&reader.reading)?;
    let mut detour = at_once.clone();
    at_once.select(rows);
    detour.select(&TWICE);
    detour.select(&rows.iter().map(|row| 2 * row + 1).collect::<Vec<_>>());
    let [a, b] = [&at_once, &detour].map(|state| saved(reader, state));
    let (a, b) = (a?, b?);
    let other = a.keys().chain(b.keys()).find(|name| a.get(*name) != b.get(*name));
    require(other.is_none(), || {
        format!("rows {rows:?}: `{}` is another by way of more rows", other.map_or("", String::as_str))
    })?;

    let go_on = |state: &mut DecodeState| -> Result<Scores, Stop> {
        require(state.len() == cut, || {
            format!("{cut} tokens read, the state with rows {rows:?} says {}", state.len())
        })?;
        Ok(Scores::of(reader.decoder.advance(state, &rest, Logits::Every)?))
    };
    let expected = go_on(&mut anew)?;
    for (mut state, way) in [(at_once, "at once"), (detour, "by way of more rows")] {
        let found = go_on(&mut state)?;
        reader.compare(&found, &expected, &rest, 0, worst, &format!("rows {rows:?} {way}"));
    }
    if rows.len() == reader.tokens().input_ids.dims()[0] {
        let stayed = go_on(&mut read(&reader.reading)?)?;
        let apart = reader.furthest(&stayed, &expected, &rest);
        require(apart > VISIBLE, || {
            format!("rows that stay are {apart:.1} × noise from rows {rows:?}, so nothing is seen")
        })?;
    }
    Ok(())
}

/// Of texts that have come to different places, one alone: what it leaves in a file is a state, whoever was furthest.
fn each_is_left_alone(reader: &Reader<'_>) -> Result<(), Stop> {
    let folder = tempfile::tempdir().map_err(|error| Stop::fails(format!("no temporary folder: {error}")))?;
    let path = folder.path().join("state.safetensors");
    let mut state = reader.start()?;
    let [texts, _] = reader.tokens().input_ids.dims();
    for read in 1..=reader.len() {
        reader.decoder.advance(&mut state, &reader.tokens().columns(read - 1, read), Logits::Last)?;
        for row in 0..texts {
            let mut alone = state.clone();
            alone.select(&[row]);
            reader.model.save_state(&alone, &path)?;
            let resumed = reader.model.resume(&path);
            let refused = |error| Stop::fails(format!("text {row}, left alone after {read} tokens and saved: {error}"));
            let found = resumed.map_err(refused)?.len();
            require(found == read, || {
                format!("text {row} alone has {read} tokens read, the resumed state says {found}")
            })?;
        }
    }
    Ok(())
}

/// What a state is when it is set aside.
fn saved(reader: &Reader<'_>, state: &DecodeState) -> Result<BTreeMap<String, TensorData>, Stop> {
    let folder = tempfile::tempdir().map_err(|error| Stop::fails(format!("no temporary folder: {error}")))?;
    let path = folder.path().join("state.safetensors");
    reader.model.save_state(state, &path)?;
    read_all(&path)
}

fn read_all(path: &Path) -> Result<BTreeMap<String, TensorData>, Stop> {
    let file = SafetensorsWeights::open(path)?;
    file.tensors().keys().map(|name| Ok((name.clone(), file.read(name)?))).collect()
}

/// More texts than there are, and fewer, are an error of the input.
fn others_are_refused(reader: &Reader<'_>) -> Result<(), Stop> {
    let refused = |what: &str, result: Result<(), Error>| match result {
        Err(Error::Input { .. }) => Ok(()),
        Err(error) => Err(Stop::fails(format!("{what} is another error: {error}"))),
        Ok(()) => Err(Stop::fails(format!("{what} is accepted"))),
    };
    let source = reader.reading.before_writing();
    for texts in [2, 4] {
        if source.is_some() {
            let started = reader.decoder.start(texts, source.as_ref());
            refused(&format!("a state of {texts} texts with three sources"), started.map(drop))?;
        }
        let mut state = reader.start()?;
        let rows: Vec<usize> = (0..texts).map(|row| row % 3).collect();
        let tokens = reader.tokens().select(&rows).columns(0, 1);
        let read = reader.decoder.advance(&mut state, &tokens, Logits::Last);
        refused(&format!("tokens of {texts} texts for a state of three"), read.map(drop))?;
        require(state.is_empty(), || format!("tokens of {texts} texts are refused and counted"))?;
    }
    Ok(())
}
