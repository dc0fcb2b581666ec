//! Checkpoints from the Hugging Face hub, kept where Hugging Face's own libraries keep them.
//!
//! [`Hub::pull`] brings the files that a checkpoint needs: its configuration, its safetensors weights with every shard, its
//! tokenizer and what says how to write text. A download that broke off goes on where it stopped; a file gets its name only
//! when it is whole and its checksum is that of the hub. Pickles are refused, and nothing that the hub or a file says becomes a
//! path or an address unchecked. A model that is in the cache needs no network: [`Hub::find`].
//!
//! Names of repositories, in the cache and on the hub, are those of the crate `hf-hub`. Its downloads are not used: they send the
//! token to whatever host the hub redirects to, check no sum, and append a whole file to a part when a server knows no ranges.

mod cache;
mod client;
mod download;
mod names;
mod settings;
mod wanted;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cache::{Shelf, Snapshot};
use client::Client;
use download::{Download, patiently};
pub use names::{MAIN, Source};
use wanted::Wanted;

use crate::error::{Error, HubTrouble, Result};
use crate::names::nearest;
use crate::registry::Registry;

/// Where checkpoints come from, and where they are kept.
#[derive(Clone)]
pub struct Hub {
    /// Address of the hub.
    pub endpoint: String,
    /// Folder with one folder a repository.
    pub cache: PathBuf,
    /// Who is asking, for private and gated repositories. It is sent to the endpoint and nowhere else.
    pub token: Option<String>,
    /// Nothing but the cache.
    pub offline: bool,
    /// How often a download is tried again after a try that brought next to nothing.
    pub retries: u32,
    /// How long the network may be silent.
    pub patience: Duration,
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file, by its name in the repository.
    pub file: &'a str,
    /// Bytes that are there.
    pub done: u64,
    /// Bytes that the file has.
    pub total: u64,
}

/// A checkpoint on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The repository.
    pub id: String,
    /// The branch, tag or commit that was asked for.
    pub revision: String,
    /// The commit that it is.
    pub commit: String,
    /// Folder with the files, as `Checkpoint::open` takes it.
    pub folder: PathBuf,
    /// The files, by name.
    pub files: Vec<PulledFile>,
}

/// A file of a checkpoint on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledFile {
    /// Its name in the repository.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Bytes that were downloaded just now.
    pub received: u64,
}

/// The hub of Hugging Face.
pub const ENDPOINT: &str = "https://huggingface.co";

impl Hub {
    /// The public hub with a cache of one's own, and no token.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        let (endpoint, cache) = (ENDPOINT.to_owned(), cache.into());
        Self { endpoint, cache, token: None, offline: false, retries: 4, patience: Duration::from_secs(30) }
    }

    /// What the cache holds, if it is enough to load. No request is made.
    ///
    /// # Errors
    /// [`Error::Parse`], [`Error::Io`] or [`Error::Hub`] for an index of shards that is not sound.
    pub fn find(&self, source: &Source) -> Result<Option<Pulled>> {
        match Shelf::new(&self.cache, source).look()? {
            Some(found) if found.missing.is_empty() => found.pulled(source).map(Some),
            _ => Ok(None),
        }
    }

    /// Brings what the revision holds now; what the cache has is not fetched again. Offline, as [`Self::find`].
    ///
    /// A file is compared with its SHA-256, or with the SHA-1 that git knows it by; where a mirror names it otherwise, its size
    /// has to do.
    ///
    /// # Errors
    /// [`Error::Hub`] with what the hub or the network said, with a wrong checksum, with a repository that holds no safetensors,
    /// or offline with what is missing. [`Error::Io`] for the cache.
    pub fn pull(&self, source: &Source, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Pulled> {
        if self.offline {
            return self.offline(source);
        }
        let asked = Shelf::new(&self.cache, source);
        let listing = Client::new(self, source)?.listing()?;
        let wanted = Wanted::among(source, &listing.files)?;
        // Every file is of this commit, whatever happens to the branch meanwhile.
        let commit = source.at(&listing.commit);
        let puller = Puller {
            hub: self,
            source: &commit,
            client: Client::new(self, &commit)?,
            shelf: Shelf::new(&self.cache, &commit),
        };
        let mut files = Vec::new();
        for file in wanted.small.iter().chain((wanted.weights == wanted::INDEX).then_some(&wanted.weights)) {
            files.push(puller.file(file, progress)?);
        }
        if wanted.weights == wanted::INDEX {
            let shards = wanted::shards(&commit, &puller.shelf.snapshot(&listing.commit).join(wanted::INDEX))?;
            if let Some(file) = shards.iter().find(|shard| !listing.files.contains(*shard)) {
                return Err(source.error(HubTrouble::NoFile { file: file.clone() }));
            }
            for shard in &shards {
                files.push(puller.file(shard, progress)?);
            }
        } else {
            files.push(puller.file(wanted.weights, progress)?);
        }
        asked.remember_absent(&listing.commit, &wanted.absent)?;
        asked.remember(&listing.commit)?;
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let folder = asked.snapshot(&listing.commit);
        let (id, revision) = (source.id().to_owned(), source.revision().to_owned());
        Ok(Pulled { id, revision, commit: listing.commit, folder, files })
    }

    /// What the cache holds, or else a download. A cache to which another library brought only some files is filled up, from the
    /// commit that it holds; if the hub does not answer, they have to do.
    ///
    /// # Errors
    /// As [`Self::pull`].
    pub fn find_or_pull(&self, source: &Source, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Pulled> {
        let found = Shelf::new(&self.cache, source).look()?.filter(|found| found.missing.is_empty());
        let Some(found) = found else { return self.pull(source, progress) };
        if self.offline || found.unknown.is_empty() {
            return found.pulled(source);
        }
        match self.pull(&source.at(&found.commit), progress) {
            Ok(pulled) => Ok(Pulled { revision: source.revision().to_owned(), ..pulled }),
            Err(Error::Hub { trouble, .. }) if !trouble.is_of_content() => found.pulled(source),
            Err(error) => Err(error),
        }
    }

    fn offline(&self, source: &Source) -> Result<Pulled> {
        let found = Shelf::new(&self.cache, source).look()?;
        let missing = match found {
            Some(found) if found.missing.is_empty() => return found.pulled(source),
            Some(found) => found.missing,
            None => vec![wanted::CONFIG.to_owned(), wanted::WEIGHTS.to_owned()],
        };
        Err(source.error(HubTrouble::Offline { missing, cache: self.cache.clone() }))
    }
}

impl fmt::Debug for Hub {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.as_ref().map(|_| "…");
        let mut shown = f.debug_struct("Hub");
        shown.field("endpoint", &self.endpoint).field("cache", &self.cache).field("token", &token);
        shown.field("offline", &self.offline).field("retries", &self.retries).field("patience", &self.patience).finish()
    }
}

impl PulledFile {
    /// Its SHA-256 in hex: the blob's name where it is that, which was checked when it came, else of what is there.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn sha256(&self) -> Result<String> {
        let blob = std::fs::read_link(&self.path).ok();
        let name = blob.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
        match name.filter(|name| names::is_hex(name, 64)) {
            Some(name) => Ok(name.to_owned()),
            None => download::sha256_of(&self.path),
        }
    }
}

impl Registry {
    /// The repository that `name` stands for: `owner/name` itself, or that of the preset called so, or a bare name of the hub's
    /// first days.
    ///
    /// # Errors
    /// [`Error::Hub`] with [`HubTrouble::Name`] for what cannot be a repository or a revision.
    pub fn source(&self, name: &str, revision: Option<&str>) -> Result<Source> {
        let preset = self.resolve(name).ok().and_then(|named| named.preset);
        match preset.and_then(|preset| preset.hub.as_deref()) {
            Some(hub) if !name.contains('/') => Source::new(hub, revision),
            _ => Source::new(name, revision),
        }
    }

    /// Adds the repositories of presets that may have been meant, where the hub knows none of that name.
    pub fn with_near_repositories(&self, mut error: Error) -> Error {
        if let Error::Hub { asked, trouble: HubTrouble::NotFound { near, .. } } = &mut error {
            let presets = self.architectures().into_iter().flat_map(|architecture| &architecture.descriptor().presets);
            let known: Vec<&str> =
                presets.filter_map(|preset| preset.hub.as_deref()).filter(|hub| hub != asked).collect();
            *near = nearest(asked, known.into_iter());
        }
        error
    }
}

/// A pull at a commit.
struct Puller<'a> {
    hub: &'a Hub,
    source: &'a Source,
    client: Client<'a>,
    shelf: Shelf<'a>,
}

impl Puller<'_> {
    /// Brings a file, unless it is there.
    fn file(&self, file: &str, progress: &mut dyn FnMut(Progress<'_>)) -> Result<PulledFile> {
        let commit = self.source.revision();
        let path = self.shelf.snapshot(commit).join(file);
        if path.is_file() {
            return pulled(file, path, 0);
        }
        let facts = patiently(self.hub.retries, || self.client.facts(file))?;
        let largest = wanted::largest(file);
        if facts.size > largest {
            return Err(self
                .source
                .untrusted(format!("`{file}` has {} bytes, expected at most {largest}", facts.size)));
        }
        let (blob, part) = (self.shelf.blob(&facts.etag), self.shelf.part(&facts.etag));
        let blobs = blob.parent().unwrap_or(&blob);
        std::fs::create_dir_all(blobs).map_err(Error::io(blobs))?;
        let size = |path: &Path| std::fs::metadata(path).map(|there| there.len()).ok();
        // Somebody else may be fetching it: then this shows how far they are.
        let mut waiting = || progress(Progress { file, done: size(&part).unwrap_or(0), total: facts.size });
        let _lock = self.shelf.lock(&facts.etag, &mut waiting)?;
        let mut received = 0;
        if size(&blob) != Some(facts.size) {
            let (client, source, facts, retries) = (&self.client, self.source, &facts, self.hub.retries);
            received = Download { client, source, file, facts, retries }.run(&part, &blob, progress)?;
        }
        pulled(file, self.shelf.link(&facts.etag, commit, file)?, received)
    }
}

impl Snapshot {
    fn pulled(self, source: &Source) -> Result<Pulled> {
        let files = self.files.iter().map(|name| pulled(name, self.folder.join(name), 0));
        let mut files = files.collect::<Result<Vec<_>>>()?;
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let (id, revision) = (source.id().to_owned(), source.revision().to_owned());
        Ok(Pulled { id, revision, commit: self.commit, folder: self.folder, files })
    }
}

fn pulled(name: &str, path: PathBuf, received: u64) -> Result<PulledFile> {
    let size = std::fs::metadata(&path).map_err(Error::io(&path))?.len();
    Ok(PulledFile { name: name.to_owned(), path, size, received })
}
