//! `zoo show`: one model's facts, configuration, size and module tree. Counted, never allocated.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use zoo_registry::descriptor::{Embedding, Pooling};
use zoo_registry::registry::Named;
use zoo_registry::{Descriptor, ModuleTree, Registry};

use super::record;
use crate::failure::Failure;
use crate::format::{exact, f32_bytes, memory, short};
use crate::json;
use crate::library::{self, From};
use crate::shell::{Paint, Shell};
use crate::tree;

const EXAMPLES: &str = "\
Examples:
  zoo show bert                              the family, in its first published size
  zoo show bert-large-uncased                one size, by its name or its Hugging Face repository
  zoo show bert --set head=masked-lm         with another head
  zoo show gpt2 --set n_layers=96 --set d_model=12288 --set n_heads=96
                                             GPT-3's size, at once: nothing is allocated
  zoo show gpt2 --json | jq .config          a configuration to start from
  zoo show mixtral                           a model that there is no code for: its facts and sizes";

/// Arguments of `zoo show`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A name, an alias or a Hugging Face repository
    #[arg(value_name = "NAME")]
    name: String,

    /// Change a field of the configuration; may be repeated
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    overrides: Vec<String>,

    /// Print JSON: the facts, the configuration, the whole module tree
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let Ok(named) = registry.resolve(&args.name) else { return without_code(args, registry, shell) };
    let config = named.config(&args.overrides)?;
    let modules = named.architecture.modules(&config)?;
    if args.json {
        let parameters = modules.parameter_count();
        let document = json!({
            "name": named.id(), "config": config, "parameters": parameters, "bytes_f32": f32_bytes(parameters),
            "descriptor": named.architecture.descriptor(), "modules": modules,
        });
        return json::document(shell, &document);
    }
    Ok(print(named, &config, &modules, shell)?)
}

/// Facts are all there is.
fn without_code(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let library = library::open(&From { db: None }, registry, shell)?;
    let found = record::find(&library, &args.name)?;
    if !args.overrides.is_empty() {
        let told = format!("there is no code for `{}`, and so nothing to set", found.model.summary.id);
        return Err(Failure::usage(told).hint("`zoo list --code` shows what there is code for"));
    }
    if args.json {
        return json::document(shell, &found.model);
    }
    shell.note("there is no code for it: what follows was read, not built");
    record::print(&found, shell)
}

fn print(named: Named<'_>, config: &Map<String, Value>, modules: &ModuleTree, shell: &mut Shell) -> io::Result<()> {
    let descriptor = named.architecture.descriptor();
    let title = shell.paint(Paint::Strong, format!("{} · {}", descriptor.name, named.id()));
    writeln!(shell, "{title}\n{}\n", descriptor.summary)?;
    pairs(shell, "facts", &facts(named, descriptor))?;
    let fields: Vec<_> = config.iter().map(|(field, value)| (field.as_str(), told(value))).collect();
    pairs(shell, "configuration", &fields)?;

    let parameters = modules.parameter_count();
    let title = shell.paint(Paint::Strong, "parameters");
    writeln!(shell, "{title}  {} ({})\n", exact(parameters), memory(parameters))?;
    tree::table(modules).print(shell)
}

fn facts<'a>(named: Named<'_>, descriptor: &'a Descriptor) -> Vec<(&'a str, String)> {
    let list = |items: &[String]| items.join(", ");
    let mut facts = vec![
        ("family", descriptor.family.clone()),
        ("first published", descriptor.date.clone()),
        ("by", list(&descriptor.labs)),
        ("licence", format!("{} (code), {} (weights)", descriptor.licence.code, descriptor.licence.weights)),
    ];
    facts.extend(descriptor.papers.iter().map(|paper| ("paper", format!("{} <{}>", paper.title, paper.url))));
    facts.extend(descriptor.taxonomy.iter().map(|(axis, terms)| (axis.as_str(), list(terms))));
    facts.push(("heads", descriptor.heads.iter().map(|head| head.id.clone()).collect::<Vec<_>>().join(", ")));
    if let Some(preset) = named.preset {
        facts.extend(preset.note.iter().map(|note| ("note", note.clone())));
        facts.extend(preset.hub.iter().map(|hub| ("hub", hub.clone())));
        facts.extend(preset.embedding.as_ref().map(|how| ("embedding", embedding(how))));
        facts.extend(preset.parameters.map(|count| ("parameters, as published", exact(count))));
    } else {
        let size = |preset: &zoo_registry::descriptor::Preset| match preset.parameters {
            Some(count) => format!("{} ({})", preset.id, short(count)),
            None => preset.id.clone(),
        };
        facts.push(("sizes", descriptor.presets.iter().map(size).collect::<Vec<_>>().join(", ")));
    }
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn embedding(how: &Embedding) -> String {
    let pooling = match how.pooling {
        Pooling::Mean => "mean over the tokens",
        Pooling::First => "first token",
        Pooling::Last => "last token",
    };
    let length = if how.normalise { ", scaled to length one" } else { "" };
    format!("{pooling}{length}; texts of at most {} tokens", how.max_tokens)
}

/// A title, then names and values in two columns.
pub(super) fn pairs(shell: &mut Shell, title: &str, pairs: &[(&str, String)]) -> io::Result<()> {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let title = shell.paint(Paint::Strong, title);
    writeln!(shell, "{title}")?;
    for (name, value) in pairs {
        let name = shell.paint(Paint::Faint, format!("{name:width$}"));
        writeln!(shell, "  {name}  {value}")?;
    }
    writeln!(shell)
}

fn told(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
