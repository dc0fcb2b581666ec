//! Checks, waivers and outcomes.

use sqlx::SqliteConnection;

use super::Input;
use super::insert::{insert, position};

/// One table after the other.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    insert(connection, "conformance_check (id, statement, method)", input.checks.clone(), |row, check| {
        row.push_bind(&check.id).push_bind(&check.statement).push_bind(&check.method);
    })
    .await?;
    let bugs =
        input.checks.iter().flat_map(|check| check.catches.iter().enumerate().map(move |(at, bug)| (check, at, bug)));
    insert(connection, "conformance_catch (check_id, position, bug)", bugs.collect(), |row, (check, at, bug)| {
        row.push_bind(&check.id).push_bind(position(at)).push_bind(bug);
    })
    .await?;
    let waivers = input.records.iter().flat_map(|record| {
        let facts = &record.descriptor;
        facts.waivers.iter().enumerate().map(move |(at, waiver)| (facts, at, waiver))
    });
    let columns = "waiver (architecture, check_id, position, reason)";
    insert(connection, columns, waivers.collect(), |row, (facts, at, waiver)| {
        row.push_bind(&facts.id).push_bind(&waiver.check).push_bind(position(at)).push_bind(&waiver.reason);
    })
    .await?;
    let columns = "outcome (architecture, check_id, device, status, error, error_is_nan, tolerance, measure, detail)";
    insert(connection, columns, input.outcomes.clone(), |row, outcome| {
        row.push_bind(&outcome.architecture).push_bind(&outcome.check).push_bind(&outcome.device);
        row.push_bind(outcome.status.as_str()).push_bind(outcome.error.filter(|error| !error.is_nan()));
        row.push_bind(outcome.error.is_some_and(f64::is_nan));
        row.push_bind(outcome.tolerance).push_bind(&outcome.measure).push_bind(&outcome.detail);
    })
    .await
}
