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

use super::{Catalog, flow, summaries};
use crate::error::{Error, Result};
use crate::view::{Model, ModelSummary, SizeFacts};

/// The rest of what its line in the index begins.
pub(super) async fn read(catalog: &Catalog, summary: ModelSummary) -> Result<Model> {
    let id = &summary.id;
    let told = sqlx::query!("SELECT readme, descriptor_json FROM architecture WHERE id = ?1", id)
        .fetch_one(&catalog.pool)
        .await
        .map_err(catalog.reading())?;
    let descriptor: Descriptor =
        parsed(catalog, &told.descriptor_json, || format!("`architecture.descriptor_json` of `{id}`"))?;
    let sources =
        sqlx::query_as!(SourceFile, "SELECT path, text FROM source_file WHERE architecture = ?1 ORDER BY path", id)
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
        readme: told.readme,
        sources,
        summary,
        descriptor,
        sizes,
    })
}

async fn demo(catalog: &Catalog, id: &str) -> Result<Option<Demo>> {
    let task = sqlx::query_scalar!("SELECT task FROM demo WHERE architecture = ?1", id)
        .fetch_optional(&catalog.pool)
        .await
        .map_err(catalog.reading())?;
    let tries = sqlx::query_scalar!("SELECT command FROM demo_try WHERE architecture = ?1 ORDER BY position", id)
        .fetch_all(&catalog.pool)
        .await
        .map_err(catalog.reading())?;
    Ok(task.map(|task| Demo { task, tries }))
}

/// Figures in their order, with their curves.
async fn figures(catalog: &Catalog, id: &str) -> Result<Vec<Figure>> {
    let figures = sqlx::query!(
        "SELECT position, title, caption, command, x_label, x_scale, y_label, y_scale FROM figure
         WHERE architecture = ?1 ORDER BY position",
        id
    )
    .fetch_all(&catalog.pool)
    .await
    .map_err(catalog.reading())?;
    let points = sqlx::query!(
        "SELECT figure, series, name, x, y FROM figure_point WHERE architecture = ?1 ORDER BY figure, series, position",
        id
    )
    .fetch_all(&catalog.pool)
    .await
    .map_err(catalog.reading())?;
    let mut series: BTreeMap<i64, BTreeMap<i64, Series>> = BTreeMap::new();
    for point in points {
        let new = Series { name: point.name, points: Vec::new() };
        let curve = series.entry(point.figure).or_default().entry(point.series).or_insert(new);
        curve.points.push([point.x, point.y]);
    }
    let axis = |label, scale: &str| Axis { label, scale: if scale == "log" { Scale::Log } else { Scale::Linear } };
    let figures = figures.into_iter().map(|figure| Figure {
        title: figure.title,
        caption: figure.caption,
        command: figure.command,
        x: axis(figure.x_label, &figure.x_scale),
        y: axis(figure.y_label, &figure.y_scale),
        series: series.remove(&figure.position).unwrap_or_default().into_values().collect(),
    });
    Ok(figures.collect())
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
    let modules = sqlx::query_as!(
        Module,
        "SELECT path, depth, name, kind FROM module WHERE preset = ?1 ORDER BY ordinal",
        preset.id
    )
    .fetch_all(&catalog.pool)
    .await
    .map_err(catalog.reading())?;
    let lines = sqlx::query!("SELECT module, name, shape FROM parameter WHERE preset = ?1 ORDER BY ordinal", preset.id)
        .fetch_all(&catalog.pool)
        .await
        .map_err(catalog.reading())?;
    let mut parameters: BTreeMap<String, Vec<Parameter>> = BTreeMap::new();
    for line in lines {
        let place = || format!("`parameter.shape` of `{}.{}` in `{}`", line.module, line.name, preset.id);
        let shape = parsed(catalog, &line.shape, place)?;
        parameters.entry(line.module).or_default().push(Parameter { name: line.name, shape });
    }
    let Some(modules) = tree(&mut modules.into_iter().peekable(), &mut parameters) else { return Ok(None) };
    let parameters = modules.parameter_count();
    let (config, costs) = (config(catalog, &preset.id).await?, costs(catalog, &preset.id).await?);
    let flow = flow::read(catalog, &preset.id).await?;
    Ok(Some(SizeFacts { preset: preset.clone(), config, modules, parameters, costs, flow }))
}

async fn costs(catalog: &Catalog, preset: &str) -> Result<Vec<Cost>> {
    let costs = sqlx::query!(
        "SELECT tokens, matmul_flops, elementwise, activation_bytes, state_bytes, step_flops FROM cost
         WHERE preset = ?1 ORDER BY tokens",
        preset
    )
    .fetch_all(&catalog.pool)
    .await
    .map_err(catalog.reading())?;
    let writing = |(state, step)| Writing { state_bytes: count(state), step_flops: count(step) };
    let costs = costs.into_iter().map(|cost| Cost {
        tokens: count(cost.tokens),
        matmul_flops: count(cost.matmul_flops),
        elementwise: count(cost.elementwise),
        activation_bytes: count(cost.activation_bytes),
        writing: cost.state_bytes.zip(cost.step_flops).map(writing),
    });
    Ok(costs.collect())
}

/// Of every size of a family's file.
async fn estimates(catalog: &Catalog, architecture: &str) -> Result<BTreeMap<String, Estimate>> {
    let estimates = sqlx::query!(
        "SELECT e.preset, e.flops_per_token, e.flops_per_pair, e.state_numbers_per_token
         FROM preset AS p JOIN estimate AS e ON e.preset = p.id WHERE p.architecture = ?1 ORDER BY e.preset",
        architecture
    )
    .fetch_all(&catalog.pool)
    .await
    .map_err(catalog.reading())?;
    let estimates = estimates.into_iter().map(|found| {
        let estimate = Estimate {
            flops_per_token: count(found.flops_per_token),
            flops_per_pair: count(found.flops_per_pair),
            state_numbers_per_token: found.state_numbers_per_token.map(count),
        };
        (found.preset, estimate)
    });
    Ok(estimates.collect())
}

/// No table holds a count below 0.
fn count(number: i64) -> u64 {
    number.unsigned_abs()
}

/// A line of the table of modules, in declaration order.
struct Module {
    path: String,
    depth: i64,
    name: String,
    kind: String,
}

/// The next module and, by depth, those inside it.
fn tree(
    modules: &mut Peekable<impl Iterator<Item = Module>>,
    parameters: &mut BTreeMap<String, Vec<Parameter>>,
) -> Option<ModuleTree> {
    let Module { path, depth, name, kind } = modules.next()?;
    let mut children = Vec::new();
    while modules.peek().is_some_and(|below| below.depth > depth) {
        children.extend(tree(modules, parameters));
    }
    Some(ModuleTree { name, kind, parameters: parameters.remove(&path).unwrap_or_default(), children })
}

async fn config(catalog: &Catalog, preset: &str) -> Result<Map<String, Value>> {
    // Its values are of any type, which no checked query can say.
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
