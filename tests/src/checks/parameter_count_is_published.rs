//! Every preset has exactly as many parameters as was published, or as its published sizes give.
//!
//! # How
//!
//! The module tree of each preset's body, or of the preset with the head that it names, is built without allocating and its
//! parameters are counted, tied matrices once. That is the number that was published, and the number that the facts work out from
//! the sizes by a formula of their own; presets with neither are left out.
//!
//! # Catches
//!
//! - a missing bias
//! - an untied matrix
//! - a wrong size in a preset
//! - a pooler too many
//!
//! # Seen
//!
//! - [lucidrains/vit-pytorch #39](https://github.com/lucidrains/vit-pytorch/issues/39): ViT-Base built with the
//!   published sizes has 91 million parameters, the paper's has 86.
//! - [whai362/PVT #60](https://github.com/whai362/PVT/issues/60): the paper gave 3.4 million for PVTv2-B0, the code
//!   has 3.67; the authors call it an error of the paper.
//! - [bradyz/cross_view_transformers #14](https://github.com/bradyz/cross_view_transformers/issues/14): 5 million
//!   were published because layers that nothing used had been counted.
//!
//! # Fix
//!
//! Compare `zoo show <preset>` with the published list of tensors, and divide the difference: by `d_model` it is a
//! bias or a norm, by `vocab_size · d_model` an untied head, by `d_model²` a map too many in each layer. If the code
//! is right, the number in the TOML counts something else (a pooler, a head, buffers): cite the source that counts as
//! we do.

use crate::check::{Stop, Verdict, none_of};
use crate::subject::Subject;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let descriptor = subject.descriptor();
    let mut problems = Vec::new();
    let mut counted = 0;
    for preset in &descriptor.presets {
        let worked_out = preset.counted.as_ref().filter(|counted| counted.basis.is_none());
        let expected = [("published", preset.parameters), ("worked out", worked_out.map(|counted| counted.parameters))];
        if expected.iter().all(|(_, number)| number.is_none()) {
            continue;
        }
        let mut config = subject.architecture.complete(&preset.config)?;
        let body = !preset.config.contains_key("head") && config.contains_key("head");
        if body && descriptor.head("none").is_some() {
            config.insert("head".into(), "none".into());
        }
        let built = subject.architecture.modules(&config)?.parameter_count();
        counted += 1;
        let others = expected.iter().filter_map(|(how, number)| Some((how, (*number)?))).filter(|(_, n)| *n != built);
        problems.extend(others.map(|(how, n)| format!("`{}` has {built} parameters, {how} are {n}", preset.id)));
    }
    if counted == 0 {
        return Err(Stop::NotApplicable(
            "no preset states how many parameters were published, or follow from its sizes".into(),
        ));
    }
    none_of(&problems, format!("{counted} presets"))
}
