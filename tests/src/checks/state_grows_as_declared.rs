//! What is remembered of a text grows with its length by what its layers' keys and values take, or not at all.
//!
//! # How
//!
//! Texts of several lengths are read, and the bytes of the state are counted. A layer that sees all of the past adds two
//! vectors of `head_dim` numbers a token for each head of keys; a layer with a window may stop at the window; a layer that
//! works in segments adds nothing from one segment to the next, however many there are: 1, 4 and 16 times as long, the state is as
//! large. A byte a token may say which of it was padding. The lengths are whole segments, and the same again with a
//! segment begun.
//!
//! # Catches
//!
//! - a memory that grows
//! - keys kept for every head of queries where heads share them
//! - a second copy, or hidden states, kept beside keys and values
//! - a state that forgets: less than the keys and values it needs
//!
//! # Seen
//!
//! - [rajveer43/VeloxQuant-MLX #274](https://github.com/rajveer43/VeloxQuant-MLX/issues/274): a cache that was to keep a
//!   window dropped nothing, while it told the length of the window.
//! - [antonellof/ferrox #61](https://github.com/antonellof/ferrox/issues/61): models with windows took the memory of full
//!   attention, for nothing behind a window was dropped.
//!
//! # Fix
//!
//! The message tells the bytes a token found and expected. Twice as many is a copy; a multiple of the heads is an expansion before
//! the cache instead of after it. `tensors` of the cache lists what is kept.

use serde_json::{Map, Value};
use zoo_registry::{Logits, Pattern};

use crate::check::{Finding, Stop, Verdict, require};
use crate::flow;
use crate::inputs;
use crate::values::Stream;
use crate::writers::{Writer, writers};

/// Texts in a state.
const BATCH: usize = 2;
/// Lengths, in segments or tokens.
const TIMES: [usize; 5] = [1, 2, 4, 8, 16];
/// Bytes of an f32.
const NUMBER: usize = 4;

pub(super) fn run(subject: &crate::Subject<'_>) -> Verdict {
    let mut told = Vec::new();
    for writer in writers(subject)? {
        let head = &writer.variant.head;
        told.push(format!("`{head}` {}", grows(&writer)?));
    }
    Ok(Finding::seen(told.join(", ")))
}

fn grows(writer: &Writer) -> Result<String, Stop> {
    let layers = writer.model.patterns().layers;
    let unit = key_and_value(writer.model.config())?;
    let all = |which: fn(&Pattern) -> bool| layers.iter().filter(|layer| which(layer)).count() * unit;
    let least = all(|layer| matches!(layer, Pattern::Full | Pattern::Causal));
    let most = least + all(|layer| matches!(layer, Pattern::Banded { .. }));
    let segment = layers.iter().map(|layer| if let Pattern::Segments { segment } = layer { *segment } else { 1 });
    // Whole segments of every layer.
    let step = segment.fold(1usize, |a, b| if a.is_multiple_of(b) { a } else { a * b });
    let longest = flow::limits_of(writer.model.as_ref(), Stream::Target)?.max_positions.unwrap_or(usize::MAX);
    let mut found = 0;
    for begun in if step > 1 { vec![0, 1, step - 1] } else { vec![0] } {
        let lengths: Vec<usize> =
            TIMES.iter().map(|times| times * step + begun).filter(|&len| len <= longest).collect();
        require(lengths.len() >= 3, || format!("{longest} positions are too few to see a state grow"))?;
        let bytes = lengths.iter().map(|&len| bytes_after(writer, len)).collect::<Result<Vec<_>, _>>()?;
        for (at, pair) in bytes.windows(2).enumerate() {
            let tokens = BATCH * (lengths[at + 1] - lengths[at]);
            let grown = pair[1].saturating_sub(pair[0]);
            // A byte a token for padding.
            let fits = (least * tokens..=(most + 1) * tokens).contains(&grown) && grown.is_multiple_of(tokens);
            require(fits && pair[1] >= pair[0], || {
                format!(
                    "head `{}`: from {} to {} tokens the state grows by {:.2} bytes a token, expected {least} to {most} and one \
                     for padding",
                    writer.variant.head,
                    lengths[at],
                    lengths[at + 1],
                    grown as f64 / tokens as f64
                )
            })?;
            found = grown / tokens;
        }
    }
    Ok(format!("{found} bytes a token"))
}

/// Bytes of a token's key and value in one layer, by the configuration's sizes.
fn key_and_value(config: &Map<String, Value>) -> Result<usize, Stop> {
    let number = |field: &str| config.get(field).and_then(Value::as_u64).map(|n| n as usize);
    let lacks = |field: &str| Stop::fails(format!("its configuration has no `{field}` to tell the size of keys by"));
    let heads = number("n_heads").ok_or_else(|| lacks("n_heads"))?;
    let keys = number("n_kv_heads").unwrap_or(heads);
    let width = || number("d_model").map(|width| width / heads.max(1));
    let head_dim = number("head_dim").or_else(width).ok_or_else(|| lacks("head_dim"))?;
    Ok(2 * keys * head_dim * NUMBER)
}

fn bytes_after(writer: &Writer, len: usize) -> Result<usize, Stop> {
    let streams = inputs::streams(writer.model.as_ref())?;
    let reading = inputs::reading(&streams, |stream, limits| {
        let len = if stream == Stream::Target { len } else { 5 };
        inputs::texts(limits, &format!("remembered {stream:?}"), BATCH, len)
    })?;
    let decoder = writer.decoder()?;
    let mut state = decoder.start(BATCH, reading.before_writing().as_ref())?;
    decoder.advance(&mut state, &reading.target, Logits::Last)?;
    Ok(state.bytes())
}
