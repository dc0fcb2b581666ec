//! A configuration that cannot be meant is an error that names the field, never a panic, a default or an allocation.
//!
//! # How
//!
//! Each tiny configuration is accepted and completing it twice changes nothing. Without one of its fields it is refused, or
//! completed with none left open. Then each field in turn is misspelt, given another type, and, where it is a size, set to 0,
//! to a negative number, to 2^40 and to the largest integer; heads are made not to divide, and where they are turned in pairs to be odd; every two sizes are 0 at once. Each must
//! be refused, with the name of each wrong field in the message, and of none that was left out. At each of the `[[edges]]` that the family declares for its own
//! rules, the last value is accepted and the next one is refused.
//!
//! # Catches
//!
//! - a typo that is ignored
//! - a size of zero that panics later
//! - an overflow
//! - heads that do not divide
//! - a second mistake that is told only once the first is corrected
//! - a rule that is stricter or laxer by one than it should be
//! - a default that is blamed for what was given
//! - a field left open, so that nobody can read off what is built
//!
//! # Seen
//!
//! - [huggingface/transformers #23081](https://github.com/huggingface/transformers/issues/23081): a width that the
//!   heads of GPT-NeoX do not divide was accepted and became an exception about shapes in the forward pass.
//! - [EleutherAI/gpt-neox #1314](https://github.com/EleutherAI/gpt-neox/issues/1314): grouped heads whose sizes do
//!   not divide crashed training with `shape is invalid for input of size`.
//! - [hydra-ecosystem/hydra #1951](https://github.com/hydra-ecosystem/hydra/issues/1951): a misspelt keyword in a
//!   configuration is ignored, and another model is composed than was meant.
//!
//! # Fix
//!
//! Look at `problems()` of the family's `Config`: each size needs `Rules::size` (or `layers`), each epsilon
//! `positive`, each pair of heads and width `divides`. A choice belongs in an enum, whose variants serde lists when
//! it refuses. If a misspelt field is accepted, the struct has a `#[serde(flatten)]` or a default that swallows it.
//! If the wrong field is named, give the rule the name of the field that a person would change. If a field stays open, `settled()`
//! must fill it in; what may be absent is a choice, and has a name. At an edge, either the rule or the `[[edges]]` is off: each
//! line there is what the paper or the arithmetic allows.

use serde_json::{Map, Value};
use zoo_registry::Error;
use zoo_registry::descriptor::{Edge, Part};

use crate::check::{Verdict, none_of, require};
use crate::lint::is_size;
use crate::subject::Subject;

/// The term of a bias by buckets, half of them for each direction.
const BUCKETED: &str = "relative-t5-bias";

/// A configuration that must be refused.
struct Mutation {
    what: String,
    /// One of these must be named.
    names: Vec<String>,
    config: Map<String, Value>,
}

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let complete = |config: &Map<String, Value>| subject.architecture.complete(config);
    let (mut mutations, mut fields) = (Vec::new(), 0);
    for tiny in subject.tinies()? {
        require(complete(&tiny)? == tiny, || "completing a complete configuration changes it".to_owned())?;
        mutations.extend(self::mutations(&tiny));
        mutations.extend(uneven(subject, &tiny));
        fields += tiny.len();
    }
    let mut problems = Vec::new();
    for tiny in subject.tinies()? {
        problems.extend(left_open(subject, &tiny));
        problems.extend(told_alone(subject, &tiny));
        problems.extend(told_of_the_absent(subject, &tiny));
    }
    for edge in &subject.descriptor().edges {
        problems.extend(at_the_edge(subject, edge));
    }
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
    let edges = subject.descriptor().edges.len();
    none_of(&problems, format!("{} broken configurations of {fields} fields, {edges} edges", mutations.len()))
}

/// What must come out even, by what the facts say of the layers: heads that are turned in pairs, buckets for two directions.
fn uneven(subject: &Subject<'_>, tiny: &Map<String, Value>) -> Vec<Mutation> {
    let descriptor = subject.descriptor();
    let turned = descriptor.equations.iter().flat_map(|equation| &equation.parts).any(|part| match part {
        Part::Attention(attention) | Part::CrossAttention(attention) => attention.rotary.is_some(),
        Part::Mlp(_) => false,
    });
    let positions = descriptor.taxonomy.get("positional-encoding");
    let bucketed = positions.is_some_and(|terms| terms.iter().any(|term| term == BUCKETED));
    let fields = [("head_dim", turned), ("n_buckets", bucketed)];
    let odd = fields.into_iter().filter(|(_, declared)| *declared).filter_map(|(field, _)| {
        let size = tiny.get(field)?.as_u64()? | 1;
        let mut config = tiny.clone();
        config.insert(field.to_owned(), size.into());
        Some(Mutation { what: format!("`{field}` = {size}, which is odd,"), names: vec![field.to_owned()], config })
    });
    odd.collect()
}

/// What is refused on an edge, or accepted beyond it.
fn at_the_edge(subject: &Subject<'_>, edge: &Edge) -> Option<String> {
    let Edge { field, least, most, step, given } = edge;
    let step = step.unwrap_or(1);
    let (last, next) = match (least, most) {
        (Some(least), _) => (*least, least.saturating_sub(step)),
        (None, Some(most)) => (*most, most.saturating_add(step)),
        (None, None) => return Some(format!("an edge of `{field}` has neither `least` nor `most`")),
    };
    let complete = |size: u64| {
        let mut config = subject.descriptor().tiny.clone();
        config.extend(given.clone());
        config.insert(field.clone(), size.into());
        subject.architecture.complete(&config)
    };
    if let Err(error) = complete(last) {
        return Some(format!("`{field}` = {last} is on the edge and refused: {error}"));
    }
    match complete(next) {
        Ok(_) => Some(format!("`{field}` = {next} is beyond the edge and accepted")),
        Err(Error::Config { problems, .. }) => {
            let named = |problem: &zoo_registry::Problem| problem.field == *field || given.contains_key(&problem.field);
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            let what = || format!("`{field}` = {next} is refused without naming it: {}", told.join(", "));
            (!problems.iter().any(named)).then(what)
        }
        Err(error) => Some(format!("`{field}` = {next} is another error: {error}")),
    }
}

/// Fields that are null in a completed configuration, whichever was left out.
fn left_open(subject: &Subject<'_>, tiny: &Map<String, Value>) -> Vec<String> {
    let without = |field: &String| {
        let mut config = tiny.clone();
        config.remove(field);
        // What has no default is missed, which is as well.
        let completed = subject.architecture.complete(&config).ok()?;
        let open = completed.iter().find(|(_, value)| value.is_null())?.0;
        Some(format!("without `{field}`, `{open}` is left open"))
    };
    tiny.keys().filter_map(without).collect()
}

/// Of two sizes that are 0, those that are not told.
fn told_alone(subject: &Subject<'_>, tiny: &Map<String, Value>) -> Vec<String> {
    let sizes: Vec<&String> =
        tiny.iter().filter(|(field, value)| value.is_u64() && is_size(field)).map(|(field, _)| field).collect();
    let mut problems = Vec::new();
    for (index, one) in sizes.iter().enumerate() {
        for other in &sizes[index + 1..] {
            let mut config = tiny.clone();
            [*one, *other].into_iter().for_each(|field| _ = config.insert(field.clone(), 0.into()));
            let Err(Error::Config { problems: told, .. }) = subject.architecture.complete(&config) else { continue };
            let silent = [*one, *other].into_iter().find(|field| !told.iter().any(|problem| problem.field == **field));
            problems
                .extend(silent.map(|silent| format!("`{one}` = `{other}` = 0 is refused without naming `{silent}`")));
        }
    }
    problems
}

/// Fields that were left out and are told to be wrong, for a size that is 0.
fn told_of_the_absent(subject: &Subject<'_>, tiny: &Map<String, Value>) -> Vec<String> {
    let without = |absent: &String| {
        let mut config = tiny.clone();
        config.remove(absent);
        subject.architecture.complete(&config).is_ok().then_some(config)
    };
    let sizes = |config: &Map<String, Value>| {
        let sizes = config.iter().filter(|(field, value)| value.is_u64() && is_size(field));
        sizes.map(|(field, _)| field.clone()).collect::<Vec<_>>()
    };
    let mut problems = Vec::new();
    for (absent, config) in tiny.keys().filter_map(|absent| Some((absent, without(absent)?))) {
        for size in sizes(&config) {
            let mut config = config.clone();
            config.insert(size.clone(), 0.into());
            if let Err(Error::Config { problems: told, .. }) = subject.architecture.complete(&config)
                && told.iter().any(|problem| problem.field == *absent)
            {
                problems.push(format!("`{size}` = 0 is refused as a wrong `{absent}`, which was not given"));
            }
        }
    }
    problems
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
