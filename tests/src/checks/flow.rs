//! Who sees whom.

use zoo_registry::output::Record;
use zoo_registry::{HeadOutput, Limits, Model, Output, Rows, TokenLimits, Tokens};

use super::images;
use crate::check::{Check, Finding, Stop, Verdict, none_of, require};
use crate::inputs::{self, Reading};
use crate::subject::{Subject, Variant};
use crate::values::{Axes, Noise, Stream, VISIBLE, Values, gap, values};

pub(super) const INFORMATION_FLOWS_AS_DECLARED: Check = Check {
    id: "information-flows-as-declared",
    statement: "Each position sees exactly the positions that the family's attention terms say.",
    method: "Every token in turn is replaced, in several texts and by several others, and every output that changes by a single \
             bit is noted. The matrix must equal the declared one, lower-triangular for causal attention and for every \
             next-token head, full for bidirectional attention; a dependency that is missing counts like one too many. One \
             answer a text must depend on every token, and segments must matter where the model takes them. An encoder–decoder \
             reads its source whole, whatever is written, and looks at all of it from every position. Of an image, each patch is \
             replaced, and each pixel of a patch in each channel: with bidirectional attention every position must change, \
             with any other what is said of the whole image.",
    catches: &[
        "a mask off by one, or none",
        "heads and time mixed up in a reshape",
        "attention that does nothing",
        "an input that is ignored",
        "a convolution that steps over pixels",
    ],
    run: information_flows_as_declared,
};

pub(super) const ORDER_MATTERS: Check = Check {
    id: "order-matters",
    statement: "A text read at other positions is another text, and an image with its parts exchanged another image.",
    method: "A batch is read with the positions it has and with those of two tokens exchanged: what the model says changes far \
             more than noise. Where a model knows distances only, two tokens change places, and the first attention map of the \
             last token must not be the same map with two columns exchanged. Of an image, two patches change places: no \
             rearrangement of the tokens may explain what the model says then. Families that declare no positional encoding are left \
             out.",
    catches: &["positions that are never added", "every token at position 0"],
    run: order_matters,
};

/// What a family declares of who sees whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// Itself and what came before.
    Causal,
    /// Everything.
    Full,
}

fn declared(subject: &Subject<'_>, output: &Output) -> Result<Flow, Stop> {
    let terms = subject.descriptor().taxonomy.get("attention");
    let says = |term: &str| terms.into_iter().flatten().any(|id| id == term);
    match output.head {
        // Whoever predicts a token must not have seen it.
        HeadOutput::NextTokenLogits(_) => Ok(Flow::Causal),
        // Of two stacks, the one that reads sees everything and the one that writes does not.
        _ if output.source.is_some() && says("causal") => Ok(Flow::Causal),
        _ if says("full-bidirectional") => Ok(Flow::Full),
        _ if says("causal") || says("masked") => Ok(Flow::Causal),
        _ => Err(Stop::NotApplicable("its attention is declared neither `causal` nor `full-bidirectional`".into())),
    }
}

fn information_flows_as_declared(subject: &Subject<'_>) -> Verdict {
    let mut problems = Vec::new();
    let mut looked_at = Vec::new();
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        if let Limits::Images(limits) = model.limits() {
            let terms = subject.descriptor().taxonomy.get("attention");
            let everywhere = terms.into_iter().flatten().any(|term| term == "full-bidirectional");
            let unseen = images::unseen(model.as_ref(), &limits, everywhere)?;
            let told = |first: &String| format!("head `{}`: {first}; {} in all", variant.head, unseen.len());
            problems.extend(unseen.first().map(told));
            looked_at.push(format!("`{}` {}", variant.head, if everywhere { "full" } else { "as a whole" }));
            continue;
        }
        let reading = inputs::random_reading(model.as_ref(), "flow", TEXTS)?;
        let output = model.forward(&reading.input(), Record::NOTHING)?;
        let flow = declared(subject, &output)?;
        let before = values(&output);
        for (from, limits) in inputs::streams(model.as_ref())? {
            let seen = dependencies(model.as_ref(), &reading, (from, &limits), &before)?;
            for (seen, value) in seen.iter().zip(&before) {
                let wrong = seen.wrong(|to_position, position| expected(flow, value.axes, from, to_position, position));
                if let Some(first) = wrong.first() {
                    let (head, name, pairs) = (&variant.head, &value.name, seen.pairs());
                    let of = if from == Stream::Source { " of the source" } else { "" };
                    let wrong = wrong.len();
                    problems.push(format!("head `{head}`, {name}: {first}{of}; {wrong} of {pairs} pairs are wrong"));
                }
            }
        }
        segments_matter(&variant, model.as_ref(), &mut problems)?;
        looked_at.push(format!("`{}` {}", variant.head, if flow == Flow::Causal { "causal" } else { "full" }));
    }
    none_of(&problems, looked_at.join(", "))
}

/// Texts in the batch: a dependency seen in one is seen.
const TEXTS: usize = 3;
/// Tokens tried in the place of each.
const OTHERS: usize = 2;

/// Whether an output at position `to` must depend on the token at `position` of the stream `from`.
fn expected(flow: Flow, axes: Axes, from: Stream, to: usize, position: usize) -> bool {
    match (axes, from) {
        // One answer a text stands at no position: all of it must depend on every token.
        (Axes::Text, _) => true,
        // What was read is read whole, before anything is written, and looked at from everywhere.
        (Axes::Token(_), Stream::Source) => true,
        (Axes::Token(Stream::Source), Stream::Target) => false,
        _ => flow == Flow::Full || position <= to,
    }
}

/// Which positions of each output change when a token of the stream `from` is replaced.
fn dependencies(
    model: &dyn Model,
    reading: &Reading,
    (from, limits): (Stream, &TokenLimits),
    before: &[Values],
) -> Result<Vec<Seen>, Stop> {
    let tokens = reading.of(from).ok_or_else(|| Stop::fails("expected a text"))?;
    let [_, len] = tokens.input_ids.dims();
    let mut seen: Vec<Seen> = before.iter().map(|value| Seen::new(value, len)).collect();
    for position in 0..len {
        for other in 1..=OTHERS {
            let replaced = reading.with(from, replaced(tokens, position, other, limits.vocab_size as i64));
            let after = values(&model.forward(&replaced.input(), Record::NOTHING)?);
            for ((seen, before), after) in seen.iter_mut().zip(before).zip(&after) {
                seen.note(before, after, position, TEXTS);
            }
        }
    }
    Ok(seen)
}

fn replaced(tokens: &Tokens, position: usize, other: usize, vocab: i64) -> Tokens {
    let [batch, len] = tokens.input_ids.dims();
    let step = 1 + (other as i64 - 1) * (vocab / 2).max(1);
    let mut ids = tokens.input_ids.as_slice().to_vec();
    for row in 0..batch {
        ids[row * len + position] = (ids[row * len + position] + step) % vocab;
    }
    let input_ids = Rows::from_flat(batch, len, ids).unwrap_or_else(|| tokens.input_ids.clone());
    Tokens { input_ids, ..tokens.clone() }
}

/// Which positions were seen to depend on which, `[to][from]`.
#[derive(Debug, Clone)]
struct Seen(Vec<Vec<bool>>);

impl Seen {
    fn new(value: &Values, len: usize) -> Self {
        let positions = if value.axes == Axes::Text { 1 } else { value.shape.get(1).copied().unwrap_or(1) };
        Self(vec![vec![false; len]; positions])
    }

    fn pairs(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    fn note(&mut self, before: &Values, after: &Values, from: usize, texts: usize) {
        for (to, seen) in self.0.iter_mut().enumerate() {
            let to = [to];
            let bits = |value: &Values, row| value.part(row, |_| &to).iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            seen[from] |= (0..texts).any(|row| bits(before, row) != bits(after, row));
        }
    }

    /// Every pair that is not as expected, in words.
    fn wrong(&self, expected: impl Fn(usize, usize) -> bool) -> Vec<String> {
        let mut wrong = Vec::new();
        for (to, seen) in self.0.iter().enumerate() {
            for (from, &seen) in seen.iter().enumerate() {
                match (expected(to, from), seen) {
                    (true, false) => wrong.push(format!("position {to} does not see position {from}")),
                    (false, true) => wrong.push(format!("position {to} sees position {from}")),
                    _ => {}
                }
            }
        }
        wrong
    }
}

fn segments_matter(variant: &Variant, model: &dyn Model, problems: &mut Vec<String>) -> Result<(), Stop> {
    let reading = inputs::random_reading(model, "segments", 1)?;
    for (stream, limits) in inputs::streams(model)? {
        let Some(tokens) = reading.of(stream).filter(|_| limits.n_token_types > 1) else { continue };
        let [batch, len] = tokens.input_ids.dims();
        let run = |segment| -> Result<_, Stop> {
            let tokens = Tokens { token_type_ids: Some(Rows::full(batch, len, segment)), ..tokens.clone() };
            Ok(values(&model.forward(&reading.with(stream, tokens).input(), Record::NOTHING)?))
        };
        if run(0)? == run(1)? {
            problems.push(format!("head `{}`: `token_type_ids` change nothing", variant.head));
        }
    }
    Ok(())
}

fn order_matters(subject: &Subject<'_>) -> Verdict {
    let encodings = subject.descriptor().taxonomy.get("positional-encoding");
    if encodings.is_some_and(|terms| terms.iter().any(|term| term == "none")) {
        return Err(Stop::NotApplicable("it declares no positional encoding".into()));
    }
    let variants = subject.variants()?;
    for variant in &variants {
        let model = subject.hot(variant)?;
        let visible = |moved: &[(String, f64)], what: &str| {
            let still = moved.iter().find(|(_, moved)| *moved <= VISIBLE);
            require(!moved.is_empty() && still.is_none(), || {
                let (name, moved) = still.map_or(("nothing", 0.0), |(name, moved)| (name.as_str(), *moved));
                let head = &variant.head;
                format!("head `{head}`: with two {what} in each other's place, {name} moves by {moved:.1} × noise")
            })
        };
        if let Limits::Images(limits) = model.limits() {
            let noise = subject.noise(variant, &[inputs::input(model.as_ref(), images::ORDERED, 1)?])?;
            visible(&images::moved_by_patches(model.as_ref(), &limits, &noise)?, "patches")?;
            continue;
        }
        let reading = inputs::random_reading(model.as_ref(), "order", TEXTS)?;
        let noise = subject.noise(variant, &[reading.input()])?;
        for (stream, limits) in inputs::streams(model.as_ref())? {
            let moved = match limits.max_positions {
                Some(_) => moved_by_positions(model.as_ref(), &reading, stream, &noise)?,
                None => moved_by_distance(model.as_ref(), &reading, stream, &noise)?,
            };
            visible(&moved, "tokens")?;
        }
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
    let (before, after) = (run(&in_order)?, run(&exchanged)?);
    let mut found = Vec::new();
    for (before, after) in before.iter().zip(&after) {
        // What the encoder says does not depend on what is written.
        if stream == Stream::Target && before.axes == Axes::Token(Stream::Source) {
            continue;
        }
        let last = [before.shape.get(1).map_or(0, |len| len - 1)];
        let moved = |row| noise.multiple(&before.name, gap(&before.part(row, |_| &last), &after.part(row, |_| &last)));
        found.push((before.name.clone(), (0..TEXTS).map(moved).fold(0.0, f64::max)));
    }
    Ok(found)
}

/// How far the last token's first attention map is from the same map with two tokens exchanged and exchanged back. Of models
/// that know distances only: without any, what a query sees in the first layer depends on the tokens, not on where they stand.
fn moved_by_distance(
    model: &dyn Model,
    reading: &Reading,
    stream: Stream,
    noise: &Noise,
) -> Result<Vec<(String, f64)>, Stop> {
    let tokens = reading.of(stream).ok_or_else(|| Stop::fails("expected a text"))?;
    let [_, len] = tokens.input_ids.dims();
    let (a, b) = (len - 3, len - 2);
    let swapped = tokens.input_ids.rows().map(|row| {
        let mut row = row.to_vec();
        row.swap(a, b);
        row
    });
    let swapped = Rows::new(&swapped.collect::<Vec<_>>()).ok_or_else(|| Stop::fails("expected texts"))?;
    let swapped = reading.with(stream, Tokens { input_ids: swapped, ..tokens.clone() });
    let first_map = |reading: &Reading| -> Result<Option<Values>, Stop> {
        let own = |value: &Values| value.axes == Axes::Pair(stream, stream) && value.name.ends_with(".0");
        Ok(values(&model.forward(&reading.input(), Record::ALL)?).into_iter().find(own))
    };
    let (Some(before), Some(after)) = (first_map(reading)?, first_map(&swapped)?) else { return Ok(Vec::new()) };
    let looks = |map: &Values, row: usize, keys: &[usize]| {
        let [_, heads, queries, n_keys] = map.shape[..] else { return Vec::new() };
        let last = |head: usize| &map.row(row)[(head * queries + queries - 1) * n_keys..][..n_keys];
        (0..heads).flat_map(|head| keys.iter().map(move |&key| last(head)[key])).collect()
    };
    let moved = |row| noise.multiple(&before.name, gap(&looks(&before, row, &[a, b]), &looks(&after, row, &[b, a])));
    Ok(vec![(before.name.clone(), (0..TEXTS).map(moved).fold(0.0, f64::max))])
}
