//! The small trained checkpoint in a family's folder, `demo/`: what there is to run when nothing was downloaded.
//!
//! It is what the family's [lesson](crate::lesson) trained, laid out as Hugging Face lays out any checkpoint.

use std::path::Path;

use include_dir::{Dir, File};
use serde_json::{Map, Value};

use crate::architecture::Architecture;
use crate::config;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::registry;
use crate::weights::SafetensorsWeights;

/// The family's demo, if it ships one.
pub fn folder(architecture: &dyn Architecture) -> Option<&'static Dir<'static>> {
    let folder = architecture.folder();
    folder.get_dir(folder.path().join("demo"))
}

/// The demo's configuration, in our names; `None` if the family ships none.
///
/// # Errors
/// [`Error::Parse`] if the demo is not whole, [`Error::Config`] if it is not of its family.
pub fn config(architecture: &dyn Architecture) -> Result<Option<Map<String, Value>>> {
    let Some(demo) = folder(architecture) else { return Ok(None) };
    let path = demo.path().join("config.json");
    let refuse = |reason: String| Error::Parse { path: path.clone(), reason };
    let published: Value =
        serde_json::from_slice(file(demo, "config.json")?.contents()).map_err(|error| refuse(error.to_string()))?;
    let published = published.as_object().ok_or_else(|| refuse("expected a JSON object".into()))?;
    let config = config::from_published(architecture.descriptor(), published)?.config;
    Ok(Some(architecture.complete(&config)?))
}

/// The trained model of the demo on the device called `device`; `None` if the family ships none.
///
/// # Errors
/// Of [`config()`]; of building and loading.
pub fn load(architecture: &dyn Architecture, device: &str) -> Result<Option<Box<dyn Model>>> {
    let (Some(demo), Some(config)) = (folder(architecture), config(architecture)?) else { return Ok(None) };
    let mut model = registry::build(architecture, &config, device)?;
    let weights = file(demo, "model.safetensors")?;
    model.load(&SafetensorsWeights::in_memory(weights.path(), weights.contents())?)?;
    Ok(Some(model))
}

/// Writes the demo's files into the folder `to`, for whatever reads checkpoints from disk. Says whether there is one.
///
/// # Errors
/// [`Error::Io`].
pub fn unpack(architecture: &dyn Architecture, to: &Path) -> Result<bool> {
    let Some(demo) = folder(architecture) else { return Ok(false) };
    std::fs::create_dir_all(to).map_err(Error::io(to))?;
    for file in demo.files() {
        let path = to.join(file.path().file_name().unwrap_or_default());
        std::fs::write(&path, file.contents()).map_err(Error::io(&path))?;
    }
    Ok(true)
}

fn file(demo: &'static Dir<'static>, name: &str) -> Result<&'static File<'static>> {
    let path = demo.path().join(name);
    demo.get_file(&path).ok_or_else(|| Error::Parse { path, reason: "is not in the demo".into() })
}
