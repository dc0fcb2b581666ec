//! Sinusoidal positions are the waves of their equation: what is added at a place, in every pair of coordinates.
//!
//! # How
//!
//! A text of one token, repeated, differs from place to place by its positions alone. For families that declare
//! sinusoidal positions, the first recorded hidden state at a place, less that at the first, must be `sin(p /
//! 10000^(2i/d_model))` in coordinate 2i and the cosine of the same in 2i + 1, less the same at position 0 (Vaswani et
//! al. 2017, arXiv 1706.03762, §3.5), computed in f64, at the first places and, where the model takes position ids, at
//! far ones. Both sides of an encoder–decoder are looked at. Tolerances are the roundings of the angle and of the sum.
//! The guards: all sines before all cosines, cosines first, positions counted from 1, and waves of other lengths lie far
//! off.
//!
//! # Catches
//!
//! - sines and cosines in halves instead of side by side
//! - an exponent that lacks its factor 2, or is that of the next pair
//! - positions counted from 1
//! - angles rounded before they are large
//!
//! # Seen
//!
//! - [SamLynnEvans/Transformer #25](https://github.com/SamLynnEvans/Transformer/issues/25): the loop over pairs went in
//!   steps of two and multiplied by two once more, and the cosine had the exponent of the next pair.
//! - [tensorops/TransformerX #115](https://github.com/tensorops/TransformerX/issues/115): sines and cosines were
//!   concatenated instead of alternating.
//! - [zju3dv/LoFTR #41](https://github.com/zju3dv/LoFTR/issues/41): a division rounded to −1 made nearly all waves far
//!   too short; it was found after the paper was out.
//!
//! # Fix
//!
//! The message names the place and the coordinate. If only odd coordinates are off, see how sines and cosines are
//! interleaved; if all but the first pair are, the exponent; if far places alone, in which type the angle is computed. A
//! family whose waves are laid out otherwise on purpose declares another term, with its own definition.

use zoo_registry::output::Record;
use zoo_registry::{Model, Rows, TokenLimits, Tokens};

use crate::check::{Stop, Verdict, require};
use crate::inputs;
use crate::subject::Subject;
use crate::values::{Axes, Stream, UNIT_ROUNDOFF, Values, Worst, values};

/// Places beside each other, and far ones where the model takes any.
const PLACES: [i64; 8] = [0, 1, 2, 3, 7, 40, 300, 1000];
/// Roundings: the speed, the angle, its sine, the sum, and the same at the first place.
const TOLERANCE: f64 = 4.0;
const MEASURE: &str =
    "multiple of what rounding the angle and the sum once may move it; 4 for the speed, the sine and the difference";

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let terms = subject.descriptor().taxonomy.get("positional-encoding");
    if !terms.is_some_and(|terms| terms.iter().any(|term| term == "sinusoidal")) {
        return Err(Stop::NotApplicable("it declares no sinusoidal positions".into()));
    }
    let mut worst = Worst::default();
    let mut streams = 0;
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        for (stream, limits) in inputs::streams(model.as_ref())? {
            let (places, first) = first_hidden(model.as_ref(), stream, &limits)?;
            look(&variant.head, &places, &first, &mut worst)?;
            streams += 1;
        }
    }
    worst.verdict_within(TOLERANCE, MEASURE, &format!("{streams} texts of one token repeated"))
}

/// The places of a text of one token repeated, and what is recorded of it before the first layer.
fn first_hidden(model: &dyn Model, stream: Stream, limits: &TokenLimits) -> Result<(Vec<i64>, Values), Stop> {
    let last = limits.max_positions.map(|max| max as i64 - 1);
    let places: Vec<i64> = match last {
        Some(last) => PLACES.iter().map(|&place| place.min(last)).collect(),
        None => (0..PLACES.len() as i64).collect(),
    };
    let repeated = Tokens::new(Rows::full(1, places.len(), limits.vocab_size as i64 / 2));
    let position_ids = last.and_then(|_| Rows::new(&[&places]));
    let reading = inputs::random_reading(model, "sinusoids", 1)?;
    let reading = reading.with(stream, Tokens { position_ids, ..repeated });
    let recorded = values(&model.forward(&reading.input(), Record::ALL)?);
    let first = recorded
        .into_iter()
        .find(|value| value.axes == Axes::Token(stream) && value.name.ends_with("hidden_states.0"))
        .ok_or_else(|| Stop::fails(format!("nothing is recorded of the {stream:?} before the first layer")))?;
    match first.shape[..] {
        [1, len, width] if len == places.len() && width > 1 => Ok((places, first)),
        _ => Err(Stop::fails(format!("expected `{}` of {} places, found {:?}", first.name, places.len(), first.shape))),
    }
}

/// Compares the differences to the first place.
fn look(head: &str, places: &[i64], first: &Values, worst: &mut Worst) -> Result<(), Stop> {
    let width = first.shape[2];
    let waves = |of: &Waves<'_>| -> Vec<Vec<f64>> {
        places.iter().map(|&place| (0..width).map(|at| of(place as f64, at, width)).collect()).collect()
    };
    let expected = waves(&|place, at, width| wave(place, at, width));
    let told = |place: usize, at: usize| f64::from(first.data[place * width + at]);
    let rounding = |place: usize, at: usize| {
        let angle = places[place] as f64 * speed(at / 2, width);
        UNIT_ROUNDOFF * (angle + 1.0 + told(place, at).abs() + told(0, at).abs())
    };
    let apart = |waves: &[Vec<f64>], place: usize, at: usize| waves[place][at] - waves[0][at];
    let all = || (1..places.len()).flat_map(|place| (0..width).map(move |at| (place, at)));
    for (place, at) in all() {
        let error = (told(place, at) - told(0, at) - apart(&expected, place, at)).abs();
        worst.see(error / rounding(place, at), || {
            format!("head `{head}`, {}: position {}, coordinate {at}", first.name, places[place])
        });
    }
    for (what, other) in others() {
        let other = waves(&other);
        let off = |(place, at)| (apart(&other, place, at) - apart(&expected, place, at)).abs() / rounding(place, at);
        let most = all().map(off).fold(0.0, f64::max);
        require(most > 10.0 * TOLERANCE, || {
            format!("head `{head}`: {what} would be {most:.1} × rounding away only, so nothing is seen")
        })?;
    }
    Ok(())
}

/// A number for a position and a coordinate of so many.
type Waves<'a> = dyn Fn(f64, usize, usize) -> f64 + 'a;

/// Radians a token of a pair of coordinates.
fn speed(pair: usize, width: usize) -> f64 {
    10_000f64.powf(-2.0 * pair as f64 / width as f64)
}

/// The equation.
fn wave(place: f64, at: usize, width: usize) -> f64 {
    let angle = place * speed(at / 2, width);
    if at.is_multiple_of(2) { angle.sin() } else { angle.cos() }
}

/// What could stand there instead.
fn others() -> Vec<(&'static str, Box<Waves<'static>>)> {
    let halves = |place: f64, at: usize, width: usize| {
        let half = width.div_ceil(2);
        if at < half { (place * speed(at, width)).sin() } else { (place * speed(at - half, width)).cos() }
    };
    vec![
        ("all sines before all cosines", Box::new(halves)),
        ("cosines first", Box::new(|place, at, width| wave(place, at ^ 1, width))),
        ("positions counted from 1", Box::new(|place, at, width| wave(place + 1.0, at, width))),
        ("waves of half the exponent", Box::new(|place, at, width| wave(place, at, 2 * width))),
    ]
}
