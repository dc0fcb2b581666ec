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

use zoo_registry::output::Record;

use crate::check::Verdict;
use crate::inputs;
use crate::subject::Subject;
use crate::values::{Worst, gap, values};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut worst = Worst::default();
    for variant in subject.variants()? {
        let (here, there) = (subject.hot(&variant)?, subject.hot_on(&variant, &subject.reference)?);
        let input = inputs::input(here.as_ref(), "devices", 3)?;
        let noise = subject.noise(&variant, std::slice::from_ref(&input))?;
        let (ours, theirs) = (here.forward(&input, Record::ALL)?, there.forward(&input, Record::ALL)?);
        for (ours, theirs) in values(&ours).iter().zip(&values(&theirs)) {
            let multiple = noise.multiple(&ours.name, gap(&ours.data, &theirs.data));
            worst.see(multiple, || format!("{}, head `{}`", ours.name, variant.head));
        }
    }
    worst.verdict(&format!("three inputs on `{}` and on `{}`", subject.device_name, subject.reference_name))
}
