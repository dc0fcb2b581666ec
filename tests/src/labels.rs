//! What a model should have said, to learn from.

use zoo_registry::output::Record;
use zoo_registry::{HeadOutput, Input, Labels, Model, Rows};

use crate::check::Stop;
use crate::inputs;
use crate::seed;
use crate::subject::{Subject, Variant};

/// A batch to learn from with what the model should have said.
pub(crate) fn probe(subject: &Subject<'_>, variant: &Variant) -> Result<(Input, Labels), Stop> {
    let model = subject.hot(variant)?;
    let input = inputs::input(model.as_ref(), "trained", 3)?;
    let labels = labels(model.as_ref(), &input)?;
    Ok((input, labels))
}

/// What the model should have said, at random, of the kind its head learns from.
fn labels(model: &dyn Model, input: &Input) -> Result<Labels, Stop> {
    let head = model.forward(input, Record::NOTHING)?.head;
    let mut draw = seed::draw("labels");
    let mut tokens = |batch: usize, len: usize, n: usize| {
        let rows = Rows::from_flat(batch, len, draw.ids(batch * len, n));
        rows.map(Labels::Tokens).ok_or_else(|| Stop::fails("expected tokens to label"))
    };
    match head {
        // An encoder–decoder's answer is not its input.
        HeadOutput::NextTokenLogits(logits) if matches!(input, Input::TokenPair { .. }) => {
            let [batch, len, n] = logits.dims();
            match tokens(batch, len, n)? {
                Labels::Tokens(next) => Ok(Labels::Next(next)),
                other => Ok(other),
            }
        }
        HeadOutput::TokenLogits(logits)
        | HeadOutput::NextTokenLogits(logits)
        | HeadOutput::TokenLabelLogits(logits) => {
            let [batch, len, n] = logits.dims();
            tokens(batch, len, n)
        }
        HeadOutput::LabelLogits(logits) | HeadOutput::DistilledLabelLogits { class: logits, .. } => {
            Ok(Labels::Classes(draw.ids(logits.dims()[0], logits.dims()[1])))
        }
        HeadOutput::SpanLogits { start, .. } => {
            let [batch, len] = start.dims();
            Ok(Labels::Spans { start: draw.ids(batch, len), end: draw.ids(batch, len) })
        }
        _ => Ok(Labels::Probe),
    }
}
