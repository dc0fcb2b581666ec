//! What goes through a size, and how its layers are wired.

use serde::de::DeserializeOwned;
use serde_json::Value;
use zoo_registry::Flow;
use zoo_registry::flow::{Passing, Stack, Sublayer};

use super::Catalog;
use super::model::parsed;
use crate::error::{Error, Result};

pub(super) async fn read(catalog: &Catalog, preset: &str) -> Result<Flow> {
    let lines = sqlx::query!("SELECT place, extents FROM tensor WHERE preset = ?1 ORDER BY position", preset)
        .fetch_all(&catalog.pool)
        .await
        .map_err(catalog.reading())?;
    let mut tensors = Vec::with_capacity(lines.len());
    for line in lines {
        let extents = parsed(catalog, &line.extents, || format!("`tensor.extents` of `{}` in `{preset}`", line.place))?;
        let place = known(catalog, line.place, || format!("`tensor.place` in `{preset}`"))?;
        tensors.push(Passing { place, extents });
    }
    let lines = sqlx::query!(
        "SELECT stack, kind, module, norm, scores FROM sublayer WHERE preset = ?1 ORDER BY stack, position",
        preset
    )
    .fetch_all(&catalog.pool)
    .await
    .map_err(catalog.reading())?;
    let mut parts = Vec::with_capacity(lines.len());
    for line in lines {
        let kind = known(catalog, line.kind, || format!("`sublayer.kind` in `{preset}`"))?;
        parts.push((line.stack, Sublayer { kind, module: line.module, norm: line.norm, scores: line.scores }));
    }
    let lines = sqlx::query!(
        "SELECT position, layers, side, placement, last_norm FROM stack WHERE preset = ?1 ORDER BY position",
        preset
    )
    .fetch_all(&catalog.pool)
    .await
    .map_err(catalog.reading())?;
    let mut stacks = Vec::with_capacity(lines.len());
    for line in lines {
        let side = known(catalog, line.side, || format!("`stack.side` in `{preset}`"))?;
        let own = parts.iter().filter(|(stack, _)| *stack == line.position).map(|(_, part)| part.clone()).collect();
        stacks.push(Stack {
            layers: line.layers,
            side,
            placement: line.placement,
            last_norm: line.last_norm,
            parts: own,
        });
    }
    Ok(Flow { tensors, stacks })
}

/// What a word stands for.
fn known<T: DeserializeOwned>(catalog: &Catalog, word: String, place: impl Fn() -> String) -> Result<T> {
    serde_json::from_value(Value::String(word)).map_err(|error| Error::Content {
        path: catalog.path.clone(),
        place: place(),
        reason: error.to_string(),
    })
}
