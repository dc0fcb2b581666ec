//! `zoo compare`: two models side by side.

use std::io::Write;

use serde::Serialize;
use zoo_catalog::compare::{Held, Line, ModuleLine, compare};
use zoo_registry::Registry;

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

/// What is printed as JSON.
#[derive(Debug, Serialize)]
struct Document {
    models: [String; 2],
    sizes: [Option<String>; 2],
    facts: Vec<Line>,
    configuration: Vec<Line>,
    /// `None` unless there is code for both.
    modules: Option<Vec<Module>>,
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
    let document = document(&found);
    if args.json { json::document(shell, &document) } else { print(&document, shell) }
}

fn document(found: &[Found; 2]) -> Document {
    let chosen = |found: &Found| {
        let line = found.sizes.first()?;
        let built = found.model.sizes.iter().find(|size| found.sizes.iter().any(|line| line.name == size.preset.id));
        Some(built.map_or_else(|| line.name.clone(), |size| size.preset.id.clone()))
    };
    let sizes = [chosen(&found[0]), chosen(&found[1])];
    let comparison = compare([&found[0].model, &found[1].model], [0, 1].map(|at: usize| sizes[at].as_deref()));
    let parameters = |at: usize| {
        let line = found[at].sizes.iter().find(|line| Some(&line.name) == sizes[at].as_ref());
        line.and_then(|line| line.parameters).map(exact).unwrap_or_default()
    };
    let mut configuration = comparison.configuration;
    configuration.insert(0, Line::new("parameters", [parameters(0), parameters(1)]));
    Document {
        models: comparison.models,
        facts: comparison.facts,
        configuration,
        modules: comparison.modules.map(|lines| lines.iter().filter(|line| !line.same()).map(module).collect()),
        sizes,
    }
}

fn module(line: &ModuleLine) -> Module {
    let one = |held: &Held| {
        let shapes = held.own.iter().map(|own| format!(" {} {}", own.name, shape(&own.shape)));
        let told = held.kind.clone() + &shapes.collect::<Vec<_>>().join(",");
        if held.times == 1 { told } else { format!("{told} ×{}", held.times) }
    };
    let told = |has: &Vec<Held>| (!has.is_empty()).then(|| has.iter().map(one).collect::<Vec<_>>().join(" and "));
    Module { path: line.path.clone(), has: [told(&line.has[0]), told(&line.has[1])] }
}

fn print(comparison: &Document, shell: &mut Shell) -> Result<(), Failure> {
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

    #[test]
    fn modules_that_differ_are_told_with_both_sides() {
        let held = |times| Held {
            kind: "Layer".into(),
            own: vec![Parameter { name: "weight".into(), shape: vec![3] }],
            times,
        };
        let line = |has| ModuleLine { path: "layers.*".into(), has, parameters: [0, 0], alike: false };
        let has = |told: &str| Some(told.to_owned());
        let told = module(&line([vec![held(2)], vec![held(1), held(4)]]));
        assert_eq!(told.has, [has("Layer weight [3] ×2"), has("Layer weight [3] and Layer weight [3] ×4")]);
        assert_eq!(module(&line([vec![], vec![held(1)]])).has, [None, has("Layer weight [3]")]);
    }
}
