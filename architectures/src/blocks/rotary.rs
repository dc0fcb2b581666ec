//! Rotary positions: a query and a key are turned by angles proportional to their positions, so that their product depends on
//! the distance between them and on nothing else.
//!
//! Su et al. 2021, arXiv 2104.09864, §3.2.2 and §3.4.2 equation 34.

use burn::tensor::{DType, Device, Int, Tensor, TensorData, assert_shape};

/// The turns of some positions. Coordinate m of the first half of a head is turned together with coordinate m of the second
/// half (the pairing "half"; the paper pairs neighbours, which is the same up to the order of the coordinates).
#[derive(Debug, Clone)]
pub struct Rotary {
    /// `[batch|1, 1, seq_len, head_dim / 2]`
    cos: Tensor<4>,
    /// `[batch|1, 1, seq_len, head_dim / 2]`
    sin: Tensor<4>,
}

impl Rotary {
    /// Position p turns pair m of a head by p · `theta`^(−2m / `head_dim`) radians, computed in `dtype`. `head_dim` is even.
    ///
    /// # Shapes
    /// `positions [batch|1, seq_len]`
    pub fn new(positions: Tensor<2, Int>, head_dim: usize, theta: f64, dtype: DType) -> Self {
        let [batch, seq_len] = positions.dims();
        let half = head_dim / 2;
        let device = positions.device();
        let speeds: Vec<f64> = (0..half).map(|m| theta.powf(-2.0 * m as f64 / head_dim as f64)).collect();
        let speeds = Tensor::<4>::from_data(TensorData::new(speeds, [1, 1, 1, half]), (&device, dtype));
        let angles = positions.float().cast(dtype).reshape([batch, 1, seq_len, 1]) * speeds;
        Self { cos: angles.clone().cos(), sin: angles.sin() }
    }

    /// The turns of the positions 0 to `seq_len`, exclusive, the same for every text.
    pub fn from_zero(seq_len: usize, head_dim: usize, theta: f64, (device, dtype): (&Device, DType)) -> Self {
        let positions: Vec<i64> = (0..seq_len as i64).collect();
        Self::new(Tensor::from_data(TensorData::new(positions, [1, seq_len]), device), head_dim, theta, dtype)
    }

    /// Turns queries or keys, each by its position.
    ///
    /// # Shapes
    /// `[batch, n_heads, seq_len, head_dim]` → the same
    pub fn turn(&self, heads: Tensor<4>) -> Tensor<4> {
        let [_, _, seq_len, head_dim] = heads.dims();
        let half = head_dim / 2;
        assert_shape!(self.cos, [_, 1, seq_len, half]);
        let (x, y) = (heads.clone().narrow(3, 0, half), heads.narrow(3, half, half));
        let (cos, sin) = (self.cos.clone(), self.sin.clone());
        let turned_x = x.clone() * cos.clone() - y.clone() * sin.clone();
        let turned_y = y * cos + x * sin;
        Tensor::cat(vec![turned_x, turned_y], 3)
    }

    /// The turns of the last `seq_len` positions.
    #[must_use]
    pub fn last(&self, seq_len: usize) -> Self {
        let [_, _, all, _] = self.cos.dims();
        let last = |table: &Tensor<4>| table.clone().narrow(2, all - seq_len, seq_len);
        Self { cos: last(&self.cos), sin: last(&self.sin) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    const THETA: f64 = 37.0;
    const HEAD_DIM: usize = 6;

    fn at(positions: [i64; 3]) -> Rotary {
        let positions = Tensor::<1, Int>::from_data(positions, &Device::flex()).reshape([1, 3]);
        Rotary::new(positions, HEAD_DIM, THETA, DType::F32)
    }

    fn numbers(tensor: Tensor<4>) -> Vec<f64> {
        tensor.into_data().iter().collect()
    }

    #[test]
    fn pairs_of_halves_turn_by_the_papers_angles() {
        // A one in coordinate c, at position p: equation 34 by hand.
        for c in 0..HEAD_DIM {
            let mut one = [0f32; HEAD_DIM];
            one[c] = 1.0;
            let heads = Tensor::<1>::from_data([one; 3].concat().as_slice(), &Device::flex()).reshape([1, 1, 3, 6]);
            let found = numbers(at([0, 1, 1000]).turn(heads));
            let m = c % 3;
            for (row, p) in [0.0, 1.0, 1000.0].into_iter().enumerate() {
                let angle = p * THETA.powf(-2.0 * m as f64 / 6.0);
                let mut expected = [0.0; HEAD_DIM];
                (expected[m], expected[m + 3]) =
                    if c < 3 { (angle.cos(), angle.sin()) } else { (-angle.sin(), angle.cos()) };
                for (i, expected) in expected.into_iter().enumerate() {
                    // An angle is rounded once in f32, and so is off by up to its own size in roundings.
                    let tolerance = 4.0 * f64::from(f32::EPSILON) * angle.max(1.0);
                    let found = found[row * HEAD_DIM + i];
                    assert!((found - expected).abs() <= tolerance, "c {c}, p {p}, i {i}: {found} is not {expected}");
                }
            }
        }
    }

    #[test]
    fn scores_depend_on_distances_alone() {
        let device = Device::flex();
        device.seed(7);
        let random = || Tensor::<4>::random([2, 3, 3, HEAD_DIM], Distribution::Normal(0.0, 1.0), &device);
        let (query, key) = (random(), random());
        let scores = |rotary: &Rotary| numbers(rotary.turn(query.clone()).matmul(rotary.turn(key.clone()).transpose()));
        let (here, there) = (scores(&at([0, 1, 5])), scores(&at([100, 101, 105])));
        let further = scores(&at([0, 2, 5]));
        let gap = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(gap(&here, &there) < 1e-4, "{}", gap(&here, &there));
        assert!(gap(&here, &further) > 0.1);
    }

    #[test]
    fn the_last_positions_are_the_last() {
        let device = Device::flex();
        let all = Rotary::from_zero(5, HEAD_DIM, THETA, (&device, DType::F32));
        let ones = Tensor::<4>::ones([1, 1, 3, HEAD_DIM], &device);
        assert_eq!(numbers(all.last(3).turn(ones.clone())), numbers(at([2, 3, 4]).turn(ones)));
    }
}
