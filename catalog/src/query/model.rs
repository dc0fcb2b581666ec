//! Architectures, whole.

use std::collections::BTreeMap;

use zoo_registry::cost::Estimate;
use zoo_registry::descriptor::Preset;
use zoo_registry::figure::{Axis, Scale, Series};
use zoo_registry::record::{Demo, SourceFile};
use zoo_registry::{Descriptor, Figure, Outcome, Status};

use super::summaries::{grouped, list};
use super::{Catalog, parsed, size, summaries};
use crate::error::{Error, Result};
use crate::view::{Model, ModelSummary};

/// The rest of what their lines in the index begin, in the order of these.
pub(super) async fn read(catalog: &Catalog, lines: Vec<ModelSummary>) -> Result<Vec<Model>> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = list(lines.iter().map(|summary| &summary.id));
    let mut facts = facts(catalog, &wanted).await?;
    let presets: Vec<&Preset> = facts.values().flat_map(|(_, descriptor)| &descriptor.presets).collect();
    let mut sizes = size::read(catalog, &presets).await?;
    let mut sources = sources(catalog, &wanted).await?;
    let mut outcomes = by_architecture(outcomes(catalog, Some(&wanted)).await?);
    let mut figures = figures(catalog, &wanted).await?;
    let mut demos = demos(catalog, &wanted).await?;
    let mut estimates = estimates(catalog, &wanted).await?;
    let edges = summaries::edges(&catalog.pool, Some(&wanted)).await.map_err(catalog.reading())?;
    let mut descendants = grouped(edges.into_iter().map(|(child, edge)| (edge.id.clone(), (child, edge))));
    let model = |summary: ModelSummary| {
        let id = &summary.id;
        let (readme, descriptor) = facts.remove(id).ok_or_else(|| catalog.reading()(sqlx::Error::RowNotFound))?;
        Ok(Model {
            sizes: descriptor.presets.iter().filter_map(|preset| sizes.remove(&preset.id)).collect(),
            sources: sources.remove(id).unwrap_or_default(),
            outcomes: outcomes.remove(id).unwrap_or_default(),
            figures: figures.remove(id).unwrap_or_default(),
            demo: demos.remove(id),
            estimates: estimates.remove(id).unwrap_or_default(),
            descendants: descendants.remove(id).unwrap_or_default(),
            readme,
            summary,
            descriptor,
        })
    };
    lines.into_iter().map(model).collect()
}

/// What was written of them: prose, and facts as their TOML gives them.
async fn facts(catalog: &Catalog, wanted: &str) -> Result<BTreeMap<String, (String, Descriptor)>> {
    let lines = sqlx::query!(
        "SELECT id, readme, descriptor_json FROM architecture WHERE id IN (SELECT value FROM json_each(?1))",
        wanted
    );
    let lines = lines.fetch_all(&catalog.pool).await.map_err(catalog.reading())?.into_iter().map(|line| {
        let place = || format!("`architecture.descriptor_json` of `{}`", line.id);
        let descriptor = parsed(&catalog.path, &line.descriptor_json, place)?;
        Ok((line.id, (line.readme, descriptor)))
    });
    lines.collect()
}

async fn sources(catalog: &Catalog, wanted: &str) -> Result<BTreeMap<String, Vec<SourceFile>>> {
    let files = sqlx::query!(
        "SELECT architecture, path, text FROM source_file WHERE architecture IN (SELECT value FROM json_each(?1))
         ORDER BY architecture, path",
        wanted
    );
    let files = files.fetch_all(&catalog.pool).await.map_err(catalog.reading())?.into_iter();
    Ok(grouped(files.map(|file| (file.architecture, SourceFile { path: file.path, text: file.text }))))
}

async fn demos(catalog: &Catalog, wanted: &str) -> Result<BTreeMap<String, Demo>> {
    let tasks = sqlx::query!(
        "SELECT architecture, task FROM demo WHERE architecture IN (SELECT value FROM json_each(?1))",
        wanted
    );
    let tasks = tasks.fetch_all(&catalog.pool).await.map_err(catalog.reading())?;
    let tries = sqlx::query!(
        "SELECT architecture, command FROM demo_try WHERE architecture IN (SELECT value FROM json_each(?1))
         ORDER BY architecture, position",
        wanted
    );
    let tries = tries.fetch_all(&catalog.pool).await.map_err(catalog.reading())?.into_iter();
    let mut tries = grouped(tries.map(|line| (line.architecture, line.command)));
    let demos = tasks.into_iter().map(|line| {
        let tries = tries.remove(&line.architecture).unwrap_or_default();
        (line.architecture, Demo { task: line.task, tries })
    });
    Ok(demos.collect())
}

/// Figures in their order, with their curves.
async fn figures(catalog: &Catalog, wanted: &str) -> Result<BTreeMap<String, Vec<Figure>>> {
    let figures = sqlx::query!(
        "SELECT architecture, position, title, caption, command, x_label, x_scale, y_label, y_scale FROM figure
         WHERE architecture IN (SELECT value FROM json_each(?1)) ORDER BY architecture, position",
        wanted
    );
    let figures = figures.fetch_all(&catalog.pool).await.map_err(catalog.reading())?;
    let points = sqlx::query!(
        "SELECT architecture, figure, series, name, x, y FROM figure_point
         WHERE architecture IN (SELECT value FROM json_each(?1)) ORDER BY architecture, figure, series, position",
        wanted
    );
    let points = points.fetch_all(&catalog.pool).await.map_err(catalog.reading())?;
    let mut series: BTreeMap<(String, i64), BTreeMap<i64, Series>> = BTreeMap::new();
    for point in points {
        let new = Series { name: point.name, points: Vec::new() };
        let curves = series.entry((point.architecture, point.figure)).or_default();
        curves.entry(point.series).or_insert(new).points.push([point.x, point.y]);
    }
    let axis = |label, scale: &str| Axis { label, scale: if scale == "log" { Scale::Log } else { Scale::Linear } };
    Ok(grouped(figures.into_iter().map(|figure| {
        let curves = series.remove(&(figure.architecture.clone(), figure.position)).unwrap_or_default();
        let drawn = Figure {
            title: figure.title,
            caption: figure.caption,
            command: figure.command,
            x: axis(figure.x_label, &figure.x_scale),
            y: axis(figure.y_label, &figure.y_scale),
            series: curves.into_values().collect(),
        };
        (figure.architecture, drawn)
    })))
}

/// Outcomes by architecture, check and device; of all architectures, or of those of a list.
pub(super) async fn outcomes(catalog: &Catalog, wanted: Option<&str>) -> Result<Vec<Outcome>> {
    type Line = (String, String, String, String, Option<f64>, bool, Option<f64>, Option<String>, String);
    let columns =
        "SELECT architecture, check_id, device, status, error, error_is_nan, tolerance, measure, detail FROM outcome";
    let mut query = summaries::of(wanted, columns, "architecture", "ORDER BY architecture, check_id, device");
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

fn by_architecture(outcomes: Vec<Outcome>) -> BTreeMap<String, Vec<Outcome>> {
    grouped(outcomes.into_iter().map(|outcome| (outcome.architecture.clone(), outcome)))
}

/// Of every size of a family's file, by the family.
async fn estimates(catalog: &Catalog, wanted: &str) -> Result<BTreeMap<String, BTreeMap<String, Estimate>>> {
    let found = sqlx::query!(
        "SELECT p.architecture, e.preset, e.flops_per_token, e.flops_per_pair, e.state_numbers_per_token
         FROM preset AS p CROSS JOIN estimate AS e ON e.preset = p.id
         WHERE p.architecture IN (SELECT value FROM json_each(?1)) ORDER BY e.preset",
        wanted
    );
    let mut estimates: BTreeMap<String, BTreeMap<String, Estimate>> = BTreeMap::new();
    for line in found.fetch_all(&catalog.pool).await.map_err(catalog.reading())? {
        let estimate = Estimate {
            flops_per_token: count(line.flops_per_token),
            flops_per_pair: count(line.flops_per_pair),
            state_numbers_per_token: line.state_numbers_per_token.map(count),
        };
        estimates.entry(line.architecture).or_default().insert(line.preset, estimate);
    }
    Ok(estimates)
}

/// No table holds a count below 0.
pub(super) fn count(number: i64) -> u64 {
    number.unsigned_abs()
}
