//! A memory of earlier segments holds all of them and nothing of the present one, without their order, and its gate decides how much.
//!
//! # How
//!
//! For families that declare a compressive memory, whose gate is the parameter `gate` of each attention. With the gates shut,
//! each segment must say what it says alone, within noise. With the gates open, a token must depend on itself and on every
//! token of every earlier segment, and on none of its own segment, not even those before it. With one layer's attention alone, the
//! tokens of the first segment exchange their places: later segments must say the same, for positions are no part of what is
//! remembered, while another token there changes them; and with the gates open one token says the same wherever in its segment it
//! stands. Of one token repeated, what is remembered is an average of equals: unless
//! the memory is written by differences, gates shut and open then say the same. And with weights as they are first drawn, the gradient of each head's gate must
//! be more than rounding, or no memory would ever be learnt.
//!
//! # Catches
//!
//! - a memory that is written before it is read
//! - positions in what is remembered
//! - a gate the wrong way round, or shut for good
//! - a memory that forgets the segment before last
//! - a memory that is never read
//! - a normaliser that does not belong to the query
//!
//! # Seen
//!
//! - [Beomi/InfiniTransformer #15](https://github.com/Beomi/InfiniTransformer/issues/15): the memory was read and written
//!   with keys and queries that had been turned by their positions.
//!
//! - [Beomi/InfiniTransformer #8](https://github.com/Beomi/InfiniTransformer/issues/8): what was read was divided by the
//!   sum of the keys as it was, not by its product with the query.
//!
//! # Fix
//!
//! If open gates show the own segment, read before writing. If an exchange within a segment shows, use the maps of keys and
//! queries before positions are applied. If a gradient vanishes, see where the gate begins: the slope of a sigmoid at −100 is
//! nothing in f32.

use zoo_registry::output::Record;
use zoo_registry::{Model, Pattern, Rows, Tokens};

use crate::check::{Stop, Verdict, require};
use crate::flow::{self, Matrix};
use crate::inputs::Reading;
use crate::labels;
use crate::parts;
use crate::subject::{Subject, Variant, drawing};
use crate::values::{Axes, Stream, UNIT_ROUNDOFF, VISIBLE, Values, WHOLE_MODEL, Worst, gap, values};

/// Where a sigmoid is exactly 0 or 1 in f32.
const SHUT: f32 = -1e4;
/// Segments of a text.
const SEGMENTS: usize = 3;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let terms = subject.descriptor().taxonomy.get("attention");
    if !terms.into_iter().flatten().any(|term| term == "compressive-memory") {
        return Err(Stop::NotApplicable("it declares no memory of earlier segments".into()));
    }
    let mut worst = Worst::default();
    for variant in subject.variants()? {
        let probe = Probe::new(subject, &variant)?;
        probe.shut(&mut worst)?;
        probe.open()?;
        probe.exchanged(&mut worst)?;
        probe.anywhere(&mut worst)?;
        probe.repeated(&mut worst)?;
        probe.learns()?;
    }
    worst.verdict("segments alone, and segments whose tokens exchanged their places")
}

struct Probe<'a> {
    subject: &'a Subject<'a>,
    variant: &'a Variant,
    segment: usize,
    gates: Vec<String>,
}

impl<'a> Probe<'a> {
    fn new(subject: &'a Subject<'a>, variant: &'a Variant) -> Result<Self, Stop> {
        let patterns = subject.hot(variant)?.patterns();
        let segment = match patterns.layers.first() {
            Some(&Pattern::Segments { segment }) => segment,
            other => return Err(Stop::fails(format!("it declares a memory of segments, and layers of {other:?}"))),
        };
        let attention = parts::of_kind(subject, variant, "attention")?;
        let gates: Vec<String> =
            attention.into_iter().map(|part| part.path).filter(|path| path.ends_with(".gate")).collect();
        require(gates.len() == patterns.layers.len(), || {
            format!("{} parameters called `gate` in the attention of {} layers", gates.len(), patterns.layers.len())
        })?;
        Ok(Self { subject, variant, segment, gates })
    }

    fn len(&self) -> usize {
        SEGMENTS * self.segment
    }

    fn reading(&self, model: &dyn Model) -> Result<Reading, Stop> {
        flow::long_reading(model, "segments", self.len())
    }

    fn with_gates(&self, gate: f32) -> Result<Weights, Stop> {
        let is_gate = |path: &str| self.gates.iter().any(|gate| gate == path);
        Ok(parts::changed(&self.subject.hot_weights(self.variant)?, is_gate, |_| gate))
    }

    fn filled(&self, weights: &Weights) -> Result<Box<dyn Model>, Stop> {
        Ok(self.subject.filled(self.variant, &self.subject.device, weights.clone())?)
    }

    /// Without memory, each segment says what it says alone.
    fn shut(&self, worst: &mut Worst) -> Result<(), Stop> {
        let weights = self.with_gates(SHUT)?;
        let model = self.filled(&weights)?;
        let reading = self.reading(model.as_ref())?;
        let noise = self.subject.noise_with(self.variant, weights, &[reading.input()])?;
        let whole = say(model.as_ref(), &reading)?;
        for index in 0..SEGMENTS {
            let from = index * self.segment;
            let alone = reading.with(Stream::Target, reading.target.columns(from, from + self.segment));
            let places: Vec<usize> = (from..from + self.segment).collect();
            for (whole, alone) in whole.iter().zip(&say(model.as_ref(), &alone)?) {
                let error = gap(&whole.part(0, |_| &places), &alone.data);
                worst.see(noise.multiple(&whole.name, error), || {
                    format!("{}, segment {index} with the gates shut, head `{}`", whole.name, self.variant.head)
                });
            }
        }
        Ok(())
    }

    /// With memory alone, a token depends on earlier segments, all of them, and on itself.
    fn open(&self) -> Result<(), Stop> {
        let weights = self.with_gates(-SHUT)?;
        let model = self.filled(&weights)?;
        let segment = self.segment;
        let expected = Matrix::of(self.len(), |to, from| from / segment < to / segment);
        // A gate may weigh the difference of both, which leaves the rounding of what it shuts out.
        let noise = self.subject.noise_with(self.variant, weights, &[self.reading(model.as_ref())?.input()])?;
        let changes =
            |name: &str, before: &[f32], after: &[f32]| noise.multiple(name, gap(before, after)) > WHOLE_MODEL;
        for (name, found) in flow::dependencies(model.as_ref(), Stream::Target, self.len(), changes)? {
            // Before the first layer nothing has been remembered.
            if name.ends_with("hidden_states.0") {
                continue;
            }
            let difference = expected.differs(&found);
            require(difference.is_none(), || {
                format!("{name} with the gates open: {}", difference.unwrap_or_default())
            })?;
        }
        Ok(())
    }

    /// The order within an earlier segment is forgotten, its tokens are not.
    fn exchanged(&self, worst: &mut Worst) -> Result<(), Stop> {
        let attention = parts::of_kind(self.subject, self.variant, "attention")?;
        let hot = self.subject.hot_weights(self.variant)?;
        for layer in 0..self.gates.len() {
            let silent = |path: &str| attention.iter().any(|part| part.path == path && part.layer != Some(layer));
            let weights = parts::changed(&hot, silent, |_| 0.0);
            let model = self.filled(&weights)?;
            let reading = self.reading(model.as_ref())?;
            let noise = self.subject.noise_with(self.variant, weights, &[reading.input()])?;
            let before = say(model.as_ref(), &reading)?;
            let after = say(model.as_ref(), &with_ids(&reading, |ids| ids[..self.segment].reverse())?)?;
            let other = say(model.as_ref(), &with_ids(&reading, |ids| ids[0] = i64::from(ids[0] == 0))?)?;
            let later: Vec<usize> = (self.segment..self.len()).collect();
            let (mut remembered, mut ordered) = (0.0f64, 0.0f64);
            for ((before, after), other) in before.iter().zip(&after).zip(&other) {
                if !matches!(before.axes, Axes::Token(_)) {
                    continue;
                }
                let moved = |by: &Values| {
                    noise.multiple(&before.name, gap(&before.part(0, |_| &later), &by.part(0, |_| &later)))
                };
                worst.see(moved(after), || format!("{}, layer {layer} alone, first segment reversed", before.name));
                remembered = remembered.max(moved(other));
                let last = [self.segment - 1];
                let first = [0];
                let at = gap(&before.part(0, |_| &last), &after.part(0, |_| &first));
                ordered = ordered.max(noise.multiple(&before.name, at));
            }
            require(remembered > VISIBLE, || {
                format!("layer {layer}: another token in the first segment moves later ones by {remembered:.1} × noise")
            })?;
            require(ordered > VISIBLE, || {
                format!("layer {layer}: the order in a segment moves it by {ordered:.1} × noise, so nothing is seen")
            })?;
        }
        Ok(())
    }

    /// What a token reads from memory does not depend on where in its segment it stands.
    fn anywhere(&self, worst: &mut Worst) -> Result<(), Stop> {
        let attention = parts::of_kind(self.subject, self.variant, "attention")?;
        let open = self.with_gates(-SHUT)?;
        for layer in 0..self.gates.len() {
            let silent = |path: &str| attention.iter().any(|part| part.path == path && part.layer != Some(layer));
            let weights = parts::changed(&open, silent, |_| 0.0);
            let model = self.filled(&weights)?;
            let last = self.len() - self.segment;
            let reading = with_ids(&self.reading(model.as_ref())?, |ids| ids[last..].fill(1))?;
            let noise = self.subject.noise_with(self.variant, weights, &[reading.input()])?;
            for said in say(model.as_ref(), &reading)?.iter().filter(|said| matches!(said.axes, Axes::Token(_))) {
                for at in last + 1..self.len() {
                    let (first, other) = ([last], [at]);
                    let error = gap(&said.part(0, |_| &first), &said.part(0, |_| &other));
                    worst.see(noise.multiple(&said.name, error), || {
                        format!("{}, layer {layer} alone, one token at {last} and at {at}, gates open", said.name)
                    });
                }
            }
        }
        Ok(())
    }

    /// Of one token repeated, an average is what is averaged, wherever it is read.
    fn repeated(&self, worst: &mut Worst) -> Result<(), Stop> {
        // What is written as the difference from what is there already is no average.
        if self.variant.config.get("update").is_some_and(|update| update != "linear") {
            return Ok(());
        }
        let attention = parts::of_kind(self.subject, self.variant, "attention")?;
        let silent = |path: &str| attention.iter().any(|part| part.path == path && part.layer != Some(0));
        let run = |gate: f32| -> Result<_, Stop> {
            let weights = parts::changed(&self.with_gates(gate)?, silent, |_| 0.0);
            let model = self.filled(&weights)?;
            let reading = self.reading(model.as_ref())?;
            let reading = reading.with(Stream::Target, Tokens::new(Rows::full(1, self.len(), 1)));
            let noise = self.subject.noise_with(self.variant, weights, &[reading.input()])?;
            Ok((say(model.as_ref(), &reading)?, noise))
        };
        let ((shut, noise), (open, _)) = (run(SHUT)?, run(-SHUT)?);
        let later: Vec<usize> = (self.segment..self.len()).collect();
        for (shut, open) in shut.iter().zip(&open).filter(|(shut, _)| matches!(shut.axes, Axes::Token(_))) {
            let error = gap(&shut.part(0, |_| &later), &open.part(0, |_| &later));
            worst.see(noise.multiple(&shut.name, error), || format!("{}, one token repeated, gates open", shut.name));
        }
        Ok(())
    }

    /// As first drawn, each head's gate has a gradient that is more than rounding beside the others.
    fn learns(&self) -> Result<(), Stop> {
        let (input, labels) = labels::probe(self.subject, self.variant)?;
        let model = {
            let _turn = drawing();
            let mut model = self.subject.architecture.build(&self.variant.config, &self.subject.device)?;
            model.init(1);
            model
        };
        let gradients = model.trainer().gradients(&input, &labels)?.by_parameter;
        let sizes = |path: &str| -> Vec<f64> {
            gradients.get(path).map(|data| data.iter::<f64>().map(f64::abs).collect()).unwrap_or_default()
        };
        let largest = gradients.keys().flat_map(|path| sizes(path)).fold(0.0, f64::max);
        for gate in &self.gates {
            let found = sizes(gate);
            let dead = found.iter().position(|size| size.is_nan() || *size <= largest * UNIT_ROUNDOFF);
            require(!found.is_empty() && dead.is_none(), || {
                let head = dead.unwrap_or_default();
                format!(
                    "as first drawn, `{gate}` has a gradient of {:?} for head {head}, others up to {largest:.1e}",
                    found.get(head)
                )
            })?;
        }
        Ok(())
    }
}

type Weights = std::collections::BTreeMap<String, burn::tensor::TensorData>;

fn say(model: &dyn Model, reading: &Reading) -> Result<Vec<Values>, Stop> {
    Ok(values(&model.forward(&reading.input(), Record::ALL)?))
}

/// The same text with a change to its tokens.
fn with_ids(reading: &Reading, change: impl Fn(&mut [i64])) -> Result<Reading, Stop> {
    let mut ids = reading.target.input_ids.row(0).to_vec();
    change(&mut ids);
    let input_ids = Rows::new(&[ids]).ok_or_else(|| Stop::fails("expected a text"))?;
    Ok(reading.with(Stream::Target, Tokens { input_ids, ..reading.target.clone() }))
}
