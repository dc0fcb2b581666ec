//! Vectors on a grid, stretched over another grid.

use burn::tensor::{Device, Tensor, TensorData};

/// Sharpness of the cubic: the value of PyTorch's `bicubic`, which published models are run with.
const A: f64 = -0.75;

/// Bicubic interpolation of a grid of vectors (Keys 1981, *Cubic Convolution Interpolation for Digital Image Processing*, equation
/// 4, with `a` = −0.75): the corners of the outermost cells stay in place, edges repeat beyond the border, nothing is smoothed
/// when a grid shrinks. A product with one constant matrix an axis, so gradients flow.
///
/// # Shapes
/// `vectors [batch, from_rows · from_columns, width]` → `[batch, to_rows · to_columns, width]`
pub fn resize_grid(vectors: Tensor<3>, from: [usize; 2], to: [usize; 2]) -> Tensor<3> {
    if from == to {
        return vectors;
    }
    let [batch, _, width] = vectors.dims();
    let device = vectors.device();
    let [down, across] = [0, 1].map(|axis| cubic_weights(from[axis], to[axis], &device).unsqueeze::<3>());
    // [batch, from_rows, from_columns · width] → [batch, to_rows, from_columns · width]
    let rows = down.matmul(vectors.reshape([batch, from[0], from[1] * width]));
    // [batch · to_rows, from_columns, width] → [batch · to_rows, to_columns, width]
    let columns = across.matmul(rows.reshape([batch * to[0], from[1], width]));
    columns.reshape([batch, to[0] * to[1], width])
}

/// What each of `to` cells takes from each of `from` cells, `[to, from]`.
fn cubic_weights(from: usize, to: usize, device: &Device) -> Tensor<2> {
    let mut weights = vec![0.0f64; to * from];
    for (cell, row) in weights.chunks_exact_mut(from).enumerate() {
        let at = (cell as f64 + 0.5) * from as f64 / to as f64 - 0.5;
        for tap in -1..=2 {
            let source = at.floor() + f64::from(tap);
            row[source.clamp(0.0, (from - 1) as f64) as usize] += cubic((at - source).abs());
        }
    }
    let weights: Vec<f32> = weights.into_iter().map(|weight| weight as f32).collect();
    Tensor::from_data(TensorData::new(weights, [to, from]), device)
}

fn cubic(distance: f64) -> f64 {
    let x = distance;
    match x {
        _ if x <= 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
        _ if x < 2.0 => ((x - 5.0) * x + 8.0) * x * A - 4.0 * A,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    fn random(shape: [usize; 3]) -> Tensor<3> {
        let device = Device::flex();
        device.seed(7);
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device)
    }

    fn numbers(tensor: Tensor<3>) -> Vec<f64> {
        tensor.into_data().iter().collect()
    }

    fn same(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        let error = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(error < 3e-6, "off by {error}");
    }

    /// The sum over sixteen neighbours, in plain loops.
    fn by_hand(grid: &[f64], [rows, columns]: [usize; 2], [to_rows, to_columns]: [usize; 2], width: usize) -> Vec<f64> {
        let mut found = Vec::new();
        for (r, c) in (0..to_rows).flat_map(|r| (0..to_columns).map(move |c| (r, c))) {
            let y = (r as f64 + 0.5) * rows as f64 / to_rows as f64 - 0.5;
            let x = (c as f64 + 0.5) * columns as f64 / to_columns as f64 - 0.5;
            for d in 0..width {
                let mut sum = 0.0;
                for (i, j) in (-1..=2).flat_map(|i| (-1..=2).map(move |j| (i, j))) {
                    let (v, u) = (y.floor() + f64::from(i), x.floor() + f64::from(j));
                    let row = (v.max(0.0) as usize).min(rows - 1);
                    let column = (u.max(0.0) as usize).min(columns - 1);
                    sum += cubic((y - v).abs()) * cubic((x - u).abs()) * grid[(row * columns + column) * width + d];
                }
                found.push(sum);
            }
        }
        found
    }

    #[test]
    fn equals_the_sum_over_neighbours() {
        let grid = random([1, 3 * 4, 2]);
        for to in [[5, 4], [3, 7], [2, 2], [6, 8], [1, 9]] {
            same(&numbers(resize_grid(grid.clone(), [3, 4], to)), &by_hand(&numbers(grid.clone()), [3, 4], to, 2));
        }
    }

    /// `torch.nn.functional.interpolate(x, size=(1, 5), mode="bicubic", align_corners=False)` of one row 0, 1, 4, worked out from
    /// its definition: the cells lie at −0.2, 0.4, 1, 1.6, 2.2.
    #[test]
    fn a_row_by_hand() {
        let row = Tensor::<3>::from_data([[[0.0], [1.0], [4.0]]], &Device::flex());
        same(&numbers(resize_grid(row, [1, 3], [1, 5])), &[-0.096, 0.172, 1.0, 2.908, 4.288]);
    }

    #[test]
    fn an_unchanged_grid_is_unchanged_bit_for_bit() {
        let grid = random([1, 12, 5]);
        assert_eq!(resize_grid(grid.clone(), [3, 4], [3, 4]).into_data(), grid.clone().into_data());
        // Also along an axis that stays while the other changes.
        let wider = resize_grid(grid.clone(), [3, 4], [3, 8]);
        let rows: Vec<Tensor<3>> =
            (0..3).map(|row| resize_grid(grid.clone().narrow(1, 4 * row, 4), [1, 4], [1, 8])).collect();
        assert_eq!(wider.into_data(), Tensor::cat(rows, 1).into_data());
    }

    #[test]
    fn a_constant_stays_constant() {
        let constant = Tensor::<3>::full([1, 9, 2], 3.5, &Device::flex());
        for to in [[2, 7], [5, 5], [1, 1]] {
            same(&numbers(resize_grid(constant.clone(), [3, 3], to)), &vec![3.5; to[0] * to[1] * 2]);
        }
    }

    #[test]
    fn rows_and_columns_are_treated_alike() {
        let transposed = |grid: Tensor<3>, [rows, columns]: [usize; 2]| {
            grid.reshape([1, rows, columns, 3]).swap_dims(1, 2).reshape([1, rows * columns, 3])
        };
        let grid = random([1, 3 * 5, 3]);
        let there = transposed(resize_grid(grid.clone(), [3, 5], [4, 2]), [4, 2]);
        let back = resize_grid(transposed(grid, [3, 5]), [5, 3], [2, 4]);
        same(&numbers(there), &numbers(back));
    }
}
