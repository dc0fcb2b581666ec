//! Shared parts. Each file holds one equation of one paper section; families wire them together.

mod activation;
mod attention;
mod cache;
mod compressive_memory;
mod cpu;
mod cross;
mod embedding;
mod gated_mlp;
mod interpolate;
mod linear;
mod mask;
mod mlp;
mod patches;
mod pooling;
mod random;
mod relative_bias;
mod relative_key;
mod rotary;
mod sinusoidal;

pub use activation::Activation;
pub use attention::{MultiHeadAttention, attend, attention_weights};
pub use cache::{KvCache, last_or_all, select_texts};
pub use compressive_memory::{CompressiveMemory, MemoryUpdate};
pub use cross::{PairCache, SourceMemory};
pub use embedding::{embedding, tied_logits};
pub use gated_mlp::GatedMlp;
pub use interpolate::resize_grid;
pub use linear::{Linear, layer_norm, linear, rms_norm, unbiased_linear};
pub use mask::{HIDDEN, banded_causal_bias, causal_bias, hidden_once, padding_bias, sum};
pub use mlp::Mlp;
pub use patches::{GridPositions, PatchEmbedding};
pub use pooling::last_real;
pub use random::{normal, uniform};
pub use relative_bias::{Buckets, RelativeBias};
pub use relative_key::RelativeKey;
pub use rotary::Rotary;
pub use sinusoidal::sinusoidal;

use zoo_registry::{Dir, include_dir};

/// These files, as the pages of the building blocks show them.
pub static SOURCES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/blocks");
