//! A folder as Hugging Face lays it out: `config.json`, `model.safetensors` or its index, `tokenizer.json`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::architecture::Architecture;
use crate::config;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::registry::{self, Registry};
use crate::tokenizer::Tokenizer;
use crate::weights::{LoadReport, SafetensorsWeights};

/// A model from a checkpoint, and what was read on the way.
pub struct Loaded {
    /// Ready to run.
    pub model: Box<dyn Model>,
    /// What the load did.
    pub report: LoadReport,
    /// Fields of `config.json` that nobody read.
    pub unread: Vec<String>,
}

/// A checkpoint folder, opened but not loaded.
pub struct Checkpoint {
    folder: PathBuf,
    weights: PathBuf,
    architecture: &'static dyn Architecture,
    config: Map<String, Value>,
    unread: Vec<String>,
}

impl Checkpoint {
    /// Reads `config.json` and finds the family it is of. `path` is the folder, or the weight file or index in it that is meant.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Parse`] for the file, [`Error::UnknownName`] for the family, [`Error::Config`].
    pub fn open(registry: &Registry, path: &Path) -> Result<Self> {
        Self::opened(path, |config, published| {
            if published.get("model_type").and_then(Value::as_str).is_none() {
                let reason = "has no `model_type`, so its family is unknown".into();
                return Err(Error::Parse { path: config.to_owned(), reason });
            }
            registry.by_published(published)
        })
    }

    /// Reads `config.json` as the family called `name`: one checkpoint may be a model of several, a text classifier of one label
    /// that of a reward model.
    ///
    /// # Errors
    /// As [`Self::open`]; [`Error::Config`] if the family does not read the file's `model_type`.
    pub fn open_as(registry: &Registry, path: &Path, name: &str) -> Result<Self> {
        let architecture = registry.resolve(name)?.architecture;
        Self::opened(path, |_, _| Ok(architecture))
    }

    fn opened(
        path: &Path,
        family: impl FnOnce(&Path, &Map<String, Value>) -> Result<&'static dyn Architecture>,
    ) -> Result<Self> {
        let folder = if path.is_file() { path.parent().unwrap_or(Path::new("")) } else { path };
        let config = folder.join("config.json");
        let published = read_object(&config)?;
        let architecture = family(&config, &published)?;
        let resolved = config::from_published(architecture.descriptor(), &published)?;
        let (folder, weights) = (folder.to_owned(), path.to_owned());
        Ok(Self { folder, weights, architecture, config: resolved.config, unread: resolved.unread })
    }

    /// Brings a checkpoint from the Hugging Face hub, unless the cache has it, and opens it: by repository, or by the name of a
    /// preset that has one. Endpoint, cache and token are those of [`Hub::from_env`](crate::Hub::from_env), which also says what
    /// to do for more.
    ///
    /// ```no_run
    /// # let registry = zoo_registry::Registry::new();
    /// let checkpoint = zoo_registry::Checkpoint::pull(&registry, "sentence-transformers/all-MiniLM-L6-v2")?;
    /// let model = checkpoint.load("flex")?.model;
    /// # Ok::<(), zoo_registry::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Hub::pull`](crate::Hub::pull) and [`Self::open`].
    #[cfg(feature = "hub")]
    pub fn pull(registry: &Registry, name: &str) -> Result<Self> {
        let hub = crate::hub::Hub::from_env()?;
        let pulled = hub.find_or_pull(&registry.source(name, None)?, &mut |_| {});
        Self::open(registry, &pulled.map_err(|error| registry.with_near_repositories(error))?.folder)
    }

    /// The family.
    pub fn architecture(&self) -> &'static dyn Architecture {
        self.architecture
    }

    /// The configuration that it will be built with, in our names; what is not there has its default.
    pub fn config(&self) -> &Map<String, Value> {
        &self.config
    }

    /// Changes the configuration before loading: `head=masked-lm`.
    ///
    /// # Errors
    /// [`Error::Config`] for an override without `=`.
    pub fn set(&mut self, overrides: &[String]) -> Result<()> {
        config::set(self.architecture.descriptor(), &mut self.config, overrides)
    }

    /// Builds on a device and fills every parameter.
    ///
    /// # Errors
    /// Of building, reading and fitting.
    pub fn load(&self, device: &str) -> Result<Loaded> {
        let config = self.architecture.complete(&self.config)?;
        let mut model = registry::build(self.architecture, &config, device)?;
        let report = model.load(&SafetensorsWeights::open(&self.weights)?)?;
        Ok(Loaded { model, report, unread: self.unread.clone() })
    }

    /// The folder's own tokenizer.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if there is none or it does not parse.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        Tokenizer::open(&self.folder.join("tokenizer.json"))
    }
}

#[cfg(feature = "images")]
impl Checkpoint {
    /// How the folder's own `preprocessor_config.json` wants images prepared.
    ///
    /// # Errors
    /// As [`Preprocessor::of_folder`](crate::images::Preprocessor::of_folder).
    pub fn preprocessor(&self) -> Result<crate::images::Preprocessor> {
        crate::images::Preprocessor::of_folder(&self.folder)
    }
}

/// Configurations and indexes of shards are small; a file beyond this is something else.
pub(crate) const LARGEST_CONFIG: u64 = 16 << 20;

/// Reads a JSON object.
///
/// # Errors
/// [`Error::Io`], or [`Error::Parse`] if the file is huge, not JSON, or not an object.
pub fn read_object(path: &Path) -> Result<Map<String, Value>> {
    let refuse = |reason: String| Error::Parse { path: path.to_owned(), reason };
    let size = std::fs::metadata(path).map_err(Error::io(path))?.len();
    if size > LARGEST_CONFIG {
        return Err(refuse(format!("is {size} bytes, expected at most {LARGEST_CONFIG}")));
    }
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(refuse("expected a JSON object".into())),
        Err(error) => Err(refuse(error.to_string())),
    }
}
