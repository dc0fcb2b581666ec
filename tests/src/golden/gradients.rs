//! The loss, and the gradient of every parameter by its published name: its length and its sum, as the reference found them.

use burn::tensor::TensorData;
use zoo_registry::weights::publish;
use zoo_registry::{Labels, Model};

use super::Row;
use super::folder::{Golden, Numbers};
use super::meta::Case;
use crate::check::Stop;

pub(super) fn rows(golden: &Golden, case: &Case, model: Box<dyn Model>) -> Result<Vec<Row>, Stop> {
    let input = golden.tokens_from_the_edge(case)?.into();
    let labels = labels(golden, case)?;
    let names = model.weight_names().clone();
    let gradients = model.trainer().gradients(&input, &labels)?;
    let mut rows = Vec::new();
    if let Some(recorded) = case.outputs.get("loss") {
        let theirs = golden.output(&recorded.key)?;
        let reference = f64::from(theirs.floats.first().copied().unwrap_or(f32::NAN));
        let error = finite((gradients.loss - reference).abs());
        rows.push(golden.row(case, "loss", error, theirs.noise(recorded.noise()), "the mean loss".into()));
    }
    let Some(recorded) = &case.grad else { return Ok(rows) };
    let ours = publish(&names, gradients.by_parameter);
    for (name, expected) in &recorded.by_parameter {
        let (error, count, at) = match (ours.get(name), expected) {
            (None, None) => (0.0, 1, "neither has one".to_owned()),
            (None, Some(_)) => (f64::INFINITY, 1, "no gradient of ours arrives there".to_owned()),
            (Some(ours), expected) => {
                let [norm, sum] = length_and_sum(ours);
                let [their_norm, their_sum] = expected.unwrap_or_default();
                let errors = [(norm - their_norm, "its length"), (sum - their_sum, "its sum")];
                let [length, total] = errors.map(|(error, what)| (finite(error.abs()), what));
                let (error, what) = if length.0 >= total.0 { length } else { total };
                (error, ours.num_elements(), what.to_owned())
            }
        };
        // Errors of at most the recorded noise in each of n elements, of random sign, move length and sum by √n of it.
        let noise = recorded.noise_max_abs_elementwise * (count as f64).sqrt();
        rows.push(golden.row(case, &format!("gradient of {name}"), error, noise, at));
    }
    Ok(rows)
}

fn labels(golden: &Golden, case: &Case) -> Result<Labels, Stop> {
    let given = |role: &str| golden.input(case, role);
    match (given("labels")?, given("start_positions")?, given("end_positions")?) {
        (Some(labels), None, None) if labels.shape.len() == 1 => Ok(Labels::Classes(labels.ints.clone())),
        (Some(labels), None, None) => Ok(Labels::Tokens(labels.rows()?)),
        (None, Some(Numbers { ints: start, .. }), Some(Numbers { ints: end, .. })) => {
            Ok(Labels::Spans { start: start.clone(), end: end.clone() })
        }
        _ => Err(Stop::fails(format!("expected labels, or start and end positions, among {:?}", case.inputs.keys()))),
    }
}

fn length_and_sum(gradient: &TensorData) -> [f64; 2] {
    let (squares, sum) = gradient.iter::<f64>().fold((0.0, 0.0), |(squares, sum), x| (squares + x * x, sum + x));
    [f64::sqrt(squares), sum]
}

/// What is not a number is an error without bound.
fn finite(error: f64) -> f64 {
    if error.is_nan() { f64::INFINITY } else { error }
}
