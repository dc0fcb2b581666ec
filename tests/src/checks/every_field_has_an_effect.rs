//! Every field of a configuration changes what is built or what it computes, and no two of its choices are the same.
//!
//! # How
//!
//! Each field of each tiny configuration is given each other value that is found to be accepted: another size, twice the
//! number, the other truth, every choice that a refusal lists. With at least one head of one tiny configuration, the
//! module tree, the limits or the outputs with the same hot weights must change. Two choices of a field are compared with
//! each other in the same way.
//!
//! # Catches
//!
//! - an epsilon that is read and not used
//! - a choice that falls back to another, or computes what another one says
//! - a switch that does nothing
//!
//! # Seen
//!
//! - [huggingface/transformers #20699](https://github.com/huggingface/transformers/pull/20699) and
//!   [huggingface/transformers #21336](https://github.com/huggingface/transformers/pull/21336): several models had
//!   `layer_norm_eps` in their configuration and built their norms with the default.
//! - [NVIDIA-NeMo/Megatron-Bridge #5712](https://github.com/NVIDIA-NeMo/Megatron-Bridge/pull/5712): of the norms of one
//!   layer, those after attention and MLP ran with 1e-5 instead of the configured epsilon.
//!
//! # Fix
//!
//! Search the family for the field: most often it is parsed and never handed to `init`. If it is handed on, follow it
//! into the block: a block that takes an epsilon or an activation must give it to burn's own config. If it matters only
//! with a head or a size that no tiny configuration has, add one to `[[tinies]]`. A field that truly does nothing here
//! does not belong in `Config`: name it under `ignored` in `[published]`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use zoo_registry::ModuleTree;
use zoo_registry::output::Record;

use crate::check::{Stop, Verdict, none_of};
use crate::choices::choices;
use crate::inputs;
use crate::subject::{Subject, Variant};
use crate::values::values;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let variants = subject.variants()?;
    let tinies = subject.tinies()?;
    let (mut problems, mut tried) = (Vec::new(), 0);
    let fields: BTreeSet<&String> = tinies.iter().flat_map(Map::keys).filter(|field| *field != "head").collect();
    for field in &fields {
        let mut values: Vec<Value> = Vec::new();
        for value in
            tinies.iter().filter(|tiny| tiny.contains_key(*field)).flat_map(|t| alternatives(subject, t, field))
        {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let of_field: Vec<&Variant> = variants.iter().filter(|variant| variant.config.contains_key(*field)).collect();
        // What a head does not allow, it does not read either.
        let with = |variant: &Variant, value: &Value| {
            let mut changed = variant.config.clone();
            changed.insert((*field).clone(), value.clone());
            let config = subject.architecture.complete(&changed).ok()?;
            Some(Variant { config, ..variant.clone() })
        };
        for value in &values {
            tried += 1;
            let changed = of_field.iter().filter_map(|variant| Some(((*variant).clone(), with(variant, value)?)));
            if !any_differs(subject, changed)? {
                problems.push(format!("`{field}` = {value} changes nothing with any head"));
            }
        }
        let words = values.iter().filter(|value| value.is_string()).enumerate();
        for (index, word) in words {
            for other in values.iter().filter(|value| value.is_string()).skip(index + 1) {
                let both = |variant: &&Variant| Some((with(variant, word)?, with(variant, other)?));
                // Choices that no head allows alike cannot be told apart so.
                let pairs: Vec<_> = of_field.iter().filter_map(both).collect();
                if !pairs.is_empty() && !any_differs(subject, pairs.into_iter())? {
                    problems.push(format!("`{field}` = {word} and {other} are the same with every head"));
                }
            }
        }
    }
    none_of(&problems, format!("{tried} other values of {} fields", fields.len()))
}

/// Whether two configurations of some pair differ.
fn any_differs(subject: &Subject<'_>, pairs: impl Iterator<Item = (Variant, Variant)>) -> Result<bool, Stop> {
    for (a, b) in pairs {
        if differs(subject, &a, &b)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Other values of `field` that are accepted and mean something else.
fn alternatives(subject: &Subject<'_>, tiny: &Map<String, Value>, field: &str) -> Vec<Value> {
    let with = |value: &Value| {
        let mut config = tiny.clone();
        config.insert(field.to_owned(), value.clone());
        subject.architecture.complete(&config)
    };
    let candidates: Vec<Value> = match &tiny[field] {
        Value::Bool(truth) => vec![Value::from(!truth)],
        Value::String(_) => choices(subject, tiny, field).into_iter().map(Value::from).collect(),
        number => match (number.as_u64(), number.as_f64()) {
            // The first size that is accepted is enough: sizes are all alike.
            (Some(size), _) => {
                let sizes = [size + 1, size * 2, size / 2, size - size.min(1)].map(Value::from);
                sizes.into_iter().find(|size| with(size).is_ok()).into_iter().collect()
            }
            (None, Some(number)) => vec![Value::from(number * 2.0)],
            _ => Vec::new(),
        },
    };
    let accepted = candidates.into_iter().filter_map(|value| with(&value).ok());
    let mut found: Vec<Value> =
        accepted.map(|config| config[field].clone()).filter(|value| *value != tiny[field]).collect();
    found.dedup();
    found
}

/// Whether two configurations build different modules, take different inputs, or compute different outputs.
fn differs(subject: &Subject<'_>, a: &Variant, b: &Variant) -> Result<bool, Stop> {
    let modules =
        |variant: &Variant| -> Result<ModuleTree, Stop> { Ok(subject.architecture.modules(&variant.config)?) };
    if modules(a)? != modules(b)? {
        return Ok(true);
    }
    let (first, second) = (subject.hot(a)?, subject.hot(b)?);
    if first.limits() != second.limits() {
        return Ok(true);
    }
    let input = inputs::input(first.as_ref(), "fields", 2)?;
    let outputs =
        |model: &dyn zoo_registry::Model| -> Result<_, Stop> { Ok(values(&model.forward(&input, Record::NOTHING)?)) };
    Ok(outputs(first.as_ref())? != outputs(second.as_ref())?)
}
