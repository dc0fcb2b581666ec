//! A checkpoint in memory, as the page handed it over.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};
use zoo_registry::generate::Settings;
use zoo_registry::images::Preprocessor;
use zoo_registry::weights::SafetensorsWeights;
use zoo_registry::{Architecture, Error, Limits, Model, Registry, Result, Tokenizer, config, images, registry};

/// A trained model with what it needs to read and to answer.
pub(crate) struct Demo {
    pub(crate) model: Box<dyn Model>,
    /// What turns the reader's input into the model's.
    pub(crate) reads: Reads,
    /// Fields of `config.json` and of the files beside it.
    pub(crate) published: Map<String, Value>,
    /// What `generation_config.json` asks for.
    pub(crate) settings: Settings,
    /// What kind of answer its head gives.
    answer: Value,
}

pub(crate) enum Reads {
    Text(Box<Tokenizer>),
    Pictures(Preprocessor),
}

/// Vocabularies up to this are shown whole.
const FEW_WORDS: usize = 300;

impl Demo {
    pub(crate) fn open(registry: &Registry, files: &BTreeMap<String, &'static [u8]>) -> Result<Self> {
        let own = object(files, "config.json")?;
        let architecture = registry.by_published(&own)?;
        let config = architecture.complete(&config::from_published(architecture.descriptor(), &own)?.config)?;
        let mut model = registry::build(architecture, &config, "flex")?;
        let weights = "model.safetensors";
        model.load(&SafetensorsWeights::in_memory(Path::new(weights), file(files, weights)?)?)?;
        let reads = match model.limits() {
            Limits::Images(_) => {
                Reads::Pictures(Preprocessor::from_object(&object(files, images::FILE)?, Path::new(images::FILE))?)
            }
            _ => {
                let name = "tokenizer.json";
                Reads::Text(Box::new(Tokenizer::in_memory(Path::new(name), file(files, name)?)?))
            }
        };
        let generation = object(files, "generation_config.json").unwrap_or_default();
        let refuse = |problems: Vec<zoo_registry::Problem>| Error::Strategy { problems };
        let settings = Settings::from_published(&generation).map_err(refuse)?.0;
        let beside = ["special_tokens_map.json", "tokenizer_config.json", "generation_config.json"];
        let beside = beside.iter().filter_map(|name| object(files, name).ok()).flatten();
        let published = own.into_iter().chain(beside).filter(|(_, value)| !value.is_null()).collect();
        Ok(Self { answer: answer(architecture, &config), model, reads, published, settings })
    }

    /// What the page shows of it before anything was asked.
    pub(crate) fn facts(&self) -> Value {
        json!({
            "architecture": self.model.architecture(),
            "answer": self.answer,
            "pair": matches!(self.model.limits(), Limits::TokenPair { .. }),
            "parameters": self.model.modules().parameter_count(),
            "config": self.model.config(),
            "words": self.words(),
        })
    }

    /// The words it knows, if they are few: those that are no special token.
    fn words(&self) -> Vec<String> {
        let (Reads::Text(tokenizer), Some(vocabulary)) = (&self.reads, self.vocabulary()) else { return Vec::new() };
        let plain = |id: i64| tokenizer.decode(&[id]).is_ok_and(|text| !text.is_empty());
        let words = (0..vocabulary.min(FEW_WORDS + 1) as i64).filter(|&id| plain(id));
        let words: Vec<String> = words.filter_map(|id| tokenizer.token(id)).collect();
        if words.len() > FEW_WORDS { Vec::new() } else { words }
    }

    fn vocabulary(&self) -> Option<usize> {
        match self.model.limits() {
            Limits::Tokens(limits) => Some(limits.vocab_size),
            Limits::TokenPair { source, .. } => Some(source.vocab_size),
            _ => None,
        }
    }

    /// A special token by the role that the files beside the weights give it, or by the names it usually has.
    pub(crate) fn special(&self, tokenizer: &Tokenizer, role: &str, usual: &[&str]) -> Option<String> {
        let told = self.published.get(role);
        let told = told.and_then(|token| token.as_str().or_else(|| token.get("content")?.as_str()));
        told.into_iter().chain(usual.iter().copied()).find(|token| tokenizer.id(token).is_some()).map(str::to_owned)
    }

    /// The id that fills rows up; it is masked, so any will do where none is named.
    pub(crate) fn pad_id(&self, tokenizer: &Tokenizer) -> i64 {
        let pad = self.special(tokenizer, "pad_token", &["[PAD]", "<pad>"]);
        pad.and_then(|token| tokenizer.id(&token)).unwrap_or_default()
    }

    /// The id that a field such as `decoder_start_token_id` gives.
    pub(crate) fn id(&self, field: &str) -> Option<i64> {
        self.published.get(field)?.as_i64()
    }

    /// The name of a label.
    pub(crate) fn label(&self, id: usize) -> String {
        let name = self.published.get("id2label").and_then(|names| names.get(id.to_string())).and_then(Value::as_str);
        name.map_or_else(|| format!("LABEL_{id}"), str::to_owned)
    }

    pub(crate) fn unfit(&self, lacks: &str) -> Error {
        Error::Unsupported { model: self.model.architecture().to_owned(), lacks: lacks.to_owned() }
    }
}

/// What the head says that the configuration names.
fn answer(architecture: &dyn Architecture, config: &Map<String, Value>) -> Value {
    let head = config.get("head").and_then(Value::as_str).and_then(|head| architecture.descriptor().head(head));
    head.map_or(Value::Null, |head| json!(head.output))
}

fn file(files: &BTreeMap<String, &'static [u8]>, name: &str) -> Result<&'static [u8]> {
    let absent = || Error::Parse { path: name.into(), reason: "was not handed over".into() };
    files.get(name).copied().ok_or_else(absent)
}

fn object(files: &BTreeMap<String, &'static [u8]>, name: &str) -> Result<Map<String, Value>> {
    let refuse = |error: serde_json::Error| Error::Parse { path: name.into(), reason: error.to_string() };
    serde_json::from_slice(file(files, name)?).map_err(refuse)
}
