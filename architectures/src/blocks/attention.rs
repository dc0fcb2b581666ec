//! Scaled dot-product attention over several heads.
//!
//! Vaswani et al. 2017, arXiv 1706.03762, §3.2.1 equation 1 and §3.2.2.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, assert_shape};
use zoo_registry::Trace;

use super::{Linear, cpu, linear, unbiased_linear};

/// `softmax(scale · Q Kᵀ + score_bias) V`, equation 1, with everything that is masked or positional in the bias.
///
/// # Shapes
/// - `query [batch, n_heads, q_len, head_dim]`
/// - `key`, `value [batch, n_heads, kv_len, head_dim]`
/// - `score_bias [batch|1, n_heads|1, q_len|1, kv_len]`, `None` for zero
/// - returns `[batch, n_heads, q_len, head_dim]`
pub fn attend(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    scale: f64,
    score_bias: Option<Tensor<4>>,
    trace: &mut Trace,
) -> Tensor<4> {
    let weights = attention_weights(query, key, scale, score_bias);
    trace.attention(&weights);
    weights.matmul(value)
}

/// `softmax(scale · Q Kᵀ + score_bias)`, the weights of [`attend`].
///
/// # Shapes
/// as there → `[batch, n_heads, q_len, kv_len]`
pub fn attention_weights(query: Tensor<4>, key: Tensor<4>, scale: f64, score_bias: Option<Tensor<4>>) -> Tensor<4> {
    let [_, _, q_len, _] = query.dims();
    let [_, _, kv_len, _] = key.dims();
    let products = query.matmul(key.transpose());
    assert_shape!(products, [.., q_len, kv_len]);
    cpu::softmax(products, scale as f32, score_bias.as_ref()).unwrap_or_else(|products| {
        let scores = products * scale;
        let scores = match score_bias {
            Some(bias) => scores + bias,
            None => scores,
        };
        softmax(scores, 3)
    })
}

/// The four maps around [`attend`], §3.2.2: every head sees its own projection, and their answers are mixed.
#[derive(Module, Debug)]
pub struct MultiHeadAttention {
    /// `[d_model, n_heads · head_dim]`
    pub query: Linear,
    /// `[d_model, n_heads · head_dim]`
    pub key: Linear,
    /// `[d_model, n_heads · head_dim]`
    pub value: Linear,
    /// `[n_heads · head_dim, d_model]`
    pub output: Linear,
    n_heads: usize,
}

impl MultiHeadAttention {
    /// Weights from N(0, `std`), those of the output map from N(0, `output_std`), biases zero.
    pub fn init(d_model: usize, n_heads: usize, std: f64, output_std: f64, device: &Device) -> Self {
        Self::of_width(d_model, [n_heads, d_model / n_heads], [std, output_std], device)
    }

    /// The same with heads of any width: together they may be wider or narrower than the model.
    pub fn of_width(
        d_model: usize,
        [n_heads, head_dim]: [usize; 2],
        [std, output_std]: [f64; 2],
        device: &Device,
    ) -> Self {
        let width = n_heads * head_dim;
        let inward = || linear([d_model, width], std, device);
        let output = linear([width, d_model], output_std, device);
        Self { query: inward(), key: inward(), value: inward(), output, n_heads }
    }

    /// The same without biases, with heads of any width. Each map has its own standard deviation: of query, key, value and
    /// output.
    pub fn unbiased(d_model: usize, [n_heads, head_dim]: [usize; 2], stds: [f64; 4], device: &Device) -> Self {
        let width = n_heads * head_dim;
        let inward = |std| unbiased_linear([d_model, width], std, device);
        let [query, key, value, output] = stds;
        Self {
            query: inward(query),
            key: inward(key),
            value: inward(value),
            output: unbiased_linear([width, d_model], output, device),
            n_heads,
        }
    }

    /// `[n_heads, head_dim]`.
    pub fn heads(&self) -> [usize; 2] {
        let [_, width] = self.key.weight.lazy_shape().dims();
        [self.n_heads, width / self.n_heads]
    }

    /// Queries, keys and values, one row of heads each.
    ///
    /// # Shapes
    /// `hidden [batch, seq_len, d_model]` → three of `[batch, n_heads, seq_len, head_dim]`
    pub fn project(&self, hidden: &Tensor<3>) -> [Tensor<4>; 3] {
        [&self.query, &self.key, &self.value].map(|map| self.split_heads(map.forward(hidden.clone())))
    }

    /// Queries alone, for attention to another text.
    ///
    /// # Shapes
    /// `hidden [batch, q_len, d_model]` → `[batch, n_heads, q_len, head_dim]`
    pub fn queries(&self, hidden: Tensor<3>) -> Tensor<4> {
        self.split_heads(self.query.forward(hidden))
    }

    /// Keys and values of a text that others look at.
    ///
    /// # Shapes
    /// `hidden [batch, kv_len, d_model]` → two of `[batch, n_heads, kv_len, head_dim]`
    pub fn keys_and_values(&self, hidden: &Tensor<3>) -> [Tensor<4>; 2] {
        [&self.key, &self.value].map(|map| self.split_heads(map.forward(hidden.clone())))
    }

    /// Mixes the heads' answers.
    ///
    /// # Shapes
    /// `[batch, n_heads, seq_len, head_dim]` → `[batch, seq_len, d_model]`
    pub fn merge(&self, attended: Tensor<4>) -> Tensor<3> {
        let [batch, n_heads, seq_len, head_dim] = attended.dims();
        // [batch, seq_len, n_heads, head_dim]: a token's heads lie side by side again
        let side_by_side = attended.swap_dims(1, 2).reshape([batch, seq_len, n_heads * head_dim]);
        self.output.forward(side_by_side)
    }

    fn split_heads(&self, projected: Tensor<3>) -> Tensor<4> {
        let [batch, seq_len, width] = projected.dims();
        projected.reshape([batch, seq_len, self.n_heads, width / self.n_heads]).swap_dims(1, 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::causal_bias;
    use burn::tensor::{Distribution, TensorData};
    use zoo_registry::output::Record;

    /// Equation 1 in plain loops, f64.
    #[expect(clippy::needless_range_loop, reason = "indices as the equation writes them")]
    fn by_hand(q: &[Vec<f64>], k: &[Vec<f64>], v: &[Vec<f64>], scale: f64, causal: bool) -> Vec<Vec<f64>> {
        let mut out = vec![vec![0.0; v[0].len()]; q.len()];
        for i in 0..q.len() {
            let seen = if causal { i + 1 } else { k.len() };
            let score = |j: usize| scale * (0..q[i].len()).map(|d| q[i][d] * k[j][d]).sum::<f64>();
            let total: f64 = (0..seen).map(|j| score(j).exp()).sum();
            for j in 0..seen {
                for d in 0..v[j].len() {
                    out[i][d] += score(j).exp() / total * v[j][d];
                }
            }
        }
        out
    }

    fn rows(tensor: &Tensor<4>) -> Vec<Vec<f64>> {
        let [_, _, _, width] = tensor.dims();
        tensor.to_data().iter::<f64>().collect::<Vec<_>>().chunks(width).map(<[f64]>::to_vec).collect()
    }

    #[test]
    fn equals_equation_1() {
        let device = Device::flex();
        device.seed(3);
        let random = |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device);
        let (q, k, v) = (random([1, 1, 5, 3]), random([1, 1, 5, 3]), random([1, 1, 5, 4]));
        for causal in [false, true] {
            let bias = causal.then(|| causal_bias(5, 5, &device));
            let mut trace = Trace::new(Record::ALL);
            let found = attend(q.clone(), k.clone(), v.clone(), 0.7, bias, &mut trace);
            let expected = by_hand(&rows(&q), &rows(&k), &rows(&v), 0.7, causal);
            for (found, expected) in rows(&found).concat().iter().zip(expected.concat()) {
                assert!((found - expected).abs() < 1e-6, "causal: {causal}, {found} is not {expected}");
            }
        }
    }

    #[test]
    fn heads_are_split_and_merged_in_order() {
        let device = Device::flex();
        let attention = MultiHeadAttention::init(6, 2, 0.0, 0.0, &device);
        let numbers: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let hidden = Tensor::<3>::from_data(TensorData::new(numbers, [1, 2, 6]), &device);
        let heads = attention.split_heads(hidden.clone());
        assert_eq!(heads.dims(), [1, 2, 2, 3]);
        let second_head: Vec<f32> = heads.clone().slice([0..1, 1..2]).into_data().iter().collect();
        assert_eq!(second_head, [3.0, 4.0, 5.0, 9.0, 10.0, 11.0]);
    }

    #[test]
    fn heads_may_be_of_any_width() {
        let device = Device::flex();
        let attention = MultiHeadAttention::unbiased(6, [2, 5], [0.1; 4], &device);
        let hidden = Tensor::<3>::ones([1, 3, 6], &device);
        let [query, key, value] = attention.project(&hidden);
        assert_eq!([query.dims(), key.dims(), value.dims()], [[1, 2, 3, 5]; 3]);
        assert_eq!(attention.heads(), [2, 5]);
        assert_eq!(attention.queries(hidden.clone()).to_data(), query.to_data());
        assert_eq!(attention.keys_and_values(&hidden)[1].to_data(), value.to_data());
        assert_eq!(attention.merge(query).dims(), [1, 3, 6]);
    }
}
