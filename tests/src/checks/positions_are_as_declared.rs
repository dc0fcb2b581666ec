//! What a text says depends on where it stands exactly where the family declares absolute positions.
//!
//! # How
//!
//! A text is moved by 1, by 7 and far: by position ids where the model takes them, and by padding before it where it knows
//! distances only. Families that declare rotary, relative or ALiBi positions must say the same within noise, and those that
//! declare absolute ones must say something visibly different; there, a position beyond the table, or before it, is refused with
//! a message. Where distances are all there is, a text of one token, repeated, is read too: its tokens differ by their positions
//! alone, so in every layer and head the ratio of two weights of a row may depend on nothing but the distances of the keys.
//!
//! # Catches
//!
//! - a rotation of queries and not of keys
//! - a relative bias that is off in some rows
//! - distances that are cut at the length of the last text
//! - positions that are an input and ignored
//!
//! # Seen
//!
//! - [NVIDIA/Megatron-LM #453](https://github.com/NVIDIA/Megatron-LM/issues/453): rotary angles were those of positions
//!   counted from 0, whatever position ids were given.
//! - [lucidrains/rotary-embedding-torch #11](https://github.com/lucidrains/rotary-embedding-torch/issues/11): a cache of
//!   angles did not know the offset, so a text that was moved got the angles of the first one.
//! - [mlfoundations/open_lm #4](https://github.com/mlfoundations/open_lm/issues/4): rotation went by the index of the
//!   head instead of the position.
//!
//! # Fix
//!
//! If moving by 1 fails, absolute positions are added somewhere. If only the far move fails, a table or a cache of angles ends
//! before the text does. If ratios fail, compare the rows of the bias: each is the row above, moved by one.

use zoo_registry::output::Record;
use zoo_registry::{Error, Model, Rows, TokenLimits, Tokens};

use crate::check::{Finding, Stop, Verdict, require};
use crate::flow;
use crate::inputs::{self, Reading};
use crate::subject::{Subject, Variant};
use crate::values::{Axes, Noise, Stream, VISIBLE, Values, Worst, gap, values};

/// How far a text is moved, where nothing ends before.
const MOVES: [usize; 3] = [1, 7, 150];
/// Tokens of the text that is moved.
const LEN: usize = 8;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let absolute = declared(subject)?;
    let mut worst = Worst::default();
    let mut moved = Vec::new();
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        let reading = flow::long_reading(model.as_ref(), "moved", LEN)?;
        let noise = subject.noise(&variant, &[reading.input()])?;
        let probe = Probe { model: model.as_ref(), head: &variant.head, reading, noise };
        for (stream, limits) in inputs::streams(model.as_ref())? {
            match limits.max_positions {
                Some(max) => {
                    moved.extend(probe.by_ids(stream, max, absolute, &mut worst)?);
                    probe.refuses_beyond(stream, max)?;
                }
                None => {
                    require(!absolute, || "it declares absolute positions and takes no position ids".to_owned())?;
                    probe.by_padding(stream, &mut worst)?;
                    distances_alone(subject, &variant, (stream, &limits), &mut worst)?;
                }
            }
        }
    }
    if !absolute {
        return worst.verdict(&format!("texts moved by up to {} positions", MOVES[2]));
    }
    let least = moved.iter().copied().fold(f64::INFINITY, f64::min);
    Ok(Finding::seen(format!("every text moved says something else, by {least:.0} × noise or more")))
}

/// Whether positions are declared absolute; otherwise they are distances.
fn declared(subject: &Subject<'_>) -> Result<bool, Stop> {
    const ABSOLUTE: [&str; 2] = ["learned-absolute", "sinusoidal"];
    let terms = subject.descriptor().taxonomy.get("positional-encoding").ok_or_else(none)?;
    if terms.iter().any(|term| ABSOLUTE.contains(&term.as_str())) {
        return Ok(true);
    }
    const RELATIVE: [&str; 6] =
        ["rotary", "xpos", "alibi", "relative-shaw", "relative-t5-bias", "transformer-xl-relative"];
    if terms.iter().any(|term| RELATIVE.contains(&term.as_str())) { Ok(false) } else { Err(none()) }
}

fn none() -> Stop {
    Stop::NotApplicable("it declares neither absolute positions nor distances".into())
}

struct Probe<'a> {
    model: &'a dyn Model,
    head: &'a str,
    reading: Reading,
    noise: Noise,
}

impl Probe<'_> {
    fn say(&self, stream: Stream, tokens: Tokens) -> Result<Vec<Values>, zoo_registry::Error> {
        Ok(values(&self.model.forward(&self.reading.with(stream, tokens).input(), Record::ALL)?))
    }

    fn tokens(&self, stream: Stream) -> Result<&Tokens, Stop> {
        self.reading.of(stream).ok_or_else(|| Stop::fails("expected a text"))
    }

    fn at(&self, stream: Stream, from: usize) -> Result<Tokens, Stop> {
        let tokens = self.tokens(stream)?;
        let positions: Vec<i64> = (from..from + LEN).map(|at| at as i64).collect();
        Ok(Tokens { position_ids: Rows::new(&[positions]), ..tokens.clone() })
    }

    /// Moved by position ids: how far each output of the stream moves, where it must.
    fn by_ids(&self, stream: Stream, max: usize, absolute: bool, worst: &mut Worst) -> Result<Vec<f64>, Stop> {
        let before = self.say(stream, self.at(stream, 0)?)?;
        let mut moved = Vec::new();
        for by in MOVES.map(|by| by.min(max - LEN)) {
            let after = self.say(stream, self.at(stream, by)?)?;
            for (before, after) in before.iter().zip(&after) {
                let multiple = self.noise.multiple(&before.name, gap(&before.data, &after.data));
                let place = || format!("{}, head `{}`, {stream:?} moved by {by}", before.name, self.head);
                if !absolute {
                    worst.see(multiple, place);
                } else if !before.is_recorded() && (stream == Stream::Source || !is_of_source(before)) {
                    require(multiple > VISIBLE, || format!("{} moves by {multiple:.1} × noise", place()))?;
                    moved.push(multiple);
                }
            }
        }
        Ok(moved)
    }

    /// The last position is taken, the one after it and those before the first are not.
    fn refuses_beyond(&self, stream: Stream, max: usize) -> Result<(), Stop> {
        self.say(stream, self.at(stream, max - LEN)?)?;
        let beyond = self.at(stream, max - LEN + 1)?;
        let mut before = self.at(stream, 0)?;
        before.position_ids = Rows::new(&[(0..LEN as i64).map(|at| at - 1).collect::<Vec<_>>()]);
        for (tokens, what) in [(beyond, format!("position {max} of {max}")), (before, "position -1".to_owned())] {
            match self.say(stream, tokens) {
                Err(Error::Input { .. }) => {}
                Err(error) => return Err(Stop::fails(format!("{what} is refused for another reason: {error}"))),
                Ok(_) => return Err(Stop::fails(format!("head `{}`: {what} is accepted", self.head))),
            }
        }
        Ok(())
    }

    /// Moved by padding before the text: the same at every token of it.
    fn by_padding(&self, stream: Stream, worst: &mut Worst) -> Result<(), Stop> {
        let before = self.say(stream, self.tokens(stream)?.clone())?;
        for by in MOVES {
            let row = self.tokens(stream)?.input_ids.row(0);
            let ids = [&vec![row[LEN - 1]; by], row].concat();
            let mask = [vec![false; by], vec![true; LEN]].concat();
            let ids = Rows::new(&[ids]).ok_or_else(|| Stop::fails("expected a text"))?;
            let tokens = Tokens { attention_mask: Rows::new(&[mask]), ..Tokens::new(ids) };
            let after = self.say(stream, tokens)?;
            let (real, all): (Vec<usize>, Vec<usize>) = ((by..by + LEN).collect(), (0..LEN).collect());
            for (before, after) in before.iter().zip(&after).filter(|(before, _)| before.axes != Axes::Text) {
                let found = after.part(0, |of| if of == stream { &real } else { &all });
                let multiple = self.noise.multiple(&before.name, gap(&before.data, &found));
                worst.see(multiple, || format!("{}, head `{}`, {stream:?} moved by {by}", before.name, self.head));
            }
        }
        Ok(())
    }
}

fn is_of_source(value: &Values) -> bool {
    value.axes == Axes::Token(Stream::Source)
}

/// Of a text of one token repeated, the weights of a row are the exponentials of a function of the distance, over their sum.
fn distances_alone(
    subject: &Subject<'_>,
    variant: &Variant,
    (stream, limits): (Stream, &TokenLimits),
    worst: &mut Worst,
) -> Result<(), Stop> {
    let model = subject.hot(variant)?;
    let reading = flow::long_reading(model.as_ref(), "repeated", LEN)?;
    let repeated = Tokens::new(Rows::full(1, LEN, limits.vocab_size as i64 / 2));
    let reading = reading.with(stream, repeated);
    let noise = subject.noise(variant, &[reading.input()])?;
    let maps = values(&model.forward(&reading.input(), Record::ALL)?);
    for map in maps.iter().filter(|map| map.axes == Axes::Pair(stream, stream)) {
        let &[_, heads, queries, keys] = &map.shape[..] else { continue };
        let weight = |head: usize, query: usize, key: usize| f64::from(map.data[(head * queries + query) * keys + key]);
        for head in 0..heads {
            for (query, key) in (1..queries).flat_map(|query| (1..keys).map(move |key| (query, key))) {
                // p(i, j) / p(i, i) is that of one row and one column before, where all four see each other.
                let four = [(query, key), (query, query), (query - 1, key - 1), (query - 1, query - 1)];
                let [a, b, c, d] = four.map(|(query, key)| weight(head, query, key));
                if [a, b, c, d].contains(&0.0) {
                    continue;
                }
                // Each product is off by the noise of one weight times another.
                let off = (a * d - c * b).abs() / (b + d).max(f64::MIN_POSITIVE);
                let multiple = noise.multiple(&map.name, off);
                worst.see(multiple, || {
                    format!(
                        "{}, head {head}: {query} looks at {key} as {} does not at {}",
                        map.name,
                        query - 1,
                        key - 1
                    )
                });
            }
        }
    }
    Ok(())
}
