//! From the SQLite file to plain data.

mod export;
mod filter;
mod flow;
pub(crate) mod history;
mod lineage;
mod list;
mod model;
mod names;
mod parts;
#[cfg(test)]
mod plans;
mod search;
mod size;
mod sql;
mod stats;
mod summaries;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{ConnectOptions, Connection};

pub use self::filter::{Filter, Key, NotARange, Range, Sort};
pub use self::sql::Limits;

use crate::error::{Error, Result};
use crate::schema;
use crate::view::{AxisFacts, Family, Matrix, Model, ModelSummary, Rows, TermFacts};

/// A catalog, open for reading.
#[derive(Debug, Clone)]
pub struct Catalog {
    path: PathBuf,
    pool: SqlitePool,
}

impl Catalog {
    /// Opens the catalog at `path`. Nothing can be written through it.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::NotACatalog`], [`Error::Version`] or [`Error::Damaged`], each with a [hint](Error::hint).
    pub async fn open(path: &Path) -> Result<Self> {
        schema::recognise(path)?;
        // SQLite reads a relative path that begins with `file:` as a URI.
        let path = std::path::absolute(path).map_err(|source| Error::Io { path: path.into(), source })?;
        let first = options(&path).connect().await.map_err(|source| reading(&path, source))?;
        first.close().await.map_err(|source| reading(&path, source))?;
        Ok(Self { pool: SqlitePool::connect_lazy_with(options(&path)), path })
    }

    /// Every architecture, by id.
    ///
    /// # Errors
    /// [`Error::Sqlite`] if the file can no longer be read.
    pub async fn models(&self) -> Result<Vec<ModelSummary>> {
        summaries::read(&self.pool, None).await.map_err(self.reading())
    }

    /// Everything about the architecture with this id; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Sqlite`] if the file can no longer be read, [`Error::Content`] if it was edited into nonsense.
    pub async fn model(&self, id: &str) -> Result<Option<Model>> {
        let only = summaries::list([&id.to_owned()]);
        let line = summaries::read(&self.pool, Some(&only)).await.map_err(self.reading())?;
        Ok(self.whole(line).await?.pop())
    }

    /// Everything about the architectures of some lines of [`models`](Self::models), in their order. Many at a time take far less than
    /// one after the other.
    ///
    /// # Errors
    /// See [`model`](Self::model).
    pub async fn whole(&self, lines: Vec<ModelSummary>) -> Result<Vec<Model>> {
        model::read(self, lines).await
    }

    /// Every family, by id, with its members by date.
    ///
    /// # Errors
    /// [`Error::Sqlite`] if the file can no longer be read.
    pub async fn families(&self) -> Result<Vec<Family>> {
        let mut families = BTreeMap::new();
        for member in self.models().await? {
            let new = || Family { id: member.family.clone(), members: Vec::new(), edges: Vec::new() };
            families.entry(member.family.clone()).or_insert_with(new).members.push(member);
        }
        let edges = summaries::edges(&self.pool, None).await.map_err(self.reading())?;
        for family in families.values_mut() {
            let ids: BTreeSet<_> = family.members.iter().map(|member| member.id.as_str()).collect();
            family.edges = edges.iter().filter(|(child, _)| ids.contains(child.as_str())).cloned().collect();
            family.members.sort_by(|a, b| (&a.date, &a.id).cmp(&(&b.date, &b.id)));
        }
        Ok(families.into_values().collect())
    }

    /// Every outcome of every architecture. Checks, devices and rows are sorted.
    ///
    /// # Errors
    /// [`Error::Sqlite`] if the file can no longer be read, [`Error::Content`] if it was edited into nonsense.
    pub async fn matrix(&self) -> Result<Matrix> {
        let suite = summaries::suite(&self.pool).await.map_err(self.reading())?;
        let mut outcomes = model::outcomes(self, None).await?;
        let devices: BTreeSet<_> = outcomes.iter().map(|outcome| outcome.device.clone()).collect();
        let rows = self.models().await?.into_iter().map(|model| {
            let own = outcomes.extract_if(.., |outcome| outcome.architecture == model.id).collect();
            (model, own)
        });
        let rows = rows.collect();
        Ok(Matrix { suite, devices: devices.into_iter().collect(), rows })
    }

    /// Every axis of the taxonomy with its terms, in the vocabulary's order, and the models each term holds of.
    ///
    /// # Errors
    /// [`Error::Sqlite`] if the file can no longer be read.
    pub async fn axes(&self) -> Result<Vec<AxisFacts>> {
        let mut terms: BTreeMap<String, Vec<TermFacts>> = BTreeMap::new();
        for (axis, term) in summaries::terms(&self.pool).await.map_err(self.reading())? {
            terms.entry(axis).or_default().push(term);
        }
        let axes = summaries::axes(&self.pool).await.map_err(self.reading())?;
        let with_terms = |(id, title, question): (String, String, String)| {
            let terms = terms.remove(&id).unwrap_or_default();
            AxisFacts { id, title, question, terms }
        };
        Ok(axes.into_iter().map(with_terms).collect())
    }

    /// Runs one SQL statement that a person typed. It can read the catalog and nothing else, and can write nowhere.
    ///
    /// # Errors
    /// [`Error::Query`] with SQLite's message, or the limit that was reached.
    pub async fn sql(&self, text: &str) -> Result<Rows> {
        self.sql_within(text, Limits::default()).await
    }

    /// As [`Self::sql`], within these limits.
    ///
    /// # Errors
    /// [`Error::Query`] with SQLite's message, or the limit that was reached.
    pub async fn sql_within(&self, text: &str, limits: Limits) -> Result<Rows> {
        let connection = options(&self.path).connect().await.map_err(self.reading())?;
        sql::run(connection, text, limits).await
    }

    fn reading(&self) -> impl Fn(sqlx::Error) -> Error {
        |source| reading(&self.path, source)
    }
}

/// A column that holds JSON.
fn parsed<T: DeserializeOwned>(path: &Path, json: &str, place: impl Fn() -> String) -> Result<T> {
    let unread =
        |error: serde_json::Error| Error::Content { path: path.into(), place: place(), reason: error.to_string() };
    serde_json::from_str(json).map_err(unread)
}

fn reading(path: &Path, source: sqlx::Error) -> Error {
    Error::Sqlite { doing: "reading", path: path.into(), source }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        // Nobody of ours writes into a catalog, so whoever has locked one is not waited for long.
        .busy_timeout(Duration::from_secs(1))
        .pragma("query_only", "ON")
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging()
}
