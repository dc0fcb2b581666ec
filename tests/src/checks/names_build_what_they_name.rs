//! A name, however it is typed, builds the size it names; a name that is nearly right brings the right one to mind.
//!
//! # How
//!
//! Each name of the family and of each preset is typed as written, in capitals, with `_` for `-`, with blanks around it, and as the
//! beginning of a glob in capitals: each leads to the preset's own configuration, completed, or to that of the first preset. Each
//! longer name is misspelt in its middle: the refusal suggests it, or three that are as near. Nothing of what is built is left
//! open, and the id with every tiny size typed behind it builds the tiny model. A preset is built if and only if its
//! weights fit the device. The same family once more, and a copy of it with a fact that breaks a rule, are refused.
//!
//! # Catches
//!
//! - a name that builds another size
//! - two families of one name, of which one is lost
//! - a model that is larger than the machine, begun all the same
//! - facts that nobody looked at before they were relied on
//!
//! # Seen
//!
//! - [huggingface/pytorch-image-models #2023](https://github.com/huggingface/pytorch-image-models/pull/2023): of two models
//!   registered with one name, the later took the place of the earlier in silence.
//! - [facebookresearch/segment-anything #658](https://github.com/facebookresearch/segment-anything/issues/658): a package
//!   whose own copies take the names of three models of another.
//!
//! # Fix
//!
//! The message says what was typed and what it led to. Look at `id`, `aliases` and `hub` of the presets in the TOML; names
//! compare without case and with `_` for `-`.

use burn::tensor::Device;
use serde_json::{Map, Value};
use zoo_registry::{
    Architecture, Descriptor, Dir, Error, Model, ModuleTree, Registry, WeightNames, device, names, registry,
};

use crate::check::{Finding, Stop, Verdict, require};
use crate::subject::Subject;

/// A misspelt name of fewer letters is as near to many others.
const LONG: usize = 6;
/// Bytes of a parameter.
const BYTES: u64 = 4;
/// How much larger or smaller than the memory a model must be for the machine's other programs not to matter.
const CLEARLY: u64 = 4;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let registry = Registry::new().with(subject.architecture)?;
    let descriptor = subject.descriptor();
    // The family's own names build its first size; one without any, what it is tested with.
    let first = descriptor.presets.first().map_or(&descriptor.tiny, |preset| &preset.config);
    let mut names: Vec<(&String, Option<&str>, &Map<String, Value>)> =
        [&descriptor.id].into_iter().chain(&descriptor.aliases).map(|name| (name, None, first)).collect();
    for preset in &descriptor.presets {
        let of_preset = [&preset.id].into_iter().chain(&preset.aliases).chain(&preset.hub);
        names.extend(of_preset.map(|name| (name, Some(preset.id.as_str()), &preset.config)));
        fits(subject, &preset.id, &subject.architecture.complete(&preset.config)?)?;
    }
    let (mut typed, mut misspelt) = (0, 0);
    for (name, preset, config) in names {
        let expected = subject.architecture.complete(config)?;
        for name in [name.clone(), name.to_uppercase(), name.replace('-', "_"), format!("  {name} ")] {
            let found = registry.resolve(&name)?.config(&[])?;
            same(&name, &expected, &found)?;
            let open = found.iter().find(|(_, value)| value.is_null());
            require(open.is_none(), || format!("`{name}` builds {found:?}, of which {open:?} is left open"))?;
            typed += 1;
        }
        starts(&registry, name, preset)?;
        misspelt += usize::from(suggested(&registry, name)?);
    }
    built(subject, &registry)?;
    refused(subject, &registry)?;
    Ok(Finding::seen(format!("names typed in {typed} ways, {misspelt} of them misspelt besides")))
}

/// The family's id, with its tiny sizes typed behind it, builds the tiny model.
fn built(subject: &Subject<'_>, registry: &Registry) -> Result<(), Stop> {
    let descriptor = subject.descriptor();
    let tiny = subject.architecture.complete(&descriptor.tiny)?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let typed: Vec<String> = tiny.iter().map(|(field, value)| format!("{field}={}", text(value))).collect();
    same(&typed.join(" "), &tiny, registry.build(&descriptor.id, &typed, &subject.device_name)?.config())
}

fn same(typed: &str, expected: &Map<String, Value>, found: &Map<String, Value>) -> Result<(), Stop> {
    let differs = expected.iter().find(|(field, value)| found.get(*field) != Some(value));
    require(differs.is_none() && found.len() == expected.len(), || {
        format!("`{typed}` builds {found:?}, of which {differs:?} was named")
    })
}

/// The beginning of a name and a star find it, whatever the letter case.
fn starts(registry: &Registry, name: &str, preset: Option<&str>) -> Result<(), Stop> {
    let half: String = name.chars().take(name.chars().count().div_ceil(2)).collect();
    let pattern = format!("{}*", half.to_uppercase());
    let found = registry.matching(&pattern)?;
    let is = |found: &registry::Named<'_>| found.preset.map(|preset| preset.id.as_str()) == preset;
    require(found.iter().any(is), || {
        let found: Vec<&str> = found.iter().map(|found| found.id()).collect();
        format!("`{pattern}` matches {found:?}, and not what `{name}` names")
    })
}

/// A name without the letter in its middle is refused with the name, or with as many as a refusal tells.
fn suggested(registry: &Registry, name: &str) -> Result<bool, Stop> {
    const TOLD: usize = 3;
    let letters: Vec<char> = name.chars().collect();
    if letters.len() < LONG {
        return Ok(false);
    }
    let asked: String =
        letters.iter().enumerate().filter(|(at, _)| *at != letters.len() / 2).map(|(_, letter)| letter).collect();
    match registry.resolve(&asked) {
        Ok(_) => Ok(false),
        Err(Error::UnknownName { near, .. })
            if near.len() == TOLD || near.iter().any(|near| names::normal(near) == names::normal(name)) =>
        {
            Ok(true)
        }
        Err(error) => Err(Stop::fails(format!("`{asked}` is nearly `{name}`, and is met with: {error}"))),
    }
}

/// A preset is built if there is room for it, and refused if not, before anything is allocated.
fn fits(subject: &Subject<'_>, preset: &str, config: &Map<String, Value>) -> Result<(), Stop> {
    let Some(memory) = device::memory(&subject.device_name) else { return Ok(()) };
    let needed = subject.architecture.modules(config)?.parameter_count().saturating_mul(BYTES);
    match registry::build(subject.architecture, config, &subject.device_name) {
        Err(Error::TooLarge { .. }) if needed.saturating_mul(CLEARLY) > memory => Ok(()),
        Err(error) => Err(Stop::fails(format!("`{preset}` of {needed} bytes is met with: {error}"))),
        Ok(_) => require(needed / CLEARLY < memory, || {
            format!("`{preset}` of {needed} bytes is built on a device of {memory}")
        }),
    }
}

/// What no registry may take.
fn refused(subject: &Subject<'_>, registry: &Registry) -> Result<(), Stop> {
    match registry.clone().with(subject.architecture) {
        Err(Error::DuplicateName { .. }) => {}
        Err(error) => return Err(Stop::fails(format!("the family once more is met with: {error}"))),
        Ok(_) => return Err(Stop::fails("the family is registered twice, and one of the two is lost")),
    }
    let descriptor = Descriptor { date: "some day".to_owned(), ..subject.descriptor().clone() };
    // A registry holds what lives as long as the program.
    let unsound: &'static Unsound = Box::leak(Box::new(Unsound { inner: subject.architecture, descriptor }));
    match Registry::new().with(unsound) {
        Err(Error::Descriptor { .. }) => Ok(()),
        Err(error) => Err(Stop::fails(format!("a family with an unsound date is met with: {error}"))),
        Ok(_) => Err(Stop::fails("a family whose date is `some day` is registered")),
    }
}

/// The family with a fact that breaks a rule.
struct Unsound {
    inner: &'static dyn Architecture,
    descriptor: Descriptor,
}

impl Architecture for Unsound {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn folder(&self) -> &Dir<'static> {
        self.inner.folder()
    }

    fn complete(&self, config: &Map<String, Value>) -> zoo_registry::Result<Map<String, Value>> {
        self.inner.complete(config)
    }

    fn modules(&self, config: &Map<String, Value>) -> zoo_registry::Result<ModuleTree> {
        self.inner.modules(config)
    }

    fn build(&self, config: &Map<String, Value>, device: &Device) -> zoo_registry::Result<Box<dyn Model>> {
        self.inner.build(config, device)
    }

    fn weight_names(&self, config: &Map<String, Value>) -> zoo_registry::Result<WeightNames> {
        self.inner.weight_names(config)
    }
}
