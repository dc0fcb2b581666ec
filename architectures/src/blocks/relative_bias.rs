//! Positions as a number added to each score, learned for every bucket of distances.

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::embedding;

/// A learned number for each head and bucket of distances, shared by all layers: Raffel et al. 2019, arXiv 1910.10683, §2.1.
#[derive(Module, Debug)]
pub struct RelativeBias {
    /// `[n_buckets, n_heads]`
    pub table: Embedding,
    #[module(skip)]
    buckets: Buckets,
}

impl RelativeBias {
    /// A table from N(0, `std`).
    pub fn init(buckets: Buckets, n_heads: usize, std: f64, device: &Device) -> Self {
        Self { table: embedding([buckets.count(), n_heads], std, device), buckets }
    }

    /// The bias of every pair. The queries are the last `q_len` of `kv_len` positions.
    ///
    /// # Shapes
    /// returns `[1, n_heads, q_len, kv_len]`
    pub fn forward(&self, q_len: usize, kv_len: usize) -> Tensor<4> {
        // Of every offset there is: from the last query to the first key, up to the first query and the last key.
        let offsets = 1 - kv_len as i64..q_len as i64;
        let buckets: Vec<i64> = offsets.map(|offset| self.buckets.of(offset) as i64).collect();
        let rows: Vec<i64> = (1..=q_len).rev().flat_map(|first| buckets[first - 1..][..kv_len].to_vec()).collect();
        let device = self.table.weight.device();
        let rows = Tensor::<2, Int>::from_data(TensorData::new(rows, [q_len, kv_len]), &device);
        // [q_len, kv_len, n_heads] → [1, n_heads, q_len, kv_len]
        self.table.forward(rows).permute([2, 0, 1]).unsqueeze()
    }
}

/// How distances are put into buckets: near ones alone, far ones with others, on a logarithmic scale, and from a largest
/// distance on all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buckets {
    /// In one direction.
    n: usize,
    max_distance: usize,
    ahead: bool,
}

impl Buckets {
    /// For an encoder: one half of `n_buckets` for keys up to the query, the other for keys after it.
    pub fn both_ways(n_buckets: usize, max_distance: usize) -> Self {
        Self { n: n_buckets / 2, max_distance, ahead: true }
    }

    /// For a decoder: all of `n_buckets` for keys up to the query. Those after it, which it must not see, fall in with itself.
    pub fn backwards(n_buckets: usize, max_distance: usize) -> Self {
        Self { n: n_buckets, max_distance, ahead: false }
    }

    /// The bucket of a key that stands `offset` tokens after its query.
    pub fn of(&self, offset: i64) -> usize {
        let distance = if self.ahead { offset.unsigned_abs() } else { offset.min(0).unsigned_abs() };
        let side = if self.ahead && offset > 0 { self.n } else { 0 };
        side + self.within(distance as usize)
    }

    /// Half of the buckets hold one distance each; the rest are spread over the logarithm up to `max_distance`. Rounded in
    /// f32, as in the released code, where trained tables come from.
    fn within(&self, distance: usize) -> usize {
        let exact = self.n / 2;
        if distance < exact {
            return distance;
        }
        let far = (distance as f32 / exact as f32).ln() / (self.max_distance as f32 / exact as f32).ln();
        (exact + (far * (self.n - exact) as f32) as usize).min(self.n - 1)
    }

    /// In both directions together.
    fn count(&self) -> usize {
        if self.ahead { 2 * self.n } else { self.n }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// For 2ᵃ exact and `far` other buckets up to the distance 2ᵐ, in whole numbers: the k-th far bucket begins where
    /// distance ≥ 2ᵃ · 2^((m − a) k / far), that is where distance^far ≥ 2^(a far + (m − a) k).
    fn closed_form([a, m, far]: [u32; 3], distance: u64) -> usize {
        if distance < 1 << a {
            return distance as usize;
        }
        let reached = u128::from(distance.min(1 << m)).pow(far);
        (1usize << a) + (1..far).take_while(|k| reached >= 1u128 << (a * far + (m - a) * k)).count()
    }

    #[test]
    fn buckets_are_those_of_the_closed_form() {
        let (both, back) = (Buckets::both_ways(32, 128), Buckets::backwards(32, 128));
        for offset in -256i64..=256 {
            let side = if offset > 0 { 16 } else { 0 };
            assert_eq!(both.of(offset), side + closed_form([3, 7, 8], offset.unsigned_abs()), "both ways, {offset}");
            assert_eq!(back.of(offset), closed_form([4, 7, 16], offset.min(0).unsigned_abs()), "backwards, {offset}");
        }
        // Bucket 16 is that of distance 0 ahead, which does not occur.
        let seen: BTreeSet<usize> = (-256..=256).map(|offset| both.of(offset)).collect();
        assert_eq!(seen, (0..32).filter(|&bucket| bucket != 16).collect());
        assert_eq!((both.of(-16), both.of(15), both.of(-127)), (10, 25, 15));
        assert_eq!((back.of(-15), back.of(-16), back.of(-128)), (15, 16, 31));
    }

    #[test]
    fn one_number_a_head_and_bucket_wherever_the_pair_stands() {
        let device = Device::flex();
        device.seed(2);
        let bias = RelativeBias::init(Buckets::both_ways(8, 16), 3, 1.0, &device);
        let table: Vec<f32> = bias.table.weight.val().into_data().iter().collect();
        let whole = bias.forward(6, 6);
        assert_eq!(whole.dims(), [1, 3, 6, 6]);
        let numbers: Vec<f32> = whole.clone().into_data().iter().collect();
        for (head, query, key) in [(0, 0, 5), (2, 5, 0), (1, 3, 3), (2, 2, 3)] {
            let bucket = Buckets::both_ways(8, 16).of(key as i64 - query as i64);
            assert_eq!(numbers[(head * 6 + query) * 6 + key], table[bucket * 3 + head]);
        }
        assert_eq!(bias.forward(2, 6).into_data(), whole.slice([0..1, 0..3, 4..6]).into_data());
    }
}
