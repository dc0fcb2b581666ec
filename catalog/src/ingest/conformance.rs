//! Levels, checks, what is known not to hold, outcomes, and where everything stands.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use zoo_registry::levels::standings;
use zoo_registry::{Outcome, Standing};

use super::Input;
use super::insert::{insert, position};

/// One table after the other.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let suite = input.suite;
    insert(connection, "suite (version)", vec![&suite.version], |row, version| {
        row.push_bind(version);
    })
    .await?;
    let levels = suite.levels.iter().enumerate().collect();
    insert(connection, "level (id, position, name, statement)", levels, |row, (at, level)| {
        row.push_bind(&level.id).push_bind(position(at)).push_bind(&level.name).push_bind(&level.statement);
    })
    .await?;
    let columns = "conformance_check (id, level, statement, method, fix)";
    insert(connection, columns, input.checks.clone(), |row, check| {
        let level = suite.levels.iter().find(|level| level.checks.contains(&check.id)).map(|level| &level.id);
        row.push_bind(&check.id).push_bind(level).push_bind(&check.statement);
        row.push_bind(&check.method).push_bind(&check.fix);
    })
    .await?;
    let seen =
        input.checks.iter().flat_map(|check| check.seen.iter().enumerate().map(move |(at, place)| (check, at, place)));
    insert(connection, "conformance_seen (check_id, position, place)", seen.collect(), |row, (check, at, place)| {
        row.push_bind(&check.id).push_bind(position(at)).push_bind(place);
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
    let expected = input.records.iter().flat_map(|record| {
        let facts = &record.descriptor;
        facts.expected_failures.iter().enumerate().map(move |(at, expected)| (facts, at, expected))
    });
    let columns = "expected_failure (architecture, position, check_id, device, issue, owner, expires, reason)";
    insert(connection, columns, expected.collect(), |row, (facts, at, expected)| {
        row.push_bind(&facts.id).push_bind(position(at)).push_bind(&expected.check).push_bind(&expected.device);
        row.push_bind(&expected.issue).push_bind(&expected.owner);
        row.push_bind(&expected.expires).push_bind(&expected.reason);
    })
    .await?;
    let columns = "outcome (architecture, check_id, device, status, error, error_is_nan, tolerance, measure, detail)";
    insert(connection, columns, input.outcomes.clone(), |row, outcome| {
        row.push_bind(&outcome.architecture).push_bind(&outcome.check).push_bind(&outcome.device);
        row.push_bind(outcome.status.as_str()).push_bind(outcome.error.filter(|error| !error.is_nan()));
        row.push_bind(outcome.error.is_some_and(f64::is_nan));
        row.push_bind(outcome.tolerance).push_bind(&outcome.measure).push_bind(&outcome.detail);
    })
    .await?;
    insert(
        connection,
        "standing (architecture, device, level, standing)",
        stand(input),
        |row, (place, level, stands)| {
            let (architecture, device) = place;
            row.push_bind(architecture).push_bind(device).push_bind(level).push_bind(stands.as_str());
        },
    )
    .await
}

/// Where everything that was checked stands with every level.
fn stand<'a>(input: &Input<'a>) -> Vec<((&'a str, &'a str), &'a str, Standing)> {
    let mut places: BTreeMap<(&str, &str), Vec<&Outcome>> = BTreeMap::new();
    for outcome in &input.outcomes {
        places.entry((&outcome.architecture, &outcome.device)).or_default().push(outcome);
    }
    let levels = &input.suite.levels;
    let stand = |(place, outcomes): (_, Vec<&Outcome>)| {
        let standings = standings(levels, &outcomes);
        levels.iter().zip(standings).map(move |(level, standing)| (place, level.id.as_str(), standing))
    };
    places.into_iter().flat_map(stand).collect()
}
