//! What runs in the pages of the site: the module for browsers, if it was built, and the families' demos.

use std::path::{Path, PathBuf};

use zoo_registry::{Architecture, Registry, demo};
use zoo_site::Tryout;

use crate::failure::Failure;
use crate::shell::Shell;

/// Where `site/wasm/build.sh` puts the module.
const USUAL: &str = "target/wasm/zoo.wasm";

/// Arguments of the commands that write a site.
#[derive(Debug, clap::Args)]
// It stands beside a command's own arguments, and groups are named for their structs.
#[group(skip)]
pub(crate) struct Args {
    /// The module that runs models in the reader's page, as `site/wasm/build.sh` builds it; without one, pages have no such
    /// box [default: target/wasm/zoo.wasm, if it is there]
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
}

impl Args {
    /// The module with the demos of the families that are in it.
    pub(crate) fn gather(&self, registry: &Registry, shell: &mut Shell) -> Result<Option<Tryout>, Failure> {
        let path = self.module.as_deref().unwrap_or(Path::new(USUAL));
        if self.module.is_none() && !path.exists() {
            return Ok(None);
        }
        let module = std::fs::read(path).map_err(|error| Failure::usage(format!("`{}`: {error}", path.display())))?;
        if !module.starts_with(b"\0asm") {
            return Err(Failure::usage(format!("`{}` is not a WebAssembly module", path.display())));
        }
        let with_demo: Vec<_> =
            registry.architectures().into_iter().filter(|family| demo::folder(*family).is_some()).collect();
        let (here, elsewhere): (Vec<_>, Vec<_>) = with_demo.into_iter().partition(|family| holds(&module, *family));
        if !elsewhere.is_empty() {
            let ids: Vec<String> = elsewhere.iter().map(|family| format!("`{}`", family.descriptor().id)).collect();
            let (path, ids) = (path.display(), ids.join(", "));
            shell.warn(format!(
                "`{path}` was built without the facts, as they are now, of {ids}: no box on their pages"
            ));
        }
        let demos = here.into_iter().map(|family| (family.descriptor().id.clone(), files(family))).collect();
        Ok(Some(Tryout { module, demos }))
    }
}

/// Whether a module was built with a family: its facts are in the code, word for word.
fn holds(module: &[u8], family: &dyn Architecture) -> bool {
    let name = format!("{}.toml", family.descriptor().id);
    let facts = family.folder().get_file(family.folder().path().join(name));
    let facts = facts.map(|file| file.contents()).filter(|facts| !facts.is_empty());
    facts.is_some_and(|facts| module.windows(facts.len()).any(|window| window == facts))
}

fn files(family: &dyn Architecture) -> std::collections::BTreeMap<String, Vec<u8>> {
    let files = demo::folder(family).into_iter().flat_map(|folder| folder.files());
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    files.map(|file| (name(file.path()), file.contents().to_vec())).collect()
}
