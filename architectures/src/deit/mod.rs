#![doc = include_str!("README.md")]
//!
//! # Source
//!
//! Touvron et al. 2020, arXiv 2012.12877, §4; the network is that of arXiv 2010.11929.

use std::sync::LazyLock;

use burn::module::{Module, Param};
use burn::nn::LayerNorm;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::json;
use zoo_registry::{
    Descriptor, Dir, Family, HeadOutput, ImageBatch, Lesson, Limits, Network, Output, Pattern, Patterns, Row, Trace,
    WeightNames, include_dir,
};

use crate::blocks::{GridPositions, Linear, PatchEmbedding, layer_norm, linear};
use crate::lessons::shapes::NameTheShape;
use crate::vit::{self, INIT_STD, VitLayer, encode, pool, special_token, token};

/// The family, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct DeitFamily;

/// The sizes and choices of a ViT, with DeiT's heads.
pub type Config = vit::Config<HeadKind>;

/// What sits on the body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// Hidden states and the pooled class token.
    #[default]
    None,
    /// Scores of the image's label, from the class token.
    ImageClassification,
    /// Scores from the class token and from the distillation token, and their mean.
    DistilledImageClassification,
}

/// ViT with one token more.
#[derive(Module, Debug)]
pub struct Deit {
    embeddings: DeitEmbeddings,
    layers: Vec<VitLayer>,
    norm: LayerNorm,
    pooler: Option<Linear>,
    classifier: Option<Linear>,
    distillation_classifier: Option<Linear>,
    #[module(skip)]
    config: Config,
}

/// A class token, a distillation token and the image's patches, with their positions (§4, figure 2).
#[derive(Module, Debug)]
pub struct DeitEmbeddings {
    /// `[1, 1, d_model]`
    class_token: Param<Tensor<3>>,
    /// `[1, 1, d_model]`
    distillation_token: Param<Tensor<3>>,
    patch: PatchEmbedding,
    position: GridPositions,
}

/// Where the two tokens stand.
const CLASS: usize = 0;
const DISTILLATION: usize = 1;

impl Network for Deit {
    type Input = ImageBatch;

    fn limits(&self) -> Limits {
        vit::limits(&self.config)
    }

    fn patterns(&self) -> Patterns {
        Patterns::alike(self.layers.len(), Pattern::Full)
    }

    fn forward(&self, batch: ImageBatch, trace: &mut Trace) -> Output {
        let hidden = encode(self.embeddings.forward(batch), &self.layers, &self.norm, trace);
        let judged = |by: &Option<Linear>, at| by.as_ref().map(|by| by.forward(token(&hidden, at)));
        let head = match (judged(&self.classifier, CLASS), judged(&self.distillation_classifier, DISTILLATION)) {
            (Some(class), Some(distillation)) => HeadOutput::DistilledLabelLogits { class, distillation },
            (Some(class), None) => HeadOutput::LabelLogits(class),
            (None, _) => {
                let pooled = self.pooler.as_ref().map(|pooler| pool(pooler, &hidden, &self.config));
                return Output { pooled, ..Output::new(HeadOutput::Hidden(hidden)) };
            }
        };
        Output { last_hidden_state: Some(hidden), ..Output::new(head) }
    }
}

impl DeitEmbeddings {
    /// # Shapes
    /// `pixel_values [batch, channels, height, width]` → `[batch, 2 + n_patches, d_model]`
    fn forward(&self, batch: ImageBatch) -> Tensor<3> {
        let (patches, grid) = self.patch.forward(batch.pixel_values);
        let [batch, _, d_model] = patches.dims();
        let [class, distillation] =
            [&self.class_token, &self.distillation_token].map(|token| token.val().expand([batch, 1, d_model]));
        Tensor::cat(vec![class, distillation, patches], 1) + self.position.forward(grid)
    }
}

impl Family for DeitFamily {
    type Config = Config;
    type Network = Deit;

    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: LazyLock<Descriptor> =
            LazyLock::new(|| Descriptor::parse(include_str!("deit.toml")).unwrap_or_else(|error| panic!("{error}")));
        &DESCRIPTOR
    }

    fn folder(&self) -> &Dir<'static> {
        static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/deit");
        &FOLDER
    }

    fn blocks(&self) -> Option<&'static Dir<'static>> {
        Some(&crate::blocks::SOURCES)
    }

    fn init(&self, config: &Config, device: &Device) -> Deit {
        let Config { head, d_model, n_labels, .. } = *config;
        let map = |there: bool, width| there.then(|| linear([d_model, width], INIT_STD, device));
        let distilled = head == HeadKind::DistilledImageClassification;
        Deit {
            embeddings: DeitEmbeddings::init(config, device),
            layers: (0..config.n_layers).map(|_| VitLayer::init(config, device)).collect(),
            norm: layer_norm(d_model, config.norm_eps, device),
            pooler: map(head == HeadKind::None && config.pooler, config.d_pooled()),
            classifier: map(head != HeadKind::None, n_labels),
            distillation_classifier: map(distilled, n_labels),
            config: config.clone(),
        }
    }

    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        let sizes = json!({ "head": "distilled-image-classification", "patch_size": 4, "d_model": 48, "n_layers": 2,
                            "n_heads": 4, "d_ff": 96 });
        Some(Box::new(NameTheShape::new(sizes)))
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        let pooler = if config.head == HeadKind::None && config.pooler { vit::POOLER } else { Row::drop("pooler") };
        let body = WeightNames::new("deit.", vit::BODY.into_iter().chain([DISTILLATION_TOKEN, pooler]));
        match config.head {
            HeadKind::None => body.ignoring(HEADS.map(Row::drop)),
            HeadKind::ImageClassification => {
                body.with_head([Row::transposed("classifier", &["classifier"])]).ignoring(TEACHER.map(Row::drop))
            }
            HeadKind::DistilledImageClassification => body.with_head([
                Row::transposed("cls_classifier", &["classifier"]),
                Row::transposed("distillation_classifier", &["distillation_classifier"]),
            ]),
        }
    }
}

const DISTILLATION_TOKEN: Row = Row::same("embeddings.distillation_token", &["embeddings.distillation_token"]);
/// Top-level names of heads: a checkpoint may bring others than the one that is wanted.
const HEADS: [&str; 3] = ["classifier", "cls_classifier", "distillation_classifier"];
const TEACHER: [&str; 2] = ["cls_classifier", "distillation_classifier"];

impl DeitEmbeddings {
    fn init(config: &Config, device: &Device) -> Self {
        let Config { channels, patch_size, d_model, .. } = *config;
        Self {
            class_token: special_token(d_model, device),
            distillation_token: special_token(d_model, device),
            patch: PatchEmbedding::init([channels, d_model], patch_size, INIT_STD, device),
            position: GridPositions::init([2, config.grid()], d_model, INIT_STD, device),
        }
    }
}
