//! A configuration that is accepted can be built, run and trained, and its answer still depends on what it reads.
//!
//! # How
//!
//! Each field of each tiny configuration is given every value near its own: sizes from 1 to 6, one less, one more and twice,
//! and with each head the other truth and every choice that a refusal lists. What is accepted is built with hot weights and
//! run: its answer is finite. With another choice it is run on two more inputs, which differ in their first and in their last token
//! or pixel, and other inputs have other answers: a model of width 1 may be blind, one of another kind must not. The
//! guard: of the values tried some are accepted.
//!
//! # Catches
//!
//! - a size that is accepted and panics in the forward pass
//! - a choice with which the answer sees only a part of the text
//! - a bucket, a group or a half that does not come out even
//!
//! # Seen
//!
//! - [huggingface/transformers #48101](https://github.com/huggingface/transformers/issues/48101): heads of odd width are
//!   accepted by Llama, Qwen2 and Mixtral, and crash when they are turned in pairs.
//! - [huggingface/transformers #35233](https://github.com/huggingface/transformers/issues/35233): the same of GPT-NeoX, for a part
//!   of each head.
//! - [lucidrains/x-transformers #296](https://github.com/lucidrains/x-transformers/issues/296): heads narrower than 32 are accepted,
//!   and add up tensors of different widths.
//!
//! # Fix
//!
//! Find the rule behind the crash (even, at least 4, divides, looks ahead) and write it into `problems()` of the family's `Config`,
//! with the name of the field that a person would change.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use zoo_registry::output::Record;
use zoo_registry::{Input, Limits, Model, Rows, Tokens};

use crate::check::{Finding, Stop, Verdict, require};
use crate::choices::choices;
use crate::inputs;
use crate::subject::{Subject, Variant};
use crate::values::{Values, values};

/// Every size up to this is tried: what is odd, prime, or too few to halve twice.
const SMALL: u64 = 6;
/// A table beyond this says nothing that a smaller one does not.
const MOST_PARAMETERS: u64 = 1 << 20;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let (mut accepted, mut refused) = (0, 0);
    let mut seen: Vec<Map<String, Value>> = Vec::new();
    let variants = subject.variants()?;
    for (index, variant) in variants.iter().enumerate() {
        // A size means the same with every head.
        let first = variants[..index].iter().all(|earlier| earlier.tiny() != variant.tiny());
        let fields = variant.config.iter().filter(|(field, value)| *field != "head" && (first || !value.is_number()));
        for (field, _) in fields {
            for value in near(subject, &variant.config, field) {
                let mut config = variant.config.clone();
                config.insert(field.clone(), value.clone());
                let Ok(config) = subject.architecture.complete(&config) else {
                    refused += 1;
                    continue;
                };
                if seen.contains(&config) {
                    continue;
                }
                seen.push(config.clone());
                let what = format!("`{field}` = {value}, head `{}`", variant.head);
                let looks = !value.is_number();
                accepted += usize::from(runs(subject, &Variant { config, ..variant.clone() }, &what, looks)?);
            }
        }
    }
    require(accepted > 0, || format!("none of {refused} values near those of the tiny configurations is accepted"))?;
    Ok(Finding::seen(format!("{accepted} configurations that are accepted, {refused} that are refused")))
}

/// Values of a field near its own.
fn near(subject: &Subject<'_>, config: &Map<String, Value>, field: &str) -> Vec<Value> {
    match &config[field] {
        Value::Bool(truth) => vec![Value::from(!truth)],
        Value::String(_) => choices(subject, config, field).into_iter().map(Value::from).collect(),
        Value::Number(number) => match number.as_u64() {
            Some(size) => {
                let sizes: BTreeSet<u64> = (1..=SMALL)
                    .chain([size.saturating_sub(1), size + 1, 2 * size])
                    .filter(|&near| near != size)
                    .collect();
                sizes.into_iter().map(Value::from).collect()
            }
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Runs what is accepted; `false` if there is nothing to run.
fn runs(subject: &Subject<'_>, variant: &Variant, what: &str, looks: bool) -> Result<bool, Stop> {
    if subject.architecture.modules(&variant.config)?.parameter_count() > MOST_PARAMETERS {
        return Ok(false);
    }
    let told = |reason: String| Stop::fails(format!("{what} is accepted, and {reason}"));
    let model = subject.hot(variant).map_err(|error| told(format!("cannot be built: {error}")))?;
    // Too few ids or positions for a text that shows anything.
    let Ok(input) = inputs::input(model.as_ref(), "accepted", 1) else { return Ok(false) };
    let answer = |input: &Input| -> Result<Vec<Values>, Stop> {
        let output = model.forward(input, Record::NOTHING).map_err(|error| told(format!("does not run: {error}")))?;
        let found = values(&output);
        match found.iter().find(|value| value.data.iter().any(|number| !number.is_finite())) {
            Some(value) => Err(told(format!("gives a {} that is not finite", value.name))),
            None => Ok(found),
        }
    };
    let plain = answer(&input)?;
    let others = if looks { others(model.as_ref(), &input) } else { Vec::new() };
    for (other, where_) in others {
        let moved = answer(&other)?;
        require(plain != moved, || format!("{what} is accepted, and the answer does not depend on {where_}"))?;
    }
    Ok(true)
}

/// The input with something else at its beginning and at its end.
fn others(model: &dyn Model, input: &Input) -> Vec<(Input, String)> {
    let mut found = Vec::new();
    match input {
        Input::Tokens(tokens) => {
            let vocab = model.limits().tokens().map_or(1, |limits| limits.vocab_size);
            found.extend(with_another(tokens, vocab).map(|(tokens, end)| (tokens.into(), format!("the {end} token"))));
        }
        Input::TokenPair { source, target } => {
            let vocab = |of: bool| match model.limits() {
                Limits::TokenPair { source, target } => if of { source } else { target }.vocab_size,
                _ => 1,
            };
            found.extend(with_another(source, vocab(true)).map(|(source, end)| {
                let target = target.clone();
                (Input::TokenPair { source, target }, format!("the {end} token that is read"))
            }));
            found.extend(with_another(target, vocab(false)).map(|(target, end)| {
                let source = source.clone();
                (Input::TokenPair { source, target }, format!("the {end} token that is written"))
            }));
        }
        Input::Images(images) => {
            for (at, end) in [(0, "first"), (images.pixel_values.len() - 1, "last")] {
                let mut other = images.clone();
                other.pixel_values[at] += 1.0;
                found.push((Input::Images(other), format!("the {end} pixel")));
            }
        }
        _ => {}
    }
    found
}

/// The text with another first token, and with another last one.
fn with_another(tokens: &Tokens, vocab: usize) -> impl Iterator<Item = (Tokens, &'static str)> + use<'_> {
    let [rows, len] = tokens.input_ids.dims();
    [(0, "first"), (len - 1, "last")].into_iter().filter_map(move |(at, end)| {
        let mut ids = tokens.input_ids.as_slice().to_vec();
        let other = (ids[at] + 1) % vocab as i64;
        if other == ids[at] {
            return None;
        }
        ids[at] = other;
        Some((Tokens { input_ids: Rows::from_flat(rows, len, ids)?, ..tokens.clone() }, end))
    })
}
