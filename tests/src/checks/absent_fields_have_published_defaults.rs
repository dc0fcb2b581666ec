//! What a published `config.json` leaves out is what its publisher's library fills in.
//!
//! # How
//!
//! A family may ship `golden/defaults.json`: the configuration that the reference library makes when it is told nothing, every field
//! of it. A file that says the `model_type` alone must be completed to the same configuration, and so must the whole file with each
//! of its fields left out in turn. No field of it may go unread, and one that nobody knows is told; a field that contradicts it in our
//! words, or another `model_type`, is refused. The guard: a file that leaves nothing out is complete, and
//! every field of it that we know is at its published value.
//!
//! Where no library has defaults, one of the sizes may be said to be them: `defaults = true`. It must give every number and every
//! switch itself, and a configuration that says nothing must be completed to that very size.
//!
//! # Catches
//!
//! - an epsilon that is another library's
//! - a default that was changed for a new size
//! - a field of the library that nobody thought of
//!
//! # Seen
//!
//! - [foundation-model-stack/foundation-model-stack #99](https://github.com/foundation-model-stack/foundation-model-stack/pull/99):
//!   the default epsilon of Llama was 1e-6 where 1e-5 had been published.
//! - [huggingface/transformers #709](https://github.com/huggingface/transformers/issues/709): the configurations that came
//!   with BERT have no `layer_norm_eps`; whoever reads them has to know it.
//! - [huggingface/transformers #15332](https://github.com/huggingface/transformers/pull/15332): of two libraries one left the
//!   epsilon of a norm to its framework's default, and the models differed by 1e-3.
//!
//! # Fix
//!
//! The field that differs is named: correct it in `Default` of the family's `Config`. If the size you think of differs from
//! the library's default, say so in that preset.

use serde_json::{Map, Value};
use zoo_registry::config;

use crate::check::{Finding, Stop, Verdict, require};
use crate::subject::Subject;

/// Where the library's defaults stand in a family's folder.
const FILE: &str = "golden/defaults.json";

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let folder = subject.architecture.folder();
    let Some(file) = folder.get_file(folder.path().join(FILE)) else {
        return those_of_a_size(subject);
    };
    let defaults: Map<String, Value> =
        serde_json::from_slice(file.contents()).map_err(|error| Stop::fails(format!("`{FILE}`: {error}")))?;
    let told = |change: &dyn Fn(&str) -> bool| -> Result<Map<String, Value>, Stop> {
        let kept = defaults.iter().filter(|(field, _)| *field == "model_type" || change(field));
        let kept = kept.map(|(field, value)| (field.clone(), value.clone())).collect();
        let read = config::from_published(subject.descriptor(), &kept)?;
        require(read.unread.is_empty(), || format!("`{FILE}` has fields nobody reads: {:?}", read.unread))?;
        Ok(subject.architecture.complete(&read.config)?)
    };
    let whole = told(&|_| true)?;
    let read = config::from_published(subject.descriptor(), &defaults)?.config;
    require(!read.is_empty() && read.iter().all(|(field, value)| whole.get(field) == Some(value)), || {
        format!("`{FILE}` says {read:?}, which is completed to {whole:?}")
    })?;
    same(&whole, &told(&|_| false)?, "of a file that says nothing")?;
    misread(subject, &defaults)?;
    let fields: Vec<&String> = defaults.keys().filter(|field| *field != "model_type").collect();
    for left_out in &fields {
        same(&whole, &told(&|field| field != *left_out)?, &format!("of a file without `{left_out}`"))?;
    }
    Ok(Finding::seen(format!("{} fields as published, left out one by one and all at once", fields.len())))
}

/// Of a family whose sizes no library fills in.
fn those_of_a_size(subject: &Subject<'_>) -> Verdict {
    let Some(size) = subject.descriptor().presets.iter().find(|size| size.defaults) else {
        let neither =
            format!("it ships no `{FILE}` of a reference library, and no size is said to be what its defaults are");
        return Err(Stop::NotApplicable(neither));
    };
    let filled_in = subject.architecture.complete(&Map::new())?;
    let absent = |(field, value): &(&String, &Value)| !value.is_string() && !size.config.contains_key(*field);
    let unsaid: Vec<&String> = filled_in.iter().filter(absent).map(|(field, _)| field).collect();
    require(unsaid.is_empty(), || format!("`{}` is said to be the defaults, and leaves out {unsaid:?}", size.id))?;
    let whole = subject.architecture.complete(&size.config)?;
    same(&whole, &filled_in, &format!("of a configuration that says nothing, which should be `{}`,", size.id))?;
    Ok(Finding::seen(format!("the defaults are `{}`, {} fields of it", size.id, size.config.len())))
}

/// The file with a field that nobody knows, with one that it says twice, and of another family.
fn misread(subject: &Subject<'_>, defaults: &Map<String, Value>) -> Result<(), Stop> {
    let with = |name: &str, value: Value| {
        let mut changed = defaults.clone();
        changed.insert(name.to_owned(), value);
        config::from_published(subject.descriptor(), &changed)
    };
    let unread = with("a_field_of_tomorrow", 1.into())?.unread;
    require(unread == ["a_field_of_tomorrow"], || format!("a field that nobody knows is told as {unread:?}"))?;
    let table = &subject.descriptor().published.config;
    for (theirs, ours) in table.iter().filter(|(theirs, _)| defaults.contains_key(*theirs)) {
        let known = !defaults.contains_key(ours) && defaults[theirs].is_u64();
        let twice = known.then(|| with(ours, (defaults[theirs].as_u64().unwrap_or_default() + 1).into()));
        require(!matches!(twice, Some(Ok(_))), || {
            format!("`{theirs}` and `{ours}` contradict each other, and are read")
        })?;
    }
    require(with("model_type", "no-such-family".into()).is_err(), || "a file of another family is read".to_owned())
}

fn same(expected: &Map<String, Value>, found: &Map<String, Value>, what: &str) -> Result<(), Stop> {
    let differs = expected.iter().find(|(field, value)| found.get(*field) != Some(value));
    require(differs.is_none() && expected.len() == found.len(), || {
        let (field, value) = differs.map_or(("", &Value::Null), |(field, value)| (field, value));
        format!("`{field}` {what} is {}, published is {value}", found.get(field).unwrap_or(&Value::Null))
    })
}
