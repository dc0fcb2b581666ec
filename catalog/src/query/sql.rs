//! SQL typed by a person: read, never written, and stopped when it takes too long.

use std::fmt::Write;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use libsqlite3_sys::{SQLITE_INTERRUPT, SQLITE_LIMIT_ATTACHED, SQLITE_LIMIT_LENGTH, sqlite3_limit};
use serde_json::{Number, Value};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, Either, Executor, Row, SqlSafeStr, Statement, TypeInfo, ValueRef};

use crate::error::{Error, Result};
use crate::view::Rows;

/// How much one query may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows to give; more are left unread.
    pub rows: usize,
    /// Time to take.
    pub time: Duration,
}

impl Default for Limits {
    /// 10 000 rows, 10 seconds.
    fn default() -> Self {
        Self { rows: 10_000, time: Duration::from_secs(10) }
    }
}

/// Instructions of SQLite's machine between two looks at the clock.
const STEPS: i32 = 10_000;

/// Longest text or blob a query may make, in bytes.
const LONGEST: i32 = 64 << 20;

/// Runs `text` on a connection of its own, so that no setting it makes outlives it.
pub(super) async fn run(mut connection: SqliteConnection, text: &str, limits: Limits) -> Result<Rows> {
    if text.contains('\0') {
        return Err(refused("a query cannot contain a zero byte"));
    }
    let word = |error| word(&error, limits);
    confine(&mut connection, limits).await.map_err(word)?;
    let rows = fetch(&mut connection, text, limits).await;
    let closed = connection.close().await.map_err(word);
    rows.and_then(|rows| closed.map(|()| rows))
}

/// Keeps other files out of reach, whatever the query says, and sets its alarm clock.
///
/// The file is open for reading only, but `ATTACH` opens others and `VACUUM INTO` writes them. Both need a free place
/// among the attached databases, and there is none.
async fn confine(connection: &mut SqliteConnection, limits: Limits) -> Result<(), sqlx::Error> {
    let mut handle = connection.lock_handle().await?;
    let start = Instant::now();
    handle.set_progress_handler(STEPS, move || start.elapsed() < limits.time);
    let raw = handle.as_raw_handle().as_ptr();
    // SAFETY: the pointer is that of an open connection, and while `handle` lives no other thread uses it.
    unsafe {
        sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0);
        sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, LONGEST);
    }
    Ok(())
}

async fn fetch(connection: &mut SqliteConnection, text: &str, limits: Limits) -> Result<Rows> {
    let word = |error| word(&error, limits);
    let statement = connection.prepare(AssertSqlSafe(text).into_sql_str()).await.map_err(word)?;
    let columns = statement.columns().iter().map(|column| sqlx::Column::name(column).to_owned()).collect();
    let mut rows = Rows { columns, rows: Vec::new(), truncated: false };
    let mut ended = false;
    let mut found = sqlx::raw_sql(AssertSqlSafe(text)).fetch_many(&mut *connection);
    while let Some(next) = found.try_next().await.map_err(word)? {
        match next {
            _ if ended => return Err(refused("expected one statement, found more")),
            Either::Left(_) => ended = true,
            Either::Right(_) if rows.rows.len() == limits.rows => {
                rows.truncated = true;
                return Ok(rows);
            }
            Either::Right(row) => rows.rows.push(values(&row).map_err(word)?),
        }
    }
    if ended { Ok(rows) } else { Err(refused("expected a statement, found none")) }
}

fn values(row: &SqliteRow) -> Result<Vec<Value>, sqlx::Error> {
    (0..row.len()).map(|at| value(row, at)).collect()
}

fn value(row: &SqliteRow, at: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    Ok(match raw.type_info().name() {
        "INTEGER" => row.try_get_unchecked::<i64, _>(at)?.into(),
        "REAL" => real(row.try_get_unchecked(at)?),
        "BLOB" => blob(row.try_get_unchecked(at)?).into(),
        _ => String::from_utf8_lossy(row.try_get_unchecked(at)?).into(),
    })
}

fn real(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => number.into(),
        None if value > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

fn blob(bytes: &[u8]) -> String {
    let mut text = String::from("x'");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text + "'"
}

fn refused(message: &str) -> Error {
    Error::Query { message: message.to_owned() }
}

/// SQLite's message without what sqlx puts around it.
fn word(error: &sqlx::Error, limits: Limits) -> Error {
    let database = error.as_database_error();
    let interrupted = SQLITE_INTERRUPT.to_string();
    Error::Query {
        message: match database {
            Some(error) if error.code().is_some_and(|code| code == interrupted) => {
                format!("stopped after {:?}, the most a query may take", limits.time)
            }
            Some(error) => error.message().to_owned(),
            None => error.to_string(),
        },
    }
}
