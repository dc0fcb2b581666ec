//! What pages for programs need beside the views: whole tables, the catalog's own file, and where the site will stand.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use zoo_catalog::Catalog;
use zoo_catalog::view::Rows;

use crate::error::{Error, Result};

/// Tables that become CSV, and what their files are called.
pub(crate) const TABLES: [(&str, &str); 3] =
    [("model_overview", "catalog.csv"), ("lineage", "lineage.csv"), ("conformance", "conformance.csv")];

/// What stands beside the pages.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Data {
    /// Whole tables, by name.
    pub tables: BTreeMap<String, Rows>,
    /// The catalog's own file.
    pub file: Option<Vec<u8>>,
    /// Where the site will stand, if that is known.
    pub base_url: Option<BaseUrl>,
}

impl Data {
    /// Reads the tables that become files.
    pub(crate) async fn read(catalog: &Catalog) -> Result<Self> {
        let mut tables = BTreeMap::new();
        for (table, _) in TABLES {
            tables.insert(table.to_owned(), catalog.table(table).await?);
        }
        Ok(Self { tables, file: None, base_url: None })
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
