//! The work that is timed: one model, one task, one shape.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use zoo_registry::capture::{self, Products};
use zoo_registry::output::Record;
use zoo_registry::{
    Architecture, DecodeState, Error, HeadOutput, Images, Input, Limits, Logits, Model, Output, Result, Rows, Tokens,
};

use serde_json::{Map, Value};

use crate::sample;

/// What can be timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Task {
    /// The whole model on the whole input
    Forward,
    /// Read a text and score what comes next
    Prefill,
    /// Read one token after another, remembering all before
    Decode,
    /// From the name to a model with random weights
    Ready,
    /// From the name and a safetensors file to a model with these weights
    Load,
}

impl Task {
    /// Whether only a model that writes can do it.
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::Prefill | Self::Decode)
    }

    /// Whether it is done once in a process, as people do it.
    pub(crate) fn is_done_once(self) -> bool {
        matches!(self, Self::Ready | Self::Load)
    }

    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// A shape of the input: ids and pixels follow a rule, so that other programs can be given the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Texts or images at a time.
    pub(crate) batch: usize,
    /// Tokens of a text.
    pub(crate) seq: usize,
    /// Tokens that [`Task::Decode`] reads one after the other.
    pub(crate) steps: usize,
}

/// How long the texts of these benchmarks are where the model allows it.
pub(crate) const SEQ: usize = 128;

impl Shape {
    /// The length to take where none is asked for: [`SEQ`], or what leaves room for the steps.
    pub(crate) fn usual_seq(model: &dyn Model, steps: usize) -> usize {
        let longest = positions(&model.limits()).unwrap_or(usize::MAX);
        let written = if model.decoder().is_some() { steps } else { 0 };
        SEQ.min(longest.saturating_sub(written)).max(1)
    }

    /// Refuses what the model cannot read.
    pub(crate) fn check(&self, model: &dyn Model, task: Task) -> Result<()> {
        let refuse = |reason| Err(Error::Input { model: model.architecture().to_owned(), reason });
        let written = if task == Task::Decode { self.steps } else { 0 };
        match positions(&model.limits()) {
            Some(longest) if self.seq > longest => {
                refuse(format!("expected texts of at most {longest} tokens, found {}", self.seq))
            }
            Some(longest) if self.seq.saturating_add(written) > longest => {
                let found = format!("found {} that are read and {written} that are written", self.seq);
                refuse(format!("expected at most {longest} tokens in all, {found}"))
            }
            _ => Ok(()),
        }
    }
}

/// The most positions of a text that goes in.
fn positions(limits: &Limits) -> Option<usize> {
    match limits {
        Limits::Tokens(limits) => limits.max_positions,
        Limits::TokenPair { source, target } => {
            [source.max_positions, target.max_positions].into_iter().flatten().min()
        }
        _ => None,
    }
}

/// One model's input, and what is done with it.
pub(crate) struct Work {
    task: Task,
    shape: Shape,
    input: Input,
    /// Ids stay below this.
    vocab_size: usize,
}

/// As long as other programs know no larger vocabulary.
const LARGEST_ID: usize = 30_000;

impl Work {
    pub(crate) fn new(model: &dyn Model, task: Task, shape: Shape) -> Result<Self> {
        shape.check(model, task)?;
        let limits = model.limits();
        let vocab_size = limits.tokens().map_or(1, |limits| limits.vocab_size).min(LARGEST_ID);
        let text = || {
            let ids = (0..shape.batch * shape.seq).map(|at| ((1000 + 37 * at) % vocab_size) as i64);
            Tokens::new(Rows::from_flat(shape.batch, shape.seq, ids.collect()).unwrap_or_else(|| Rows::full(1, 1, 0)))
        };
        let input = match &limits {
            Limits::Tokens(_) => Input::Tokens(text()),
            Limits::TokenPair { .. } => Input::TokenPair { source: text(), target: text() },
            Limits::Images(limits) => {
                let [channels, height, width] = sample::image_size(model, limits);
                let count = shape.batch * channels * height * width;
                let pixel_values = (0..count).map(|at| (at % 251) as f32 / 125.0 - 1.0).collect();
                Input::Images(Images { dims: [shape.batch, channels, height, width], pixel_values })
            }
            _ => return Err(lacks(model, "reads nothing known here")),
        };
        Ok(Self { task, shape, input, vocab_size })
    }

    /// What is done before the clock runs.
    pub(crate) fn prepare(&self, model: &dyn Model) -> Result<Option<DecodeState>> {
        if self.task == Task::Decode { Ok(Some(self.read(model)?.0)) } else { Ok(None) }
    }

    /// What is timed.
    pub(crate) fn run(&self, model: &dyn Model, prepared: Option<DecodeState>) -> Result<Output> {
        match (self.task, prepared) {
            (Task::Forward | Task::Ready | Task::Load, _) => model.forward(&self.input, Record::NOTHING),
            (Task::Prefill, _) | (Task::Decode, None) => Ok(Output::new(self.read(model)?.1)),
            (Task::Decode, Some(mut state)) => {
                let decoder = model.decoder().ok_or_else(|| lacks(model, "does not write text with this head"))?;
                let mut scores = None;
                for step in 0..self.shape.steps {
                    let id = ((1000 + 17 * step) % self.vocab_size) as i64;
                    let next = Tokens::new(Rows::full(self.shape.batch, 1, id));
                    scores = Some(decoder.advance(&mut state, &next, Logits::Last)?);
                }
                scores
                    .map(|scores| Output::new(HeadOutput::NextTokenLogits(scores)))
                    .ok_or_else(|| lacks(model, "was given nothing to write"))
            }
        }
    }

    /// Reads the text and scores what comes next. An encoder–decoder reads it with its encoder, and scores what comes after a first token, 0.
    fn read(&self, model: &dyn Model) -> Result<(DecodeState, HeadOutput)> {
        let decoder = model.decoder().ok_or_else(|| lacks(model, "does not write text with this head"))?;
        let (source, target) = match &self.input {
            Input::TokenPair { source, .. } => {
                (Some(Input::Tokens(source.clone())), Tokens::new(Rows::full(self.shape.batch, 1, 0)))
            }
            Input::Tokens(tokens) => (None, tokens.clone()),
            _ => return Err(lacks(model, "writes text from images, which nobody has taught this benchmark")),
        };
        let mut state = decoder.start(self.shape.batch, source.as_ref())?;
        let scores = decoder.advance(&mut state, &target, Logits::Last)?;
        Ok((state, HeadOutput::NextTokenLogits(scores)))
    }

    /// What the timed part takes, counted from its operations.
    pub(crate) fn products(&self, architecture: &dyn Architecture, config: &Map<String, Value>) -> Result<Products> {
        let prepared = capture::products(architecture, config, |model| self.prepare(model).map(drop))?;
        let all = capture::products(architecture, config, |model| {
            let prepared = self.prepare(model)?;
            self.run(model, prepared).map(drop)
        })?;
        Ok(Products { flops: all.flops - prepared.flops, bytes: all.bytes - prepared.bytes })
    }
}

/// What the head says: the extents of each answer with its numbers. What a model says on the way is left out.
pub(crate) fn answers(output: Output) -> Vec<(Vec<usize>, Vec<f32>)> {
    let last_hidden_state = None;
    let said = Output { last_hidden_state, source: None, ..output };
    said.named().into_iter().map(|(_, data)| (data.shape().to_vec(), data.iter::<f32>().collect())).collect()
}

fn lacks(model: &dyn Model, lacks: &str) -> Error {
    Error::Unsupported { model: model.architecture().to_owned(), lacks: lacks.to_owned() }
}
