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

use crate::check::Stop;

pub use folder::{Golden, Loaded};

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

/// Every output of every case of every golden, compared, in the order a model computes them.
///
/// ```no_run
/// # fn table(architecture: &dyn zoo_registry::Architecture) -> Result<(), zoo_conformance::Stop> {
/// for row in zoo_conformance::golden::report(architecture, &burn::tensor::Device::flex())? {
///     assert!(row.multiple <= zoo_conformance::golden::TOLERANCE, "{row:?}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Stop::Fails`] if a golden does not load or a case cannot be run.
pub fn report(architecture: &dyn Architecture, device: &Device) -> Result<Vec<Row>, Stop> {
    let mut rows = Vec::new();
    for golden in read(architecture)? {
        rows.extend(golden.rows(architecture, device)?);
    }
    Ok(rows)
}
