//! What a configuration is said to build is what it builds: parameters, table, configuration and name.
//!
//! # How
//!
//! Sizes are counted, and weights made, from a module tree that exists without a model. With each head of each tiny
//! configuration, and for every preset, the model itself is built, which allocates nothing, and asked: its modules with
//! every shape, its table of weights, its configuration and its architecture must be those that were said. Of tiny
//! models the weights are read as well: each parameter once, in its shape.
//!
//! # Catches
//!
//! - a count of parameters that no model has
//! - a preset whose model is another's
//! - a model that forgets how it was configured
//!
//! # Seen
//!
//! - [TransformerLensOrg/TransformerLens #448](https://github.com/TransformerLensOrg/TransformerLens/issues/448): the
//!   count of parameters follows a formula that is wrong for gated MLPs, and says 5.0 billion of LLaMA's 7.
//! - [TylerYep/torchinfo #358](https://github.com/TylerYep/torchinfo/issues/358): a summary of Flan-T5 small shows 128.7
//!   million parameters, the model has 77.0.
//!
//! # Fix
//!
//! Implement `Family`, and tree and model come from the same `init`. Whoever implements `Architecture` by hand must make
//! both from the same parsed configuration: look at what `complete` fills in and `modules` does not. If the weights
//! differ from the tree, `Model::weights` leaves a parameter out, or the table turns a shape that the tree does not.

use serde_json::{Map, Value};
use zoo_registry::{Model, ModuleTree};

use crate::check::{Stop, Verdict, none_of};
use crate::subject::Subject;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut problems = Vec::new();
    let variants = subject.variants()?;
    for variant in &variants {
        let told = |problem: String| format!("head `{}`: {problem}", variant.head);
        let model = subject.hot(variant)?;
        problems.extend(differences(subject, &variant.config, model.as_ref())?.into_iter().map(told));
        problems.extend(unlike_the_tree(subject, &variant.config, model.as_ref())?.map(told));
    }
    let presets = &subject.descriptor().presets;
    for preset in presets {
        let config = subject.architecture.complete(&preset.config)?;
        let model = subject.architecture.build(&config, &subject.device)?;
        let told = |problem: String| format!("preset `{}`: {problem}", preset.id);
        problems.extend(differences(subject, &config, model.as_ref())?.into_iter().map(told));
    }
    none_of(&problems, format!("{} tiny models, {} presets", variants.len(), presets.len()))
}

/// What a model says of itself that its architecture does not say.
fn differences(subject: &Subject<'_>, config: &Map<String, Value>, model: &dyn Model) -> Result<Vec<String>, Stop> {
    let mut problems = Vec::new();
    let (id, found) = (&subject.descriptor().id, model.architecture());
    if found != id {
        problems.push(format!("the model calls itself `{found}`, expected `{id}`"));
    }
    let differs = |(field, value): &(&String, &Value)| model.config().get(*field) != Some(*value);
    let forgotten =
        config.iter().filter(differs).chain(model.config().iter().filter(|(f, _)| !config.contains_key(*f)));
    problems
        .extend(forgotten.map(|(field, _)| format!("the model says another `{field}` than it was built with")).next());
    problems.extend(first_difference(&subject.architecture.modules(config)?, &model.modules()));
    if *model.weight_names() != subject.architecture.weight_names(config)? {
        problems.push("the model's table of weights is another".to_owned());
    }
    Ok(problems)
}

/// Where two trees part, in words.
fn first_difference(said: &ModuleTree, built: &ModuleTree) -> Option<String> {
    let shapes = |tree: &ModuleTree| -> Vec<(String, Vec<usize>)> {
        tree.parameters().into_iter().map(|(path, parameter)| (path, parameter.shape.clone())).collect()
    };
    let (said_shapes, built_shapes) = (shapes(said), shapes(built));
    let lacking = said_shapes.iter().find(|parameter| !built_shapes.contains(parameter));
    let extra = built_shapes.iter().find(|parameter| !said_shapes.contains(parameter));
    match (lacking, extra) {
        (Some((path, shape)), _) => Some(format!("`{path}` of shape {shape:?} is said to be built and is not")),
        (None, Some((path, shape))) => Some(format!("`{path}` of shape {shape:?} is built and not said to be")),
        (None, None) => (said != built).then(|| "the modules have other types or another order than said".to_owned()),
    }
}

/// The weights a model gives, against its tree. The published side of the table may split or turn them: what counts is that
/// they are as many numbers.
fn unlike_the_tree(
    subject: &Subject<'_>,
    config: &Map<String, Value>,
    model: &dyn Model,
) -> Result<Option<String>, Stop> {
    let said = subject.architecture.modules(config)?.parameter_count();
    let given: u64 = model.weights().values().map(|data| data.num_elements() as u64).sum();
    Ok((given != said).then(|| format!("the weights are {given} numbers, the modules have {said}")))
}
