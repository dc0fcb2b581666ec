//! A head gives the kind of answer that it declares, in the shape that the input asks for, and every number is finite.
//!
//! # How
//!
//! With each head, one input and three at once. The answer's kind is the head's `output` in the TOML. Every output has
//! its rank, as many texts and tokens as went in, and the widths of the configuration: `vocab_size`, `n_labels`,
//! `d_model`, heads that agree between maps. One and three inputs give the same outputs. Whoever declares to score the
//! next token decodes, and nobody else does, so that no memory stays unlooked at.
//!
//! # Catches
//!
//! - an axis that is squeezed away with a batch of one
//! - scores of one token more or less than there are
//! - a head that answers something else than it says
//! - NaN at one position
//! - a decoder that is hidden
//!
//! # Seen
//!
//! - [open-edge-platform/anomalib #2883](https://github.com/open-edge-platform/anomalib/issues/2883): a `squeeze` without
//!   an axis made the answer of a batch of one a number without axes.
//! - [meta-pytorch/torchrec #668](https://github.com/meta-pytorch/torchrec/pull/668) and
//!   [OpenNMT/OpenNMT-py #1094](https://github.com/OpenNMT/OpenNMT-py/pull/1094): the same, each found by the last,
//!   smaller batch.
//! - [gc-os-ai/pyaptamer #439](https://github.com/gc-os-ai/pyaptamer/issues/439): the wrong axis is squeezed, which does
//!   nothing until a sequence has length one.
//!
//! # Fix
//!
//! The message says which output and which axis. Name axes where they go (`squeeze_dim`), and open a forward pass with
//! `let [batch, seq_len, d_model] = hidden.dims()`. If the kind differs, either `forward` picks the wrong `HeadOutput`,
//! or `output` in the head's table in the TOML is wrong. If a head scores the next token and does not decode, `causal`
//! of its network returns `None` for it.

use serde_json::{Map, Value};
use zoo_registry::descriptor::Answer;
use zoo_registry::output::Record;
use zoo_registry::{Input, Limits, Model};

use crate::check::{Finding, Stop, Verdict};
use crate::inputs;
use crate::subject::{Subject, Variant};
use crate::values::{Axes, Stream, Values, side_by_side, values};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let variants = subject.variants()?;
    for variant in &variants {
        let fail = |problem: String| Stop::fails(format!("head `{}`: {problem}", variant.head));
        let model = subject.hot(variant)?;
        let declared = declared(subject, variant);
        let mut seen: Option<Vec<Values>> = None;
        for batch in [3, 1] {
            let input = inputs::input(model.as_ref(), "answered", batch)?;
            let output = model.forward(&input, Record::ALL)?;
            let kind = output.head.kind();
            match declared {
                Some(declared) if declared == kind => {}
                Some(declared) => return Err(fail(format!("declares `{declared}` and answers `{kind}`"))),
                None => return Err(fail(format!("does not declare what it answers: say `output = \"{kind}\"`"))),
            }
            let given = values(&output);
            let shapes = Shapes { model: model.as_ref(), input: &input, config: &variant.config, kind, batch };
            given.iter().try_for_each(|value| shapes.check(value)).map_err(fail)?;
            alike(&given).map_err(fail)?;
            if let Some(seen) = &seen {
                side_by_side(seen, &given).map_err(|stop| fail(stop.to_string()))?.for_each(drop);
            }
            seen = Some(given);
        }
        decodes(model.as_ref(), declared == Some(Answer::NextTokenLogits)).map_err(fail)?;
    }
    Ok(Finding::seen(format!("{} heads, one input and three", variants.len())))
}

/// What the head of a variant declares to answer.
fn declared(subject: &Subject<'_>, variant: &Variant) -> Option<Answer> {
    let head = variant.head.rsplit_once('/').map_or(variant.head.as_str(), |(_, head)| head);
    subject.descriptor().head(head)?.output
}

/// What the outputs of one run must look like.
struct Shapes<'a> {
    model: &'a dyn Model,
    input: &'a Input,
    config: &'a Map<String, Value>,
    kind: Answer,
    batch: usize,
}

impl Shapes<'_> {
    fn check(&self, value: &Values) -> Result<(), String> {
        let (name, shape) = (&value.name, &value.shape);
        if let Some(at) = value.data.iter().position(|x| !x.is_finite()) {
            return Err(format!("{name} is {} at number {at} of {}", value.data[at], value.data.len()));
        }
        let mut expected = vec![Some(self.batch)];
        match value.axes {
            Axes::Text => {}
            Axes::Token(stream) => expected.push(self.len(stream)),
            Axes::Pair(from, to) => expected.extend([None, self.len(from), self.len(to)]),
        }
        expected.extend(self.width(value));
        let fits = |(found, expected): (&usize, &Option<usize>)| expected.is_none_or(|expected| expected == *found);
        let whole = shape.len() == expected.len() && shape.iter().zip(&expected).all(fits);
        if whole && !value.data.is_empty() {
            return Ok(());
        }
        let axis = |axis: &Option<usize>| axis.map_or_else(|| "_".to_owned(), |extent| extent.to_string());
        let expected = expected.iter().map(axis).collect::<Vec<_>>().join(", ");
        Err(format!("{name} has shape {shape:?}, expected [{expected}]"))
    }

    /// Tokens of a stream; how many an image becomes is for the family to say.
    fn len(&self, stream: Stream) -> Option<usize> {
        match (self.input, stream) {
            (Input::Tokens(tokens), _) | (Input::TokenPair { target: tokens, .. }, Stream::Target) => {
                Some(tokens.input_ids.dims()[1])
            }
            (Input::TokenPair { source, .. }, Stream::Source) => Some(source.input_ids.dims()[1]),
            _ => None,
        }
    }

    /// The extents after texts and tokens: none, or one that is known or not.
    fn width(&self, value: &Values) -> Option<Option<usize>> {
        let field = |name: &str| self.config.get(name).and_then(Value::as_u64).map(|size| size as usize);
        let vocabulary = || self.model.limits().tokens().map(|limits| limits.vocab_size);
        match (value.name.as_str(), value.axes, self.kind) {
            (_, Axes::Pair(..), _) | ("reward" | "start_logits" | "end_logits", ..) => None,
            ("logits", _, Answer::TokenLogits | Answer::NextTokenLogits) => Some(vocabulary()),
            ("logits" | "cls_logits" | "distillation_logits", ..) => Some(field("n_labels")),
            ("pooler_output", ..) => Some(None),
            _ => Some(field("d_model")),
        }
    }
}

/// What the configuration does not say: hidden states have one length and width, maps of one stack one number of heads.
fn alike(given: &[Values]) -> Result<(), String> {
    for (at, value) in given.iter().enumerate().filter(|(_, value)| value.is_recorded()) {
        let stack = |name: &str| name.rsplit_once('.').map_or(String::new(), |(stack, _)| stack.to_owned());
        let other = given[..at].iter().find(|other| stack(&other.name) == stack(&value.name));
        if let Some(other) = other.filter(|other| other.shape != value.shape) {
            let (a, b) = (&other.name, &value.name);
            return Err(format!("{a} has shape {:?}, {b} {:?}", other.shape, value.shape));
        }
    }
    Ok(())
}

fn decodes(model: &dyn Model, predicts: bool) -> Result<(), String> {
    match (model.decoder(), predicts) {
        (None, false) => Ok(()),
        (None, true) => Err("scores the next token and does not decode".to_owned()),
        (Some(_), false) => Err("decodes and does not score the next token".to_owned()),
        (Some(decoder), true) => {
            let limits = decoder.token_limits().map_err(|error| error.to_string())?;
            match model.limits() {
                Limits::Tokens(own) | Limits::TokenPair { target: own, .. } if own == limits => Ok(()),
                _ => Err("the limits of what it writes are not those of what it reads".to_owned()),
            }
        }
    }
}
