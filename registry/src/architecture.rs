//! What a plugin is.

use burn::tensor::Device;
use include_dir::{Dir, DirEntry};
use serde_json::{Map, Value};

use crate::block;
use crate::config::{self, Config};
use crate::demo;
use crate::descriptor::Descriptor;
use crate::device;
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::flow::{Flow, Sight};
use crate::lesson::Lesson;
use crate::model::{LARGE, Model, Running};
use crate::modules::ModuleTree;
use crate::network::{self, Network};
use crate::record::{Demo, Record, Size, SourceFile};
use crate::weights::WeightNames;

/// A catalogued architecture. [`Registry`](crate::Registry) holds these; everything else sees only this trait.
///
/// Families written on burn implement [`Family`] and get this for free.
pub trait Architecture: Send + Sync {
    /// The facts, parsed once from the TOML beside the code.
    fn descriptor(&self) -> &Descriptor;

    /// The family's folder: facts, prose, code and goldens.
    fn folder(&self) -> &Dir<'static>;

    /// The folder of parts that its crate's families share, if it uses some.
    fn blocks(&self) -> Option<&'static Dir<'static>> {
        None
    }

    /// Checks a configuration in our names and fills in every default.
    ///
    /// # Errors
    /// [`Error::Config`] with every problem.
    fn complete(&self, config: &Map<String, Value>) -> Result<Map<String, Value>>;

    /// What this configuration builds, without building it: no allocation, whatever the size.
    ///
    /// # Errors
    /// [`Error::Config`] with every problem.
    fn modules(&self, config: &Map<String, Value>) -> Result<ModuleTree>;

    /// Builds the model on a device. Parameters are drawn when they are first needed, or by [`Model::init`].
    ///
    /// # Errors
    /// [`Error::Config`] with every problem, before any tensor exists.
    fn build(&self, config: &Map<String, Value>, device: &Device) -> Result<Box<dyn Model>>;

    /// The table between published weights and ours.
    ///
    /// # Errors
    /// [`Error::Config`] with every problem.
    fn weight_names(&self, config: &Map<String, Value>) -> Result<WeightNames>;

    /// A small task it learns in minutes.
    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        None
    }
}

/// The typed form of [`Architecture`].
pub trait Family: Send + Sync + 'static {
    /// Sizes and choices.
    type Config: Config;
    /// The burn module.
    type Network: Network;

    /// The facts, parsed once.
    fn descriptor(&self) -> &Descriptor;

    /// The family's folder, embedded with [`include_dir!`](include_dir::include_dir).
    fn folder(&self) -> &Dir<'static>;

    /// The folder of parts that its crate's families share, embedded as well; what the family uses of it is published with its code.
    fn blocks(&self) -> Option<&'static Dir<'static>> {
        None
    }

    /// The network, its parameters lazy. `config` holds no [`problems`](Config::problems).
    fn init(&self, config: &Self::Config, device: &Device) -> Self::Network;

    /// The table between published weights and ours.
    fn weight_names(&self, config: &Self::Config) -> WeightNames;

    /// A small task it learns in minutes, on data made on the spot.
    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        None
    }
}

impl<F: Family> Architecture for F {
    fn descriptor(&self) -> &Descriptor {
        Family::descriptor(self)
    }

    fn folder(&self) -> &Dir<'static> {
        Family::folder(self)
    }

    fn blocks(&self) -> Option<&'static Dir<'static>> {
        Family::blocks(self)
    }

    fn complete(&self, config: &Map<String, Value>) -> Result<Map<String, Value>> {
        Ok(config::canonical(&config::parse::<F::Config>(Family::descriptor(self), config)?))
    }

    fn modules(&self, config: &Map<String, Value>) -> Result<ModuleTree> {
        let config = config::parse(Family::descriptor(self), config)?;
        Ok(network::modules(&self.init(&config, &Device::flex())))
    }

    fn build(&self, config: &Map<String, Value>, device: &Device) -> Result<Box<dyn Model>> {
        let descriptor = Family::descriptor(self);
        let parsed: F::Config = config::parse(descriptor, config)?;
        let network = self.init(&parsed, device);
        Ok(Box::new(Running {
            is_shared: *device == Device::flex() && network::modules(&network).parameter_count() >= LARGE,
            network,
            descriptor: descriptor.clone(),
            config: config::canonical(&parsed),
            names: Family::weight_names(self, &parsed),
            device: device.clone(),
        }))
    }

    fn weight_names(&self, config: &Map<String, Value>) -> Result<WeightNames> {
        Ok(Family::weight_names(self, &config::parse(Family::descriptor(self), config)?))
    }

    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        Family::lesson(self)
    }
}

/// Refuses a model whose weights would not fit the device called `name`, before anything is allocated.
///
/// # Errors
/// [`Error::TooLarge`].
pub fn check_size(what: &str, modules: &ModuleTree, name: &str) -> Result<()> {
    const BYTES_PER_PARAMETER: u64 = 4;
    let needed = modules.parameter_count().saturating_mul(BYTES_PER_PARAMETER);
    match device::memory(name) {
        Some(available) if needed > available => {
            Err(Error::TooLarge { what: what.to_owned(), needed, available, device: format!("`{name}`") })
        }
        _ => Ok(()),
    }
}

/// Everything the catalog stores of an architecture: facts, prose, code, and every preset as its code builds it.
///
/// # Errors
/// [`Error::Config`] if a preset is not a configuration of its own family.
pub fn record(architecture: &dyn Architecture) -> Result<Record> {
    record_of(architecture, architecture.descriptor())
}

/// As [`record`], with other facts than those in the program: of its file as it is now, say.
///
/// # Errors
/// [`Error::Config`] if a preset is not a configuration of the family.
pub fn record_of(architecture: &dyn Architecture, descriptor: &Descriptor) -> Result<Record> {
    let size = |preset: &crate::descriptor::Preset| {
        let config = architecture.complete(&preset.config)?;
        let model = architecture.build(&config, &Device::flex())?;
        let (modules, sights) = (model.modules(), Sight::all(&model.patterns()));
        let flow = Flow { sights, ..Flow::stated(descriptor, &config) };
        Ok(Size { preset: preset.id.clone(), config, modules, costs: Vec::new(), flow })
    };
    let mut sources = Vec::new();
    collect_sources(architecture.folder(), architecture.folder(), &mut sources);
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let mut blocks = Vec::new();
    if let Some(folder) = architecture.blocks() {
        collect_sources(folder, folder, &mut blocks);
        blocks = block::used(&sources, blocks);
    }
    let readme = architecture.folder().get_file(architecture.folder().path().join("README.md"));
    Ok(Record {
        descriptor: descriptor.clone(),
        readme: readme.and_then(|file| file.contents_utf8()).unwrap_or_default().to_owned(),
        sources,
        blocks,
        sizes: descriptor.presets.iter().map(size).collect::<Result<_>>()?,
        figures: figures(architecture)?,
        demo: demo::folder(architecture)
            .and_then(|_| architecture.lesson())
            .map(|lesson| Demo { task: lesson.task(), tries: lesson.tries().into_iter().map(str::to_owned).collect() }),
    })
}

/// The figures in the family's folder: `figures/*.toml`.
///
/// # Errors
/// [`Error::Descriptor`] for one that is not sound.
pub fn figures(architecture: &dyn Architecture) -> Result<Vec<Figure>> {
    let folder = architecture.folder();
    let Some(figures) = folder.get_dir(folder.path().join("figures")) else { return Ok(Vec::new()) };
    let mut files: Vec<_> =
        figures.files().filter(|file| file.path().extension().is_some_and(|e| e == "toml")).collect();
    files.sort_by_key(|file| file.path());
    let id = &architecture.descriptor().id;
    let parse = |file: &include_dir::File<'static>| {
        let name = file.path().file_name().unwrap_or_default().to_string_lossy();
        Figure::parse(&format!("{id}, figure {name}"), file.contents_utf8().unwrap_or_default())
    };
    files.into_iter().map(parse).collect()
}

fn collect_sources(root: &Dir<'static>, folder: &Dir<'static>, found: &mut Vec<SourceFile>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(inner) => collect_sources(root, inner, found),
            DirEntry::File(file) if file.path().extension().is_some_and(|extension| extension == "rs") => {
                let path = file.path().strip_prefix(root.path()).unwrap_or(file.path());
                let path =
                    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
                found.push(SourceFile { path, text: file.contents_utf8().unwrap_or_default().to_owned() });
            }
            DirEntry::File(_) => {}
        }
    }
}
