//! The sizes and choices of a ViT.

use serde::{Deserialize, Serialize};
use zoo_registry::{Problem, Rules};

use crate::blocks::Activation;

/// Defaults are those of ViT-B/16. Families built on ViT have heads `H` of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, bound(deserialize = "H: Default + Deserialize<'de>"))]
pub struct Config<H = HeadKind> {
    /// What sits on the body.
    pub head: H,
    /// Height and width of the images that positions were learnt for, in pixels. Other images get them stretched.
    pub image_size: usize,
    /// Height and width of a patch, in pixels.
    pub patch_size: usize,
    /// Colour channels.
    pub channels: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Encoder layers.
    pub n_layers: usize,
    /// Attention heads; each is `d_model / n_heads` wide.
    pub n_heads: usize,
    /// Inner width of the feed-forward network.
    pub d_ff: usize,
    /// Labels of a classification head.
    pub n_labels: usize,
    /// Non-linearity of the feed-forward network.
    pub activation: Activation,
    /// Added to the variance in every layer norm.
    pub norm_eps: f64,
    /// Queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// The bare body pools the class token. Published weights with a classifier lack this map.
    pub pooler: bool,
    /// Width of the pooled vector. Left open, it is `d_model`.
    pub d_pooled: Option<usize>,
    /// Non-linearity of the pooled vector.
    pub pooler_activation: Activation,
}

/// What sits on the body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// Hidden states and the pooled class token.
    #[default]
    None,
    /// Scores of the image's label.
    ImageClassification,
}

impl<H> Config<H> {
    /// Patches down and across.
    pub fn grid(&self) -> usize {
        self.image_size / self.patch_size
    }

    /// Width of the pooled vector.
    pub fn d_pooled(&self) -> usize {
        self.d_pooled.unwrap_or(self.d_model)
    }
}

impl<H: Default> Default for Config<H> {
    fn default() -> Self {
        Self {
            head: H::default(),
            image_size: 224,
            patch_size: 16,
            channels: 3,
            d_model: 768,
            n_layers: 12,
            n_heads: 12,
            d_ff: 3072,
            n_labels: 2,
            activation: Activation::Gelu,
            norm_eps: 1e-12,
            qkv_bias: true,
            pooler: true,
            d_pooled: None,
            pooler_activation: Activation::Tanh,
        }
    }
}

/// No published model comes near; beyond it, products with a width would leave 64 bits.
const MOST_PATCHES: usize = 1 << 24;
/// Numbers in one patch, for the same reason.
const LARGEST_PATCH: usize = 1 << 24;

impl<H> zoo_registry::Config for Config<H>
where
    H: Default + Serialize + serde::de::DeserializeOwned + Send + Sync,
{
    fn problems(&self) -> Vec<Problem> {
        let patches = (self.image_size / self.patch_size.max(1)).saturating_pow(2);
        let in_a_patch = self.patch_size.saturating_pow(2).saturating_mul(self.channels);
        Rules::new()
            .size("image_size", self.image_size)
            .size("patch_size", self.patch_size)
            .size("channels", self.channels)
            .divides(("patch_size", self.patch_size), ("image_size", self.image_size))
            .require(patches <= MOST_PATCHES, "image_size", || {
                format!("must hold at most {MOST_PATCHES} patches, found {patches}")
            })
            .require(in_a_patch <= LARGEST_PATCH, "patch_size", || {
                format!("must hold at most {LARGEST_PATCH} numbers over all `channels`, found {in_a_patch}")
            })
            .size("d_model", self.d_model)
            .layers("n_layers", self.n_layers)
            .size("n_heads", self.n_heads)
            .divides(("n_heads", self.n_heads), ("d_model", self.d_model))
            .size("d_ff", self.d_ff)
            .size("n_labels", self.n_labels)
            .size("d_pooled", self.d_pooled.unwrap_or(1))
            .positive("norm_eps", self.norm_eps)
            .broken()
    }

    fn settled(self) -> Self {
        Self { d_pooled: Some(self.d_pooled()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zoo_registry::Config as _;

    #[test]
    fn bad_sizes_name_the_field() {
        let told = |config: Config| config.problems().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let base = Config::<HeadKind>::default;
        assert_eq!(told(base()), "");
        let told_patch = told(Config { image_size: 225, ..base() });
        assert_eq!(told_patch, "`patch_size`: must divide `image_size`: 225 / 16 leaves 1");
        assert!(told(Config { patch_size: 0, ..base() }).contains("`patch_size`: must be between 1"));
        let huge = Config { image_size: 1 << 31, patch_size: 1, ..base() };
        assert!(told(huge).contains("`image_size`: must hold at most 16777216 patches"));
        let huge = Config { image_size: 1 << 30, patch_size: 1 << 30, ..base() };
        assert!(told(huge).contains("`patch_size`: must hold at most 16777216 numbers"));
        assert!(told(Config { channels: usize::MAX, patch_size: 224, ..base() }).contains("`channels`"));
    }
}
