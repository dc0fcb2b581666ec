//! An answer's log-probability is the sum of those of its tokens, each after everything before it.
//!
//! # How
//!
//! `log_probabilities` scores answers of several lengths to prompts of several lengths in one batch. Each must be the
//! sum, in f64, over the answer's tokens, of the log-softmax of a forward pass over the text alone at the token before.
//! Two halves of an answer, the second with the first in its prompt, must add up to the whole; an answer alone must be
//! what it is in the batch; and what beam search says of a text it wrote must be what is said of it here. The guards:
//! summed one token later or earlier, or over the prompt too, an answer would be far off.
//!
//! # Catches
//!
//! - probabilities of the token after the one that is meant
//! - prompts that are counted
//! - padding in a batch that moves an answer
//!
//! # Seen
//!
//! - [AI-Hypercomputer/maxtext #2103](https://github.com/AI-Hypercomputer/maxtext/issues/2103): each token of a prompt
//!   was judged by the scores after itself, so all of them looked most unlikely.
//! - [meta-llama/llama #869](https://github.com/meta-llama/llama/pull/869): where nothing was to be written, the
//!   log-probabilities were not shifted.
//! - [voidism/DoLa #18](https://github.com/voidism/DoLa/issues/18): whether continuations are scored one token late.
//!
//! # Fix
//!
//! The scores at a position are of the token after it: an answer's first is judged at the last of the prompt. In a batch
//! padded on the right, count from the left, for each text by its own prompt.

use zoo_registry::generate::{Prompt, Strategy, generate};
use zoo_registry::preference::{Answered, log_probabilities};
use zoo_registry::{Rows, Tokens};

use crate::check::{Stop, Verdict, require};
use crate::inputs;
use crate::subject::Subject;
use crate::values::{Noise, Stream, VISIBLE, Worst};
use crate::writers::{self, Writer, writers};

/// Tokens of prompts and answers, lopsided, so that every text is padded otherwise.
const LENGTHS: [[usize; 2]; 4] = [[2, 3], [1, 1], [4, 2], [1, 5]];

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let mut told = 0;
    for writer in writers(subject)? {
        let streams = inputs::streams(writer.model.as_ref())?;
        if streams.iter().any(|(stream, _)| *stream == Stream::Source) {
            return Err(Stop::NotApplicable("it answers a source, and answers are judged after a prompt".into()));
        }
        told += Look::new(subject, &writer)?.look(&mut worst)?;
    }
    worst.verdict(&format!("{told} answers, in halves, alone and in a batch"))
}

struct Look<'a> {
    writer: &'a Writer,
    texts: Vec<Answered>,
    noise: Noise,
}

impl<'a> Look<'a> {
    fn new(subject: &Subject<'_>, writer: &'a Writer) -> Result<Self, Stop> {
        let limits = writer.decoder()?.token_limits()?;
        let text = |(index, [prompt, answer]): (usize, [usize; 2])| {
            let ids = inputs::text(&limits, &format!("answered {index}"), prompt + answer);
            Answered { prompt: ids[..prompt].to_vec(), answer: ids[prompt..].to_vec() }
        };
        let texts: Vec<Answered> = LENGTHS.into_iter().enumerate().map(text).collect();
        let alone = texts.iter().map(|text| Ok(tokens(text)?.into())).collect::<Result<Vec<_>, Stop>>()?;
        Ok(Self { noise: subject.noise(&writer.variant, &alone)?, writer, texts })
    }

    fn look(&self, worst: &mut Worst) -> Result<usize, Stop> {
        let (head, decoder) = (&self.writer.variant.head, self.writer.decoder()?);
        let found = log_probabilities(decoder, &self.texts)?;
        for (index, (text, &found)) in self.texts.iter().zip(&found).enumerate() {
            let mut see = |expected: f64, what: &str| {
                // Each log-probability is a score and a normaliser, on both sides.
                let error = (found - expected).abs() / (4.0 * text.answer.len() as f64);
                worst.see(self.noise.multiple("logits", error), || format!("head `{head}`, answer {index} {what}"));
            };
            let steps = self.steps(text)?;
            let own = text.prompt.len() - 1..text.prompt.len() - 1 + text.answer.len();
            let expected: f64 = steps[own.clone()].iter().sum();
            see(expected, "by hand");
            let alone = log_probabilities(decoder, std::slice::from_ref(text))?;
            see(alone.first().copied().unwrap_or(f64::NAN), "alone");
            if text.answer.len() > 1 {
                let (first, second) = text.answer.split_at(text.answer.len() / 2);
                let halves = [
                    Answered { answer: first.to_vec(), ..text.clone() },
                    Answered { prompt: [&text.prompt[..], first].concat(), answer: second.to_vec() },
                ];
                see(log_probabilities(decoder, &halves)?.iter().sum(), "in two halves");
            }
            if own.start > 0 && own.len() > 1 {
                let earlier: f64 = steps[own.start - 1..own.end - 1].iter().sum();
                let apart = self.noise.multiple("logits", (earlier - expected).abs());
                require(apart > VISIBLE, || {
                    format!(
                        "head `{head}`, answer {index}: one token earlier it is {apart:.1} × noise away, so nothing is seen"
                    )
                })?;
            }
        }
        self.written(worst)?;
        Ok(found.len())
    }

    /// What beam search says of what it wrote.
    fn written(&self, worst: &mut Worst) -> Result<(), Stop> {
        let (head, decoder) = (&self.writer.variant.head, self.writer.decoder()?);
        let text = &self.texts[0];
        let prompt = Rows::new(&[&text.prompt]).map(Tokens::new).ok_or_else(|| Stop::fails("expected a text"))?;
        let strategy = Strategy { n_beams: 3, max_new_tokens: 3, length_penalty: 0.0, ..Strategy::default() };
        let written = generate(decoder, Prompt::from(&prompt), &strategy, &mut |_| true)?;
        let beams: Vec<_> = written.iter().flatten().collect();
        let answer = |answer: &[i64]| Answered { prompt: text.prompt.clone(), answer: answer.to_vec() };
        let answers: Vec<Answered> = beams.iter().map(|beam| answer(beam.continuation())).collect();
        for (beam, found) in beams.iter().zip(log_probabilities(decoder, &answers)?) {
            let error = (found - beam.score.unwrap_or(f64::NAN)).abs() / (4.0 * beam.continuation().len() as f64);
            worst.see(self.noise.multiple("logits", error), || {
                format!("head `{head}`, the beam {:?}, by its own score", beam.continuation())
            });
        }
        Ok(())
    }

    /// log p of each token of a text but the first, by one pass over it alone.
    fn steps(&self, text: &Answered) -> Result<Vec<f64>, Stop> {
        let scores = self.writer.scores(&tokens(text)?.into())?;
        let ids = [&text.prompt[..], &text.answer].concat();
        let step = |(scores, &id): (&Vec<f32>, &i64)| writers::log_probabilities(scores)[id as usize];
        Ok(scores[0].iter().zip(&ids[1..]).map(step).collect())
    }
}

/// Prompt and answer as one text.
fn tokens(text: &Answered) -> Result<Tokens, Stop> {
    let ids = [&text.prompt[..], &text.answer].concat();
    Rows::new(&[ids]).map(Tokens::new).ok_or_else(|| Stop::fails("expected a text"))
}
