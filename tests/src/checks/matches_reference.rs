//! Every number the reference implementation was recorded to compute, this code computes too.
//!
//! # How
//!
//! Each golden in the family's folder is a reference model with hot random weights. Loaded here, it must give the same
//! hidden states, attention maps, head outputs and loss at every real token, the same gradient of every parameter, and
//! write the same text, id by id. Differences are measured in the reference's own recorded noise between f32 and f64; a
//! failure names the first output that leaves it.
//!
//! # Catches
//!
//! - a wrong scale, epsilon, activation or order of norms
//! - queries and keys swapped in the weight table
//! - a tied head that is not
//! - a beam search that scores otherwise
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
//! hidden state does not, it is the output map, the MLP's activation, a norm's place or its epsilon. If only
//! gradients differ, something is detached or tied otherwise; if only texts differ, compare the strategy with
//! `generation_config.json`.

use crate::check::{Finding, Stop, Verdict};
use crate::golden::{self, MEASURE, Row, TOLERANCE};
use crate::subject::Subject;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let rows = golden::report(subject.architecture, &subject.device)?;
    let worst = rows.iter().max_by(|a, b| a.multiple.total_cmp(&b.multiple));
    let Some(worst) = worst else {
        return Err(Stop::NotApplicable("the family ships no golden".into()));
    };
    let failing: Vec<&Row> = rows.iter().filter(|row| row.multiple.is_nan() || row.multiple > TOLERANCE).collect();
    let finding = |detail| Finding {
        error: Some(worst.multiple),
        tolerance: Some(TOLERANCE),
        measure: Some(MEASURE.to_owned()),
        detail,
    };
    match failing.first() {
        None => Ok(finding(format!("{} outputs compared; largest at {}", rows.len(), place(worst)))),
        Some(first) => Err(Stop::Fails(finding(format!(
            "first diverges at {}: off by {:.3e}, {:.3e} × the noise ({}); {} of {} outputs diverge",
            place(first),
            first.error,
            first.multiple,
            first.at,
            failing.len(),
            rows.len()
        )))),
    }
}

fn place(row: &Row) -> String {
    format!("`{}` of case `{}` in golden `{}`", row.output, row.case, row.golden)
}
