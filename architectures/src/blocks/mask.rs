//! Masks as tensors added to the attention scores: 0 keeps, a large negative number hides. They compose with [`sum`].

use burn::tensor::{Bool, Device, Tensor, TensorData};

/// Hides a position. Finite, so that a row in which everything is hidden becomes uniform instead of NaN; far below every
/// score, so that `exp` of a hidden one is exactly 0; small enough that several may be added up in f32.
pub const HIDDEN: f32 = -1e9;

/// Hides padding from every query.
///
/// # Shapes
/// `attention_mask [batch, kv_len]`, true at real tokens → `[batch, 1, 1, kv_len]`
pub fn padding_bias(attention_mask: Tensor<2, Bool>) -> Tensor<4> {
    let [batch, kv_len] = attention_mask.dims();
    (attention_mask.bool_not().float() * HIDDEN).reshape([batch, 1, 1, kv_len])
}

/// Hides what comes after each query. The queries are the last `q_len` of `kv_len` positions.
///
/// # Shapes
/// returns `[1, 1, q_len, kv_len]`
pub fn causal_bias(q_len: usize, kv_len: usize, device: &Device) -> Tensor<4> {
    let past = kv_len - q_len;
    bias_where([q_len, kv_len], |query, key| key <= past + query, device)
}

/// Hides what comes after each query, and what lies `window` positions or more before it: a query sees itself and the
/// `window − 1` positions before, the local pattern of Child et al. 2019, arXiv 1904.10509, §4.2. The queries are the last
/// `q_len` of `kv_len` positions.
///
/// # Shapes
/// returns `[1, 1, q_len, kv_len]`
pub fn banded_causal_bias(window: usize, q_len: usize, kv_len: usize, device: &Device) -> Tensor<4> {
    let past = kv_len - q_len;
    let seen = |query: usize, key: usize| key <= past + query && past + query - key < window;
    bias_where([q_len, kv_len], seen, device)
}

/// 0 where the query at the first index sees the key at the second.
fn bias_where([q_len, kv_len]: [usize; 2], sees: impl Fn(usize, usize) -> bool, device: &Device) -> Tensor<4> {
    let pairs = (0..q_len).flat_map(|query| (0..kv_len).map(move |key| (query, key)));
    let data: Vec<f32> = pairs.map(|(query, key)| if sees(query, key) { 0.0 } else { HIDDEN }).collect();
    Tensor::from_data(TensorData::new(data, [1, 1, q_len, kv_len]), device)
}

/// Adds biases, each of any broadcastable shape. `None` is zero.
pub fn sum<const N: usize>(biases: [Option<Tensor<4>>; N]) -> Option<Tensor<4>> {
    biases.into_iter().flatten().reduce(|a, b| a + b)
}

/// Makes what is hidden twice no more hidden than what is hidden once, so that a query which sees nothing real, as padding
/// before a text does, looks at everything alike.
pub fn hidden_once(bias: Tensor<4>) -> Tensor<4> {
    bias.clamp_min(HIDDEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_future_is_hidden() {
        let bias: Vec<f32> = causal_bias(2, 3, &Device::flex()).into_data().iter().collect();
        assert_eq!(bias, [0.0, 0.0, HIDDEN, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_band_hides_the_future_and_the_distant_past() {
        let seen = |window: usize, q_len: usize, kv_len: usize| -> Vec<Vec<usize>> {
            let bias: Vec<f32> =
                banded_causal_bias(window, q_len, kv_len, &Device::flex()).into_data().iter().collect();
            bias.chunks(kv_len).map(|row| (0..kv_len).filter(|&key| row[key] == 0.0).collect()).collect()
        };
        assert_eq!(seen(2, 4, 4), [vec![0], vec![0, 1], vec![1, 2], vec![2, 3]]);
        assert_eq!(seen(1, 3, 3), [[0], [1], [2]], "a window of one is the token itself");
        assert_eq!(seen(3, 2, 5), [[1, 2, 3], [2, 3, 4]], "queries stand at the end of the keys");
        let whole = banded_causal_bias(usize::MAX, 3, 5, &Device::flex()).into_data();
        assert_eq!(whole, causal_bias(3, 5, &Device::flex()).into_data());
    }

    #[test]
    fn padding_is_hidden() {
        let mask = Tensor::<2, Bool>::from_data([[true, false]], &Device::flex());
        let bias: Vec<f32> = padding_bias(mask).into_data().iter().collect();
        assert_eq!(bias, [0.0, HIDDEN]);
    }

    #[test]
    fn hidden_scores_vanish_exactly_and_add_up() {
        assert_eq!((HIDDEN + 1e4).exp(), 0.0);
        assert!((HIDDEN * 100.0).is_finite());
    }
}
