//! The shape of the file: its tables, and the two numbers in its header by which it is known.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteOwnedBuf};
use sqlx::{ConnectOptions, SqliteConnection};

use crate::error::{Error, Result};

/// Tables and views, in the order they build on one another.
const MIGRATIONS: [&str; 11] = [
    include_str!("../migrations/0001_facts.sql"),
    include_str!("../migrations/0002_sizes.sql"),
    include_str!("../migrations/0003_conformance.sql"),
    include_str!("../migrations/0004_views.sql"),
    include_str!("../migrations/0005_models.sql"),
    include_str!("../migrations/0006_planted.sql"),
    include_str!("../migrations/0007_parts.sql"),
    include_str!("../migrations/0008_costs.sql"),
    include_str!("../migrations/0009_flow.sql"),
    include_str!("../migrations/0010_history.sql"),
    include_str!("../migrations/0011_sight.sql"),
];

/// How many of them a catalog was laid out with. A file is never migrated, only built anew.
const VERSION: u32 = 11;

/// `zooc` in ASCII: SQLite's own field for telling whose file this is.
const APPLICATION_ID: u32 = 0x7a6f_6f63;

const MAGIC: &[u8] = b"SQLite format 3\0";

/// Lays out an empty database.
///
/// The files run as plain SQL: sqlx's own migrator notes the time of day in `_sqlx_migrations`, and no two builds would agree.
pub(crate) async fn create(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for migration in MIGRATIONS {
        sqlx::raw_sql(migration).execute(&mut *connection).await?;
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks())).execute(connection).await?;
    Ok(())
}

/// The statements that mark a file as a catalog of this version.
pub(crate) fn marks() -> String {
    format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}")
}

/// Whether the file is a whole catalog of this version, by its header alone.
pub(crate) fn recognise(path: &Path) -> Result<()> {
    match version(path)? {
        VERSION => Ok(()),
        found => Err(Error::Version { path: path.into(), expected: VERSION, found }),
    }
}

/// A catalog of this or any earlier version, in memory and as this version lays it out. The file stays as it is.
pub(crate) async fn upgraded(path: &Path) -> Result<SqliteConnection> {
    let found = version(path)?;
    let later = usize::try_from(found).ok().filter(|from| *from > 0).and_then(|from| MIGRATIONS.get(from..));
    let later = later.ok_or_else(|| Error::Version { path: path.into(), expected: VERSION, found })?;
    let bytes = std::fs::read(path).map_err(|source| Error::Io { path: path.into(), source })?;
    let upgraded = async {
        let options = SqliteConnectOptions::new().filename(":memory:").pragma("trusted_schema", "OFF");
        let mut connection = options.disable_statement_logging().connect().await?;
        connection.deserialize(None, SqliteOwnedBuf::try_from(bytes.as_slice())?, false).await?;
        for migration in later {
            sqlx::raw_sql(*migration).execute(&mut connection).await?;
        }
        Ok(connection)
    };
    upgraded.await.map_err(|source| Error::Sqlite { doing: "reading", path: path.into(), source })
}

/// Of which version the whole catalog is that the file holds, by its header alone.
fn version(path: &Path) -> Result<u32> {
    let io = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => Error::Missing { path: path.into() },
        _ => Error::Io { path: path.into(), source },
    };
    let other = |found: &str| Error::NotACatalog { path: path.into(), found: found.into() };
    let metadata = std::fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        return Err(other("it is not a file"));
    }
    let mut header = Vec::new();
    File::open(path).map_err(io)?.take(100).read_to_end(&mut header).map_err(io)?;
    if header.is_empty() {
        return Err(other("it is empty"));
    }
    if header.len() < 100 || !header.starts_with(MAGIC) {
        return Err(other("it is not an SQLite file"));
    }
    let number = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if number(68) != APPLICATION_ID {
        return Err(other("it is an SQLite file of something else"));
    }
    let page_size = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    let expected = page_size * u64::from(number(28));
    if metadata.len() != expected {
        return Err(Error::Damaged { path: path.into(), expected, found: metadata.len() });
    }
    Ok(number(60))
}
