//! What goes through a size, and how its layers are wired.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use zoo_registry::flow::{Passing, Sight, Stack, Sublayer};
use zoo_registry::{Flow, Pattern};

use super::Catalog;
use super::parsed;
use crate::error::{Error, Result};

/// Of every preset of a list, by preset.
pub(super) async fn read(catalog: &Catalog, presets: &str) -> Result<BTreeMap<String, Flow>> {
    let mut flows: BTreeMap<String, Flow> = BTreeMap::new();
    let lines = sqlx::query!(
        "SELECT preset, place, extents FROM tensor WHERE preset IN (SELECT value FROM json_each(?1))
         ORDER BY preset, position",
        presets
    );
    for line in lines.fetch_all(&catalog.pool).await.map_err(catalog.reading())? {
        let preset = line.preset;
        let extents =
            parsed(&catalog.path, &line.extents, || format!("`tensor.extents` of `{}` in `{preset}`", line.place))?;
        let place = known(catalog, line.place, || format!("`tensor.place` in `{preset}`"))?;
        flows.entry(preset).or_default().tensors.push(Passing { place, extents });
    }
    let lines = sqlx::query!(
        "SELECT preset, stack, kind, module, norm, scores FROM sublayer WHERE preset IN (SELECT value FROM json_each(?1))
         ORDER BY preset, stack, position",
        presets
    );
    let mut parts: BTreeMap<(String, i64), Vec<Sublayer>> = BTreeMap::new();
    for line in lines.fetch_all(&catalog.pool).await.map_err(catalog.reading())? {
        let kind = known(catalog, line.kind, || format!("`sublayer.kind` in `{}`", line.preset))?;
        let part = Sublayer { kind, module: line.module, norm: line.norm, scores: line.scores };
        parts.entry((line.preset, line.stack)).or_default().push(part);
    }
    let lines = sqlx::query!(
        "SELECT preset, position, layers, side, placement, last_norm FROM stack
         WHERE preset IN (SELECT value FROM json_each(?1)) ORDER BY preset, position",
        presets
    );
    for line in lines.fetch_all(&catalog.pool).await.map_err(catalog.reading())? {
        let side = known(catalog, line.side, || format!("`stack.side` in `{}`", line.preset))?;
        let stack = Stack {
            layers: line.layers,
            side,
            placement: line.placement,
            last_norm: line.last_norm,
            parts: parts.remove(&(line.preset.clone(), line.position)).unwrap_or_default(),
        };
        flows.entry(line.preset).or_default().stacks.push(stack);
    }
    let lines = sqlx::query!(
        "SELECT preset, side, pattern, extent FROM sight WHERE preset IN (SELECT value FROM json_each(?1))
         ORDER BY preset, position",
        presets
    );
    for line in lines.fetch_all(&catalog.pool).await.map_err(catalog.reading())? {
        let side = known(catalog, line.side, || format!("`sight.side` in `{}`", line.preset))?;
        let extent = line.extent.and_then(|extent| usize::try_from(extent).ok()).unwrap_or(1);
        let pattern = match line.pattern.as_str() {
            "banded" => Pattern::Banded { window: extent },
            "segments" => Pattern::Segments { segment: extent },
            "causal" => Pattern::Causal,
            // The schema knows no fifth.
            _ => Pattern::Full,
        };
        flows.entry(line.preset).or_default().sights.push(Sight { side, pattern });
    }
    Ok(flows)
}

/// What a word stands for.
fn known<T: DeserializeOwned>(catalog: &Catalog, word: String, place: impl Fn() -> String) -> Result<T> {
    serde_json::from_value(Value::String(word)).map_err(|error| Error::Content {
        path: catalog.path.clone(),
        place: place(),
        reason: error.to_string(),
    })
}
