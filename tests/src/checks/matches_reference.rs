//! Every number the reference implementation was recorded to compute, this code computes too.
//!
//! # How
//!
//! Each golden in the family's folder is a reference model with hot random weights. Loaded here, it must give the same
//! hidden states, attention maps and head outputs at every real token. Differences are measured in the reference's own
//! recorded noise between f32 and f64; a failure names the first output that leaves it.
//!
//! # Catches
//!
//! - a wrong scale, epsilon, activation or order of norms
//! - queries and keys swapped in the weight table
//! - a tied head that is not
//!
//! # Seen
//!
//! - [huggingface/candle #3948](https://github.com/huggingface/candle/issues/3948): rotary positions pair neighbours
//!   where the checkpoint pairs halves; the sound still resembles speech, and nothing reports an error.
//! - [huggingface/candle #900](https://github.com/huggingface/candle/pull/900) and
//!   [chelsea0x3b/dfdx #804](https://github.com/chelsea0x3b/dfdx/issues/804): `gelu` was the tanh approximation, the
//!   models to be ported used erf.
//! - [apache/tvm #16188](https://github.com/apache/tvm/pull/16188): the tanh form of GELU was computed wrongly.
//! - [Beomi/InfiniTransformer #8](https://github.com/Beomi/InfiniTransformer/issues/8): the memory's normaliser was
//!   broadcast where the paper multiplies it by the queries.
//!
//! # Fix
//!
//! Begin with the first output that diverges, not the largest error. If it is `hidden_states.0`, the embedding sum is
//! wrong: positions, segments, its norm, a scale of √d_model. If it is a map of layer 0, look at the weight table
//! (queries and keys, transposes), then at scale, bias and rotary pairing in `attend`. If the maps agree and the
//! hidden state does not, it is the output map, the MLP's activation, a norm's place or its epsilon.

use crate::check::Verdict;
use crate::golden::{Kind, agrees};
use crate::subject::Subject;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    agrees(subject, Kind::Forward, "what its models say")
}
