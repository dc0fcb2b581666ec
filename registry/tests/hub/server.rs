//! A hub on this machine: its listing, its files with their tags and redirects, a second address that stands for the CDN, and
//! the faults that networks and servers have.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The commit that `main` of every repository stands at.
pub(crate) const COMMIT: &str = "1111111111111111111111111111111111111111";

/// A hub that lives as long as this does; its threads wait for connections until the process ends.
#[derive(Debug)]
pub(crate) struct Server {
    /// Address of the hub.
    pub(crate) endpoint: String,
    cdn: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    repositories: BTreeMap<String, Repository>,
    token: Option<String>,
    faults: Vec<(String, Fault, usize)>,
    asked: Vec<Asked>,
}

/// What the hub has of a repository.
#[derive(Debug, Default, Clone)]
pub(crate) struct Repository {
    /// Branches and tags.
    pub(crate) revisions: BTreeMap<String, String>,
    /// Contents by commit and name.
    pub(crate) files: BTreeMap<(String, String), Vec<u8>>,
    /// Names that are listed and not there.
    pub(crate) listed: Vec<String>,
    /// Error code of the answer to whoever has no token: `GatedRepo` or `RepoNotFound`.
    pub(crate) closed: Option<&'static str>,
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Whether it came to the hub or to the CDN.
    pub(crate) of_cdn: bool,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) range: Option<String>,
    pub(crate) token: Option<String>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection ends after so many bytes of content.
    Cut(usize),
    /// One bit of the content is another.
    Flip,
    /// The content is longer than it was said to be.
    Longer,
    /// An answer of this status and nothing else.
    Status(u16),
    /// An answer of this status to the question what a file is.
    HeadStatus(u16),
    /// Ranges are not known: the whole file comes.
    NoRanges,
    /// Nothing comes after so many bytes, for a second.
    Stall(usize),
}

impl Repository {
    /// A repository with these files at `main`.
    pub(crate) fn of(files: &[(&str, &[u8])]) -> Self {
        let mut repository = Self::default();
        repository.commit("main", COMMIT, files);
        repository
    }

    /// Adds a commit and puts a revision at it.
    pub(crate) fn commit(&mut self, revision: &str, commit: &str, files: &[(&str, &[u8])]) {
        self.revisions.insert(revision.to_owned(), commit.to_owned());
        for (name, content) in files {
            self.files.insert((commit.to_owned(), (*name).to_owned()), content.to_vec());
        }
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        let (hub, cdn) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let address = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let server = Self { endpoint: address(&hub), cdn: address(&cdn), state: Arc::default() };
        for (listener, of_cdn) in [(hub, false), (cdn, true)] {
            let (state, cdn) = (Arc::clone(&server.state), server.cdn.clone());
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let (state, cdn) = (Arc::clone(&state), cdn.clone());
                    // Whoever goes away in the middle is not answered.
                    std::thread::spawn(move || drop(answer(stream, &state, &cdn, of_cdn)));
                }
            });
        }
        server
    }

    pub(crate) fn put(&self, id: &str, repository: Repository) {
        self.state.lock().unwrap().repositories.insert(id.to_owned(), repository);
    }

    /// The token that opens closed repositories.
    pub(crate) fn accept(&self, token: &str) {
        self.state.lock().unwrap().token = Some(token.to_owned());
    }

    /// The next `times` requests for content whose path holds `part` go wrong.
    pub(crate) fn fault(&self, part: &str, fault: Fault, times: usize) {
        self.state.lock().unwrap().faults.push((part.to_owned(), fault, times));
    }

    /// Nothing goes wrong any more.
    pub(crate) fn mend(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    /// The requests since the last call.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

/// What the hub calls a file: weights by their SHA-256, all others as git does.
pub(crate) fn tag(name: &str, content: &[u8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match is_large(name) {
        true => hex(&Sha256::digest(content)),
        false => hex(&Sha1::new_with_prefix(format!("blob {}\0", content.len())).chain_update(content).finalize()),
    }
}

fn is_large(name: &str) -> bool {
    name.ends_with(".safetensors")
}

fn answer(stream: TcpStream, state: &Mutex<State>, cdn: &str, of_cdn: bool) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let (method, path) = first.strip_suffix(" HTTP/1.1").and_then(|line| line.split_once(' ')).unwrap_or_default();
    let mut headers = BTreeMap::new();
    for line in lines {
        match line?.split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let header = |name: &str| headers.get(name).cloned();
    let token = header("authorization");
    let asked = Asked { of_cdn, method: method.to_owned(), path: path.to_owned(), range: header("range"), token };
    let (mut reply, fault) = {
        let mut state = state.lock().unwrap();
        state.asked.push(asked.clone());
        let reply = state.reply(&asked, cdn);
        let fault = if reply.is_content { state.next_fault(&asked) } else { None };
        (reply, fault)
    };
    if let Some(Fault::Status(status) | Fault::HeadStatus(status)) = fault {
        reply = Reply::status(status);
    }
    reply.send(stream, &asked, fault)
}

impl State {
    fn next_fault(&mut self, asked: &Asked) -> Option<Fault> {
        let found = self.faults.iter_mut().find(|(part, fault, times)| {
            let fits = (asked.method == "HEAD") == matches!(fault, Fault::HeadStatus(_));
            fits && asked.path.contains(part.as_str()) && *times > 0
        })?;
        found.2 -= 1;
        Some(found.1)
    }

    fn reply(&self, asked: &Asked, cdn: &str) -> Reply {
        let path = asked.path.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let (id, rest) = match (&parts[..], asked.of_cdn) {
            (["cdn", owner, name, rest @ ..], true) => (format!("{owner}/{name}"), [&["cdn"], rest].concat()),
            (["api", "models", owner, name, "revision", revision], false) => {
                return self.listing(&format!("{owner}/{name}"), revision, asked);
            }
            (["api", "resolve-cache", "models", owner, name, rest @ ..], false) => {
                (format!("{owner}/{name}"), [&["cache"], rest].concat())
            }
            ([owner, name, "resolve", rest @ ..], false) => (format!("{owner}/{name}"), [&["resolve"], rest].concat()),
            _ => return Reply::status(404),
        };
        let Some(repository) = self.repositories.get(&id) else { return Reply::status(404) };
        if let Some(refused) = self.refuses(repository, asked) {
            return refused;
        }
        let [how, revision, name] = rest[..] else { return Reply::status(404) };
        let commit = repository.revisions.get(revision).cloned().unwrap_or_else(|| revision.to_owned());
        let Some(content) = repository.files.get(&(commit.clone(), name.to_owned())) else {
            return Reply::status(404).with("X-Error-Code", "EntryNotFound");
        };
        let (tag, size) = (tag(name, content), content.len());
        match how {
            "resolve" if is_large(name) => Reply::status(302)
                .with("Location", format!("{cdn}/cdn/{id}/{commit}/{name}?signature=secret"))
                .with("X-Repo-Commit", commit)
                .with("ETag", format!("\"of-the-pointer-{}\"", &tag[..8]))
                .with("X-Linked-Size", size)
                .with("X-Linked-Etag", format!("\"{tag}\"")),
            "resolve" => Reply::status(307).with("Location", format!("/api/resolve-cache/models/{id}/{commit}/{name}")),
            _ => Reply::content(content.clone()).with("ETag", format!("\"{tag}\"")).with("X-Repo-Commit", commit),
        }
    }

    fn listing(&self, id: &str, revision: &str, asked: &Asked) -> Reply {
        let missing = Reply::status(if asked.token.is_some() { 404 } else { 401 }).with("X-Error-Code", "RepoNotFound");
        let Some(repository) = self.repositories.get(id) else { return missing };
        if let Some(refused) = self.refuses(repository, asked) {
            return refused;
        }
        let revision = revision.replace("%2F", "/");
        let known = repository.files.keys().any(|(commit, _)| *commit == revision).then(|| revision.clone());
        let Some(commit) = repository.revisions.get(&revision).cloned().or(known) else {
            return Reply::status(404).with("X-Error-Code", "RevisionNotFound");
        };
        let there = repository.files.keys().filter(|(at, _)| *at == commit).map(|(_, name)| name);
        let siblings: Vec<_> =
            there.chain(&repository.listed).map(|name| serde_json::json!({ "rfilename": name })).collect();
        let listing = serde_json::json!({ "id": id, "sha": commit, "siblings": siblings, "gated": false });
        Reply::content(listing.to_string().into_bytes())
    }

    fn refuses(&self, repository: &Repository, asked: &Asked) -> Option<Reply> {
        let code = repository.closed.filter(|_| !asked.of_cdn)?;
        let expected = self.token.as_ref().map(|token| format!("Bearer {token}"));
        match (&asked.token, expected) {
            (Some(token), Some(expected)) if *token == expected => None,
            (Some(_), _) => Some(Reply::status(401)),
            (None, _) => Some(Reply::status(401).with("X-Error-Code", code)),
        }
    }
}

struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    content: Vec<u8>,
    is_content: bool,
}

impl Reply {
    fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), content: Vec::new(), is_content: false }
    }

    fn content(content: Vec<u8>) -> Self {
        Self { status: 200, headers: Vec::new(), content, is_content: true }
    }

    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    fn send(mut self, mut stream: TcpStream, asked: &Asked, fault: Option<Fault>) -> std::io::Result<()> {
        let whole = self.content.len();
        let start =
            asked.range.as_deref().and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let start: usize = start.filter(|_| self.is_content && fault != Some(Fault::NoRanges)).unwrap_or(0);
        if start > 0 && start >= whole {
            self = Self::status(416).with("Content-Range", format!("bytes */{whole}"));
        } else if start > 0 {
            self = Self { status: 206, ..self }.with("Content-Range", format!("bytes {start}-{}/{whole}", whole - 1));
            self.content.drain(..start);
        }
        match fault {
            Some(Fault::Flip) if !self.content.is_empty() => self.content[0] ^= 1,
            Some(Fault::Longer) => self.content.extend(b"more"),
            _ => {}
        }
        let mut head =
            format!("HTTP/1.1 {} It\r\nConnection: close\r\nContent-Length: {}\r\n", self.status, self.content.len());
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        if asked.method == "HEAD" {
            return stream.shutdown(Shutdown::Both);
        }
        match fault {
            Some(Fault::Cut(after)) => stream.write_all(&self.content[..after.min(self.content.len())])?,
            Some(Fault::Stall(after)) => {
                stream.write_all(&self.content[..after.min(self.content.len())])?;
                std::thread::sleep(Duration::from_secs(1));
            }
            _ => stream.write_all(&self.content)?,
        }
        // Reading to the end lets the other side take everything before the connection goes.
        stream.shutdown(Shutdown::Write)?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}
