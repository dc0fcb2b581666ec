//! Positions of patches are stretched over an image's own rows and columns, whatever grid they were learnt on.
//!
//! # How
//!
//! The table of positions is filled with numbers that grow from column to column and are the same in every row, then the
//! other way round, and an image of one colour is shown in several grids, among them rows and columns of as many patches
//! as the table has, and squares. What is recorded before the first layer then differs by its positions alone: along the
//! axis on which the table grows, it must grow from third to third of the image; along the other, it must be the same,
//! within noise. The guard: it grows by far more than noise.
//!
//! # Catches
//!
//! - a grid of as many patches as the table has, which gets it unstretched
//! - rows and columns in each other's place
//! - positions that are stretched as one long row
//! - places of patches that begin among the special tokens
//!
//! # Seen
//!
//! - [facebookresearch/dino #8](https://github.com/facebookresearch/dino/issues/8): one factor was taken for both axes,
//!   which is right for squares only.
//! - [huggingface/candle #2286](https://github.com/huggingface/candle/issues/2286): where the number of patches was that
//!   of the table, what came back was not the table.
//!
//! # Fix
//!
//! See by what it is decided whether the table is stretched: by rows and columns, never by their product. Then see that
//! it is laid out as rows of columns before it is stretched, without its special tokens, and given the new rows before
//! the new columns.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use zoo_registry::Limits;

use crate::check::{Stop, Verdict, require};
use crate::parts;
use crate::pictures;
use crate::subject::{Subject, Variant};
use crate::values::{Noise, UNIT_ROUNDOFF, VISIBLE, Values, Worst};

/// Roundings of a weighted mean of some places, and of the sum with the patch.
const TOLERANCE: f64 = 64.0;
const MEASURE: &str =
    "multiple of the rounding of the largest number; 64 for a mean over places and the sum with the patch";

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let mut grids = 0;
    for variant in subject.variants()? {
        let Limits::Images(_) = subject.hot(&variant)?.limits() else {
            return Err(Stop::NotApplicable("it declares to read something else than images".into()));
        };
        let Some(table) = table(subject, &variant)? else {
            return Err(Stop::NotApplicable("none of its embeddings is a table of a place a patch".into()));
        };
        for axis in [0, 1] {
            let weights = table.growing(subject.hot_weights(&variant)?, axis);
            for grid in table.grids() {
                look(subject, &variant, (&weights, axis), grid, &mut worst)?;
                grids += 1;
            }
        }
    }
    worst.verdict_within(TOLERANCE, MEASURE, &format!("{grids} images of one colour"))
}

/// A table of a vector a place, some special ones first.
struct Table {
    path: String,
    special: usize,
    /// Patches down and across.
    side: usize,
}

/// The table of positions, if there is one.
fn table(subject: &Subject<'_>, variant: &Variant) -> Result<Option<Table>, Stop> {
    let weights = subject.hot_weights(variant)?;
    let of_places = |part: parts::Part| match weights.get(&part.path)?.shape().to_vec()[..] {
        [1, places, _] if places > 1 => Some((part.path, places)),
        _ => None,
    };
    let found = parts::of_kind(subject, variant, "embedding")?.into_iter().find_map(of_places);
    Ok(found.map(|(path, places)| {
        let side = places.isqrt();
        Table { path, special: places - side * side, side }
    }))
}

impl Table {
    /// Its own grid, as many patches in a row and in a column, a larger square, and oblongs.
    fn grids(&self) -> [[usize; 2]; 6] {
        let (side, all) = (self.side, self.side * self.side);
        [[side, side], [1, all], [all, 1], [side + 2, side + 2], [3, 6], [6, 3]]
    }

    /// The weights with numbers in the table that grow along the axis, 0 down and 1 across.
    fn growing(&self, mut weights: BTreeMap<String, TensorData>, axis: usize) -> BTreeMap<String, TensorData> {
        if let Some(data) = weights.get_mut(&self.path) {
            let shape = data.shape().to_vec();
            let width = shape.iter().product::<usize>() / (self.special + self.side * self.side);
            let number = |at: usize| match (at / width).checked_sub(self.special) {
                Some(place) => [place / self.side, place % self.side][axis] as f32 / self.side as f32,
                // Special tokens must not be mistaken for places.
                None => 9.0,
            };
            *data = TensorData::new((0..shape.iter().product()).map(number).collect::<Vec<f32>>(), shape);
        }
        weights
    }
}

/// Along its axis the table grows, along the other it stays.
fn look(
    subject: &Subject<'_>,
    variant: &Variant,
    (weights, axis): (&BTreeMap<String, TensorData>, usize),
    [rows, columns]: [usize; 2],
    worst: &mut Worst,
) -> Result<(), Stop> {
    let model = subject.filled(variant, &subject.device, weights.clone())?;
    let Limits::Images(limits) = model.limits() else { return Err(Stop::fails("expected images")) };
    let first = &pictures::first_state(model.as_ref(), &limits, [rows, columns])?;
    let head = &variant.head;
    let (places, width) = patches(first, rows * columns)?;
    let at = |row: usize, column: usize| &places[(row * columns + column) * width..][..width];
    let rounding = UNIT_ROUNDOFF * places.iter().map(|x| f64::from(x.abs())).fold(1.0, f64::max);
    let mut noise = Noise::default();
    noise.at_least(&first.name, rounding);
    // How far places are apart that must be alike: the second of two that differ along the other axis alone.
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        let alike = if axis == 1 { at(0, column) } else { at(row, 0) };
        let error = crate::values::gap(at(row, column), alike);
        worst.see(noise.multiple(&first.name, error), || {
            format!(
                "head `{head}`, a grid of {rows} × {columns}: row {row}, column {column}, where positions do not change"
            )
        });
    }
    let along = [rows, columns][axis];
    if along < 3 {
        return Ok(());
    }
    let mean_of = |third: usize| -> Vec<f64> {
        let (from, to) = (third * along / 3, (third + 1) * along / 3);
        let line = |place: usize| if axis == 1 { at(0, place) } else { at(place, 0) };
        (0..width)
            .map(|d| (from..to).map(|place| f64::from(line(place)[d])).sum::<f64>() / (to - from) as f64)
            .collect()
    };
    let thirds = [0, 1, 2].map(mean_of);
    for pair in thirds.windows(2) {
        let least = pair[0].iter().zip(&pair[1]).map(|(a, b)| b - a).fold(f64::INFINITY, f64::min);
        require(least > VISIBLE * rounding, || {
            let (what, first) = (["rows", "columns"][axis], &first.name);
            format!(
                "head `{head}`, a grid of {rows} × {columns}: positions grow along {what}, and from one third of {first} \
                 to the next one coordinate grows by {least:.4}"
            )
        })?;
    }
    Ok(())
}

/// What is recorded of the patches, which stand last, and how wide it is.
fn patches(first: &Values, n: usize) -> Result<(&[f32], usize), Stop> {
    match first.shape[..] {
        [1, tokens, width] if tokens >= n => Ok((&first.data[(tokens - n) * width..], width)),
        _ => Err(Stop::fails(format!("expected `{}` of {n} patches or more, found {:?}", first.name, first.shape))),
    }
}
