//! The one answer a text is read off the text, not off the padding before it.
//!
//! # How
//!
//! As padding-does-not-leak, for outputs with one answer a text, padded on the left, where the first position is not the
//! text's and the last one is.
//!
//! # Catches
//!
//! - pooling at position 0 whatever stands there
//! - a reward read at the last position before the mask is known
//!
//! # Seen
//!
//! - [huggingface/transformers #35352](https://github.com/huggingface/transformers/issues/35352): classifiers on
//!   decoders took the token before the first padding token, which on the left, or without padding, is another.
//! - [huggingface/transformers #46782](https://github.com/huggingface/transformers/pull/46782): BioGPT still counted
//!   tokens to find the last one, and pooled at the front of texts padded on the left.
//! - [huggingface/peft #3620](https://github.com/huggingface/peft/issues/3620): the number of real tokens minus one
//!   was taken for the place of the last.
//!
//! # Fix
//!
//! Find the line that picks a position. The last real token is `pooling::last_real`, which reads the mask; a count of
//! tokens is right only with padding on the right. An answer at the first token needs the first real one. A mask is
//! to be believed over the padding id, which may occur inside a text.

use zoo_registry::Side;

use crate::check::{Stop, Verdict};
use crate::padded::Probe;
use crate::subject::Subject;
use crate::values::{Axes, Worst};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    let mut pooled = 0;
    for variant in subject.variants()? {
        let probe = Probe::new(subject, &variant)?;
        if probe.alone.iter().flatten().any(|value| value.axes == Axes::Text) {
            probe.compare(Side::Left, |axes| axes == Axes::Text, &mut worst)?;
            probe.guard()?;
            pooled += 1;
        }
    }
    if pooled == 0 {
        return Err(Stop::NotApplicable("none of its heads gives one answer a text".into()));
    }
    worst.verdict("answers a text of three lengths, padded on the left with random ids, against each text alone")
}
