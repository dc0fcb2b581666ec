//! The heads of a family that judge texts.

use zoo_registry::output::Record;
use zoo_registry::{HeadOutput, Input};

use crate::check::Stop;
use crate::inputs;
use crate::subject::{Subject, Variant};

/// Every head that gives a reward, with so many random texts, which `draw` names.
///
/// # Errors
/// [`Stop::NotApplicable`] if there is none.
pub(crate) fn judges(subject: &Subject<'_>, draw: &str, texts: usize) -> Result<Vec<(Variant, Input)>, Stop> {
    let mut judges = Vec::new();
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        let input = inputs::input(model.as_ref(), draw, texts)?;
        if matches!(model.forward(&input, Record::NOTHING)?.head, HeadOutput::Reward(_)) {
            judges.push((variant, input));
        }
    }
    match judges.is_empty() {
        true => Err(Stop::NotApplicable("none of its heads gives a reward".into())),
        false => Ok(judges),
    }
}
