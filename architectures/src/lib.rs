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
#[cfg(test)]
mod drawn;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_there_or_told() {
        let ours = registry();
        ours.require_bases().unwrap();
        assert_eq!(ours.require("BERT").unwrap().descriptor().id, "bert");
        let told = ours.require("mamba").err().unwrap();
        assert_eq!(told.to_string(), "no linked crate registers `mamba`");
        assert!(told.hint().unwrap().contains("the crate that has `mamba`"));

        let alone = Registry::new().with(&reward_model::RewardModelFamily).unwrap();
        let told = alone.require_bases().unwrap_err().to_string();
        assert_eq!(told.lines().count(), 3, "{told}");
        assert!(told.starts_with("`reward-model` builds on `gpt2`: no linked crate registers `gpt2`"), "{told}");
    }
}
