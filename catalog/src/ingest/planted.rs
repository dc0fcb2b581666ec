//! What was planted to test the suite itself.

use super::Input;
use super::insert::{every, insert, position};
use sqlx::SqliteConnection;

/// One table after the other.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let planted = &input.suite.planted;
    let columns = "planted (id, position, kind, area, file, family, what, alone)";
    insert(connection, columns, planted.iter().enumerate().collect(), |row, (at, planted)| {
        row.push_bind(&planted.id).push_bind(position(at)).push_bind(planted.kind.as_str()).push_bind(&planted.area);
        row.push_bind(&planted.file).push_bind(&planted.family).push_bind(&planted.what).push_bind(&planted.alone);
    })
    .await?;
    let caught = every(planted.iter().map(|planted| (&planted.id, &planted.caught_by[..])));
    insert(connection, "planted_catch (planted, check_id)", caught, |row, (id, _, check)| {
        row.push_bind(id).push_bind(check);
    })
    .await
}
