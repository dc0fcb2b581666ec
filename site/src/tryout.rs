//! What runs in the reader's page: one module for browsers, and a small checkpoint a model.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::format::hex;
use crate::look::Look;
use crate::pages::Output;

/// The module and the checkpoints that it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tryout {
    /// WebAssembly, as `site/wasm` builds it.
    pub module: Vec<u8>,
    /// The files of each model's checkpoint, by the model's id and by name.
    pub demos: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
}

/// The scripts that are loaded once the button is pressed.
const SCRIPTS: [(&str, &str); 5] = [
    ("stage.js", include_str!("../static/tryout/stage.js")),
    ("dom.js", include_str!("../static/tryout/dom.js")),
    ("maps.js", include_str!("../static/tryout/maps.js")),
    ("pad.js", include_str!("../static/tryout/pad.js")),
    ("worker.js", include_str!("../static/tryout/worker.js")),
];
/// What is loaded with a page: its own script and that of the search box in one, for each file is a request.
const START: &str = "box.js";
/// The style of all pages with that of the box.
const STYLE: &str = "box.css";
/// The module, packed: not every host packs what it sends. Named so that no host unpacks it on the way.
const MODULE: &str = "zoo.module";

/// What pages need to know of it.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    /// The script to start with, from the top of the site.
    pub(crate) script: String,
    /// The style sheet of pages with the box, from the top of the site.
    pub(crate) style: String,
    /// Where the module is, seen from the script.
    pub(crate) module: FileFacts,
    /// Each model's files, seen from the model's page.
    pub(crate) demos: BTreeMap<String, Vec<FileFacts>>,
}

/// A file and what it costs to load.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct FileFacts {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) bytes: usize,
}

impl Tryout {
    /// Adds everything to the site, whose style is given. The folder of the code is named for what is in it, and checkpoints are asked for by theirs, so
    /// nothing that a browser kept goes with something newer.
    pub(crate) fn put(&self, look: &Look, style: &str, pages: &Output<'_>) -> Result<Stage> {
        let packed = packed(&self.module)?;
        let search = look.text("static/search/start.js", crate::search::START)?;
        let start = search.into_owned() + include_str!("../static/tryout/start.js");
        let style = style.to_owned() + &look.text("static/tryout.css", include_str!("../static/tryout.css"))?;
        let texts = SCRIPTS.iter().map(|(_, text)| text.as_bytes()).chain([start.as_bytes(), style.as_bytes()]);
        let folder = format!("tryout/{}", digest(texts.chain([packed.as_slice()])));
        let module = FileFacts { name: MODULE.into(), address: MODULE.into(), bytes: packed.len() };
        pages.put(format!("{folder}/{MODULE}"), packed)?;
        for (name, text) in SCRIPTS {
            pages.put(format!("{folder}/{name}"), text)?;
        }
        pages.put(format!("{folder}/{START}"), start)?;
        pages.put(format!("{folder}/{STYLE}"), style)?;
        let mut demos = BTreeMap::new();
        for (id, files) in &self.demos {
            for (name, bytes) in files {
                pages.put(format!("models/{id}/demo/{name}"), bytes.clone())?;
            }
            let facts = |(name, bytes): (&String, &Vec<u8>)| FileFacts {
                name: name.clone(),
                address: format!("demo/{name}?v={}", digest([bytes.as_slice()])),
                bytes: bytes.len(),
            };
            demos.insert(id.clone(), files.iter().map(facts).collect());
        }
        Ok(Stage { script: format!("{folder}/{START}"), style: format!("{folder}/{STYLE}"), module, demos })
    }
}

fn packed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).and_then(|()| packer.finish()).map_err(Error::io(MODULE.as_ref()))
}

/// The first characters of the SHA-256 of all parts.
fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut all = Sha256::new();
    for part in parts {
        all.update(part.len().to_le_bytes());
        all.update(part);
    }
    hex(&all.finalize()[..6])
}
