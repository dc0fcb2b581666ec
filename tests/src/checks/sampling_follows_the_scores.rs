//! Tokens are drawn as often as the model's scores say, after temperature, top-k, top-p and repetition penalty, in that order's
//! probabilities.
//!
//! # How
//!
//! The scores of the next token that the model's memory gives are drawn from 10 000 times, under every setting alone and all
//! together, and the counts are held against the probabilities that follow from a forward pass, computed here in f64. The
//! statistic is Pearson's χ², rare tokens pooled; a token that is ruled out may not be drawn once. The limit lies six standard deviations
//! up, so that a right sampler fails once in a thousand million draws of seeds, and seeds are fixed. The guard: the
//! same counts are refused for a neighbouring setting: one token more or less, another temperature, no penalty. Then a seed
//! must mean one text: the same twice, in whatever batch, and another for another seed.
//!
//! # Catches
//!
//! - a nucleus one token too small or too large
//! - temperature after the cut instead of before it
//! - a penalty that makes what is unlikely likelier
//! - draws that depend on the other texts of a batch
//! - scores of another position
//!
//! # Seen
//!
//! - [kingoflolz/mesh-transformer-jax #164](https://github.com/kingoflolz/mesh-transformer-jax/issues/164): top-k kept one
//!   token too many.
//! - [Biohub/esm #360](https://github.com/Biohub/esm/pull/360): the nucleus left out the token that reaches its
//!   probability.
//! - [BlinkDL/ChatRWKV #170](https://github.com/BlinkDL/ChatRWKV/pull/170): with a nucleus of everything, the likeliest
//!   token was always drawn.
//!
//! # Fix
//!
//! If plain draws fail, the scores are those of another position, or the numbers drawn are not uniform. If one setting fails, look
//! at its edge: which token is the last to stay. If only all together fail, look at their order.

use zoo_registry::generate::{Prompt, Sampling, Strategy, generate};
use zoo_registry::{Input, Tokens};

use crate::chances::{Setting, chi_square, limit};
use crate::check::{Finding, Stop, Verdict, require};
use crate::inputs::{self, Reading};
use crate::subject::Subject;
use crate::told::Told;
use crate::writers::{Writer, log_probabilities, writers};

/// Texts drawn at once, and tokens each.
const TEXTS: usize = 400;
const TOKENS: usize = 25;
/// Tokens of the prompt, and prompts to choose from.
const PROMPT: usize = 6;
const PROMPTS: usize = 8;

/// The prompt that is likeliest to be followed by one of its own tokens, or a penalty on these could not be seen.
fn prompt(writer: &Writer) -> Result<Reading, Stop> {
    let model = writer.model.as_ref();
    let prompts = inputs::reading(&inputs::streams(model)?, |stream, limits| {
        inputs::texts(limits, &format!("drawn after {stream:?}"), PROMPTS, PROMPT)
    })?;
    let own = |(row, scores): (usize, &Vec<Vec<f32>>)| {
        let after = scores.last().map(|scores| log_probabilities(scores)).unwrap_or_default();
        let mut ids = prompts.target.input_ids.row(row).to_vec();
        ids.sort_unstable();
        ids.dedup();
        ids.iter().map(|&id| after[id as usize].exp()).sum::<f64>()
    };
    let scores = writer.scores(&prompts.input())?;
    let own: Vec<f64> = scores.iter().enumerate().map(own).collect();
    let best = (0..PROMPTS).max_by(|&a, &b| own[a].total_cmp(&own[b])).unwrap_or_default();
    Ok(prompts.select(&[best]))
}

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst: f64 = 0.0;
    for writer in writers(subject)? {
        let head = &writer.variant.head;
        let reading = prompt(&writer)?;
        let prompt = reading.target.input_ids.row(0).to_vec();
        let told = Told::after(&writer, &reading, subject)?;
        let scores = writer.scores(&reading.input())?.pop().and_then(|mut text| text.pop());
        let scores: Vec<f64> = scores.unwrap_or_default().into_iter().map(f64::from).collect();
        for setting in Setting::all(&scores, &prompt) {
            let counts = draw(&told, &setting, &prompt)?;
            let statistic = |setting: &Setting| chi_square(&counts, &setting.probabilities(&scores, &prompt));
            let (found, degrees) = statistic(&setting);
            worst = worst.max(found / limit(degrees));
            require(found <= limit(degrees), || {
                format!(
                    "head `{head}`, {setting}: χ² is {found:.1} of {degrees} degrees, at most {:.1}",
                    limit(degrees)
                )
            })?;
            for neighbour in setting.neighbours() {
                let (found, degrees) = statistic(&neighbour);
                require(found > limit(degrees), || {
                    format!(
                        "head `{head}`: {TEXTS} × {TOKENS} draws do not tell {setting} from {neighbour}, so nothing is seen"
                    )
                })?;
            }
        }
        seeds(&writer, &reading.target, reading.before_writing().as_ref())?;
    }
    Ok(Finding {
        error: Some(worst),
        tolerance: Some(1.0),
        measure: Some("χ² over its limit, six standard deviations up".into()),
        detail: format!("{} draws under each setting, and seeds", TEXTS * TOKENS),
    })
}

/// How often each token is drawn.
fn draw(told: &Told, setting: &Setting, prompt: &[i64]) -> Result<Vec<usize>, Stop> {
    // A penalty changes with what was written, so each text has one token then.
    let (texts, new) = if setting.penalty == 1.0 { (TEXTS, TOKENS) } else { (TEXTS * TOKENS, 1) };
    let strategy = Strategy { max_new_tokens: new, ..setting.strategy(7) };
    let mut counts = vec![0; told.vocab()];
    told.write(prompt, texts, &strategy)?.iter().flatten().for_each(|&id| counts[id as usize] += 1);
    Ok(counts)
}

/// A seed means one text, whatever stands beside it.
fn seeds(writer: &Writer, tokens: &Tokens, source: Option<&Input>) -> Result<(), Stop> {
    const ROWS: usize = 3;
    let head = &writer.variant.head;
    let all = tokens.select(&[0; ROWS]);
    let sources = source.map(|source| crate::inputs::select(source, &[0; ROWS])).transpose()?;
    let draw = |tokens: &Tokens, source: Option<&Input>, seed: u64| -> Result<Vec<Vec<i64>>, Stop> {
        let sampling = Some(Sampling { seed, temperature: 3.0, ..Sampling::default() });
        let strategy = Strategy { max_new_tokens: 6, sampling, ..Strategy::default() };
        let written = generate(writer.decoder()?, Prompt { source, tokens }, &strategy, &mut |_| true)?;
        Ok(written.into_iter().flatten().map(|text| text.continuation().to_vec()).collect())
    };
    let first = draw(&all, sources.as_ref(), 11)?;
    require(first == draw(&all, sources.as_ref(), 11)?, || format!("head `{head}`: a seed means two texts"))?;
    require(first != draw(&all, sources.as_ref(), 12)?, || format!("head `{head}`: two seeds mean one text"))?;
    require(first[..1] == draw(tokens, source, 11)?[..], || {
        format!("head `{head}`: what is drawn for a text depends on those beside it")
    })?;
    let apart = first.iter().any(|text| *text != first[0]);
    require(apart, || format!("head `{head}`: every text of a batch draws the same numbers"))
}
