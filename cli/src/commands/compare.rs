//! `zoo compare`: two models side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde::Serialize;
use serde_json::{Map, Value};
use zoo_catalog::view::SizeFacts;
use zoo_registry::{ModuleTree, Registry};

use super::record::{self, Found};
use crate::failure::Failure;
use crate::format::{exact, shape};
use crate::json;
use crate::library::{self, From};
use crate::shell::{Paint, Shell};
use crate::table::Table;

const EXAMPLES: &str = "\
Examples:
  zoo compare bert gpt2                              facts, sizes, and modules where there is code for both
  zoo compare bert-base-uncased bert-large-uncased   two sizes of one model
  zoo compare bert roberta                           facts and sizes: there is no code for the second

A name of a model stands for its first size. In the list of modules, `-` is only in the first, `+` only in the second.";

/// Arguments of `zoo compare`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A name, an alias or a Hugging Face repository
    #[arg(value_name = "A")]
    a: String,

    /// Another
    #[arg(value_name = "B")]
    b: String,

    #[command(flatten)]
    from: From,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What differs, and what does not.
#[derive(Debug, Serialize)]
struct Comparison {
    models: [String; 2],
    sizes: [Option<String>; 2],
    facts: Vec<Line>,
    configuration: Vec<Line>,
    /// `None` unless there is code for both.
    modules: Option<Vec<Module>>,
}

/// One field of both.
#[derive(Debug, Serialize)]
struct Line {
    field: String,
    values: [String; 2],
    same: bool,
}

/// A module that is not in both alike.
#[derive(Debug, PartialEq, Serialize)]
struct Module {
    path: String,
    /// What each has there, if anything.
    has: [Option<String>; 2],
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let library = library::open(&args.from, registry, shell)?;
    let found = [record::find(&library, &args.a)?, record::find(&library, &args.b)?];
    let comparison = compare(&found);
    if args.json { json::document(shell, &comparison) } else { print(&comparison, shell) }
}

fn compare(found: &[Found; 2]) -> Comparison {
    let chosen = |found: &Found| {
        let line = found.sizes.first()?;
        let built = found.model.sizes.iter().find(|size| found.sizes.iter().any(|line| line.name == size.preset.id));
        Some(built.map_or_else(|| line.name.clone(), |size| size.preset.id.clone()))
    };
    let sizes = [chosen(&found[0]), chosen(&found[1])];
    let built = |at: usize| -> Option<&SizeFacts> {
        found[at].model.sizes.iter().find(|size| Some(&size.preset.id) == sizes[at].as_ref())
    };
    let config = |at: usize| -> Map<String, Value> {
        let stated = || found[at].model.descriptor.sizes().find(|(_, size)| Some(&size.id) == sizes[at].as_ref());
        let config = built(at).map(|size| &size.config).or_else(|| stated().map(|(_, size)| &size.config));
        config.cloned().unwrap_or_default()
    };
    let parameters = |at: usize| {
        let line = found[at].sizes.iter().find(|line| Some(&line.name) == sizes[at].as_ref());
        line.and_then(|line| line.parameters).map(exact).unwrap_or_default()
    };
    let mut configuration = lines(fields(config(0)), fields(config(1)));
    configuration.insert(0, line("parameters".into(), [parameters(0), parameters(1)]));
    let facts = [0, 1].map(|at| {
        let fields = record::fields(&found[at].model).into_iter().map(|(name, _, value)| (name.to_owned(), value));
        fields.collect::<Vec<_>>()
    });
    let [first, second] = facts;
    Comparison {
        models: [0, 1].map(|at| found[at].model.summary.id.clone()),
        facts: lines(first, second),
        configuration,
        modules: built(0).zip(built(1)).map(|(a, b)| difference(&a.modules, &b.modules)),
        sizes,
    }
}

/// Fields of both, in the order of the first, then what only the second has.
fn lines(first: Vec<(String, String)>, second: Vec<(String, String)>) -> Vec<Line> {
    let joined = |fields: &[(String, String)], name: &str| {
        let values = fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        values.collect::<Vec<_>>().join("; ")
    };
    let mut seen = BTreeSet::new();
    let names = first.iter().chain(&second).map(|(name, _)| name).filter(|name| seen.insert(*name));
    names.map(|name| line(name.clone(), [joined(&first, name), joined(&second, name)])).collect()
}

fn line(field: String, values: [String; 2]) -> Line {
    Line { same: values[0] == values[1], field, values }
}

fn fields(config: Map<String, Value>) -> Vec<(String, String)> {
    let told = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    config.into_iter().map(|(field, value)| (field, told(value))).collect()
}

/// Modules that are not in both alike, equal layers told once.
fn difference(a: &ModuleTree, b: &ModuleTree) -> Vec<Module> {
    let (first, second) = (modules(a), modules(b));
    let paths: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let module =
        |path: &String| Module { path: path.clone(), has: [first.get(path).cloned(), second.get(path).cloned()] };
    paths.into_iter().map(module).filter(|module| module.has[0] != module.has[1]).collect()
}

/// What stands at each path, with `*` for the index of a layer.
fn modules(tree: &ModuleTree) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    walk(tree, "", &mut all);
    let told = |kinds: BTreeMap<String, usize>| {
        let kind = |(told, times): (String, usize)| if times == 1 { told } else { format!("{told} ×{times}") };
        kinds.into_iter().map(kind).collect::<Vec<_>>().join(" and ")
    };
    all.into_iter().map(|(path, kinds)| (path, told(kinds))).collect()
}

fn walk(tree: &ModuleTree, path: &str, all: &mut BTreeMap<String, BTreeMap<String, usize>>) {
    let shapes = tree.parameters.iter().map(|own| format!(" {} {}", own.name, shape(&own.shape)));
    // The root is whatever the model is called.
    let kind = if path.is_empty() { String::new() } else { tree.kind.clone() };
    let told = kind + &shapes.collect::<Vec<_>>().join(",");
    if !told.is_empty() {
        *all.entry(path.to_owned()).or_default().entry(told).or_default() += 1;
    }
    for child in &tree.children {
        let index = !child.name.is_empty() && child.name.bytes().all(|byte| byte.is_ascii_digit());
        let name = if index { "*" } else { &child.name };
        walk(child, &if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }, all);
    }
}

fn print(comparison: &Comparison, shell: &mut Shell) -> Result<(), Failure> {
    let [a, b] = &comparison.models;
    side_by_side("facts", [a, b], &comparison.facts, shell)?;
    let names = [0, 1].map(|at| comparison.sizes[at].as_ref().unwrap_or(&comparison.models[at]).as_str());
    writeln!(shell)?;
    side_by_side("size", names, &comparison.configuration, shell)?;
    writeln!(shell)?;
    let Some(modules) = &comparison.modules else {
        shell.note("modules cannot be compared: there is not code for both");
        return Ok(());
    };
    writeln!(shell, "{}", shell.paint(Paint::Strong, "modules"))?;
    if modules.is_empty() {
        writeln!(shell, "  the same")?;
    }
    for module in modules {
        for (mark, paint, has) in [("-", Paint::Bad, &module.has[0]), ("+", Paint::Good, &module.has[1])] {
            if let Some(has) = has {
                writeln!(shell, "{} {}  {has}", shell.paint(paint, mark), module.path)?;
            }
        }
    }
    Ok(())
}

/// Longest cell that still leaves room for another beside it.
const WIDE: usize = 60;

fn side_by_side(title: &str, names: [&str; 2], lines: &[Line], shell: &mut Shell) -> Result<(), Failure> {
    let mut table = Table::new(&[title, "", names[0], names[1]]);
    for Line { field, values, same } in lines {
        let (mark, paint) = if *same { ("=", Paint::Faint) } else { ("≠", Paint::Odd) };
        let cell =
            |value: &String| (crate::format::beginning(value, WIDE), if *same { Paint::Faint } else { Paint::Plain });
        table.painted([(field.clone(), Paint::Plain), (mark.to_owned(), paint), cell(&values[0]), cell(&values[1])]);
    }
    Ok(table.print(shell)?)
}

#[cfg(test)]
mod tests {
    use zoo_registry::Parameter;

    use super::*;

    fn module(name: &str, kind: &str, extent: usize, children: Vec<ModuleTree>) -> ModuleTree {
        let weight = Parameter { name: "weight".into(), shape: vec![extent] };
        let parameters = if extent == 0 { vec![] } else { vec![weight] };
        ModuleTree { name: name.into(), kind: kind.into(), parameters, children }
    }

    #[test]
    fn modules_that_differ_are_told_with_both_sides() {
        let model = |layers: usize, width| {
            let layers = (0..layers).map(|at| module(&at.to_string(), "Layer", width, vec![])).collect();
            module("", "Toy", 0, vec![module("layers", "Vec", 0, layers), module("out", "Linear", 2, vec![])])
        };
        assert_eq!(difference(&model(2, 3), &model(2, 3)), []);
        let has = |told: &str| Some(told.to_owned());
        let differing =
            [Module { path: "layers.*".into(), has: [has("Layer weight [3] ×2"), has("Layer weight [3] ×4")] }];
        assert_eq!(difference(&model(2, 3), &model(4, 3)), differing);
    }
}
