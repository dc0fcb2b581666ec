//! A model looked at layer by layer: what it recorded after each layer, against what the declared equation makes of what it
//! recorded before it.

use std::collections::BTreeMap;

use burn::tensor::TensorData;
use zoo_registry::output::Record;
use zoo_registry::{Input, Model, Rows, Tokens};

use crate::check::{Stop, require};
use crate::inputs::{self, Reading};
use crate::subject::{Subject, Variant};
use crate::values::{Values, values};

mod answers;
mod declared;
mod layer;
mod look;
mod real;

pub(crate) use answers::{MEASURE, Run, TOLERANCE, must_show};
pub(crate) use declared::{Attention, Kind, Norm, Part, Placement, Stack};
pub(crate) use layer::Weights;
pub(crate) use real::Activation;

/// One wiring of a family, with weights under which nothing happens that is not declared, and an input with padding.
pub(crate) struct Probe<'a> {
    subject: &'a Subject<'a>,
    pub(crate) variant: Variant,
    pub(crate) stacks: Vec<Stack>,
    pub(crate) weights: Weights,
    input: Input,
    /// Real tokens of what is written or the only text, then of the source; `None` where there is no padding.
    real: [Option<Rows<bool>>; 2],
    /// What was recorded with queries silenced: what positions add to the scores. Only where tables do.
    still: Option<BTreeMap<String, Values>>,
}

/// Texts in the batch: one whole, one padded before, one padded after.
const TEXTS: usize = 3;

/// Every wiring of the family, each once: heads of one body share their layers, and each choice that a configuration leaves is
/// taken in turn.
///
/// # Errors
/// [`Stop::NotApplicable`] for families that declare no equations, [`Stop::Fails`] for equations that do not fit the model.
pub(crate) fn probes<'a>(subject: &'a Subject<'a>) -> Result<Vec<Probe<'a>>, Stop> {
    let equations = &subject.descriptor().equations;
    if equations.is_empty() {
        return Err(Stop::NotApplicable("its facts declare no `[[equations]]`: its layers are of another kind".into()));
    }
    let (mut probes, mut looked_at) = (Vec::new(), Vec::new());
    for variant in subject.with_other_choices()? {
        let model = subject.architecture.build(&variant.config, &subject.device)?;
        let stacks = declared::stacks(equations, &variant, (&model.modules(), &model.patterns()))?;
        let seen = (variant.tiny().map(str::to_owned), stacks);
        if !looked_at.contains(&seen) {
            let weights = subject.hot_weights(&variant)?;
            probes.push(Probe::new(subject, variant, seen.1.clone(), weights, model.as_ref())?);
            looked_at.push(seen);
        }
    }
    Ok(probes)
}

impl<'a> Probe<'a> {
    fn new(
        subject: &'a Subject<'a>,
        variant: Variant,
        stacks: Vec<Stack>,
        mut weights: Weights,
        model: &dyn Model,
    ) -> Result<Self, Stop> {
        for (part, stack, index) in stacks.iter().flat_map(|stack| {
            (0..stack.n_layers()).flat_map(move |index| stack.parts.iter().map(move |part| (part, stack, index)))
        }) {
            let Kind::Attention(attention) = &part.kind else { continue };
            for (path, value) in &attention.shut {
                change(&mut weights, |name| *name == stack.path(index, path), |_| *value as f32);
            }
        }
        let (input, real) = match inputs::random_reading(model, "probe", TEXTS) {
            Ok(reading) => {
                let target = padded(&reading.target, 0);
                let source = reading.source.as_ref().map(|source| padded(source, 1));
                let real = [Some(target.mask()), source.as_ref().map(Tokens::mask)];
                (Reading { source, target }.input(), real)
            }
            Err(Stop::NotApplicable(_)) => (inputs::input(model, "probe", TEXTS)?, [None, None]),
            Err(other) => return Err(other),
        };
        let mut probe = Self { subject, variant, stacks, weights, input, real, still: None };
        if probe.tables().next().is_some() {
            let mut weights = probe.weights.clone();
            probe.scale_maps(&mut weights, "query", 0.0);
            probe.still = Some(probe.run(weights)?.seen);
        }
        Ok(probe)
    }

    /// Every part of every layer, once, with the path of its maps.
    pub(crate) fn parts(&self) -> BTreeMap<String, &Part> {
        let of = |stack: &'_ Stack, index: usize, part: &Part| stack.path(index, &part.module);
        let layers = self.stacks.iter().flat_map(|stack| (0..stack.n_layers()).map(move |index| (stack, index)));
        layers.flat_map(|(stack, index)| stack.parts.iter().map(move |part| (of(stack, index, part), part))).collect()
    }

    /// Paths of the tables that positions add to scores.
    fn tables(&self) -> impl Iterator<Item = &String> {
        self.stacks.iter().flat_map(|stack| &stack.parts).filter_map(|part| match &part.kind {
            Kind::Attention(attention) => attention.bias.as_ref(),
            Kind::Mlp(_) => None,
        })
    }

    /// Makes every part that `of` picks add nothing: its last map is zero.
    pub(crate) fn silence(&self, weights: &mut Weights, of: impl Fn(&Kind) -> bool) {
        for (module, part) in self.parts().into_iter().filter(|(_, part)| of(&part.kind)) {
            let last = if matches!(part.kind, Kind::Mlp(_)) { "down" } else { "output" };
            change(weights, |name| below(name, &format!("{module}.{last}")).is_some(), |_| 0.0);
        }
    }

    /// Whether a parameter is of such a table.
    pub(crate) fn is_table(&self, name: &str) -> bool {
        self.tables().any(|table| below(name, table).is_some())
    }

    /// Multiplies the map called `name` of every part that has one, bias and all.
    pub(crate) fn scale_maps(&self, weights: &mut Weights, name: &str, by: f32) {
        for module in self.parts().into_keys() {
            change(weights, |path| below(path, &format!("{module}.{name}")).is_some(), |x| by * x);
        }
    }

    /// Takes what positions add to scores away.
    pub(crate) fn without_tables(&self, weights: &mut Weights) {
        let of_distances = |stack: &Stack| -> Vec<String> {
            let tables = stack.parts.iter().filter_map(|part| match &part.kind {
                Kind::Attention(attention) => attention.distances.as_ref().map(|(table, _)| table),
                Kind::Mlp(_) => None,
            });
            tables.flat_map(|table| (0..stack.n_layers()).map(|index| stack.path(index, table))).collect()
        };
        let of_distances: Vec<String> = self.stacks.iter().flat_map(of_distances).collect();
        for table in self.tables().chain(&of_distances) {
            change(weights, |name| below(name, table).is_some(), |_| 0.0);
        }
    }

    /// Runs the model with these weights.
    pub(crate) fn run(&self, weights: Weights) -> Result<Run<'_>, Stop> {
        let model = self.subject.filled(&self.variant, &self.subject.device, weights.clone())?;
        let output = model.forward(&self.input, Record::ALL)?;
        let seen = values(&output).into_iter().map(|value| (value.name.clone(), value)).collect();
        let silent = |table: &String| {
            let own = weights.iter().filter(|(name, _)| below(name, table).is_some());
            own.flat_map(|(_, data)| data.iter::<f32>()).all(|x| x == 0.0)
        };
        let still = self.still.as_ref().filter(|_| !self.tables().all(silent));
        Ok(Run { probe: self, weights, seen, still })
    }

    /// Which of the `len` tokens of a text are real.
    fn real(&self, reads: bool, row: usize, len: usize) -> Result<Vec<bool>, Stop> {
        let Some(real) = &self.real[usize::from(reads && self.real[1].is_some())] else { return Ok(vec![true; len]) };
        let [_, given] = real.dims();
        require(given == len, || format!("expected hidden states of {given} tokens, found {len}"))?;
        Ok(real.row(row).to_vec())
    }
}

/// Text 0 whole, 1 padded before and 2 after, after `turns` more.
fn padded(tokens: &Tokens, turns: usize) -> Tokens {
    let [batch, len] = tokens.input_ids.dims();
    let real = |row: usize, at: usize| match (row + turns) % TEXTS {
        0 => true,
        1 => at >= 3,
        _ => at + 4 < len,
    };
    let mask = (0..batch).flat_map(|row| (0..len).map(move |at| real(row, at))).collect();
    Tokens { attention_mask: Rows::from_flat(batch, len, mask), ..tokens.clone() }
}

/// What is left of `name` below `path`.
fn below<'n>(name: &'n str, path: &str) -> Option<&'n str> {
    name.strip_prefix(path)?.strip_prefix('.')
}

/// Changes every number of the parameters that `of` picks.
pub(crate) fn change(weights: &mut Weights, of: impl Fn(&String) -> bool, to: impl Fn(f32) -> f32) {
    for (_, data) in weights.iter_mut().filter(|(name, _)| of(name)) {
        let changed: Vec<f32> = data.iter::<f32>().map(&to).collect();
        *data = TensorData::new(changed, data.shape().to_vec());
    }
}
