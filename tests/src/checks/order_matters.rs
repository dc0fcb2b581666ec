//! A text read at other positions is another text, and an image with its parts exchanged another image.
//!
//! # How
//!
//! A batch is read with the positions it has and with those of two tokens exchanged: what the model says changes far more
//! than noise. Where a model knows distances only, two tokens change places, and the first attention map of the token after
//! them must not be the same map with two columns exchanged; its answer must move as well. Of an image, two patches
//! change places: no rearrangement of the tokens may explain what the model says then, and the last patch must know. Of
//! families that declare no positional encoding, nothing of this may move anything.
//!
//! # Catches
//!
//! - positions that are never added
//! - every token at position 0
//! - positions that are there and not declared
//!
//! # Seen
//!
//! - [DiffPoseTalk/DiffPoseTalk #20](https://github.com/DiffPoseTalk/DiffPoseTalk/issues/20): a missing colon added
//!   the encoding of one position to every element of the sequence.
//! - [graykode/nlp-tutorial #73](https://github.com/graykode/nlp-tutorial/issues/73): positions were counted 1, 2, 3,
//!   4, 0 in the encoder and 5, 1, 2, 3, 4 in the decoder.
//! - [guocheng2025/Transformer-Encoder #1](https://github.com/guocheng2025/Transformer-Encoder/issues/1): the
//!   positional encoding was written and never used.
//! - [zju3dv/LoFTR #41](https://github.com/zju3dv/LoFTR/issues/41): a missing pair of brackets gave the encoding of
//!   positions other frequencies than meant.
//!
//! # Fix
//!
//! Look where positions enter: the sum after the embedding for absolute ones, `Rotary::turn` or the bias handed to
//! `attend` for relative ones. If they enter, see that they come from `batch.position_ids` and not from a count of
//! one's own. For images, look at `GridPositions` and at the order in which patches are flattened. If the paper has
//! no positions, say `positional-encoding = ["none"]`, and the check will look that this is so.

use zoo_registry::output::Record;
use zoo_registry::{Limits, Model, Rows, Tokens};

use crate::check::{Finding, Stop, Verdict, require};
use crate::inputs::{self, Reading};
use crate::pictures;
use crate::subject::Subject;
use crate::values::{Axes, Noise, Stream, VISIBLE, Values, WHOLE_MODEL, gap, values};

/// Texts in the batch: an effect seen in one is seen.
const TEXTS: usize = 3;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let encodings = subject.descriptor().taxonomy.get("positional-encoding");
    let none = encodings.is_some_and(|terms| terms.iter().any(|term| term == "none"));
    let variants = subject.variants()?;
    for variant in &variants {
        let model = subject.hot(variant)?;
        let as_declared = |moved: &[(String, f64)], what: &str| {
            let wrong = moved.iter().find(|(_, moved)| if none { *moved > WHOLE_MODEL } else { *moved <= VISIBLE });
            require(!moved.is_empty() && wrong.is_none(), || {
                let (name, moved) = wrong.map_or(("nothing", 0.0), |(name, moved)| (name.as_str(), *moved));
                let (head, declares) = (&variant.head, if none { "declares no positions, and " } else { "" });
                format!(
                    "head `{head}`: {declares}with two {what} in each other's place, {name} moves by {moved:.1} × noise"
                )
            })
        };
        if let Limits::Images(limits) = model.limits() {
            let noise = subject.noise(variant, &[inputs::input(model.as_ref(), pictures::ORDERED, 1)?])?;
            as_declared(&pictures::moved_by_patches(model.as_ref(), &limits, &noise)?, "patches")?;
            continue;
        }
        let reading = inputs::random_reading(model.as_ref(), "order", TEXTS)?;
        let noise = subject.noise(variant, &[reading.input()])?;
        for (stream, limits) in inputs::streams(model.as_ref())? {
            if limits.max_positions.is_some() {
                as_declared(&moved_by_positions(model.as_ref(), &reading, stream, &noise)?, "positions")?;
            }
            if limits.max_positions.is_none() || none {
                let moved = moved_by_distance(model.as_ref(), &reading, stream, &noise)?;
                // A map may know of distances and nobody use it; what follows from the tokens' order says nothing of positions.
                let told = |(name, _): &&(String, f64)| !none || name.contains("attentions.");
                as_declared(&moved.iter().filter(told).cloned().collect::<Vec<_>>(), "tokens")?;
            }
        }
    }
    if none {
        return Err(Stop::NotApplicable("it declares no positional encoding, and shows none".into()));
    }
    Ok(Finding::seen(format!("{} heads; every output moves by more than {VISIBLE} × noise", variants.len())))
}

/// How far each output moves when two tokens of a stream are told to stand in each other's place.
fn moved_by_positions(
    model: &dyn Model,
    reading: &Reading,
    stream: Stream,
    noise: &Noise,
) -> Result<Vec<(String, f64)>, Stop> {
    let tokens = reading.of(stream).ok_or_else(|| Stop::fails("expected a text"))?;
    let [_, len] = tokens.input_ids.dims();
    let in_order: Vec<i64> = (0..len as i64).collect();
    let mut exchanged = in_order.clone();
    exchanged.swap(0, len - 2);
    let run = |positions: &[i64]| -> Result<_, Stop> {
        let tokens = Tokens { position_ids: Rows::new(&[positions; TEXTS]), ..tokens.clone() };
        Ok(values(&model.forward(&reading.with(stream, tokens).input(), Record::NOTHING)?))
    };
    Ok(moved_at(len - 1, stream, &run(&in_order)?, &run(&exchanged)?, noise))
}

/// Of models that know distances only: how far a token's answer is from that with the two tokens before it exchanged, and
/// how far its first attention map is from the same map exchanged back. Without any distance, what a query sees in the first layer
/// depends on the tokens, not on where they stand. The token is the last that looks at both: with windows or segments the last of
/// all may not.
fn moved_by_distance(
    model: &dyn Model,
    reading: &Reading,
    stream: Stream,
    noise: &Noise,
) -> Result<Vec<(String, f64)>, Stop> {
    let tokens = reading.of(stream).ok_or_else(|| Stop::fails("expected a text"))?;
    let run = |reading: &Reading| -> Result<_, Stop> { Ok(values(&model.forward(&reading.input(), Record::ALL)?)) };
    let first = |value: &&Values| value.axes == Axes::Pair(stream, stream) && value.name.ends_with(".0");
    let before = run(reading)?;
    let [_, len] = tokens.input_ids.dims();
    let query = before.iter().find(first).and_then(sees_both_before_it).unwrap_or(len - 1);
    let (a, b) = (query - 2, query - 1);
    let swap = |ids: &Rows<i64>| {
        let rows = ids.rows().map(|row| {
            let mut row = row.to_vec();
            row.swap(a, b);
            row
        });
        Rows::new(&rows.collect::<Vec<_>>())
    };
    let input_ids = swap(&tokens.input_ids).ok_or_else(|| Stop::fails("expected texts"))?;
    let token_type_ids = tokens.token_type_ids.as_ref().and_then(swap);
    let swapped = reading.with(stream, Tokens { input_ids, token_type_ids, ..tokens.clone() });
    let after = run(&swapped)?;
    let mut found = moved_at(query, stream, &before, &after, noise);
    let (Some(before), Some(after)) = (before.iter().find(first), after.iter().find(first)) else { return Ok(found) };
    let looks = |map: &Values, row: usize, keys: &[usize]| {
        let [_, heads, queries, n_keys] = map.shape[..] else { return Vec::new() };
        let seen = |head: usize| &map.row(row)[(head * queries + query) * n_keys..][..n_keys];
        (0..heads).flat_map(|head| keys.iter().map(move |&key| seen(head)[key])).collect()
    };
    let moved = |row| noise.multiple(&before.name, gap(&looks(before, row, &[a, b]), &looks(after, row, &[b, a])));
    found.push((before.name.clone(), (0..TEXTS).map(moved).fold(0.0, f64::max)));
    Ok(found)
}

/// The last token that looks at both tokens before it.
fn sees_both_before_it(map: &Values) -> Option<usize> {
    let [_, _, queries, n_keys] = map.shape[..] else { return None };
    let looks = |query: usize, key: usize| map.data.get(query * n_keys + key).is_some_and(|&weight| weight > 0.0);
    (2..queries.min(n_keys)).rev().find(|&query| looks(query, query - 2) && looks(query, query - 1))
}

/// How far what the head says moves: of the stream at this position, of the other at its last.
fn moved_at(position: usize, stream: Stream, before: &[Values], after: &[Values], noise: &Noise) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    for (before, after) in before.iter().zip(after).filter(|(before, _)| !before.is_recorded()) {
        // What the encoder says does not depend on what is written.
        if stream == Stream::Target && before.axes == Axes::Token(Stream::Source) {
            continue;
        }
        let last = before.shape.get(1).map_or(0, |len| len - 1);
        let at = [if before.axes == Axes::Token(stream) { position.min(last) } else { last }];
        let moved = |row| noise.multiple(&before.name, gap(&before.part(row, |_| &at), &after.part(row, |_| &at)));
        found.push((before.name.clone(), (0..TEXTS).map(moved).fold(0.0, f64::max)));
    }
    found
}
