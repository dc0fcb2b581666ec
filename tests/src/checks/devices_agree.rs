//! A model says the same on this device as on another.
//!
//! # How
//!
//! The same hot weights and texts on both devices: every output, in units of the model's own f32 noise. The reference is
//! the default device, or ndarray for the default device itself.
//!
//! # Catches
//!
//! - a kernel that computes something else
//! - a default precision that differs
//! - weights that do not arrive whole
//!
//! # Seen
//!
//! - [tracel-ai/burn #4966](https://github.com/tracel-ai/burn/issues/4966): a product of matrices with about 500 rows
//!   or more is nearly zero on wgpu.
//! - [tracel-ai/burn #4907](https://github.com/tracel-ai/burn/issues/4907): built without its default features, wgpu
//!   multiplies to zeros.
//! - [ml-explore/mlx #1084](https://github.com/ml-explore/mlx/issues/1084) and
//!   [ml-explore/mlx #1163](https://github.com/ml-explore/mlx/issues/1163): on the GPU, large products became 0 or
//!   infinite, and those of slices wrong.
//!
//! # Fix
//!
//! See which output is the first, then run the block on both devices with the same numbers: it is nearly always one
//! operation. Candidates are kernels of our own with a path for one device (`activation`, attention), operations
//! whose backends round or approximate otherwise, and precision: a device that computes in less than f32 by default.
//! If a backend is at fault, report it there and waive with the link.

use zoo_registry::output::Record;

use crate::check::Verdict;
use crate::inputs;
use crate::subject::Subject;
use crate::values::{Worst, gap, side_by_side, values};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    for variant in subject.variants()? {
        let (here, there) = (subject.hot(&variant)?, subject.hot_on(&variant, &subject.reference)?);
        let input = inputs::input(here.as_ref(), "devices", 3)?;
        let noise = subject.noise(&variant, std::slice::from_ref(&input))?;
        let (ours, theirs) = (here.forward(&input, Record::ALL)?, there.forward(&input, Record::ALL)?);
        for (ours, theirs) in side_by_side(&values(&ours), &values(&theirs))? {
            let multiple = noise.multiple(&ours.name, gap(&ours.data, &theirs.data));
            worst.see(multiple, || format!("{}, head `{}`", ours.name, variant.head));
        }
    }
    worst.verdict(&format!("three inputs on `{}` and on `{}`", subject.device_name, subject.reference_name))
}
