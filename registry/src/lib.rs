//! The contract of zoo: what an architecture is, what a model does, how both are found by name.
//!
//! Without the feature `tensor` this crate is plain data: descriptors, vocabularies, configurations, module trees, records.
//! With it come [`Architecture`], [`Model`] and [`Registry`]. A plugin implements [`Family`] and registers itself with
//! [`Registry::with`]; nothing of zoo's own architectures is privileged.
#![warn(missing_docs)]

pub mod block;
pub mod config;
pub mod cost;
pub mod descriptor;
pub mod draw;
pub mod error;
pub mod figure;
pub mod flow;
pub mod initial;
pub mod levels;
pub mod modules;
pub mod names;
pub mod pattern;
pub mod picture;
pub mod record;
mod self_test;
pub mod vocabulary;

#[cfg(feature = "tensor")]
pub mod architecture;
#[cfg(feature = "tensor")]
pub mod batch;
#[cfg(feature = "capture")]
pub mod capture;
#[cfg(feature = "tensor")]
pub mod checkpoint;
#[cfg(feature = "tensor")]
pub mod decode;
#[cfg(feature = "tensor")]
pub mod demo;
#[cfg(feature = "tensor")]
pub mod device;
#[cfg(feature = "tensor")]
pub mod generate;
#[cfg(feature = "hub")]
pub mod hub;
#[cfg(feature = "images")]
pub mod images;
#[cfg(feature = "tensor")]
pub mod input;
#[cfg(feature = "tensor")]
pub mod lesson;
#[cfg(feature = "tensor")]
pub mod loss;
#[cfg(feature = "tensor")]
pub mod model;
#[cfg(feature = "tensor")]
pub mod network;
#[cfg(feature = "tensor")]
pub mod output;
#[cfg(feature = "tensor")]
pub mod preference;
#[cfg(feature = "tensor")]
pub mod registry;
#[cfg(feature = "tensor")]
pub mod rerank;
#[cfg(feature = "tensor")]
pub mod rows;
#[cfg(feature = "tensor")]
mod state;
#[cfg(feature = "tensor")]
pub mod threads;
#[cfg(feature = "tensor")]
pub mod tokenizer;
#[cfg(feature = "train")]
pub mod train;
#[cfg(feature = "tensor")]
pub mod weights;

pub use config::{Config, Resolved, Rules};
pub use cost::{Cost, Estimate};
pub use descriptor::Descriptor;
pub use error::{Error, HubTrouble, Missing, Problem, Result};
pub use figure::Figure;
pub use flow::Flow;
pub use levels::{LevelFacts, Standing, SuiteFacts};
pub use modules::{ModuleTree, Parameter};
pub use pattern::{Pattern, Patterns};
pub use record::{CheckFacts, Outcome, Record, Status, Tally};
pub use self_test::{PlantedFacts, PlantedKind};

#[cfg(feature = "folders")]
pub use ::include_dir::include_dir;
#[cfg(feature = "tensor")]
pub use ::include_dir::{self, Dir};
#[cfg(feature = "hub")]
pub use hub::Hub;
#[cfg(feature = "train")]
pub use train::Train;
#[cfg(feature = "tensor")]
pub use {
    architecture::{Architecture, Family},
    batch::{FromInput, ImageBatch, ImageLimits, Limits, PairBatch, TextBatch, TokenBatch, TokenLimits},
    checkpoint::Checkpoint,
    decode::{Cache, CausalNetwork, Decode, DecodeState, Held, Logits},
    input::{Images, Input, Side, Tokens},
    lesson::Lesson,
    loss::Labels,
    model::Model,
    network::Network,
    output::{HeadOutput, Output, Stack, Trace},
    preference::Pair,
    registry::Registry,
    rows::Rows,
    state::Saved,
    tokenizer::{TextStream, Tokenizer},
    weights::{Row, WeightNames},
};

/// As the macro of the crate `include_dir`, without its files: a build without the feature `folders` is for programs that get
/// their files from elsewhere and are downloaded themselves.
#[cfg(all(feature = "tensor", not(feature = "folders")))]
#[macro_export]
macro_rules! include_dir {
    ($path:literal) => {
        $crate::Dir::new("", &[])
    };
}
