//! A text that outgrows the model's positions is refused with a message, and what was read before it stays.
//!
//! # How
//!
//! A text of as many tokens as there are positions is read; one token more is refused as an input, by a forward pass, and by a
//! model that remembers the text and is given a piece whose first tokens would still fit. After the refusal those that do fit are
//! read, and scored as if nothing had been refused. Padding takes no position. Asked to write more tokens than there is room
//! for, generation says so before it runs. The guard: the largest text is accepted.
//!
//! # Catches
//!
//! - an index out of range deep in a table
//! - a cache that overwrites its oldest or newest entry in silence
//! - a state that is changed by what it refuses
//! - padding that is counted
//!
//! # Seen
//!
//! - [facebookresearch/fairseq #757](https://github.com/facebookresearch/fairseq/issues/757): texts longer than the table
//!   of positions ended in an assertion on the device.
//! - [lucidrains/phenaki-pytorch #25](https://github.com/lucidrains/phenaki-pytorch/issues/25): a sequence longer than the
//!   positions was told as an error of another kind, somewhere else.
//!
//! # Fix
//!
//! Declare `max_positions` in the network's limits: inputs are checked against them before a tensor exists. A state that changed
//! was written to before its input was checked.

use zoo_registry::generate::{Prompt, Strategy, generate};
use zoo_registry::output::Record;
use zoo_registry::{Error, Logits, Model, Rows, Tokens};

use crate::check::{Finding, Stop, Verdict, require};
use crate::inputs::{self, Reading};
use crate::subject::{Subject, Variant};
use crate::values::{Stream, Worst, gap};
use crate::writers::Writer;

/// Longer texts are not tried.
const LONGEST: usize = 4096;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut ends, mut writers) = (0, 0);
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        for (stream, limits) in inputs::streams(model.as_ref())? {
            let Some(max) = limits.max_positions.filter(|&max| max <= LONGEST) else { continue };
            ends += 1;
            forward(model.as_ref(), &variant, stream, max)?;
        }
        let target = model.limits().tokens().and_then(|limits| limits.max_positions).filter(|&max| max <= LONGEST);
        if let Some(max) = target
            && inputs::predicts_next(model.as_ref())?
        {
            writers += 1;
            remembered(subject, &Writer { variant, model }, max)?;
        }
    }
    if ends == 0 {
        return Err(Stop::NotApplicable("its positions have no end, or one too far to reach".into()));
    }
    Ok(Finding::seen(format!("{ends} ends of positions, {writers} of them in the middle of a piece")))
}

/// A text of each length for its stream, short ones for the other.
fn reading(model: &dyn Model, stream: Stream, len: usize) -> Result<Reading, Stop> {
    inputs::reading(&inputs::streams(model)?, |of, limits| {
        inputs::texts(limits, &format!("long {of:?}"), 1, if of == stream { len } else { 5 })
    })
}

fn refused<T>(found: Result<T, Error>, what: impl Fn() -> String) -> Result<(), Stop> {
    match found {
        Err(Error::Input { .. }) => Ok(()),
        Err(error) => Err(Stop::fails(format!("{}: refused for another reason: {error}", what()))),
        Ok(_) => Err(Stop::fails(format!("{}: accepted", what()))),
    }
}

fn forward(model: &dyn Model, variant: &Variant, stream: Stream, max: usize) -> Result<(), Stop> {
    model.forward(&reading(model, stream, max)?.input(), Record::NOTHING)?;
    let longer = reading(model, stream, max + 1)?;
    let what = || format!("head `{}`: {} tokens of {max} positions", variant.head, max + 1);
    refused(model.forward(&longer.input(), Record::NOTHING), what)?;
    // The same with its first token hidden has a position for each.
    let tokens = longer.of(stream).ok_or_else(|| Stop::fails("expected a text"))?;
    let mask = (0..=max).map(|at| at > 0).collect::<Vec<_>>();
    let padded = Tokens { attention_mask: Rows::new(&[mask]), ..tokens.clone() };
    model.forward(&longer.with(stream, padded).input(), Record::NOTHING)?;
    Ok(())
}

fn remembered(subject: &Subject<'_>, writer: &Writer, max: usize) -> Result<(), Stop> {
    let (model, decoder, head) = (writer.model.as_ref(), writer.decoder()?, &writer.variant.head);
    let whole = reading(model, Stream::Target, max)?;
    let longer = reading(model, Stream::Target, max + 2)?.target;
    let source = whole.before_writing();
    let mut state = decoder.start(1, source.as_ref())?;
    let read = max - 2;
    decoder.advance(&mut state, &whole.target.columns(0, read), Logits::Last)?;
    let found = decoder.advance(&mut state, &longer.columns(read, max + 2), Logits::Every);
    refused(found, || format!("head `{head}`: a piece of 4 tokens after {read} of {max}"))?;
    require(state.len() == read, || format!("head `{head}`: {read} tokens read, after a refusal {}", state.len()))?;
    let rest = decoder.advance(&mut state, &whole.target.columns(read, max), Logits::Every)?;
    let rest: Vec<f32> = rest.into_data().iter::<f32>().collect();
    let at_once: Vec<f32> = writer.scores(&whole.input())?[0][read..].concat();
    let noise = subject.noise(&writer.variant, &[whole.input()])?;
    let mut worst = Worst::default();
    worst.see(noise.multiple("logits", gap(&rest, &at_once)), || format!("head `{head}`, after a refusal"));
    worst.verdict("what fits, after a refusal")?;
    let found = decoder.advance(&mut state, &longer.columns(0, 1), Logits::Last);
    refused(found, || format!("head `{head}`: one token after {max} of {max}"))?;
    too_much_to_write(writer, &whole, max)
}

fn too_much_to_write(writer: &Writer, whole: &Reading, max: usize) -> Result<(), Stop> {
    let (tokens, source) = (whole.target.columns(0, 3), whole.before_writing());
    let prompt = Prompt { source: source.as_ref(), tokens: &tokens };
    // The last token is written and never read.
    let room = max + 1 - 3;
    let strategy = |max_new_tokens| Strategy { max_new_tokens, ..Strategy::default() };
    generate(writer.decoder()?, prompt, &strategy(room), &mut |_| true)?;
    let mut steps = 0;
    let found = generate(writer.decoder()?, prompt, &strategy(room + 1), &mut |_| {
        steps += 1;
        true
    });
    let told =
        matches!(&found, Err(Error::Strategy { problems }) if problems.iter().any(|p| p.field == "max_new_tokens"));
    require(told && steps == 0, || {
        format!("head `{}`: {} new tokens with room for {room} are not refused by name", writer.variant.head, room + 1)
    })
}
