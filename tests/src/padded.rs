//! Texts of several lengths in one batch, and each of them alone.

use std::collections::BTreeMap;

use zoo_registry::output::Record;
use zoo_registry::{Model, Rows, Side, TokenLimits, Tokens};

use crate::check::{Stop, require};
use crate::inputs::{self, Reading};
use crate::seed;
use crate::subject::{Subject, Variant};
use crate::values::{Axes, Noise, Stream, VISIBLE, Values, Worst, gap, values};

/// One variant with three inputs, each run alone.
pub(crate) struct Probe {
    head: String,
    model: Box<dyn Model>,
    texts: Vec<Texts>,
    pub(crate) alone: Vec<Vec<Values>>,
    noise: Noise,
}

impl Probe {
    pub(crate) fn new(subject: &Subject<'_>, variant: &Variant) -> Result<Self, Stop> {
        let model = subject.hot(variant)?;
        let streams = inputs::streams(model.as_ref())?;
        let texts = streams.into_iter().map(Texts::new).collect::<Result<Vec<_>, _>>()?;
        let head = variant.head.clone();
        let mut probe = Self { head, model, texts, alone: Vec::new(), noise: Noise::default() };
        let singles = (0..LENGTHS.len()).map(|row| Ok(probe.reading(|texts| texts.single(row))?.input()));
        let singles = singles.collect::<Result<Vec<_>, Stop>>()?;
        for single in &singles {
            probe.alone.push(values(&probe.model.forward(single, Record::ALL)?));
        }
        probe.noise = subject.noise(variant, &singles)?;
        Ok(probe)
    }

    fn of(&self, stream: Stream) -> Option<&Texts> {
        self.texts.iter().find(|texts| texts.stream == stream)
    }

    fn reading(&self, make: impl Fn(&Texts) -> Result<Tokens, Stop>) -> Result<Reading, Stop> {
        let make = |stream| self.of(stream).map(&make).transpose();
        let target = make(Stream::Target)?.ok_or_else(|| Stop::fails("expected a text"))?;
        Ok(Reading { source: make(Stream::Source)?, target })
    }

    /// Errors of a padded batch against each text alone, as multiples of the noise.
    fn errors(&self, reading: &Reading, side: Side) -> Result<Vec<Error>, Stop> {
        let batch = values(&self.model.forward(&reading.input(), Record::ALL)?);
        let mut errors = Vec::new();
        for (row, alone) in self.alone.iter().enumerate() {
            let positions = |stream| self.of(stream).map(|texts| texts.positions(row, side)).unwrap_or_default();
            let (source, target) = (positions(Stream::Source), positions(Stream::Target));
            let positions = |stream| if stream == Stream::Source { source.as_slice() } else { target.as_slice() };
            require(alone.len() == batch.len(), || "padding changes the number of outputs".to_owned())?;
            for (alone, batch) in alone.iter().zip(&batch) {
                let multiple = self.noise.multiple(&alone.name, gap(&batch.part(row, positions), &alone.data));
                let (name, real, head) = (&alone.name, target.len(), &self.head);
                let place = format!("{name} of the text of {real} tokens, head `{head}`, padded on the {side:?}");
                let (axes, recorded) = (alone.axes, alone.is_recorded());
                errors.push(Error { multiple, axes, output: alone.name.clone(), recorded, place });
            }
        }
        Ok(errors)
    }

    pub(crate) fn compare(&self, side: Side, counts: impl Fn(Axes) -> bool, worst: &mut Worst) -> Result<(), Stop> {
        for Error { multiple, axes, place, .. } in self.errors(&self.reading(|texts| texts.padded(side))?, side)? {
            if counts(axes) {
                worst.see(multiple, || place);
            }
        }
        Ok(())
    }

    /// The mask is what makes the difference, in each stream. Padding after a text is invisible to causal models, so either side
    /// counts. What the head says is what must depend on the mask, not only what is recorded on the way. Positions stay those
    /// that the mask gives: counting padding alone would move every answer of a model that looks at nothing.
    pub(crate) fn guard(&self) -> Result<(), Stop> {
        for unmasked in &self.texts {
            let mut most: BTreeMap<String, f64> = BTreeMap::new();
            for side in [Side::Left, Side::Right] {
                let padded = self.reading(|texts| texts.padded(side))?;
                let tokens = inputs::in_place(&unmasked.padded(side)?, &unmasked.limits);
                let tokens = Tokens { attention_mask: None, ..tokens };
                let depends = |error: &Error| match (error.axes, unmasked.stream) {
                    // What the encoder says does not depend on what is written.
                    (Axes::Token(Stream::Source), Stream::Target) => false,
                    _ => !error.recorded,
                };
                let errors = self.errors(&padded.with(unmasked.stream, tokens), side)?;
                for Error { multiple, output, .. } in errors.into_iter().filter(depends) {
                    let most = most.entry(output).or_default();
                    *most = most.max(multiple);
                }
            }
            let head = &self.head;
            let blind = most.iter().find(|(_, most)| **most <= VISIBLE);
            require(blind.is_none(), || {
                let (output, most) = blind.map_or(("", 0.0), |(output, most)| (output.as_str(), *most));
                format!("head `{head}`: without the mask {output} moves by {most:.1} × noise, so nothing is seen")
            })?;
        }
        Ok(())
    }
}

/// How far one output of one text is from the text's alone.
struct Error {
    multiple: f64,
    axes: Axes,
    output: String,
    recorded: bool,
    place: String,
}

/// Three texts of one stream.
struct Texts {
    stream: Stream,
    limits: TokenLimits,
    ids: Vec<Vec<i64>>,
    types: Vec<Vec<i64>>,
}

/// Lengths of the texts in a batch, as parts of the longest: lopsided, the longest in the middle.
const LENGTHS: [(usize, usize); 3] = [(4, 11), (1, 1), (7, 11)];

impl Texts {
    fn new((stream, limits): (Stream, TokenLimits)) -> Result<Self, Stop> {
        let (longest, n_types) = (inputs::longest(&limits)?, limits.n_token_types);
        let mut lengths = LENGTHS.map(|(part, of)| (longest * part / of).max(1));
        if stream == Stream::Source {
            // A long source has a short answer, so that the two masks cannot be mistaken for each other.
            lengths.rotate_left(1);
        }
        let name = if stream == Stream::Source { "padded source" } else { "padded" };
        let text = |len| inputs::text(&limits, &format!("{name} {len}"), len);
        let types = |len| seed::draw(&format!("types of {name} {len}")).ids(len, n_types.max(1));
        Ok(Self { ids: lengths.map(text).to_vec(), types: lengths.map(types).to_vec(), stream, limits })
    }

    /// Text `row` alone.
    fn single(&self, row: usize) -> Result<Tokens, Stop> {
        let ids = Rows::new(&[&self.ids[row]]).ok_or_else(|| Stop::fails("expected a text"))?;
        Ok(Tokens { token_type_ids: Rows::new(&[&self.types[row]]), ..Tokens::new(ids) })
    }

    /// All texts in one batch, random ids under the mask.
    fn padded(&self, side: Side) -> Result<Tokens, Stop> {
        let missing = || Stop::fails("expected texts");
        let tokens = Tokens::padded(&self.ids, 0, side).ok_or_else(missing)?;
        let types = Tokens::padded(&self.types, 0, side).ok_or_else(missing)?;
        let [batch, len] = tokens.input_ids.dims();
        let mut draw = seed::draw("under the mask");
        let mask = tokens.mask();
        let ids = tokens.input_ids.as_slice().iter().zip(mask.as_slice());
        let ids = ids.map(|(&id, &real)| if real { id } else { draw.below(self.limits.vocab_size) as i64 }).collect();
        let input_ids = Rows::from_flat(batch, len, ids).ok_or_else(missing)?;
        Ok(Tokens { input_ids, token_type_ids: Some(types.input_ids), ..tokens })
    }

    /// Where text `row` stands in the padded batch.
    fn positions(&self, row: usize, side: Side) -> Vec<usize> {
        let (real, len) = (self.ids[row].len(), self.ids.iter().map(Vec::len).max().unwrap_or(0));
        match side {
            Side::Left => (len - real..len).collect(),
            Side::Right => (0..real).collect(),
        }
    }
}
