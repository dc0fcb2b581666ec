//! The table between published weights and ours names every parameter once and every published tensor.
//!
//! # How
//!
//! With each head, each parameter is reached by exactly one row and no row names what the model lacks. Each tensor of each
//! golden's weight file is loaded, repeats a tied one or is dropped by a row; none is unexpected or missing.
//!
//! # Catches
//!
//! - a parameter that keeps its random start
//! - two rows for one parameter
//! - a published tensor nobody reads

use crate::check::{Verdict, none_of};
use crate::golden;
use crate::subject::{Subject, Variant};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut problems = Vec::new();
    let variants = subject.variants()?;
    for Variant { head, config } in &variants {
        let modules = subject.architecture.modules(config)?;
        let gaps = subject.architecture.weight_names(config)?.gaps(&modules);
        problems.extend(gaps.into_iter().map(|gap| format!("head `{head}`: {gap}")));
    }
    let goldens = golden::read(subject.architecture)?;
    for golden in &goldens {
        match golden.load(subject.architecture, &subject.device) {
            Ok(loaded) if !loaded.report.unexpected.is_empty() => {
                problems
                    .push(format!("golden `{}` holds {:?}, which no row names", golden.name, loaded.report.unexpected));
            }
            Ok(_) => {}
            Err(stop) => problems.push(format!("golden `{}`: {stop}", golden.name)),
        }
    }
    none_of(&problems, format!("{} heads, {} golden weight files", variants.len(), goldens.len()))
}
