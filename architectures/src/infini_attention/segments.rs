//! How a batch is cut so that attention and memory see whole segments: decided on the host, once, for every layer.

use std::collections::BTreeSet;

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use zoo_registry::TokenBatch;

use super::Config;
use crate::blocks::{HIDDEN, Rotary, causal_bias};

/// The batch with every text moved to the left edge: segments are counted from a text's first real token, wherever padding
/// stands.
pub(super) struct Layout {
    /// Real tokens of each text.
    pub(super) real: Vec<usize>,
    /// Which column goes where, and back; `None` where every text begins at the edge already.
    moves: Option<[Tensor<2, Int>; 2]>,
}

impl Layout {
    pub(super) fn of(batch: &TokenBatch) -> Self {
        let [n_texts, len] = batch.dims();
        let Some(mask) = &batch.attention_mask else {
            return Self { real: vec![len; n_texts], moves: None };
        };
        let [_, seen] = mask.dims();
        let mask: Vec<bool> = mask.clone().narrow(1, seen - len, len).into_data().iter().collect();
        let real: Vec<usize> = mask.chunks(len).map(|text| text.iter().filter(|&&real| real).count()).collect();
        if mask.chunks(len).zip(&real).all(|(text, &real)| text[..real].iter().all(|&real| real)) {
            return Self { real, moves: None };
        }
        let (mut to_edge, mut back) = (Vec::with_capacity(mask.len()), vec![0; mask.len()]);
        for (row, text) in mask.chunks(len).enumerate() {
            // Real tokens in their order, then the rest.
            let of = |wanted: bool| (0..len).filter(move |&at| text[at] == wanted);
            for (to, from) in of(true).chain(of(false)).enumerate() {
                to_edge.push(from as i64);
                back[row * len + from] = to as i64;
            }
        }
        let device = batch.device();
        let moves = [to_edge, back].map(|at| Tensor::from_data(TensorData::new(at, [n_texts, len]), &device));
        Self { real, moves: Some(moves) }
    }

    /// Every text to the left edge. `[batch, seq_len]` → the same
    pub(super) fn align(&self, ids: Tensor<2, Int>) -> Tensor<2, Int> {
        match &self.moves {
            Some([to_edge, _]) => ids.gather(1, to_edge.clone()),
            None => ids,
        }
    }

    /// Every token back to where it stood. `[batch, seq_len, d_model]` → the same
    pub(super) fn restore(&self, hidden: Tensor<3>) -> Tensor<3> {
        let Some([_, back]) = &self.moves else { return hidden };
        let [batch, len, d_model] = hidden.dims();
        hidden.gather(1, back.clone().reshape([batch, len, 1]).expand([batch, len, d_model]))
    }

    /// The same for queries and keys. `[batch, n_heads, seq_len, seq_len]` → the same
    pub(super) fn restore_map(&self, map: Tensor<4>) -> Tensor<4> {
        let Some([_, back]) = &self.moves else { return map };
        let shape @ [batch, _, len, _] = map.dims();
        let queries = map.gather(2, back.clone().reshape([batch, 1, len, 1]).expand(shape));
        queries.gather(3, back.clone().reshape([batch, 1, 1, len]).expand(shape))
    }
}

/// Consecutive columns in which no text crosses from one segment to the next. Before them stand the columns held from each
/// text's unfinished segment: its keys are the held ones and then the new ones.
pub(super) struct Piece {
    /// First new column.
    pub(super) from: usize,
    /// New columns.
    pub(super) len: usize,
    /// What the new queries may not see among the keys, `[batch|1, 1, len, held + len]`.
    pub(super) bias: Tensor<4>,
    /// Turns of the keys, by their place in the segment.
    pub(super) positions: Rotary,
    /// What is folded into memory once the piece is read.
    pub(super) finished: Finished,
    /// Which keys are held on.
    pub(super) held: Held,
}

/// What of a piece's keys is folded into memory.
#[expect(clippy::large_enum_variant, reason = "one value a piece, and tensors are handles")]
pub(super) enum Finished {
    /// No text finishes its segment.
    Nothing,
    /// Every key of every text.
    Everything,
    /// Where this is 1, `[batch, 1, held + len, 1]`.
    Marked(Tensor<4>),
}

/// What of a piece's keys belongs to unfinished segments.
#[expect(clippy::large_enum_variant, reason = "one value a piece, and tensors are handles")]
pub(super) enum Held {
    /// None.
    Nothing,
    /// The first so many columns.
    First(usize),
    /// These columns of each text, `[batch, held]`.
    Picked(Tensor<2, Int>),
}

/// A text's part in a piece.
#[derive(Clone, Copy)]
struct Part {
    /// Keys of its unfinished segment before the piece.
    held: usize,
    /// Its real tokens in the piece, the first ones.
    new: usize,
    /// Whether they finish its segment.
    finishes: bool,
}

impl Part {
    fn after(self) -> usize {
        if self.finishes { 0 } else { self.held + self.new }
    }
}

/// Cuts `len` columns into pieces. `filled` says how many tokens of its unfinished segment each text has been read, and is
/// brought up to date; it stays 0 where nothing is to be held after the pass.
pub(super) fn cut(
    filled: &mut [usize],
    (real, len): (&[usize], usize),
    keeps: bool,
    config: &Config,
    at: (&Device, DType),
) -> Vec<Piece> {
    let mut causal: Option<Tensor<4>> = None;
    let mut pieces = Vec::new();
    let mut from = 0;
    for end in ends(filled, (real, len), config.segment_len) {
        let new_columns = end - from;
        let parts: Vec<Part> = filled
            .iter()
            .zip(real)
            .map(|(&held, &real)| {
                let new = real.saturating_sub(from).min(new_columns);
                Part { held, new, finishes: held + new == config.segment_len }
            })
            .collect();
        let columns = Columns { held: filled.iter().copied().max().unwrap_or(0), new: new_columns, parts: &parts };
        let future = causal.take().filter(|bias| bias.dims()[2..] == [new_columns, columns.all()]);
        // The future is hidden more deeply than padding, so that padding after a text does not see ahead.
        let future = future.unwrap_or_else(|| causal_bias(new_columns, columns.all(), at.0).cast(at.1) * 2.0);
        causal = Some(future.clone());
        for (filled, part) in filled.iter_mut().zip(&parts) {
            *filled = if keeps { part.after() } else { 0 };
        }
        pieces.push(Piece {
            from,
            len: new_columns,
            bias: columns.bias(future, at),
            positions: columns.positions(config, at),
            finished: columns.finished(at),
            held: if keeps { columns.held(at.0) } else { Held::Nothing },
        });
        from = end;
    }
    pieces
}

/// Where pieces end: wherever a text finishes a segment, and at the last column.
fn ends(filled: &[usize], (real, len): (&[usize], usize), segment_len: usize) -> BTreeSet<usize> {
    let borders = filled.iter().zip(real).flat_map(|(&filled, &real)| {
        (1..).map(move |segments: usize| segments * segment_len - filled).take_while(move |&border| border <= real)
    });
    borders.chain([len]).collect()
}

/// The keys of a piece: columns held before, columns new, and what of both is real in each text.
struct Columns<'a> {
    held: usize,
    new: usize,
    parts: &'a [Part],
}

impl Columns<'_> {
    fn all(&self) -> usize {
        self.held + self.new
    }

    /// Whether every column of every text is real, so that one text stands for all.
    fn even(&self) -> bool {
        self.parts.iter().all(|part| part.held == self.held && part.new == self.new)
    }

    fn is_real(&self, part: Part, column: usize) -> bool {
        if column < self.held { column < part.held } else { column - self.held < part.new }
    }

    /// One number for each column of each text, `[batch, columns]`.
    fn each<T>(&self, number: impl Fn(Part, usize) -> T) -> (Vec<T>, usize) {
        let numbers = self.parts.iter().flat_map(|&part| (0..self.all()).map(move |column| (part, column)));
        (numbers.map(|(part, column)| number(part, column)).collect(), self.parts.len())
    }

    fn bias(&self, future: Tensor<4>, at: (&Device, DType)) -> Tensor<4> {
        if self.even() {
            return future;
        }
        let (padding, batch) = self.each(|part, column| if self.is_real(part, column) { 0.0 } else { HIDDEN });
        future + Tensor::<4>::from_data(TensorData::new(padding, [batch, 1, 1, self.all()]), at)
    }

    /// A column's place in its text's segment. Scores depend on differences alone, so counting afresh in each segment changes
    /// nothing, and keeps the angles small however long the text.
    fn positions(&self, config: &Config, (device, dtype): (&Device, DType)) -> Rotary {
        let Config { head_dim, rope_theta, .. } = *config;
        if self.even() {
            return Rotary::from_zero(self.all(), head_dim, rope_theta, (device, dtype));
        }
        let place = |part: Part, column: usize| {
            (if column < self.held { column } else { part.held + column - self.held }) as i64
        };
        let (places, batch) = self.each(place);
        let places = Tensor::from_data(TensorData::new(places, [batch, self.all()]), device);
        Rotary::new(places, head_dim, rope_theta, dtype)
    }

    fn finished(&self, at: (&Device, DType)) -> Finished {
        if !self.parts.iter().any(|part| part.finishes) {
            return Finished::Nothing;
        }
        if self.even() {
            return Finished::Everything;
        }
        let is_written = |part: Part, column: usize| part.finishes && self.is_real(part, column);
        let (marks, batch) = self.each(|part, column| if is_written(part, column) { 1f32 } else { 0.0 });
        Finished::Marked(Tensor::from_data(TensorData::new(marks, [batch, 1, self.all(), 1]), at))
    }

    fn held(&self, device: &Device) -> Held {
        let held = self.parts.iter().map(|part| part.after()).max().unwrap_or(0);
        let in_place = |part: &Part| part.after() == 0 || part.new == 0 || part.held == self.held;
        if held == 0 {
            return Held::Nothing;
        }
        if self.parts.iter().all(in_place) {
            return Held::First(held);
        }
        // Where a text has no more, any column does: it is hidden.
        let source = |part: Part, slot: usize| match slot {
            slot if slot < part.held || slot >= part.after() => slot.min(self.all() - 1),
            slot => self.held + slot - part.held,
        };
        let picked: Vec<i64> =
            self.parts.iter().flat_map(|&part| (0..held).map(move |slot| source(part, slot) as i64)).collect();
        Held::Picked(Tensor::from_data(TensorData::new(picked, [self.parts.len(), held]), device))
    }
}

impl Held {
    /// What is held of keys or values, `[batch, n_heads, columns, head_dim]` → `[batch, n_heads, held, head_dim]`.
    pub(super) fn of(&self, all: Tensor<4>) -> Option<Tensor<4>> {
        let [batch, n_heads, _, head_dim] = all.dims();
        match self {
            Self::Nothing => None,
            Self::First(held) => Some(all.narrow(2, 0, *held)),
            Self::Picked(columns) => {
                let [_, held] = columns.dims();
                let columns = columns.clone().reshape([batch, 1, held, 1]).expand([batch, n_heads, held, head_dim]);
                Some(all.gather(2, columns))
            }
        }
    }
}
