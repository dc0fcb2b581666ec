//! The patches, as they stand in TOML beside this crate.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};

/// Where this crate stands in the workspace.
pub const FOLDER: &str = "tests/planted";

/// Everything that is planted, each list in the order of its files and of what stands in them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue {
    /// Must fail.
    pub bugs: Vec<Patch>,
    /// Must not fail.
    pub rewrites: Vec<Patch>,
    /// Models with nothing in them: must fail.
    pub nulls: Vec<Patch>,
    /// Checks that need not be the only one to catch a bug, and why.
    pub justified: Vec<Justified>,
}

/// An expression of our sources and what is written in its place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Kebab-case, unique among all lists.
    pub id: String,
    /// From the workspace's root.
    pub file: String,
    /// What stands there: an expression, or text of a TOML file. Exactly once outside of the file's tests.
    pub old: String,
    /// Where `old` stands more often: which one, from 1.
    #[serde(default)]
    pub nth: Option<usize>,
    /// What is written in its place, of the same type.
    pub new: String,
    /// The family whose suite is run.
    pub family: String,
    /// What is wrong, one sentence.
    pub what: String,
    /// Where people really wrote it.
    #[serde(default)]
    pub seen: Option<String>,
    /// Why it is right that a single check catches it.
    #[serde(default)]
    pub alone: Option<String>,
    /// What else is written elsewhere at the same time, where one place is not enough.
    #[serde(default)]
    pub also: Vec<Also>,
    /// The file it is listed in, without its ending.
    #[serde(skip)]
    pub area: String,
}

/// A further place of a patch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Also {
    /// From the workspace's root; that of the patch where it is left out.
    #[serde(default)]
    pub file: Option<String>,
    /// As in the patch.
    pub old: String,
    /// As in the patch.
    #[serde(default)]
    pub nth: Option<usize>,
    /// As in the patch.
    pub new: String,
}

/// One place of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// From the workspace's root.
    pub file: &'a str,
    /// What stands there.
    pub old: &'a str,
    /// Which one, from 1, where it stands more often.
    pub nth: Option<usize>,
    /// What is written in its place.
    pub new: &'a str,
}

impl Patch {
    /// Every place it changes.
    pub fn places(&self) -> impl Iterator<Item = Place<'_>> {
        let own = Place { file: &self.file, old: &self.old, nth: self.nth, new: &self.new };
        let also = self.also.iter().map(|also| Place {
            file: also.file.as_ref().unwrap_or(&self.file),
            old: &also.old,
            nth: also.nth,
            new: &also.new,
        });
        std::iter::once(own).chain(also)
    }
}

/// A check that need not be the only one to catch a bug.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Justified {
    /// Its id.
    pub check: String,
    /// What it is for nevertheless.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatchFile {
    patch: Vec<Patch>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JustifiedFile {
    #[serde(default)]
    justified: Vec<Justified>,
}

impl Catalogue {
    /// Reads the catalogue of the workspace at `root`.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Catalogue`] with everything that is wrong with it.
    pub fn read(root: &Path) -> Result<Self> {
        let folder = root.join(FOLDER);
        let catalogue = Self {
            bugs: patches(&folder.join("bugs"))?,
            rewrites: patches(&folder.join("rewrites"))?,
            nulls: patches(&folder.join("nulls"))?,
            justified: justified(&folder.join("justified.toml"))?,
        };
        let problems = catalogue.problems();
        if problems.is_empty() { Ok(catalogue) } else { Err(Error::Catalogue(problems)) }
    }

    /// All patches: bugs, rewrites, nulls.
    pub fn patches(&self) -> impl Iterator<Item = &Patch> {
        self.bugs.iter().chain(&self.rewrites).chain(&self.nulls)
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut ids = BTreeSet::new();
        for patch in self.patches() {
            let Patch { id, .. } = patch;
            if !ids.insert(id) {
                problems.push(format!("`{id}` stands in the catalogue twice"));
            }
            let kebab = id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            if id.is_empty() || !kebab {
                problems.push(format!("expected an id in kebab-case, found `{id}`"));
            }
            if patch.old == patch.new {
                problems.push(format!("`{id}` changes nothing"));
            }
            if patch.what.trim().is_empty() || patch.family.is_empty() {
                problems.push(format!("`{id}` does not say what it is, or which family shows it"));
            }
        }
        problems
    }
}

fn justified(path: &Path) -> Result<Vec<Justified>> {
    Ok(parsed::<JustifiedFile>(path, &text(path)?)?.justified)
}

fn patches(folder: &Path) -> Result<Vec<Patch>> {
    let mut found = Vec::new();
    for path in toml_files(folder)? {
        found.extend(parsed_patches(&path, &text(&path)?)?);
    }
    Ok(found)
}

/// The patches of a file, which is named for their area.
pub(crate) fn parsed_patches(path: &Path, text: &str) -> Result<Vec<Patch>> {
    let area = path.file_stem().unwrap_or_default().to_string_lossy();
    let listed = parsed::<PatchFile>(path, text)?.patch;
    Ok(listed.into_iter().map(|patch| Patch { area: area.clone().into_owned(), ..patch }).collect())
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(Error::file(folder))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::file(folder))?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(Error::file(path))
}

fn parsed<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| Error::catalogue(format!("{}: {error}", path.display())))
}
