//! The reference implementations: one folder a family, wired from shared [blocks].
//!
//! ```
//! use zoo_registry::output::Record;
//! use zoo_registry::{Input, Rows, Tokens};
//!
//! let registry = zoo_architectures::registry();
//! let mut model = registry.build("bert-tiny", &["head=masked-lm".into()], "flex")?;
//! model.init(1);
//! let tokens = Tokens::new(Rows::new(&[[101, 7592, 103, 102]]).expect("one row of four"));
//! let output = model.forward(&Input::Tokens(tokens), Record::NOTHING)?;
//! # let _ = output;
//! # Ok::<(), zoo_registry::Error>(())
//! ```
#![warn(missing_docs)]

use zoo_registry::{Architecture, Registry};

pub mod bert;
pub mod blocks;
pub mod deit;
pub mod gpt;
pub mod gpt2;
pub mod gpt3;
pub mod infini_attention;
pub mod lessons;
pub mod reward_model;
pub mod t5;
pub mod transformer;
pub mod vit;

/// Every architecture, by id.
pub const ARCHITECTURES: &[&dyn Architecture] = &[
    &bert::BertFamily,
    &deit::DeitFamily,
    &gpt::GptFamily,
    &gpt2::Gpt2Family,
    &gpt3::Gpt3Family,
    &infini_attention::InfiniFamily,
    &reward_model::RewardModelFamily,
    &t5::T5Family,
    &transformer::TransformerFamily,
    &vit::VitFamily,
];

/// A registry of every architecture; add a plugin's with [`Registry::with`].
pub fn registry() -> Registry {
    Registry::new().with_all(ARCHITECTURES).unwrap_or_else(|error| panic!("{error}"))
}

/// The examples of the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
