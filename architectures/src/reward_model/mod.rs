#![doc = include_str!("README.md")]
//!
//! # Source
//!
//! Stiennon et al. 2020, *Learning to summarize from human feedback*, arXiv 2009.01325, §3.4; Ouyang et al. 2022, *Training
//! language models to follow instructions with human feedback*, arXiv 2203.02155, §3.5, equation 1.

use std::sync::LazyLock;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde_json::json;
use zoo_registry::{
    Descriptor, Dir, Family, HeadOutput, Lesson, Limits, Network, Output, Patterns, Row, TokenBatch, Trace,
    WeightNames, include_dir,
};

use crate::bert::{self, Bert, BertFamily};
use crate::blocks::{Linear, last_real, linear};
use crate::gpt2::{self, Gpt2, Gpt2Family};
use crate::gpt3::{self, Gpt3Family};
use crate::lessons::preference::Prefer;

mod config;

pub use config::{Body, Config, Judge};

/// The family, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct RewardModelFamily;

/// A body, and one number read off it.
#[derive(Module, Debug)]
pub struct RewardModel {
    body: RewardBody,
    score: Linear,
}

/// What reads the text.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "one value a model")]
pub enum RewardBody {
    /// Decoders of GPT-2's graph: the last real token has seen the whole text.
    Gpt2(Gpt2),
    /// The first token sees everything, and is pooled.
    Bert(Bert),
}

impl Network for RewardModel {
    type Input = TokenBatch;

    fn limits(&self) -> Limits {
        match &self.body {
            RewardBody::Gpt2(body) => body.limits(),
            RewardBody::Bert(body) => body.limits(),
        }
    }

    fn patterns(&self) -> Patterns {
        match &self.body {
            RewardBody::Gpt2(body) => body.patterns(),
            RewardBody::Bert(body) => body.patterns(),
        }
    }

    fn forward(&self, batch: TokenBatch, trace: &mut Trace) -> Output {
        let mask = batch.attention_mask.clone();
        let read = match &self.body {
            RewardBody::Gpt2(body) => body.forward(batch, trace),
            RewardBody::Bert(body) => body.forward(batch, trace),
        };
        // [batch, d_model]
        let summary = match (&read.pooled, read.head) {
            (Some(pooled), _) => pooled.clone(),
            (None, HeadOutput::Hidden(hidden)) => last_real(hidden, mask),
            (None, other) => unreachable!("a body without a head gives hidden states, got {other:?}"),
        };
        let reward: Tensor<1> = self.score.forward(summary).squeeze_dim(1);
        Output { pooled: read.pooled, ..Output::new(HeadOutput::Reward(reward)) }
    }
}

impl Family for RewardModelFamily {
    type Config = Config;
    type Network = RewardModel;

    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        let sizes =
            json!({ "body": "gpt2", "d_model": 48, "n_layers": 2, "n_heads": 4, "d_ff": 96, "max_positions": 24 });
        Some(Box::new(Prefer::new(sizes)))
    }

    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: LazyLock<Descriptor> = LazyLock::new(|| {
            let own = Descriptor::parse(include_str!("reward-model.toml")).unwrap_or_else(|error| panic!("{error}"));
            own.with_body("gpt2", Gpt2Family.descriptor())
                .with_body("gpt3", Gpt3Family.descriptor())
                .with_body("bert", BertFamily.descriptor())
        });
        &DESCRIPTOR
    }

    fn folder(&self) -> &Dir<'static> {
        static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/reward_model");
        &FOLDER
    }

    fn blocks(&self) -> Option<&'static Dir<'static>> {
        Some(&crate::blocks::SOURCES)
    }

    fn init(&self, config: &Config, device: &Device) -> RewardModel {
        // As Stiennon et al. draw it (appendix B): N(0, 1 / (d_model + 1)).
        let score = |d_model: usize| linear([d_model, 1], (1.0 / (d_model + 1) as f64).sqrt(), device);
        let unbiased = |d_model: usize| Linear { bias: None, ..score(d_model) };
        let (body, score) = match config {
            Config::Gpt2(Judge { body, .. }) => {
                (RewardBody::Gpt2(Gpt2Family.init(&headless(body), device)), unbiased(body.d_model))
            }
            Config::Gpt3(Judge { body, .. }) => {
                let headless = gpt3::Config { head: gpt2::HeadKind::None, ..body.clone() };
                (RewardBody::Gpt2(Gpt3Family.init(&headless, device)), unbiased(body.d_model))
            }
            Config::Bert(Judge { body, .. }) => {
                let headless = bert::Config { head: bert::HeadKind::None, ..body.clone() };
                (RewardBody::Bert(BertFamily.init(&headless, device)), score(body.d_model))
            }
        };
        RewardModel { body, score }
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        match config {
            // A language model's output layer may still be in the file.
            Config::Gpt2(_) | Config::Gpt3(_) => gpt2::body_names()
                .within("body.Gpt2.")
                .with_head([Row::transposed("score", &["score"])])
                .ignoring([Row::drop("lm_head")]),
            Config::Bert(Judge { body, .. }) => bert::body_names(body)
                .within("body.Bert.")
                .with_head([Row::transposed("classifier", &["score"])])
                .ignoring(["cls", "qa_outputs"].map(Row::drop)),
        }
    }
}

fn headless(body: &gpt2::Config) -> gpt2::Config {
    gpt2::Config { head: gpt2::HeadKind::None, ..body.clone() }
}
