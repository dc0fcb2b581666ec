//! `zoo list`: every model by name, with its size.

use serde::Serialize;
use zoo_registry::Registry;
use zoo_registry::registry::Named;

use crate::failure::Failure;
use crate::format::short;
use crate::json;
use crate::shell::{Paint, Shell};
use crate::table::Table;

const EXAMPLES: &str = "\
Examples:
  zoo list                  everything
  zoo list 'bert-*'         names that begin with bert-; quote the pattern, or the shell expands it
  zoo list gpt2             every size of one family
  zoo list '{bert,gpt2}*' --json";

/// Arguments of `zoo list`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A name, an alias, a Hugging Face repository, or a pattern with `*`, `?`, `[…]`, `{…,…}`
    #[arg(value_name = "PATTERN", default_value = "*", hide_default_value = true)]
    pattern: String,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One line: a published size, or a family that has none.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    family: String,
    parameters: u64,
    hub: Option<String>,
    summary: String,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for named in registry.matching(&args.pattern)? {
        add(named, &mut rows)?;
    }
    rows.sort_by(|a: &Row, b| (&a.family, &a.name).cmp(&(&b.family, &b.name)));
    rows.dedup_by(|a, b| a.name == b.name);
    if args.json {
        return json::document(shell, &rows);
    }
    let mut table = Table::new(&["name", "family", ">parameters", "hub"]);
    for row in &rows {
        let hub = row.hub.as_deref().unwrap_or_default();
        let parameters = short(row.parameters);
        let cells = [(row.name.as_str(), Paint::Plain), (&row.family, Paint::Plain), (&parameters, Paint::Plain)];
        table.painted([cells[0], cells[1], cells[2], (hub, Paint::Faint)]);
    }
    Ok(table.print(shell)?)
}

/// A family stands for all its sizes.
fn add(named: Named<'_>, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let descriptor = named.architecture.descriptor();
    if named.preset.is_none() && !descriptor.presets.is_empty() {
        let sizes = descriptor.presets.iter().map(|preset| Named { preset: Some(preset), ..named });
        return sizes.into_iter().try_for_each(|size| add(size, rows));
    }
    rows.push(Row {
        name: named.id().to_owned(),
        family: descriptor.id.clone(),
        parameters: named.architecture.modules(&named.config(&[])?)?.parameter_count(),
        hub: named.preset.and_then(|preset| preset.hub.clone()),
        summary: named.preset.and_then(|preset| preset.note.clone()).unwrap_or_else(|| descriptor.summary.clone()),
    });
    Ok(())
}
