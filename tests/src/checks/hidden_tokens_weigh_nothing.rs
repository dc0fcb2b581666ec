//! Tokens that are hidden, by the future or by the mask, weigh nothing, however large their numbers.
//!
//! # How
//!
//! Two tokens are given embeddings ten thousand times as large as others, one of them with the opposite sign. They take the
//! place of everything after a cut, for each cut in turn, where the family declares that no token looks ahead; and of
//! everything under the mask, on either side. Every hidden state, attention map and answer at the other tokens must be the
//! same, bit for bit, as with ordinary tokens there. The guard: where they stand, and with the mask taken away, they do
//! change what is said.
//!
//! # Catches
//!
//! - a mask whose number is too small for large scores
//! - a mask that multiplies after the softmax
//! - a statistic taken over the whole text
//!
//! # Seen
//!
//! - [TransformerLensOrg/TransformerLens #318](https://github.com/TransformerLensOrg/TransformerLens/issues/318): masked
//!   scores were −1e5; a real model's scores on real text lay below, and it attended to what was masked.
//! - [huggingface/transformers #14859](https://github.com/huggingface/transformers/issues/14859): a mask of −1e4 was not
//!   small enough for a T5 in training, whose scores are not scaled.
//!
//! # Fix
//!
//! The message names the first output that moved. If it is the first layer's map, the number that hides is too small, or is added
//! to something already rounded; if maps hold and hidden states move, something besides attention mixes tokens.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use zoo_registry::output::Record;
use zoo_registry::{Model, Rows, Side, Tokens};

use crate::check::{Finding, Stop, Verdict, require};
use crate::inputs::{self, Reading};
use crate::subject::{Subject, Variant};
use crate::values::{Axes, Stream, Values, values};

/// How much larger than others the embeddings of hidden tokens are. Scores grow by as much, and hidden ones must stay far below
/// the rest.
const ENORMOUS: f32 = 1e4;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut cuts, mut masks) = (0, 0);
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        // Fails early for what reads no text.
        let streams = inputs::streams(model.as_ref())?;
        let weights = enlarged(subject, &variant, streams[0].1.vocab_size)?;
        let model = subject.filled(&variant, &subject.device, weights)?;
        let probe = Probe { model: model.as_ref(), head: &variant.head };
        for (stream, limits) in streams {
            let patterns = model.patterns();
            let layers = if stream == Stream::Source { &patterns.source } else { &patterns.layers };
            if !layers.is_empty() && !layers.iter().any(|pattern| pattern.looks_ahead()) {
                cuts += probe.future(stream, limits.vocab_size)?;
            }
            for side in [Side::Left, Side::Right] {
                masks += probe.masked(stream, limits.vocab_size, side)?;
            }
        }
    }
    Ok(Finding::seen(format!("{cuts} cuts and {masks} masked texts, equal bit for bit")))
}

/// Hot weights in which the last two tokens are enormous, one of them negative.
fn enlarged(subject: &Subject<'_>, variant: &Variant, vocab: usize) -> Result<BTreeMap<String, TensorData>, Stop> {
    let modules = subject.architecture.modules(&variant.config)?;
    let table = |path: &str| {
        let (module, _) = path.rsplit_once('.').unwrap_or(("", path));
        modules.at(module).is_some_and(|module| module.kind == "Embedding")
    };
    let mut found = 0;
    let mut weights = subject.hot_weights(variant)?;
    for (path, data) in &mut weights {
        let shape = data.shape().to_vec();
        if !(table(path) && shape.len() == 2 && shape[0] == vocab) {
            continue;
        }
        found += 1;
        let mut numbers: Vec<f32> = data.iter::<f32>().collect();
        let (from, width) = ((vocab - 2) * shape[1], shape[1]);
        numbers[from..from + width].iter_mut().for_each(|x| *x *= -ENORMOUS);
        numbers[from + width..].iter_mut().for_each(|x| *x *= ENORMOUS);
        *data = TensorData::new(numbers, shape);
    }
    require(found > 0, || format!("no table of {vocab} tokens among its embeddings"))?;
    Ok(weights)
}

struct Probe<'a> {
    model: &'a dyn Model,
    head: &'a str,
}

impl Probe<'_> {
    /// The number of cuts after which nothing reaches back.
    fn future(&self, stream: Stream, vocab: usize) -> Result<usize, Stop> {
        let rows = inputs::random_reading(self.model, "future", 1)?;
        let len = rows.of(stream).map_or(0, |tokens| tokens.input_ids.dims()[1]);
        let rows = rows.select(&vec![0; len - 1]);
        // Row r is cut after r + 1 tokens.
        let hidden = |row: usize, at: usize| at > row;
        let (ordinary, enormous) = self.pair(&rows, stream, vocab, hidden)?;
        let all: Vec<usize> = (0..len.max(self.len(&rows, Stream::Source))).collect();
        let mut moved = false;
        for (before, after) in ordinary.iter().zip(&enormous) {
            if before.axes == Axes::Text {
                continue;
            }
            for row in 0..len - 1 {
                let (seen, rest) = (&all[..=row], &all[row + 1..len]);
                let positions = |of: Stream| if of == stream { seen } else { &all[..self.len(&rows, of)] };
                let what = || format!("the future after {} tokens", row + 1);
                self.same(before, after, row, positions, what)?;
                let later = |of: Stream| if of == stream { rest } else { &all[..self.len(&rows, of)] };
                moved |= before.part(row, later) != after.part(row, later);
            }
        }
        require(moved, || format!("head `{}`: enormous tokens change nothing where they stand", self.head))?;
        Ok(len - 1)
    }

    /// The number of masked texts.
    fn masked(&self, stream: Stream, vocab: usize, side: Side) -> Result<usize, Stop> {
        const HIDDEN: [usize; 3] = [2, 5, 1];
        let reading = inputs::random_reading(self.model, "masked", HIDDEN.len())?;
        let tokens = reading.of(stream).ok_or_else(|| Stop::fails("expected a text"))?;
        let [_, len] = tokens.input_ids.dims();
        let hides = |row: usize, at: usize| match side {
            Side::Left => at < HIDDEN[row].min(len - 1),
            Side::Right => at >= len - HIDDEN[row].min(len - 1),
        };
        let mask = Rows::new(&[0, 1, 2].map(|row| (0..len).map(|at| !hides(row, at)).collect::<Vec<_>>()));
        let masked = reading.with(stream, Tokens { attention_mask: mask, ..tokens.clone() });
        let (ordinary, enormous) = self.pair(&masked, stream, vocab, hides)?;
        let real: Vec<Vec<usize>> =
            (0..HIDDEN.len()).map(|row| (0..len).filter(|&at| !hides(row, at)).collect()).collect();
        let all: Vec<usize> = (0..self.len(&reading, Stream::Source).max(self.len(&reading, Stream::Target))).collect();
        for (before, after) in ordinary.iter().zip(&enormous) {
            // A text's answer may be read off its first token, which padding on the left takes the place of.
            if before.axes == Axes::Text && side == Side::Left {
                continue;
            }
            for (row, real) in real.iter().enumerate() {
                let positions =
                    |of: Stream| if of == stream { real.as_slice() } else { &all[..self.len(&reading, of)] };
                let what = || format!("what is under the mask on the {side:?}");
                self.same(before, after, row, positions, what)?;
            }
        }
        let (ordinary, enormous) = self.pair(&reading, stream, vocab, hides)?;
        let differs = ordinary.iter().zip(&enormous).any(|(before, after)| before.data != after.data);
        require(differs, || format!("head `{}`: without the mask enormous tokens change nothing", self.head))?;
        Ok(HIDDEN.len())
    }

    fn len(&self, reading: &Reading, stream: Stream) -> usize {
        reading.of(stream).map_or(0, |tokens| tokens.input_ids.dims()[1])
    }

    /// Everything recorded with ordinary tokens where `hidden` says, and with enormous ones.
    fn pair(
        &self,
        reading: &Reading,
        stream: Stream,
        vocab: usize,
        hidden: impl Fn(usize, usize) -> bool,
    ) -> Result<(Vec<Values>, Vec<Values>), Stop> {
        let of = |reading: &Reading| -> Result<Vec<Values>, Stop> {
            Ok(values(&self.model.forward(&reading.input(), Record::ALL)?))
        };
        // No other token is one of the enormous ones.
        let mut ordinary = reading.clone();
        for stream in [Stream::Source, Stream::Target] {
            let Some(tokens) = reading.of(stream) else { continue };
            ordinary = ordinary.with(stream, with_ids(tokens, |_, _, id| id % (vocab as i64 - 2)));
        }
        let tokens = ordinary.of(stream).ok_or_else(|| Stop::fails("expected a text"))?;
        let last = vocab as i64 - 1;
        let enormous =
            with_ids(tokens, |row, at, id| if hidden(row, at) { last - ((row + at) % 2) as i64 } else { id });
        Ok((of(&ordinary)?, of(&ordinary.with(stream, enormous))?))
    }

    fn same<'a>(
        &self,
        before: &Values,
        after: &Values,
        row: usize,
        positions: impl Fn(Stream) -> &'a [usize],
        what: impl Fn() -> String,
    ) -> Result<(), Stop> {
        let bits = |value: &Values| value.part(row, &positions).iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let finite = after.part(row, &positions).iter().all(|x| x.is_finite());
        require(finite && bits(before) == bits(after), || {
            format!("head `{}`, {}: {} is not without weight", self.head, before.name, what())
        })
    }
}

fn with_ids(tokens: &Tokens, id: impl Fn(usize, usize, i64) -> i64) -> Tokens {
    let [batch, len] = tokens.input_ids.dims();
    let ids = tokens.input_ids.as_slice().iter().enumerate().map(|(at, &old)| id(at / len, at % len, old)).collect();
    let input_ids = Rows::from_flat(batch, len, ids).unwrap_or_else(|| tokens.input_ids.clone());
    Tokens { input_ids, ..tokens.clone() }
}
