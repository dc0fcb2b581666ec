//! Architectures found by name: registration is explicit, names are unique.

use std::collections::BTreeMap;

use burn::tensor::Device;
use serde_json::{Map, Value};

use crate::architecture::{Architecture, check_size};
use crate::config;
use crate::descriptor::Preset;
use crate::device;
use crate::error::{Error, Missing, Result};
use crate::model::Model;
use crate::names;

/// The architectures a program knows.
#[derive(Clone, Default)]
pub struct Registry {
    architectures: Vec<&'static dyn Architecture>,
    names: BTreeMap<String, Claim>,
}

/// Who a name belongs to.
#[derive(Debug, Clone)]
struct Claim {
    /// As its owner writes it.
    written: String,
    architecture: usize,
    preset: Option<String>,
}

/// What a name stands for.
#[derive(Clone, Copy)]
pub struct Named<'a> {
    /// The architecture.
    pub architecture: &'static dyn Architecture,
    /// The size, if the name says one.
    pub preset: Option<&'a Preset>,
}

impl Registry {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an architecture with all its names.
    ///
    /// # Errors
    /// [`Error::Descriptor`] if its facts are not sound, [`Error::DuplicateName`] if a name is taken.
    pub fn with(mut self, architecture: &'static dyn Architecture) -> Result<Self> {
        let descriptor = architecture.descriptor();
        let problems = descriptor.problems();
        if !problems.is_empty() {
            return Err(Error::Descriptor { id: descriptor.id.clone(), problems });
        }
        let index = self.architectures.len();
        self.architectures.push(architecture);
        for name in [&descriptor.id].into_iter().chain(&descriptor.aliases) {
            self.claim(name, index, None)?;
        }
        for preset in &descriptor.presets {
            for name in [&preset.id].into_iter().chain(&preset.aliases).chain(&preset.hub) {
                self.claim(name, index, Some(&preset.id))?;
            }
        }
        Ok(self)
    }

    /// Adds several.
    ///
    /// # Errors
    /// As [`Self::with`].
    pub fn with_all(self, architectures: &[&'static dyn Architecture]) -> Result<Self> {
        architectures.iter().try_fold(self, |registry, architecture| registry.with(*architecture))
    }

    /// Every architecture, by id.
    pub fn architectures(&self) -> Vec<&'static dyn Architecture> {
        let mut sorted = self.architectures.clone();
        sorted.sort_by(|a, b| a.descriptor().id.cmp(&b.descriptor().id));
        sorted
    }

    /// What `name` stands for: an id, an alias, a preset, a Hugging Face repository. Letter case does not matter.
    ///
    /// # Errors
    /// [`Error::UnknownName`] with the nearest names.
    pub fn resolve(&self, name: &str) -> Result<Named<'_>> {
        match self.names.get(&names::normal(name)) {
            Some(claim) => Ok(self.named(claim)),
            None => {
                let near = names::nearest(name, self.names.values().map(|claim| claim.written.as_str()));
                Err(Error::UnknownName { asked: name.to_owned(), near })
            }
        }
    }

    /// The architecture that `name` stands for, which the caller cannot do without.
    ///
    /// # Errors
    /// [`Error::NotLinked`], which tells what to add to the program.
    pub fn require(&self, name: &str) -> Result<&'static dyn Architecture> {
        self.needed(name, None).map_err(|missing| Error::NotLinked { missing: vec![missing] })
    }

    /// Looks whether every family that another's code builds on is here too. A name is looked up, code may be there all the same:
    /// a plugin's dependency is linked, yet unknown to every command until it is registered.
    ///
    /// # Errors
    /// [`Error::NotLinked`] with every family that is missing, and who builds on it.
    pub fn require_bases(&self) -> Result<()> {
        let bases = self.architectures().into_iter().flat_map(|architecture| {
            let descriptor = architecture.descriptor();
            descriptor.builds_on.iter().map(move |base| (base, descriptor.id.as_str()))
        });
        let missing: Vec<Missing> = bases.filter_map(|(base, by)| self.needed(base, Some(by)).err()).collect();
        if missing.is_empty() { Ok(()) } else { Err(Error::NotLinked { missing }) }
    }

    fn needed(&self, name: &str, by: Option<&str>) -> Result<&'static dyn Architecture, Missing> {
        self.resolve(name).map(|named| named.architecture).map_err(|error| Missing {
            asked: name.to_owned(),
            by: by.map(str::to_owned),
            near: if let Error::UnknownName { near, .. } = error { near } else { Vec::new() },
        })
    }

    /// Every architecture and preset whose id, alias or repository matches a shell-like pattern, once each, sorted by id.
    ///
    /// # Errors
    /// [`Error::UnknownName`] if nothing matches.
    pub fn matching(&self, pattern: &str) -> Result<Vec<Named<'_>>> {
        if !names::is_glob(pattern) {
            return Ok(vec![self.resolve(pattern)?]);
        }
        let unknown = || Error::UnknownName { asked: pattern.to_owned(), near: Vec::new() };
        let glob = names::glob(pattern).ok_or_else(unknown)?;
        let found: BTreeMap<_, _> = self
            .names
            .values()
            .filter(|claim| glob.is_match(&claim.written))
            .map(|claim| ((claim.architecture, claim.preset.clone()), claim))
            .collect();
        let mut found: Vec<_> = found.into_values().map(|claim| self.named(claim)).collect();
        found.sort_by(|a, b| a.id().cmp(b.id()));
        if found.is_empty() { Err(unknown()) } else { Ok(found) }
    }

    /// The architecture that reads a published configuration: of those that know its `model_type`, the first registered one with
    /// a head of the class in `architectures`, or of the name in our own `head`, or else the first.
    ///
    /// # Errors
    /// [`Error::UnknownName`] if none knows it.
    pub fn by_published(&self, published: &Map<String, Value>) -> Result<&'static dyn Architecture> {
        let model_type = published.get("model_type").and_then(Value::as_str).unwrap_or_default();
        let reads = |a: &&'static dyn Architecture| a.descriptor().model_types().any(|known| known == model_type);
        let ours = published.get("head").and_then(Value::as_str);
        let claims = |a: &&'static dyn Architecture| {
            let facts = a.descriptor();
            config::head_of(facts, published).or(ours.and_then(|head| facts.head(head))).is_some()
        };
        let readers = || self.architectures.iter().copied().filter(reads);
        readers().find(claims).or_else(|| readers().next()).ok_or_else(|| {
            let known = self.architectures.iter().flat_map(|a| a.descriptor().model_types());
            Error::UnknownName {
                asked: model_type.to_owned(),
                near: names::nearest(model_type, known.map(String::as_str)),
            }
        })
    }

    /// Builds a model by name on the device called `device`, with overrides such as `n_layers=4`. Its weights are not drawn
    /// yet: see [`Model::init`] and [`Model::load`].
    ///
    /// # Errors
    /// An unknown name or device, a configuration that is none, a model larger than the memory there is.
    pub fn build(&self, name: &str, overrides: &[String], device: &str) -> Result<Box<dyn Model>> {
        let named = self.resolve(name)?;
        build(named.architecture, &named.config(overrides)?, device)
    }

    fn claim(&mut self, name: &str, architecture: usize, preset: Option<&String>) -> Result<()> {
        let claim = Claim { written: name.to_owned(), architecture, preset: preset.cloned() };
        if let Some(earlier) = self.names.get(&names::normal(name)) {
            let same = earlier.architecture == architecture && earlier.preset == claim.preset;
            if !same {
                let owner = |claim: &Claim| {
                    let id = &self.architectures[claim.architecture].descriptor().id;
                    claim.preset.as_ref().map_or_else(|| id.clone(), |preset| format!("{id}/{preset}"))
                };
                return Err(Error::DuplicateName {
                    name: name.to_owned(),
                    first: owner(earlier),
                    second: owner(&claim),
                });
            }
        }
        self.names.entry(names::normal(name)).or_insert(claim);
        Ok(())
    }

    fn named(&self, claim: &Claim) -> Named<'_> {
        let architecture = self.architectures[claim.architecture];
        let preset = claim.preset.as_ref().and_then(|preset| architecture.descriptor().preset(preset));
        Named { architecture, preset }
    }
}

impl Named<'_> {
    /// Id of the preset, or of the architecture.
    pub fn id(&self) -> &str {
        self.preset.map_or(&self.architecture.descriptor().id, |preset| &preset.id)
    }

    /// The configuration with overrides and every default: the preset's, or the architecture's first preset's.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn config(&self, overrides: &[String]) -> Result<Map<String, Value>> {
        let descriptor = self.architecture.descriptor();
        let preset = self.preset.or(descriptor.presets.first());
        let mut config = preset.map_or(&descriptor.tiny, |preset| &preset.config).clone();
        config::set(descriptor, &mut config, overrides)?;
        self.architecture.complete(&config)
    }
}

/// Builds on the device called `device`, after checking that the weights fit.
///
/// # Errors
/// As [`Registry::build`].
pub fn build(architecture: &dyn Architecture, config: &Map<String, Value>, device: &str) -> Result<Box<dyn Model>> {
    let on: Device = device::by_name(device)?;
    check_size(&architecture.descriptor().id, &architecture.modules(config)?, device)?;
    architecture.build(config, &on)
}
