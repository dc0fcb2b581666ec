//! An architecture that passes everything on to an honest one, and one thing not.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::{Device, Tensor, TensorData};
use serde_json::{Map, Value};
use zoo_registry::descriptor::Waiver;
use zoo_registry::include_dir::Dir;
use zoo_registry::output::Record;
use zoo_registry::train::{Gradients, Train};
use zoo_registry::weights::{LoadReport, WeightSource};
use zoo_registry::{
    Architecture, Decode, DecodeState, Descriptor, Error, HeadOutput, Input, Labels, Limits, Logits, Model, ModuleTree,
    Output, Parameter, Patterns, Result, Rows, TokenLimits, Tokens, WeightNames,
};

/// What is said and is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[rustfmt::skip]
pub(super) enum Lie {
    // Of the answer.
    NotANumberOnce, AnotherEachTime, AColumnMore, APositionMore, HiddenForScores, ScoresForHidden, AStateMore,
    KeptUnasked, MoreForABatch, MoreTheSecondTime,
    // Of what it can do.
    WritesInSecret, WritesNothing, PretendsToWrite, WritesOtherIds,
    // Of what it takes.
    TakesAnything, FewerIds, FewerIdsAndMeansIt, FewerPositions, EndlessPositions, OneSegment,
    // Of what it is.
    CountsWhatIsNotThere, ForgetsItsHead, AnotherName, KeepsAWeightBack, TrainsWhatIsNotThere, CallsItsTableWaves,
    PreparesByNoFilter, WaivesWithoutReason,
}

/// An honest architecture behind a lie.
struct Liar {
    honest: &'static dyn Architecture,
    lie: Lie,
    descriptor: Descriptor,
}

/// `honest`, but for one lie.
pub(super) fn liar(honest: &'static dyn Architecture, lie: Lie) -> &'static dyn Architecture {
    let mut descriptor = honest.descriptor().clone();
    if lie == Lie::WaivesWithoutReason {
        let waiver = |check: &str| Waiver { check: check.into(), reason: " ".into(), tiny: None };
        descriptor.waivers = ["descriptor-is-sound", "order-matters"].map(waiver).to_vec();
    }
    if lie == Lie::CallsItsTableWaves {
        descriptor.taxonomy.insert("positional-encoding".into(), vec!["sinusoidal".into()]);
    }
    if lie == Lie::PreparesByNoFilter {
        let settings = serde_json::json!({ "size": { "height": 12, "width": 12 }, "resample": 9 });
        descriptor.published.preprocessor = settings.as_object().cloned().unwrap();
    }
    Box::leak(Box::new(Liar { honest, lie, descriptor }))
}

impl Architecture for Liar {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn folder(&self) -> &Dir<'static> {
        self.honest.folder()
    }

    fn complete(&self, config: &Map<String, Value>) -> Result<Map<String, Value>> {
        self.honest.complete(config)
    }

    fn modules(&self, config: &Map<String, Value>) -> Result<ModuleTree> {
        let mut modules = self.honest.modules(config)?;
        // Tiny models are as they are said to be: only the published size is made up.
        if self.lie == Lie::CountsWhatIsNotThere && *config != self.honest.complete(&self.descriptor.tiny)? {
            modules.parameters.push(Parameter { name: "more".into(), shape: vec![7] });
        }
        Ok(modules)
    }

    fn build(&self, config: &Map<String, Value>, device: &Device) -> Result<Box<dyn Model>> {
        let honest = self.honest.build(config, device)?;
        let mut config = honest.config().clone();
        if self.lie == Lie::ForgetsItsHead {
            config.remove("head");
        }
        Ok(Box::new(LyingModel { honest, lie: self.lie, config, calls: AtomicUsize::new(0) }))
    }

    fn weight_names(&self, config: &Map<String, Value>) -> Result<WeightNames> {
        self.honest.weight_names(config)
    }
}

struct LyingModel {
    honest: Box<dyn Model>,
    lie: Lie,
    config: Map<String, Value>,
    calls: AtomicUsize,
}

impl LyingModel {
    fn refuse<T>(&self, reason: &str) -> Result<T> {
        Err(Error::Input { model: self.honest.architecture().into(), reason: reason.into() })
    }

    /// What stands in the way of `input` if the false limits are meant.
    fn meant(&self, input: &Input) -> Option<&'static str> {
        let (Input::Tokens(tokens), Limits::Tokens(limits)) = (input, self.limits()) else { return None };
        let below = |ids: &Rows<i64>, end: usize| ids.as_slice().iter().all(|&id| (0..end as i64).contains(&id));
        let types = tokens.token_type_ids.as_ref();
        let len = tokens.input_ids.dims()[1];
        match self.lie {
            Lie::FewerIdsAndMeansIt if !below(&tokens.input_ids, limits.vocab_size) => Some("an id too large"),
            Lie::FewerPositions if limits.max_positions.is_some_and(|max| len > max) => Some("too long"),
            Lie::FewerPositions => {
                let max = limits.max_positions.unwrap_or_default();
                tokens.position_ids.as_ref().is_some_and(|ids| !below(ids, max)).then_some("too far")
            }
            Lie::OneSegment if types.is_some_and(|types| !below(types, 1)) => Some("one segment only"),
            Lie::EndlessPositions if tokens.position_ids.is_some() => Some("no positions"),
            _ => None,
        }
    }

    fn answer(&self, mut output: Output, record: Record, batch: usize) -> Output {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        let pooled = |output: &Output| match &output.head {
            HeadOutput::Hidden(hidden) => Some(hidden.clone().mean_dim(1).squeeze_dim::<2>(1)),
            _ => None,
        };
        match self.lie {
            Lie::AnotherEachTime => output.head = each(output.head, |x| x + calls as f32 * 1e-3),
            Lie::NotANumberOnce => output.head = each(output.head, not_a_number),
            Lie::AColumnMore => output.head = each(output.head, |x| one_more(x, 2)),
            Lie::APositionMore => output.head = each(output.head, |x| one_more(x, 1)),
            Lie::AStateMore if record.hidden_states => {
                output.hidden_states.extend(output.hidden_states.last().cloned())
            }
            Lie::MoreForABatch if batch > 1 => output.pooled = pooled(&output),
            Lie::MoreTheSecondTime if calls > 0 => output.pooled = pooled(&output),
            _ => {}
        }
        output.head = match (self.lie, output.head) {
            (Lie::HiddenForScores, HeadOutput::NextTokenLogits(logits)) => HeadOutput::Hidden(logits),
            (Lie::ScoresForHidden, HeadOutput::Hidden(hidden)) => HeadOutput::TokenLogits(hidden),
            (Lie::WritesInSecret, HeadOutput::NextTokenLogits(logits)) => HeadOutput::TokenLogits(logits),
            (_, head) => head,
        };
        output
    }
}

/// The same kind of answer, its numbers changed where there is one row a token.
fn each(head: HeadOutput, change: impl Fn(Tensor<3>) -> Tensor<3>) -> HeadOutput {
    match head {
        HeadOutput::Hidden(x) => HeadOutput::Hidden(change(x)),
        HeadOutput::NextTokenLogits(x) => HeadOutput::NextTokenLogits(change(x)),
        other => other,
    }
}

fn not_a_number(x: Tensor<3>) -> Tensor<3> {
    let nan = Tensor::full([1, 1, 1], f32::NAN, &x.device());
    x.slice_assign([0..1, 1..2, 2..3], nan)
}

fn one_more(x: Tensor<3>, axis: usize) -> Tensor<3> {
    let first = x.clone().narrow(axis, 0, 1);
    Tensor::cat(vec![x, first], axis)
}

impl Model for LyingModel {
    fn architecture(&self) -> &str {
        if self.lie == Lie::AnotherName { "somebody" } else { self.honest.architecture() }
    }

    fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    fn limits(&self) -> Limits {
        let honest = self.honest.limits();
        let Limits::Tokens(limits) = &honest else { return honest };
        Limits::Tokens(match self.lie {
            Lie::FewerIds | Lie::FewerIdsAndMeansIt => {
                TokenLimits { vocab_size: limits.vocab_size / 2, ..limits.clone() }
            }
            Lie::FewerPositions => {
                TokenLimits { max_positions: limits.max_positions.map(|max| max - 4), ..limits.clone() }
            }
            Lie::EndlessPositions => TokenLimits { max_positions: None, ..limits.clone() },
            Lie::OneSegment => TokenLimits { n_token_types: 1, ..limits.clone() },
            _ => limits.clone(),
        })
    }

    fn patterns(&self) -> Patterns {
        self.honest.patterns()
    }

    fn forward(&self, input: &Input, record: Record) -> Result<Output> {
        if let Some(reason) = self.meant(input) {
            return self.refuse(reason);
        }
        let kept = if self.lie == Lie::KeptUnasked { Record::ALL } else { record };
        let output = match self.honest.forward(input, kept) {
            Err(_) if self.lie == Lie::TakesAnything => {
                let something = Tokens::new(Rows::full(1, 2, 0));
                self.honest.forward(&something.into(), kept)?
            }
            output => output?,
        };
        let batch = match input {
            Input::Tokens(tokens) | Input::TokenPair { target: tokens, .. } => tokens.input_ids.dims()[0],
            Input::Images(images) => images.dims[0],
            _ => 0,
        };
        Ok(self.answer(output, record, batch))
    }

    fn modules(&self) -> ModuleTree {
        self.honest.modules()
    }

    fn weight_names(&self) -> &WeightNames {
        self.honest.weight_names()
    }

    fn init(&mut self, seed: u64) {
        self.honest.init(seed);
    }

    fn load(&mut self, weights: &dyn WeightSource) -> Result<LoadReport> {
        self.honest.load(weights)
    }

    fn parameters(&self) -> BTreeMap<String, TensorData> {
        self.honest.parameters()
    }

    fn weights(&self) -> BTreeMap<String, TensorData> {
        let mut weights = self.honest.weights();
        if self.lie == Lie::KeepsAWeightBack {
            weights.pop_last();
        }
        weights
    }

    fn save(&self, to: &Path) -> Result<()> {
        self.honest.save(to)
    }

    fn decoder(&self) -> Option<&dyn Decode> {
        match self.lie {
            Lie::WritesNothing | Lie::WritesInSecret => None,
            Lie::PretendsToWrite => Some(self),
            Lie::WritesOtherIds => self.honest.decoder().map(|_| self as &dyn Decode),
            _ => self.honest.decoder(),
        }
    }

    fn save_state(&self, state: &DecodeState, to: &Path) -> Result<()> {
        self.honest.save_state(state, to)
    }

    fn resume(&self, from: &Path) -> Result<DecodeState> {
        self.honest.resume(from)
    }

    fn trainer(self: Box<Self>) -> Box<dyn Train> {
        let honest = self.honest.trainer();
        if self.lie == Lie::TrainsWhatIsNotThere { Box::new(LyingTrainer { honest }) } else { honest }
    }
}

impl Decode for LyingModel {
    fn start(&self, batch: usize, source: Option<&Input>) -> Result<DecodeState> {
        self.honest.decoder().map_or_else(|| self.refuse("it writes nothing"), |honest| honest.start(batch, source))
    }

    fn advance(&self, state: &mut DecodeState, tokens: &Tokens, logits: Logits) -> Result<Tensor<3>> {
        let nothing = || self.refuse("it writes nothing");
        self.honest.decoder().map_or_else(nothing, |honest| honest.advance(state, tokens, logits))
    }

    fn token_limits(&self) -> Result<TokenLimits> {
        let limits = self.honest.limits();
        let limits = limits.tokens().cloned().map_or_else(|| self.refuse("it writes nothing"), Ok)?;
        Ok(TokenLimits { vocab_size: limits.vocab_size + 1, ..limits })
    }
}

struct LyingTrainer {
    honest: Box<dyn Train>,
}

impl Train for LyingTrainer {
    fn gradients(&self, input: &Input, labels: &Labels) -> Result<Gradients> {
        let mut gradients = self.honest.gradients(input, labels)?;
        gradients.by_parameter.insert("soul".to_owned(), TensorData::new(vec![1.0f32], [1]));
        Ok(gradients)
    }

    fn step(&mut self, input: &Input, labels: &Labels, learning_rate: f64) -> Result<f64> {
        self.honest.step(input, labels, learning_rate)
    }

    fn model(&self) -> Box<dyn Model> {
        self.honest.model()
    }
}
