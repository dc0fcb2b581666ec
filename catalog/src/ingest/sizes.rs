//! Presets: what was published of each size, and what the code builds of it.

use serde_json::{Map, Value};
use sqlx::SqliteConnection;
use zoo_registry::descriptor::{Pooling, Preset};
use zoo_registry::record::Size;
use zoo_registry::{Descriptor, ModuleTree, Parameter};

use super::insert::{Row, insert, integer, position};
use super::{Input, claims};

/// One row of `preset`.
#[derive(Clone, Copy)]
struct Line<'a> {
    facts: &'a Descriptor,
    /// Place among all sizes, those that code cannot build last.
    at: usize,
    preset: &'a Preset,
    unbuilt: bool,
    /// What the code builds of it, if there is code.
    built: Option<&'a Size>,
}

/// One table after the other.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let lines = lines(input);
    let columns = "preset (id, architecture, position, hub, note, published_parameters, parameters, pooling, normalise, max_tokens, \
                   of_model, name, unbuilt, hub_seen, context, active, stated, stated_label, counted, counted_basis, \
                   checked, checked_source, checked_reference)";
    insert(connection, columns, lines.clone(), |row, Line { facts, at, preset, unbuilt, built }| {
        row.push_bind(&preset.id).push_bind(&facts.id).push_bind(position(at));
        row.push_bind(&preset.hub).push_bind(&preset.note).push_bind(preset.parameters.map(integer));
        row.push_bind(built.map(|size| integer(size.modules.parameter_count())));
        let embedding = preset.embedding.as_ref();
        row.push_bind(embedding.map(|embedding| pooling(embedding.pooling)));
        row.push_bind(embedding.map(|embedding| embedding.normalise));
        row.push_bind(embedding.map(|embedding| integer(embedding.max_tokens as u64)));
        row.push_bind(&preset.of).push_bind(&preset.name).push_bind(unbuilt).push_bind(&preset.hub_seen);
        row.push_bind(preset.context.map(integer)).push_bind(preset.active.map(integer));
        let (stated, counted) = (preset.stated.as_ref(), preset.counted.as_ref());
        let checked = counted.and_then(|counted| counted.checked.as_ref());
        row.push_bind(stated.map(|stated| integer(stated.parameters))).push_bind(stated.map(|stated| &stated.label));
        row.push_bind(counted.map(|counted| integer(counted.parameters)));
        row.push_bind(counted.and_then(|counted| counted.basis.as_ref()));
        row.push_bind(checked.map(|checked| integer(checked.parameters)))
            .push_bind(checked.map(|checked| &checked.source));
        row.push_bind(checked.map(|checked| &checked.reference));
    })
    .await?;
    insert(connection, "alias (name, architecture, preset)", claims::aliases(input), |row, claim| {
        row.push_bind(claim.name).push_bind(claim.architecture).push_bind(claim.preset);
    })
    .await?;
    for Line { preset, built, .. } in lines {
        config(connection, preset, built).await?;
        if let Some(size) = built {
            modules(connection, &preset.id, &size.modules).await?;
        }
    }
    Ok(())
}

fn lines<'a>(input: &Input<'a>) -> Vec<Line<'a>> {
    let of_record = |record: &&'a zoo_registry::Record| {
        let (facts, sizes) = (&record.descriptor, &record.sizes);
        facts.sizes().enumerate().map(move |(at, (list, preset))| {
            let built = sizes.iter().find(|size| size.preset == preset.id);
            Line { facts, at, preset, unbuilt: list == "unbuilt", built }
        })
    };
    input.records.iter().flat_map(of_record).collect()
}

async fn config(connection: &mut SqliteConnection, preset: &Preset, size: Option<&Size>) -> Result<(), sqlx::Error> {
    let nothing = Map::new();
    let built = size.map_or(&nothing, |size| &size.config);
    let only_stated = preset.config.iter().filter(|(field, _)| !built.contains_key(*field));
    let fields = built.iter().chain(only_stated).enumerate().collect();
    let columns = "preset_config (preset, field, position, stated, built, kind, value)";
    insert(connection, columns, fields, |row, (at, (field, value))| {
        row.push_bind(&preset.id).push_bind(field).push_bind(position(at));
        row.push_bind(preset.config.contains_key(field)).push_bind(built.contains_key(field));
        bind(row, value);
    })
    .await
}

/// Binds the kind of a value and the value.
fn bind(row: &mut Row<'_>, value: &Value) {
    match value {
        Value::Null => row.push_bind("null").push_bind(None::<i64>),
        Value::Bool(value) => row.push_bind("boolean").push_bind(*value),
        Value::String(value) => row.push_bind("text").push_bind(value),
        Value::Number(value) => match value.as_i64() {
            Some(value) => row.push_bind("integer").push_bind(value),
            None => row.push_bind("real").push_bind(value.as_f64()),
        },
        Value::Array(_) | Value::Object(_) => row.push_bind("json").push_bind(value.to_string()),
    };
}

struct Module<'a> {
    tree: &'a ModuleTree,
    path: String,
    parent: Option<String>,
    depth: usize,
}

async fn modules(connection: &mut SqliteConnection, preset: &str, tree: &ModuleTree) -> Result<(), sqlx::Error> {
    let mut modules = Vec::new();
    collect(Module { tree, path: String::new(), parent: None, depth: 0 }, &mut modules);
    let parameters: Vec<(&str, &Parameter)> = modules
        .iter()
        .flat_map(|module| module.tree.parameters.iter().map(|parameter| (module.path.as_str(), parameter)))
        .collect();
    let columns = "module (preset, path, ordinal, parent, depth, name, kind, parameters)";
    insert(connection, columns, modules.iter().enumerate().collect(), |row, (at, module)| {
        row.push_bind(preset).push_bind(&module.path).push_bind(position(at)).push_bind(&module.parent);
        row.push_bind(position(module.depth)).push_bind(&module.tree.name).push_bind(&module.tree.kind);
        row.push_bind(integer(module.tree.parameter_count()));
    })
    .await?;
    let columns = "parameter (preset, path, ordinal, module, name, shape, count)";
    insert(connection, columns, parameters.into_iter().enumerate().collect(), |row, (at, (module, parameter))| {
        row.push_bind(preset).push_bind(join(module, &parameter.name)).push_bind(position(at)).push_bind(module);
        row.push_bind(&parameter.name).push_bind(Value::from(parameter.shape.clone()).to_string());
        row.push_bind(integer(parameter.count()));
    })
    .await
}

fn collect<'a>(module: Module<'a>, found: &mut Vec<Module<'a>>) {
    let (tree, path, depth) = (module.tree, module.path.clone(), module.depth + 1);
    found.push(module);
    for child in &tree.children {
        collect(Module { tree: child, path: join(&path, &child.name), parent: Some(path.clone()), depth }, found);
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn pooling(pooling: Pooling) -> &'static str {
    match pooling {
        Pooling::Mean => "mean",
        Pooling::First => "first",
        Pooling::Last => "last",
    }
}
