//! Which files of a repository make a checkpoint.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::names::{Source, is_shard};
use crate::checkpoint::{LARGEST_CONFIG, read_object};
use crate::error::{Error, HubTrouble, Result};

pub(super) const CONFIG: &str = "config.json";
pub(super) const WEIGHTS: &str = "model.safetensors";
pub(super) const INDEX: &str = "model.safetensors.index.json";
/// Files that a checkpoint may have beside its configuration and weights.
pub(super) const OPTIONAL: [&str; 5] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "generation_config.json",
    "preprocessor_config.json",
];

/// Vocabularies with every merge written out.
const LARGEST_TOKENIZER: u64 = 256 << 20;
const MOST_SHARDS: usize = 4096;
/// Endings of files that run code when they are opened, or may.
const PICKLES: [&str; 7] = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5"];
/// How many names an error tells.
const TOLD: usize = 3;

/// The files to bring, those that say the most first: whoever finds the weights finds everything.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) small: Vec<&'static str>,
    /// [`WEIGHTS`] or [`INDEX`].
    pub(super) weights: &'static str,
    /// Optional files that the hub does not have.
    pub(super) absent: Vec<&'static str>,
}

impl Wanted {
    /// Chooses among the files of a repository. Names that are not wanted are never used.
    pub(super) fn among(source: &Source, files: &BTreeSet<String>) -> Result<Self> {
        let there = |file: &str| files.contains(file);
        let Some(weights) = Self::weights(there) else {
            let ending = |endings: &[&str]| {
                let fits = |file: &&String| endings.iter().any(|ending| file.ends_with(ending));
                files.iter().filter(fits).take(TOLD).cloned().collect::<Vec<_>>()
            };
            let (instead, pickles) = (ending(&[".safetensors"]), ending(&PICKLES));
            return Err(source.error(match instead.is_empty() && !pickles.is_empty() {
                true => HubTrouble::Pickle { files: pickles },
                false => HubTrouble::NoWeights { instead },
            }));
        };
        if !there(CONFIG) {
            return Err(source.error(HubTrouble::NoFile { file: CONFIG.to_owned() }));
        }
        let (optional, absent) = OPTIONAL.iter().partition::<Vec<&str>, _>(|file| there(file));
        Ok(Self { small: [&[CONFIG], &optional[..]].concat(), weights, absent })
    }

    /// The weights as a reader would choose them.
    pub(super) fn weights(there: impl Fn(&str) -> bool) -> Option<&'static str> {
        [WEIGHTS, INDEX].into_iter().find(|file| there(file))
    }
}

/// The largest size, in bytes, that a file of this name may have. Weights may have any.
pub(super) fn largest(file: &str) -> u64 {
    match file {
        "tokenizer.json" => LARGEST_TOKENIZER,
        file if file.ends_with(".json") => LARGEST_CONFIG,
        _ => u64::MAX,
    }
}

/// The files that an index of shards names, once each.
pub(super) fn shards(source: &Source, index: &Path) -> Result<Vec<String>> {
    let refuse = |reason: &str| Error::Parse { path: index.to_owned(), reason: reason.to_owned() };
    let object = read_object(index)?;
    let map = object.get("weight_map").and_then(Value::as_object);
    let map = map.ok_or_else(|| refuse("expected an object `weight_map`"))?;
    let names: Option<BTreeSet<&str>> = map.values().map(Value::as_str).collect();
    let names = names.ok_or_else(|| refuse("expected names of files in `weight_map`"))?;
    if names.is_empty() || names.len() > MOST_SHARDS {
        return Err(refuse(&format!("expected 1 to {MOST_SHARDS} shards, found {}", names.len())));
    }
    match names.iter().find(|name| !is_shard(name)) {
        Some(name) => {
            Err(source.untrusted(format!("its index of shards names {name:?}, which is no plain file beside it")))
        }
        None => Ok(names.into_iter().map(str::to_owned).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(files: &[&str]) -> Result<Wanted> {
        let source = Source::new("a/b", None).unwrap();
        Wanted::among(&source, &files.iter().map(|file| (*file).to_owned()).collect())
    }

    fn trouble(files: &[&str]) -> HubTrouble {
        match among(files).unwrap_err() {
            Error::Hub { trouble, .. } => trouble,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn one_file_of_weights_is_preferred_to_shards() {
        let wanted = among(&[CONFIG, INDEX, "tokenizer.json", WEIGHTS, "README.md", "pytorch_model.bin"]).unwrap();
        assert_eq!((wanted.weights, &wanted.small[..]), (WEIGHTS, &[CONFIG, "tokenizer.json"][..]));
        assert_eq!(wanted.absent.len(), OPTIONAL.len() - 1);
        assert_eq!(among(&[CONFIG, INDEX]).unwrap().weights, INDEX);
    }

    #[test]
    fn what_is_no_checkpoint_is_told() {
        let pickles = trouble(&[CONFIG, "pytorch_model.bin", "tf_model.h5"]);
        assert_eq!(pickles, HubTrouble::Pickle { files: vec!["pytorch_model.bin".into(), "tf_model.h5".into()] });
        let instead = trouble(&[CONFIG, "adapter_model.safetensors", "training_args.bin"]);
        assert_eq!(instead, HubTrouble::NoWeights { instead: vec!["adapter_model.safetensors".into()] });
        assert_eq!(trouble(&["README.md"]), HubTrouble::NoWeights { instead: vec![] });
        assert_eq!(trouble(&[WEIGHTS]), HubTrouble::NoFile { file: CONFIG.into() });
    }
}
