//! Shared parts. Each file holds one equation of one paper section; families wire them together.

mod activation;
mod attention;
mod cache;
mod compressive_memory;
mod embedding;
mod linear;
mod mask;
mod mlp;
mod relative_key;
mod rotary;

pub use activation::Activation;
pub use attention::{MultiHeadAttention, attend, attention_weights};
pub use cache::{KvCache, last_or_all, select_texts};
pub use compressive_memory::{CompressiveMemory, MemoryUpdate};
pub use embedding::{embedding, tied_logits};
pub use linear::{layer_norm, linear};
pub use mask::{HIDDEN, causal_bias, hidden_once, padding_bias, sum};
pub use mlp::Mlp;
pub use relative_key::RelativeKey;
pub use rotary::Rotary;
