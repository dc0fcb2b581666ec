//! From what the families hand over to one SQLite file.

mod claims;
mod conformance;
mod costs;
mod disputes;
mod facts;
mod flow;
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
}

/// Writes the catalog to `path`, replacing the file there at the very end and in one step.
///
/// The same input gives the same bytes, in whatever order it comes. A build that fails or is dropped leaves the old file as
/// it was.
///
/// # Errors
/// [`Error::Input`] with every problem at once if the input contradicts itself; [`Error::Io`] if the file cannot be written.
pub async fn build(path: &Path, records: &[Record], suite: &SuiteFacts, outcomes: &[Outcome]) -> Result<BuildSummary> {
    let input = Input::sorted(records, suite, outcomes);
    let problems = problems::find(&input);
    if !problems.is_empty() {
        return Err(Error::Input { problems });
    }
    let bytes = pages(&input).await.map_err(|source| Error::Sqlite { doing: "building", path: path.into(), source })?;
    place::place(path, &bytes)?;
    Ok(BuildSummary {
        architectures: records.len(),
        presets: records.iter().map(|record| record.descriptor.sizes().count()).sum(),
        checks: suite.checks.len(),
        outcomes: outcomes.len(),
        bytes: bytes.len() as u64,
        blake3: blake3::hash(&bytes).to_hex().to_string(),
    })
}

impl<'a> Input<'a> {
    fn sorted(records: &'a [Record], suite: &'a SuiteFacts, outcomes: &'a [Outcome]) -> Self {
        let mut input = Self {
            records: records.iter().collect(),
            suite,
            checks: suite.checks.iter().collect(),
            outcomes: outcomes.iter().collect(),
        };
        input.records.sort_by_key(|record| &record.descriptor.id);
        input.checks.sort_by_key(|check| &check.id);
        input.outcomes.sort_by_key(|outcome| (&outcome.architecture, &outcome.check, &outcome.device));
        input
    }
}

/// The bytes of the file. It grows in memory, so that nothing half-done is ever on disk.
async fn pages(input: &Input<'_>) -> Result<Vec<u8>, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(":memory:").page_size(4096).disable_statement_logging();
    let mut connection = options.connect().await?;
    schema::create(&mut connection).await?;
    let mut transaction = connection.begin().await?;
    fill(&mut transaction, input).await?;
    transaction.commit().await?;
    sqlx::query("VACUUM").execute(&mut connection).await?;
    let bytes = connection.serialize(None).await?.to_vec();
    connection.close().await?;
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
