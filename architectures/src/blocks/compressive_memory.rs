//! A memory of fixed size that keys and values are folded into, and that queries read.
//!
//! Munkhdalai, Faruqui and Gopal 2024, arXiv 2404.07143v2, §3.1.2 equations 7 to 9, after the linear attention of
//! Katharopoulos et al. 2020, arXiv 2006.16236, and the delta rule of Schlag et al. 2021, arXiv 2102.11174.

use burn::tensor::activation::relu;
use burn::tensor::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

/// The associative matrix M and the normaliser z of every head, one of each a text.
#[derive(Debug, Clone)]
pub struct CompressiveMemory {
    /// M, `[batch, n_heads, d_key, d_value]`
    pub matrix: Tensor<4>,
    /// z, `[batch, n_heads, d_key, 1]`
    pub normaliser: Tensor<4>,
}

/// How new keys and values are folded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryUpdate {
    /// `M + σ(K)ᵀ V`, equation 8.
    Linear,
    /// `M + σ(K)ᵀ (V − σ(K) M / (σ(K) z))`, equation 9: only what the memory would not have answered already.
    Delta,
    /// Not at all: the same model without a memory, to compare with.
    None,
}

impl CompressiveMemory {
    /// Nothing written: M = 0, z = 0.
    pub fn empty([batch, n_heads, d_key, d_value]: [usize; 4], (device, dtype): (&Device, DType)) -> CompressiveMemory {
        Self {
            matrix: Tensor::zeros([batch, n_heads, d_key, d_value], (device, dtype)),
            normaliser: Tensor::zeros([batch, n_heads, d_key, 1], (device, dtype)),
        }
    }

    /// `σ(Q) M / (σ(Q) z)`, equation 7; 0 where nothing was written.
    ///
    /// # Shapes
    /// `query [batch, n_heads, q_len, d_key]` → `[batch, n_heads, q_len, d_value]`
    pub fn retrieve(&self, query: Tensor<4>) -> Tensor<4> {
        self.answer(features(query))
    }

    /// Folds in keys and values, all at once: what they are compared with is the memory as it was before.
    ///
    /// # Shapes
    /// - `key [batch, n_heads, len, d_key]`, `value [batch, n_heads, len, d_value]`
    /// - `written [batch, 1, len, 1]`, 1 where a pair is written and 0 where it is not; `None` writes all
    pub fn update(&mut self, key: Tensor<4>, value: Tensor<4>, written: Option<Tensor<4>>, update: MemoryUpdate) {
        let key = features(key);
        let new = match update {
            MemoryUpdate::Linear => value,
            MemoryUpdate::Delta => value - self.answer(key.clone()),
            MemoryUpdate::None => return,
        };
        let key = match written {
            Some(written) => key * written,
            None => key,
        };
        // [batch, n_heads, d_key, len]
        let key = key.transpose();
        self.normaliser = self.normaliser.clone() + key.clone().sum_dim(3);
        self.matrix = self.matrix.clone() + key.matmul(new);
    }

    fn answer(&self, features: Tensor<4>) -> Tensor<4> {
        let total = features.clone().matmul(self.normaliser.clone());
        // Features are positive, so a total of 0 says that nothing was written. M is 0 there too, and 0 / 1 is the answer.
        let unwritten = total.clone().equal_elem(0.0);
        features.matmul(self.matrix.clone()) / total.mask_fill(unwritten, 1.0)
    }
}

/// σ = ELU + 1 (§3.1.2): `x + 1` above 0, `eˣ` below. Written so that small features keep their digits, which `(eˣ − 1) + 1`
/// would round away.
fn features(x: Tensor<4>) -> Tensor<4> {
    relu(x.clone()) + x.clamp_max(0.0).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, TensorData};

    const HEADS: [usize; 2] = [2, 3];
    const D_KEY: usize = 4;
    const D_VALUE: usize = 5;

    fn random(len: usize, width: usize) -> Tensor<4> {
        Tensor::random([HEADS[0], HEADS[1], len, width], Distribution::Normal(0.0, 1.0), &Device::flex())
    }

    fn empty() -> CompressiveMemory {
        CompressiveMemory::empty([HEADS[0], HEADS[1], D_KEY, D_VALUE], (&Device::flex(), DType::F32))
    }

    /// Rows of `[batch · n_heads]` heads.
    fn heads(tensor: &Tensor<4>) -> Vec<Vec<Vec<f64>>> {
        let [batch, n_heads, len, width] = tensor.dims();
        let numbers: Vec<f64> = tensor.to_data().iter().collect();
        let head = |at: usize| numbers[at * len * width..][..len * width].chunks(width).map(<[f64]>::to_vec).collect();
        (0..batch * n_heads).map(head).collect()
    }

    fn sigma(x: &[f64]) -> Vec<f64> {
        x.iter().map(|&x| if x > 0.0 { x + 1.0 } else { x.exp() }).collect()
    }

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn gap(a: &Tensor<4>, b: &Tensor<4>) -> f64 {
        (a.clone() - b.clone()).abs().max().into_data().iter::<f64>().next().unwrap()
    }

    #[test]
    fn a_linear_memory_is_the_sum_over_everything_written() {
        Device::flex().seed(11);
        let written: Vec<_> = [3, 1, 4].map(|len| (random(len, D_KEY), random(len, D_VALUE))).into();
        let query = random(2, D_KEY);
        let mut memory = empty();
        for (key, value) in &written {
            memory.update(key.clone(), value.clone(), None, MemoryUpdate::Linear);
        }
        let key = heads(&Tensor::cat(written.iter().map(|(key, _)| key.clone()).collect(), 2));
        let value = heads(&Tensor::cat(written.iter().map(|(_, value)| value.clone()).collect(), 2));
        let found = heads(&memory.retrieve(query.clone()));
        for (head, query) in heads(&query).iter().enumerate() {
            for (row, query) in query.iter().enumerate() {
                // Katharopoulos et al. equation 4: every value weighed by σ(q) · σ(k).
                let weights: Vec<f64> = key[head].iter().map(|key| dot(&sigma(query), &sigma(key))).collect();
                for d in 0..D_VALUE {
                    let of_d: Vec<f64> = value[head].iter().map(|value| value[d]).collect();
                    let expected = dot(&weights, &of_d) / weights.iter().sum::<f64>();
                    assert!((found[head][row][d] - expected).abs() < 1e-5, "[{head}, {row}, {d}]");
                }
            }
        }
    }

    #[test]
    fn an_empty_memory_answers_nothing() {
        let answer = empty().retrieve(random(3, D_KEY));
        assert!(answer.into_data().iter::<f64>().all(|x| x == 0.0));
        // Neither does what is not written, whatever stands there.
        let mut memory = empty();
        let nothing = Tensor::zeros([2, 1, 3, 1], &Device::flex());
        for update in [MemoryUpdate::Linear, MemoryUpdate::Delta] {
            memory.update(random(3, D_KEY), random(3, D_VALUE), Some(nothing.clone()), update);
        }
        assert!(memory.matrix.clone().into_data().iter::<f64>().all(|x| x == 0.0));
        assert!(memory.retrieve(random(3, D_KEY)).into_data().iter::<f64>().all(|x| x == 0.0));
    }

    #[test]
    fn only_what_is_written_is_remembered() {
        Device::flex().seed(12);
        let (key, value, query) = (random(4, D_KEY), random(4, D_VALUE), random(2, D_KEY));
        // The first text writes its tokens 0 and 2, the second none.
        let mask = Tensor::<4>::from_data(
            TensorData::new(vec![1f32, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [2, 1, 4, 1]),
            &Device::flex(),
        );
        for update in [MemoryUpdate::Linear, MemoryUpdate::Delta] {
            let mut before = empty();
            before.update(random(3, D_KEY), random(3, D_VALUE), None, update);
            let (mut masked, mut alone) = (before.clone(), before.clone());
            masked.update(key.clone(), value.clone(), Some(mask.clone()), update);
            let pick = |tensor: &Tensor<4>| {
                Tensor::cat(vec![tensor.clone().narrow(2, 0, 1), tensor.clone().narrow(2, 2, 1)], 2)
            };
            alone.update(pick(&key), pick(&value), None, update);
            let text = |memory: &CompressiveMemory, at| memory.retrieve(query.clone()).narrow(0, at, 1);
            assert!(gap(&text(&masked, 0), &text(&alone, 0)) < 1e-6);
            assert_eq!(gap(&text(&masked, 1), &text(&before, 1)), 0.0);
            assert!(gap(&text(&masked, 0), &text(&before, 0)) > 1e-2);
        }
    }

    #[test]
    fn the_delta_rule_writes_nothing_twice() {
        Device::flex().seed(13);
        let (key, value) = (random(1, D_KEY), random(1, D_VALUE));
        let twice = |update| {
            let mut memory = empty();
            memory.update(key.clone(), value.clone(), None, update);
            let once = memory.clone();
            memory.update(key.clone(), value.clone(), None, update);
            (once, memory)
        };
        let (once, again) = twice(MemoryUpdate::Delta);
        assert!(gap(&once.retrieve(key.clone()), &value) < 1e-6, "what was written is recalled");
        assert!(gap(&once.matrix, &again.matrix) < 1e-6, "and writing it again leaves M as it is");
        // z counts every key, as in the linear rule (§3.1.2: "while still tracking the same normalization term").
        assert!(gap(&(once.normaliser.clone() * 2.0), &again.normaliser) < 1e-6);
        // So what is recalled of a pair written twice is half of it: equation 9 as it stands.
        assert!(gap(&again.retrieve(key.clone()), &(value.clone() / 2.0)) < 1e-6);
        let (once, again) = twice(MemoryUpdate::Linear);
        assert!(gap(&(once.matrix * 2.0), &again.matrix) < 1e-6, "the linear rule doubles it");
        assert!(gap(&again.retrieve(key.clone()), &value) < 1e-6);
    }

    #[test]
    fn the_delta_rule_corrects_by_what_was_recalled_before() {
        Device::flex().seed(14);
        let (first, second) = ((random(3, D_KEY), random(3, D_VALUE)), (random(2, D_KEY), random(2, D_VALUE)));
        let mut memory = empty();
        memory.update(first.0, first.1, None, MemoryUpdate::Delta);
        let recalled = memory.retrieve(second.0.clone());
        let (mut delta, mut linear) = (memory.clone(), memory);
        delta.update(second.0.clone(), second.1.clone(), None, MemoryUpdate::Delta);
        linear.update(second.0.clone(), second.1.clone() - recalled, None, MemoryUpdate::Linear);
        assert!(gap(&delta.matrix, &linear.matrix) < 1e-6);
        linear.update(second.0, second.1, None, MemoryUpdate::Linear);
        assert!(gap(&delta.matrix, &linear.matrix) > 1e-2);
    }

    #[test]
    fn features_are_positive_and_keep_their_digits() {
        let x = Tensor::<1>::from_data([-60.0f32, -1.0, 0.0, 2.0], &Device::flex()).reshape([1, 1, 1, 4]);
        let found: Vec<f64> = features(x).into_data().iter().collect();
        for (found, expected) in found.into_iter().zip([(-60f64).exp(), (-1f64).exp(), 1.0, 3.0]) {
            assert!((found / expected - 1.0).abs() < 1e-5, "{found} is not {expected}");
        }
    }
}
