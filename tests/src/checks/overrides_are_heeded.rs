//! What is typed as `field=value` is what is built, or is refused by that field's name.
//!
//! # How
//!
//! The family is asked for by its id, with every field of each tiny configuration typed as text, as a person would on the command
//! line: the configuration is the tiny one, its numbers numbers and its words words. Then fields are typed wrongly, each alone
//! and two at a time: misspelt, a word for a number, 0, 2^40, heads that do not divide. Every wrong field must be named. At last
//! one size is doubled until the weights would not fit the device: that is refused as too large, not begun. Of a preset, one
//! override changes one field.
//!
//! # Catches
//!
//! - a number that is taken for a word
//! - an override that is ignored
//! - the first of several mistakes told alone, so that the next needs another try
//! - a size that fills the memory before anybody says no
//!
//! # Seen
//!
//! - [hydra-ecosystem/hydra #999](https://github.com/hydra-ecosystem/hydra/issues/999): numbers between 1e-9 and 1e-5 that
//!   were typed as overrides arrived as text.
//! - [facebookresearch/eb_jepa #30](https://github.com/facebookresearch/eb_jepa/issues/30): the overrides that the documentation
//!   shows were bound to another parameter.
//! - [Lightning-AI/pytorch-lightning #20337](https://github.com/Lightning-AI/pytorch-lightning/issues/20337): whether text given for a
//!   number is refused or converted was not clear to those who typed it.
//!
//! # Fix
//!
//! If a value is another than was typed, look at the type of the field in `Config`: text where a number or a choice is meant takes
//! anything. If a wrong field is not named, its rule in `problems()` names another, or returns before the others are looked at.

use serde_json::{Map, Value};
use zoo_registry::{Architecture, Error, Registry, device, registry};

use crate::check::{Finding, Stop, Verdict, require};
use crate::lint::is_size;
use crate::subject::Subject;

/// Doublings after which a size is larger than any.
const DOUBLINGS: usize = 40;
/// Bytes of a parameter.
const BYTES: u64 = 4;
/// How much larger than the memory a model must be for the machine's other programs not to matter.
const CLEARLY: u64 = 8;

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let registry = Registry::new().with(subject.architecture)?;
    let named = registry.resolve(&subject.descriptor().id)?;
    // Of several bodies, a preset has one and its own fields, which another body refuses.
    let base = named.config(&[])?;
    let tinies = subject.tinies()?;
    let alike: Vec<_> = tinies.iter().filter(|tiny| tiny.keys().all(|field| base.contains_key(field))).collect();
    let mut typed = 0;
    for tiny in &alike {
        let found = named.config(&overrides(tiny))?;
        let differs = tiny.iter().find(|(field, value)| found.get(*field) != Some(value));
        require(differs.is_none(), || format!("of what was typed, {differs:?} is not what is built: {found:?}"))?;
        typed += tiny.len();
    }
    let tiny = alike.first().ok_or_else(|| Stop::fails("no tiny configuration has the fields of the first preset"))?;
    let wrong = mistakes(tiny);
    for mistake in &wrong {
        told(&named, &[mistake])?;
    }
    // Two mistakes of one kind are told together: of what cannot be parsed, a parser tells the first.
    let rules: Vec<&Mistake> = wrong.iter().filter(|mistake| mistake.rule).collect();
    for (index, mistake) in rules.iter().enumerate() {
        for other in rules[index + 1..].iter().filter(|other| other.field() != mistake.field()) {
            told(&named, &[mistake, other])?;
        }
    }
    require(rules.len() > 1, || format!("{} sizes to mistype, expected at least two", rules.len()))?;
    kept(subject, &registry)?;
    too_large(subject, tiny)?;
    Ok(Finding::seen(format!("{typed} fields typed, {} of them wrongly", wrong.len())))
}

/// An override changes its own field, and leaves the preset's others as they are.
fn kept(subject: &Subject<'_>, registry: &Registry) -> Result<(), Stop> {
    for preset in &subject.descriptor().presets {
        let own = subject.architecture.complete(&preset.config)?;
        // An epsilon is bound to nothing else.
        let Some((field, eps)) = own.iter().find(|(field, _)| field.ends_with("_eps")) else { continue };
        let other = Value::from(2.0 * eps.as_f64().unwrap_or(1.0));
        let found = registry.resolve(&preset.id)?.config(&[format!("{field}={other}")])?;
        let expected = |name: &String| if name == field { Some(&other) } else { own.get(name) };
        let differs = own.keys().find(|name| found.get(*name) != expected(name));
        require(differs.is_none() && found.len() == own.len(), || {
            format!("`{}` with `{field}={other}` is built with another {differs:?}", preset.id)
        })?;
    }
    Ok(())
}

/// Every field as a person types it: words without quotes.
fn overrides(config: &Map<String, Value>) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    config.iter().map(|(field, value)| format!("{field}={}", text(value))).collect()
}

/// What is typed and must be refused.
struct Mistake {
    typed: String,
    /// One of these must be named.
    names: Vec<String>,
    /// Whether it breaks a rule, rather than the form.
    rule: bool,
}

impl Mistake {
    fn field(&self) -> &str {
        &self.names[0]
    }
}

fn mistakes(tiny: &Map<String, Value>) -> Vec<Mistake> {
    let mut found = Vec::new();
    for (field, value) in tiny {
        let mut add = |typed: String, name: &str, rule| {
            found.push(Mistake { typed, names: vec![name.to_owned()], rule });
        };
        add(format!("{field}_={value}"), &format!("{field}_"), false);
        if value.is_number() {
            add(format!("{field}=many"), field, false);
        }
        if value.is_u64() && is_size(field) {
            add(format!("{field}=0"), field, true);
            add(format!("{field}={}", 1u64 << 40), field, true);
        }
        if value.is_f64() && field.ends_with("_eps") {
            add(format!("{field}=0.0"), field, true);
        }
    }
    let number = |field: &str| tiny.get(field).and_then(Value::as_u64);
    if let (Some(_), Some(width), None) = (number("n_heads"), number("d_model"), tiny.get("head_dim")) {
        let heads = (2..).find(|n| width % n != 0).unwrap_or(width + 1);
        let names = ["n_heads", "d_model"].map(str::to_owned).to_vec();
        found.push(Mistake { typed: format!("n_heads={heads}"), names, rule: true });
    }
    found
}

/// Every mistake is told by its field.
fn told(named: &registry::Named<'_>, mistakes: &[&Mistake]) -> Result<(), Stop> {
    let typed: Vec<String> = mistakes.iter().map(|mistake| mistake.typed.clone()).collect();
    match named.config(&typed) {
        Ok(_) => Err(Stop::fails(format!("{typed:?} is accepted"))),
        Err(Error::Config { problems, .. }) => {
            let named = |mistake: &&&Mistake| {
                mistake.names.iter().any(|name| problems.iter().any(|problem| problem.field == *name))
            };
            let silent = mistakes.iter().find(|mistake| !named(mistake));
            require(silent.is_none(), || {
                let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
                format!(
                    "{typed:?} is refused for {fields:?}, not for `{}`",
                    silent.map_or("", |mistake| mistake.field())
                )
            })
        }
        Err(error) => Err(Stop::fails(format!("{typed:?} is met with another error: {error}"))),
    }
}

/// A size that is doubled until nothing holds the weights is refused for that.
fn too_large(subject: &Subject<'_>, tiny: &Map<String, Value>) -> Result<(), Stop> {
    let Some(memory) = device::memory(&subject.device_name) else { return Ok(()) };
    let weights = |config: &Map<String, Value>| -> Result<u64, Stop> {
        Ok(subject.architecture.modules(config)?.parameter_count().saturating_mul(BYTES))
    };
    require(registry::build(subject.architecture, tiny, &subject.device_name).is_ok(), || {
        "a tiny configuration is not built".to_owned()
    })?;
    // Layers are built one by one, however little there is in each.
    let sizes = tiny.iter().filter(|(field, value)| value.is_u64() && is_size(field) && !field.ends_with("layers"));
    for (field, value) in sizes {
        let Some(size) = value.as_u64() else { continue };
        for doublings in 0..DOUBLINGS {
            let Some(config) = with(subject.architecture, tiny, field, size << doublings) else { break };
            if weights(&config)? / CLEARLY < memory {
                continue;
            }
            return match registry::build(subject.architecture, &config, &subject.device_name) {
                Err(Error::TooLarge { .. }) => Ok(()),
                Err(error) => Err(Stop::fails(format!("`{field}`={} is met with: {error}", size << doublings))),
                Ok(_) => Err(Stop::fails(format!(
                    "`{field}`={} needs more than {memory} bytes for its weights, and is built",
                    size << doublings
                ))),
            };
        }
    }
    Err(Stop::fails("no size can be made too large for this device"))
}

/// The configuration with another size, if it is one.
fn with(
    architecture: &dyn Architecture,
    tiny: &Map<String, Value>,
    field: &str,
    size: u64,
) -> Option<Map<String, Value>> {
    let mut config = tiny.clone();
    config.insert(field.to_owned(), size.into());
    architecture.complete(&config).ok()
}
