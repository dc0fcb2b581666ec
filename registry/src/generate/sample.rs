//! One text a prompt, a token at a time: the likeliest, or one that is drawn.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};

use super::scores::{self, Scratch};
use super::{Ended, Job, Reader, Written};
use crate::config::Rules;
use crate::error::{Error, Result};

/// How a token is drawn from its scores.
///
/// The text in row `r` of a batch is drawn from stream `r` of one ChaCha8 generator of this seed, one number a token. So a seed
/// means one text on every machine, and a text does not depend on what stands in the other rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// Scores are divided by this before the softmax (Holtzman et al. 2020, arXiv 1904.09751, §3.3). 1 changes nothing; below 1
    /// the likely becomes likelier.
    pub temperature: f64,
    /// Only so many of the likeliest tokens can be drawn (Fan et al. 2018, arXiv 1805.04833). `None`: all.
    pub top_k: Option<usize>,
    /// Only the fewest likeliest tokens whose probability reaches this can be drawn (nucleus sampling: Holtzman et al. 2020,
    /// arXiv 1904.09751, §3.1). 1: all.
    pub top_p: f64,
    /// One seed, one text.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 1.0, top_k: None, top_p: 1.0, seed: 0 }
    }
}

impl Sampling {
    pub(super) fn rules(&self, rules: Rules) -> Rules {
        let Self { temperature, top_k, top_p, .. } = *self;
        rules
            .positive("temperature", temperature)
            .require(top_k != Some(0), "top_k", || "must be at least 1, found 0".into())
            .require(top_p > 0.0 && top_p <= 1.0, "top_p", || format!("must be above 0 and at most 1, found {top_p}"))
    }
}

/// A prompt and what was written after it.
struct Text {
    /// Both, without padding.
    ids: Vec<i64>,
    prompt_len: usize,
    ended: Option<Ended>,
    /// What draws its tokens, if they are drawn.
    random: Option<ChaCha8Rng>,
}

impl Text {
    fn new(row: usize, prompt: Vec<i64>, sampling: Option<&Sampling>) -> Self {
        let prompt_len = prompt.len();
        Self { ids: prompt, prompt_len, ended: None, random: sampling.map(|sampling| random(sampling.seed, row)) }
    }

    fn new_ids(&self) -> &[i64] {
        &self.ids[self.prompt_len..]
    }
}

pub(super) fn search(job: &mut Job<'_>) -> Result<Vec<Vec<Written>>> {
    let strategy = job.strategy;
    let sampling = strategy.sampling.as_ref();
    let prompts = job.texts().into_iter().enumerate();
    let mut texts: Vec<Text> = prompts.map(|(row, prompt)| Text::new(row, prompt, sampling)).collect();
    let mut reader = Reader::new(job.model, job.prompt)?;
    let mut chooser = Chooser::default();
    loop {
        let mut newest = Vec::with_capacity(texts.len());
        for ((row, text), scores) in texts.iter_mut().enumerate().zip(reader.rows_mut(1)) {
            if text.ended.is_some() {
                newest.push(None);
                continue;
            }
            let n_new = text.new_ids().len();
            scores::process(scores, &text.ids, n_new, 0.0, strategy);
            let id = chooser.choose(scores, sampling.zip(text.random.as_mut()));
            let id = id.ok_or_else(|| nothing_left(row, n_new))?;
            text.ids.push(id as i64);
            text.ended = job.ended(row, text.new_ids());
            newest.push(Some(id as i64));
        }
        let told: Vec<i64> = newest.iter().map(|id| id.unwrap_or(strategy.pad_id)).collect();
        if !(job.on_step)(&told) {
            break;
        }
        // A text that ended with this token needs no more scores.
        for (id, text) in newest.iter_mut().zip(&texts) {
            *id = id.filter(|_| text.ended.is_none());
        }
        if newest.iter().all(Option::is_none) {
            break;
        }
        reader.read(&newest)?;
    }
    let longest = texts.iter().map(|text| text.new_ids().len()).max().unwrap_or_default();
    let written = |(row, text): (usize, &Text)| {
        vec![job.written(row, text.new_ids(), text.ended.unwrap_or(Ended::BrokenOff), longest)]
    };
    Ok(texts.iter().enumerate().map(written).collect())
}

/// Stream `row` of the generator of `seed`.
pub(super) fn random(seed: u64, row: usize) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(row as u64);
    random
}

/// Picks a token, in room that is kept between steps.
#[derive(Default)]
pub(super) struct Chooser {
    scratch: Scratch,
    sums: Vec<f64>,
}

impl Chooser {
    /// The likeliest token, or one that is drawn. `None` if every token is hidden, or what the model says is not a number.
    pub(super) fn choose(&mut self, scores: &mut [f32], draw: Option<(&Sampling, &mut ChaCha8Rng)>) -> Option<usize> {
        if scores.iter().any(|&score| score.is_nan() || score == f32::INFINITY) {
            return None;
        }
        match draw {
            None => scores::argmax(scores),
            Some((sampling, random)) => {
                scores::warp(scores, sampling, &mut self.scratch);
                self.draw(scores, random)
            }
        }
    }

    /// One number a token: the first id at which the probabilities, added up in order, exceed it.
    pub(super) fn draw(&mut self, scores: &[f32], random: &mut ChaCha8Rng) -> Option<usize> {
        let most = f64::from(scores::largest(scores));
        if most == f64::NEG_INFINITY {
            return None;
        }
        self.sums.clear();
        let mut sum = 0.0;
        self.sums.extend(scores.iter().map(|&score| {
            sum += (f64::from(score) - most).exp();
            sum
        }));
        let at = unit(random) * sum;
        Some(self.sums.partition_point(|&sum| sum <= at))
    }
}

/// Uniform in `[0, 1)`, all 53 bits of an f64.
fn unit(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

fn nothing_left(row: usize, n_new: usize) -> Error {
    let reason = format!(
        "no token can follow token {n_new} of text {row}: the strategy rules every one out, or the model's scores are not numbers"
    );
    Error::Generation { reason }
}
