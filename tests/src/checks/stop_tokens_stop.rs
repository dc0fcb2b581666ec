//! Each text of a batch ends at its own stop token, at its last allowed token, or when it is told to, and nothing follows.
//!
//! # How
//!
//! Three texts of different lengths are continued without an end. Then two of the tokens that were written are made stop tokens:
//! each text must be the same up to the first of them and end there, the others going on as if nothing had happened, and the rest filled
//! with padding. The callback hears one token a text and step, padding after the end. The number of new tokens is exact; a
//! stop token that comes too early for the least number is not written; a caller ends one text, or breaks off all. With beams, a stop
//! token stands at the end or nowhere. The guard: the texts end at different steps.
//!
//! # Catches
//!
//! - a batch that ends with its first text, or none of them before its last
//! - texts that ended and disturb the others
//! - a stop token that is dropped, or something after it
//! - one token too many or too few
//!
//! # Seen
//!
//! - [lucidrains/h-transformer-1d #9](https://github.com/lucidrains/h-transformer-1d/issues/9): the stop token was seen
//!   when one text was written, and not in a batch.
//! - [bigscience-workshop/lm-evaluation-harness #124](https://github.com/bigscience-workshop/lm-evaluation-harness/pull/124):
//!   the whole batch ended with its first text.
//! - [mistralai/mistral-inference #270](https://github.com/mistralai/mistral-inference/pull/270): texts that had ended went
//!   on being drawn and told until the last one ended.
//!
//! # Fix
//!
//! If a text that goes on changes when another ends, what is fed for the ended one reaches it: its token must be masked. If counts are
//! off by one, see whether the end is asked for before or after the token is added.

use zoo_registry::generate::{Ended, Prompt, Strategy, Written, generate_until, room};
use zoo_registry::{Input, Side, Tokens};

use crate::check::{Finding, Stop, Verdict, require};
use crate::flow;
use crate::inputs;
use crate::subject::Subject;
use crate::values::Stream;
use crate::writers::{Writer, writers};

/// New tokens, where there is room.
const NEW: usize = 8;
/// Lengths of the prompts.
const PROMPTS: [usize; 3] = [3, 5, 2];
/// Fills texts that ended.
const PAD: i64 = 1;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut ends = 0;
    for writer in writers(subject)? {
        let trial = Trial::new(&writer)?;
        let head = &writer.variant.head;
        let problem = trial.look()?;
        problem.map_or(Ok(()), |problem| Err(Stop::fails(format!("head `{head}`: {problem}"))))?;
        ends += PROMPTS.len();
    }
    Ok(Finding::seen(format!("{ends} texts, by stop tokens, by length, by the caller and with beams")))
}

struct Trial<'a> {
    writer: &'a Writer,
    tokens: Tokens,
    source: Option<Input>,
    new: usize,
}

/// What was written, and what the callback heard.
struct Heard {
    texts: Vec<Written>,
    steps: Vec<Vec<i64>>,
}

impl<'a> Trial<'a> {
    fn new(writer: &'a Writer) -> Result<Self, Stop> {
        let model = writer.model.as_ref();
        let limits = flow::limits_of(model, Stream::Target)?;
        let texts = PROMPTS.map(|len| inputs::text(&limits, &format!("ending {len}"), len));
        let tokens = Tokens::padded(&texts, 0, Side::Left).ok_or_else(|| Stop::fails("expected texts"))?;
        let source = inputs::random_reading(model, "ending", PROMPTS.len())?.before_writing();
        let new = room(writer.decoder()?, &tokens)?.unwrap_or(NEW).min(NEW);
        require(new >= 5, || format!("there is room for {new} new tokens, expected 5"))?;
        Ok(Self { writer, tokens, source, new })
    }

    /// Every token of a text is another, so that texts do not run in circles.
    fn strategy(&self) -> Strategy {
        Strategy { max_new_tokens: self.new, no_repeat_ngram: Some(1), pad_id: PAD, ..Strategy::default() }
    }

    fn write(
        &self,
        strategy: &Strategy,
        ends: &mut dyn FnMut(usize, &[i64]) -> bool,
        breaks: Option<usize>,
    ) -> Result<Heard, Stop> {
        let mut steps = Vec::new();
        let prompt = Prompt { source: self.source.as_ref(), tokens: &self.tokens };
        let written = generate_until(self.writer.decoder()?, prompt, strategy, ends, &mut |newest| {
            steps.push(newest.to_vec());
            breaks.is_none_or(|step| steps.len() < step)
        })?;
        Ok(Heard { texts: written.into_iter().flatten().collect(), steps })
    }

    fn look(&self) -> Result<Option<String>, Stop> {
        let endless = self.write(&self.strategy(), &mut |_, _| false, None)?;
        let whole: Vec<Vec<i64>> = endless.texts.iter().map(|text| text.continuation().to_vec()).collect();
        let cut = |lengths: &dyn Fn(usize) -> (usize, Ended)| -> Vec<(Vec<i64>, Ended)> {
            let one = |(row, text): (usize, &Vec<i64>)| {
                let (len, ended) = lengths(row);
                (text[..len.min(text.len())].to_vec(), ended)
            };
            whole.iter().enumerate().map(one).collect()
        };
        let all = cut(&|_| (self.new, Ended::Length));
        let mut problem = self.differs(&endless, &all, "without an end");

        // Of the first text the third token, of the second the last but one.
        let stop_ids = vec![whole[0][2], whole[1][self.new - 2]];
        let strategy = Strategy { stop_ids: stop_ids.clone(), ..self.strategy() };
        let expected = cut(&|row| match whole[row].iter().position(|id| stop_ids.contains(id)) {
            Some(at) => (at + 1, Ended::StopId),
            None => (self.new, Ended::Length),
        });
        require(expected.iter().any(|(text, _)| text.len() != expected[0].0.len()), || {
            "all texts end at the same step, so nothing is seen".to_owned()
        })?;
        let stopped = self.write(&strategy, &mut |_, _| false, None)?;
        problem = problem.or(self.differs(&stopped, &expected, &format!("with the stop tokens {stop_ids:?}")));

        for new in 1..self.new {
            let strategy = Strategy { max_new_tokens: new, ..self.strategy() };
            let found = self.write(&strategy, &mut |_, _| false, None)?;
            problem = problem.or(self.differs(&found, &cut(&|_| (new, Ended::Length)), &format!("{new} new tokens")));
        }
        let by_caller = self.write(&self.strategy(), &mut |row, new| row == 1 && new.len() == 2, None)?;
        let expected = cut(&|row| if row == 1 { (2, Ended::Caller) } else { (self.new, Ended::Length) });
        problem = problem.or(self.differs(&by_caller, &expected, "with a caller that ends text 1 after 2 tokens"));
        let broken = self.write(&self.strategy(), &mut |_, _| false, Some(3))?;
        problem = problem.or(self.differs(&broken, &cut(&|_| (3, Ended::BrokenOff)), "broken off after 3 steps"));
        Ok(problem.or(self.least(whole[0][0])?).or(self.beams(&stop_ids)?))
    }

    /// Why these are not the expected texts, or the callback heard something else.
    fn differs(&self, found: &Heard, expected: &[(Vec<i64>, Ended)], what: &str) -> Option<String> {
        let longest = expected.iter().map(|(text, _)| text.len()).max().unwrap_or_default();
        for (row, (text, (wanted, ended))) in found.texts.iter().zip(expected).enumerate() {
            if text.continuation() != wanted || text.ended != *ended {
                let (found, how) = (text.continuation(), text.ended);
                return Some(format!("{what}, text {row} is {found:?} ({how:?}), expected {wanted:?} ({ended:?})"));
            }
            let prompt = self.tokens.input_ids.row(row);
            let padding = vec![PAD; longest - wanted.len()];
            if text.ids != [prompt, wanted, &padding].concat() {
                return Some(format!("{what}, text {row} with its prompt and padding is {:?}", text.ids));
            }
        }
        let told = |step: usize| -> Vec<i64> {
            expected.iter().map(|(text, _)| text.get(step).copied().unwrap_or(PAD)).collect()
        };
        let told: Vec<Vec<i64>> = (0..longest).map(told).collect();
        (found.steps != told).then(|| format!("{what}, the callback hears {:?}, expected {told:?}", found.steps))
    }

    /// A stop token that comes before the least number of tokens is not written.
    fn least(&self, first: i64) -> Result<Option<String>, Stop> {
        const LEAST: usize = 3;
        let strategy = Strategy { stop_ids: vec![first], min_new_tokens: LEAST, ..self.strategy() };
        let found = self.write(&strategy, &mut |_, _| false, None)?;
        let early = found.texts.iter().position(|text| {
            let new = text.continuation();
            new.len() < LEAST || new[..LEAST].contains(&first)
        });
        Ok(early.map(|row| format!("text {row} ends before it has {LEAST} tokens")))
    }

    /// With beams, a stop token stands at the end or nowhere.
    fn beams(&self, stop_ids: &[i64]) -> Result<Option<String>, Stop> {
        let strategy = Strategy { stop_ids: stop_ids.to_vec(), n_beams: 3, ..self.strategy() };
        let found = self.write(&strategy, &mut |_, _| false, None)?;
        let wrong = found.texts.iter().find(|text| {
            let stop = text.continuation().iter().position(|id| stop_ids.contains(id));
            let len = text.continuation().len();
            match text.ended {
                Ended::StopId => stop != Some(len - 1),
                _ => stop.is_some() || len != self.new,
            }
        });
        Ok(wrong.map(|text| format!("with beams, {:?} ended by {:?}", text.continuation(), text.ended)))
    }
}
