//! A small decoder with every part a language model has, and one switch that breaks one of them.

use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use burn::module::{Initializer, Module, Param};
use burn::nn::{DropoutConfig, Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::activation::{gelu_approximate, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData, module};
use zoo_registry::batch::TokenLimits;
use zoo_registry::decode::no_source;
use zoo_registry::draw::Draw;
use zoo_registry::output::Trace;
use zoo_registry::{
    Cache, CausalNetwork, HeadOutput, Input, Limits, Logits, Network, Output, Pattern, Patterns, Result, Saved,
    TokenBatch,
};

use super::cache::{Slots, ToyCache};
use super::{Bug, Config, Head};

#[derive(Module, Debug)]
pub(crate) struct Toy {
    tokens: Embedding,
    positions: Embedding,
    segments: Embedding,
    layers: Vec<Layer>,
    norm: LayerNorm,
    classifier: Option<Linear>,
    untied: Option<Linear>,
    #[module(skip)]
    hidden_bias: f32,
    /// The table as it was when it was first used, for [`Bug::TieCopied`].
    #[module(skip)]
    copied: Arc<OnceLock<TensorData>>,
    #[module(skip)]
    config: Config,
    #[module(skip)]
    bug: Bug,
}

#[derive(Module, Debug)]
struct Layer {
    attention_norm: LayerNorm,
    attention: Attention,
    mlp_norm: LayerNorm,
    up: Linear,
    down: Linear,
}

#[derive(Module, Debug)]
struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
}

/// √2 wider than burn draws a map from twelve.
const TOO_WIDE: Initializer = Initializer::KaimingUniform { gain: 0.816_496_580_927_726, fan_out_only: false };

/// The ids by way of a place that every call uses.
fn through_scratch(ids: &Tensor<2, Int>) -> Tensor<2, Int> {
    static SCRATCH: Mutex<Option<TensorData>> = Mutex::new(None);
    *SCRATCH.lock().unwrap() = Some(ids.to_data());
    std::thread::sleep(std::time::Duration::from_micros(200));
    let scratch = SCRATCH.lock().unwrap().clone().filter(|data| data.shape().to_vec() == ids.dims());
    scratch.map_or_else(|| ids.clone(), |data| Tensor::from_data(data, &ids.device()))
}

/// The same numbers in every layer, of every seed.
fn drawn_alike([d_in, d_out]: [usize; 2], device: &Device) -> Param<Tensor<2>> {
    let (mut draw, bound) = (Draw::new("alike"), (d_in as f64).sqrt().recip());
    let data: Vec<f32> = (0..d_in * d_out).map(|_| (bound * (2.0 * draw.unit() - 1.0)) as f32).collect();
    Param::from_tensor(Tensor::from_data(TensorData::new(data, [d_in, d_out]), device))
}

/// Counts what should not be counted: forward passes, and models built.
static STEPS: AtomicUsize = AtomicUsize::new(0);

impl Toy {
    pub(crate) fn new(config: &Config, bug: Bug, device: &Device) -> Self {
        let Config { vocab_size, d_model, d_ff, n_labels, max_positions, n_token_types, .. } = *config;
        let linear = |d_in, d_out| LinearConfig::new(d_in, d_out).init(device);
        let value = |d_in, d_out| match bug {
            Bug::DrawnTooWide => LinearConfig::new(d_in, d_out).with_initializer(TOO_WIDE).init(device),
            Bug::DrawnAlike => Linear { weight: drawn_alike([d_in, d_out], device), ..linear(d_in, d_out) },
            _ => linear(d_in, d_out),
        };
        let eps = if bug == Bug::NormEps { 1e-5 } else { config.norm_eps };
        let norm = || LayerNormConfig::new(d_model).with_epsilon(eps).init(device);
        let layer = |_| Layer {
            attention_norm: norm(),
            attention: Attention {
                query: linear(d_model, d_model),
                key: linear(d_model, d_model),
                value: value(d_model, d_model),
                output: linear(d_model, d_model),
            },
            mlp_norm: norm(),
            up: linear(d_model, d_ff),
            down: linear(d_ff, d_model),
        };
        Self {
            tokens: EmbeddingConfig::new(vocab_size, d_model).init(device),
            positions: EmbeddingConfig::new(max_positions, d_model).init(device),
            segments: EmbeddingConfig::new(n_token_types, d_model).init(device),
            layers: (0..config.n_layers).map(layer).collect(),
            norm: norm(),
            classifier: (config.head == Head::Labels).then(|| linear(d_model, n_labels)),
            untied: (bug == Bug::HeadUntied && config.head == Head::CausalLm)
                .then(|| LinearConfig::new(d_model, vocab_size).with_bias(false).init(device)),
            hidden_bias: if bug == Bug::StateNotSaved { STEPS.fetch_add(1, Ordering::Relaxed) as f32 } else { 0.0 },
            copied: Arc::default(),
            config: config.clone(),
            bug,
        }
    }

    fn body(&self, batch: &TokenBatch, mut cache: Option<&mut Slots>, trace: &mut Trace) -> Tensor<3> {
        let [_, len] = batch.dims();
        let past = cache.as_ref().map_or(0, |cache| cache.len);
        let mut hidden = self.embed(batch, past);
        trace.hidden(&hidden);
        let bias = self.score_bias(batch, past);
        for (index, layer) in self.layers.iter().enumerate() {
            let slot = cache.as_deref_mut().map(|cache| &mut cache.kept[index]);
            hidden = layer.forward(hidden, &bias, slot, self.bug, self.config.n_heads, trace);
            let last = index + 1 == self.layers.len();
            if !(last && self.bug == Bug::LayerUnrecorded) {
                trace.hidden(&if last { self.norm.forward(hidden.clone()) } else { hidden.clone() });
            }
        }
        if let Some(cache) = cache {
            cache.len += len;
        }
        let mut hidden = self.norm.forward(hidden) + self.hidden_bias;
        match self.bug {
            Bug::BatchMixed => hidden = hidden.clone() + hidden.mean_dim(0) * 0.01,
            Bug::SaysNothing => hidden = hidden * 0.0,
            Bug::EndedTextsDisturb if past > 0 && len == 1 => hidden = hidden + self.ended(batch) as f32,
            Bug::DenseLayer => {
                hidden = self.layers[0].attention.query.forward(self.tokens.forward(batch.input_ids.clone()))
            }
            Bug::Undetermined => hidden = hidden + STEPS.fetch_add(1, Ordering::Relaxed) as f32 * 1e-4,
            Bug::DeviceDependent if hidden.device() != Device::flex() => hidden = hidden * 1.0001,
            // burn's own drops something only where gradients are followed.
            Bug::DropoutInTraining => hidden = DropoutConfig::new(0.1).init().forward(hidden),
            // Adds nothing, and its slope.
            Bug::PaddingLearns => {
                let mean = hidden.clone().mean_dim(1);
                hidden = hidden + (mean.clone() - mean.detach());
            }
            Bug::ManyRowsLost => {
                let [rows, len, d_model] = hidden.dims();
                let seen = (512 / len).min(rows);
                let lost = Tensor::zeros([rows - seen, len, d_model], &hidden.device());
                if rows > seen {
                    hidden = Tensor::cat(vec![hidden.slice([0..seen, 0..len, 0..d_model]), lost], 0);
                }
            }
            Bug::RecordingMatters if trace.wants_attentions() => hidden = hidden * 1.0001,
            _ => {}
        }
        hidden
    }

    /// Texts whose newest token is padding.
    fn ended(&self, batch: &TokenBatch) -> usize {
        let Some(mask) = &batch.attention_mask else { return 0 };
        let [rows, all] = mask.dims();
        let real: Vec<bool> = mask.to_data().iter::<bool>().collect();
        (0..rows).filter(|row| !real[row * all + all - 1]).count()
    }

    fn embed(&self, batch: &TokenBatch, past: usize) -> Tensor<3> {
        let [rows, len] = batch.dims();
        let counted = |from: usize| {
            let positions: Vec<i64> = (0..rows).flat_map(|_| from as i64..(from + len) as i64).collect();
            Tensor::<2, Int>::from_data(TensorData::new(positions, [rows, len]), &batch.device())
        };
        let positions = match self.bug {
            Bug::PositionsCountPadding => counted(past),
            Bug::PositionsRestart if past > 0 => counted(0),
            _ => batch.position_ids.clone(),
        };
        let mut hidden = self.tokens.forward(match self.bug {
            Bug::ScratchShared => through_scratch(&batch.input_ids),
            _ => batch.input_ids.clone(),
        });
        if self.bug != Bug::PositionsUnused {
            hidden = hidden + self.positions.forward(positions);
        }
        match &batch.token_type_ids {
            Some(types) if self.bug != Bug::SegmentsIgnored => hidden + self.segments.forward(types.clone()),
            _ => hidden,
        }
    }

    /// `[batch, 1, len, past + len]`, 0 where a query may look.
    fn score_bias(&self, batch: &TokenBatch, past: usize) -> Tensor<4> {
        let ([rows, len], all) = (batch.dims(), past + batch.dims()[1]);
        let mask = batch.attention_mask.as_ref().map(|mask| mask.to_data().iter::<bool>().collect::<Vec<_>>());
        let real = |row: usize, key: usize| mask.as_ref().is_none_or(|mask| mask[row * all + key]);
        let hidden = match self.bug {
            Bug::InfiniteMask => f32::NEG_INFINITY,
            Bug::ShallowMask => -1e4,
            _ => -1e9,
        };
        let bias = |row: usize, query: usize, key: usize| {
            let at = past + query;
            let before = match self.bug {
                Bug::MaskOffByOne => key <= at + 1,
                Bug::NoMask => true,
                Bug::DeepUnmasked => key <= at || self.config.n_layers > 2,
                Bug::SelfHidden => key < at || at == 0,
                _ => key <= at,
            };
            let padding = match self.bug {
                Bug::PaddingIgnored => false,
                Bug::PastPaddingSeen => key >= past && !real(row, key),
                _ => !real(row, key),
            };
            if before && !padding { 0.0 } else { hidden }
        };
        let pairs = move |row| (0..len).flat_map(move |query| (0..all).map(move |key| (row, query, key)));
        let data: Vec<f32> = (0..rows).flat_map(pairs).map(|(row, query, key)| bias(row, query, key)).collect();
        Tensor::from_data(TensorData::new(data, [rows, 1, len, all]), &batch.device())
    }

    /// The head borrows the embedding.
    fn next_token(&self, hidden: Tensor<3>) -> Tensor<3> {
        match (&self.untied, self.bug) {
            (Some(untied), _) => untied.forward(hidden),
            (None, Bug::HeadDetached) => module::linear(hidden, self.tokens.weight.val().detach().transpose(), None),
            (None, Bug::TieCopied) => {
                let copied = self.copied.get_or_init(|| self.tokens.weight.val().into_data()).clone();
                let device = hidden.device();
                module::linear(hidden, Tensor::<2>::from_data(copied, &device).transpose(), None)
            }
            (None, _) => module::linear(hidden, self.tokens.weight.val().transpose(), None),
        }
    }

    /// The hidden state of each text's last real token, `[batch, d_model]`.
    fn pooled(&self, hidden: Tensor<3>, batch: &TokenBatch) -> Tensor<2> {
        let [rows, len, d_model] = hidden.dims();
        let mask = batch.attention_mask.as_ref().map(|mask| mask.to_data().iter::<bool>().collect::<Vec<_>>());
        let last = |row: usize| {
            let Some(mask) = &mask else { return len - 1 };
            let real = &mask[row * len..][..len];
            match self.bug {
                Bug::PoolsAtTheEnd => len - 1,
                Bug::PoolsAtTheCount => real.iter().filter(|&&real| real).count() - 1,
                _ => real.iter().rposition(|&real| real).unwrap_or(len - 1),
            }
        };
        let rows = (0..rows).map(|row| {
            let at = last(row);
            hidden.clone().slice([row..row + 1, at..at + 1, 0..d_model]).reshape([1, d_model])
        });
        Tensor::cat(rows.collect(), 0)
    }
}

impl Layer {
    fn forward(
        &self,
        hidden: Tensor<3>,
        bias: &Tensor<4>,
        slot: Option<&mut Option<[Tensor<4>; 2]>>,
        bug: Bug,
        n_heads: usize,
        trace: &mut Trace,
    ) -> Tensor<3> {
        let before = hidden.clone();
        let normed = match bug {
            Bug::NormsAfter => hidden.clone(),
            Bug::NormClamped => clamped_norm(&self.attention_norm, hidden.clone()),
            _ => self.attention_norm.forward(hidden.clone()),
        };
        let attended = self.attention.forward(normed, bias, slot, bug, n_heads, trace);
        let hidden = match bug {
            Bug::AttentionRemoved => hidden + attended * 0.0,
            Bug::NormsAfter => self.attention_norm.forward(hidden + attended),
            _ => hidden + attended,
        };
        let read = match bug {
            Bug::PartsSideBySide => self.mlp_norm.forward(before),
            Bug::NormsAfter => hidden.clone(),
            _ => self.mlp_norm.forward(hidden.clone()),
        };
        let up = match (bug, &self.up.bias) {
            (Bug::UpBiasLacking, Some(bias)) => self.up.forward(read) - bias.val().unsqueeze(),
            _ => self.up.forward(read),
        };
        let mut up = match bug {
            Bug::GeluVariant => gelu_approximate(up),
            Bug::GeluClipped => gelu(up.clamp(-7.0, 7.0)),
            _ => gelu(up),
        };
        if bug == Bug::MlpDetached {
            up = up.detach();
        }
        let hidden = hidden + self.down.forward(up);
        if bug == Bug::NormsAfter { self.mlp_norm.forward(hidden) } else { hidden }
    }
}

/// The norm of the tiny configuration, but that it never divides by less than a quarter.
fn clamped_norm(norm: &LayerNorm, x: Tensor<3>) -> Tensor<3> {
    let centred = x.clone() - x.mean_dim(2);
    let variance = centred.clone().powi_scalar(2).mean_dim(2);
    let normed = centred / (variance + 0.03).clamp_min(0.06).sqrt();
    let shift = norm.beta.as_ref().map(|beta| beta.val().unsqueeze::<3>());
    let scaled = normed * norm.gamma.val().unsqueeze::<3>();
    shift.map_or(scaled.clone(), |shift| scaled + shift)
}

/// Written out: on ndarray the backward pass of burn's own is that of the approximation.
fn gelu(x: Tensor<3>) -> Tensor<3> {
    x.clone() * ((x * 0.5f64.sqrt()).erf() + 1.0) * 0.5
}

impl Attention {
    fn forward(
        &self,
        hidden: Tensor<3>,
        bias: &Tensor<4>,
        slot: Option<&mut Option<[Tensor<4>; 2]>>,
        bug: Bug,
        n_heads: usize,
        trace: &mut Trace,
    ) -> Tensor<3> {
        let [batch, len, d_model] = hidden.dims();
        let head_dim = d_model / n_heads;
        let split = |x: Tensor<3>| match bug {
            Bug::HeadsAndTimeMixed => x.reshape([batch, n_heads, len, head_dim]),
            _ => x.reshape([batch, len, n_heads, head_dim]).swap_dims(1, 2),
        };
        let (query, mut key, mut value) = (
            split(self.query.forward(hidden.clone())),
            split(self.key.forward(hidden.clone())),
            split(self.value.forward(hidden)),
        );
        if bug == Bug::KeysAndValuesSwapped {
            std::mem::swap(&mut key, &mut value);
        }
        let remembers = slot.is_some();
        if let Some(slot) = slot {
            if let Some([keys, values]) = slot.take() {
                (key, value) = (Tensor::cat(vec![keys, key], 2), Tensor::cat(vec![values, value], 2));
            }
            *slot = Some([key.clone(), value.clone()]);
        }
        let (mut bias, kept) = (bias.clone(), key.dims()[2]);
        if bug == Bug::CacheOverflows && remembers && kept > CAPACITY {
            (key, value) = (overwritten(key, 2), overwritten(value, 2));
            bias = overwritten(bias, 3);
        }
        let width = if bug == Bug::ScaleByWidth { d_model } else { head_dim };
        let scale = if bug == Bug::NoScores { 0.0 } else { (width as f64).powf(-0.5) };
        let mut scores = query.matmul(key.swap_dims(2, 3)) * scale;
        if bug == Bug::ScoresClipped {
            scores = scores.clamp(-50.0, 50.0);
        }
        let scores = scores + bias;
        let weights = softmax(scores.clone(), 3);
        trace.attention(if bug == Bug::ScoresRecorded { &scores } else { &weights });
        let context = weights.matmul(value).swap_dims(1, 2).reshape([batch, len, d_model]);
        self.output.forward(context)
    }
}

/// What [`Bug::CacheOverflows`] has room for: more than other checks read.
const CAPACITY: usize = 12;

/// The newest takes the last place again and again.
fn overwritten(tensor: Tensor<4>, axis: usize) -> Tensor<4> {
    let newest = tensor.dims()[axis] - 1;
    Tensor::cat(vec![tensor.clone().narrow(axis, 0, CAPACITY - 1), tensor.narrow(axis, newest, 1)], axis)
}

/// The bugs of a head that gives rewards.
const REWARDED: [Bug; 3] = [Bug::PairsSwapped, Bug::ComparisonOverflows, Bug::WrongPairsDropped];

impl Network for Toy {
    type Input = TokenBatch;

    fn limits(&self) -> Limits {
        let Config { vocab_size, max_positions, n_token_types, .. } = self.config;
        let told = if self.bug == Bug::PositionsOverstated { max_positions + 1 } else { max_positions };
        Limits::Tokens(TokenLimits { vocab_size, max_positions: Some(told), n_token_types })
    }

    fn patterns(&self) -> Patterns {
        Patterns::alike(self.layers.len(), Pattern::Causal)
    }

    fn forward(&self, batch: TokenBatch, trace: &mut Trace) -> Output {
        let hidden = self.body(&batch, None, trace);
        Output::new(match (self.config.head, &self.classifier) {
            (Head::CausalLm, _) => HeadOutput::NextTokenLogits(self.next_token(hidden)),
            (Head::Labels, Some(classifier)) if REWARDED.contains(&self.bug) => {
                let scores = classifier.forward(self.pooled(hidden, &batch));
                HeadOutput::Reward(scores.narrow(1, 0, 1).squeeze_dim(1))
            }
            (Head::Labels, Some(classifier)) => {
                HeadOutput::LabelLogits(classifier.forward(self.pooled(hidden, &batch)))
            }
            _ => HeadOutput::Hidden(hidden),
        })
    }

    fn causal(&self) -> Option<&dyn CausalNetwork> {
        (self.config.head == Head::CausalLm).then_some(self)
    }
}

impl CausalNetwork for Toy {
    fn start(&self, source: Option<&Input>, _device: &Device) -> Result<Box<dyn Cache>, String> {
        no_source(source)?;
        let slots = Arc::new(Mutex::new(Slots { kept: vec![None; self.layers.len()], len: 0 }));
        Ok(Box::new(ToyCache { slots, bug: self.bug }))
    }

    fn step(&self, batch: TokenBatch, cache: &mut dyn Cache, logits: Logits) -> Result<Tensor<3>> {
        let cache = (cache as &mut dyn Any).downcast_mut::<ToyCache>().expect("the toy's own cache");
        let hidden = self.body(&batch, Some(&mut cache.slots.lock().unwrap()), &mut Trace::off());
        let [rows, len, d_model] = hidden.dims();
        let from = if self.bug == Bug::LastIsFirst { 0 } else { len - 1 };
        Ok(match logits {
            Logits::Every if self.bug == Bug::EveryIsLast => {
                let scores = self.next_token(hidden.slice([0..rows, len - 1..len, 0..d_model]));
                scores.repeat_dim(1, len)
            }
            Logits::Every => self.next_token(hidden),
            Logits::Last => self.next_token(hidden.slice([0..rows, from..from + 1, 0..d_model])),
        })
    }

    fn resume(&self, saved: &mut Saved, device: &Device) -> Result<Box<dyn Cache>, String> {
        let (n_layers, n_heads) = (self.layers.len(), self.config.n_heads);
        let shape = [saved.batch(), n_heads, saved.read(), self.config.d_model / n_heads];
        let mut kept = vec![None; n_layers];
        for (layer, kept) in kept.iter_mut().enumerate().filter(|_| shape[2] > 0) {
            if self.bug == Bug::KeysKeptTwice {
                saved.tensor::<4>(&format!("{layer}.again"), shape, device)?;
            }
            let [key, value] = ["key", "value"].map(|name| saved.tensor(&format!("{layer}.{name}"), shape, device));
            let (key, value) = if self.bug == Bug::KeysResumedAsValues { (value?, key?) } else { (key?, value?) };
            let forgotten = self.bug == Bug::LayerNotSaved && layer == 1;
            *kept = Some([key, if forgotten { value.zeros_like() } else { value }]);
        }
        let slots = Arc::new(Mutex::new(Slots { kept, len: shape[2] }));
        Ok(Box::new(ToyCache { slots, bug: self.bug }))
    }
}
