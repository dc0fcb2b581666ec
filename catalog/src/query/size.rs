//! What the code builds of sizes.

use std::collections::BTreeMap;
use std::iter::Peekable;

use serde::Deserialize;
use serde_json::{Map, Value};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use zoo_registry::cost::{Cost, Writing};
use zoo_registry::descriptor::Preset;
use zoo_registry::{ModuleTree, Parameter};

use super::model::count;
use super::parsed;
use super::summaries::{grouped, list};
use super::{Catalog, flow};
use crate::error::Result;
use crate::view::SizeFacts;

/// Those of these presets that have code, by id.
pub(super) async fn read(catalog: &Catalog, presets: &[&Preset]) -> Result<BTreeMap<String, SizeFacts>> {
    let mut trees = trees(catalog, &list(presets.iter().map(|preset| &preset.id))).await?;
    let wanted = list(trees.keys());
    let (mut configs, mut costs) = (configs(catalog, &wanted).await?, costs(catalog, &wanted).await?);
    let mut flows = flow::read(catalog, &wanted).await?;
    let size = |preset: &&Preset| {
        let id = &preset.id;
        let modules = trees.remove(id)?;
        let facts = SizeFacts {
            preset: (*preset).clone(),
            config: configs.remove(id).unwrap_or_default(),
            parameters: modules.parameter_count(),
            modules,
            costs: costs.remove(id).unwrap_or_default(),
            flow: flows.remove(id).unwrap_or_default(),
        };
        Some((id.clone(), facts))
    };
    Ok(presets.iter().filter_map(size).collect())
}

/// Modules and parameters come as one JSON text a size: of the thousands that a size has, handing over row by row takes longest.
async fn trees(catalog: &Catalog, presets: &str) -> Result<BTreeMap<String, ModuleTree>> {
    let modules = sqlx::query!(
        r#"SELECT preset, json_group_array(json_array(path, depth, name, kind) ORDER BY ordinal) AS "lines!: String"
           FROM module WHERE preset IN (SELECT value FROM json_each(?1)) GROUP BY preset"#,
        presets
    );
    let modules = modules.fetch_all(&catalog.pool).await.map_err(catalog.reading())?;
    let parameters = sqlx::query!(
        r#"SELECT preset, json_group_array(json_array(module, name, shape) ORDER BY ordinal) AS "lines!: String"
           FROM parameter WHERE preset IN (SELECT value FROM json_each(?1)) GROUP BY preset"#,
        presets
    );
    let parameters = parameters.fetch_all(&catalog.pool).await.map_err(catalog.reading())?.into_iter();
    let mut parameters: BTreeMap<_, _> = parameters.map(|line| (line.preset, line.lines)).collect();
    let mut trees = BTreeMap::new();
    for line in modules {
        let id = line.preset;
        let lines: Vec<Module> = parsed(&catalog.path, &line.lines, || format!("`module` of `{id}`"))?;
        let own = parameters.remove(&id).map_or_else(|| Ok(BTreeMap::new()), |own| by_module(catalog, &id, &own));
        trees.extend(tree(&mut lines.into_iter().peekable(), &mut own?).map(|tree| (id, tree)));
    }
    Ok(trees)
}

/// The parameters of each module of a size, by its path.
fn by_module(catalog: &Catalog, preset: &str, lines: &str) -> Result<BTreeMap<String, Vec<Parameter>>> {
    let lines: Vec<(String, String, String)> = parsed(&catalog.path, lines, || format!("`parameter` of `{preset}`"))?;
    let parameter = |(module, name, shape): (String, String, String)| {
        let place = || format!("`parameter.shape` of `{module}.{name}` in `{preset}`");
        let shape = parsed(&catalog.path, &shape, place)?;
        Ok((module, Parameter { name, shape }))
    };
    Ok(grouped(lines.into_iter().map(parameter).collect::<Result<Vec<_>>>()?))
}

async fn costs(catalog: &Catalog, presets: &str) -> Result<BTreeMap<String, Vec<Cost>>> {
    let costs = sqlx::query!(
        "SELECT preset, tokens, matmul_flops, elementwise, activation_bytes, state_bytes, step_flops
         FROM cost WHERE preset IN (SELECT value FROM json_each(?1)) ORDER BY preset, tokens",
        presets
    )
    .fetch_all(&catalog.pool)
    .await
    .map_err(catalog.reading())?;
    let writing = |(state, step)| Writing { state_bytes: count(state), step_flops: count(step) };
    Ok(grouped(costs.into_iter().map(|cost| {
        let facts = Cost {
            tokens: count(cost.tokens),
            matmul_flops: count(cost.matmul_flops),
            elementwise: count(cost.elementwise),
            activation_bytes: count(cost.activation_bytes),
            writing: cost.state_bytes.zip(cost.step_flops).map(writing),
        };
        (cost.preset, facts)
    })))
}

/// A line of the table of modules, in declaration order.
#[derive(Deserialize)]
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

/// Fields by preset.
async fn configs(catalog: &Catalog, presets: &str) -> Result<BTreeMap<String, Map<String, Value>>> {
    // Its values are of any type, which no checked query can say.
    let fields = sqlx::query(
        "SELECT preset, field, kind, value FROM preset_config
         WHERE preset IN (SELECT value FROM json_each(?1)) AND built ORDER BY preset, position",
    );
    let fields = fields.bind(presets).fetch_all(&catalog.pool).await.map_err(catalog.reading())?;
    let mut configs: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for row in fields {
        let preset: String = row.try_get(0).map_err(catalog.reading())?;
        let (field, value) = field(catalog, &preset, &row)?;
        configs.entry(preset).or_default().insert(field, value);
    }
    Ok(configs)
}

fn field(catalog: &Catalog, preset: &str, row: &SqliteRow) -> Result<(String, Value)> {
    let field: String = row.try_get(1).map_err(catalog.reading())?;
    let kind: String = row.try_get(2).map_err(catalog.reading())?;
    let value = match kind.as_str() {
        "null" => Ok(Value::Null),
        "boolean" => row.try_get_unchecked::<bool, _>(3).map(Value::from),
        "integer" => row.try_get_unchecked::<i64, _>(3).map(Value::from),
        "real" => row.try_get_unchecked::<f64, _>(3).map(Value::from),
        _ => row.try_get_unchecked::<String, _>(3).map(Value::from),
    };
    let value = value.map_err(catalog.reading())?;
    match &value {
        Value::String(json) if kind == "json" => {
            let value = parsed(&catalog.path, json, || format!("`preset_config.value` of `{field}` in `{preset}`"))?;
            Ok((field, value))
        }
        _ => Ok((field, value)),
    }
}
