//! A text read in pieces, remembering, is scored as the whole text at once, and copies of a memory are independent.
//!
//! # How
//!
//! Three texts, padded on the left with random ids, read in pieces, against one forward pass, at every real token: few
//! ways to cut them, such that a piece of every length follows a past of every length. Two more ways with padding between
//! the tokens, in each text elsewhere. The last score alone against all. Then copies with rows selected and repeated, or
//! in another order, read other tokens in turn with their original: each must score like its own text read at once. Of an
//! encoder–decoder, two memories of different sources read on in turn. All of it with each choice that the configuration
//! leaves. The guard: without the memory, or of another source, the scores differ far more than noise.
//!
//! # Catches
//!
//! - positions that restart with each piece
//! - a mask that forgets the past, or the padding in it
//! - a cache shared between copies
//! - a selection that keeps the wrong rows
//! - a source that is remembered from an earlier text
//! - a mask of a piece that is taken from one text for all
//!
//! # Seen
//!
//! - [keras-team/keras-hub #2977](https://github.com/keras-team/keras-hub/pull/2977): Falcon's ALiBi was built over the
//!   new token alone: all zeros, so generation ran without positions.
//! - [keras-team/keras-hub #1544](https://github.com/keras-team/keras-hub/pull/1544): LLaMA ignored where in the text a
//!   step starts, so the rotary angles of generated tokens were wrong.
//! - [lucidrains/x-transformers #219](https://github.com/lucidrains/x-transformers/issues/219): with the cache on,
//!   generation produced junk, with the cache off, sentences.
//!
//! # Fix
//!
//! If single tokens fail and the whole text in one piece passes, look at positions (`batch.position_ids` already counts
//! the past) and at the length of masks and biases, which must be `[q_len, past + q_len]`. If only pieces of several
//! tokens fail, the mask within a piece is missing. If copies fail, `select` or `boxed_clone` of the cache shares or
//! forgets something. If sources fail, the encoder's memory outlives its text.

use crate::check::{Stop, Verdict};
use crate::reader::Reader;
use crate::subject::Subject;
use crate::values::Worst;
use crate::writers::writers_of_every_choice;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    for writer in writers_of_every_choice(subject)? {
        let reader = Reader::new(subject, &writer.variant, writer.model.as_ref(), writer.decoder()?)?;
        let mut look = || {
            reader.splits(&mut worst)?;
            reader.copies(&mut worst)?;
            reader.sources(&mut worst)?;
            reader.guard()
        };
        look().map_err(|stop: Stop| Stop::fails(format!("head `{}`: {stop}", writer.variant.head)))?;
    }
    worst.verdict("three texts padded on the left, in pieces of several lengths and in copies, against the whole")
}
