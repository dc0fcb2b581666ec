//! The loss, and the gradient of every parameter, are those the reference implementation was recorded to find.
//!
//! # How
//!
//! With the reference's hot random weights, its texts and its labels, each golden's loss is computed and followed back. The
//! gradient of each parameter, by its published name, has the length and the sum that the reference recorded, within the
//! reference's own noise between f32 and f64. A parameter has a gradient here if and only if it has one there. The row of the
//! padding id, which PyTorch leaves out, is left out.
//!
//! # Catches
//!
//! - a part that computes right and learns nothing
//! - labels that are shifted twice, or not at all
//! - a tied table that only one of its uses moves
//! - a file whose tensors went to the wrong places
//!
//! # Seen
//!
//! - [huggingface/transformers #34191](https://github.com/huggingface/transformers/pull/34191): the loss of accumulated
//!   batches was a mean of means; texts of unequal length weighed unequally.
//! - [apache/tvm #16188](https://github.com/apache/tvm/pull/16188): the tanh form of GELU was computed wrongly, a
//!   difference that its slope shows as well as its value.
//!
//! # Fix
//!
//! If `matches-reference` fails too, begin there. If the loss alone differs, look at labels: which are ignored, what is shifted, what
//! the mean is taken over. If one gradient differs, something between it and the loss is detached, tied otherwise, or rounded.

use crate::check::Verdict;
use crate::golden::{Kind, agrees};
use crate::subject::Subject;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    agrees(subject, Kind::Loss, "what its models learn")
}
