//! What a model answers is of the kind and of the shape that its head stands for, and whoever writes text scores the next token.
//!
//! # How
//!
//! Each head is asked about two inputs. The head `none` answers hidden states. Hidden states and scores of
//! tokens come for each token of the text, scores of tokens are as many as the vocabulary has, and answers a text or an image are as
//! many as there are texts or images. A model that can write scores the next token: checks about writing go by that, and would
//! otherwise not apply.
//!
//! # Catches
//!
//! - scores of the next token that are said to be of the token itself
//! - a body that answers like a head
//! - logits over another vocabulary
//! - a position that is cut off
//!
//! # Seen
//!
//! - [tenstorrent/tt-metal #38881](https://github.com/tenstorrent/tt-metal/pull/38881): decoding answered logits over the padded
//!   vocabulary and reading a prompt over the real one, and masks for structured output crashed.
//! - [huggingface/transformers #3711](https://github.com/huggingface/transformers/issues/3711): TransformerXL's head compared its
//!   logits with the token at their own place, where the documentation and every other model said the next.
//!
//! # Fix
//!
//! Look at where the family's `forward` makes its `HeadOutput`: the variant says what the numbers mean, and its doc comment gives
//! the shape.

use zoo_registry::output::Record;
use zoo_registry::{HeadOutput, Input, Model};

use crate::check::{Stop, Verdict, none_of};
use crate::inputs;
use crate::subject::Subject;

const BATCH: usize = 2;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let variants = subject.variants()?;
    let mut problems = Vec::new();
    for variant in &variants {
        let model = subject.hot(variant)?;
        let id = variant.head.rsplit('/').next().unwrap_or_default();
        let told = problems_of(model.as_ref(), id)?;
        problems.extend(told.into_iter().map(|problem| format!("head `{}`: {problem}", variant.head)));
    }
    none_of(&problems, format!("{} heads", variants.len()))
}

fn problems_of(model: &dyn Model, id: &str) -> Result<Vec<String>, Stop> {
    let input = inputs::input(model, "kinds", BATCH)?;
    let head = model.forward(&input, Record::NOTHING)?.head;
    let vocab_size = model.limits().tokens().map(|limits| limits.vocab_size);
    let len = match &input {
        Input::Tokens(text) | Input::TokenPair { target: text, .. } => Some(text.input_ids.dims()[1]),
        _ => None,
    };
    let mut problems = Vec::new();
    if id == "none" && !matches!(head, HeadOutput::Hidden(_)) {
        problems.push("it stands for the body alone, and does not answer hidden states".to_owned());
    }
    if model.decoder().is_some() && !matches!(head, HeadOutput::NextTokenLogits(_)) {
        problems.push("it writes text, and does not score the next token".to_owned());
    }
    let mut expect = |found: &[usize], expected: &[Option<usize>]| {
        let fits = |(found, expected): (&usize, &Option<usize>)| expected.is_none_or(|expected| expected == *found);
        if !found.iter().zip(expected).all(fits) {
            problems.push(format!("expected {} of {BATCH} inputs, found {found:?}", told(expected)));
        }
    };
    let batch = Some(BATCH);
    match &head {
        HeadOutput::Hidden(hidden) => expect(&hidden.dims(), &[batch, len, None]),
        HeadOutput::TokenLogits(logits) | HeadOutput::NextTokenLogits(logits) => {
            expect(&logits.dims(), &[batch, len, vocab_size]);
        }
        HeadOutput::TokenLabelLogits(logits) => expect(&logits.dims(), &[batch, len, None]),
        HeadOutput::LabelLogits(logits) => expect(&logits.dims(), &[batch, None]),
        HeadOutput::DistilledLabelLogits { class, distillation } => {
            expect(&class.dims(), &[batch, Some(distillation.dims()[1])]);
            expect(&distillation.dims(), &[batch, None]);
        }
        HeadOutput::SpanLogits { start, end } => {
            expect(&start.dims(), &[batch, len]);
            expect(&end.dims(), &[batch, len]);
        }
        HeadOutput::Reward(reward) => expect(&reward.dims(), &[batch]),
        _ => {}
    }
    Ok(problems)
}

/// `[2, 11, …]`.
fn told(shape: &[Option<usize>]) -> String {
    let extents = shape.iter().map(|extent| extent.map_or_else(|| "…".to_owned(), |extent| extent.to_string()));
    format!("[{}]", extents.collect::<Vec<_>>().join(", "))
}
