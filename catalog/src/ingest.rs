//! From what the families hand over to one SQLite file.

mod claims;
mod conformance;
mod costs;
mod disputes;
mod facts;
mod flow;
mod history;
mod insert;
mod models;
mod parts;
mod place;
mod planted;
mod problems;
mod search;
mod sizes;
mod sources;
mod terms;

use std::path::Path;

use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use zoo_registry::{CheckFacts, Descriptor, Outcome, Record, SuiteFacts};

use crate::error::{Error, Result};
use crate::schema;

/// What a build wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildSummary {
    /// Number of models, with code or without.
    pub architectures: usize,
    /// Number of sizes, with code or without.
    pub presets: usize,
    /// Number of checks.
    pub checks: usize,
    /// Number of outcomes.
    pub outcomes: usize,
    /// Size of the file.
    pub bytes: u64,
    /// BLAKE3 of the file, in hexadecimal: equal input gives an equal digest.
    pub blake3: String,
}

/// The input in the order it is written, which does not depend on the order it came in.
struct Input<'a> {
    /// By architecture id.
    records: Vec<&'a Record>,
    /// The suite, its levels in their order.
    suite: &'a SuiteFacts,
    /// Its checks by id.
    checks: Vec<&'a CheckFacts>,
    /// By architecture, check and device.
    outcomes: Vec<&'a Outcome>,
    past: Option<Past<'a>>,
}

/// What a catalog is built from.
#[derive(Debug, Clone, Copy)]
pub struct Build<'a> {
    /// Every model, in any order.
    pub records: &'a [Record],
    /// The conformance suite.
    pub suite: &'a SuiteFacts,
    /// What the suite found.
    pub outcomes: &'a [Outcome],
    /// When it is built and what was there before, where record is kept of that.
    pub past: Option<Past<'a>>,
}

/// When a catalog is built, and what it is compared with: what it says otherwise becomes part of it.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// The day, `2026-11-22`. It is asked for and no clock is read, so that the same input gives the same bytes.
    pub date: &'a str,
    /// The catalog before it, of this or any earlier version of zoo; `None` begins the record.
    pub earlier: Option<&'a Path>,
}

impl Past<'_> {
    /// Reads the earlier catalog, and keeps nothing of it: worth asking before long work.
    ///
    /// # Errors
    /// [`Error::Later`] if it is younger than this day, and whatever else there is to say of the file.
    pub async fn check(&self) -> Result<()> {
        history::before(self).await.map(|_| ())
    }
}

/// Writes a catalog without a past to `path`: see [`Build::write`].
///
/// # Errors
/// See there.
pub async fn build(path: &Path, records: &[Record], suite: &SuiteFacts, outcomes: &[Outcome]) -> Result<BuildSummary> {
    Build { records, suite, outcomes, past: None }.write(path).await
}

impl Build<'_> {
    /// Writes the catalog to `path`, replacing the file there at the very end and in one step. It may be the earlier one itself.
    ///
    /// The same input gives the same bytes, in whatever order it comes. A build that fails or is dropped leaves the old file as
    /// it was.
    ///
    /// # Errors
    /// [`Error::Input`] with every problem at once if the input contradicts itself; [`Error::Io`] if the file cannot be written;
    /// and what [`Past::check`] says.
    pub async fn write(&self, path: &Path) -> Result<BuildSummary> {
        let input = Input::sorted(self);
        let problems = problems::find(&input);
        if !problems.is_empty() {
            return Err(Error::Input { problems });
        }
        let bytes = pages(path, &input).await?;
        place::place(path, &bytes)?;
        Ok(BuildSummary {
            architectures: self.records.len(),
            presets: self.records.iter().map(|record| record.descriptor.sizes().count()).sum(),
            checks: self.suite.checks.len(),
            outcomes: self.outcomes.len(),
            bytes: bytes.len() as u64,
            blake3: blake3::hash(&bytes).to_hex().to_string(),
        })
    }
}

impl<'a> Input<'a> {
    fn sorted(build: &Build<'a>) -> Self {
        let Build { records, suite, outcomes, past } = *build;
        let mut input = Self {
            records: records.iter().collect(),
            suite,
            checks: suite.checks.iter().collect(),
            outcomes: outcomes.iter().collect(),
            past,
        };
        input.records.sort_by_key(|record| &record.descriptor.id);
        input.checks.sort_by_key(|check| &check.id);
        input.outcomes.sort_by_key(|outcome| (&outcome.architecture, &outcome.check, &outcome.device));
        input
    }
}

/// The bytes of the file that will stand at `path`. It grows in memory, so that nothing half-done is ever on disk.
async fn pages(path: &Path, input: &Input<'_>) -> Result<Vec<u8>> {
    let failed = |source| Error::Sqlite { doing: "building", path: path.into(), source };
    let options = SqliteConnectOptions::new().filename(":memory:").page_size(4096).disable_statement_logging();
    let mut connection = options.connect().await.map_err(failed)?;
    schema::create(&mut connection).await.map_err(failed)?;
    let mut transaction = connection.begin().await.map_err(failed)?;
    fill(&mut transaction, input).await.map_err(failed)?;
    if let Some(past) = &input.past {
        let revisions = history::revisions(&mut transaction, path, past, input.records.len()).await?;
        history::write(&mut transaction, &revisions).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)?;
    sqlx::query("VACUUM").execute(&mut connection).await.map_err(failed)?;
    let bytes = connection.serialize(None).await.map_err(failed)?.to_vec();
    connection.close().await.map_err(failed)?;
    Ok(bytes)
}

async fn fill(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    // A row may name one that comes later: a lab what it has become.
    sqlx::raw_sql("PRAGMA defer_foreign_keys = ON").execute(&mut *connection).await?;
    facts::write(connection, input).await?;
    sizes::write(connection, input).await?;
    costs::write(connection, input).await?;
    flow::write(connection, input).await?;
    sources::write(connection, input).await?;
    disputes::write(connection, input).await?;
    parts::write(connection, input).await?;
    search::write(connection, input).await?;
    conformance::write(connection, input).await?;
    planted::write(connection, input).await
}

fn facts<'a>(input: &Input<'a>) -> impl Iterator<Item = &'a Descriptor> {
    input.records.iter().map(|record| &record.descriptor)
}
