//! Every output of a forward pass, in the order in which a model computes them.

use zoo_registry::output::Record;
use zoo_registry::{HeadOutput, Input, Labels, Model, Output, Pair, Rows, loss};

use super::Row;
use super::folder::Golden;
use super::meta::{Case, Recorded};
use crate::check::Stop;
use crate::values::{Axes, Stream, Values, gap, values};

pub(super) fn rows(golden: &Golden, case: &Case, model: &dyn Model) -> Result<Vec<Row>, Stop> {
    let mut names: Vec<&str> = case.outputs.keys().map(String::as_str).collect();
    names.sort_by_key(|name| stage(name));
    some_rows(golden, case, model, &names)
}

/// Some outputs of a forward pass.
pub(super) fn some_rows(golden: &Golden, case: &Case, model: &dyn Model, names: &[&str]) -> Result<Vec<Row>, Stop> {
    let input = golden.input_of(case, &model.limits())?;
    let masks = Masks::of(&input);
    let output = model.forward(&input, Record::ALL)?;
    let mut ours = values(&output);
    if matches!(output.head, HeadOutput::Reward(_)) {
        ours = of_rewards(ours, &output)?;
    }
    let mut rows = Vec::new();
    for &name in names {
        let recorded = &case.outputs[name];
        let theirs = golden.output(&recorded.key)?;
        let (error, at) = match ours.iter().find(|value| value.name == our_name(name)) {
            Some(value) if value.shape == theirs.shape => {
                compare(value, &Values { data: theirs.floats.clone(), ..value.clone() }, &masks)
            }
            Some(value) => (f64::INFINITY, format!("our shape {:?}, expected {:?}", value.shape, theirs.shape)),
            None => (f64::INFINITY, "no output of ours has this name".to_owned()),
        };
        // What was worked out from the scores afterwards has no noise of its own, but theirs.
        let noise = recorded.noise().or_else(|| case.outputs.get("logits").and_then(Recorded::noise));
        rows.push(golden.row(case, name, error, theirs.noise(noise), at));
    }
    Ok(rows)
}

/// Rewards as a reference records them: as the scores of one label, as one number a text, and as the mean loss of the first half
/// of the texts, each preferred to one of the second.
fn of_rewards(mut ours: Vec<Values>, output: &Output) -> Result<Vec<Values>, Stop> {
    let Some(reward) = ours.iter().find(|value| value.name == "reward").cloned() else { return Ok(ours) };
    let texts = reward.data.len();
    let pairs = (0..texts / 2).map(|row| Pair::new(row, row + texts / 2)).collect();
    let loss = loss::loss(output, &Labels::Pairs(pairs)).map_err(Stop::fails)?.into_data().iter::<f32>().collect();
    ours.push(Values { name: "pair_loss".to_owned(), shape: vec![1], data: loss, ..reward.clone() });
    ours.push(Values { name: "logits".to_owned(), shape: vec![texts, 1], ..reward.clone() });
    ours.push(Values { name: "rewards".to_owned(), ..reward });
    Ok(ours)
}

/// Bodies inside a head are recorded under `base.`.
fn our_name(theirs: &str) -> &str {
    theirs.strip_prefix("base.").unwrap_or(theirs)
}

/// Where in the computation an output arises: embeddings, then each layer's attention and result, the encoder's before the
/// decoder's, then the head.
fn stage(name: &str) -> (usize, usize, usize) {
    let layer = name.rsplit('.').next().and_then(|layer| layer.parse::<usize>().ok());
    let name = our_name(name);
    let stack = usize::from(!name.starts_with("encoder_"));
    match layer {
        Some(layer) if name.contains("hidden_states.") => (stack, 3 * layer, 0),
        Some(layer) if name.starts_with("cross_attentions.") => (stack, 3 * layer + 2, 0),
        Some(layer) if name.contains("attentions.") => (stack, 3 * layer + 1, 0),
        _ => (stack, usize::MAX, usize::from(!name.ends_with("last_hidden_state"))),
    }
}

/// Which tokens are real, by stream; `None` where all are.
struct Masks {
    source: Option<Rows<bool>>,
    target: Option<Rows<bool>>,
}

impl Masks {
    fn of(input: &Input) -> Self {
        match input {
            Input::Tokens(tokens) => Self { source: None, target: Some(tokens.mask()) },
            Input::TokenPair { source, target } => Self { source: Some(source.mask()), target: Some(target.mask()) },
            _ => Self { source: None, target: None },
        }
    }

    /// Where text `row` has real tokens among `len`.
    fn real(&self, stream: Stream, row: usize, len: usize) -> Vec<usize> {
        let mask = if stream == Stream::Source { &self.source } else { &self.target };
        (0..len).filter(|&at| mask.as_ref().is_none_or(|mask| mask.row(row)[at])).collect()
    }
}

/// Largest difference at real tokens, and where.
fn compare(ours: &Values, theirs: &Values, masks: &Masks) -> (f64, String) {
    let mut worst = (0.0, "nowhere".to_owned());
    let mut see = |error: f64, at: String| {
        if error > worst.0 {
            worst = (error, at);
        }
    };
    for row in 0..ours.shape.first().copied().unwrap_or(0) {
        match (ours.axes, &ours.shape[..]) {
            (Axes::Token(stream), &[_, len, ..]) | (Axes::Pair(stream, _), &[_, _, len, _]) => {
                for position in masks.real(stream, row, len) {
                    let error = gap(&of_query(ours, row, position), &of_query(theirs, row, position));
                    see(error, format!("text {row}, position {position}"));
                }
            }
            _ => see(gap(ours.row(row), theirs.row(row)), format!("text {row}")),
        }
    }
    worst
}

/// What belongs to one token: for attention maps, all that this query looks at.
fn of_query(values: &Values, row: usize, position: usize) -> Vec<f32> {
    match (values.axes, &values.shape[..]) {
        (Axes::Pair(..), &[_, heads, queries, keys]) => {
            let text = values.row(row);
            (0..heads).flat_map(|head| &text[(head * queries + position) * keys..][..keys]).copied().collect()
        }
        _ => values.part(row, |_| std::slice::from_ref(&position)),
    }
}
