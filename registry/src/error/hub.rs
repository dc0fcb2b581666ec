//! What can go wrong between here and the Hugging Face hub.

use std::path::PathBuf;

use super::did_you_mean;

/// Why a checkpoint could not be had from the hub. Each reads after the name of a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HubTrouble {
    /// Not the name of a repository, or not that of a revision. No request was made.
    #[error("is not {expected}: {reason}")]
    Name {
        /// "a repository of the hub", "a revision".
        expected: &'static str,
        /// The rule that it breaks.
        reason: String,
    },
    /// An environment variable that cannot be followed.
    #[error("cannot be followed: {reason}")]
    Setting {
        /// What was expected of it.
        reason: String,
    },
    /// No such repository, or none that strangers are told of.
    #[error("is not on the hub, or it is private{}", did_you_mean(.near))]
    NotFound {
        /// Repositories with names that look like it, best first.
        near: Vec<String>,
        /// Whether a token was sent.
        with_token: bool,
    },
    /// The repository has no such branch, tag or commit.
    #[error("has no revision `{revision}`")]
    NoRevision {
        /// What was asked for.
        revision: String,
    },
    /// The repository has no such file.
    #[error("has no `{file}`")]
    NoFile {
        /// What was asked for.
        file: String,
    },
    /// A repository whose owner wants to know who downloads it.
    #[error("is gated: its owner lets in only whom they know")]
    Gated {
        /// Where to ask.
        page: String,
        /// Whether a token was sent.
        with_token: bool,
    },
    /// 401 or 403 for another reason.
    #[error("is closed to whom we are for the hub (status {status})")]
    Denied {
        /// The HTTP status.
        status: u16,
        /// Whether a token was sent.
        with_token: bool,
    },
    /// Any other answer than the one that was asked for.
    #[error("could not be had: `{host}` answered with status {status}")]
    Status {
        /// Who answered.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// No answer at all.
    #[error("could not be had: `{host}` does not answer: {reason}")]
    Unreachable {
        /// Who was asked.
        host: String,
        /// The network's word.
        reason: String,
    },
    /// Nothing may be downloaded, and the cache does not do.
    #[error("is not whole in the cache, and `HF_HUB_OFFLINE` forbids downloads: {} missing in {}", listed(.missing), .cache.display())]
    Offline {
        /// The files that are not there.
        missing: Vec<String>,
        /// Where they were looked for.
        cache: PathBuf,
    },
    /// Weights only in formats that run code when they are opened.
    #[error("has its weights only as pickles ({}), which run code when they are opened; zoo reads safetensors only", listed(.files))]
    Pickle {
        /// The first of those files.
        files: Vec<String>,
    },
    /// Neither `model.safetensors` nor its index.
    #[error("has neither `model.safetensors` nor `model.safetensors.index.json`{}", only(.instead))]
    NoWeights {
        /// The first safetensors files of other names.
        instead: Vec<String>,
    },
    /// A file that is not what its name in the hub says. It was removed.
    #[error("gave `{file}` with the {kind} {found}, expected {expected}; it was thrown away")]
    Checksum {
        /// The file.
        file: String,
        /// `SHA-256` or `git SHA-1`.
        kind: &'static str,
        /// In the hub's words, in hex.
        expected: String,
        /// Of what came.
        found: String,
    },
    /// The connection ended before the file did. What came is kept.
    #[error("broke off after {have} of {of} bytes of `{file}`: {reason}")]
    BrokenOff {
        /// The file.
        file: String,
        /// Bytes that are there.
        have: u64,
        /// Bytes that the file has.
        of: u64,
        /// The network's word.
        reason: String,
    },
    /// An answer that breaks the protocol, or asks for what no hub should.
    #[error("is not trusted: {reason}")]
    Untrusted {
        /// What was found.
        reason: String,
    },
}

impl HubTrouble {
    /// Whether another try may do better.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::BrokenOff { .. } => true,
            Self::Status { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// Whether what came was not to be trusted, and not the way there.
    pub fn is_of_content(&self) -> bool {
        matches!(self, Self::Checksum { .. } | Self::Untrusted { .. })
    }

    /// One thing the user could try next.
    pub fn hint(&self) -> Option<String> {
        const TOKEN: &str = "https://huggingface.co/settings/tokens";
        Some(match self {
            Self::Name { .. } => "a repository is called `owner/name`, as in the address of its page, a revision is a branch, a tag or a commit".into(),
            Self::NotFound { with_token: false, .. } => format!("compare the name with the address of its page; for a private repository set `HF_TOKEN` to a token from {TOKEN}"),
            Self::NotFound { with_token: true, .. } => "compare the name with the address of its page; the token that was sent may belong to an account that cannot see it".into(),
            Self::NoRevision { .. } => "its page lists branches, tags and commits under `Files`; without `--revision` it is `main`".into(),
            Self::Gated { page, with_token: false } => format!("accept its terms on {page}, then set `HF_TOKEN` to a token from {TOKEN}"),
            Self::Gated { page, with_token: true } => format!("the account of the token that was sent has no access yet: ask for it on {page}"),
            Self::Denied { with_token: false, .. } => format!("set `HF_TOKEN` to a token from {TOKEN}"),
            Self::Denied { with_token: true, .. } => format!("the token that was sent may be mistyped or expired: {TOKEN} makes another"),
            Self::Status { status: 429, .. } => "the hub wants a pause; it is more patient with those who set `HF_TOKEN`".into(),
            Self::Status { status: 500.., .. } => "this is the server's trouble; try again later, and what came so far is not fetched again".into(),
            Self::Unreachable { .. } => "look at the network, a proxy, and `HF_ENDPOINT` if it is set; what is in the cache needs no network".into(),
            Self::Offline { .. } => "unset `HF_HUB_OFFLINE`, or give a folder that holds the files".into(),
            Self::Pickle { .. } => "look for a revision or a copy with `model.safetensors`; the hub makes one on request: https://huggingface.co/spaces/safetensors/convert".into(),
            Self::Checksum { .. } => "pull again; if it happens again, something between here and the hub changes files".into(),
            Self::BrokenOff { .. } => "pull again, and it goes on where it stopped".into(),
            _ => return None,
        })
    }
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn only(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(", only {}", listed(names)) }
}
