//! Each layer looks at exactly the tokens its declared pattern allows, and what it says depends on no others.
//!
//! # How
//!
//! A text longer than every window is read. Each attention map must be zero exactly where the layer's pattern hides: in every
//! head, a pair that is allowed has a weight in some text, one that is not has none in any. Then values are followed, not maps:
//! each token in turn is replaced, and each layer's hidden states must change, by a bit or more, exactly where the
//! patterns of the layers below it reach, so that windows add up over depth and no further. Last, where layers share no parameters, all attention but one layer's is
//! silenced, by setting its parameters to zero, and what the model says must depend on what that layer alone looks at; a layer
//! that remembers earlier segments passes these on too, and its maps show none of it. The guard: the text is longer than every
//! window and segment.
//!
//! # Catches
//!
//! - a window one too wide or too narrow
//! - a window in the wrong layers, or in none
//! - a map that shows another mask than the values went through
//! - a segment that sees its neighbour, or a memory that holds the segment it is read in
//! - a declaration that hides a window
//!
//! # Seen
//!
//! - [huggingface/transformers #39408](https://github.com/huggingface/transformers/issues/39408): a kernel that counts a
//!   window without the token itself was given it as it was, so every token saw one too many.
//! - [ml-explore/mlx-lm #390](https://github.com/ml-explore/mlx-lm/pull/390): the mask of a window let one token more
//!   through than the cache kept.
//! - [AI-Hypercomputer/maxtext #4289](https://github.com/AI-Hypercomputer/maxtext/pull/4289): of two kernels of one
//!   model, one kept a token more.
//!
//! # Fix
//!
//! Read the pair in the message. If only the map is wrong, what is recorded is not what is used. If it is off by the edge of a
//! window, a token counts itself: a window of w reaches back w − 1. If a whole layer is wrong, see which layers are given the
//! window, then what the family's `patterns` declares.

use std::collections::BTreeSet;

use zoo_registry::output::Record;
use zoo_registry::{Input, Limits, Model, Pattern, Patterns};

use crate::check::{Finding, Stop, Verdict, require};
use crate::flow::{self, Matrix};
use crate::inputs;
use crate::parts;
use crate::subject::{Subject, Variant};
use crate::values::{Axes, Stream, Values, values};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut looked_at = Vec::new();
    let mut followed: Vec<(Option<String>, Patterns)> = Vec::new();
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        let patterns = model.patterns();
        let fails = |problem: String| Stop::fails(format!("head `{}`: {problem}", variant.head));
        let len = long_enough(model.as_ref(), &patterns).map_err(fails)?;
        let gentle = gentle(subject, &variant)?;
        maps(gentle.as_ref(), &patterns, len)?.map_or(Ok(()), |problem| Err(fails(problem)))?;
        // Heads share their body.
        let body = (variant.tiny().map(str::to_owned), patterns);
        if len == 0 || followed.contains(&body) {
            continue;
        }
        let problem = through_depth(subject, model.as_ref(), &body.1, len)?;
        problem.map_or(Ok(()), |problem| Err(fails(problem)))?;
        let problem = layer_by_layer(subject, &variant, &body.1, len)?;
        problem.map_or(Ok(()), |problem| Err(fails(problem)))?;
        looked_at.push(format!("`{}` {}", variant.head, told(&body.1)));
        followed.push(body);
    }
    if looked_at.is_empty() {
        return Ok(Finding::seen("maps alone: of images no token is replaced"));
    }
    Ok(Finding::seen(looked_at.join(", ")))
}

fn told(patterns: &Patterns) -> String {
    let all = patterns.source.iter().chain(&patterns.layers).map(|pattern| match pattern {
        Pattern::Full => "full".to_owned(),
        Pattern::Causal => "causal".to_owned(),
        Pattern::Banded { window } => format!("window {window}"),
        Pattern::Segments { segment } => format!("segments of {segment}"),
    });
    all.collect::<Vec<_>>().join(" · ")
}

/// Tokens to read where nothing asks for more.
const LEN: usize = 11;

/// How many tokens show every window and two segments and a half; 0 of what is no text.
fn long_enough(model: &dyn Model, patterns: &Patterns) -> Result<usize, String> {
    let Some(limits) = model.limits().tokens().cloned() else { return Ok(0) };
    let wanted = |pattern: &Pattern| match *pattern {
        Pattern::Full | Pattern::Causal => LEN,
        Pattern::Banded { window } => 2 * window + 2,
        Pattern::Segments { segment } => 2 * segment + segment.div_ceil(2),
    };
    let len = patterns.layers.iter().chain(&patterns.source).map(wanted).fold(LEN, usize::max);
    let fits = limits.max_positions.is_none_or(|max| len <= max);
    let most = limits.max_positions.unwrap_or_default();
    if fits {
        return Ok(len);
    }
    let plain = patterns.layers.iter().chain(&patterns.source).all(|p| matches!(p, Pattern::Full | Pattern::Causal));
    if plain {
        Ok(most)
    } else {
        Err(format!("{len} tokens would show every window, the tiny configuration has {most}"))
    }
}

/// What the numbers of attention are multiplied with, so that scores become a tenth and no weight that is there vanishes in f32.
const GENTLE: f32 = 0.3;

/// A model whose attention is not peaked.
fn gentle(subject: &Subject<'_>, variant: &Variant) -> Result<Box<dyn Model>, Stop> {
    let attention = parts::of_kind(subject, variant, "attention")?;
    let is_attention = |path: &str| attention.iter().any(|part| part.path == path);
    let weights = parts::changed(&subject.hot_weights(variant)?, is_attention, |x| x * GENTLE);
    Ok(subject.filled(variant, &subject.device, weights)?)
}

/// Texts: a weight that is there in one is there.
const TEXTS: usize = 3;

/// The first thing that a recorded map shows and its pattern does not say, or the other way round.
fn maps(model: &dyn Model, patterns: &Patterns, len: usize) -> Result<Option<String>, Stop> {
    let inputs: Vec<Input> = match model.limits() {
        Limits::Images(_) => vec![inputs::input(model, "windows", TEXTS)?],
        _ => (0..TEXTS)
            .map(|text| Ok(flow::long_reading(model, &format!("windows {text}"), len)?.input()))
            .collect::<Result<_, Stop>>()?,
    };
    let mut recorded = Vec::new();
    for input in &inputs {
        let mut maps = values(&model.forward(input, Record::ALL)?);
        maps.retain(|value| matches!(value.axes, Axes::Pair(..)));
        recorded.push(maps);
    }
    for (axes, declared) in [
        (Axes::Pair(Stream::Target, Stream::Target), patterns.layers.len()),
        (Axes::Pair(Stream::Source, Stream::Source), patterns.source.len()),
    ] {
        let found = recorded[0].iter().filter(|map| map.axes == axes).count();
        if found != declared {
            return Ok(Some(format!("it declares the patterns of {declared} layers and records {found} maps")));
        }
    }
    for (index, map) in recorded[0].iter().enumerate() {
        let same: Vec<&Values> = recorded.iter().map(|maps| &maps[index]).collect();
        if let Some(problem) = in_map(&same, pattern_of(map, patterns)) {
            return Ok(Some(problem));
        }
    }
    Ok(None)
}

/// The pattern of a recorded map: looks at the source are full.
fn pattern_of(map: &Values, patterns: &Patterns) -> Pattern {
    let layer = map.name.rsplit('.').next().and_then(|layer| layer.parse::<usize>().ok()).unwrap_or_default();
    let of = match map.axes {
        Axes::Pair(Stream::Source, _) => &patterns.source,
        Axes::Pair(_, Stream::Source) => return Pattern::Full,
        _ => &patterns.layers,
    };
    of.get(layer).copied().unwrap_or(Pattern::Full)
}

fn in_map(maps: &[&Values], pattern: Pattern) -> Option<String> {
    let (map, &[batch, heads, queries, keys]) = (maps[0], &maps[0].shape[..]) else { return None };
    let weights = |head: usize, query: usize, key: usize| {
        let at = move |row: usize| ((row * heads + head) * queries + query) * keys + key;
        maps.iter().flat_map(move |map| (0..batch).map(move |row| map.data[at(row)]))
    };
    for head in 0..heads {
        for (query, key) in (0..queries).flat_map(|query| (0..keys).map(move |key| (query, key))) {
            let allowed = pattern.sees(query, key);
            let looks = weights(head, query, key).any(|weight| weight != 0.0);
            if allowed != looks {
                let (name, verb) = (&map.name, if looks { "looks" } else { "does not look" });
                let says = told(&Patterns::alike(1, pattern));
                return Some(format!("{name}, head {head}: position {query} {verb} at {key}, declared {says}"));
            }
        }
    }
    None
}

/// The patterns of a stream and where it is recorded.
fn stacks(patterns: &Patterns) -> Vec<(Stream, &[Pattern])> {
    let source = (Stream::Source, patterns.source.as_slice());
    let target = (Stream::Target, patterns.layers.as_slice());
    if patterns.source.is_empty() { vec![target] } else { vec![source, target] }
}

/// Whether it declares a memory of earlier segments.
fn remembers(subject: &Subject<'_>) -> bool {
    let terms = subject.descriptor().taxonomy.get("attention");
    terms.into_iter().flatten().any(|term| term == "compressive-memory")
}

/// The hidden states of every layer depend on what the layers below reach together.
fn through_depth(
    subject: &Subject<'_>,
    model: &dyn Model,
    patterns: &Patterns,
    len: usize,
) -> Result<Option<String>, Stop> {
    for (stream, layers) in stacks(patterns) {
        let found = flow::dependencies(model, stream, len, flow::by_a_bit)?;
        let hidden: Vec<_> = found.iter().filter(|(name, _)| name.contains("hidden_states.")).collect();
        require(hidden.len() == layers.len() + 1, || {
            format!("{} hidden states of {} layers and the embeddings", hidden.len(), layers.len())
        })?;
        let mut reach = Matrix::identity(len);
        for (index, (name, found)) in hidden.into_iter().enumerate() {
            if index > 0 {
                reach = reach.then(&flow::passed_on(layers[index - 1], remembers(subject), len));
            }
            if let Some(difference) = reach.differs(found) {
                return Ok(Some(format!("{name}: {difference}")));
            }
        }
    }
    Ok(None)
}

/// What the model says depends on what one layer looks at, when the attention of all others is silent.
fn layer_by_layer(
    subject: &Subject<'_>,
    variant: &Variant,
    patterns: &Patterns,
    len: usize,
) -> Result<Option<String>, Stop> {
    let attention = parts::of_kind(subject, variant, "attention")?;
    let n_layers = patterns.layers.len().max(patterns.source.len());
    // Layers that share their parameters cannot be silenced one by one.
    let own: BTreeSet<Option<usize>> = attention.iter().map(|part| part.layer).collect();
    if !own.into_iter().eq((0..n_layers).map(Some)) {
        return Ok(None);
    }
    let weights = subject.hot_weights(variant)?;
    for layer in 0..n_layers {
        let silent = |path: &str| attention.iter().any(|part| part.path == path && part.layer != Some(layer));
        let model = subject.filled(variant, &subject.device, parts::changed(&weights, silent, |_| 0.0))?;
        for (stream, layers) in stacks(patterns) {
            let found = flow::dependencies(model.as_ref(), stream, len, flow::by_a_bit)?;
            let expected = layers.get(layer);
            let expected =
                expected.map_or(Matrix::identity(len), |&pattern| flow::passed_on(pattern, remembers(subject), len));
            let last = found.iter().rfind(|(name, _)| name.contains("hidden_states."));
            if let Some(difference) = last.and_then(|(_, found)| expected.differs(found)) {
                return Ok(Some(format!("with the attention of layer {layer} alone: {difference}")));
            }
        }
    }
    Ok(None)
}
