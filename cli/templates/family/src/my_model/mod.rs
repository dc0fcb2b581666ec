#![doc = include_str!("README.md")]

use std::sync::LazyLock;

use burn::module::Module;
use burn::nn::{Embedding, LayerNorm};
use burn::tensor::{Device, Tensor};
use zoo_architectures::blocks::{
    Mlp, MultiHeadAttention, embedding, hidden_once, layer_norm, padding_bias, tied_logits,
};
use zoo_registry::{
    Descriptor, Dir, Family, HeadOutput, Limits, Network, Output, Pattern, Patterns, TokenBatch, TokenLimits, Trace,
    WeightNames, include_dir,
};

mod config;
mod weights;

pub use config::{Config, HeadKind};

/// The family, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct MyModelFamily;

/// Embeddings, layers, a last norm.
#[derive(Module, Debug)]
pub struct MyModel {
    token: Embedding,
    position: Embedding,
    layers: Vec<MyModelLayer>,
    norm: LayerNorm,
    #[module(skip)]
    config: Config,
}

/// One layer, its norms before the sub-layers.
#[derive(Module, Debug)]
pub struct MyModelLayer {
    attention_norm: LayerNorm,
    attention: MultiHeadAttention,
    mlp_norm: LayerNorm,
    mlp: Mlp,
}

impl Network for MyModel {
    type Input = TokenBatch;

    fn limits(&self) -> Limits {
        let Config { vocab_size, max_positions, .. } = self.config;
        Limits::Tokens(TokenLimits { vocab_size, max_positions: Some(max_positions), n_token_types: 1 })
    }

    fn patterns(&self) -> Patterns {
        Patterns::alike(self.layers.len(), Pattern::Full)
    }

    fn forward(&self, batch: TokenBatch, trace: &mut Trace) -> Output {
        let bias = batch.attention_mask.clone().map(padding_bias).map(hidden_once);
        let mut hidden = self.token.forward(batch.input_ids) + self.position.forward(batch.position_ids);
        trace.hidden(&hidden);
        for layer in &self.layers {
            hidden = layer.forward(hidden, bias.clone(), trace);
            trace.hidden(&hidden);
        }
        let hidden = self.norm.forward(hidden);
        Output::new(match self.config.head {
            HeadKind::None => HeadOutput::Hidden(hidden),
            HeadKind::MaskedLm => HeadOutput::TokenLogits(tied_logits(hidden, &self.token)),
        })
    }
}

impl MyModelLayer {
    /// # Shapes
    /// `hidden [batch, seq_len, d_model]`, `bias [batch|1, n_heads|1, q_len|1, kv_len]` → as `hidden`
    fn forward(&self, hidden: Tensor<3>, bias: Option<Tensor<4>>, trace: &mut Trace) -> Tensor<3> {
        let attended = self.attend(self.attention_norm.forward(hidden.clone()), bias, trace);
        let hidden = hidden + attended;
        let expanded = self.mlp.forward(self.mlp_norm.forward(hidden.clone()));
        hidden + expanded
    }

    /// TODO: attention. It returns its input so far, so no token sees another. `self.attention` projects to queries, keys and
    /// values and merges the heads; `zoo_architectures::blocks::attend` is softmax(scale · Q Kᵀ + bias) V.
    fn attend(&self, hidden: Tensor<3>, _bias: Option<Tensor<4>>, _trace: &mut Trace) -> Tensor<3> {
        hidden
    }
}

impl Family for MyModelFamily {
    type Config = Config;
    type Network = MyModel;

    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: LazyLock<Descriptor> =
            LazyLock::new(|| Descriptor::parse(include_str!("my-model.toml")).unwrap_or_else(|error| panic!("{error}")));
        &DESCRIPTOR
    }

    fn folder(&self) -> &Dir<'static> {
        static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/my_model");
        &FOLDER
    }

    fn init(&self, config: &Config, device: &Device) -> MyModel {
        let Config { vocab_size, d_model, max_positions, norm_eps, .. } = *config;
        MyModel {
            token: embedding([vocab_size, d_model], INIT_STD, device),
            position: embedding([max_positions, d_model], INIT_STD, device),
            layers: (0..config.n_layers).map(|_| MyModelLayer::init(config, device)).collect(),
            norm: layer_norm(d_model, norm_eps, device),
            config: config.clone(),
        }
    }

    fn weight_names(&self, _config: &Config) -> WeightNames {
        weights::names()
    }
}

/// How wide the initial weights are drawn: what the paper says.
const INIT_STD: f64 = 0.02;

impl MyModelLayer {
    fn init(config: &Config, device: &Device) -> Self {
        let Config { d_model, n_heads, d_ff, activation, norm_eps, .. } = *config;
        Self {
            attention_norm: layer_norm(d_model, norm_eps, device),
            attention: MultiHeadAttention::init(d_model, n_heads, INIT_STD, INIT_STD, device),
            mlp_norm: layer_norm(d_model, norm_eps, device),
            mlp: Mlp::init([d_model, d_ff], activation, [INIT_STD; 2], device),
        }
    }
}
