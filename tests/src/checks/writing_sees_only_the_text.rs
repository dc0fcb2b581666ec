//! What is written depends on the scores of tokens among each other and on the text, and on nothing else.
//!
//! # How
//!
//! Prompts are continued greedily and with beams, with and without a repetition penalty. The same must be written when
//! padding that holds other tokens stands before a prompt; when every score is larger by one number, which changes no
//! probability, and with beams under a penalty too; and, by a writer that says the same after every text, when the
//! prompt's tokens stand in another order or more often. Under a penalty above 1 no token of the text may become
//! likelier, and none of the others may move. Of scores that are all equal the first token is taken, and with beams the
//! first ones. The guard: a penalty changes what is written.
//!
//! # Catches
//!
//! - padding that counts as text
//! - a penalty that grows with how often a token stands in the text
//! - a penalty that depends on where zero is, in beams
//! - a penalty that helps
//! - ties that fall by chance
//!
//! # Seen
//!
//! - [huggingface/transformers #2302](https://github.com/huggingface/transformers/issues/2302): a penalty made tokens
//!   with negative scores likelier.
//! - [IEIT-Yuan/Yuan-2.0 #112](https://github.com/IEIT-Yuan/Yuan-2.0/pull/112): the same, four years later, in another
//!   sampler.
//!
//! # Fix
//!
//! If padding matters, see what is handed on as the text so far: its real tokens alone. If a shift matters with beams,
//! the penalty is applied before the scores are log-probabilities. If order or number of tokens matter, the text's tokens
//! are not made a set.

use zoo_registry::generate::{Prompt, Strategy, generate};
use zoo_registry::{Decode, Logits, Rows, Tokens};

use crate::check::{Finding, Stop, Verdict, require};
use crate::inputs::{self, Reading};
use crate::subject::Subject;
use crate::writers::{Rescored, Writer, writers};

/// Tokens of the prompt, and new ones.
const PROMPT: usize = 4;
const NEW: usize = 4;
const PENALTY: f64 = 1.7;
/// Beams at most.
const MOST: usize = 500;
/// What every score is raised by.
const SHIFT: f32 = 16.0;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let writers = writers(subject)?;
    let mut matters = false;
    for writer in &writers {
        let look = Look::new(writer)?;
        for n_beams in [1, 3] {
            let plain = Strategy { max_new_tokens: NEW, n_beams, ..Strategy::default() };
            let penalty = Strategy { repetition_penalty: PENALTY, ..plain.clone() };
            let once = Strategy { no_repeat_ngram: Some(1), ..plain.clone() };
            for strategy in [&plain, &penalty, &once] {
                look.padding(strategy)?;
            }
            look.shifted(&plain)?;
            look.shifted(&once)?;
            if n_beams > 1 {
                look.shifted(&penalty)?;
            }
            look.rearranged(&penalty)?;
            look.ties(n_beams)?;
            matters |= look.write(&look.reading, &plain)? != look.write(&look.reading, &penalty)?;
        }
        look.helps_nothing()?;
    }
    require(matters, || format!("a penalty of {PENALTY} changes nothing that is written, so nothing is seen"))?;
    Ok(Finding::seen(format!("{} heads: padding, shifts, order, number and ties", writers.len())))
}

/// A writer and a prompt.
struct Look<'a> {
    writer: &'a Writer,
    decoder: &'a dyn Decode,
    reading: Reading,
    /// What the writer says after the prompt.
    scores: Vec<f32>,
}

impl<'a> Look<'a> {
    fn new(writer: &'a Writer) -> Result<Self, Stop> {
        let decoder = writer.decoder()?;
        let reading = inputs::reading(&inputs::streams(writer.model.as_ref())?, |stream, limits| {
            let texts = inputs::texts(limits, &format!("seen {stream:?}"), 1, PROMPT)?;
            Ok(Tokens { token_type_ids: None, ..texts })
        })?;
        let mut state = decoder.start(1, reading.before_writing().as_ref())?;
        let scores = decoder.advance(&mut state, &reading.target, Logits::Last)?;
        Ok(Self { writer, decoder, reading, scores: scores.into_data().iter::<f32>().collect() })
    }

    fn write(&self, reading: &Reading, strategy: &Strategy) -> Result<Vec<Vec<i64>>, Stop> {
        self.write_by(self.decoder, reading, strategy)
    }

    fn write_by(&self, decoder: &dyn Decode, reading: &Reading, strategy: &Strategy) -> Result<Vec<Vec<i64>>, Stop> {
        let source = reading.before_writing();
        let prompt = Prompt { source: source.as_ref(), tokens: &reading.target };
        let written = generate(decoder, prompt, strategy, &mut |_| true)?;
        Ok(written.iter().flatten().map(|written| written.continuation().to_vec()).collect())
    }

    fn same(&self, what: &str, strategy: &Strategy, a: &[Vec<i64>], b: &[Vec<i64>]) -> Result<(), Stop> {
        let Strategy { n_beams, repetition_penalty, no_repeat_ngram, .. } = strategy;
        require(a == b, || {
            let head = &self.writer.variant.head;
            format!(
                "head `{head}`, {n_beams} beams, penalty {repetition_penalty}, no run of {no_repeat_ngram:?}: {what} it \
                 writes {b:?} instead of {a:?}"
            )
        })
    }

    /// The prompt with these tokens.
    fn with(&self, ids: &[i64], mask: Option<&[bool]>) -> Result<Reading, Stop> {
        let ids = Rows::new(&[ids]).ok_or_else(|| Stop::fails("expected a text"))?;
        let attention_mask = mask.and_then(|mask| Rows::new(&[mask]));
        Ok(Reading { target: Tokens { attention_mask, ..Tokens::new(ids) }, ..self.reading.clone() })
    }

    /// Padding of the tokens that would be written.
    fn padding(&self, strategy: &Strategy) -> Result<(), Stop> {
        let alone = self.write(&self.reading, strategy)?;
        let pads = alone.first().cloned().unwrap_or_default();
        let ids = [&pads[..], self.reading.target.input_ids.row(0)].concat();
        let mask = [vec![false; pads.len()], vec![true; PROMPT]].concat();
        let padded = self.write(&self.with(&ids, Some(&mask))?, strategy)?;
        self.same("after padding", strategy, &alone, &padded)
    }

    /// Every score larger by one number.
    fn shifted(&self, strategy: &Strategy) -> Result<(), Stop> {
        let shift = |by: f32| move |scores: &mut [f32]| scores.iter_mut().for_each(|score| *score = grid(*score) + by);
        let (still, raised, lowered) = (shift(0.0), shift(SHIFT), shift(-SHIFT));
        let write = |change: &dyn Fn(&mut [f32])| {
            self.write_by(&Rescored { decoder: self.decoder, change }, &self.reading, strategy)
        };
        let plain = write(&still)?;
        self.same("with every score raised", strategy, &plain, &write(&raised)?)?;
        self.same("with every score lowered", strategy, &plain, &write(&lowered)?)
    }

    /// The prompt's tokens in another order, and twice, for a writer that says the same after every text.
    fn rearranged(&self, strategy: &Strategy) -> Result<(), Stop> {
        let deaf = |scores: &mut [f32]| scores.copy_from_slice(&self.scores);
        let decoder = Rescored { decoder: self.decoder, change: &deaf };
        let best = self.write_by(&decoder, &self.reading, &Strategy { max_new_tokens: 1, ..strategy.clone() })?;
        // The likeliest token is in the prompt, or no penalty would be seen.
        let mut ids = self.reading.target.input_ids.row(0)[..PROMPT - 1].to_vec();
        ids.extend(best.first().and_then(|new| new.first()));
        let told = self.write_by(&decoder, &self.with(&ids, None)?, strategy)?;
        let turned: Vec<i64> = ids.iter().rev().copied().collect();
        self.same(
            "with the prompt turned around",
            strategy,
            &told,
            &self.write_by(&decoder, &self.with(&turned, None)?, strategy)?,
        )?;
        let last = ids[ids.len() - 1];
        let often = [&ids[..], &[last; 2]].concat();
        self.same(
            "with a token three times",
            strategy,
            &told,
            &self.write_by(&decoder, &self.with(&often, None)?, strategy)?,
        )
    }

    /// All tokens alike.
    fn ties(&self, n_beams: usize) -> Result<(), Stop> {
        let level = |scores: &mut [f32]| scores.fill(1.0);
        let decoder = Rescored { decoder: self.decoder, change: &level };
        let strategy = Strategy { max_new_tokens: 1, n_beams, ..Strategy::default() };
        let first: Vec<Vec<i64>> = (0..n_beams as i64).map(|id| vec![id]).collect();
        self.same("with all scores equal", &strategy, &first, &self.write_by(&decoder, &self.reading, &strategy)?)
    }

    /// Under a penalty, what is in the text becomes no likelier, and nothing else moves: told by the scores of beams, which are
    /// log-probabilities, after one token.
    fn helps_nothing(&self) -> Result<(), Stop> {
        let n_beams = self.scores.len().min(MOST);
        let by_token = |repetition_penalty: f64| -> Result<Vec<f64>, Stop> {
            let strategy = Strategy { max_new_tokens: 1, n_beams, repetition_penalty, ..Strategy::default() };
            let source = self.reading.before_writing();
            let prompt = Prompt { source: source.as_ref(), tokens: &self.reading.target };
            let mut found = vec![f64::NAN; self.scores.len()];
            for written in generate(self.decoder, prompt, &strategy, &mut |_| true)?.iter().flatten() {
                let id = written.continuation().first().and_then(|&id| usize::try_from(id).ok());
                let place = id.and_then(|id| found.get_mut(id));
                place.into_iter().for_each(|place| *place = written.score.unwrap_or(f64::NAN));
            }
            Ok(found)
        };
        let (plain, penalised) = (by_token(1.0)?, by_token(PENALTY)?);
        let held = self.reading.target.input_ids.row(0);
        let both = plain.iter().zip(&penalised).enumerate();
        // Of a large vocabulary the worst tokens are not told.
        for (id, (plain, penalised)) in both.filter(|(_, (a, b))| n_beams == self.scores.len() || (*a + *b).is_finite())
        {
            let in_the_text = held.contains(&(id as i64));
            let holds = if in_the_text { penalised < plain } else { (penalised - plain).abs() < 1e-4 };
            require(holds, || {
                let (head, is) = (&self.writer.variant.head, if in_the_text { "is" } else { "is not" });
                format!(
                    "head `{head}`: token {id}, which {is} in the text, goes from {plain} to {penalised} by a penalty"
                )
            })?;
        }
        Ok(())
    }
}

/// Scores with few digits, so that a shift is exact.
fn grid(score: f32) -> f32 {
    (score * 4096.0).round() / 4096.0
}
