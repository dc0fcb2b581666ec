//! Texts read on from what is remembered, against texts read at once.

use std::collections::BTreeSet;

use burn::tensor::Tensor;
use zoo_registry::output::Record;
use zoo_registry::{Decode, DecodeState, HeadOutput, Logits, Model, Rows, Side, Tokens};

use crate::check::{Stop, require};
use crate::inputs::{self, Reading};
use crate::subject::{Subject, Variant};
use crate::values::{Noise, Stream, VISIBLE, Worst, gap};

/// Three texts, padded on the left, and who reads them.
pub(crate) struct Reader<'a> {
    pub(crate) model: &'a dyn Model,
    pub(crate) decoder: &'a dyn Decode,
    pub(crate) reading: Reading,
    noise: Noise,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        subject: &Subject<'_>,
        variant: &Variant,
        model: &'a dyn Model,
        decoder: &'a dyn Decode,
    ) -> Result<Self, Stop> {
        let whole = inputs::random_reading(model, "cached", 3)?;
        let noise = subject.noise(variant, &[whole.input()])?;
        let reading = Reading {
            source: whole.source.map(|source| inputs::masked(source, &[0, 3, 1], Side::Left)).transpose()?,
            target: inputs::masked(whole.target, &[2, 0, 5], Side::Left)?,
        };
        Ok(Self { model, decoder, reading, noise })
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.reading.target
    }

    pub(crate) fn len(&self) -> usize {
        self.tokens().input_ids.dims()[1]
    }

    pub(crate) fn start(&self) -> Result<DecodeState, Stop> {
        self.start_on(&self.reading)
    }

    pub(crate) fn start_on(&self, reading: &Reading) -> Result<DecodeState, Stop> {
        Ok(self.decoder.start(reading.target.input_ids.dims()[0], reading.before_writing().as_ref())?)
    }

    /// Scores of every position, read at once.
    pub(crate) fn at_once(&self, reading: &Reading) -> Result<Scores, Stop> {
        match self.model.forward(&reading.input(), Record::NOTHING)?.head {
            HeadOutput::NextTokenLogits(logits) => Ok(Scores::of(logits)),
            _ => Err(Stop::fails("the head's answer changed its kind")),
        }
    }

    /// Cut so that a piece of every length is read after a past of every length.
    pub(crate) fn splits(&self, worst: &mut Worst) -> Result<(), Stop> {
        for pieces in covering(self.len()) {
            self.split(&self.reading, &pieces, worst)?;
        }
        let holes = self.with_holes();
        for pieces in [vec![1; self.len()], vec![self.len() / 2, self.len() - self.len() / 2]] {
            self.split(&holes, &pieces, worst)?;
        }
        let whole = self.at_once(&self.reading)?;
        let mut state = self.start()?;
        let last = Scores::of(self.decoder.advance(&mut state, self.tokens(), Logits::Last)?);
        require(last.len == 1, || format!("asked for the last scores, found those of {} positions", last.len))?;
        self.compare(&last, &whole, self.tokens(), self.len() - 1, worst, "the last scores alone");
        Ok(())
    }

    /// A text read in these pieces, against the whole.
    fn split(&self, reading: &Reading, pieces: &[usize], worst: &mut Worst) -> Result<(), Stop> {
        let (whole, tokens) = (self.at_once(reading)?, &reading.target);
        let mut state = self.start_on(reading)?;
        let mut from = 0;
        for piece in pieces {
            let next = tokens.columns(from, from + piece);
            let scores = Scores::of(self.decoder.advance(&mut state, &next, Logits::Every)?);
            self.compare(&scores, &whole, tokens, from, worst, &format!("pieces of {pieces:?}"));
            from += piece;
        }
        require(state.len() == self.len(), || format!("{} tokens read, the state says {}", self.len(), state.len()))
    }

    /// The same texts with padding between their tokens: each row's own, some of it before the first.
    fn with_holes(&self) -> Reading {
        let [batch, len] = self.tokens().input_ids.dims();
        let real = |row: usize, at: usize| !(at * (row + 2) + row).is_multiple_of(5) || at + 1 == len;
        let mask = (0..batch).map(|row| (0..len).map(|at| real(row, at)).collect::<Vec<_>>()).collect::<Vec<_>>();
        let target = Tokens { attention_mask: Rows::new(&mask), ..self.tokens().clone() };
        self.reading.with(Stream::Target, target)
    }

    /// Copies and their original read on in turn: rows selected and repeated, and as many rows in another order, which is what a
    /// beam search keeps.
    pub(crate) fn copies(&self, worst: &mut Worst) -> Result<(), Stop> {
        for rows in [&[2, 0, 0, 1][..], &[2, 0, 1]] {
            self.copy(rows, worst)?;
        }
        Ok(())
    }

    fn copy(&self, rows: &[usize], worst: &mut Worst) -> Result<(), Stop> {
        let len = self.len();
        let cut = len / 2;
        let copied_reading = {
            let Reading { source, target: tokens } = self.reading.select(rows);
            // From the cut on, the copy reads the ids in another order.
            let ids = tokens.input_ids.rows().map(|row| {
                let mut row = row.to_vec();
                row[cut..].reverse();
                row
            });
            let input_ids = Rows::new(&ids.collect::<Vec<_>>()).ok_or_else(|| Stop::fails("expected texts"))?;
            Reading { source, target: Tokens { input_ids, ..tokens } }
        };
        let copied = &copied_reading.target;
        let (original_whole, copied_whole) = (self.at_once(&self.reading)?, self.at_once(&copied_reading)?);
        let mut original = self.start()?;
        self.decoder.advance(&mut original, &self.tokens().columns(0, cut), Logits::Last)?;
        let mut copy = original.clone();
        copy.select(rows);
        for from in cut..len {
            let scores = Scores::of(self.decoder.advance(&mut copy, &copied.columns(from, from + 1), Logits::Every)?);
            self.compare(&scores, &copied_whole, copied, from, worst, &format!("a copy with rows {rows:?}"));
            let next = self.tokens().columns(from, from + 1);
            let scores = Scores::of(self.decoder.advance(&mut original, &next, Logits::Every)?);
            self.compare(&scores, &original_whole, self.tokens(), from, worst, "an original beside its copy");
        }
        Ok(())
    }

    /// Two memories that differ in what was read alone, read on in turn.
    pub(crate) fn sources(&self, worst: &mut Worst) -> Result<(), Stop> {
        const ROWS: [usize; 3] = [1, 2, 0];
        let Some(source) = &self.reading.source else { return Ok(()) };
        let other = Reading { source: Some(source.select(&ROWS)), ..self.reading.clone() };
        let readings = [&self.reading, &other];
        let mut wholes = Vec::new();
        let mut states = Vec::new();
        for reading in readings {
            wholes.push(self.at_once(reading)?);
            states.push(self.start_on(reading)?);
        }
        let last = self.len() - 1;
        let apart = self.noise.multiple(LOGITS, gap(wholes[0].at(0, last), wholes[1].at(0, last)));
        require(apart > VISIBLE, || {
            format!("of two sources the scores are {apart:.1} × noise apart, so nothing is seen")
        })?;
        for from in 0..=last {
            for (state, whole) in states.iter_mut().zip(&wholes) {
                let next = self.tokens().columns(from, from + 1);
                let scores = Scores::of(self.decoder.advance(state, &next, Logits::Every)?);
                self.compare(&scores, whole, self.tokens(), from, worst, "one of two sources");
            }
        }
        Ok(())
    }

    /// Scores of `tokens` from position `from` on, against those of the whole, where tokens are real.
    pub(crate) fn compare(
        &self,
        found: &Scores,
        whole: &Scores,
        tokens: &Tokens,
        from: usize,
        worst: &mut Worst,
        what: &str,
    ) {
        let mask = tokens.mask();
        for row in 0..found.batch {
            for at in (0..found.len).filter(|at| mask.row(row)[from + at]) {
                let error = gap(found.at(row, at), whole.at(row, from + at));
                worst.see(self.noise.multiple(LOGITS, error), || format!("text {row}, position {}, {what}", from + at));
            }
        }
    }

    /// How far the scores of the tokens `rest` are from what else was said of the same, in multiples of the noise.
    pub(crate) fn furthest(&self, found: &Scores, other: &Scores, rest: &Tokens) -> f64 {
        let mut worst = Worst::default();
        self.compare(found, other, rest, 0, &mut worst, "");
        worst.multiple()
    }

    pub(crate) fn guard(&self) -> Result<(), Stop> {
        let last = self.len() - 1;
        let whole = self.at_once(&self.reading)?;
        let placed = inputs::in_place(self.tokens(), &self.decoder.token_limits()?);
        let alone = self.at_once(&self.reading.with(Stream::Target, placed.columns(last, last + 1)))?;
        // A text whose last token begins a segment may have forgotten all before it.
        let apart = |row: usize| self.noise.multiple(LOGITS, gap(alone.at(row, 0), whole.at(row, last)));
        let apart = (0..whole.batch).map(apart).fold(0.0, f64::max);
        require(apart > VISIBLE, || {
            format!("without the past the scores are {apart:.1} × noise away, so nothing is seen")
        })
    }
}

/// Scores on the host.
pub(crate) struct Scores {
    batch: usize,
    len: usize,
    vocab: usize,
    data: Vec<f32>,
}

impl Scores {
    pub(crate) fn of(logits: Tensor<3>) -> Self {
        let [batch, len, vocab] = logits.dims();
        Self { batch, len, vocab, data: logits.into_data().iter::<f32>().collect() }
    }

    fn at(&self, row: usize, position: usize) -> &[f32] {
        &self.data[(row * self.len + position) * self.vocab..][..self.vocab]
    }
}

/// Ways to cut `len` tokens, few and such that each piece length is read after each past length in one of them. Each way is
/// the one that has the most such pairs that no way before it has.
fn covering(len: usize) -> Vec<Vec<usize>> {
    let mut missing: BTreeSet<(usize, usize)> =
        (0..len).flat_map(|from| (from + 1..=len).map(move |to| (from, to))).collect();
    let mut ways = Vec::new();
    while !missing.is_empty() {
        // The most missing pieces on a way from each place to the end, and the first of its pieces.
        let mut best = vec![(0, len); len + 1];
        for from in (0..len).rev() {
            let through = |to: usize| (best[to].0 + usize::from(missing.contains(&(from, to))), to);
            best[from] = (from + 1..=len).map(through).max().unwrap_or((0, len));
        }
        let (mut from, mut way) = (0, Vec::new());
        while from < len {
            let to = best[from].1;
            missing.remove(&(from, to));
            way.push(to - from);
            from = to;
        }
        ways.push(way);
    }
    ways
}

/// The name under which noise of scores is recorded.
const LOGITS: &str = "logits";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_read_after_every_past() {
        for len in 1..12 {
            let ways = covering(len);
            let mut seen = BTreeSet::new();
            for way in &ways {
                assert_eq!(way.iter().sum::<usize>(), len);
                let ends = way.iter().scan(0, |from, piece| {
                    *from += piece;
                    Some((*from - piece, *from))
                });
                seen.extend(ends);
            }
            assert_eq!(seen.len(), len * (len + 1) / 2);
            // Of the pieces that cross the middle, no way holds two.
            assert!(ways.len() >= len.div_ceil(2) * (len / 2 + 1) - len / 2, "{len}: {}", ways.len());
            assert!(ways.len() <= len * (len + 1) / 2);
        }
        assert_eq!(covering(9).len(), 25);
    }
}
