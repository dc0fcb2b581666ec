//! What pages for programs need beside the views: whole tables, the catalog's own file, and where the site will stand.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sha2::{Digest, Sha256};
use zoo_catalog::Catalog;
use zoo_catalog::view::Rows;

use crate::error::{Error, Result};
use crate::format::hex;

/// Tables that become CSV, and what their files are called.
pub(crate) const TABLES: [(&str, &str); 4] = [
    ("model_overview", "catalog.csv"),
    ("lineage", "lineage.csv"),
    ("conformance", "conformance.csv"),
    ("change", CHANGES),
];

/// The table of changes, which only a catalog that keeps record has.
pub(crate) const CHANGES: &str = "changes.csv";

/// What stands beside the pages.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Data {
    /// Whole tables, by name.
    pub tables: BTreeMap<String, Rows>,
    /// The catalog's own file.
    pub file: Option<CatalogFile>,
    /// Where the site will stand, if that is known.
    pub base_url: Option<BaseUrl>,
    /// The path of that place on its host, where only that is known.
    pub base_path: Option<BasePath>,
}

/// The catalog's own file, which is as large as the catalog: it is copied and never held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogFile {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    /// SHA-256 in hexadecimal digits.
    pub(crate) digest: String,
}

impl CatalogFile {
    /// Reads it once, to know what is in it.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn read(path: &Path) -> Result<Self> {
        let mut file = BufReader::new(File::open(path).map_err(Error::io(path))?);
        let (mut hash, mut size) = (Sha256::new(), 0);
        loop {
            let part = file.fill_buf().map_err(Error::io(path))?;
            if part.is_empty() {
                break;
            }
            hash.update(part);
            let read = part.len();
            size += read as u64;
            file.consume(read);
        }
        Ok(Self { path: path.to_owned(), size, digest: hex(&hash.finalize()) })
    }
}

impl Data {
    /// Reads the tables that become files.
    pub(crate) async fn read(catalog: &Catalog) -> Result<Self> {
        let mut tables = BTreeMap::new();
        for (table, _) in TABLES {
            tables.insert(table.to_owned(), catalog.table(table).await?);
        }
        Ok(Self { tables, file: None, base_url: None, base_path: None })
    }
}

impl Data {
    /// The top of the site as a path on its host, if that is known.
    pub(crate) fn top(&self) -> Option<String> {
        let told = self.base_path.as_ref().map(|path| path.0.clone());
        told.or_else(|| self.base_url.as_ref().map(|base| base.path().to_owned()))
    }
}

/// Where the top of a site stands on a host, with a slash at both ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasePath(String);

impl FromStr for BasePath {
    type Err = Error;

    /// Reads `/` or `/zoo/`.
    fn from_str(text: &str) -> Result<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%/".contains(c);
        let steps = text.trim_matches('/');
        if !text.starts_with('/') || !text.chars().all(plain) || steps.split('/').any(|step| step == "..") {
            return Err(Error::BasePath(text.to_owned()));
        }
        Ok(Self(if steps.is_empty() { "/".into() } else { format!("/{steps}/") }))
    }
}

/// The address of the top of a site, with a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The whole address of a page or file.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The top on its host: `/zoo/`.
    fn path(&self) -> &str {
        let host = self.0.find("://").map_or(0, |scheme| scheme + 3);
        self.0[host..].find('/').map_or("/", |slash| &self.0[host + slash..])
    }
}

impl FromStr for BaseUrl {
    type Err = Error;

    /// Reads `https://zoo.example/` or `https://example.github.io/zoo`.
    fn from_str(text: &str) -> Result<Self> {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/[]%".contains(c);
        if host.is_empty() || host.starts_with('/') || !host.chars().all(plain) {
            return Err(Error::BaseUrl(text.to_owned()));
        }
        Ok(Self(format!("{}/", text.trim_end_matches('/'))))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_is_a_path_on_its_host() {
        let top = |url: Option<&str>, path: Option<&str>| {
            let base_url = url.and_then(|url| url.parse().ok());
            Data { base_url, base_path: path.and_then(|path| path.parse().ok()), ..Data::default() }.top()
        };
        assert_eq!(top(None, None), None);
        assert_eq!(top(Some("https://a.example"), None).as_deref(), Some("/"));
        assert_eq!(top(Some("https://a.example/b/zoo"), None).as_deref(), Some("/b/zoo/"));
        assert_eq!(top(None, Some("/zoo")).as_deref(), Some("/zoo/"));
        assert_eq!(top(None, Some("/")).as_deref(), Some("/"));
        for wrong in ["", "zoo", "/a/../b", "/a\"b", "https://a.example/"] {
            assert!(wrong.parse::<BasePath>().is_err(), "`{wrong}`");
        }
    }

    #[test]
    fn a_base_is_an_address_of_a_folder() {
        let read = |text: &str| text.parse::<BaseUrl>().map(|base| base.at("models/bert/"));
        assert_eq!(read("https://a.example/zoo").ok().as_deref(), Some("https://a.example/zoo/models/bert/"));
        assert_eq!(read("http://localhost:80/").ok().as_deref(), Some("http://localhost:80/models/bert/"));
        for wrong in
            ["", "a.example", "https://", "https:///x", "https://a/?b", "https://a/#b", "https://a\"b", "ftp://a"]
        {
            assert!(read(wrong).is_err(), "`{wrong}`");
        }
    }
}
