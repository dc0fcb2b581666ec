//! Every preset has exactly as many parameters as was published.
//!
//! # How
//!
//! The module tree of each preset's body, or of the preset with the head that it names, is built without allocating and its
//! parameters are counted, tied matrices once; presets that state no number are left out.
//!
//! # Catches
//!
//! - a missing bias
//! - an untied matrix
//! - a wrong size in a preset
//! - a pooler too many

use crate::check::{Stop, Verdict, none_of};
use crate::subject::Subject;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let descriptor = subject.descriptor();
    let mut problems = Vec::new();
    let mut counted = 0;
    for preset in &descriptor.presets {
        let Some(published) = preset.parameters else { continue };
        let mut config = subject.architecture.complete(&preset.config)?;
        let body = !preset.config.contains_key("head") && config.contains_key("head");
        if body && descriptor.head("none").is_some() {
            config.insert("head".into(), "none".into());
        }
        let built = subject.architecture.modules(&config)?.parameter_count();
        counted += 1;
        if built != published {
            problems.push(format!("`{}` has {built} parameters, published are {published}", preset.id));
        }
    }
    if counted == 0 {
        return Err(Stop::NotApplicable("no preset states how many parameters were published".into()));
    }
    none_of(&problems, format!("{counted} presets"))
}
