//! Outputs on the host, cut to the rows and positions that mean something, and how far two of them are apart.

use std::collections::BTreeMap;

use zoo_registry::{HeadOutput, Output};

use crate::check::{Finding, Stop, Verdict};

/// Which of the texts a model is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// What an encoder–decoder reads.
    Source,
    /// What it writes; the only one of every other model.
    Target,
}

/// What the axes of an output are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axes {
    /// `[batch, …]`: one answer a text.
    Text,
    /// `[batch, seq_len, …]`: one a token.
    Token(Stream),
    /// `[batch, n_heads, q_len, kv_len]`: one a pair of a token that looks and one that is looked at.
    Pair(Stream, Stream),
}

/// One named output.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// As references call it.
    pub name: String,
    /// What its axes are.
    pub axes: Axes,
    /// Extents.
    pub shape: Vec<usize>,
    /// Row-major.
    pub data: Vec<f32>,
}

/// Every output by name, on the host.
pub fn values(output: &Output) -> Vec<Values> {
    let per_text = matches!(
        output.head,
        HeadOutput::LabelLogits(_) | HeadOutput::DistilledLabelLogits { .. } | HeadOutput::Reward(_)
    );
    let named = output.named().into_iter().map(|(name, data)| {
        let axes = match name.as_str() {
            "pooler_output" | "reward" | "cls_logits" | "distillation_logits" => Axes::Text,
            "logits" if per_text => Axes::Text,
            name if name.starts_with("cross_attentions.") => Axes::Pair(Stream::Target, Stream::Source),
            name if name.starts_with("encoder_attentions.") => Axes::Pair(Stream::Source, Stream::Source),
            name if name.contains("attentions.") => Axes::Pair(Stream::Target, Stream::Target),
            name if name.starts_with("encoder_") => Axes::Token(Stream::Source),
            _ => Axes::Token(Stream::Target),
        };
        Values { axes, shape: data.shape().to_vec(), data: data.iter::<f32>().collect(), name }
    });
    named.collect()
}

impl Values {
    /// Whether this is recorded on the way to the head's answer.
    pub fn is_recorded(&self) -> bool {
        matches!(self.axes, Axes::Pair(..)) || self.name.contains("hidden_states.")
    }

    /// The numbers of text `row` at the positions of its streams: for pairs, where both tokens are among them.
    pub fn part<'a>(&self, row: usize, positions: impl Fn(Stream) -> &'a [usize]) -> Vec<f32> {
        let text = self.row(row);
        match (self.axes, self.shape.as_slice()) {
            (Axes::Token(stream), &[_, len, ..]) => {
                let width = text.len() / len.max(1);
                positions(stream).iter().flat_map(|&at| &text[at * width..][..width]).copied().collect()
            }
            (Axes::Pair(from, to), &[_, heads, queries, keys]) => {
                let (from, to) = (positions(from), positions(to));
                let pairs = |head: usize| from.iter().flat_map(move |&q| to.iter().map(move |&k| (head, q, k)));
                (0..heads).flat_map(pairs).map(|(head, q, k)| text[(head * queries + q) * keys + k]).collect()
            }
            _ => text.to_vec(),
        }
    }

    /// The whole of text `row`.
    pub fn row(&self, row: usize) -> &[f32] {
        let size: usize = self.shape.iter().skip(1).product();
        &self.data[row * size..][..size]
    }

    /// The rounding of its largest number in f32.
    pub fn rounding(&self) -> f64 {
        let most = self.data.iter().map(|x| f64::from(x.abs())).fold(0.0, f64::max);
        most * UNIT_ROUNDOFF
    }
}

/// The outputs of two runs side by side. Both must give the same ones: one more or one less is never overlooked.
///
/// # Errors
/// [`Stop::Fails`] with what only one of them gives.
pub fn side_by_side<'a>(
    a: &'a [Values],
    b: &'a [Values],
) -> Result<impl Iterator<Item = (&'a Values, &'a Values)>, Stop> {
    let names = |values: &'a [Values]| values.iter().map(|value| value.name.as_str()).collect::<Vec<_>>();
    let (ours, theirs) = (names(a), names(b));
    let only = ours.iter().find(|name| !theirs.contains(name)).or(theirs.iter().find(|name| !ours.contains(name)));
    match only {
        Some(name) => Err(Stop::fails(format!("{name} is given in one run and not in another"))),
        None if ours != theirs => Err(Stop::fails("two runs give the same outputs in another order")),
        None => Ok(a.iter().zip(b)),
    }
}

/// Half the distance from 1 to the next f32.
pub const UNIT_ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;

/// Largest difference of two equally long lists; infinite if they are not, or if anything is not a number.
pub fn gap(a: &[f32], b: &[f32]) -> f64 {
    if a.len() != b.len() {
        return f64::INFINITY;
    }
    let apart = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
    apart.fold(0.0, |most, gap| if gap.is_nan() { f64::INFINITY } else { most.max(gap) })
}

/// How far each output moves for reasons of f32 alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Noise(BTreeMap<String, f64>);

impl Noise {
    /// Raises the noise of an output.
    pub fn at_least(&mut self, name: &str, noise: f64) {
        let known = self.0.entry(name.to_owned()).or_default();
        *known = known.max(noise);
    }

    /// How many times the noise of `name` this error is.
    pub fn multiple(&self, name: &str, error: f64) -> f64 {
        match self.0.get(name) {
            Some(&noise) if noise > 0.0 => error / noise,
            _ if error == 0.0 => 0.0,
            _ => f64::INFINITY,
        }
    }
}

/// Two runs of one model that sum in another order may differ by this many times the model's noise. Each operation of each
/// run rounds once, as moving its weights by one unit in the last place does; over a whole model these roundings add up like
/// a random walk, and the largest of thousands of numbers is looked at. Healthy models measure about 1.
pub const WHOLE_MODEL: f64 = 8.0;
/// The unit of [`WHOLE_MODEL`].
pub const WHOLE_MODEL_MEASURE: &str = "multiple of the model's own f32 noise (its answer to moving every weight by one unit in \
     the last place); 8 allows for sums in another order";
/// What a guard demands: an effect this many times larger than what would pass as noise.
pub const VISIBLE: f64 = 10.0 * WHOLE_MODEL;

/// The largest error seen, and where.
#[derive(Debug, Clone, Default)]
pub struct Worst {
    multiple: f64,
    at: String,
    seen: usize,
}

impl Worst {
    /// Takes note of an error, as a multiple of the noise. What is not a number is an error without bound.
    pub fn see(&mut self, multiple: f64, at: impl FnOnce() -> String) {
        let multiple = if multiple.is_nan() { f64::INFINITY } else { multiple };
        self.seen += 1;
        if self.seen == 1 || multiple > self.multiple {
            self.multiple = multiple;
            self.at = at();
        }
    }

    /// The largest so far.
    pub fn multiple(&self) -> f64 {
        self.multiple
    }

    /// Pass or fail by [`WHOLE_MODEL`].
    ///
    /// # Errors
    /// [`Stop::Fails`] if the largest error is larger, or nothing was compared.
    pub fn verdict(self, looked_at: &str) -> Verdict {
        self.verdict_within(WHOLE_MODEL, WHOLE_MODEL_MEASURE, looked_at)
    }

    /// Pass or fail by another tolerance.
    ///
    /// # Errors
    /// As [`Self::verdict`].
    pub fn verdict_within(self, tolerance: f64, measure: &str, looked_at: &str) -> Verdict {
        let holds = self.seen > 0 && self.multiple <= tolerance;
        let worst =
            if self.at.is_empty() { "nothing was compared".to_owned() } else { format!("largest at {}", self.at) };
        let finding = Finding {
            error: Some(self.multiple),
            tolerance: Some(tolerance),
            measure: Some(measure.to_owned()),
            detail: format!("{looked_at}; {worst}"),
        };
        if holds { Ok(finding) } else { Err(Stop::Fails(finding)) }
    }
}
