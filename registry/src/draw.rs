//! Numbers that depend on a name alone: the same on every device, in any order, on every run.

/// A stream of numbers seeded by a text.
#[derive(Debug, Clone)]
pub struct Draw(u64);

impl Draw {
    /// The stream of this name.
    pub fn new(seed: &str) -> Self {
        // FNV-1a, 64 bits.
        Self(
            seed.bytes()
                .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)),
        )
    }

    /// The next 64 bits, by splitmix64.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Close to a standard normal, and bounded by ±2√3: four uniforms, centred and scaled. Only additions and one product,
    /// so every machine draws the same bits.
    pub fn normal(&mut self) -> f64 {
        let sum = self.unit() + self.unit() + self.unit() + self.unit();
        (sum - 2.0) * 3f64.sqrt()
    }

    /// Uniform among `0..n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    /// One of several, each as likely.
    pub fn choose<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }

    /// Uniform ids among `0..n`.
    pub fn ids(&mut self, count: usize, n: usize) -> Vec<i64> {
        (0..count).map(|_| self.below(n) as i64).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_always_draws_the_same() {
        let first: Vec<u64> = (0..4)
            .map({
                let mut draw = Draw::new("a");
                move |_| draw.bits()
            })
            .collect();
        let mut again = Draw::new("a");
        assert!(first.iter().all(|&bits| bits == again.bits()));
        assert_ne!(first[0], Draw::new("b").bits());
    }

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let mut draw = Draw::new("normal");
        let sample: Vec<f64> = (0..20_000).map(|_| draw.normal()).collect();
        let mean = sample.iter().sum::<f64>() / sample.len() as f64;
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / sample.len() as f64;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }
}
