//! Each token that greedy search writes is the likeliest one after the whole text so far, read at once.
//!
//! # How
//!
//! Three texts of different lengths, padded on the left, are continued to the end of the positions, or by sixteen tokens,
//! and no token may occur twice, so that texts do not run in circles. Each new id must have the largest score that is
//! left in a forward pass without memory or padding over exactly the text before it. A position counts only with a
//! certificate: its two best scores lie further apart than the roundings of both runs could move them. The same with each
//! choice that the configuration leaves. The guards: at least one position of each text counts, and at one the last token
//! alone would be followed by another.
//!
//! # Catches
//!
//! - a memory that forgets or overwrites once it is long
//! - positions that drift from one step to the next
//! - padding that is seen again once text follows it
//! - a token that is read twice, or never
//!
//! # Seen
//!
//! - [skyzh/tiny-llm #46](https://github.com/skyzh/tiny-llm/pull/46): after the first step the offset grew by the length
//!   of the prompt once more, so positions were wrong from there on.
//! - [Mikyx-1/TinyLLM #17](https://github.com/Mikyx-1/TinyLLM/issues/17): the causal mask was left out whenever there was
//!   a cache, so the prompt read its own future.
//! - [harvard-edge/cs249r_book #1953](https://github.com/harvard-edge/cs249r_book/pull/1953): a cached step looked at
//!   every token but the one it had just been given.
//!
//! # Fix
//!
//! First see whether cache-equals-forward fails as well: then the fault is in the cache, and is told there. If it alone
//! fails, the cache is right for short texts and not for long ones (a window, a capacity, a table of positions), or
//! generation hands the wrong token, mask or row on: look at `generate/sample.rs` and at what `prompt` reads first. The
//! message names the text and the token where the two part.

use zoo_registry::generate::{Prompt, Strategy, generate, room};
use zoo_registry::output::Record;
use zoo_registry::{Decode, HeadOutput, Input, Model, Rows, Tokens};

use crate::check::{Finding, Stop, Verdict, require};
use crate::inputs::{self, Reading};
use crate::subject::{Subject, Variant};
use crate::values::WHOLE_MODEL;
use crate::writers::writers_of_every_choice;

/// New tokens, where the positions have no end before.
const NEW_TOKENS: usize = 16;
/// Tokens of the longest prompt: few, to leave positions.
const PROMPT: usize = 5;
/// How much shorter the others are.
const SHORTER: [usize; 3] = [2, 0, 3];
/// Each of two scores may be off by the tolerance of a whole model.
const CERTIFICATE: f64 = 2.0 * WHOLE_MODEL;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut counted, mut all) = (0, 0);
    for writer in writers_of_every_choice(subject)? {
        let (seen, written) = Texts::new(writer.model.as_ref(), writer.decoder()?)?.check(subject, &writer.variant)?;
        (counted, all) = (counted + seen, all + written);
    }
    Ok(Finding::seen(format!("{counted} of {all} tokens written counted, all of them the likeliest")))
}

struct Texts<'a> {
    model: &'a dyn Model,
    decoder: &'a dyn Decode,
    /// Texts of different lengths, without padding.
    prompts: Vec<Vec<i64>>,
    /// What each answers, for an encoder–decoder.
    sources: Option<Vec<Vec<i64>>>,
}

/// The best of the next tokens, and how far its score leads.
struct Best {
    id: i64,
    lead: f64,
}

impl<'a> Texts<'a> {
    fn new(model: &'a dyn Model, decoder: &'a dyn Decode) -> Result<Self, Stop> {
        let Reading { source, target } = inputs::random_reading(model, "written", SHORTER.len())?;
        let cut = |row: &[i64], shorter: usize| row[..PROMPT.min(row.len()) - shorter].to_vec();
        let prompts = target.input_ids.rows().zip(SHORTER).map(|(row, shorter)| cut(row, shorter)).collect();
        let shorter = |(row, shorter): (&[i64], usize)| row[shorter..].to_vec();
        let sources = source.map(|source| source.input_ids.rows().zip(SHORTER).map(shorter).collect());
        Ok(Self { model, decoder, prompts, sources })
    }

    /// How many tokens counted, of how many.
    fn check(&self, subject: &Subject<'_>, variant: &Variant) -> Result<(usize, usize), Stop> {
        let head = &variant.head;
        let texts = self.write()?;
        // The last token is written and never read, and may have no position.
        let read = texts.iter().enumerate().map(|(row, text)| self.input(row, &text[..text.len() - 1]));
        let whole = read.collect::<Result<Vec<_>, _>>()?;
        let noise = subject.noise(variant, &whole)?;
        let (mut counted, mut all, mut remembered) = (0, 0, false);
        for (row, text) in texts.iter().enumerate() {
            let before = counted;
            for at in self.prompts[row].len()..text.len() {
                all += 1;
                let best = self.best(row, &text[..at], &text[..at])?;
                if noise.multiple("logits", best.lead) <= CERTIFICATE {
                    continue;
                }
                require(best.id == text[at], || {
                    format!(
                        "head `{head}`, text {row}, token {at}: wrote {}, reading it all again gives {}",
                        text[at], best.id
                    )
                })?;
                counted += 1;
                remembered |= self.best_alone(row, &text[..at])? != text[at];
            }
            require(counted > before, || {
                format!("head `{head}`: no token of text {row} leads by more than noise, so nothing is seen")
            })?;
        }
        require(remembered, || {
            format!("head `{head}`: the last token alone is followed by the same, so no memory is seen")
        })?;
        Ok((counted, all))
    }

    /// Prompts and what greedy search writes after them, from one padded batch.
    fn write(&self) -> Result<Vec<Vec<i64>>, Stop> {
        let missing = || Stop::fails("expected texts");
        let source = self.sources.as_ref().map(|sources| padded(sources).map(Input::Tokens));
        let source = source.map(|source| source.ok_or_else(missing)).transpose()?;
        let tokens = padded(&self.prompts).ok_or_else(missing)?;
        let fits = room(self.decoder, &tokens)?.unwrap_or(NEW_TOKENS);
        // Two thirds of the vocabulary at most, so that there is something to choose from.
        let fits = fits.min(NEW_TOKENS).min((self.decoder.token_limits()?.vocab_size * 2 / 3).saturating_sub(PROMPT));
        let strategy = Strategy { max_new_tokens: fits, no_repeat_ngram: Some(1), ..Strategy::default() };
        let prompt = Prompt { source: source.as_ref(), tokens: &tokens };
        let written = generate(self.decoder, prompt, &strategy, &mut |_| true)?;
        let text = |(prompt, written): (&Vec<i64>, &Vec<_>)| {
            let new = written.first().map_or(&[][..], zoo_registry::generate::Written::continuation);
            [prompt, new].concat()
        };
        Ok(self.prompts.iter().zip(&written).map(text).collect())
    }

    /// The likeliest token that is not among `taken` after `text`, by one pass over it alone.
    fn best(&self, row: usize, text: &[i64], taken: &[i64]) -> Result<Best, Stop> {
        self.best_of(&self.input(row, text)?, taken)
    }

    /// The likeliest token after the last one of `text`, at its place, with nothing before it.
    fn best_alone(&self, row: usize, text: &[i64]) -> Result<i64, Stop> {
        let input = match self.input(row, text)? {
            Input::TokenPair { source, target } => Input::TokenPair { source, target: self.last(&target)? },
            Input::Tokens(tokens) => Input::Tokens(self.last(&tokens)?),
            other => other,
        };
        Ok(self.best_of(&input, text)?.id)
    }

    fn last(&self, tokens: &Tokens) -> Result<Tokens, Stop> {
        let [_, len] = tokens.input_ids.dims();
        Ok(inputs::in_place(tokens, &self.decoder.token_limits()?).columns(len - 1, len))
    }

    fn best_of(&self, input: &Input, taken: &[i64]) -> Result<Best, Stop> {
        let output = self.model.forward(input, Record::NOTHING)?;
        let HeadOutput::NextTokenLogits(logits) = output.head else {
            return Err(Stop::fails("the head's answer changed its kind"));
        };
        let [_, len, vocab] = logits.dims();
        let scores: Vec<f32> = logits.into_data().iter::<f32>().skip((len - 1) * vocab).collect();
        let mut order: Vec<usize> = (0..vocab).filter(|&id| !taken.contains(&(id as i64))).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        match order[..] {
            [first, second, ..] => {
                Ok(Best { id: first as i64, lead: f64::from(scores[first]) - f64::from(scores[second]) })
            }
            _ => Err(Stop::fails("expected at least two tokens to choose from")),
        }
    }

    /// One text, with the source it answers.
    fn input(&self, row: usize, text: &[i64]) -> Result<Input, Stop> {
        let tokens = |ids: &[i64]| Rows::new(&[ids]).map(Tokens::new).ok_or_else(|| Stop::fails("expected a text"));
        let source = self.sources.as_ref().map(|sources| tokens(&sources[row])).transpose()?;
        Ok(Reading { source, target: tokens(text)? }.input())
    }
}

/// On the left, with an id under the mask that is a token elsewhere.
fn padded(texts: &[Vec<i64>]) -> Option<Tokens> {
    let pad_id = texts.first().and_then(|text| text.first()).copied().unwrap_or_default();
    Tokens::padded(texts, pad_id, zoo_registry::Side::Left)
}
