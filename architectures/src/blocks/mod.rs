//! Shared parts. Each file holds one equation of one paper section; families wire them together.

mod activation;
mod attention;
mod cache;
mod embedding;
mod interpolate;
mod linear;
mod mask;
mod mlp;
mod patches;
mod relative_key;

pub use activation::Activation;
pub use attention::{MultiHeadAttention, attend};
pub use cache::{KvCache, last_or_all};
pub use embedding::{embedding, tied_logits};
pub use interpolate::resize_grid;
pub use linear::{layer_norm, linear};
pub use mask::{HIDDEN, causal_bias, hidden_once, padding_bias, sum};
pub use mlp::Mlp;
pub use patches::{GridPositions, PatchEmbedding};
pub use relative_key::RelativeKey;
