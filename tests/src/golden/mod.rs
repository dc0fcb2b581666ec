//! Agreement with a reference implementation, recorded once and shipped in the family's folder.
//!
//! `golden/<case>/` holds a model the reference was run on (`config.json`, `model.safetensors`, hot random weights), what
//! went in (`inputs.safetensors`), what came out (`outputs.safetensors`) and `meta.json`, which says which is which and how
//! far the reference itself moves between f32 and f64: the noise that errors are measured in.

mod folder;
mod forward;
mod generate;
mod gradients;
mod meta;

use burn::tensor::Device;
use serde::Serialize;
use zoo_registry::Architecture;

use crate::check::{Finding, Stop, Verdict};
use crate::subject::Subject;

pub use folder::{Golden, Loaded};
pub use meta::Kind;

/// One compared output of one case of one golden.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The golden's folder.
    pub golden: String,
    /// The case in it.
    pub case: String,
    /// The output: `logits`, `hidden_states.1`, `gradient of …`, `greedy`.
    pub output: String,
    /// Largest difference from the reference; the number of wrong ids, for generated text.
    pub error: f64,
    /// The reference's own difference between f32 and f64; 0 where nothing may differ.
    pub noise: f64,
    /// `error / noise`.
    pub multiple: f64,
    /// Where the largest difference is.
    pub at: String,
}

/// An error may be this many times the reference's recorded f32 noise. Ours and the reference's f32 runs each lie about one
/// noise away from the f64 truth, in any direction: two between them, and two more because the noise was measured on one run.
pub const TOLERANCE: f64 = 4.0;
/// The unit of [`TOLERANCE`].
pub const MEASURE: &str = "multiple of the reference's recorded f32 noise; 4 = two f32 runs of about one noise each, doubled since \
     noise was measured on one run";

/// The goldens in a family's folder, by name; none if it has none.
///
/// # Errors
/// [`Stop::Fails`] if one is incomplete or does not parse.
pub fn read(architecture: &dyn Architecture) -> Result<Vec<Golden>, Stop> {
    folder::read(architecture)
}

/// Every output of every case of these kinds in every golden, compared, in the order a model computes them.
///
/// ```no_run
/// use zoo_conformance::golden::{self, Kind};
///
/// # fn table(architecture: &dyn zoo_registry::Architecture) -> Result<(), zoo_conformance::Stop> {
/// for row in golden::report(architecture, &burn::tensor::Device::flex(), &[Kind::Forward])? {
///     assert!(row.multiple <= golden::TOLERANCE, "{row:?}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Stop::Fails`] if a golden does not load or a case cannot be run.
pub fn report(architecture: &dyn Architecture, device: &Device, kinds: &[Kind]) -> Result<Vec<Row>, Stop> {
    let mut rows = Vec::new();
    for golden in read(architecture)? {
        rows.extend(golden.rows(architecture, device, kinds)?);
    }
    Ok(rows)
}

/// Whether every output of every case of this kind agrees; `what` it is, for a family that recorded none.
pub(crate) fn agrees(subject: &Subject<'_>, kind: Kind, what: &str) -> Verdict {
    let rows = report(subject.architecture, &subject.device, &[kind])?;
    let worst = rows.iter().max_by(|a, b| a.multiple.total_cmp(&b.multiple));
    let Some(worst) = worst else {
        return Err(Stop::NotApplicable(format!("the family ships no golden that recorded {what}")));
    };
    let failing: Vec<&Row> = rows.iter().filter(|row| row.multiple.is_nan() || row.multiple > TOLERANCE).collect();
    let finding = |detail| Finding {
        error: Some(worst.multiple),
        tolerance: Some(TOLERANCE),
        measure: Some(MEASURE.to_owned()),
        detail,
    };
    match failing.first() {
        None => Ok(finding(format!("{} outputs compared; largest at {}", rows.len(), worst.place()))),
        Some(first) => Err(Stop::Fails(finding(format!(
            "first diverges at {}: off by {:.3e}, {:.3e} × the noise ({}); {} of {} outputs diverge",
            first.place(),
            first.error,
            first.multiple,
            first.at,
            failing.len(),
            rows.len()
        )))),
    }
}

impl Row {
    fn place(&self) -> String {
        format!("`{}` of case `{}` in golden `{}`", self.output, self.case, self.golden)
    }
}
