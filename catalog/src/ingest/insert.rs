//! Many rows at a time into one table.

use sqlx::query_builder::Separated;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

/// The values of one row, bound in the order of the columns.
pub(super) type Row<'a> = Separated<'a, Sqlite, &'static str>;

/// Rows a statement: with the widest table still well below SQLite's 32 766 values.
const BATCH: usize = 500;

/// Inserts `rows` into `table`, named with its columns: `lab (id)`.
pub(super) async fn insert<T>(
    connection: &mut SqliteConnection,
    table: &'static str,
    rows: Vec<T>,
    bind: impl Fn(&mut Row<'_>, T),
) -> Result<(), sqlx::Error> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut query = QueryBuilder::new(format!("INSERT INTO {table} "));
        query.push_values(rows.by_ref().take(BATCH), |mut row, values| bind(&mut row, values));
        query.build().persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}

/// A place in a list, as SQLite counts.
pub(super) fn position(index: usize) -> i64 {
    integer(index as u64)
}

/// A count as SQLite holds it. Larger ones were refused before anything was written.
pub(super) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Every item of every list, with the owner of the list and its place there.
pub(super) fn every<'a, O: Copy, T>(lists: impl Iterator<Item = (O, &'a [T])>) -> Vec<(O, usize, &'a T)> {
    lists.flat_map(|(owner, list)| list.iter().enumerate().map(move |(at, item)| (owner, at, item))).collect()
}
