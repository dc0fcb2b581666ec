//! A text says the same with padding before it, after it or without: at every real token, whatever ids are under the mask.
//!
//! # How
//!
//! Texts of three lengths in one batch, padded on the right and on the left with random ids, against each text alone:
//! hidden states, attention maps and head outputs at real tokens, and after right padding the answers a text. Of an
//! encoder–decoder both texts are padded. The guard: without either mask the same batch differs far more than noise.
//!
//! # Catches
//!
//! - a padding mask that is ignored
//! - positions that count padding
//! - a mask of the wrong polarity
//! - a decoder that looks at the source's padding
//! - NaN from fully hidden rows
//!
//! # Seen
//!
//! - [unslothai/unsloth #4078](https://github.com/unslothai/unsloth/pull/4078): one list of positions for all rows
//!   gave the shorter texts of a batch padded on the left wrong rotary angles, and garbage followed.
//! - [ndif-team/nnsight #673](https://github.com/ndif-team/nnsight/pull/673): GPT-2 was given no positions with left
//!   padding and mispredicted every prompt but the longest.
//! - [pytorch/pytorch #41508](https://github.com/pytorch/pytorch/issues/41508): one row that is hidden whole makes
//!   every gradient of `MultiheadAttention` NaN; open since 2020.
//! - [pytorch/pytorch #63271](https://github.com/pytorch/pytorch/issues/63271): a mask with three axes, combined with
//!   padding, hid whole rows, and the output was NaN.
//!
//! # Fix
//!
//! If only left padding fails, positions count padding: take `batch.position_ids`. If both fail, `padding_bias` is
//! missing from the sum in some layer, or is turned around (true is a real token). NaN means that something hides
//! with −∞: hiding is finite. Of an encoder–decoder, see that cross-attention gets the source's mask. If the guard
//! fails, attention itself does nothing: see what information-flows-as-declared says.

use zoo_registry::Side;

use crate::check::Verdict;
use crate::padded::Probe;
use crate::subject::Subject;
use crate::values::{Axes, Worst};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    for variant in subject.variants()? {
        let probe = Probe::new(subject, &variant)?;
        probe.compare(Side::Right, |_| true, &mut worst)?;
        probe.compare(Side::Left, |axes| axes != Axes::Text, &mut worst)?;
        probe.guard()?;
    }
    worst.verdict("texts of three lengths, padded on either side with random ids, against each alone")
}
