//! What is said otherwise than in the catalog before.

use std::path::Path;

use sqlx::SqliteConnection;

use super::Past;
use super::insert::{insert, position};
use crate::error::{Error, Result};
use crate::history::{Catalogued, changes};
use crate::view::Revision;
use crate::{history, query, schema};

/// The earlier catalog, if there is one: the revisions it knows of, and what it says.
pub(super) async fn before(past: &Past<'_>) -> Result<Option<(Vec<Revision>, Catalogued)>> {
    let Some(path) = past.earlier else { return Ok(None) };
    let mut connection = schema::upgraded(path).await?;
    let revisions = query::history::revisions(&mut connection, path).await?;
    if let Some(last) = revisions.last().filter(|last| *last.date > *past.date) {
        return Err(Error::Later { path: path.into(), date: last.date.clone(), of: past.date.to_owned() });
    }
    Ok(Some((revisions, query::history::said(&mut connection, path).await?)))
}

/// The revisions before this one and, if there is something new, this one, whose facts `connection` holds.
pub(super) async fn revisions(
    connection: &mut SqliteConnection,
    path: &Path,
    past: &Past<'_>,
    models: usize,
) -> Result<Vec<Revision>> {
    let (revisions, changes) = match before(past).await? {
        Some((revisions, before)) => (revisions, changes(&before, &query::history::said(connection, path).await?)),
        None => (Vec::new(), Vec::new()),
    };
    Ok(history::revisions(revisions, past.date, models, changes))
}

/// One table after the other.
pub(super) async fn write(connection: &mut SqliteConnection, revisions: &[Revision]) -> Result<(), sqlx::Error> {
    insert(connection, "revision (date, models)", revisions.iter().collect(), |row, revision| {
        row.push_bind(&revision.date).push_bind(position(revision.models));
    })
    .await?;
    let changes =
        revisions.iter().flat_map(|revision| revision.changes.iter().map(move |change| (&revision.date, change)));
    let columns = "change (revision, architecture, field, before, after)";
    insert(connection, columns, changes.collect(), |row, (date, change)| {
        let [before, after] = [&change.before, &change.after].map(|value| value.as_ref().map(ToString::to_string));
        row.push_bind(date).push_bind(&change.model).push_bind(&change.field).push_bind(before).push_bind(after);
    })
    .await
}
