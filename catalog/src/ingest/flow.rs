//! What goes through a size, and how its layers are wired.

use serde::Serialize;
use serde_json::{Value, json};
use sqlx::SqliteConnection;
use zoo_registry::Pattern;

use super::Input;
use super::insert::{every, insert, position};

/// One table after the other.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let sizes = || input.records.iter().flat_map(|record| &record.sizes).map(|size| (size.preset.as_str(), &size.flow));
    let tensors = every(sizes().map(|(preset, flow)| (preset, flow.tensors.as_slice())));
    insert(connection, "tensor (preset, position, place, extents)", tensors, |row, (preset, at, passing)| {
        row.push_bind(preset).push_bind(position(at)).push_bind(word(passing.place));
        row.push_bind(json!(passing.extents).to_string());
    })
    .await?;
    let sights = every(sizes().map(|(preset, flow)| (preset, flow.sights.as_slice())));
    insert(connection, "sight (preset, position, side, pattern, extent)", sights, |row, (preset, at, sight)| {
        let (pattern, extent) = match sight.pattern {
            Pattern::Full => ("full", None),
            Pattern::Causal => ("causal", None),
            Pattern::Banded { window } => ("banded", Some(window)),
            Pattern::Segments { segment } => ("segments", Some(segment)),
        };
        row.push_bind(preset).push_bind(position(at)).push_bind(word(sight.side));
        row.push_bind(pattern).push_bind(extent.map(position));
    })
    .await?;
    let stacks = || every(sizes().map(|(preset, flow)| (preset, flow.stacks.as_slice())));
    let columns = "stack (preset, position, layers, side, placement, last_norm)";
    insert(connection, columns, stacks(), |row, (preset, at, stack)| {
        row.push_bind(preset).push_bind(position(at)).push_bind(&stack.layers).push_bind(word(stack.side));
        row.push_bind(&stack.placement).push_bind(&stack.last_norm);
    })
    .await?;
    let stacks = stacks();
    let parts = every(stacks.iter().map(|(preset, at, stack)| ((*preset, *at), stack.parts.as_slice())));
    let columns = "sublayer (preset, stack, position, kind, module, norm, scores)";
    insert(connection, columns, parts, |row, ((preset, stack), at, part)| {
        row.push_bind(preset).push_bind(position(stack)).push_bind(position(at));
        row.push_bind(word(part.kind)).push_bind(&part.module).push_bind(&part.norm).push_bind(&part.scores);
    })
    .await
}

/// The word by which JSON and the query know it.
fn word(of: impl Serialize) -> String {
    match json!(of) {
        Value::String(word) => word,
        other => other.to_string(),
    }
}
