//! One file: its bytes come into a partial file, are checked, and get their name only when they are whole.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Progress;
use super::client::{Client, Facts, text};
use super::names::Source;
use crate::error::{Error, HubTrouble, Result};

/// A file on its way.
pub(super) struct Download<'a> {
    pub(super) client: &'a Client<'a>,
    pub(super) source: &'a Source,
    pub(super) file: &'a str,
    pub(super) facts: &'a Facts,
    /// Tries after one that brought next to nothing.
    pub(super) retries: u32,
}

/// The partial file, what it holds so far, and what that sums up to.
struct Part {
    path: PathBuf,
    file: File,
    have: u64,
    sum: Sum,
}

const CHUNK: usize = 256 << 10;
/// A try that brought so much was worth it, and does not count as one.
const WORTH: u64 = 1 << 20;

impl Download<'_> {
    /// Brings the file to `blob` by way of `part`, which may hold its beginning already; how many bytes came. Expects the lock of
    /// the blob to be held.
    pub(super) fn run(&self, part: &Path, blob: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<u64> {
        let mut part = Part::open(part, self.facts)?;
        let (mut received, mut tries) = (0, 0);
        self.tell(&part, progress);
        while part.have < self.facts.size {
            let before = received;
            match self.attempt(&mut part, &mut received, progress) {
                Ok(()) => {}
                Err(Error::Hub { trouble, .. })
                    if trouble.may_pass() && (tries < self.retries || received - before >= WORTH) =>
                {
                    tries = if received - before >= WORTH { 0 } else { tries + 1 };
                    pause(tries);
                }
                Err(error) => return Err(error),
            }
        }
        self.verify(&part)?;
        part.file.sync_all().map_err(Error::io(&part.path))?;
        fs::rename(&part.path, blob).map_err(Error::io(blob))?;
        Ok(received)
    }

    /// One request for what is missing.
    fn attempt(&self, part: &mut Part, received: &mut u64, progress: &mut dyn FnMut(Progress<'_>)) -> Result<()> {
        let answer = self.client.content(self.file, part.have)?;
        match answer.status().as_u16() {
            206 if continues(text(&answer, "content-range"), part.have, self.facts.size) => {}
            // Some servers know no ranges, and some give others than were asked for.
            200 if part.have == 0 => {}
            200 => part.restart(self.facts)?,
            status => {
                part.restart(self.facts)?;
                return Err(self.broken(part, format!("it was to go on, and status {status} does not fit that")));
            }
        }
        let mut body = answer.into_body().into_reader();
        let mut chunk = vec![0; CHUNK];
        loop {
            let n = match body.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.broken(part, error.to_string())),
            };
            if n as u64 > self.facts.size - part.have {
                part.restart(self.facts)?;
                return Err(self
                    .source
                    .untrusted(format!("`{}` is longer than its {} bytes", self.file, self.facts.size)));
            }
            part.append(&chunk[..n])?;
            *received += n as u64;
            self.tell(part, progress);
        }
        match part.have < self.facts.size {
            true => Err(self.broken(part, "it was closed".into())),
            false => Ok(()),
        }
    }

    /// Compares with the hub's checksum. What does not agree is removed.
    fn verify(&self, part: &Part) -> Result<()> {
        let Some((kind, expected, found)) = part.sum.compared(self.facts) else { return Ok(()) };
        fs::remove_file(&part.path).map_err(Error::io(&part.path))?;
        Err(self.source.error(HubTrouble::Checksum { file: self.file.to_owned(), kind, expected, found }))
    }

    fn broken(&self, part: &Part, reason: String) -> Error {
        let (file, have, of) = (self.file.to_owned(), part.have, self.facts.size);
        self.source.error(HubTrouble::BrokenOff { file, have, of, reason })
    }

    fn tell(&self, part: &Part, progress: &mut dyn FnMut(Progress<'_>)) {
        progress(Progress { file: self.file, done: part.have, total: self.facts.size });
    }
}

/// Tries again, so often, what may do better.
pub(super) fn patiently<T>(retries: u32, attempt: impl Fn() -> Result<T>) -> Result<T> {
    let mut tries = 0;
    loop {
        match attempt() {
            Err(Error::Hub { trouble, .. }) if trouble.may_pass() && tries < retries => {
                tries += 1;
                pause(tries);
            }
            other => return other,
        }
    }
}

/// Longer after each try that failed: a half, 1, 2, 4, 8 s.
fn pause(tries: u32) {
    std::thread::sleep(Duration::from_millis(500 << tries.min(4)));
}

/// Whether `Content-Range` says: from `start` on, of a file of so many bytes.
fn continues(range: Option<&str>, start: u64, size: u64) -> bool {
    let parts = || {
        let (bounds, of) = range?.strip_prefix("bytes ")?.split_once('/')?;
        let first: u64 = bounds.split_once('-')?.0.parse().ok()?;
        Some(first == start && (of == "*" || of.parse() == Ok(size)))
    };
    parts().unwrap_or(false)
}

impl Part {
    /// Reads what came earlier.
    fn open(path: &Path, facts: &Facts) -> Result<Self> {
        let failed = Error::io(path);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        let mut part = Self { path: path.to_owned(), file, have: 0, sum: Sum::of(facts) };
        let mut chunk = vec![0; CHUNK];
        loop {
            let n = part.file.read(&mut chunk).map_err(Error::io(path))?;
            part.sum.update(&chunk[..n]);
            part.have += n as u64;
            if part.have > facts.size {
                part.restart(facts)?;
                return Ok(part);
            }
            if n == 0 {
                return Ok(part);
            }
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::io(&self.path))?;
        self.sum.update(bytes);
        self.have += bytes.len() as u64;
        Ok(())
    }

    fn restart(&mut self, facts: &Facts) -> Result<()> {
        self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0))).map_err(Error::io(&self.path))?;
        (self.have, self.sum) = (0, Sum::of(facts));
        Ok(())
    }
}

/// The checksum that the hub's name of the file is.
enum Sum {
    Sha256(Sha256),
    /// git sums up `blob`, the size, a zero byte and the file.
    Git(Sha1),
    /// The name is no checksum; the size has to do.
    Unknown,
}

impl Sum {
    fn of(facts: &Facts) -> Self {
        match (facts.sha256(), facts.git_sha1()) {
            (Some(_), _) => Self::Sha256(Sha256::new()),
            (None, Some(_)) => Self::Git(Sha1::new_with_prefix(format!("blob {}\0", facts.size))),
            (None, None) => Self::Unknown,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(sum) => sum.update(bytes),
            Self::Git(sum) => sum.update(bytes),
            Self::Unknown => {}
        }
    }

    /// Kind, expected and found, where they differ.
    fn compared(&self, facts: &Facts) -> Option<(&'static str, String, String)> {
        let (kind, found) = match self {
            Self::Sha256(sum) => ("SHA-256", hex(&sum.clone().finalize())),
            Self::Git(sum) => ("git SHA-1", hex(&sum.clone().finalize())),
            Self::Unknown => return None,
        };
        (found != facts.etag).then(|| (kind, facts.etag.clone(), found))
    }
}

/// The SHA-256 of a file, in hex.
pub(super) fn sha256_of(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    let mut sum = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk).map_err(Error::io(path))? {
            0 => return Ok(hex(&sum.finalize())),
            n => sum.update(&chunk[..n]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_continue_where_the_part_ends() {
        assert!(continues(Some("bytes 5-9/10"), 5, 10) && continues(Some("bytes 5-9/*"), 5, 10));
        for other in ["bytes 4-9/10", "bytes 5-9/11", "bytes */10", "5-9/10", "bytes 5-9", ""] {
            assert!(!continues(Some(other), 5, 10), "{other}");
        }
        assert!(!continues(None, 5, 10));
    }

    #[test]
    fn git_names_files_by_size_and_content() {
        // `printf 'hello\n' | git hash-object --stdin`
        let facts = Facts { etag: "ce013625030ba8dba906f756967f9e9ca394464a".into(), size: 6 };
        let mut sum = Sum::of(&facts);
        sum.update(b"hello\n");
        assert_eq!(sum.compared(&facts), None);
        sum.update(b"!");
        assert_eq!(sum.compared(&facts).unwrap().0, "git SHA-1");
    }
}
