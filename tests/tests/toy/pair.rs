//! A small encoder–decoder that knows distances only, and one switch that breaks a part of it.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use zoo_registry::config::Rules;
use zoo_registry::{
    Architecture, Cache, CausalNetwork, Descriptor, Dir, Family, HeadOutput, Held, Input, Limits, Logits, Network,
    Output, PairBatch, Patterns, Problem, Result, Row, Saved, Stack, TokenBatch, TokenLimits, Trace, WeightNames,
};

use super::{folder, saying};

/// What is wrong with a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[rustfmt::skip]
pub(crate) enum PairBug {
    Nothing,
    // Who sees whom.
    DecoderSeesAhead, EncoderCausal, CrossRemoved, EncoderBypassed, AnswersLate, DistancesUnused,
    // Padding.
    SourcePaddingSeen, OwnSourcePaddingSeen, TargetPaddingSeen, SourceMaskOfTarget,
    // Batches and memory.
    FirstSourceForAll, SourceNotSelected, SourceOfEarlier, SourceShared, DistancesRestart, SourcePaddingNotSaved,
    // Recording.
    CrossRecordedAsOwn, EncoderUnrecorded,
    // Flow: windows, positions, what is hidden.
    WindowUndeclared, MapWithoutWindow, BucketsEndEarly, FarIsNear, FarPlacesDrift, NeighbourAdded, ShallowPadding,
    // Null models.
    LooksForNothing, LooksEverywhere, PairIsDense, PairSaysNothing,
    // Training.
    EncoderDetached,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Config {
    head: Head,
    vocab_size: usize,
    d_model: usize,
    n_encoder_layers: usize,
    n_decoder_layers: usize,
    n_heads: usize,
    n_buckets: usize,
    max_distance: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            head: Head::None,
            vocab_size: 29,
            d_model: 12,
            n_encoder_layers: 2,
            n_decoder_layers: 3,
            n_heads: 3,
            n_buckets: 8,
            max_distance: 16,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Head {
    #[default]
    None,
    NextToken,
}

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        Rules::new()
            .size("vocab_size", self.vocab_size)
            .size("d_model", self.d_model)
            .layers("n_encoder_layers", self.n_encoder_layers)
            .layers("n_decoder_layers", self.n_decoder_layers)
            .size("n_heads", self.n_heads)
            .divides(("n_heads", self.n_heads), ("d_model", self.d_model))
            .size("n_buckets", self.n_buckets)
            .require(
                self.n_buckets == 0 || (self.n_buckets >= 4 && self.n_buckets.is_multiple_of(2)),
                "n_buckets",
                || format!("must be even and at least 4, found {}", self.n_buckets),
            )
            .size("max_distance", self.max_distance)
            .require(self.max_distance == 0 || self.max_distance > self.n_buckets / 2, "max_distance", || {
                format!("must be beyond {}, found {}", self.n_buckets / 2, self.max_distance)
            })
            .broken()
    }
}

struct PairFamily {
    bug: PairBug,
    descriptor: Descriptor,
    folder: Dir<'static>,
}

/// The pair with one bug; [`PairBug::Nothing`] is healthy.
pub(crate) fn pair(bug: PairBug) -> &'static dyn Architecture {
    pair_saying(bug, "", "")
}

/// The same that says `to` in its TOML where it should say `from`.
pub(crate) fn pair_saying(bug: PairBug, from: &str, to: &str) -> &'static dyn Architecture {
    let toml = saying(include_str!("pair.toml"), from, to);
    let files = [("pair.toml", toml.as_str()), ("README.md", "# Pair\n\nMade for breaking.")];
    let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).to_vec();
    Box::leak(Box::new(PairFamily { bug, descriptor: Descriptor::parse(&toml).unwrap(), folder: folder("", files) }))
}

impl Family for PairFamily {
    type Config = Config;
    type Network = Pair;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn folder(&self) -> &Dir<'static> {
        &self.folder
    }

    fn init(&self, config: &Config, device: &Device) -> Pair {
        Pair::new(config, self.bug, device)
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        const ROWS: [Row; 11] = [
            Row::same("shared", &["tokens"]),
            Row::same("encoder.distance", &["encoder_distances"]),
            Row::same("decoder.distance", &["decoder_distances"]),
            Row::same("encoder.*.norm", &["encoder.*.norm"]),
            Row::transposed("encoder.*.qkv", &["encoder.*.inward"]),
            Row::transposed("encoder.*.o", &["encoder.*.outward"]),
            Row::same("decoder.*.norm", &["decoder.*.own.norm"]),
            Row::transposed("decoder.*.qkv", &["decoder.*.own.inward"]),
            Row::transposed("decoder.*.o", &["decoder.*.own.outward"]),
            Row::same("decoder.*.across.norm", &["decoder.*.across.norm"]),
            Row::transposed("decoder.*.across.o", &["decoder.*.across.outward"]),
        ];
        let body = WeightNames::new(
            "",
            ROWS.into_iter().chain([Row::transposed("decoder.*.across.qkv", &["decoder.*.across.inward"])]),
        );
        match config.head {
            Head::None => body,
            Head::NextToken => body.with_head([Row::tied("output", &["tokens"])]),
        }
    }
}

#[derive(Module, Debug)]
pub(crate) struct Pair {
    tokens: Embedding,
    encoder_distances: Embedding,
    decoder_distances: Embedding,
    encoder: Vec<Look>,
    decoder: Vec<DecoderLayer>,
    #[module(skip)]
    config: Config,
    #[module(skip)]
    bug: PairBug,
}

#[derive(Module, Debug)]
struct DecoderLayer {
    own: Look,
    across: Look,
}

/// One residual layer of attention: query, key and value in one map, tanh before the way back.
#[derive(Module, Debug)]
struct Look {
    norm: LayerNorm,
    inward: Linear,
    outward: Linear,
    n_heads: usize,
    #[module(skip)]
    bug: PairBug,
}

/// What the decoder remembers: keys and values of the source and of what was written, a layer each.
#[derive(Clone)]
struct Memory {
    source: Vec<[Tensor<4>; 2]>,
    source_bias: Tensor<4>,
    written: Vec<Option<[Tensor<4>; 2]>>,
    len: usize,
}

struct PairCache {
    memory: Arc<Mutex<Memory>>,
    bug: PairBug,
}

impl Cache for PairCache {
    fn select(&mut self, rows: &[usize]) {
        let mut memory = self.memory.lock().unwrap();
        let indices: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        let device = memory.source_bias.device();
        let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [rows.len()]), &device);
        for kept in memory.written.iter_mut().flatten().flatten() {
            *kept = kept.clone().select(0, indices.clone());
        }
        let indices = if self.bug == PairBug::SourceNotSelected {
            let kept = memory.source_bias.dims()[0] as i64;
            let indices: Vec<i64> = (0..rows.len() as i64).map(|row| row % kept).collect();
            Tensor::from_data(TensorData::new(indices, [rows.len()]), &device)
        } else {
            indices
        };
        memory.source_bias = memory.source_bias.clone().select(0, indices.clone());
        for kept in memory.source.iter_mut().flatten() {
            *kept = kept.clone().select(0, indices.clone());
        }
    }

    fn boxed_clone(&self) -> Box<dyn Cache> {
        let memory = match self.bug {
            PairBug::SourceShared => Arc::clone(&self.memory),
            _ => Arc::new(Mutex::new(self.memory.lock().unwrap().clone())),
        };
        Box::new(Self { memory, bug: self.bug })
    }

    fn tensors(&self) -> BTreeMap<String, Held> {
        let memory = self.memory.lock().unwrap();
        let read = memory.source.iter().enumerate().map(|(layer, kept)| (format!("read.{layer}"), kept));
        let written = memory.written.iter().enumerate();
        let written = written.filter_map(|(layer, kept)| Some((format!("written.{layer}"), kept.as_ref()?)));
        let pairs = read.chain(written).flat_map(|(name, [key, value])| {
            [(format!("{name}.key"), key.clone().into()), (format!("{name}.value"), value.clone().into())]
        });
        pairs.chain([("bias".to_owned(), memory.source_bias.clone().into())]).collect()
    }
}

/// The source that [`PairBug::SourceOfEarlier`] never forgets.
static EARLIER: LazyLock<Mutex<Vec<Memory>>> = LazyLock::new(Mutex::default);

const HIDDEN: f32 = -1e9;

impl Pair {
    fn new(config: &Config, bug: PairBug, device: &Device) -> Self {
        let Config { vocab_size, d_model, n_encoder_layers, n_decoder_layers, n_heads, n_buckets, .. } = *config;
        let linear = |d_in, d_out| LinearConfig::new(d_in, d_out).with_bias(false).init(device);
        let look = || Look {
            norm: LayerNormConfig::new(d_model).init(device),
            inward: linear(d_model, 3 * d_model),
            outward: linear(d_model, d_model),
            n_heads,
            bug,
        };
        let distances = || EmbeddingConfig::new(n_buckets, n_heads).init(device);
        Self {
            tokens: EmbeddingConfig::new(vocab_size, d_model).init(device),
            encoder_distances: distances(),
            decoder_distances: distances(),
            encoder: (0..n_encoder_layers).map(|_| look()).collect(),
            decoder: (0..n_decoder_layers).map(|_| DecoderLayer { own: look(), across: look() }).collect(),
            config: config.clone(),
            bug,
        }
    }

    fn read(&self, source: &TokenBatch, trace: &mut Trace) -> Tensor<3> {
        let [_, len] = source.dims();
        let mut bias = self.distances(&self.encoder_distances, len, 0, true);
        if self.bug != PairBug::OwnSourcePaddingSeen {
            bias = bias + padding(source);
        }
        if self.bug == PairBug::EncoderCausal {
            bias = bias + ahead(len, 0, &source.device());
        }
        let mut hidden = self.tokens.forward(source.input_ids.clone());
        if self.bug == PairBug::FarPlacesDrift && len > 64 {
            hidden = Tensor::cat(vec![hidden.clone().narrow(1, 0, 64), hidden.narrow(1, 64, len - 64) + 0.1], 1);
        }
        if self.bug == PairBug::NeighbourAdded && len > 1 {
            let last = hidden.clone().narrow(1, len - 1, 1);
            hidden = hidden.clone() + Tensor::cat(vec![hidden.narrow(1, 1, len - 1), last], 1) * 0.3;
        }
        trace.hidden(&hidden);
        for (index, look) in self.encoder.iter().enumerate() {
            let [query, key, value] = look.project(hidden.clone());
            hidden = look.attend(hidden, query, [key, value], bias.clone(), trace);
            if !(index == 0 && self.bug == PairBug::EncoderUnrecorded) {
                trace.hidden(&hidden);
            }
        }
        self.or_nothing(hidden, source)
    }

    fn remember(&self, source: &TokenBatch, encoded: &Tensor<3>, target: Option<&TokenBatch>) -> Memory {
        let [batch, len] = source.dims();
        let looked_at = match self.bug {
            PairBug::EncoderBypassed => self.tokens.forward(source.input_ids.clone()),
            PairBug::EncoderDetached => encoded.clone().detach(),
            PairBug::FirstSourceForAll => encoded.clone().narrow(0, 0, 1).repeat_dim(0, batch),
            _ => encoded.clone(),
        };
        let source_bias = match (self.bug, target) {
            (PairBug::SourcePaddingSeen, _) => padding(source) * 0.0,
            (PairBug::ShallowPadding, _) => padding(source) * 1e-5,
            // The target's mask where it fits: as long as the source, or cut.
            (PairBug::SourceMaskOfTarget, Some(target)) => {
                let own = padding(target);
                let seen = own.dims()[3].min(len);
                Tensor::cat(
                    vec![
                        own.slice([0..batch, 0..1, 0..1, 0..seen]),
                        Tensor::zeros([batch, 1, 1, len - seen], &source.device()),
                    ],
                    3,
                )
            }
            _ => padding(source),
        };
        let looks = self.decoder.iter().map(|layer| {
            let [_, key, value] = layer.across.split(layer.across.inward.forward(looked_at.clone()));
            [key, value]
        });
        Memory { source: looks.collect(), source_bias, written: vec![None; self.decoder.len()], len: 0 }
    }

    fn write(&self, target: &TokenBatch, memory: &mut Memory, trace: &mut Trace) -> Tensor<3> {
        let ([_, len], past) = (target.dims(), memory.len);
        let restart = self.bug == PairBug::DistancesRestart && past > 0;
        let mut bias = if restart {
            let own = self.distances(&self.decoder_distances, len, 0, false);
            Tensor::cat(vec![Tensor::zeros([1, self.config.n_heads, len, past], &target.device()), own], 3)
        } else {
            self.distances(&self.decoder_distances, len, past, false)
        };
        if self.bug != PairBug::DecoderSeesAhead {
            bias = bias + ahead(len, past, &target.device()) * 2.0;
        }
        if self.bug != PairBug::TargetPaddingSeen {
            bias = bias + padding(target);
        }
        let mut hidden = self.tokens.forward(target.input_ids.clone());
        trace.hidden(&hidden);
        for (index, DecoderLayer { own, across }) in self.decoder.iter().enumerate() {
            let [query, mut key, mut value] = own.project(hidden.clone());
            if let Some([keys, values]) = memory.written[index].take() {
                (key, value) = (Tensor::cat(vec![keys, key], 2), Tensor::cat(vec![values, value], 2));
            }
            memory.written[index] = Some([key.clone(), value.clone()]);
            let mut own_bias = bias.clone();
            if index == 1 && matches!(self.bug, PairBug::WindowUndeclared | PairBug::MapWithoutWindow) {
                own_bias = own_bias + behind(len, past, &target.device());
            }
            hidden = match self.bug {
                PairBug::MapWithoutWindow if index == 1 => {
                    own.attend(hidden.clone(), query.clone(), [key.clone(), value.clone()], bias.clone(), trace);
                    own.attend(hidden, query, [key, value], own_bias, &mut Trace::off())
                }
                _ => own.attend(hidden, query, [key, value], own_bias, trace),
            };
            let [query, ..] = across.project(hidden.clone());
            let source = memory.source[index].clone();
            let stack = if self.bug == PairBug::CrossRecordedAsOwn { Stack::Main } else { Stack::Cross };
            let look =
                |trace: &mut Trace| across.attend(hidden.clone(), query, source, memory.source_bias.clone(), trace);
            let looked = trace.within(stack, look);
            hidden = if self.bug == PairBug::CrossRemoved { hidden + looked * 0.0 } else { looked };
            trace.hidden(&hidden);
        }
        memory.len += len;
        self.or_nothing(hidden, target)
    }

    /// The same, unless the whole model is a null model.
    fn or_nothing(&self, hidden: Tensor<3>, read: &TokenBatch) -> Tensor<3> {
        let d_model = self.config.d_model;
        match self.bug {
            PairBug::PairSaysNothing => hidden * 0.0,
            PairBug::PairIsDense => {
                let embedded = self.tokens.forward(read.input_ids.clone());
                self.decoder[0].own.inward.forward(embedded).narrow(2, 0, d_model)
            }
            _ => hidden,
        }
    }

    /// `[1, n_heads, len, past + len]`.
    fn distances(&self, table: &Embedding, len: usize, past: usize, both_ways: bool) -> Tensor<4> {
        let row = |query: usize, key: usize| self.bucket(key as i64 - (past + query) as i64, both_ways);
        let rows: Vec<i64> = (0..len).flat_map(|query| (0..past + len).map(move |key| row(query, key))).collect();
        let rows = Tensor::<2, Int>::from_data(TensorData::new(rows, [len, past + len]), &table.weight.device());
        table.forward(rows).permute([2, 0, 1]).unsqueeze()
    }

    /// Half of the buckets of a direction hold one distance each, the others grow by the same factor up to the largest.
    fn bucket(&self, offset: i64, both_ways: bool) -> i64 {
        let Config { n_buckets, max_distance, .. } = self.config;
        let side = if both_ways { n_buckets / 2 } else { n_buckets };
        let ahead = if both_ways && offset > 0 { side } else { 0 };
        let (exact, distance) = (side / 2, offset.unsigned_abs() as usize);
        let most = if self.bug == PairBug::BucketsEndEarly { max_distance - 4 } else { max_distance };
        let far = || (distance as f64 / exact as f64).ln() / (most as f64 / exact as f64).ln();
        let within = match distance {
            _ if !both_ways && offset > 0 => 0,
            near if near < exact => near,
            _ => (exact + (far() * (side - exact) as f64) as usize).min(side - 1),
        };
        match self.bug {
            PairBug::DistancesUnused => 0,
            PairBug::FarIsNear if distance > 100 => ahead as i64,
            _ => (ahead + within) as i64,
        }
    }

    fn scores(&self, hidden: Tensor<3>) -> Tensor<3> {
        let scores = hidden.matmul(self.tokens.weight.val().transpose().unsqueeze());
        if self.bug != PairBug::AnswersLate {
            return scores;
        }
        let [batch, len, vocab] = scores.dims();
        let first = Tensor::zeros([batch, 1, vocab], &scores.device());
        Tensor::cat(vec![first, scores.slice([0..batch, 0..len - 1])], 1)
    }
}

impl Look {
    fn project(&self, hidden: Tensor<3>) -> [Tensor<4>; 3] {
        self.split(self.inward.forward(self.norm.forward(hidden)))
    }

    fn split(&self, joint: Tensor<3>) -> [Tensor<4>; 3] {
        let [batch, len, width] = joint.dims();
        let heads =
            |part: Tensor<3>| part.reshape([batch, len, self.n_heads, width / 3 / self.n_heads]).swap_dims(1, 2);
        [0, 1, 2].map(|part| heads(joint.clone().narrow(2, part * width / 3, width / 3)))
    }

    fn attend(
        &self,
        hidden: Tensor<3>,
        query: Tensor<4>,
        [key, value]: [Tensor<4>; 2],
        bias: Tensor<4>,
        trace: &mut Trace,
    ) -> Tensor<3> {
        let [batch, len, d_model] = hidden.dims();
        let scores = query.matmul(key.swap_dims(2, 3));
        let scores = if self.bug == PairBug::LooksEverywhere { scores * 0.0 } else { scores };
        let weights = softmax(scores + bias, 3);
        trace.attention(&weights);
        let context = weights.matmul(value).swap_dims(1, 2).reshape([batch, len, d_model]);
        let looked = self.outward.forward(context.tanh());
        hidden + if self.bug == PairBug::LooksForNothing { looked * 0.0 } else { looked }
    }
}

/// `[batch, 1, 1, kv_len]`.
fn padding(batch: &TokenBatch) -> Tensor<4> {
    let [rows, len] = batch.dims();
    match &batch.attention_mask {
        Some(mask) => {
            let [rows, len] = mask.dims();
            (mask.clone().bool_not().float() * HIDDEN).reshape([rows, 1, 1, len])
        }
        None => Tensor::zeros([rows, 1, 1, len], &batch.device()),
    }
}

/// What lies four tokens and more behind.
fn behind(len: usize, past: usize, device: &Device) -> Tensor<4> {
    let bias = |query: usize, key: usize| if key + 4 > past + query { 0.0 } else { HIDDEN };
    let data: Vec<f32> = (0..len).flat_map(|query| (0..past + len).map(move |key| bias(query, key))).collect();
    Tensor::from_data(TensorData::new(data, [1, 1, len, past + len]), device)
}

fn ahead(len: usize, past: usize, device: &Device) -> Tensor<4> {
    let bias = |query: usize, key: usize| if key <= past + query { 0.0 } else { HIDDEN };
    let data: Vec<f32> = (0..len).flat_map(|query| (0..past + len).map(move |key| bias(query, key))).collect();
    Tensor::from_data(TensorData::new(data, [1, 1, len, past + len]), device)
}

impl Network for Pair {
    type Input = PairBatch;

    fn limits(&self) -> Limits {
        let limits = TokenLimits { vocab_size: self.config.vocab_size, max_positions: None, n_token_types: 1 };
        Limits::TokenPair { source: limits.clone(), target: limits }
    }

    fn patterns(&self) -> Patterns {
        Patterns::encoder_decoder(self.encoder.len(), self.decoder.len())
    }

    fn forward(&self, PairBatch { source, target }: PairBatch, trace: &mut Trace) -> Output {
        let encoded = trace.within(Stack::Encoder, |trace| self.read(&source, trace));
        let hidden = self.write(&target, &mut self.remember(&source, &encoded, Some(&target)), trace);
        let head = match self.config.head {
            Head::None => HeadOutput::Hidden(hidden),
            Head::NextToken => HeadOutput::NextTokenLogits(self.scores(hidden)),
        };
        Output::of_source(head, encoded)
    }

    fn causal(&self) -> Option<&dyn CausalNetwork> {
        (self.config.head == Head::NextToken).then_some(self)
    }
}

impl CausalNetwork for Pair {
    fn start(&self, source: Option<&Input>, device: &Device) -> Result<Box<dyn Cache>, String> {
        let Limits::TokenPair { source: limits, .. } = self.limits() else { return Err("expected a pair".into()) };
        let source = TokenBatch::of_source(source, &limits, device)?;
        let encoded = self.read(&source, &mut Trace::off());
        let mut memory = self.remember(&source, &encoded, None);
        if self.bug == PairBug::SourceOfEarlier {
            let mut earlier = EARLIER.lock().unwrap();
            let fits = |kept: &&Memory| kept.source_bias.dims() == memory.source_bias.dims();
            match earlier.iter().find(fits) {
                Some(kept) => memory = kept.clone(),
                None => earlier.push(memory.clone()),
            }
        }
        Ok(Box::new(PairCache { memory: Arc::new(Mutex::new(memory)), bug: self.bug }))
    }

    fn step(&self, batch: TokenBatch, cache: &mut dyn Cache, logits: Logits) -> Result<Tensor<3>> {
        let cache = (cache as &mut dyn Any).downcast_mut::<PairCache>().expect("the pair's own cache");
        let hidden = self.write(&batch, &mut cache.memory.lock().unwrap(), &mut Trace::off());
        let [rows, len, d_model] = hidden.dims();
        Ok(self.scores(match logits {
            Logits::Every => hidden,
            Logits::Last => hidden.slice([0..rows, len - 1..len, 0..d_model]),
        }))
    }

    fn resume(&self, saved: &mut Saved, device: &Device) -> Result<Box<dyn Cache>, String> {
        let Config { n_heads, d_model, .. } = self.config;
        let (batch, read, written) = (saved.batch(), saved.extent("bias", 3)?, saved.read());
        let mut pair = |name: String, len: usize| -> Result<[Tensor<4>; 2], String> {
            let shape = [batch, n_heads, len, d_model / n_heads];
            let mut tensor = |part| saved.tensor(&format!("{name}.{part}"), shape, device);
            Ok([tensor("key")?, tensor("value")?])
        };
        let layers = 0..self.decoder.len();
        let source = layers.clone().map(|layer| pair(format!("read.{layer}"), read)).collect::<Result<_, _>>()?;
        let kept = |layer| (written > 0).then(|| pair(format!("written.{layer}"), written)).transpose();
        let kept = layers.map(kept).collect::<Result<_, _>>()?;
        let mut source_bias = saved.tensor("bias", [batch, 1, 1, read], device)?;
        if self.bug == PairBug::SourcePaddingNotSaved {
            source_bias = source_bias.zeros_like();
        }
        let memory = Memory { source, source_bias, written: kept, len: written };
        Ok(Box::new(PairCache { memory: Arc::new(Mutex::new(memory)), bug: self.bug }))
    }
}
