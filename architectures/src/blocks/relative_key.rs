//! Relative positions inside the scores: a vector for every distance, compared with the query.

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Device, Int, Tensor, TensorData, assert_shape};

use super::embedding;

/// `q_i · a_{i−j}`, the second term of Shaw et al. 2018, arXiv 1803.02155, equation 4; optionally with `k_j · a_{i−j}`
/// beside it (Huang et al. 2020, arXiv 2009.13658, method 4).
#[derive(Module, Debug)]
pub struct RelativeKey {
    /// `[2 · max_positions − 1, head_dim]`, distance −(max − 1) first.
    pub distance: Embedding,
    max_positions: usize,
    with_key: bool,
}

impl RelativeKey {
    /// A vector for each distance below `max_positions` in either direction, from N(0, `std`).
    pub fn init(max_positions: usize, head_dim: usize, with_key: bool, std: f64, device: &Device) -> Self {
        Self { distance: embedding([2 * max_positions - 1, head_dim], std, device), max_positions, with_key }
    }

    /// The score bias before scaling. The queries are the last of the keys' positions.
    ///
    /// # Shapes
    /// `query [batch, n_heads, q_len, head_dim]`, `key [batch, n_heads, kv_len, head_dim]` →
    /// `[batch, n_heads, q_len, kv_len]`
    pub fn scores(&self, query: &Tensor<4>, key: &Tensor<4>) -> Tensor<4> {
        let [batch, n_heads, q_len, head_dim] = query.dims();
        let [_, _, kv_len, _] = key.dims();
        // [q_len, kv_len, head_dim]
        let vectors = self.distance.forward(self.distances(q_len, kv_len, &query.device()));
        assert_shape!(vectors, [q_len, kv_len, head_dim]);
        // q_len is the batch axis of the product: [q_len, batch · n_heads, head_dim] × [q_len, head_dim, kv_len]
        let rows = query.clone().reshape([batch * n_heads, q_len, head_dim]).swap_dims(0, 1);
        let from_query = rows.matmul(vectors.clone().swap_dims(1, 2)).swap_dims(0, 1);
        let from_query = from_query.reshape([batch, n_heads, q_len, kv_len]);
        if !self.with_key {
            return from_query;
        }
        // kv_len is the batch axis: [kv_len, batch · n_heads, head_dim] × [kv_len, head_dim, q_len]
        let rows = key.clone().reshape([batch * n_heads, kv_len, head_dim]).swap_dims(0, 1);
        let from_key = rows.matmul(vectors.permute([1, 2, 0])).permute([1, 2, 0]);
        from_query + from_key.reshape([batch, n_heads, q_len, kv_len])
    }

    /// Row of the table for each pair: `i − j + max_positions − 1`.
    fn distances(&self, q_len: usize, kv_len: usize, device: &Device) -> Tensor<2, Int> {
        let past = kv_len - q_len;
        let row = |i: usize, j: usize| (past + i + self.max_positions - 1 - j) as i64;
        let data: Vec<i64> = (0..q_len).flat_map(|i| (0..kv_len).map(move |j| row(i, j))).collect();
        Tensor::from_data(TensorData::new(data, [q_len, kv_len]), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    #[test]
    fn equals_the_sum_written_out() {
        let device = Device::flex();
        device.seed(5);
        let random = |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device);
        let (q, k) = (random([2, 3, 2, 4]), random([2, 3, 5, 4]));
        for with_key in [false, true] {
            let relative = RelativeKey::init(6, 4, with_key, 1.0, &device);
            let found: Vec<f64> = relative.scores(&q, &k).into_data().iter().collect();
            let table: Vec<f64> = relative.distance.weight.val().into_data().iter().collect();
            let (q, k): (Vec<f64>, Vec<f64>) = (q.to_data().iter().collect(), k.to_data().iter().collect());
            let mut at = 0;
            for head in 0..6 {
                for i in 0..2 {
                    for j in 0..5 {
                        let a = |d: usize| table[(3 + i + 5 - j) * 4 + d];
                        let from_query: f64 = (0..4).map(|d| q[(head * 2 + i) * 4 + d] * a(d)).sum();
                        let from_key: f64 = (0..4).map(|d| k[(head * 5 + j) * 4 + d] * a(d)).sum();
                        let expected = from_query + if with_key { from_key } else { 0.0 };
                        assert!(
                            (found[at] - expected).abs() < 1e-5,
                            "[{head}, {i}, {j}]: {} is not {expected}",
                            found[at]
                        );
                        at += 1;
                    }
                }
            }
        }
    }
}
