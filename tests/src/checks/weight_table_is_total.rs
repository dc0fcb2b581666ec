//! The table between published weights and ours names every parameter once and every published tensor.
//!
//! # How
//!
//! With each head, and with every choice that a configuration leaves, each parameter is reached by exactly one row and no
//! row names what the model lacks; no parameter of a module that is read is dropped. Each tensor of each golden's weight
//! file is loaded, repeats a tied one or is dropped by a row; none is unexpected or missing. The guard: with any row that
//! reads standing twice, the table is said to be wrong.
//!
//! # Catches
//!
//! - a parameter that keeps its random start
//! - two rows for one parameter
//! - a switch that the table follows and the model does not
//! - a published tensor nobody reads
//! - the bias of a map that is dropped while its matrix is read
//!
//! # Seen
//!
//! - [Blaizzy/mlx-audio #902](https://github.com/Blaizzy/mlx-audio/issues/902): a checkpoint whose names did not
//!   match loaded without a word, and left a randomly drawn model.
//! - [hexgrad/kokoro #368](https://github.com/hexgrad/kokoro/issues/368): a loader that falls back to `strict=False`
//!   left every layer with weight norm at its random start.
//! - [sgl-project/sglang #16235](https://github.com/sgl-project/sglang/pull/16235): a parameter that the checkpoint
//!   lacks kept its random values, without error or warning.
//!
//! # Fix
//!
//! The message names the parameter or the tensor. A parameter that no row reaches is new, or its path was renamed in
//! `mod.rs`: add or correct its `Row`. A row that names what the model lacks often belongs to one head only: put it
//! in `with_head`. A published tensor that nobody reads is a buffer (`Row::drop`), a copy (`Row::tied`), or a part of
//! the model that is missing.

use std::collections::BTreeSet;

use zoo_registry::weights::Verb;
use zoo_registry::{Row, WeightNames};

use crate::check::{Verdict, none_of};
use crate::golden;
use crate::subject::{Subject, Variant};

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut problems = Vec::new();
    let variants = subject.with_other_choices()?;
    for Variant { head, config } in &variants {
        let modules = subject.architecture.modules(config)?;
        let names = subject.architecture.weight_names(config)?;
        problems.extend(names.gaps(&modules).into_iter().map(|gap| format!("head `{head}`: {gap}")));
        problems.extend(halves(&names).into_iter().map(|half| format!("head `{head}`: {half}")));
        let reading = |row: &&Row| !matches!(row.verb, Verb::Tied | Verb::Drop);
        let rows: Vec<Row> = names.rows().map(|(_, row)| row).filter(reading).copied().collect();
        let unseen = rows.iter().find(|row| names.clone().ignoring([**row]).gaps(&modules).is_empty());
        problems.extend(
            unseen.map(|row| format!("head `{head}`: `{}` may stand twice, and nobody says so", row.published)),
        );
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
    none_of(&problems, format!("{} heads and choices, {} golden weight files", variants.len(), goldens.len()))
}

/// Parameters that are dropped of modules that are read.
fn halves(names: &WeightNames) -> Vec<String> {
    const LEAVES: [&str; 2] = ["weight", "bias"];
    let read: BTreeSet<&str> =
        names.rows().filter(|(_, row)| row.verb != Verb::Drop).map(|(_, row)| row.published).collect();
    let dropped = names.rows().filter(|(_, row)| row.verb == Verb::Drop).map(|(_, row)| row.published);
    let half = |dropped: &str| {
        let (module, leaf) = dropped.rsplit_once('.')?;
        let half = LEAVES.contains(&leaf) && read.contains(module);
        half.then(|| format!("`{dropped}` is dropped, and the rest of `{module}` is read"))
    };
    dropped.filter_map(half).collect()
}
