//! Where sources disagree, and what other catalogs say.

use serde_json::Value;
use sqlx::SqliteConnection;
use zoo_registry::descriptor::{Conflict, External};

use super::insert::{every, insert, position};
use super::{Input, facts};

/// One table after the other.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let conflicts = every(facts(input).map(|facts| (&facts.id, &facts.conflicts[..])));
    let columns = "conflict (architecture, position, preset_name, chosen, note, found_by, severity)";
    insert(connection, columns, conflicts.clone(), |row, (id, at, conflict)| {
        row.push_bind(id).push_bind(position(at)).push_bind(&conflict.size).push_bind(&conflict.chosen);
        row.push_bind(&conflict.note).push_bind(conflict.found_by.as_str()).push_bind(conflict.severity.as_str());
    })
    .await?;
    let about = conflicts.iter().map(|&(id, at, conflict): &(_, _, &Conflict)| ((id, at), &conflict.about[..]));
    let columns = "conflict_about (architecture, conflict, position, field)";
    insert(connection, columns, every(about), |row, ((id, conflict), at, field)| {
        row.push_bind(id).push_bind(position(conflict)).push_bind(position(at)).push_bind(field);
    })
    .await?;
    let values = conflicts.iter().map(|&(id, at, conflict): &(_, _, &Conflict)| ((id, at), &conflict.values[..]));
    let columns = "conflict_value (architecture, conflict, position, source, value)";
    insert(connection, columns, every(values), |row, ((id, conflict), at, claim)| {
        row.push_bind(id).push_bind(position(conflict)).push_bind(position(at));
        row.push_bind(&claim.source).push_bind(&claim.value);
    })
    .await?;
    let statements =
        facts(input).flat_map(|facts| statements(&facts.external).into_iter().map(|said| (&facts.id, said)));
    let columns = "external_statement (architecture, catalog, field, position, value)";
    insert(connection, columns, statements.collect(), |row, (id, said)| {
        row.push_bind(id)
            .push_bind(said.catalog)
            .push_bind(said.field)
            .push_bind(position(said.at))
            .push_bind(said.value);
    })
    .await
}

/// One thing that another catalog says.
struct Said {
    catalog: String,
    field: String,
    at: usize,
    value: String,
}

/// Every leaf of what other catalogs say, in the order of the fields.
fn statements(external: &External) -> Vec<Said> {
    let mut all = Vec::new();
    if let Ok(Value::Object(catalogs)) = serde_json::to_value(external) {
        for (catalog, entry) in catalogs {
            gather(&catalog, String::new(), 0, &entry, &mut all);
        }
    }
    all
}

fn gather(catalog: &str, field: String, at: usize, value: &Value, all: &mut Vec<Said>) {
    let text = match value {
        Value::Null => return,
        Value::Object(fields) => {
            for (name, value) in fields {
                let field = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                gather(catalog, field, 0, value, all);
            }
            return;
        }
        Value::Array(items) => {
            return items.iter().enumerate().for_each(|(at, item)| gather(catalog, field.clone(), at, item, all));
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    all.push(Said { catalog: catalog.to_owned(), field, at, value: text });
}
