//! Resampling as Pillow does it, level by level: one pass along the rows and one along the columns, each with weights rounded to 22
//! bits and results rounded to whole levels. Filters widen when an image shrinks, so nothing is skipped.

use std::f64::consts::PI;

use super::{MOST_PIXELS, Picture};

/// What a pixel takes from its neighbours, by Pillow's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// 0: the nearest pixel.
    Nearest,
    /// 1: a sinc under a sinc three pixels wide.
    Lanczos,
    /// 2: straight lines.
    Bilinear,
    /// 3: a cubic with `a` = −0.5.
    Bicubic,
    /// 4: the mean of what is covered.
    Box,
    /// 5: a sinc under a raised cosine.
    Hamming,
}

impl Filter {
    /// By Pillow's code.
    pub fn from_code(code: u64) -> Option<Self> {
        let filters = [Self::Nearest, Self::Lanczos, Self::Bilinear, Self::Bicubic, Self::Box, Self::Hamming];
        filters.get(usize::try_from(code).ok()?).copied()
    }

    /// How far it reaches, in pixels of the smaller image.
    fn reach(self) -> f64 {
        match self {
            Self::Nearest | Self::Box => 0.5,
            Self::Bilinear | Self::Hamming => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    fn weight(self, at: f64) -> f64 {
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) };
        let x = at.abs();
        match self {
            Self::Nearest | Self::Box => f64::from(at > -0.5 && at <= 0.5),
            Self::Bilinear => (1.0 - x).max(0.0),
            Self::Hamming if x == 0.0 => 1.0,
            Self::Hamming if x >= 1.0 => 0.0,
            Self::Hamming => (x * PI).sin() / (x * PI) * (0.54 + 0.46 * (x * PI).cos()),
            Self::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5,
            Self::Lanczos if (-3.0..3.0).contains(&at) => sinc(at) * sinc(at / 3.0),
            Self::Bicubic | Self::Lanczos => 0.0,
        }
    }
}

/// A picture in another size, `[height, width]`.
///
/// # Errors
/// A clause, if it would be empty or too large.
pub(super) fn resize(picture: &Picture, [height, width]: [usize; 2], filter: Filter) -> Result<Picture, String> {
    let between = picture.height.checked_mul(width);
    let pixels = height.checked_mul(width);
    if [pixels, between].iter().any(|pixels| pixels.is_none_or(|pixels| pixels == 0 || pixels > MOST_PIXELS)) {
        let (from, to) = ([picture.height, picture.width], [height, width]);
        return Err(format!("expected at least one pixel and at most {MOST_PIXELS}, found {from:?} resized to {to:?}"));
    }
    if filter == Filter::Nearest {
        return Ok(nearest(picture, [height, width]));
    }
    let levels = along_rows(&picture.levels, picture.width, width, filter);
    let levels = along_columns(&levels, width, [picture.height, height], filter);
    Ok(Picture { height, width, levels })
}

fn nearest(picture: &Picture, [height, width]: [usize; 2]) -> Picture {
    // Summed step by step, as the rounding of the sum decides between two pixels.
    let sources = |from: usize, to: usize| {
        let step = from as f64 / to as f64;
        let at = std::iter::successors(Some(step * 0.5), move |at| Some(at + step));
        at.take(to).map(move |at| (at as usize).min(from - 1)).collect::<Vec<usize>>()
    };
    let (rows, columns) = (sources(picture.height, height), sources(picture.width, width));
    let row = |&row: &usize| columns.iter().map(move |column| picture.levels[row * picture.width + column]);
    Picture { height, width, levels: rows.iter().flat_map(row).collect() }
}

fn along_rows(levels: &[[u8; 3]], from: usize, to: usize, filter: Filter) -> Vec<[u8; 3]> {
    if from == to {
        return levels.to_vec();
    }
    let taps = taps(from, to, filter);
    let row = |row: &[[u8; 3]]| taps.iter().map(|taps| taps.sum(row[taps.start..].iter())).collect::<Vec<_>>();
    levels.chunks_exact(from).flat_map(row).collect()
}

fn along_columns(levels: &[[u8; 3]], width: usize, [from, to]: [usize; 2], filter: Filter) -> Vec<[u8; 3]> {
    if from == to {
        return levels.to_vec();
    }
    let row = |taps: &Taps| {
        let below = &levels[taps.start * width..];
        (0..width).map(|column| taps.sum(below[column..].iter().step_by(width))).collect::<Vec<_>>()
    };
    taps(from, to, filter).iter().flat_map(row).collect()
}

/// What one pixel takes from the pixels from `start` on.
struct Taps {
    start: usize,
    weights: Vec<i32>,
}

/// Weights are whole numbers of 2⁻²²: eight bits for a level and two for overshooting are left of 32.
const PRECISION: u32 = 32 - 8 - 2;

impl Taps {
    fn sum<'a>(&self, levels: impl Iterator<Item = &'a [u8; 3]>) -> [u8; 3] {
        let mut sums = [1i32 << (PRECISION - 1); 3];
        for (weight, levels) in self.weights.iter().zip(levels) {
            for (sum, level) in sums.iter_mut().zip(levels) {
                *sum += weight * i32::from(*level);
            }
        }
        sums.map(|sum| (sum >> PRECISION).clamp(0, 255) as u8)
    }
}

fn taps(from: usize, to: usize, filter: Filter) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let widened = scale.max(1.0);
    let (reach, narrowed) = (filter.reach() * widened, 1.0 / widened);
    let taps = |pixel: usize| {
        let centre = (pixel as f64 + 0.5) * scale;
        let start = (centre - reach + 0.5).max(0.0) as usize;
        let end = ((centre + reach + 0.5) as usize).min(from);
        let weight = |at: usize| filter.weight((at as f64 - centre + 0.5) * narrowed);
        let weights: Vec<f64> = (start..end).map(weight).collect();
        let total: f64 = weights.iter().sum();
        let whole = |weight: f64| {
            let weight = if total == 0.0 { weight } else { weight / total };
            let scaled = weight * f64::from(1u32 << PRECISION);
            (if weight < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
        };
        Taps { start, weights: weights.into_iter().map(whole).collect() }
    };
    (0..to).map(taps).collect()
}
