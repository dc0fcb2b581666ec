//! Vectors on a grid, stretched over another grid: the sum over its neighbours for each place, in f64.

use zoo_registry::descriptor::Stretch;

/// Cells an axis that may have a share in a place.
const REACH: f64 = 2.0;
/// Sharpness of PyTorch's cubic.
const A: f64 = -0.75;

/// Of `from` rows × columns of vectors `width` wide, row by row, those of `to` rows × columns.
pub(crate) fn stretched(vectors: &[f32], width: usize, from: [usize; 2], to: [usize; 2], how: Stretch) -> Vec<f32> {
    let mut found = Vec::with_capacity(to[0] * to[1] * width);
    for (row, column) in (0..to[0]).flat_map(|row| (0..to[1]).map(move |column| (row, column))) {
        let (down, across) = (shares(row, from[0], to[0], how), shares(column, from[1], to[1], how));
        for d in 0..width {
            let term = |&(r, of_row): &(usize, f64), &(c, of_column): &(usize, f64)| {
                of_row * of_column * f64::from(vectors[(r * from[1] + c) * width + d])
            };
            found.push(down.iter().flat_map(|r| across.iter().map(move |c| term(r, c))).sum::<f64>() as f32);
        }
    }
    found
}

/// Which of `from` cells have what share in cell `at` of `to`.
fn shares(at: usize, from: usize, to: usize, how: Stretch) -> Vec<(usize, f64)> {
    if how == Stretch::Nearest {
        return vec![(at * from / to, 1.0)];
    }
    let middle = (at as f64 + 0.5) * from as f64 / to as f64 - 0.5;
    let cells = ((middle - REACH).ceil() as i64)..=((middle + REACH).floor() as i64);
    // Beyond the border the outermost cell repeats.
    let cell = |cell: i64| (cell.clamp(0, from as i64 - 1) as usize, share((middle - cell as f64).abs(), how));
    cells.map(cell).filter(|(_, share)| *share != 0.0).collect()
}

/// Of a cell so far away.
fn share(x: f64, how: Stretch) -> f64 {
    match how {
        Stretch::Nearest => f64::from(x < 0.5),
        Stretch::Bilinear => (1.0 - x).max(0.0),
        Stretch::Bicubic if x <= 1.0 => (A + 2.0) * x.powi(3) - (A + 3.0) * x.powi(2) + 1.0,
        Stretch::Bicubic if x < 2.0 => A * (x.powi(3) - 5.0 * x.powi(2) + 8.0 * x - 4.0),
        Stretch::Bicubic => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Stretch; 3] = [Stretch::Nearest, Stretch::Bilinear, Stretch::Bicubic];

    #[test]
    fn the_same_grid_is_the_same_and_what_is_constant_stays_so() {
        let vectors: Vec<f32> = (0..12).map(|x| (x * x) as f32).collect();
        for how in ALL {
            assert_eq!(stretched(&vectors, 2, [3, 2], [3, 2], how), vectors, "{how:?}");
            assert!(stretched(&[2.5; 12], 2, [3, 2], [5, 4], how).iter().all(|x| (x - 2.5).abs() < 1e-6), "{how:?}");
        }
    }

    /// Of 0 and 1 in a row: what PyTorch's `interpolate` makes of them on four places.
    #[test]
    fn a_step_is_stretched_as_pytorch_does() {
        let step = |how| stretched(&[0.0, 1.0], 1, [1, 2], [1, 4], how);
        assert_eq!(step(Stretch::Nearest), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(step(Stretch::Bilinear), [0.0, 0.25, 0.75, 1.0]);
        assert_eq!(step(Stretch::Bicubic), [-0.10546875, 0.2265625, 0.7734375, 1.105_468_8]);
    }
}
