//! A published `config.json` means what its publisher means: each of its fields is read by its published name and in its
//! published words, `null` is no value, and what contradicts itself or is of another family is refused.
//!
//! # How
//!
//! With each head, a model is saved, and the folder opened by a registry of all families: the same family reads it, or another that
//! has a head of the same published class, and by its own name it is opened with the same configuration. Its `config.json` says every field by the name that `[published]` gives it. Then it is changed, one
//! thing at a time. A field that is `null` reads as if it were not there; a published word reads as ours; a field that has no effect
//! changes nothing; one that nobody knows is reported; the same thing said twice with different values is refused by name,
//! and so is another `model_type`.
//!
//! # Catches
//!
//! - a folder that another family opens
//! - a default that `null` overwrites
//! - a published word that is taken for one of ours
//! - the last of two contradicting fields, which wins in silence
//! - a field that is ignored without a word
//!
//! # Seen
//!
//! - [modular/modular #6666](https://github.com/modular/modular/pull/6666): `"num_global_key_value_heads": null` in the
//!   published configurations of Gemma 4, which means the default, ended the server.
//! - [llm-d/llm-d-benchmark #426](https://github.com/llm-d/llm-d-benchmark/issues/426): `head_dim` is `null` in Mixtral's
//!   configuration, and was multiplied.
//! - [DAMO-NLP-SG/VideoLLaMA2 #107](https://github.com/DAMO-NLP-SG/VideoLLaMA2/issues/107): a configuration of another
//!   `model_type` is read with a warning that people learn to overlook.
//!
//! # Fix
//!
//! Names and words stand in `[published]` of the TOML, and nowhere in code: `config` for names, `values` for words,
//! `ignored` for what has no effect. `config.json` of a real checkpoint shows which there are.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use zoo_registry::descriptor::Published;
use zoo_registry::{Checkpoint, Error, Registry, Resolved, checkpoint, config};

use crate::check::{Finding, Stop, Verdict, require};
use crate::subject::{Subject, Variant};

/// A field that no configuration has.
const UNKNOWN: &str = "nobody_reads_this";

pub(super) fn run(subject: &Subject<'_>) -> Verdict {
    let mut tried = 0;
    let registry = registry(subject)?;
    for variant in subject.variants()? {
        let folder = tempfile::tempdir().map_err(|error| Stop::fails(format!("no temporary folder: {error}")))?;
        subject.hot(&variant)?.save(folder.path())?;
        opened(subject, &registry, &variant, folder.path())?;
        let published = checkpoint::read_object(&folder.path().join("config.json"))?;
        let mut page = Page { subject, variant: &variant, published, tried: 0 };
        page.names()?;
        page.nulls()?;
        page.words()?;
        page.without_effect()?;
        page.contradictions()?;
        page.another_family()?;
        tried += page.tried;
    }
    Ok(Finding::seen(format!("{tried} configurations as published, with every head")))
}

/// The family among those that it lives with and that registries take.
fn registry(subject: &Subject<'_>) -> Result<Registry, Stop> {
    let own = |peer: &dyn zoo_registry::Architecture| peer.descriptor().id == subject.descriptor().id;
    let mut registry = Registry::new();
    for &peer in subject.peers {
        let peer = if own(peer) { subject.architecture } else { peer };
        // Whose names clash is for another check to tell.
        registry = registry.clone().with(peer).unwrap_or(registry);
    }
    Ok(match registry.resolve(&subject.descriptor().id) {
        Ok(_) => registry,
        Err(_) => Registry::new().with(subject.architecture)?,
    })
}

/// A saved folder is opened by the family that saved it, as what it was.
fn opened(subject: &Subject<'_>, registry: &Registry, variant: &Variant, folder: &std::path::Path) -> Result<(), Stop> {
    let (head, id) = (&variant.head, &subject.descriptor().id);
    let found = Checkpoint::open(registry, folder)?.architecture().descriptor();
    // A class that two families read may be opened as either, but not by one that does not read it.
    let published = checkpoint::read_object(&folder.join("config.json"))?;
    let class = published.get("architectures").and_then(|classes| classes[0].as_str());
    let claims =
        class.is_some_and(|class| found.heads.iter().any(|head| head.published.iter().any(|own| own == class)));
    require(found.id == *id || claims, || {
        format!("head `{head}`: the saved folder is opened as one of `{}`", found.id)
    })?;
    let opened = Checkpoint::open_as(registry, folder, id)?;
    let loaded = opened.load(&subject.device_name)?;
    require(*loaded.model.config() == variant.config, || {
        format!("head `{head}`: the saved folder is opened with the configuration {:?}", loaded.model.config())
    })?;
    require(loaded.unread.is_empty() && loaded.report.unexpected.is_empty(), || {
        format!("head `{head}`: of the saved folder {:?} and {:?} go unread", loaded.unread, loaded.report.unexpected)
    })
}

/// A `config.json` and what it should say.
struct Page<'a> {
    subject: &'a Subject<'a>,
    variant: &'a Variant,
    published: Map<String, Value>,
    tried: usize,
}

impl Page<'_> {
    /// What the family calls its fields, then what its body does.
    fn tables(&self) -> Vec<&Published> {
        let descriptor = self.subject.descriptor();
        let body = self.variant.config.get("body").and_then(Value::as_str).and_then(|body| descriptor.bodies.get(body));
        [&descriptor.published].into_iter().chain(body).collect()
    }

    /// Published names of the fields that this configuration has, each with ours.
    fn renamed(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for table in self.tables() {
            for (theirs, ours) in table.config.iter().filter(|(_, ours)| self.variant.config.contains_key(*ours)) {
                found.entry(theirs.clone()).or_insert_with(|| ours.clone());
            }
        }
        // What a family leaves out has no effect, whatever its body calls it.
        found.retain(|theirs, _| !self.tables()[0].ignored.contains(theirs));
        found
    }

    fn read(&mut self, change: impl FnOnce(&mut Map<String, Value>)) -> Result<Resolved, Error> {
        self.tried += 1;
        let mut changed = self.published.clone();
        change(&mut changed);
        config::from_published(self.subject.descriptor(), &changed)
    }

    fn fails(&self, what: String) -> Stop {
        Stop::fails(format!("head `{}`: {what}", self.variant.head))
    }

    /// Every field is written by a published name, where it has one.
    fn names(&self) -> Result<(), Stop> {
        let renamed = self.renamed();
        for ours in renamed.values().filter(|ours| *ours != "n_labels") {
            let mut names = renamed.iter().filter(|(_, other)| *other == ours).map(|(theirs, _)| theirs);
            require(names.any(|theirs| self.published.contains_key(theirs)), || {
                format!("head `{}`: the saved `config.json` says `{ours}` by no published name", self.variant.head)
            })?;
        }
        Ok(())
    }

    /// `null` is what is not there.
    fn nulls(&mut self) -> Result<(), Stop> {
        let written: Vec<String> = self.published.keys().filter(|name| *name != "model_type").cloned().collect();
        let others: Vec<String> = self.renamed().into_keys().filter(|name| !written.contains(name)).collect();
        for name in written.iter().chain(&others) {
            let null = self.read(|config| _ = config.insert(name.clone(), Value::Null));
            let absent = self.read(|config| _ = config.remove(name));
            match (null, absent) {
                (Ok(null), Ok(absent)) if null.config == absent.config => {}
                (Ok(_), Ok(_)) => return Err(self.fails(format!("`{name}` = null is taken for a value"))),
                (null, absent) => {
                    let told = |read: Result<Resolved, Error>| read.err().map(|error| error.to_string());
                    let (null, absent) = (told(null), told(absent));
                    return Err(self.fails(format!("`{name}` = null is met with {null:?}, without it with {absent:?}")));
                }
            }
        }
        Ok(())
    }

    /// Published words become ours.
    fn words(&mut self) -> Result<(), Stop> {
        let tables: Vec<Published> = self.tables().into_iter().cloned().collect();
        for (theirs, ours) in self.renamed() {
            let Some(words) = tables.iter().find_map(|table| table.values.get(&ours)) else { continue };
            for (our_word, their_word) in words {
                let read = self.read(|config| _ = config.insert(theirs.clone(), their_word.clone().into()))?;
                let found = read.config.get(&ours).and_then(Value::as_str);
                if found != Some(our_word) {
                    let found = format!("{found:?}");
                    return Err(self.fails(format!("`{theirs}` = {their_word:?} is read as {found}, not `{our_word}`")));
                }
            }
        }
        Ok(())
    }

    /// What has no effect is passed over, and what nobody knows is told.
    fn without_effect(&mut self) -> Result<(), Stop> {
        let plain = self.read(|_| {})?;
        let ignored: Vec<String> = self.tables().iter().flat_map(|table| table.ignored.clone()).collect();
        let renamed = self.renamed();
        for name in ignored.iter().filter(|name| !renamed.contains_key(*name)) {
            let read = self.read(|config| _ = config.insert(name.clone(), 1.into()))?;
            if read != plain {
                return Err(self.fails(format!("`{name}` is said to have no effect, and is read: {:?}", read.unread)));
            }
        }
        let read = self.read(|config| _ = config.insert(UNKNOWN.to_owned(), 1.into()))?;
        require(read.config == plain.config && read.unread == [UNKNOWN], || {
            format!("head `{}`: a field that nobody reads is told as {:?}", self.variant.head, read.unread)
        })
    }

    /// Two fields that mean one thing and say another.
    fn contradictions(&mut self) -> Result<(), Stop> {
        let plain = self.read(|_| {})?;
        for (theirs, ours) in self.renamed() {
            // What is said once more, in our words.
            let written: Vec<&String> = self.published.keys().collect();
            let more: Vec<String> =
                [&theirs, &ours].into_iter().filter(|name| !written.contains(name)).cloned().collect();
            for name in more {
                let Some(value) = plain.config.get(&ours) else { continue };
                let other = match value {
                    Value::Bool(truth) => Value::from(!truth),
                    Value::Number(number) => Value::from(number.as_f64().unwrap_or_default() + 1.0),
                    _ => Value::from("another"),
                };
                match self.read(|config| _ = config.insert(name.clone(), other)) {
                    Err(Error::Config { .. }) => {}
                    Err(error) => return Err(self.fails(format!("`{ours}` said twice is met with `{error}`"))),
                    Ok(_) => {
                        return Err(
                            self.fails(format!("`{ours}` is said twice, once as `{name}`, and one of them wins"))
                        );
                    }
                }
            }
        }
        Ok(())
    }

    fn another_family(&mut self) -> Result<(), Stop> {
        match self.read(|config| _ = config.insert("model_type".to_owned(), "no-such-family".into())) {
            Err(Error::Config { problems, .. }) if problems.iter().any(|problem| problem.field == "model_type") => {
                Ok(())
            }
            Err(error) => Err(self.fails(format!("another `model_type` is met with `{error}`"))),
            Ok(_) => Err(self.fails("a configuration of another `model_type` is read".to_owned())),
        }
    }
}
