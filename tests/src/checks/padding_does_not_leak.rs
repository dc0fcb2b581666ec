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
