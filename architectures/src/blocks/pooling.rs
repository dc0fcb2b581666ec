//! One vector a text.

use burn::tensor::{Bool, Int, Tensor, TensorData};

/// The state of each text's last real token, wherever padding stands. A text without a real token gives its first position.
///
/// # Shapes
/// `hidden [batch, seq_len, d_model]`, `attention_mask [batch, seq_len]`, true at real tokens, `None` if all are →
/// `[batch, d_model]`
pub fn last_real(hidden: Tensor<3>, attention_mask: Option<Tensor<2, Bool>>) -> Tensor<2> {
    let [batch, seq_len, d_model] = hidden.dims();
    let Some(mask) = attention_mask else {
        return hidden.narrow(1, seq_len - 1, 1).squeeze_dim(1);
    };
    // [1, seq_len]: each real token says its position, the largest is the last.
    let positions: Vec<i64> = (0..seq_len as i64).collect();
    let positions = Tensor::<2, Int>::from_data(TensorData::new(positions, [1, seq_len]), &hidden.device());
    let last: Tensor<2, Int> = (mask.int() * positions).max_dim(1);
    hidden.gather(1, last.reshape([batch, 1, 1]).repeat_dim(2, d_model)).squeeze_dim(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_last_real_token_is_found_on_either_side() {
        let device = Device::flex();
        let numbers: Vec<f32> = (0..24).map(|number| number as f32).collect();
        let hidden = Tensor::<3>::from_data(TensorData::new(numbers, [4, 3, 2]), &device);
        let mask = [[true, true, false], [false, true, true], [false, true, false], [false, false, false]];
        let pooled = |mask| -> Vec<f32> { last_real(hidden.clone(), mask).into_data().iter().collect() };
        let found = pooled(Some(Tensor::from_data(mask, &device)));
        assert_eq!(found, [2.0, 3.0, 10.0, 11.0, 14.0, 15.0, 18.0, 19.0]);
        assert_eq!(pooled(None), [4.0, 5.0, 10.0, 11.0, 16.0, 17.0, 22.0, 23.0]);
    }
}
