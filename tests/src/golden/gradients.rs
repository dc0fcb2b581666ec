//! The loss, and the gradient of every parameter by its published name: its length and its sum, as the reference found them.

use burn::tensor::TensorData;
use zoo_registry::weights::publish;
use zoo_registry::{Input, Labels, Model};

use super::folder::{Golden, Numbers};
use super::meta::Case;
use super::{Row, TOLERANCE, forward};
use crate::check::Stop;

pub(super) fn rows(golden: &Golden, case: &Case, model: Box<dyn Model>) -> Result<Vec<Row>, Stop> {
    let input = golden.input_of(case, &model.limits())?;
    let labels = labels(golden, case, &input)?;
    let names = model.weight_names().clone();
    // The loss of an encoder–decoder is recorded with the scores it was read off.
    let scores = if case.outputs.contains_key(SCORES) { &[SCORES][..] } else { &[] };
    let mut rows = forward::some_rows(golden, case, model.as_ref(), scores)?;
    let gradients = model.trainer().gradients(&input, &labels)?;
    let pad_id = golden.pad_id();
    if let Some(recorded) = case.outputs.get("loss") {
        let theirs = golden.output(&recorded.key)?;
        let reference = f64::from(theirs.floats.first().copied().unwrap_or(f32::NAN));
        let error = finite((gradients.loss - reference).abs());
        let noise = theirs.noise(recorded.noise()).max(noise_of_scores(golden, case, &labels)?);
        rows.push(golden.row(case, "loss", error, noise, "the mean loss".into()));
    }
    let Some(recorded) = &case.grad else { return Ok(rows) };
    let ours = publish(&names, gradients.by_parameter);
    for (name, expected) in &recorded.by_parameter {
        let (error, count, at) = match (ours.get(name), expected) {
            (None, None) => (0.0, 1, "neither has one".to_owned()),
            (None, Some(_)) => (f64::INFINITY, 1, "no gradient of ours arrives there".to_owned()),
            (Some(ours), expected) => {
                let expected = expected.unwrap_or_default();
                let (error, at) = apart(ours, None, expected);
                let within = |error: f64| error <= TOLERANCE * recorded.noise(ours.num_elements());
                // A table looked up with the padding id gets no gradient from that look-up in the reference (PyTorch's
                // `padding_idx`), a convention of training that the loss knows nothing of.
                let without = pad_id.filter(|_| !within(error)).map(|row| {
                    let (unpadded, at) = apart(ours, Some(row), expected);
                    let error = if within(unpadded) { unpadded } else { beyond_one_row(ours, row, expected[0]) };
                    (error, format!("{at}, without the padding id's row"))
                });
                let (error, at) = without.filter(|(error, _)| within(*error)).unwrap_or((error, at));
                (error, ours.num_elements(), at)
            }
        };
        rows.push(golden.row(case, &format!("gradient of {name}"), error, recorded.noise(count), at));
    }
    Ok(rows)
}

/// What the noise of rewards, as recorded in the forward case of the same texts, makes of their mean square error: twice the mean
/// distance times as much. The noise of the mean itself was measured on one run, where it may cancel.
fn noise_of_scores(golden: &Golden, case: &Case, labels: &Labels) -> Result<f64, Stop> {
    let same_texts = |other: &&Case| other.inputs.get("input_ids") == case.inputs.get("input_ids");
    let recorded = golden.meta.cases.iter().filter(same_texts).find_map(|other| other.outputs.get(SCORES));
    let (Labels::Rewards(expected), Some(recorded)) = (labels, recorded) else { return Ok(0.0) };
    let scores = golden.output(&recorded.key)?;
    let distances = scores.floats.iter().zip(expected).map(|(score, expected)| f64::from((score - expected).abs()));
    Ok(2.0 * distances.sum::<f64>() / expected.len() as f64 * scores.noise(recorded.noise()))
}

/// The output a loss is read off.
const SCORES: &str = "logits";

fn labels(golden: &Golden, case: &Case, input: &Input) -> Result<Labels, Stop> {
    let given = |role: &str| golden.input(case, role);
    match (given("labels")?, given("start_positions")?, given("end_positions")?) {
        (Some(labels), None, None) if labels.shape.len() == 1 && !labels.floats.is_empty() => {
            Ok(Labels::Rewards(labels.floats.clone()))
        }
        (Some(labels), None, None) if labels.shape.len() == 1 => Ok(Labels::Classes(labels.ints.clone())),
        (Some(labels), None, None) => match input {
            Input::TokenPair { .. } => Ok(Labels::Next(labels.rows()?)),
            _ => Ok(Labels::Tokens(labels.rows()?)),
        },
        (None, Some(Numbers { ints: start, .. }), Some(Numbers { ints: end, .. })) => {
            Ok(Labels::Spans { start: start.clone(), end: end.clone() })
        }
        _ => Err(Stop::fails(format!("expected labels, or start and end positions, among {:?}", case.inputs.keys()))),
    }
}

/// How far a gradient's length or sum, whichever is further, is from the reference's; row `without` of a table left out.
fn apart(ours: &TensorData, without: Option<usize>, [their_norm, their_sum]: [f64; 2]) -> (f64, String) {
    let width = ours.shape().to_vec().last().copied().unwrap_or(1);
    let left_out = without.filter(|_| ours.shape().to_vec().len() == 2).map(|row| row * width..(row + 1) * width);
    let counted = ours.iter::<f64>().enumerate();
    let counted = counted.filter(|(at, _)| left_out.as_ref().is_none_or(|left_out| !left_out.contains(at)));
    let (squares, sum) = counted.fold((0.0, 0.0), |(squares, sum), (_, x)| (squares + x * x, sum + x));
    let (length, sum) = (finite((f64::sqrt(squares) - their_norm).abs()), finite((sum - their_sum).abs()));
    if length >= sum { (length, "its length".to_owned()) } else { (sum, "its sum".to_owned()) }
}

/// By how much the reference's length of a table's gradient is out of reach, whatever row `free` is, as long as that row is no
/// longer than the longest. For tables that are output layers too, where the reference keeps that use's share of the row.
fn beyond_one_row(ours: &TensorData, free: usize, their_norm: f64) -> f64 {
    let [_, width] = ours.shape().to_vec()[..] else { return f64::INFINITY };
    let numbers: Vec<f64> = ours.iter::<f64>().collect();
    let squares: Vec<f64> = numbers.chunks(width).map(|row| row.iter().map(|x| x * x).sum()).collect();
    let longest = squares.iter().copied().fold(0.0, f64::max);
    let rest: f64 = squares.iter().enumerate().filter(|(row, _)| *row != free).map(|(_, square)| square).sum();
    finite((rest.sqrt() - their_norm).max(their_norm - (rest + longest).sqrt()).max(0.0))
}

/// What is not a number is an error without bound.
fn finite(error: f64) -> f64 {
    if error.is_nan() { f64::INFINITY } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_are_compared_by_length_and_sum() {
        let gradient = TensorData::new(vec![3.0f32, 0.0, 0.0, 4.0], [2, 2]);
        assert_eq!(apart(&gradient, None, [5.0, 7.0]).0, 0.0);
        assert_eq!(apart(&gradient, None, [5.0, 9.0]), (2.0, "its sum".to_owned()));
        assert_eq!(apart(&gradient, None, [2.0, 7.0]), (3.0, "its length".to_owned()));
        assert_eq!(apart(&gradient, Some(0), [4.0, 4.0]).0, 0.0);
        assert_eq!(beyond_one_row(&gradient, 0, 5.0), 0.0);
        assert_eq!(beyond_one_row(&gradient, 0, 3.0), 1.0);
        assert!(beyond_one_row(&gradient, 0, 6.0) > 0.3);
        let broken = TensorData::new(vec![f32::NAN], [1]);
        assert_eq!(apart(&broken, None, [0.0, 0.0]).0, f64::INFINITY);
    }
}
