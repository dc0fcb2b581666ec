//! The weights of attention, row by row in place: scaled, biased and normalised in one go.

use burn::tensor::Tensor;

use super::exponential::exp;
use super::{change, here, in_order, is_here};

/// Numbers a thread takes at once, in whole rows.
const PIECE: usize = 1 << 14;
/// As many sums and maxima as the widest registers hold numbers; on narrower ones they take several.
const LANES: usize = 16;

/// `softmax(scale · scores + bias)` over the last axis.
///
/// # Shapes
/// - `scores [batch, n_heads, q_len, kv_len]`
/// - `bias [batch|1, n_heads|1, q_len|1, kv_len]`, `None` for zero
/// - returns as `scores`
pub(in super::super) fn softmax(
    scores: Tensor<4>,
    scale: f32,
    bias: Option<&Tensor<4>>,
) -> Result<Tensor<4>, Tensor<4>> {
    let dims @ [_, n_heads, q_len, kv_len] = scores.dims();
    if dims.contains(&0) || !is_here(&scores) {
        return Err(scores);
    }
    let bias = match bias.cloned().map(|bias| (bias.dims(), here(bias))) {
        None => None,
        Some(([batch, heads, queries, keys], Ok(bias))) if keys == kv_len => {
            Some(([batch, heads, queries], in_order(bias)))
        }
        Some(_) => return Err(scores),
    };
    let bias = bias.as_ref().map(|(dims, numbers)| (*dims, numbers.storage::<f32>()));
    // The part of the bias that row number `row` of all gets.
    let of_row = |row: usize| {
        bias.map(|([batch, heads, queries], numbers)| {
            let (text, head, query) = (row / (n_heads * q_len), row / q_len % n_heads, row % q_len);
            let at = |index: usize, extent: usize| if extent == 1 { 0 } else { index };
            let row = (at(text, batch) * heads + at(head, heads)) * queries + at(query, queries);
            &numbers[row * kv_len..][..kv_len]
        })
    };
    let rows = (PIECE / kv_len).max(1);
    change(scores, rows * kv_len, |index, piece| {
        for (at, row) in piece.chunks_exact_mut(kv_len).enumerate() {
            normalise(row, scale, of_row(index * rows + at));
        }
    })
}

wide!(normalise = normalised(row: &mut [f32], scale: f32, bias: Option<&[f32]>));

#[inline(always)]
fn normalised(row: &mut [f32], scale: f32, bias: Option<&[f32]>) {
    match bias {
        Some(bias) => {
            for (score, bias) in row.iter_mut().zip(bias) {
                *score = *score * scale + bias;
            }
        }
        None => {
            for score in row.iter_mut() {
                *score *= scale;
            }
        }
    }
    let most = largest(row);
    for score in row.iter_mut() {
        *score = exp(*score - most);
    }
    let share = 1.0 / sum(row);
    for weight in row.iter_mut() {
        *weight *= share;
    }
}

#[inline(always)]
fn largest(row: &[f32]) -> f32 {
    let mut most = [f32::NEG_INFINITY; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            most[lane] = larger(most[lane], chunk[lane]);
        }
    }
    let mut largest = f32::NEG_INFINITY;
    for number in most.iter().chain(rest) {
        largest = larger(largest, *number);
    }
    largest
}

#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

#[inline(always)]
fn sum(row: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += chunk[lane];
        }
    }
    sums.iter().chain(rest).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution, activation};

    #[test]
    fn equals_the_plain_operations() {
        let device = Device::flex();
        device.seed(4);
        let random = |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Normal(0.0, 3.0), &device);
        // One key, fewer than a register holds, some more, and several pieces.
        for (q_len, kv_len) in [(1, 1), (3, 5), (2, 33), (7, 16), (70, 130)] {
            let scores = random([2, 3, q_len, kv_len]);
            let biases = [[1, 1, 1, kv_len], [2, 1, 1, kv_len], [1, 3, q_len, kv_len], [2, 3, q_len, kv_len]];
            for bias in biases.map(|shape| Some(random(shape))).into_iter().chain([None]) {
                let found = softmax(scores.clone(), 0.7, bias.as_ref()).unwrap();
                let scaled = scores.clone() * 0.7;
                let plain = activation::softmax(bias.map_or(scaled.clone(), |bias| scaled + bias), 3);
                let gap: f64 = (found - plain).abs().max().into_scalar();
                // Scores of about ten are rounded by 10⁻⁶ of their size, and so are their powers.
                assert!(gap < 1e-6, "{q_len} × {kv_len}: {gap:e}");
            }
        }
    }

    #[test]
    fn what_is_hidden_gets_nothing() {
        let device = Device::flex();
        let scores = Tensor::<4>::from_data([[[[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]]]], &device);
        let bias = Tensor::<4>::from_data([[[[0.0, 0.0, -1e9], [-1e9, -1e9, -1e9]]]], &device);
        let found: Vec<f32> = softmax(scores, 1.0, Some(&bias)).unwrap().into_data().iter().collect();
        assert_eq!(found[2], 0.0);
        assert!(found[3..].iter().all(|weight| (weight - 1.0 / 3.0).abs() < 1e-7), "{found:?}");
    }
}
