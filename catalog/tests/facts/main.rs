//! The facts that ship with zoo, and the rules that keep them true.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod broken;
mod find;
mod form;
mod parts;
mod source;
mod store;

use std::path::{Path, PathBuf};

use zoo_catalog::facts::{Sheet, all};
use zoo_registry::Descriptor;

/// The day on which these facts were looked at last. None is of a later one.
const TODAY: &str = "2025-12-31";

/// The TOML beside each family's code.
fn coded_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../architectures/src");
    let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.filter(|path| path.is_dir()).flat_map(|path| std::fs::read_dir(path).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "toml")).collect();
    files.sort();
    files
}

fn coded() -> Vec<Sheet> {
    let sheet = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let descriptor = Descriptor::parse(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        Sheet { file, text: text.into(), descriptor }
    };
    coded_files().into_iter().map(sheet).collect()
}

/// Every record, with code or without.
fn with_all<T>(look: impl FnOnce(&[&Sheet]) -> T) -> T {
    let (sheets, superseded) = all(coded());
    assert_eq!(superseded, []);
    look(&sheets.iter().collect::<Vec<_>>())
}
