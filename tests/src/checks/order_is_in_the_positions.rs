//! Without positions, what looks everywhere does not know in which order it was given its tokens.
//!
//! # How
//!
//! Every token is told to stand at position 0, or, where a model knows distances only or looks at images, its tables of positions are
//! zero. Then the tokens change places: what is said of each must move with it, and what is said of the whole must stay, within
//! noise. Of an encoder–decoder the source is rearranged, and what is written does not change. Decoders that hide the future are
//! left out: a mask is an order. The guards: with positions, the same rearrangement does more than move what is said;
//! and the answers of different tokens differ.
//!
//! # Catches
//!
//! - positions that come in a second way
//! - a sum over neighbours, from a convolution or a shift
//! - heads and time mixed up in a reshape
//! - attention that skips the last tokens
//!
//! # Seen
//!
//! - [jsbaan/transformer-from-scratch #6](https://github.com/jsbaan/transformer-from-scratch/pull/6): heads were merged
//!   without moving their axis back, so each token got pieces of its neighbours; the copy task was learnt all the same.
//! - [gazelle93/Transformer-Various-Positional-Encoding #1](https://github.com/gazelle93/Transformer-Various-Positional-Encoding/issues/1):
//!   batch and heads changed places before heads were merged.
//!
//! # Fix
//!
//! Something besides the position tables tells tokens apart by their place. The message names the first output: if it is the
//! embeddings, look there; if it is a map, look at masks and biases; if it is what follows a map, at how heads are merged.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use zoo_registry::output::Record;
use zoo_registry::{Images, Input, Limits, Model, Pattern, Patterns, Rows, Tokens};

use crate::check::{Stop, Verdict, require};
use crate::flow;
use crate::inputs::{self, Reading};
use crate::parts;
use crate::subject::{Subject, Variant};
use crate::values::{Axes, Noise, Stream, VISIBLE, Values, Worst, gap, values};

/// Tokens of a text. The first stays in its place, for it may be what the whole text is read off.
const LEN: usize = 9;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let mut looked_at = 0;
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        let patterns = model.patterns();
        let everywhere = |layers: &[Pattern]| !layers.is_empty() && layers.iter().all(|&layer| layer == Pattern::Full);
        let stream = if everywhere(&patterns.source) {
            Stream::Source
        } else if everywhere(&patterns.layers) || is_mixer(model.as_ref(), &patterns) {
            Stream::Target
        } else {
            continue;
        };
        looked_at += 1;
        let trial = match model.limits() {
            Limits::Images(_) => of_images(subject, &variant, model.as_ref())?,
            _ => of_texts(subject, &variant, model.as_ref(), stream)?,
        };
        trial.run(subject, &variant, &mut worst)?;
    }
    if looked_at == 0 {
        return Err(Stop::NotApplicable("none of its stacks looks everywhere".into()));
    }
    worst.verdict("tokens rearranged, without positions")
}

/// Whether it looks at images without a layer of attention: nothing in an image is ahead.
fn is_mixer(model: &dyn Model, patterns: &Patterns) -> bool {
    matches!(model.limits(), Limits::Images(_)) && patterns.layers.is_empty()
}

/// One input and the same with its tokens in another order.
struct Trial {
    with_positions: [Input; 2],
    without: [Input; 2],
    /// The weights of the model without positions.
    weights: BTreeMap<String, TensorData>,
    stream: Stream,
    /// Where each token of the second input stood in the first.
    from: Vec<usize>,
}

/// Reversed but for the first, and the last two exchanged, so that no distance is kept.
fn rearranged(len: usize) -> Vec<usize> {
    let mut from: Vec<usize> = std::iter::once(0).chain((1..len).rev()).collect();
    from.swap(len - 2, len - 1);
    from
}

fn of_texts(subject: &Subject<'_>, variant: &Variant, model: &dyn Model, stream: Stream) -> Result<Trial, Stop> {
    let limits = flow::limits_of(model, stream)?;
    let reading = flow::long_reading(model, "rearranged", LEN)?;
    let tokens = reading.of(stream).ok_or_else(|| Stop::fails("expected a text"))?;
    let from = rearranged(LEN);
    let moved = |ids: &Rows<i64>| Rows::new(&[from.iter().map(|&at| ids.row(0)[at]).collect::<Vec<_>>()]);
    let input_ids = moved(&tokens.input_ids).ok_or_else(|| Stop::fails("expected a text"))?;
    let moved = Tokens { input_ids, token_type_ids: tokens.token_type_ids.as_ref().and_then(moved), ..tokens.clone() };
    let both = [reading.clone(), reading.with(stream, moved)];
    let in_one_place = |reading: &Reading| match reading.of(stream) {
        Some(tokens) if limits.max_positions.is_some() => {
            reading.with(stream, Tokens { position_ids: Some(Rows::full(1, LEN, 0)), ..tokens.clone() }).input()
        }
        _ => reading.input(),
    };
    let of_tokens = |shape: &[usize]| shape.first() == Some(&limits.vocab_size);
    let weights = match limits.max_positions {
        Some(_) => subject.hot_weights(variant)?,
        None => without_tables(subject, variant, |shape| !of_tokens(shape))?,
    };
    Ok(Trial {
        without: [&both[0], &both[1]].map(in_one_place),
        with_positions: both.map(|r| r.input()),
        weights,
        stream,
        from,
    })
}

fn of_images(subject: &Subject<'_>, variant: &Variant, model: &dyn Model) -> Result<Trial, Stop> {
    let (Input::Images(images), Limits::Images(limits)) = (inputs::input(model, "rearranged", 1)?, model.limits())
    else {
        return Err(Stop::fails("expected images"));
    };
    let [_, channels, height, width] = images.dims;
    let [down, across] = limits.patch_size;
    let columns = width / across;
    let from = rearranged(height / down * columns);
    let mut moved = images.clone();
    for (to, &from) in from.iter().enumerate() {
        for (channel, y, x) in
            (0..channels).flat_map(|c| (0..down).flat_map(move |y| (0..across).map(move |x| (c, y, x))))
        {
            let at =
                |patch: usize| (channel * height + patch / columns * down + y) * width + patch % columns * across + x;
            moved.pixel_values[at(to)] = images.pixel_values[at(from)];
        }
    }
    let both: [Images; 2] = [images, moved];
    // A vector for each of many places.
    let weights = without_tables(subject, variant, |shape| matches!(shape, [1, places, _] if *places > 1))?;
    Ok(Trial {
        with_positions: both.clone().map(Input::Images),
        without: both.map(Input::Images),
        weights,
        stream: Stream::Target,
        from,
    })
}

/// Hot weights with the tables of positions at zero.
fn without_tables(
    subject: &Subject<'_>,
    variant: &Variant,
    is_one: impl Fn(&[usize]) -> bool,
) -> Result<BTreeMap<String, TensorData>, Stop> {
    let weights = subject.hot_weights(variant)?;
    let mut tables: Vec<String> =
        parts::of_kind(subject, variant, "embedding")?.into_iter().map(|part| part.path).collect();
    tables
        .retain(|path| weights.get(path).is_some_and(|data| data.shape().len() > 1 && is_one(&data.shape().to_vec())));
    require(!tables.is_empty(), || "none of its embeddings is a table of positions".to_owned())?;
    Ok(parts::changed(&weights, |path| tables.iter().any(|table| table == path), |_| 0.0))
}

impl Trial {
    fn run(&self, subject: &Subject<'_>, variant: &Variant, worst: &mut Worst) -> Result<(), Stop> {
        let head = &variant.head;
        let model = subject.filled(variant, &subject.device, self.weights.clone())?;
        let noise = subject.noise_with(variant, self.weights.clone(), &self.without[..1])?;
        for (multiple, place) in self.errors(model.as_ref(), &self.without, &noise, true)? {
            worst.see(multiple, || format!("{place}, head `{head}`"));
        }
        // Had nothing moved, that would be no wonder where every token is answered alike.
        let still = self.errors(model.as_ref(), &self.without, &noise, false)?;
        let still = still.into_iter().map(|(multiple, _)| multiple).fold(0.0, f64::max);
        require(still > VISIBLE, || {
            format!("head `{head}`: tokens are told apart by {still:.1} × noise, so nothing is seen")
        })?;
        let model = subject.hot(variant)?;
        let noise = subject.noise(variant, &self.with_positions[..1])?;
        let placed = self.errors(model.as_ref(), &self.with_positions, &noise, true)?;
        let placed = placed.into_iter().map(|(multiple, _)| multiple).fold(0.0, f64::max);
        require(placed > VISIBLE, || {
            format!("head `{head}`: with positions the order makes {placed:.1} × noise, so nothing is seen")
        })
    }

    /// How far everything that is recorded of the second input is from that of the first, with tokens followed to where they
    /// went, or not.
    fn errors(
        &self,
        model: &dyn Model,
        inputs: &[Input; 2],
        noise: &Noise,
        follow: bool,
    ) -> Result<Vec<(f64, String)>, Stop> {
        let run = |input: &Input| -> Result<Vec<Values>, Stop> { Ok(values(&model.forward(input, Record::ALL)?)) };
        let (before, after) = (run(&inputs[0])?, run(&inputs[1])?);
        let mut errors = Vec::new();
        for (before, after) in before.iter().zip(&after) {
            let len = |stream: Stream| match (before.axes, &before.shape[..]) {
                (Axes::Token(of), &[_, len, ..]) if of == stream => len,
                (Axes::Pair(from, _), &[_, _, len, _]) if from == stream => len,
                (Axes::Pair(_, to), &[_, _, _, len]) if to == stream => len,
                _ => 0,
            };
            // What stands before the patches of an image stays where it is.
            let extra = len(self.stream).saturating_sub(self.from.len());
            let went: Vec<usize> = (0..extra).chain(self.from.iter().map(|at| at + extra)).collect();
            let stays: Vec<usize> = (0..len(Stream::Source).max(len(Stream::Target))).collect();
            let places = |moves: bool| {
                let (went, stays) = (&went, &stays);
                move |stream: Stream| match stream == self.stream && moves {
                    true => &went[..len(stream).min(went.len())],
                    false => &stays[..len(stream)],
                }
            };
            let error = gap(&before.part(0, places(follow)), &after.part(0, places(false)));
            errors.push((noise.multiple(&before.name, error), before.name.clone()));
        }
        Ok(errors)
    }
}
