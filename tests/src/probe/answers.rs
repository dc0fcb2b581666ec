//! What a model recorded after each layer, against what the layer's equation makes of what it recorded before it.

use std::collections::BTreeMap;

use super::Probe;
use super::declared::{Kind, Stack};
use super::layer::{Around, Pass, Text, Weights};
use super::real::Real;
use crate::check::{Stop, require};
use crate::values::{UNIT_ROUNDOFF, VISIBLE, Values, WHOLE_MODEL, Worst};

/// The unit of what layers are measured in.
pub(crate) const MEASURE: &str = "multiple of the layer's own f32 noise (what its equation in f32 loops differs from f64 loops); \
     8 allows for sums in another order";

/// The tolerance in that unit.
pub(crate) const TOLERANCE: f64 = WHOLE_MODEL;

/// Fails unless every one of `distances` is so large that what stands there instead would be seen.
pub(crate) fn must_show(distances: &[f64], what: &str, probe: &Probe<'_>, stack: &Stack) -> Result<(), Stop> {
    let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
    require(!distances.is_empty() && least > VISIBLE, || {
        let (layers, head) = (&stack.layers, &probe.variant.head);
        format!("head `{head}`: {what} would move a layer of `{layers}` by {least:.1} × noise only, so nothing is seen")
    })
}

/// What a model recorded under some weights.
#[derive(Clone)]
pub(crate) struct Run<'a> {
    pub(super) probe: &'a Probe<'a>,
    /// What the equations are computed with.
    pub(crate) weights: Weights,
    pub(super) seen: BTreeMap<String, Values>,
    /// What it recorded with queries silenced, where positions add to scores.
    pub(super) still: Option<&'a BTreeMap<String, Values>>,
}

/// What a layer or the last norm should have said of each text, computed from what was recorded before it.
pub(crate) struct Answer {
    /// Where it is recorded.
    names: Vec<String>,
    pub(super) place: String,
    /// Of each text, in f64.
    pub(crate) exact: Vec<Pass<f64>>,
    pub(super) real: Vec<Vec<bool>>,
    /// How far f32 loops are from that: in the hidden states, and in each map.
    noise: f64,
    map_noise: Vec<f64>,
}

impl Run<'_> {
    /// The answers of every layer of `stack`, and of a last norm that is recorded apart.
    pub(crate) fn answers(&self, stack: &Stack) -> Result<Vec<Answer>, Stop> {
        let mut answers = Vec::new();
        for index in 0..=stack.n_layers() {
            let (exact, rounded) = (self.passes::<f64>(stack, index)?, self.passes::<f32>(stack, index)?);
            if exact.is_empty() {
                continue;
            }
            let place = match index {
                last if last == stack.n_layers() => "the last norm".to_owned(),
                index => format!("layer {index} of `{}`", stack.layers),
            };
            let len = exact.first().map_or(0, |pass| pass.text.len());
            let real = (0..exact.len()).map(|row| self.probe.real(stack.reads, row, len)).collect::<Result<_, _>>()?;
            let (names, map_noise) = (self.names(stack, index), Vec::new());
            let mut answer = Answer { names, place, exact, real, noise: 0.0, map_noise };
            answer.noise = answer.rounding().max(answer.furthest(&rounded).0);
            answer.map_noise = answer.map_noise(&rounded);
            answers.push(answer);
        }
        Ok(answers)
    }

    /// How far another stack's equations would take each of `answers`, in units of their noise.
    pub(crate) fn distances(&self, answers: &[Answer], other: &Stack) -> Result<Vec<f64>, Stop> {
        let distance = |(index, answer): (usize, &Answer)| {
            Ok(answer.furthest(&self.passes::<f64>(other, index)?).0 / answer.noise)
        };
        answers.iter().enumerate().map(distance).collect()
    }

    /// Compares hidden states with `answers`.
    pub(crate) fn compare(&self, answers: &[Answer], worst: &mut Worst) -> Result<(), Stop> {
        for answer in answers {
            for name in &answer.names {
                let recorded = self.value(name)?;
                let texts = (0..answer.exact.len()).map(|row| Ok(told(text(recorded, row)?)));
                let (gap, (row, at)) = answer.furthest(&texts.collect::<Result<Vec<Pass<f32>>, Stop>>()?);
                let (config, place) = (&self.probe.variant.head, &answer.place);
                worst.see(gap / answer.noise, || {
                    format!("{name}, after {place}, text {row}, position {at}, head `{config}`")
                });
            }
        }
        Ok(())
    }

    /// Compares attention maps with `answers`, where a real token looks.
    pub(crate) fn compare_maps(&self, stack: &Stack, answers: &[Answer], worst: &mut Worst) -> Result<(), Stop> {
        for (index, answer) in answers.iter().enumerate().take(stack.n_layers()) {
            for (row, (pass, real)) in answer.exact.iter().zip(&answer.real).enumerate() {
                for (look, noise) in pass.looks.iter().zip(&answer.map_noise) {
                    let map = self.map(stack, look.across, (index, row), look.dims)?;
                    for (at, (exact, found)) in look.map.iter().zip(map).enumerate() {
                        let [_, queries, keys] = look.dims;
                        let (head, q, k) = (at / keys / queries, at / keys % queries, at % keys);
                        if real[q] {
                            let (what, config) = (if look.across { " across" } else { "" }, &self.probe.variant.head);
                            worst.see((exact - f64::from(*found)).abs() / noise, || {
                                format!(
                                    "{}{what}, head {head}: position {q} looks at {k}, text {row}, head `{config}`",
                                    answer.place
                                )
                            });
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The recorded map of a layer for one text.
    ///
    /// # Errors
    /// [`Stop::Fails`] if it is not there or of other extents.
    pub(crate) fn map(
        &self,
        stack: &Stack,
        across: bool,
        (index, row): (usize, usize),
        dims: [usize; 3],
    ) -> Result<&[f32], Stop> {
        let name = format!("{}attentions.{index}", self.prefix(stack, across));
        let map = self.value(&name)?;
        match map.shape.as_slice() {
            [_, inner @ ..] if *inner == dims => Ok(map.row(row)),
            other => Err(Stop::fails(format!("expected `{name}` of {dims:?} a text, found {other:?}"))),
        }
    }

    fn value(&self, name: &str) -> Result<&Values, Stop> {
        let known = || self.seen.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        self.seen.get(name).ok_or_else(|| Stop::fails(format!("`{name}` was not recorded, only {}", known())))
    }

    fn prefix(&self, stack: &Stack, across: bool) -> &'static str {
        match (stack.reads, across) {
            (true, _) => "encoder_",
            (_, true) => "cross_",
            _ if self.seen.contains_key("encoder_last_hidden_state") => "decoder_",
            _ => "",
        }
    }

    fn hidden(&self, stack: &Stack, index: usize) -> Result<&Values, Stop> {
        self.value(&format!("{}hidden_states.{index}", self.prefix(stack, false)))
    }

    /// Where what layer `index` says is recorded; after the last layer, what a last norm says.
    fn names(&self, stack: &Stack, index: usize) -> Vec<String> {
        let last = if stack.reads { "encoder_last_hidden_state" } else { "last_hidden_state" };
        let last = Some(last.to_owned()).filter(|last| self.seen.contains_key(last));
        if index == stack.n_layers() {
            return last.into_iter().collect();
        }
        let hidden = format!("{}hidden_states.{}", self.prefix(stack, false), index + 1);
        let too = last.filter(|_| index + 1 == stack.n_layers() && stack.last_norm_is_recorded());
        std::iter::once(hidden).chain(too).collect()
    }

    /// What layer `index` makes of each text; after the last layer, what a last norm makes of it that is not recorded with it.
    fn passes<R: Real>(&self, stack: &Stack, index: usize) -> Result<Vec<Pass<R>>, Stop> {
        let texts = self.hidden(stack, index)?.shape.first().copied().unwrap_or(0);
        match &stack.last_norm {
            Some(norm) if index == stack.n_layers() && !stack.last_norm_is_recorded() => {
                let before = self.hidden(stack, index)?;
                let normed = |row| Ok(told(stack.normed(&self.weights, norm, &text(before, row)?)?));
                (0..texts).map(normed).collect()
            }
            _ if index == stack.n_layers() => Ok(Vec::new()),
            _ => (0..texts).map(|row| self.pass(stack, index, row)).collect(),
        }
    }

    /// What layer `index` makes of text `row`, and the last norm of it where that is recorded.
    fn pass<R: Real>(&self, stack: &Stack, index: usize, row: usize) -> Result<Pass<R>, Stop> {
        let before = text(self.hidden(stack, index)?, row)?;
        let real = self.probe.real(stack.reads, row, before.len())?;
        let across = stack.parts.iter().any(|part| matches!(&part.kind, Kind::Attention(part) if part.across));
        let source = across.then(|| text(self.value("encoder_last_hidden_state")?, row)).transpose()?;
        let source_real =
            source.as_ref().map(|source: &Text<R>| self.probe.real(true, row, source.len())).transpose()?;
        let name = format!("{}attentions.{index}", self.prefix(stack, false));
        let bias =
            self.still.and_then(|still| still.get(&name)).map(|map| map.row(row).iter().map(|&x| log(x)).collect());
        let source = source.zip(source_real.as_deref());
        let mut pass = stack.layer(&self.weights, index, before, &Around { real: &real, source, bias })?;
        if let (Some(norm), true) = (&stack.last_norm, stack.last_norm_is_recorded() && index + 1 == stack.n_layers()) {
            pass.text = stack.normed(&self.weights, norm, &pass.text)?;
        }
        Ok(pass)
    }
}

/// The score behind a weight, up to what a row has in common. What has no weight is hidden: its score is not known.
fn log(weight: f32) -> f64 {
    if weight > 0.0 { f64::from(weight).ln() } else { 0.0 }
}

impl Answer {
    /// The largest difference to `other` at a real token, and which text and position that is at.
    fn furthest<R: Real>(&self, other: &[Pass<R>]) -> (f64, (usize, usize)) {
        let mut furthest = (0.0, (0, 0));
        for (row, (exact, other)) in self.exact.iter().zip(other).enumerate() {
            let widths =
                [exact.text.iter().map(Vec::len).collect::<Vec<_>>(), other.text.iter().map(Vec::len).collect()];
            if widths[0] != widths[1] {
                return (f64::INFINITY, (row, 0));
            }
            for (at, (exact, other)) in exact.text.iter().zip(&other.text).enumerate() {
                let gap = exact.iter().zip(other).map(|(a, b)| (a - b.wide()).abs()).fold(0.0, worse);
                if self.real[row][at] && gap > furthest.0 {
                    furthest = (gap, (row, at));
                }
            }
        }
        furthest
    }

    /// The rounding of the largest number.
    fn rounding(&self) -> f64 {
        let all = self.exact.iter().flat_map(|pass| pass.text.iter().flatten());
        all.map(|x| x.abs()).fold(f64::from(f32::MIN_POSITIVE), f64::max) * UNIT_ROUNDOFF
    }

    fn map_noise(&self, rounded: &[Pass<f32>]) -> Vec<f64> {
        let looks = self.exact.first().map_or(0, |pass| pass.looks.len());
        let noise = |at: usize| {
            let pairs = self.exact.iter().zip(rounded).map(|(a, b)| (&a.looks[at].map, &b.looks[at].map));
            let gaps = pairs.flat_map(|(a, b)| a.iter().zip(b)).map(|(a, b)| (a - f64::from(*b)).abs());
            gaps.fold(UNIT_ROUNDOFF, f64::max)
        };
        (0..looks).map(noise).collect()
    }
}

/// The larger; what is not a number is larger than any.
fn worse(a: f64, b: f64) -> f64 {
    if b.is_nan() { f64::INFINITY } else { a.max(b) }
}

/// A text alone, without what was done on the way.
fn told<R: Real>(text: Text<R>) -> Pass<R> {
    Pass { text, looks: Vec::new(), met: [0.0; 2] }
}

/// The rows of text `row`.
fn text<R: Real>(value: &Values, row: usize) -> Result<Text<R>, Stop> {
    let &[_, _, width] = value.shape.as_slice() else {
        return Err(Stop::fails(format!(
            "expected `{}` as `[batch, seq_len, d_model]`, found {:?}",
            value.name, value.shape
        )));
    };
    Ok(value.row(row).chunks(width).map(|x| x.iter().map(|&x| R::of(x.into())).collect()).collect())
}
