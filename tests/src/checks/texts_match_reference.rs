//! The model writes, id by id, what the reference implementation was recorded to write.
//!
//! # How
//!
//! With the reference's hot random weights and its prompts, padded on the left, each strategy that was recorded (greedy, beams with their
//! length penalty) writes the same ids and ends where the reference ended. The scores of the first step and of whole texts lie within
//! the reference's own noise. A case in which the reference itself wrote something else in f64 is a coin toss, and left out.
//!
//! # Catches
//!
//! - a beam search that scores, ends or reorders otherwise
//! - a cache that drifts from the full pass
//! - positions that count padding
//! - a file whose tensors went to the wrong places
//!
//! # Seen
//!
//! - [huggingface/transformers #25455](https://github.com/huggingface/transformers/issues/25455): the length penalty of
//!   beams counts the padding of a batch.
//! - [huggingface/transformers #20901](https://github.com/huggingface/transformers/pull/20901): beams stopped by a best
//!   possible score that was not the best possible.
//!
//! # Fix
//!
//! If `matches-reference` fails too, begin there. If the scores of the first step differ, it is the prompt: padding, positions, start
//! token. If they agree and ids do not, it is the cache. If only beams differ, compare the length penalty, what ends a beam and what
//! ends the search with `generation_config.json`.

use crate::check::Verdict;
use crate::golden::{Kind, agrees};
use crate::subject::Subject;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    agrees(subject, Kind::Generate, "what its models write")
}
