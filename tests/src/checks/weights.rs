//! Published weights come in, all of them, and go out again as they came.

use std::collections::BTreeSet;
use std::path::Path;

use zoo_registry::output::Record;
use zoo_registry::weights::{SafetensorsWeights, WeightSource};
use zoo_registry::{Model, checkpoint, config};

use crate::check::{Check, Finding, Stop, Verdict, none_of, require};
use crate::golden;
use crate::inputs;
use crate::subject::{Subject, Variant, drawing};
use crate::values::values;

pub(super) const WEIGHT_TABLE_IS_TOTAL: Check = Check {
    id: "weight-table-is-total",
    statement: "The table between published weights and ours names every parameter once and every published tensor.",
    method: "With each head, each parameter is reached by exactly one row and no row names what the model lacks. Each tensor of \
             each golden's weight file is loaded, repeats a tied one or is dropped by a row; none is unexpected or missing.",
    catches: &[
        "a parameter that keeps its random start",
        "two rows for one parameter",
        "a published tensor nobody reads",
    ],
    run: weight_table_is_total,
};

pub(super) const SAVE_LOAD_IDENTITY: Check = Check {
    id: "save-load-identity",
    statement: "A model that is saved and loaded is the same model, and its file has the published names.",
    method: "With each head, a model with hot weights is saved to a folder and loaded into a freshly drawn one: every output is \
             the same bit for bit (and before loading it was another). The saved `config.json` reads back as the same \
             configuration. Each golden's weights, loaded and saved, have the golden's names and bits.",
    catches: &[
        "a parameter that is not saved",
        "a transposition in one direction only",
        "a renamed tensor",
        "a field lost from config.json",
    ],
    run: save_load_identity,
};

fn weight_table_is_total(subject: &Subject<'_>) -> Verdict {
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

fn save_load_identity(subject: &Subject<'_>) -> Verdict {
    let variants = subject.variants()?;
    for variant in &variants {
        let folder = tempfile::tempdir().map_err(|error| Stop::fails(format!("no temporary folder: {error}")))?;
        let model = subject.hot(variant)?;
        model.save(folder.path())?;
        same_after_loading(subject, variant, model.as_ref(), folder.path())?;
        same_config(subject, variant, folder.path())?;
    }
    let goldens = golden::read(subject.architecture)?;
    for golden in &goldens {
        let loaded = golden.load(subject.architecture, &subject.device)?;
        let extra: BTreeSet<&String> = loaded.report.tied.iter().chain(&loaded.report.dropped).collect();
        let saved = loaded.model.weights();
        let expected: BTreeSet<&String> =
            golden.weights.tensors().keys().filter(|name| !extra.contains(name)).collect();
        let found: BTreeSet<&String> = saved.keys().collect();
        require(expected == found, || {
            let lacking: Vec<_> = expected.difference(&found).collect();
            let more: Vec<_> = found.difference(&expected).collect();
            format!("golden `{}`: not saved {lacking:?}, saved besides {more:?}", golden.name)
        })?;
        for (name, data) in &saved {
            let same = golden.weights.read(name)?.as_bytes() == data.as_bytes();
            require(same, || {
                format!("golden `{}`: `{name}` is saved with other bits than it was loaded", golden.name)
            })?;
        }
    }
    Ok(Finding::seen(format!("{} heads, {} golden weight files", variants.len(), goldens.len())))
}

fn same_after_loading(subject: &Subject<'_>, variant: &Variant, model: &dyn Model, folder: &Path) -> Result<(), Stop> {
    let mut fresh = {
        let _turn = drawing();
        let mut fresh = subject.architecture.build(&variant.config, &subject.device)?;
        fresh.init(1);
        fresh
    };
    let input = inputs::input(model, "saved", 2)?;
    let before = values(&model.forward(&input, Record::ALL)?);
    let unloaded = values(&fresh.forward(&input, Record::ALL)?);
    let head = &variant.head;
    require(before != unloaded, || {
        format!("head `{head}`: a freshly drawn model answers as the saved one, so nothing is seen")
    })?;
    fresh.load(&SafetensorsWeights::open(folder)?)?;
    let after = values(&fresh.forward(&input, Record::ALL)?);
    let changed = before.iter().zip(&after).find(|(before, after)| before != after);
    require(before.len() == after.len() && changed.is_none(), || {
        let name = changed.map_or("the number of outputs", |(before, _)| &before.name);
        format!("head `{head}`: after saving and loading, {name} differs")
    })
}

fn same_config(subject: &Subject<'_>, variant: &Variant, folder: &Path) -> Result<(), Stop> {
    let published = checkpoint::read_object(&folder.join("config.json"))?;
    let resolved = config::from_published(subject.descriptor(), &published)?;
    require(resolved.unread.is_empty(), || {
        format!("the saved `config.json` has fields nobody reads: {:?}", resolved.unread)
    })?;
    let read = subject.architecture.complete(&resolved.config)?;
    let head = &variant.head;
    require(read == variant.config, || {
        let differs = |(field, value): &(&String, &serde_json::Value)| read.get(*field) != Some(*value);
        let fields: Vec<_> = variant.config.iter().filter(differs).map(|(field, _)| field).collect();
        format!("head `{head}`: the saved `config.json` reads back with other {fields:?}")
    })
}
