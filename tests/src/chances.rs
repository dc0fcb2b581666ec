//! With which probability each token is drawn, and whether counts agree.

use std::fmt;

use zoo_registry::generate::{Sampling, Strategy};

/// How tokens are drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    pub(crate) temperature: f64,
    pub(crate) top_k: Option<usize>,
    /// How many of the likeliest are to stay, and the probability that says so.
    pub(crate) nucleus: Option<(usize, f64)>,
    pub(crate) penalty: f64,
}

impl Setting {
    /// Each setting alone and all together, for these scores after this text.
    pub(crate) fn all(scores: &[f64], text: &[i64]) -> Vec<Self> {
        // At this temperature scores are about one apart, so that many tokens are drawn and not all alike.
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let temperature = (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / scores.len() as f64).sqrt();
        let plain = Self { temperature, top_k: None, nucleus: None, penalty: 1.0 };
        let few = (scores.len() / 5).max(2);
        let penalised = Self { penalty: 1.7, ..plain.clone() };
        let cut = Self { top_k: Some(2 * few), ..penalised.clone() };
        vec![
            Self { temperature: 0.6 * temperature, ..plain.clone() },
            Self { top_k: Some(few), ..plain.clone() },
            plain.clone().with_nucleus(few, scores, text),
            penalised,
            cut.with_nucleus(few, scores, text),
            plain,
        ]
    }

    /// The same with the `n` likeliest of what is left: the probability lies in the middle of the last one's, out of reach
    /// of rounding.
    fn with_nucleus(self, n: usize, scores: &[f64], text: &[i64]) -> Self {
        let mut left = self.probabilities(scores, text);
        left.sort_by(|a, b| b.total_cmp(a));
        let before: f64 = left[..n - 1].iter().sum();
        Self { nucleus: Some((n, before + left[n - 1] / 2.0)), ..self }
    }

    /// Settings that must not be mistaken for it.
    pub(crate) fn neighbours(&self) -> Vec<Self> {
        let mut found = vec![Self { temperature: 1.5 * self.temperature, ..self.clone() }];
        if let (Some(k), None) = (self.top_k, self.nucleus) {
            found.extend([k - 1, k + 1].map(|k| Self { top_k: Some(k), ..self.clone() }));
        }
        if let Some((n, p)) = self.nucleus {
            found.extend([n - 1, n + 1].map(|n| Self { nucleus: Some((n, p)), ..self.clone() }));
        }
        if self.penalty != 1.0 {
            found.push(Self { penalty: 1.0, ..self.clone() });
        }
        found
    }

    /// What generation is asked for.
    pub(crate) fn strategy(&self, seed: u64) -> Strategy {
        let sampling = Sampling {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.nucleus.map_or(1.0, |(_, p)| p),
            seed,
        };
        Strategy { repetition_penalty: self.penalty, sampling: Some(sampling), ..Strategy::default() }
    }

    /// Each token's probability after `text`: the penalty, the temperature, the `k` likeliest, the nucleus.
    pub(crate) fn probabilities(&self, scores: &[f64], text: &[i64]) -> Vec<f64> {
        let penalised = scores.iter().enumerate().map(|(id, &score)| match score {
            _ if !text.contains(&(id as i64)) => score,
            bad if bad < 0.0 => bad * self.penalty,
            good => good / self.penalty,
        });
        let heated: Vec<f64> = penalised.map(|score| score / self.temperature).collect();
        let most = heated.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut weights: Vec<f64> = heated.iter().map(|score| (score - most).exp()).collect();
        for kept in [self.top_k, self.nucleus.map(|(n, _)| n)].into_iter().flatten() {
            let mut sorted = weights.clone();
            sorted.sort_by(|a, b| b.total_cmp(a));
            let least = sorted[kept.clamp(1, sorted.len()) - 1];
            weights.iter_mut().filter(|weight| **weight < least).for_each(|weight| *weight = 0.0);
        }
        let all: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / all).collect()
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "temperature {:.2}", self.temperature)?;
        self.top_k.map_or(Ok(()), |k| write!(f, ", top-k {k}"))?;
        self.nucleus.map_or(Ok(()), |(n, p)| write!(f, ", top-p {p:.3} ({n} tokens)"))?;
        if self.penalty == 1.0 { Ok(()) } else { write!(f, ", repetition penalty {}", self.penalty) }
    }
}

/// Fewer are expected of no class of tokens; rarer ones are counted together.
const FEWEST: f64 = 5.0;

/// Pearson's statistic of counts and its degrees of freedom; without bound where something was drawn that cannot be.
pub(crate) fn chi_square(counts: &[usize], probabilities: &[f64]) -> (f64, usize) {
    let all = counts.iter().sum::<usize>() as f64;
    let expected = probabilities.iter().map(|p| p * all);
    let (mut statistic, mut classes, mut pool) = (0.0, 0usize, (0.0, 0.0));
    for (&count, expected) in counts.iter().zip(expected) {
        match (count as f64, expected) {
            (count, 0.0) if count > 0.0 => return (f64::INFINITY, 1),
            (count, rare) if rare < FEWEST => pool = (pool.0 + count, pool.1 + rare),
            (count, expected) => {
                statistic += (count - expected).powi(2) / expected;
                classes += 1;
            }
        }
    }
    if pool.1 > 0.0 {
        // A pool that is rarer still is held against the fewest, which only blurs it.
        statistic += (pool.0 - pool.1).powi(2) / pool.1.max(FEWEST);
        classes += 1;
    }
    (statistic, classes.saturating_sub(1).max(1))
}

/// Standard deviations above the mean at which a statistic is no accident: one in 10⁹.
const DEVIATIONS: f64 = 6.0;

/// The largest statistic that is accepted, by Wilson and Hilferty's approximation: its cube root is nearly normal.
pub(crate) fn limit(degrees: usize) -> f64 {
    let spread = 2.0 / (9.0 * degrees as f64);
    degrees as f64 * (1.0 - spread + DEVIATIONS * spread.sqrt()).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f64; 5] = [2.0, -1.0, 0.5, 0.0, 1.0];

    fn setting() -> Setting {
        Setting { temperature: 1.0, top_k: None, nucleus: None, penalty: 1.0 }
    }

    #[test]
    fn probabilities_follow_their_settings() {
        let kept = |setting: Setting| {
            let found = setting.probabilities(&SCORES, &[0, 1]);
            assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            found.iter().map(|&p| p > 0.0).collect::<Vec<_>>()
        };
        assert_eq!(kept(Setting { top_k: Some(2), ..setting() }), [true, false, false, false, true]);
        assert_eq!(kept(setting().with_nucleus(3, &SCORES, &[])), [true, false, true, false, true]);
        let penalised = Setting { penalty: 2.0, ..setting() }.probabilities(&SCORES, &[0, 1]);
        // 2 becomes 1, like the last; −1 becomes −2.
        assert!((penalised[0] - penalised[4]).abs() < 1e-12);
        assert!((penalised[1] / penalised[3] - (-2f64).exp()).abs() < 1e-12);
    }

    #[test]
    fn counts_off_by_little_pass_and_by_much_do_not() {
        let even = [0.25; 4];
        assert!(chi_square(&[260, 240, 255, 245], &even).0 < limit(3));
        assert!(chi_square(&[350, 240, 205, 205], &even).0 > limit(3));
        assert_eq!(chi_square(&[500, 499, 1], &[0.5, 0.5, 0.0]).0, f64::INFINITY);
        // Of a normal's square, six deviations are 36; so far out the approximation errs on the safe side.
        assert!((36.0..50.0).contains(&limit(1)), "{}", limit(1));
    }
}
