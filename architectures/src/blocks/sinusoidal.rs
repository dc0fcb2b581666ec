//! Positions as fixed waves of many lengths.

use burn::tensor::{Int, Tensor, TensorData};

/// `PE(pos, 2i) = sin(pos / 10000^(2i/d_model))` and `PE(pos, 2i+1) = cos` of the same: Vaswani et al. 2017, arXiv 1706.03762,
/// §3.5. Sines and cosines alternate, and there is no last position. `d_model` is even.
///
/// # Shapes
/// `positions [batch, seq_len]` → `[batch, seq_len, d_model]`
pub fn sinusoidal(positions: Tensor<2, Int>, d_model: usize) -> Tensor<3> {
    let [batch, seq_len] = positions.dims();
    let device = positions.device();
    // Radians a token.
    let speed = |pair: usize| 10_000f64.powf(-((2 * pair) as f64) / d_model as f64) as f32;
    let speeds: Vec<f32> = (0..d_model / 2).map(speed).collect();
    let speeds = Tensor::<3>::from_data(TensorData::new(speeds, [1, 1, d_model / 2]), &device);
    let angles = positions.float().reshape([batch, seq_len, 1]) * speeds;
    // [batch, seq_len, d_model / 2, 2]: each pair side by side
    let pairs: Tensor<4> = Tensor::stack(vec![angles.clone().sin(), angles.cos()], 3);
    pairs.reshape([batch, seq_len, d_model])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn equals_section_3_5() {
        let positions = [[0i64, 1, 7], [500, 3, 3]];
        let found = sinusoidal(Tensor::from_data(positions, &Device::flex()), 6);
        assert_eq!(found.dims(), [2, 3, 6]);
        let found: Vec<f64> = found.into_data().iter().collect();
        let expected = positions.as_flattened().iter().flat_map(|&position| {
            let angle = move |i: i32| position as f64 / 10_000f64.powf(2.0 * f64::from(i) / 6.0);
            (0..3).flat_map(move |i| [angle(i).sin(), angle(i).cos()])
        });
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            // 500 radians are rounded by 2⁻¹⁵ in f32.
            assert!((found - expected).abs() < 4e-5, "{at}: {found} is not {expected}");
        }
    }
}
