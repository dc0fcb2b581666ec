//! What a model says of a text does not depend on the other texts of the batch, nor on their order.
//!
//! # How
//!
//! Each text of a batch of four against the text alone, and the batch against itself in another order: every output. The
//! guard: the texts' outputs differ from each other far more than noise.
//!
//! # Catches
//!
//! - a reshape that mixes texts
//! - statistics over the batch
//! - one cache or mask for all rows
//!
//! # Seen
//!
//! - [huggingface/candle #3646](https://github.com/huggingface/candle/pull/3646): Qwen3's causal mask was filled for
//!   one text and shaped for all, so only the first text of a batch was causal.
//! - [lucidrains/graph-transformer-pytorch #2](https://github.com/lucidrains/graph-transformer-pytorch/pull/2): a
//!   mask whose batch axis is 1 was spread over the heads instead.
//! - [unslothai/unsloth-zoo #963](https://github.com/unslothai/unsloth-zoo/pull/963): Gemma 3n's coefficients were
//!   transposed as if the batch were the last axis; a batch of one hid it.
//!
//! # Fix
//!
//! If a text differs alone, look for a `reshape` that joins or splits the batch axis, a mean or a norm over axis 0,
//! and masks or rotary tables built once with `[1, …]` from the first row. If only the order matters, look for state
//! that goes from row to row. If it is a few times the noise only, a kernel chooses another path by batch size: then
//! the tolerance tells a numeric problem, not a wiring one.

use zoo_registry::output::Record;

use crate::check::{Stop, Verdict, require};
use crate::inputs;
use crate::subject::Subject;
use crate::values::{VISIBLE, Values, Worst, gap, side_by_side, values};

const ORDER: [usize; 4] = [2, 0, 3, 1];

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    for variant in subject.variants()? {
        let (head, model) = (&variant.head, subject.hot(&variant)?);
        let input = inputs::input(model.as_ref(), "batch", ORDER.len())?;
        let run = |rows: &[usize]| -> Result<Vec<Values>, Stop> {
            Ok(values(&model.forward(&inputs::select(&input, rows)?, Record::ALL)?))
        };
        let noise = subject.noise(&variant, std::slice::from_ref(&input))?;
        let (whole, permuted) = (run(&[0, 1, 2, 3])?, run(&ORDER)?);
        for (to, &row) in ORDER.iter().enumerate() {
            let alone = run(&[row])?;
            let (permuted, alone) = (side_by_side(&whole, &permuted)?, side_by_side(&whole, &alone)?);
            for ((whole, permuted), (_, alone)) in permuted.zip(alone) {
                let name = &whole.name;
                let multiple = |error| noise.multiple(name, error);
                worst.see(multiple(gap(whole.row(row), &alone.data)), || {
                    format!("{name} of text {row} alone, head `{head}`")
                });
                let moved = multiple(gap(whole.row(row), permuted.row(to)));
                worst.see(moved, || format!("{name} of text {row} in another order, head `{head}`"));
                let next = (row + 1) % ORDER.len();
                let apart = multiple(gap(whole.row(row), whole.row(next)));
                // Attention maps may agree where the texts do not: they are compared, not guarded.
                let guarded = !name.starts_with("attentions.");
                require(!guarded || apart > VISIBLE, || {
                    format!("head `{head}`: {name} of texts {row} and {next} are alike, so nothing is seen")
                })?;
            }
        }
    }
    worst.verdict("four texts in one batch, alone, and in another order")
}
