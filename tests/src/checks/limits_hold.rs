//! A model takes all that its limits allow, and refuses anything else with a message before it runs.
//!
//! # How
//!
//! With each head: limits are those of the configuration where it has a field for them. The last token of the vocabulary,
//! the last segment and a text as long as the positions are taken, and where positions have no end, a text longer than
//! any table of a tiny model. Refused are the next id and −1, one segment and one position more, a text one token
//! longer, positions where the model knows distances only, masks, segments and positions of another shape, and
//! every other kind of input.
//!
//! # Catches
//!
//! - an id beyond a table, which reads what stands behind it
//! - limits that hide what the model takes, and so keep it from being looked at
//! - a text that is cut in silence
//! - an end that is not declared
//!
//! # Seen
//!
//! - [huggingface/transformers #97](https://github.com/huggingface/transformers/issues/97): BERT given more tokens than
//!   positions, or an id beyond the vocabulary, ends in `device-side assert triggered`, which says neither.
//! - [facebookresearch/fairseq #757](https://github.com/facebookresearch/fairseq/issues/757): the same assertion where a
//!   text is longer than `max_positions`.
//!
//! # Fix
//!
//! `Network::limits` is made from the configuration: see that each of its fields has the right one. Tokens are checked by
//! `TokenBatch`, `PairBatch` and images by `ImageBatch`, when `Input` becomes the network's own type; an input type of one's own
//! must check as much in `FromInput`. If a long text fails where positions have no end, some table or mask has one.

use serde_json::Value;
use zoo_registry::generate::{Prompt, Strategy, generate};
use zoo_registry::input::Images;
use zoo_registry::output::Record;
use zoo_registry::{Error, Input, Limits, Model, Rows, TokenLimits, Tokens};

use crate::check::{Stop, Verdict, none_of};
use crate::inputs::{self, Reading};
use crate::subject::{Subject, Variant};
use crate::values::Stream;

/// Longer than any table of positions in a tiny configuration.
const FAR: usize = 100;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut problems, mut tried) = (Vec::new(), 0);
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        let mut tell = |problem: String| problems.push(format!("head `{}`: {problem}", variant.head));
        not_the_configuration(&variant, &model.limits()).into_iter().for_each(&mut tell);
        started_with_another_number(model.as_ref())?.into_iter().for_each(&mut tell);
        written_to_the_end(model.as_ref())?.into_iter().for_each(&mut tell);
        for Case { what, input, taken } in cases(model.as_ref())? {
            tried += 1;
            match (model.forward(&input, Record::NOTHING), taken) {
                (Ok(_), true) | (Err(Error::Input { .. }), false) => {}
                (Ok(_), false) => tell(format!("{what} is accepted")),
                (Err(error), true) => tell(format!("{what} is refused: {error}")),
                (Err(error), false) => tell(format!("{what} is another error: {error}")),
            }
        }
    }
    none_of(&problems, format!("{tried} inputs at the limits and beyond"))
}

/// States of an encoder–decoder that begin with more sources than texts, or fewer, and are not refused.
fn started_with_another_number(model: &dyn Model) -> Result<Vec<String>, Stop> {
    let (Some(decoder), Limits::TokenPair { .. }) = (model.decoder(), model.limits()) else { return Ok(Vec::new()) };
    let mut problems = Vec::new();
    for (sources, texts) in [(1, 2), (2, 1), (3, 2)] {
        let source = inputs::random_reading(model, "sources", sources)?.before_writing();
        match decoder.start(texts, source.as_ref()) {
            Err(Error::Input { .. }) => {}
            Err(error) => problems.push(format!("{sources} sources for {texts} texts are another error: {error}")),
            Ok(_) => problems.push(format!("{sources} sources for {texts} texts are accepted")),
        }
    }
    Ok(problems)
}

/// What cannot be written although there are positions for all of it but the last, or can although there are none.
fn written_to_the_end(model: &dyn Model) -> Result<Vec<String>, Stop> {
    let Some(decoder) = model.decoder() else { return Ok(Vec::new()) };
    let Some(max) = decoder.token_limits()?.max_positions.filter(|&max| max <= FAR) else { return Ok(Vec::new()) };
    let reading = inputs::random_reading(model, "to the end", 1)?;
    let (source, prompt) = (reading.before_writing(), reading.target.columns(0, 3));
    let prompt = Prompt { source: source.as_ref(), tokens: &prompt };
    let mut problems = Vec::new();
    // The last token is written and never read.
    for (new, taken) in [(max - 2, true), (max - 1, false)] {
        let strategy = Strategy { max_new_tokens: new, ..Strategy::default() };
        match (generate(decoder, prompt, &strategy, &mut |_| true), taken) {
            (Ok(_), true) | (Err(Error::Strategy { .. }), false) => {}
            (Ok(_), false) => problems.push(format!("{new} tokens after 3 are written, with {max} positions")),
            (Err(error), _) => problems.push(format!("{new} tokens after 3, with {max} positions: {error}")),
        }
    }
    Ok(problems)
}

/// An input, and whether it must be taken.
struct Case {
    what: String,
    input: Input,
    taken: bool,
}

/// Limits that are not what the configuration says.
fn not_the_configuration(variant: &Variant, limits: &Limits) -> Vec<String> {
    let texts = |limits: &TokenLimits| {
        let positions = limits.max_positions.map(|max| ("max_positions", max));
        let sizes = [("vocab_size", limits.vocab_size), ("n_token_types", limits.n_token_types)];
        sizes.into_iter().chain(positions).collect::<Vec<_>>()
    };
    let limits = match limits {
        Limits::Tokens(limits) => texts(limits),
        Limits::TokenPair { source, target } => [texts(source), texts(target)].concat(),
        Limits::Images(images) => vec![("channels", images.channels), ("patch_size", images.patch_size[0])],
        _ => Vec::new(),
    };
    let says = |field: &str| variant.config.get(field).and_then(Value::as_u64);
    let other = limits.into_iter().filter_map(|(field, limit)| Some((field, limit, says(field)?)));
    let other = other.filter(|(_, limit, says)| *limit as u64 != *says);
    other.map(|(field, limit, says)| format!("its limit is {limit}, `{field}` is {says}")).collect()
}

fn cases(model: &dyn Model) -> Result<Vec<Case>, Stop> {
    let taken = |what: &str, input| Case { what: what.to_owned(), input, taken: true };
    let refused = |what: &str, input| Case { what: what.to_owned(), input, taken: false };
    let image = || Input::Images(Images { dims: [1, 1, 4, 4], pixel_values: vec![0.5; 16] });
    let text = || Rows::new(&[[0i64, 1, 2]]).map(Tokens::new).ok_or_else(|| Stop::fails("expected a text"));
    let pair = || -> Result<_, Stop> { Ok(Input::TokenPair { source: text()?, target: text()? }) };
    let mut cases = match model.limits() {
        Limits::Tokens(_) => vec![refused("a pair of texts", pair()?), refused("an image", image())],
        Limits::TokenPair { .. } => vec![refused("a single text", text()?.into()), refused("an image", image())],
        // What images must be is the business of images-of-any-size.
        Limits::Images(_) => {
            return Ok(vec![
                taken("an image of whole patches", inputs::input(model, "limits", 1)?),
                refused("a text", text()?.into()),
                refused("a pair of texts", pair()?),
            ]);
        }
        _ => return Err(Stop::NotApplicable("it declares to read what this suite cannot make up".into())),
    };
    let reading = inputs::random_reading(model, "limits", 2)?;
    for (stream, limits) in inputs::streams(model)? {
        for (what, tokens, is_taken) in texts(&limits)? {
            let what = if stream == Stream::Source { format!("in the source, {what}") } else { what };
            cases.push(Case { what, input: with(&reading, stream, tokens), taken: is_taken });
        }
    }
    if reading.source.is_some() {
        let one = reading.with(Stream::Source, reading.select(&[0]).source.unwrap_or(text()?));
        cases.push(refused("one source for two targets", one.input()));
    }
    Ok(cases)
}

/// A single text in one stream beside the first text of the other.
fn with(reading: &Reading, stream: Stream, tokens: Tokens) -> Input {
    let batch = tokens.input_ids.dims()[0];
    reading.select(&(0..batch).collect::<Vec<_>>()).with(stream, tokens).input()
}

/// Texts at the limits and beyond, and whether each must be taken.
fn texts(limits: &TokenLimits) -> Result<Vec<(String, Tokens, bool)>, Stop> {
    let row = |ids: &[i64]| Rows::new(&[ids]).ok_or_else(|| Stop::fails("expected a text"));
    let (vocab, types) = (limits.vocab_size as i64, limits.n_token_types as i64);
    let plain = Tokens::new(row(&[0, vocab / 2, 0])?);
    let of_len = |len: usize| Tokens::new(Rows::full(1, len, 0));
    let last = |ids: [i64; 3]| row(&ids).map(Tokens::new);
    let of_types = |segment| row(&[0, 0, segment]).map(|ids| Tokens { token_type_ids: Some(ids), ..plain.clone() });
    let at = |position| row(&[0, 1, position]).map(|ids| Tokens { position_ids: Some(ids), ..plain.clone() });
    let mut cases = vec![
        (format!("the last id, {}", vocab - 1), last([0, vocab - 1, 0])?, true),
        (format!("the id {vocab}"), last([0, vocab, 0])?, false),
        ("the id -1".to_owned(), last([-1, 0, 0])?, false),
        (format!("the last segment, {}", types - 1), of_types(types - 1)?, true),
        (format!("the segment {types}"), of_types(types)?, false),
        ("the segment -1".to_owned(), of_types(-1)?, false),
        (
            "a mask one token short".to_owned(),
            Tokens { attention_mask: Rows::new(&[[true; 2]]), ..plain.clone() },
            false,
        ),
        ("segments one token short".to_owned(), Tokens { token_type_ids: Some(row(&[0, 0])?), ..plain.clone() }, false),
        ("positions one token short".to_owned(), Tokens { position_ids: Some(row(&[0, 1])?), ..plain.clone() }, false),
    ];
    match limits.max_positions {
        Some(max) => {
            cases.extend([
                (format!("a text of {} tokens", max.min(FAR)), of_len(max.min(FAR)), true),
                (format!("the last position, {}", max - 1), at(max as i64 - 1)?, true),
                (format!("the position {max}"), at(max as i64)?, false),
                ("the position -1".to_owned(), at(-1)?, false),
            ]);
            // Positions that are computed may go further than memory does.
            cases.extend((max <= FAR).then(|| (format!("a text of {} tokens", max + 1), of_len(max + 1), false)));
        }
        None => cases.extend([
            (format!("a text of {FAR} tokens"), of_len(FAR), true),
            ("positions, of which it declares none".to_owned(), at(2)?, false),
        ]),
    }
    Ok(cases)
}
