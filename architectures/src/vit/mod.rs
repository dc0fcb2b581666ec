#![doc = include_str!("README.md")]
//!
//! # Source
//!
//! Dosovitskiy et al. 2020, arXiv 2010.11929, §3.1; the layers are those of arXiv 1706.03762 with their norms moved.

use std::sync::LazyLock;

use burn::module::{Initializer, Module, Param};
use burn::nn::{LayerNorm, Linear};
use burn::tensor::{Device, Tensor};
use serde_json::json;
use zoo_registry::{
    Descriptor, Dir, Family, HeadOutput, ImageBatch, ImageLimits, Lesson, Limits, Network, Output, Trace, WeightNames,
    include_dir,
};

use crate::blocks::{GridPositions, Mlp, MultiHeadAttention, PatchEmbedding, attend, layer_norm, linear};
use crate::lessons::shapes::NameTheShape;

mod config;
mod weights;

pub use config::{Config, HeadKind};
pub(crate) use weights::{BODY, POOLER};

/// The family, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct VitFamily;

/// Patches and a class token, encoder layers, a last norm, and what sits on the class token.
#[derive(Module, Debug)]
pub struct Vit {
    embeddings: VitEmbeddings,
    layers: Vec<VitLayer>,
    norm: LayerNorm,
    pooler: Option<Linear>,
    classifier: Option<Linear>,
    #[module(skip)]
    config: Config,
}

/// A class token and the image's patches, with their positions (equation 1).
#[derive(Module, Debug)]
pub struct VitEmbeddings {
    /// `[1, 1, d_model]`
    class_token: Param<Tensor<3>>,
    patch: PatchEmbedding,
    position: GridPositions,
}

/// One encoder layer, its norms before the sub-layers (equations 2 and 3).
#[derive(Module, Debug)]
pub struct VitLayer {
    attention_norm: LayerNorm,
    attention: MultiHeadAttention,
    mlp_norm: LayerNorm,
    mlp: Mlp,
    scale: f64,
}

impl Network for Vit {
    type Input = ImageBatch;

    fn limits(&self) -> Limits {
        limits(&self.config)
    }

    fn forward(&self, batch: ImageBatch, trace: &mut Trace) -> Output {
        let hidden = encode(self.embeddings.forward(batch), &self.layers, &self.norm, trace);
        let pooled = self.pooler.as_ref().map(|pooler| pool(pooler, &hidden, &self.config));
        match &self.classifier {
            Some(classifier) => {
                let logits = classifier.forward(token(&hidden, 0));
                Output { last_hidden_state: Some(hidden), ..Output::new(HeadOutput::LabelLogits(logits)) }
            }
            None => Output { pooled, ..Output::new(HeadOutput::Hidden(hidden)) },
        }
    }
}

/// Images of whole patches.
pub(crate) fn limits<H>(config: &Config<H>) -> Limits {
    Limits::Images(ImageLimits { channels: config.channels, patch_size: [config.patch_size; 2] })
}

/// z₀ through every layer and the last norm, for all tokens (equations 2 to 4).
///
/// # Shapes
/// `[batch, seq_len, d_model]` → the same
pub(crate) fn encode(mut hidden: Tensor<3>, layers: &[VitLayer], norm: &LayerNorm, trace: &mut Trace) -> Tensor<3> {
    trace.hidden(&hidden);
    for layer in layers {
        hidden = layer.forward(hidden, trace);
        trace.hidden(&hidden);
    }
    norm.forward(hidden)
}

/// `[batch, seq_len, d_model]` → `[batch, d_model]` of the token at `index`.
pub(crate) fn token(hidden: &Tensor<3>, index: usize) -> Tensor<2> {
    hidden.clone().narrow(1, index, 1).squeeze_dim::<2>(1)
}

/// `tanh(y W + b)`: the hidden layer of the pre-training head (§3.1), of the class token.
pub(crate) fn pool<H>(pooler: &Linear, hidden: &Tensor<3>, config: &Config<H>) -> Tensor<2> {
    config.pooler_activation.forward(pooler.forward(token(hidden, 0)))
}

impl VitEmbeddings {
    /// # Shapes
    /// `pixel_values [batch, channels, height, width]` → `[batch, 1 + n_patches, d_model]`
    fn forward(&self, batch: ImageBatch) -> Tensor<3> {
        let (patches, grid) = self.patch.forward(batch.pixel_values);
        let [batch, _, d_model] = patches.dims();
        let class_token = self.class_token.val().expand([batch, 1, d_model]);
        Tensor::cat(vec![class_token, patches], 1) + self.position.forward(grid)
    }
}

impl VitLayer {
    fn forward(&self, hidden: Tensor<3>, trace: &mut Trace) -> Tensor<3> {
        let [query, key, value] = self.attention.project(&self.attention_norm.forward(hidden.clone()));
        let attended = self.attention.merge(attend(query, key, value, self.scale, None, trace));
        let hidden = hidden + attended;
        let expanded = self.mlp.forward(self.mlp_norm.forward(hidden.clone()));
        hidden + expanded
    }
}

impl Family for VitFamily {
    type Config = Config;
    type Network = Vit;

    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: LazyLock<Descriptor> =
            LazyLock::new(|| Descriptor::parse(include_str!("vit.toml")).unwrap_or_else(|error| panic!("{error}")));
        &DESCRIPTOR
    }

    fn folder(&self) -> &Dir<'static> {
        static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/vit");
        &FOLDER
    }

    fn init(&self, config: &Config, device: &Device) -> Vit {
        let Config { head, d_model, n_labels, .. } = *config;
        let pools = head == HeadKind::None && config.pooler;
        let judges = head == HeadKind::ImageClassification;
        Vit {
            embeddings: VitEmbeddings::init(config, device),
            layers: (0..config.n_layers).map(|_| VitLayer::init(config, device)).collect(),
            norm: layer_norm(d_model, config.norm_eps, device),
            pooler: pools.then(|| linear([d_model, config.d_pooled()], INIT_STD, device)),
            classifier: judges.then(|| linear([d_model, n_labels], INIT_STD, device)),
            config: config.clone(),
        }
    }

    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        let sizes = json!({ "head": "image-classification", "patch_size": 4, "d_model": 48, "n_layers": 2, "n_heads": 4,
                            "d_ff": 96 });
        Some(Box::new(NameTheShape::new(sizes)))
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        weights::names(config)
    }
}

/// As the released code draws them: weights, positions and tokens from N(0, 0.02), biases zero.
pub(crate) const INIT_STD: f64 = 0.02;

/// A vector that stands in the place of a token, `[1, 1, d_model]`.
pub(crate) fn special_token(d_model: usize, device: &Device) -> Param<Tensor<3>> {
    Initializer::Normal { mean: 0.0, std: INIT_STD }.init([1, 1, d_model], device)
}

impl VitEmbeddings {
    fn init(config: &Config, device: &Device) -> Self {
        let Config { channels, patch_size, d_model, .. } = *config;
        Self {
            class_token: special_token(d_model, device),
            patch: PatchEmbedding::init([channels, d_model], patch_size, INIT_STD, device),
            position: GridPositions::init([1, config.grid()], d_model, INIT_STD, device),
        }
    }
}

impl VitLayer {
    pub(crate) fn init<H>(config: &Config<H>, device: &Device) -> Self {
        let Config { d_model, d_ff, n_heads, activation, norm_eps, .. } = *config;
        let mut attention = MultiHeadAttention::init(d_model, n_heads, INIT_STD, INIT_STD, device);
        if !config.qkv_bias {
            for map in [&mut attention.query, &mut attention.key, &mut attention.value] {
                map.bias = None;
            }
        }
        Self {
            attention_norm: layer_norm(d_model, norm_eps, device),
            attention,
            mlp_norm: layer_norm(d_model, norm_eps, device),
            mlp: Mlp::init([d_model, d_ff], activation, [INIT_STD; 2], device),
            scale: ((d_model / n_heads) as f64).powf(-0.5),
        }
    }
}
