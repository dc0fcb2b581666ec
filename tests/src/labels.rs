//! What a model should have said, to learn from.

use zoo_registry::loss::IGNORED;
use zoo_registry::output::Record;
use zoo_registry::{HeadOutput, Input, Labels, Model, Pair, Rows};

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

/// The same for a head's own objective, on an even number of texts: of rewards, comparisons of neighbours.
pub(crate) fn objective(model: &dyn Model, input: &Input) -> Result<Labels, Stop> {
    match (labels(model, input)?, model.forward(input, Record::NOTHING)?.head) {
        (Labels::Probe, HeadOutput::Reward(rewards)) => {
            let rows = (0..rewards.dims()[0]).step_by(2);
            Ok(Labels::Pairs(rows.map(|row| Pair::new(row, row + 1)).collect()))
        }
        (labels, _) => Ok(labels),
    }
}

/// With labels left out, unevenly: of every three texts all count in the first, the last alone in the second, every other in
/// the third. Of answers a text, every third is left out.
pub(crate) fn thinned(labels: &Labels) -> Labels {
    let tokens = |labels: &Rows<i64>| {
        let [_, len] = labels.dims();
        let kept = |(index, &label): (usize, &i64)| match (index / len % 3, index % len) {
            (1, at) if at + 1 < len => IGNORED,
            (2, at) if at % 2 == 1 => IGNORED,
            _ => label,
        };
        let thin = labels.as_slice().iter().enumerate().map(kept).collect();
        Rows::from_flat(labels.dims()[0], len, thin).unwrap_or_else(|| labels.clone())
    };
    let texts = |labels: &[i64]| {
        labels.iter().enumerate().map(|(row, &label)| if row % 3 == 1 { IGNORED } else { label }).collect()
    };
    match labels {
        Labels::Tokens(labels) => Labels::Tokens(tokens(labels)),
        Labels::Next(labels) => Labels::Next(tokens(labels)),
        Labels::Classes(labels) => Labels::Classes(texts(labels)),
        Labels::Spans { start, end } => Labels::Spans { start: texts(start), end: texts(end) },
        other => other.clone(),
    }
}

/// The labels of the texts from `from` to `to`, and how many of them count. Pairs must not leave the part.
pub(crate) fn part(labels: &Labels, from: usize, to: usize, shifted: bool) -> (Labels, usize) {
    let rows: Vec<usize> = (from..to).collect();
    let counted = |labels: &[i64]| labels.iter().filter(|&&label| label != IGNORED).count();
    match labels {
        Labels::Tokens(labels) => {
            let part = labels.select(&rows);
            let [_, len] = part.dims();
            // Nobody says the first token of a text.
            let count = counted(part.columns(usize::from(shifted), len).as_slice());
            (Labels::Tokens(part), count)
        }
        Labels::Next(labels) => {
            let part = labels.select(&rows);
            let count = counted(part.as_slice());
            (Labels::Next(part), count)
        }
        Labels::Classes(labels) => (Labels::Classes(labels[from..to].to_vec()), counted(&labels[from..to])),
        Labels::Spans { start, end } => {
            let part = Labels::Spans { start: start[from..to].to_vec(), end: end[from..to].to_vec() };
            (part, counted(&start[from..to]))
        }
        Labels::Pairs(pairs) => {
            let inside = pairs.iter().filter(|pair| rows.contains(&pair.better));
            let moved = |pair: &Pair| Pair { better: pair.better - from, worse: pair.worse - from, ..*pair };
            let part: Vec<Pair> = inside.map(moved).collect();
            let count = part.len();
            (Labels::Pairs(part), count)
        }
        other => (other.clone(), to - from),
    }
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
