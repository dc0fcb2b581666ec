#![doc = include_str!("README.md")]
//!
//! # Source
//!
//! Brown et al. 2020, *Language Models are Few-Shot Learners*, arXiv 2005.14165, §2.1 and table 2.1.

use std::sync::LazyLock;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zoo_registry::{Descriptor, Dir, Family, Lesson, Problem, Rules, WeightNames, include_dir};

use crate::blocks::Activation;
use crate::gpt2::{self, Gpt2, Gpt2Family, HeadKind};
use crate::lessons::grammar::Continue;

/// The family, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct Gpt3Family;

/// Defaults are those of the smallest size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What sits on the body.
    pub head: HeadKind,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// Width of the hidden states. The feed-forward network is four times as wide.
    pub d_model: usize,
    /// Decoder layers. The first looks back at everything, the second through its window, and so on in turn.
    pub n_layers: usize,
    /// Attention heads.
    pub n_heads: usize,
    /// Width of a head. All heads together need not be as wide as the model.
    pub head_dim: usize,
    /// Longest text in tokens.
    pub max_positions: usize,
    /// Positions a token sees in every second layer, itself included.
    pub window_size: usize,
    /// Added to the variance in every layer norm.
    pub norm_eps: f64,
}

impl Config {
    /// What GPT-2 calls the same. Its width of a head is left to the network.
    fn gpt2(&self) -> gpt2::Config {
        let Self { head, vocab_size, d_model, n_layers, n_heads, max_positions, norm_eps, .. } = *self;
        gpt2::Config {
            head,
            vocab_size,
            d_model,
            n_layers,
            n_heads,
            d_ff: Some(d_model.saturating_mul(4)),
            max_positions,
            activation: Activation::GeluTanh,
            norm_eps,
            tied: true,
            scale_by_width: true,
            scale_by_depth: false,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            head: HeadKind::CausalLm,
            vocab_size: 50_257,
            d_model: 768,
            n_layers: 12,
            n_heads: 12,
            head_dim: 64,
            max_positions: 2048,
            window_size: WINDOW,
            norm_eps: 1e-5,
        }
    }
}

/// The paper prints no window. This is the one of GPT-Neo, which was made after GPT-3.
const WINDOW: usize = 256;

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        let (inner, heads) = (self.d_model.saturating_mul(4), self.n_heads.saturating_mul(self.head_dim));
        Rules::new()
            .size("vocab_size", self.vocab_size)
            .size("d_model", self.d_model)
            .require(inner <= LARGEST, "d_model", || {
                format!("makes an inner width of {inner}, expected at most {LARGEST}")
            })
            .layers("n_layers", self.n_layers)
            .size("n_heads", self.n_heads)
            .size("head_dim", self.head_dim)
            .require(heads <= LARGEST, "head_dim", || {
                format!("makes heads of {heads} together, expected at most {LARGEST}")
            })
            .size("max_positions", self.max_positions)
            .size("window_size", self.window_size)
            .positive("norm_eps", self.norm_eps)
            .broken()
    }
}

/// As for every other size.
const LARGEST: usize = 1 << 31;

impl Family for Gpt3Family {
    type Config = Config;
    type Network = Gpt2;

    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: LazyLock<Descriptor> =
            LazyLock::new(|| Descriptor::parse(include_str!("gpt3.toml")).unwrap_or_else(|error| panic!("{error}")));
        &DESCRIPTOR
    }

    fn folder(&self) -> &Dir<'static> {
        static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/gpt3");
        &FOLDER
    }

    fn blocks(&self) -> Option<&'static Dir<'static>> {
        Some(&crate::blocks::SOURCES)
    }

    fn init(&self, config: &Config, device: &Device) -> Gpt2 {
        Gpt2::new(&config.gpt2(), config.head_dim, Some(config.window_size), device)
    }

    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        let sizes = json!({ "d_model": 48, "n_layers": 2, "n_heads": 3, "head_dim": 12, "max_positions": 24, "window_size": 4 });
        Some(Box::new(Continue::new(sizes)))
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        Gpt2Family.weight_names(&config.gpt2())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use zoo_registry::output::Record;
    use zoo_registry::weights::MemoryWeights;
    use zoo_registry::{Architecture, Model, Output, Rows, Tokens};

    const LEN: usize = 9;

    fn build(family: &dyn Architecture, config: &Value) -> Box<dyn Model> {
        family.build(config.as_object().unwrap(), &Device::flex()).unwrap()
    }

    fn run(model: &dyn Model) -> Output {
        let ids: Vec<i64> = (0..LEN as i64).map(|at| 7 * at % 31).collect();
        let tokens = Tokens::new(Rows::new(&[ids]).unwrap());
        model.forward(&tokens.into(), Record::ALL).unwrap()
    }

    fn small(window_size: usize) -> Value {
        json!({ "vocab_size": 31, "d_model": 12, "n_layers": 4, "n_heads": 3, "head_dim": 4, "max_positions": 16,
                "window_size": window_size })
    }

    #[test]
    fn every_second_layer_sees_its_window_and_nothing_else() {
        for window in 1..=LEN + 1 {
            let output = run(build(&Gpt3Family, &small(window)).as_ref());
            for (layer, weights) in output.attentions.iter().enumerate() {
                let weights: Vec<f32> = weights.to_data().iter().collect();
                for (at, weight) in weights.iter().enumerate() {
                    let (query, key) = (at / LEN % LEN, at % LEN);
                    let sees = key <= query && (layer % 2 == 0 || query - key < window);
                    assert_eq!(*weight > 0.0, sees, "window {window}, layer {layer}: {query} looks at {key}");
                }
            }
        }
    }

    #[test]
    fn with_a_window_over_everything_it_is_gpt2() {
        let gpt2 = json!({ "vocab_size": 31, "d_model": 12, "n_layers": 4, "n_heads": 3, "max_positions": 16 });
        let gpt2 = build(&Gpt2Family, &gpt2);
        let weights: MemoryWeights = gpt2.weights().into_iter().collect();
        let expected = run(gpt2.as_ref()).named();
        let with_window = |window| {
            let mut gpt3 = build(&Gpt3Family, &small(window));
            gpt3.load(&weights).unwrap();
            run(gpt3.as_ref()).named()
        };
        assert_eq!(with_window(LEN), expected);
        assert_ne!(with_window(LEN - 1), expected);
    }

    #[test]
    fn every_size_of_table_2_1_is_counted_without_being_built() {
        // 24 heads of 128 are wider than 2048, as the row of XL has it: four maps of 1024 · 2048 more a layer, and 1024 biases
        // in three of them.
        let xl = 1_315_723_264 + 24 * (4 * 1024 * 2048 + 3 * 1024);
        let counts = [
            ("gpt3-small", 125_226_240),
            ("gpt3-medium", 355_871_744),
            ("gpt3-large", 760_300_032),
            ("gpt3-xl", xl),
            ("gpt3-2.7b", 2_651_553_280),
            ("gpt3-6.7b", 6_658_404_352),
            ("gpt3-13b", 12_853_386_240),
            ("gpt3-175b", 174_604_259_328),
        ];
        let presets = &Architecture::descriptor(&Gpt3Family).presets;
        let found = presets.iter().map(|preset| {
            (preset.id.as_str(), Architecture::modules(&Gpt3Family, &preset.config).unwrap().parameter_count())
        });
        assert!(found.eq(counts));
    }
}
