#![doc = include_str!("README.md")]
//!
//! # Source
//!
//! Dosovitskiy et al. 2020, arXiv 2010.11929, §3.1; the layers are those of arXiv 1706.03762 with their norms moved.

use std::sync::LazyLock;

use burn::module::{Module, Param};
use burn::nn::LayerNorm;
use burn::tensor::{Device, Tensor};
use serde_json::json;
use zoo_registry::{
    Descriptor, Dir, Family, HeadOutput, ImageBatch, ImageLimits, Lesson, Limits, Network, Output, Pattern, Patterns,
    Trace, WeightNames, include_dir,
};

use crate::blocks::{
    GridPositions, Linear, Mlp, MultiHeadAttention, PatchEmbedding, attend, layer_norm, linear, normal,
};
use crate::lessons::shapes::NameTheShape;

mod config;
mod weights;

pub use config::{Config, HeadKind};
pub use weights::{BODY, POOLER};

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

    fn patterns(&self) -> Patterns {
        Patterns::alike(self.layers.len(), Pattern::Full)
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
pub fn limits<H>(config: &Config<H>) -> Limits {
    Limits::Images(ImageLimits { channels: config.channels, patch_size: [config.patch_size; 2] })
}

/// z₀ through every layer and the last norm, for all tokens (equations 2 to 4).
///
/// # Shapes
/// `[batch, seq_len, d_model]` → the same
pub fn encode(mut hidden: Tensor<3>, layers: &[VitLayer], norm: &LayerNorm, trace: &mut Trace) -> Tensor<3> {
    trace.hidden(&hidden);
    for layer in layers {
        hidden = layer.forward(hidden, trace);
        trace.hidden(&hidden);
    }
    norm.forward(hidden)
}

/// `[batch, seq_len, d_model]` → `[batch, d_model]` of the token at `index`.
pub fn token(hidden: &Tensor<3>, index: usize) -> Tensor<2> {
    hidden.clone().narrow(1, index, 1).squeeze_dim::<2>(1)
}

/// `tanh(y W + b)`: the hidden layer of the pre-training head (§3.1), of the class token.
pub fn pool<H>(pooler: &Linear, hidden: &Tensor<3>, config: &Config<H>) -> Tensor<2> {
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

    fn blocks(&self) -> Option<&'static Dir<'static>> {
        Some(&crate::blocks::SOURCES)
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

/// As Hugging Face's code draws them: weights, positions and tokens from N(0, 0.02), biases zero. Differs: the authors' code
/// draws maps uniformly (Glorot and Bengio 2010) and starts the class token and the classifier at zero.
pub const INIT_STD: f64 = 0.02;

/// A vector that stands in the place of a token, `[1, 1, d_model]`.
pub fn special_token(d_model: usize, device: &Device) -> Param<Tensor<3>> {
    normal([1, 1, d_model], INIT_STD, device)
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
    /// A layer of the sizes in `config`.
    pub fn init<H>(config: &Config<H>, device: &Device) -> Self {
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

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use zoo_registry::input::Images;
    use zoo_registry::output::Record;
    use zoo_registry::weights::MemoryWeights;
    use zoo_registry::{Input, Model, registry};

    /// Side of the image and of a patch, in pixels, and channels.
    const SIDES: [usize; 2] = [6, 2];
    const CHANNELS: usize = 2;
    const PATCHES: usize = 9;

    fn model() -> Box<dyn Model> {
        let sizes = ["head=image-classification", "d_model=8", "n_heads=2", "d_ff=12", "n_layers=2", "n_labels=3"];
        let image = [format!("image_size={}", SIDES[0]), format!("patch_size={}", SIDES[1])];
        let sizes: Vec<String> = sizes.map(String::from).into_iter().chain(image).collect();
        let sizes = [sizes, vec![format!("channels={CHANNELS}")]].concat();
        let zoo = crate::registry();
        let config = zoo.resolve("vit").unwrap().config(&sizes).unwrap();
        let mut model = registry::build(&super::VitFamily, &config, "flex").unwrap();
        model.init(1);
        // Initial weights are so small that nothing moves anything.
        let louder = |data: TensorData| {
            let numbers: Vec<f32> = data.iter::<f32>().map(|x| if x == 1.0 { x } else { 30.0 * x }).collect();
            TensorData::new(numbers, data.shape().to_vec())
        };
        let weights: MemoryWeights = model.weights().into_iter().map(|(name, data)| (name, louder(data))).collect();
        model.load(&weights).unwrap();
        model
    }

    fn image() -> Images {
        let dims = [1, CHANNELS, SIDES[0], SIDES[0]];
        let pixel_values = (0..dims.iter().product()).map(|at: usize| ((at * 37) % 19) as f32 / 9.0 - 1.0).collect();
        Images { dims, pixel_values }
    }

    /// The image whose patch `at` is patch `order[at]` of this one.
    fn rearranged(Images { dims, pixel_values }: &Images, order: [usize; PATCHES]) -> Images {
        let [side, patch] = SIDES;
        let across = side / patch;
        let mut moved = pixel_values.clone();
        for channel in 0..CHANNELS {
            for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
                let from = order[y / patch * across + x / patch];
                let (from_y, from_x) = (from / across * patch + y % patch, from % across * patch + x % patch);
                moved[(channel * side + y) * side + x] = pixel_values[(channel * side + from_y) * side + from_x];
            }
        }
        Images { dims: *dims, pixel_values: moved }
    }

    fn logits(model: &dyn Model, images: &Images) -> Vec<f32> {
        let output = model.forward(&Input::Images(images.clone()), Record::NOTHING).unwrap();
        output.head.label_logits().unwrap().into_data().iter().collect()
    }

    /// Equation 1 ties a position to a patch and nothing else does.
    #[test]
    fn patches_and_positions_move_together() {
        const ORDER: [usize; PATCHES] = [4, 0, 8, 1, 7, 2, 3, 6, 5];
        let (mut model, still) = (model(), image());
        let moved = rearranged(&still, ORDER);
        let before = logits(model.as_ref(), &still);
        let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart(&before, &logits(model.as_ref(), &moved)) > 0.1, "patches alone move the answer");

        let name = "vit.embeddings.position_embeddings";
        let weights = model.weights().into_iter().map(|(path, data)| {
            if path != name {
                return (path, data);
            }
            let (numbers, shape) = (data.iter::<f32>().collect::<Vec<f32>>(), data.shape().to_vec());
            let width = shape[2];
            let row = |at: usize| &numbers[at * width..][..width];
            let rows = ORDER.iter().flat_map(|&from| row(1 + from));
            (path, TensorData::new(row(0).iter().chain(rows).copied().collect::<Vec<f32>>(), shape))
        });
        let weights: MemoryWeights = weights.collect();
        model.load(&weights).unwrap();
        assert!(apart(&before, &logits(model.as_ref(), &still)) > 0.1, "positions alone move the answer");
        let both = logits(model.as_ref(), &moved);
        assert!(apart(&before, &both) < 1e-5, "{before:?} became {both:?}");
    }
}
