//! One architecture, whole.

use std::collections::BTreeMap;
use std::iter::Peekable;

use serde_json::{Map, Value};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use zoo_registry::cost::{Cost, Estimate, Writing};
use zoo_registry::descriptor::Preset;
use zoo_registry::figure::{Axis, Scale, Series};
use zoo_registry::record::{Demo, SourceFile};
use zoo_registry::{Descriptor, Figure, ModuleTree, Outcome, Parameter, Status};

use super::{Catalog, summaries};
use crate::error::{Error, Result};
use crate::view::{Model, ModelSummary, SizeFacts};

/// The rest of what its line in the index begins.
pub(super) async fn read(catalog: &Catalog, summary: ModelSummary) -> Result<Model> {
    let id = &summary.id;
    let (readme, json): (String, String) =
        sqlx::query_as("SELECT readme, descriptor_json FROM architecture WHERE id = ?1")
            .bind(id)
            .fetch_one(&catalog.pool)
            .await
            .map_err(catalog.reading())?;
    let descriptor: Descriptor = parsed(catalog, &json, || format!("`architecture.descriptor_json` of `{id}`"))?;
    let sources: Vec<(String, String)> =
        sqlx::query_as("SELECT path, text FROM source_file WHERE architecture = ?1 ORDER BY path")
            .bind(id)
            .fetch_all(&catalog.pool)
            .await
            .map_err(catalog.reading())?;
    let mut sizes = Vec::new();
    for preset in &descriptor.presets {
        sizes.extend(size(catalog, preset).await?);
    }
    Ok(Model {
        outcomes: outcomes(catalog, Some(id)).await?,
        figures: figures(catalog, id).await?,
        demo: demo(catalog, id).await?,
        estimates: estimates(catalog, id).await?,
        descendants: summaries::edges(&catalog.pool, Some(id)).await.map_err(catalog.reading())?,
        sources: sources.into_iter().map(|(path, text)| SourceFile { path, text }).collect(),
        summary,
        descriptor,
        readme,
        sizes,
    })
}

async fn demo(catalog: &Catalog, id: &str) -> Result<Option<Demo>> {
    let task: Option<(String,)> = sqlx::query_as("SELECT task FROM demo WHERE architecture = ?1")
        .bind(id)
        .fetch_optional(&catalog.pool)
        .await
        .map_err(catalog.reading())?;
    let tries: Vec<(String,)> =
        sqlx::query_as("SELECT command FROM demo_try WHERE architecture = ?1 ORDER BY position")
            .bind(id)
            .fetch_all(&catalog.pool)
            .await
            .map_err(catalog.reading())?;
    Ok(task.map(|(task,)| Demo { task, tries: tries.into_iter().map(|(command,)| command).collect() }))
}

/// Figures in their order, with their curves.
async fn figures(catalog: &Catalog, id: &str) -> Result<Vec<Figure>> {
    type Line = (i64, String, String, String, String, String, String, String);
    let lines: Vec<Line> = sqlx::query_as(
        "SELECT position, title, caption, command, x_label, x_scale, y_label, y_scale FROM figure
         WHERE architecture = ?1 ORDER BY position",
    )
    .bind(id)
    .fetch_all(&catalog.pool)
    .await
    .map_err(catalog.reading())?;
    let points: Vec<(i64, i64, String, f64, f64)> = sqlx::query_as(
        "SELECT figure, series, name, x, y FROM figure_point WHERE architecture = ?1 ORDER BY figure, series, position",
    )
    .bind(id)
    .fetch_all(&catalog.pool)
    .await
    .map_err(catalog.reading())?;
    let mut series: BTreeMap<i64, BTreeMap<i64, Series>> = BTreeMap::new();
    for (figure, at, name, x, y) in points {
        let curve = series.entry(figure).or_default().entry(at).or_insert(Series { name, points: Vec::new() });
        curve.points.push([x, y]);
    }
    let figure = |(at, title, caption, command, x_label, x_scale, y_label, y_scale): Line| {
        let axis = |label, scale: &str| Axis { label, scale: if scale == "log" { Scale::Log } else { Scale::Linear } };
        let (x, y) = (axis(x_label, &x_scale), axis(y_label, &y_scale));
        let series = series.remove(&at).unwrap_or_default().into_values().collect();
        Figure { title, caption, command, x, y, series }
    };
    Ok(lines.into_iter().map(figure).collect())
}

/// Outcomes by architecture, check and device; of all architectures, or of one.
pub(super) async fn outcomes(catalog: &Catalog, only: Option<&str>) -> Result<Vec<Outcome>> {
    type Line = (String, String, String, String, Option<f64>, bool, Option<f64>, Option<String>, String);
    let columns =
        "SELECT architecture, check_id, device, status, error, error_is_nan, tolerance, measure, detail FROM outcome";
    let mut query = summaries::of(only, columns, "architecture", "ORDER BY architecture, check_id, device");
    let lines: Vec<Line> = query.build_query_as().fetch_all(&catalog.pool).await.map_err(catalog.reading())?;
    let outcome = |(architecture, check, device, status, error, is_nan, tolerance, measure, detail): Line| {
        let known = Status::ALL.into_iter().find(|known| known.as_str() == status).ok_or_else(|| Error::Content {
            path: catalog.path.clone(),
            place: format!("`outcome.status` of `{check}` for `{architecture}` on `{device}`"),
            reason: format!("there is no status `{status}`"),
        });
        let error = if is_nan { Some(f64::NAN) } else { error };
        Ok(Outcome { check, architecture, device, status: known?, error, tolerance, measure, detail })
    };
    lines.into_iter().map(outcome).collect()
}

/// `None` where there is no code.
async fn size(catalog: &Catalog, preset: &Preset) -> Result<Option<SizeFacts>> {
    let modules: Vec<(String, i64, String, String)> =
        sqlx::query_as("SELECT path, depth, name, kind FROM module WHERE preset = ?1 ORDER BY ordinal")
            .bind(&preset.id)
            .fetch_all(&catalog.pool)
            .await
            .map_err(catalog.reading())?;
    let lines: Vec<(String, String, String)> =
        sqlx::query_as("SELECT module, name, shape FROM parameter WHERE preset = ?1 ORDER BY ordinal")
            .bind(&preset.id)
            .fetch_all(&catalog.pool)
            .await
            .map_err(catalog.reading())?;
    let mut parameters: BTreeMap<String, Vec<Parameter>> = BTreeMap::new();
    for (module, name, shape) in lines {
        let shape = parsed(catalog, &shape, || format!("`parameter.shape` of `{module}.{name}` in `{}`", preset.id))?;
        parameters.entry(module).or_default().push(Parameter { name, shape });
    }
    let Some(modules) = tree(&mut modules.into_iter().peekable(), &mut parameters) else { return Ok(None) };
    let parameters = modules.parameter_count();
    let (config, costs) = (config(catalog, &preset.id).await?, costs(catalog, &preset.id).await?);
    Ok(Some(SizeFacts { preset: preset.clone(), config, modules, parameters, costs }))
}

async fn costs(catalog: &Catalog, preset: &str) -> Result<Vec<Cost>> {
    type Line = (i64, i64, i64, i64, Option<i64>, Option<i64>);
    let lines: Vec<Line> = sqlx::query_as(
        "SELECT tokens, matmul_flops, elementwise, activation_bytes, state_bytes, step_flops FROM cost
         WHERE preset = ?1 ORDER BY tokens",
    )
    .bind(preset)
    .fetch_all(&catalog.pool)
    .await
    .map_err(catalog.reading())?;
    let cost = |(tokens, matmul_flops, elementwise, activation_bytes, state_bytes, step_flops): Line| Cost {
        tokens: count(tokens),
        matmul_flops: count(matmul_flops),
        elementwise: count(elementwise),
        activation_bytes: count(activation_bytes),
        writing: state_bytes
            .zip(step_flops)
            .map(|(state, step)| Writing { state_bytes: count(state), step_flops: count(step) }),
    };
    Ok(lines.into_iter().map(cost).collect())
}

/// Of every size of a family's file.
async fn estimates(catalog: &Catalog, architecture: &str) -> Result<BTreeMap<String, Estimate>> {
    let lines: Vec<(String, i64, i64, Option<i64>)> = sqlx::query_as(
        "SELECT e.preset, e.flops_per_token, e.flops_per_pair, e.state_numbers_per_token
         FROM preset AS p JOIN estimate AS e ON e.preset = p.id WHERE p.architecture = ?1 ORDER BY e.preset",
    )
    .bind(architecture)
    .fetch_all(&catalog.pool)
    .await
    .map_err(catalog.reading())?;
    let estimate = |(preset, token, pair, state): (String, i64, i64, Option<i64>)| {
        let state_numbers_per_token = state.map(count);
        (preset, Estimate { flops_per_token: count(token), flops_per_pair: count(pair), state_numbers_per_token })
    };
    Ok(lines.into_iter().map(estimate).collect())
}

/// No table holds a count below 0.
fn count(number: i64) -> u64 {
    number.unsigned_abs()
}

/// The next module and, by depth, those inside it.
fn tree(
    modules: &mut Peekable<impl Iterator<Item = (String, i64, String, String)>>,
    parameters: &mut BTreeMap<String, Vec<Parameter>>,
) -> Option<ModuleTree> {
    let (path, depth, name, kind) = modules.next()?;
    let mut children = Vec::new();
    while modules.peek().is_some_and(|(_, below, ..)| *below > depth) {
        children.extend(tree(modules, parameters));
    }
    Some(ModuleTree { name, kind, parameters: parameters.remove(&path).unwrap_or_default(), children })
}

async fn config(catalog: &Catalog, preset: &str) -> Result<Map<String, Value>> {
    let fields =
        sqlx::query("SELECT field, kind, value FROM preset_config WHERE preset = ?1 AND built ORDER BY position")
            .bind(preset)
            .fetch_all(&catalog.pool)
            .await
            .map_err(catalog.reading())?;
    let field = |row: SqliteRow| {
        let field: String = row.try_get(0).map_err(catalog.reading())?;
        let kind: String = row.try_get(1).map_err(catalog.reading())?;
        let value = match kind.as_str() {
            "null" => Ok(Value::Null),
            "boolean" => row.try_get_unchecked::<bool, _>(2).map(Value::from),
            "integer" => row.try_get_unchecked::<i64, _>(2).map(Value::from),
            "real" => row.try_get_unchecked::<f64, _>(2).map(Value::from),
            _ => row.try_get_unchecked::<String, _>(2).map(Value::from),
        };
        let value = value.map_err(catalog.reading())?;
        match &value {
            Value::String(json) if kind == "json" => {
                let value = parsed(catalog, json, || format!("`preset_config.value` of `{field}` in `{preset}`"))?;
                Ok((field, value))
            }
            _ => Ok((field, value)),
        }
    };
    fields.into_iter().map(field).collect()
}

pub(super) fn parsed<T: serde::de::DeserializeOwned>(
    catalog: &Catalog,
    json: &str,
    place: impl Fn() -> String,
) -> Result<T> {
    serde_json::from_str(json).map_err(|error| Error::Content {
        path: catalog.path.clone(),
        place: place(),
        reason: error.to_string(),
    })
}
