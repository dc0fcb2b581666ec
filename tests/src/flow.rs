//! Which positions depend on which tokens, seen by replacing one token in each row of a batch.

use zoo_registry::output::Record;
use zoo_registry::{Model, Pattern, Rows, TokenLimits, Tokens};

use crate::check::Stop;
use crate::inputs::{self, Reading};
use crate::values::{Axes, Stream, Values, values};

/// Texts tried: a dependency seen in one is seen.
const TEXTS: usize = 3;
/// Tokens tried in the place of each.
const OTHERS: usize = 2;

/// Who depends on whom, `[to][from]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matrix(Vec<Vec<bool>>);

impl Matrix {
    /// Nobody on anybody else.
    pub(crate) fn identity(len: usize) -> Self {
        Self((0..len).map(|to| (0..len).map(|from| to == from).collect()).collect())
    }

    /// Each on whom `sees` says, and on itself: what one layer with its residual passes on.
    pub(crate) fn of(len: usize, sees: impl Fn(usize, usize) -> bool) -> Self {
        Self((0..len).map(|to| (0..len).map(|from| to == from || sees(to, from)).collect()).collect())
    }

    /// Through this and then through `next`.
    pub(crate) fn then(&self, next: &Self) -> Self {
        let len = self.0.len();
        Self::of(len, |to, from| (0..len).any(|via| next.0[to][via] && self.0[via][from]))
    }

    /// The first pair in which `found` differs, in words, and how many do.
    pub(crate) fn differs(&self, found: &Self) -> Option<String> {
        let pairs = || {
            self.0.iter().zip(&found.0).enumerate().flat_map(|(to, (wanted, found))| {
                wanted
                    .iter()
                    .zip(found)
                    .enumerate()
                    .filter(|(_, (a, b))| a != b)
                    .map(move |(from, (&a, _))| (to, from, a))
            })
        };
        let (to, from, wanted) = pairs().next()?;
        let verb = if wanted { "does not depend" } else { "depends" };
        let all = self.0.iter().map(Vec::len).sum::<usize>();
        Some(format!("position {to} {verb} on position {from}; {} of {all} pairs are wrong", pairs().count()))
    }
}

/// What one layer passes on: what it looks at and, where the layer remembers earlier segments, those.
pub(crate) fn passed_on(pattern: Pattern, remembers: bool, len: usize) -> Matrix {
    Matrix::of(len, |to, from| match pattern {
        Pattern::Segments { segment } if remembers && from / segment < to / segment => true,
        _ => pattern.sees(to, from),
    })
}

/// By a single bit.
pub(crate) fn by_a_bit(_name: &str, before: &[f32], after: &[f32]) -> bool {
    before.iter().zip(after).any(|(before, after)| before.to_bits() != after.to_bits())
}

/// Of every output at the positions of `stream`, which of them `changes` when a token of that stream is replaced, by the output's
/// name and its numbers. `len` tokens are read.
pub(crate) fn dependencies(
    model: &dyn Model,
    stream: Stream,
    len: usize,
    changes: impl Fn(&str, &[f32], &[f32]) -> bool,
) -> Result<Vec<(String, Matrix)>, Stop> {
    let mut found: Vec<(String, Matrix)> = Vec::new();
    for text in 0..TEXTS {
        let single = long_reading(model, &format!("flow {text}"), len)?;
        let rows = single.select(&vec![0; len]);
        let limits = limits_of(model, stream)?;
        let before = recorded(model, &rows, stream)?;
        for other in 1..=OTHERS {
            let tokens = rows.of(stream).ok_or_else(|| Stop::fails("expected a text"))?;
            let after = recorded(model, &rows.with(stream, one_replaced_a_row(tokens, other, &limits)), stream)?;
            for (index, (before, after)) in before.iter().zip(&after).enumerate() {
                if found.len() == index {
                    let nobody = Matrix(vec![vec![false; len]; len]);
                    found.push((before.name.clone(), nobody));
                }
                for (to, depends) in found[index].1.0.iter_mut().enumerate() {
                    let at = [to];
                    let said = |value: &Values, row| value.part(row, |_| &at);
                    for (from, depends) in depends.iter_mut().enumerate() {
                        *depends |= changes(&before.name, &said(before, from), &said(after, from));
                    }
                }
            }
        }
    }
    Ok(found)
}

/// Hidden states at the positions of `stream`, and what the head says there.
fn recorded(model: &dyn Model, reading: &Reading, stream: Stream) -> Result<Vec<Values>, Stop> {
    let mut all = values(&model.forward(&reading.input(), Record::ALL)?);
    all.retain(|value| value.axes == Axes::Token(stream));
    Ok(all)
}

/// Row `j` with another token at position `j`.
fn one_replaced_a_row(tokens: &Tokens, other: usize, limits: &TokenLimits) -> Tokens {
    let [batch, len] = tokens.input_ids.dims();
    let vocab = limits.vocab_size as i64;
    let step = 1 + (other as i64 - 1) * (vocab / 2).max(1);
    let mut ids = tokens.input_ids.as_slice().to_vec();
    for at in (0..batch.min(len)).map(|row| row * len + row) {
        ids[at] = (ids[at] + step) % vocab;
    }
    let input_ids = Rows::from_flat(batch, len, ids).unwrap_or_else(|| tokens.input_ids.clone());
    Tokens { input_ids, ..tokens.clone() }
}

/// One text of `len` tokens for every stream.
///
/// # Errors
/// [`Stop::NotApplicable`] for models that read no text.
pub(crate) fn long_reading(model: &dyn Model, name: &str, len: usize) -> Result<Reading, Stop> {
    inputs::reading(&inputs::streams(model)?, |stream, limits| {
        inputs::texts(limits, &format!("{name} {stream:?}"), 1, len)
    })
}

/// The limits of one of a model's streams.
pub(crate) fn limits_of(model: &dyn Model, stream: Stream) -> Result<TokenLimits, Stop> {
    let limits = inputs::streams(model)?.into_iter().find(|(of, _)| *of == stream).map(|(_, limits)| limits);
    limits.ok_or_else(|| Stop::fails("expected a text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_add_up_over_layers() {
        let band = passed_on(Pattern::Banded { window: 3 }, false, 9);
        let both = band.then(&band);
        assert_eq!(both, passed_on(Pattern::Banded { window: 5 }, false, 9));
        assert!(both.differs(&band).unwrap().starts_with("position 3 does not depend on position 0; "));
        assert_eq!(Matrix::identity(9).then(&band), band);
    }

    #[test]
    fn what_remembers_passes_on_earlier_segments() {
        let causal = passed_on(Pattern::Causal, false, 9);
        assert_eq!(passed_on(Pattern::Segments { segment: 4 }, true, 9), causal);
        assert_ne!(passed_on(Pattern::Segments { segment: 4 }, false, 9), causal);
    }
}
