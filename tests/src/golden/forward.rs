//! Every output of a forward pass, in the order in which a model computes them.

use zoo_registry::Model;
use zoo_registry::output::Record;

use super::Row;
use super::folder::Golden;
use super::meta::Case;
use crate::check::Stop;
use crate::values::{Axes, Values, gap, values};

pub(super) fn rows(golden: &Golden, case: &Case, model: &dyn Model) -> Result<Vec<Row>, Stop> {
    let tokens = golden.tokens_from_the_edge(case)?;
    let mask = tokens.mask();
    let ours = values(&model.forward(&tokens.into(), Record::ALL)?);
    let mut names: Vec<&String> = case.outputs.keys().collect();
    names.sort_by_key(|name| stage(name));
    let mut rows = Vec::new();
    for name in names {
        let recorded = &case.outputs[name];
        let theirs = golden.output(&recorded.key)?;
        let (error, at) = match ours.iter().find(|value| value.name == our_name(name)) {
            Some(value) if value.shape == theirs.shape => {
                compare(value, &Values { data: theirs.floats.clone(), ..value.clone() }, &mask)
            }
            Some(value) => (f64::INFINITY, format!("our shape {:?}, expected {:?}", value.shape, theirs.shape)),
            None => (f64::INFINITY, "no output of ours has this name".to_owned()),
        };
        rows.push(golden.row(case, name, error, theirs.noise(recorded.noise()), at));
    }
    Ok(rows)
}

/// Bodies inside a head are recorded under `base.`.
fn our_name(theirs: &str) -> &str {
    theirs.strip_prefix("base.").unwrap_or(theirs)
}

/// Where in the computation an output arises: embeddings, then each layer's attention and result, then the head.
fn stage(name: &str) -> (usize, usize) {
    let layer = name.rsplit('.').next().and_then(|layer| layer.parse::<usize>().ok());
    match (our_name(name), layer) {
        (name, Some(layer)) if name.starts_with("hidden_states.") => (2 * layer, 0),
        (name, Some(layer)) if name.starts_with("attentions.") => (2 * layer + 1, 0),
        ("last_hidden_state", _) => (usize::MAX, 0),
        ("pooler_output", _) => (usize::MAX, 1),
        _ => (usize::MAX, 2),
    }
}

/// Largest difference at real tokens, and where.
fn compare(ours: &Values, theirs: &Values, mask: &zoo_registry::Rows<bool>) -> (f64, String) {
    let mut worst = (0.0, "nowhere".to_owned());
    for (row, real) in mask.rows().enumerate() {
        let mut see = |error: f64, at: String| {
            if error > worst.0 {
                worst = (error, at);
            }
        };
        if ours.axes == Axes::Text {
            see(gap(ours.row(row), theirs.row(row)), format!("text {row}"));
            continue;
        }
        for position in (0..real.len()).filter(|&position| real[position]) {
            let error = gap(&of_query(ours, row, position), &of_query(theirs, row, position));
            see(error, format!("text {row}, position {position}"));
        }
    }
    worst
}

/// What belongs to one token: for attention maps, all that this query looks at.
fn of_query(values: &Values, row: usize, position: usize) -> Vec<f32> {
    match (values.axes, &values.shape[..]) {
        (Axes::Pair, &[_, heads, queries, keys]) => {
            let text = values.row(row);
            (0..heads).flat_map(|head| &text[(head * queries + position) * keys..][..keys]).copied().collect()
        }
        _ => values.part(row, &[position]),
    }
}
