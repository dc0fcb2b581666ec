//! A model as everything outside its family sees it.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use serde_json::{Map, Value};

use crate::batch::{FromInput, Limits, TokenBatch, TokenLimits};
use crate::config;
use crate::decode::{Cache, CausalNetwork, Decode, DecodeState, Logits};
use crate::descriptor::Descriptor;
use crate::error::{Error, Result};
use crate::input::{Input, Tokens};
use crate::modules::ModuleTree;
use crate::network::{self, EachParameter, Network, OnParameter};
use crate::output::{Output, Record, Trace};
use crate::pattern::Patterns;
use crate::state;
use crate::threads;
#[cfg(feature = "train")]
use crate::train::{Train, Trainer};
use crate::weights::{self, LoadReport, WeightNames, WeightSource};

/// A model on its device: run it, load it, save it, look inside.
pub trait Model: Send + Sync {
    /// Id of its architecture.
    fn architecture(&self) -> &str;

    /// Every field of its configuration.
    fn config(&self) -> &Map<String, Value>;

    /// What inputs are checked against.
    fn limits(&self) -> Limits;

    /// Whom each layer's tokens may look at, as the family declares it.
    fn patterns(&self) -> Patterns;

    /// Runs the model. `record` says what to keep besides the head's answer.
    ///
    /// # Errors
    /// [`Error::Input`] if the input is of another kind, or leaves the model's ranges.
    fn forward(&self, input: &Input, record: Record) -> Result<Output>;

    /// What it is made of. Costs no allocation.
    fn modules(&self) -> ModuleTree;

    /// Its weight table.
    fn weight_names(&self) -> &WeightNames;

    /// Draws every parameter from the family's initialisers, in declaration order: one seed, one model.
    fn init(&mut self, seed: u64);

    /// Fills every parameter. All or nothing.
    ///
    /// # Errors
    /// [`Error::Weights`] with a full report if something is missing or does not fit.
    fn load(&mut self, weights: &dyn WeightSource) -> Result<LoadReport>;

    /// Its parameters under their published names, f32.
    fn weights(&self) -> BTreeMap<String, TensorData>;

    /// Its parameters under our own paths, those of [`modules`](Self::modules).
    fn parameters(&self) -> BTreeMap<String, TensorData>;

    /// Writes `to`, a `.safetensors` file, or a folder with `model.safetensors` and `config.json`, in the published names.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::WeightFile`].
    fn save(&self, to: &Path) -> Result<()>;

    /// The model as a writer of text, if it is one.
    fn decoder(&self) -> Option<&dyn Decode>;

    /// Writes what its decoder remembers to `to`, a `.safetensors` file that says which model and configuration it belongs to.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::WeightFile`].
    fn save_state(&self, state: &DecodeState, to: &Path) -> Result<()>;

    /// Reads a state that [`save_state`](Self::save_state) wrote, to go on from. That the weights are still those it was written
    /// with is for the caller to know.
    ///
    /// # Errors
    /// [`Error::State`] if another model or configuration wrote it, or what it holds does not fit; [`Error::Unsupported`],
    /// [`Error::Io`], [`Error::WeightFile`].
    fn resume(&self, from: &Path) -> Result<DecodeState>;

    /// The model in training.
    #[cfg(feature = "train")]
    fn trainer(self: Box<Self>) -> Box<dyn Train>;
}

/// A network with what it needs to be a [`Model`].
pub(crate) struct Running<N> {
    pub(crate) network: N,
    pub(crate) descriptor: Descriptor,
    pub(crate) config: Map<String, Value>,
    pub(crate) names: WeightNames,
    pub(crate) device: Device,
    /// Whether this machine's threads share its work: it is large, and they compute it.
    pub(crate) is_shared: bool,
}

/// Parameters from which on a network is large. Smaller ones leave the threads alone, which spin for a while whenever they have been called.
pub(crate) const LARGE: u64 = 1_000_000;

impl<N: Network> Running<N> {
    /// Has the network compute, a large one among the threads that share the work.
    fn run<T: Send>(&self, compute: impl FnOnce() -> T + Send) -> T {
        if self.is_shared { threads::inside(compute) } else { compute() }
    }

    fn causal(&self) -> Result<&dyn CausalNetwork> {
        let lacks = || "does not write text with this head".to_owned();
        self.network.causal().ok_or_else(|| Error::Unsupported { model: self.descriptor.id.clone(), lacks: lacks() })
    }

    /// Whether a state must keep which of its tokens were padding: for the cache, or to count positions.
    fn needs_past(&self, cache: &dyn Cache) -> bool {
        cache.needs_past_mask() || self.limits().tokens().is_none_or(|limits| limits.max_positions.is_some())
    }

    pub(crate) fn refuse(&self, reason: String) -> Error {
        Error::Input { model: self.descriptor.id.clone(), reason }
    }
}

impl<N: Network> Model for Running<N> {
    fn architecture(&self) -> &str {
        &self.descriptor.id
    }

    fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    fn limits(&self) -> Limits {
        self.network.limits()
    }

    fn patterns(&self) -> Patterns {
        self.network.patterns()
    }

    fn forward(&self, input: &Input, record: Record) -> Result<Output> {
        let input = N::Input::from_input(input, &self.limits(), &self.device).map_err(|reason| self.refuse(reason))?;
        let mut trace = Trace::new(record);
        let output = self.run(|| self.network.forward(input, &mut trace));
        Ok(trace.finish(output))
    }

    fn modules(&self) -> ModuleTree {
        network::modules(&self.network)
    }

    fn weight_names(&self) -> &WeightNames {
        &self.names
    }

    fn init(&mut self, seed: u64) {
        struct Draw;
        impl OnParameter for Draw {
            fn parameter<const D: usize>(&mut self, _path: String, param: &Param<Tensor<D>>) {
                param.val();
            }
        }
        self.device.seed(seed);
        EachParameter::of(&self.network, Draw);
    }

    fn load(&mut self, source: &dyn WeightSource) -> Result<LoadReport> {
        let modules = self.modules();
        let (network, report) =
            weights::load(self.network.clone(), &modules, &self.names, source, &self.descriptor.id)?;
        self.network = network;
        Ok(report)
    }

    fn weights(&self) -> BTreeMap<String, TensorData> {
        weights::publish(&self.names, parameters(&self.network))
    }

    fn parameters(&self) -> BTreeMap<String, TensorData> {
        parameters(&self.network)
    }

    fn save(&self, to: &Path) -> Result<()> {
        if to.extension().is_some_and(|extension| extension == "safetensors") {
            return weights::save(to, &self.weights());
        }
        std::fs::create_dir_all(to).map_err(Error::io(to))?;
        weights::save(&to.join("model.safetensors"), &self.weights())?;
        let published = config::to_published(&self.descriptor, &self.config);
        let path = to.join("config.json");
        let mut text = serde_json::to_string_pretty(&published).unwrap_or_default();
        text.push('\n');
        std::fs::write(&path, text).map_err(Error::io(&path))
    }

    fn decoder(&self) -> Option<&dyn Decode> {
        self.network.causal().is_some().then_some(self)
    }

    fn save_state(&self, state: &DecodeState, to: &Path) -> Result<()> {
        state::write(state, (&self.descriptor.id, &self.config), to)
    }

    fn resume(&self, from: &Path) -> Result<DecodeState> {
        let model = &self.descriptor.id;
        let refuse = |reason| state::refused(model, from, reason);
        let causal = self.causal()?;
        let state::Read { seen, mut saved } = state::read((model, &self.config), from)?;
        let cache = causal.resume(&mut saved, &self.device).map_err(refuse)?;
        state::all_taken(&saved).map_err(refuse)?;
        let needs_past = self.needs_past(cache.as_ref()) && saved.read() > 0;
        if seen.is_some() != needs_past {
            return Err(refuse("it does not say which tokens were padding, or says it needlessly".into()));
        }
        Ok(DecodeState { batch: saved.batch(), len: saved.read(), seen, cache })
    }

    #[cfg(feature = "train")]
    fn trainer(self: Box<Self>) -> Box<dyn Train> {
        Box::new(Trainer::new(*self))
    }
}

impl<N: Network> Decode for Running<N> {
    fn start(&self, batch: usize, source: Option<&Input>) -> Result<DecodeState> {
        let causal = self.causal()?;
        if batch == 0 {
            return Err(self.refuse("expected at least one text".into()));
        }
        if let Some(Input::Tokens(source)) = source {
            let texts = source.input_ids.dims()[0];
            if texts != batch {
                return Err(self.refuse(format!("expected as many sources as texts, {batch}, found {texts}")));
            }
        }
        let cache = causal.start(source, &self.device).map_err(|reason| self.refuse(reason))?;
        Ok(DecodeState::new(batch, cache))
    }

    fn advance(&self, state: &mut DecodeState, tokens: &Tokens, logits: Logits) -> Result<Tensor<3>> {
        if tokens.input_ids.dims()[0] != state.batch {
            let found = tokens.input_ids.dims()[0];
            return Err(self.refuse(format!("expected a batch of {} like the state, found {found}", state.batch)));
        }
        let batch = TokenBatch::continued(tokens, state.seen.as_ref(), &self.token_limits()?, &self.device)
            .map_err(|reason| self.refuse(reason))?;
        let cache = state.cache.as_mut();
        let scores = self.run(|| self.causal()?.step(batch, cache, logits))?;
        state.note(&tokens.mask(), self.needs_past(state.cache.as_ref()));
        Ok(scores)
    }

    fn token_limits(&self) -> Result<TokenLimits> {
        let lacks = || Error::Unsupported { model: self.descriptor.id.clone(), lacks: "writes no text".into() };
        self.limits().tokens().cloned().ok_or_else(lacks)
    }
}

/// Every parameter by our path, on the host.
pub(crate) fn parameters<M: Module>(module: &M) -> BTreeMap<String, TensorData> {
    struct Read(BTreeMap<String, TensorData>);
    impl OnParameter for Read {
        fn parameter<const D: usize>(&mut self, path: String, param: &Param<Tensor<D>>) {
            self.0.insert(path, param.val().into_data());
        }
    }
    EachParameter::of(module, Read(BTreeMap::new())).0
}
