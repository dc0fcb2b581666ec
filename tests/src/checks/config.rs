//! Configurations are refused before a tensor exists, and those that are accepted build what was published.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use zoo_registry::output::Record;
use zoo_registry::{Error, ModuleTree};

use super::facts::is_size;
use crate::check::{Check, Stop, Verdict, none_of, require};
use crate::inputs;
use crate::subject::{Subject, Variant};
use crate::values::values;

pub(super) const CONFIG_IS_VALIDATED: Check = Check {
    id: "config-is-validated",
    statement: "A configuration that cannot be meant is an error that names the field, never a panic, a default or an allocation.",
    method: "Each tiny configuration is accepted and completing it twice changes nothing. Then each field in turn is misspelt, \
             given another type, and, where it is a size, set to 0, to a negative number, to 2^40 and to the largest integer; \
             heads are made not to divide. Each must be refused, with the field's name in the message.",
    catches: &["a typo that is ignored", "a size of zero that panics later", "an overflow", "heads that do not divide"],
    run: config_is_validated,
};

pub(super) const EVERY_FIELD_HAS_AN_EFFECT: Check = Check {
    id: "every-field-has-an-effect",
    statement: "Every field of a configuration changes what is built or what it computes.",
    method: "Each field of each tiny configuration is given each other value that is found to be accepted: another size, twice the \
             number, the other truth, every choice that a refusal lists. With at least one head of one tiny configuration, the \
             module tree, the limits or the outputs with the same hot weights must change.",
    catches: &[
        "an epsilon that is read and not used",
        "a choice that falls back to another",
        "a switch that does nothing",
    ],
    run: every_field_has_an_effect,
};

pub(super) const PARAMETER_COUNT_IS_PUBLISHED: Check = Check {
    id: "parameter-count-is-published",
    statement: "Every preset has exactly as many parameters as was published.",
    method: "The module tree of each preset's body, or of the preset with the head that it names, is built without allocating and \
             its parameters are counted, tied matrices once; presets that state no number are left out.",
    catches: &["a missing bias", "an untied matrix", "a wrong size in a preset", "a pooler too many"],
    run: parameter_count_is_published,
};

/// A configuration that must be refused.
struct Mutation {
    what: String,
    /// One of these must be named.
    names: Vec<String>,
    config: Map<String, Value>,
}

fn config_is_validated(subject: &Subject<'_>) -> Verdict {
    let complete = |config: &Map<String, Value>| subject.architecture.complete(config);
    let (mut mutations, mut fields) = (Vec::new(), 0);
    for tiny in tinies(subject)? {
        require(complete(&tiny)? == tiny, || "completing a complete configuration changes it".to_owned())?;
        mutations.extend(self::mutations(&tiny));
        fields += tiny.len();
    }
    let mut problems = Vec::new();
    for Mutation { what, names, config } in &mutations {
        // `complete` parses and nothing else: a size that slips through is not built here.
        match complete(config) {
            Ok(_) => problems.push(format!("{what} is accepted")),
            Err(Error::Config { problems: told, .. }) => {
                let named = |name: &String| told.iter().any(|problem| problem.field == *name);
                if !names.iter().any(named) {
                    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
                    problems.push(format!("{what} is refused without naming `{}`: {}", names[0], told.join(", ")));
                }
            }
            Err(error) => problems.push(format!("{what} is another error: {error}")),
        }
    }
    none_of(&problems, format!("{} broken configurations of {fields} fields", mutations.len()))
}

/// Every tiny configuration, completed.
fn tinies(subject: &Subject<'_>) -> Result<Vec<Map<String, Value>>, Stop> {
    subject.descriptor().small().map(|(_, tiny)| Ok(subject.architecture.complete(tiny)?)).collect()
}

fn mutations(tiny: &Map<String, Value>) -> Vec<Mutation> {
    let mut found = Vec::new();
    let mut change = |field: &str, value: Value, names: &[&str]| {
        let mut config = tiny.clone();
        config.insert(field.to_owned(), value.clone());
        let names = names.iter().map(|&name| name.to_owned()).collect();
        found.push(Mutation { what: format!("`{field}` = {value}"), names, config });
    };
    for (field, value) in tiny {
        change(&format!("{field}_"), value.clone(), &[&format!("{field}_")]);
        match value {
            Value::Bool(_) => change(field, "perhaps".into(), &[field]),
            Value::Number(_) => change(field, "a number".into(), &[field]),
            Value::String(_) => change(field, "no-such-choice".into(), &[field]),
            _ => {}
        }
        let wrong_type = if value.is_array() { Value::Bool(true) } else { Value::from(vec![1, 2]) };
        change(field, wrong_type, &[field]);
        if value.is_u64() && is_size(field) {
            for size in
                [Value::from(0), Value::from(-1), Value::from(1u64 << 40), Value::from(u64::MAX), Value::from(1.5)]
            {
                change(field, size, &[field]);
            }
        }
        if value.is_f64() && field.ends_with("_eps") {
            change(field, Value::from(0.0), &[field]);
            change(field, Value::from(-1e-5), &[field]);
        }
    }
    let number = |field: &str| tiny.get(field).and_then(Value::as_u64);
    for (part, whole) in [("n_heads", "d_model"), ("n_kv_heads", "n_heads")] {
        let free = part == "n_heads" && tiny.contains_key("head_dim");
        if let (Some(_), Some(size), false) = (number(part), number(whole), free) {
            let least = (2..).find(|n| size % n != 0).unwrap_or(size + 1);
            change(part, least.into(), &[part, whole]);
        }
    }
    found
}

fn parameter_count_is_published(subject: &Subject<'_>) -> Verdict {
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

fn every_field_has_an_effect(subject: &Subject<'_>) -> Verdict {
    let variants = subject.variants()?;
    let tinies = tinies(subject)?;
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
        for value in values {
            tried += 1;
            let mut effect = false;
            for variant in variants.iter().filter(|variant| variant.config.contains_key(*field)) {
                let mut changed = variant.config.clone();
                changed.insert((*field).clone(), value.clone());
                // What this head does not allow, it does not read either.
                let Ok(config) = subject.architecture.complete(&changed) else { continue };
                effect = effect || differs(subject, variant, &Variant { config, ..variant.clone() })?;
            }
            if !effect {
                problems.push(format!("`{field}` = {value} changes nothing with any head"));
            }
        }
    }
    none_of(&problems, format!("{tried} other values of {} fields", fields.len()))
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
        Value::String(_) => match with(&"no-such-choice".into()) {
            Err(error) => quoted(&error.to_string()).into_iter().map(Value::from).collect(),
            Ok(_) => Vec::new(),
        },
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

/// What a message quotes in backticks.
fn quoted(message: &str) -> Vec<String> {
    message.split('`').skip(1).step_by(2).map(str::to_owned).collect()
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
