//! Presets: what was published of each size, and what the code builds of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sqlx::SqliteConnection;
use zoo_registry::descriptor::{Pooling, Preset, Source};
use zoo_registry::record::Size;
use zoo_registry::{Descriptor, ModuleTree, Parameter};

use super::insert::{Row, insert, integer, position};
use super::{Input, claims};

/// A preset with the size of the same id, if there is code.
type Sized<'a> = (&'a Descriptor, usize, &'a Preset, Option<&'a Size>);

/// One table after the other.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let presets = presets(input);
    let columns = "preset (id, architecture, position, hub, note, published_parameters, parameters, pooling, normalise, max_tokens)";
    insert(connection, columns, presets.clone(), |row, (facts, at, preset, size)| {
        row.push_bind(&preset.id).push_bind(&facts.id).push_bind(position(at));
        row.push_bind(&preset.hub).push_bind(&preset.note).push_bind(preset.parameters.map(integer));
        row.push_bind(size.map(|size| integer(size.modules.parameter_count())));
        let embedding = preset.embedding.as_ref();
        row.push_bind(embedding.map(|embedding| pooling(embedding.pooling)));
        row.push_bind(embedding.map(|embedding| embedding.normalise));
        row.push_bind(embedding.map(|embedding| integer(embedding.max_tokens as u64)));
    })
    .await?;
    insert(connection, "alias (name, architecture, preset)", claims::aliases(input), |row, claim| {
        row.push_bind(claim.name).push_bind(claim.architecture).push_bind(claim.preset);
    })
    .await?;
    for (_, _, preset, size) in presets {
        config(connection, preset, size).await?;
        if let Some(size) = size {
            modules(connection, &preset.id, &size.modules).await?;
        }
    }
    sources(connection, input).await
}

fn presets<'a>(input: &Input<'a>) -> Vec<Sized<'a>> {
    let of_record = |record: &&'a zoo_registry::Record| {
        let (facts, sizes) = (&record.descriptor, &record.sizes);
        let sized = move |(at, preset): (usize, &'a Preset)| {
            (facts, at, preset, sizes.iter().find(|size| size.preset == preset.id))
        };
        facts.presets.iter().enumerate().map(sized)
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

/// A source and what it is the source of: a field, and where it is one of those, a preset or an edge.
struct Provenance<'a> {
    field: String,
    preset: Option<&'a str>,
    lineage: Option<i64>,
    sources: &'a [Source],
}

async fn sources(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let mut rows = Vec::new();
    for facts in input.records.iter().map(|record| &record.descriptor) {
        let mut positions = BTreeMap::new();
        for Provenance { field, preset, lineage, sources } in provenances(facts) {
            for source in sources {
                let next = positions.entry(field.clone()).or_insert(0_i64);
                rows.push((facts, field.clone(), *next, preset, lineage, source));
                *next += 1;
            }
        }
    }
    let columns = "source (architecture, field, position, preset, lineage, source, reference, confidence, note)";
    insert(connection, columns, rows, |row, (facts, field, at, preset, lineage, source)| {
        row.push_bind(&facts.id).push_bind(field).push_bind(at).push_bind(preset).push_bind(lineage);
        row.push_bind(&source.source)
            .push_bind(&source.reference)
            .push_bind(&source.confidence)
            .push_bind(&source.note);
    })
    .await
}

fn provenances(facts: &Descriptor) -> impl Iterator<Item = Provenance<'_>> {
    let fields = facts.sources.iter().map(|(field, sources)| Provenance {
        field: field.clone(),
        preset: None,
        lineage: None,
        sources,
    });
    let presets = facts.presets.iter().map(|preset| Provenance {
        field: format!("presets.{}", preset.id),
        preset: Some(&preset.id),
        lineage: None,
        sources: &preset.sources,
    });
    let lineage = facts.lineage.iter().enumerate().map(|(at, edge)| Provenance {
        field: format!("lineage.{}", edge.id),
        preset: None,
        lineage: Some(position(at)),
        sources: &edge.sources,
    });
    fields.chain(presets).chain(lineage)
}

fn pooling(pooling: Pooling) -> &'static str {
    match pooling {
        Pooling::Mean => "mean",
        Pooling::First => "first",
        Pooling::Last => "last",
    }
}
