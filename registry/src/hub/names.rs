//! Names that come from people, from the hub and from indexes of shards. None is used before it passed here.

use crate::error::{Error, HubTrouble, Result};

/// A repository at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    id: String,
    revision: String,
}

/// The branch that is meant when none is named.
pub const MAIN: &str = "main";

/// Longest owner, and longest name.
const LONGEST_NAME: usize = 96;
const LONGEST_REVISION: usize = 200;
/// File systems take 255; a temporary name is longer than the file's.
const LONGEST_FILE: usize = 200;

impl Source {
    /// `owner/name`, or a bare name such as `gpt2` from the hub's first days, at a branch, a tag or a commit; `None` is
    /// [`MAIN`].
    ///
    /// # Errors
    /// [`Error::Hub`] with [`HubTrouble::Name`] for anything else.
    pub fn new(id: &str, revision: Option<&str>) -> Result<Self> {
        let refuse = |asked: &str, expected, reason: String| Error::Hub {
            asked: asked.to_owned(),
            trouble: HubTrouble::Name { expected, reason },
        };
        check_id(id).map_err(|reason| refuse(id, "a repository of the hub", reason))?;
        let revision = revision.unwrap_or(MAIN);
        check_revision(revision).map_err(|reason| refuse(revision, "a revision", reason))?;
        Ok(Self { id: id.to_owned(), revision: revision.to_owned() })
    }

    /// `owner/name`, or the bare name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The branch, tag or commit.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The same repository at a commit.
    pub(super) fn at(&self, commit: &str) -> Self {
        Self { id: self.id.clone(), revision: commit.to_owned() }
    }

    /// An error about this repository.
    pub(super) fn error(&self, trouble: HubTrouble) -> Error {
        Error::Hub { asked: self.id.clone(), trouble }
    }

    /// An answer about this repository that is not to be used.
    pub(super) fn untrusted(&self, reason: impl Into<String>) -> Error {
        self.error(HubTrouble::Untrusted { reason: reason.into() })
    }
}

fn check_id(id: &str) -> Result<(), String> {
    let parts: Vec<&str> = id.split('/').collect();
    if parts.len() > 2 {
        return Err(format!("expected `owner/name`, found {} parts", parts.len()));
    }
    for part in parts {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match part.chars().find(|&c| !word(c) && !".-".contains(c)) {
            Some(c) => return Err(format!("expected letters, digits, `.`, `_` and `-`, found {c:?}")),
            None if part.is_empty() => return Err("expected `owner/name`, found an empty part".into()),
            None if part.len() > LONGEST_NAME => {
                return Err(format!("expected at most {LONGEST_NAME} characters a part, found {}", part.len()));
            }
            None if !part.starts_with(word) || !part.ends_with(word) => {
                return Err(format!("a part begins and ends with a letter, a digit or `_`, found `{part}`"));
            }
            None => {}
        }
    }
    match ["--", ".."].iter().find(|pair| id.contains(**pair)) {
        Some(pair) => Err(format!("`{pair}` stands in no name")),
        None if id.ends_with(".git") => Err("a name does not end with `.git`".into()),
        None => Ok(()),
    }
}

/// Revisions become paths of the cache, so each part must be a plain name.
fn check_revision(revision: &str) -> Result<(), String> {
    if revision.len() > LONGEST_REVISION {
        return Err(format!("expected at most {LONGEST_REVISION} characters, found {}", revision.len()));
    }
    if let Some(c) = revision.chars().find(|&c| !c.is_ascii_alphanumeric() && !"._-+/".contains(c)) {
        return Err(format!("expected letters, digits, `.`, `_`, `-`, `+` and `/`, found {c:?}"));
    }
    match revision.split('/').find(|part| part.is_empty() || part.starts_with(['.', '-']) || part.ends_with('.')) {
        Some(part) => Err(format!("`{part}` is no part of one")),
        None => Ok(()),
    }
}

/// A commit as the hub and the cache write it.
pub(super) fn is_commit(text: &str) -> bool {
    is_hex(text, 40)
}

/// Lower-case hex digits, so many of them.
pub(super) fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

/// An `ETag` header as the name of a blob: without quotes and the mark of weak tags.
pub(super) fn etag(header: &str) -> Option<&str> {
    let tag = header.strip_prefix("W/").unwrap_or(header).trim_matches('"');
    (is_plain(tag) && !tag.ends_with(".incomplete")).then_some(tag)
}

/// The name of a shard: a plain safetensors file beside its index.
pub(super) fn is_shard(name: &str) -> bool {
    is_plain(name) && name.ends_with(".safetensors")
}

/// A file name that means the same to every file system and in every address.
fn is_plain(name: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"._-+".contains(&c);
    !name.is_empty() && name.len() <= LONGEST_FILE && !name.starts_with('.') && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_have_an_owner_and_a_name() {
        for id in ["gpt2", "sentence-transformers/all-MiniLM-L6-v2", "google/bert_uncased_L-2_H-128_A-2", "_a/b.c"] {
            assert!(Source::new(id, None).is_ok(), "{id}");
        }
        let long = "a".repeat(97);
        let refused = [
            "",
            "/",
            "a/",
            "/b",
            "a/b/c",
            "..",
            "../b",
            "a/..",
            "a/b..c",
            "a/b--c",
            "a/-b",
            "a/b.",
            "a/.b",
            "a b/c",
            "a\\b",
            "a/b\n",
            "a/b\0",
            "a/b?x",
            "a/b#x",
            "a/b%2e",
            "http://a/b",
            "a/b.git",
            "a@b",
            "é/b",
            "~/b",
            &long,
        ];
        for id in refused {
            let error = Source::new(id, None).unwrap_err();
            assert!(matches!(&error, Error::Hub { trouble: HubTrouble::Name { .. }, .. }), "{id:?}: {error}");
        }
    }

    #[test]
    fn revisions_are_paths_without_tricks() {
        for revision in ["main", "refs/pr/1", "v1.0", "0123456789abcdef0123456789abcdef01234567", "float16+flash"] {
            assert_eq!(Source::new("a/b", Some(revision)).unwrap().revision(), revision);
        }
        let long = "a".repeat(201);
        for revision in [
            "", "/", "..", "a/..", "../a", "/a", "a/", "a//b", ".a", "a/.b", "-a", "a b", "a\\b", "a\n", "a?b", "a%2f",
            &long,
        ] {
            assert!(Source::new("a/b", Some(revision)).is_err(), "{revision:?}");
        }
    }

    #[test]
    fn tags_become_names_of_blobs() {
        assert_eq!(etag("\"abc-1\""), Some("abc-1"));
        assert_eq!(etag("W/\"abc\""), Some("abc"));
        for tag in ["", "\"\"", "\"../x\"", "\"a/b\"", "\"a\\b\"", "\".x\"", "\"a.incomplete\"", "\"a b\"", "\"a\0\""] {
            assert_eq!(etag(tag), None, "{tag:?}");
        }
    }

    #[test]
    fn shards_are_plain_files() {
        assert!(is_shard("model-00001-of-00002.safetensors"));
        for name in
            ["", ".safetensors", "../m.safetensors", "a/m.safetensors", "C:\\m.safetensors", "m.bin", "m\n.safetensors"]
        {
            assert!(!is_shard(name), "{name:?}");
        }
    }

    #[test]
    fn commits_are_forty_digits() {
        assert!(is_commit("0123456789abcdef0123456789abcdef01234567"));
        assert!(!is_commit("0123456789ABCDEF0123456789abcdef01234567") && !is_commit("main"));
    }
}
