//! The loss, and the gradient of every parameter by its published name: its length and its sum, as the reference found them.

use burn::tensor::TensorData;
use zoo_registry::loss::IGNORED;
use zoo_registry::output::Record;
use zoo_registry::weights::publish;
use zoo_registry::{HeadOutput, Labels, Model};

use super::folder::{Golden, Numbers};
use super::meta::Case;
use super::{Row, TOLERANCE};
use crate::check::Stop;

pub(super) fn rows(golden: &Golden, case: &Case, model: Box<dyn Model>) -> Result<Vec<Row>, Stop> {
    let input = golden.tokens_from_the_edge(case)?.into();
    let labels = labels(golden, case)?;
    let names = model.weight_names().clone();
    let gradients = model.trainer().gradients(&input, &labels)?;
    let pad_id = golden.pad_id();
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
                let expected = expected.unwrap_or_default();
                let (error, at) = apart(ours, None, expected);
                let (unpadded, _) = apart(ours, pad_id, expected);
                let noise = recorded.noise(ours.num_elements());
                // A table looked up with the padding id gets no gradient for it in the reference (PyTorch's `padding_idx`),
                // a convention of training that the loss knows nothing of.
                if error > TOLERANCE * noise && unpadded <= TOLERANCE * noise {
                    (unpadded, ours.num_elements(), format!("{at}, without the padding id's row"))
                } else {
                    (error, ours.num_elements(), at)
                }
            }
        };
        rows.push(golden.row(case, &format!("gradient of {name}"), error, recorded.noise(count), at));
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

/// Why the recorded loss cannot be compared, if it cannot: it scores a token by what the reference said at padding before the
/// text, where nothing real is visible and implementations differ in what they make up.
pub(super) fn undefined(golden: &Golden, case: &Case, model: &dyn Model) -> Result<Option<String>, Stop> {
    let tokens = golden.tokens_from_the_edge(case)?;
    let mask = tokens.mask();
    let Labels::Tokens(labels) = labels(golden, case)? else { return Ok(None) };
    let head = model.forward(&tokens.into(), Record::NOTHING)?.head;
    if !matches!(head, HeadOutput::NextTokenLogits(_)) {
        return Ok(None);
    }
    let off_padding = (0..mask.dims()[0]).any(|row| {
        let (labels, real) = (labels.row(row), mask.row(row));
        (1..real.len()).any(|at| labels[at] != IGNORED && !real[at - 1])
    });
    let place = format!("`{}` in golden `{}`", case.name, golden.name);
    Ok(off_padding.then(|| format!("{place}, whose loss is read off padding")))
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
        let broken = TensorData::new(vec![f32::NAN], [1]);
        assert_eq!(apart(&broken, None, [0.0, 0.0]).0, f64::INFINITY);
    }
}
