//! `zoo catalog export`: the catalog for other programs.

use std::io::Write;

use clap::ValueEnum;
use serde_json::Value;
use zoo_catalog::view::Rows;
use zoo_registry::Registry;

use super::query::object;
use crate::failure::Failure;
use crate::json;
use crate::library::{self, From};
use crate::shell::Shell;

/// The table that CSV holds, unless somebody says otherwise.
const TABLE: &str = "model_overview";

/// Arguments of `zoo catalog export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// In which form
    #[arg(value_enum, value_name = "FORMAT")]
    format: Format,

    /// One table or view instead of everything; CSV holds one in any case, `model_overview` unless it is said
    #[arg(long, value_name = "NAME")]
    table: Option<String>,

    #[command(flatten)]
    from: From,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Every record whole, as its TOML gives it
    Json,
    /// A table
    Csv,
    /// Statements that make the catalog anew in an empty database
    Sql,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let library = library::open(&args.from, registry, shell)?;
    let table = |name: &str| library.ask(async |catalog| catalog.table(name).await);
    match (args.format, args.table.as_deref()) {
        (Format::Json, None) => json::document(shell, &library.ask(async |catalog| catalog.descriptors().await)?),
        (Format::Json, Some(name)) => {
            let rows = table(name)?;
            let objects: Vec<_> = rows.rows.iter().map(|row| object(&rows.columns, row)).collect();
            json::document(shell, &objects)
        }
        (Format::Csv, name) => print_csv(&table(name.unwrap_or(TABLE))?, shell),
        (Format::Sql, None) => library
            .ask(async |catalog| catalog.dump(|statement| Ok::<_, Failure>(writeln!(shell, "{statement}")?)).await),
        (Format::Sql, Some(_)) => {
            Err(Failure::usage("SQL is of the whole catalog").hint("`--table` goes with `json` and `csv`"))
        }
    }
}

/// As RFC 4180 has it, with the line ends of this world.
fn print_csv(rows: &Rows, shell: &mut Shell) -> Result<(), Failure> {
    let cell = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(text),
        other => other.to_string(),
    };
    let header: Vec<_> = rows.columns.iter().map(|column| quoted(column)).collect();
    writeln!(shell, "{}", header.join(","))?;
    for row in &rows.rows {
        writeln!(shell, "{}", row.iter().map(cell).collect::<Vec<_>>().join(","))?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains([',', '"', '\n', '\r']);
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(quoted("a b"), "a b");
        assert_eq!(quoted("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        // An empty text is not the lack of one.
        assert_eq!(quoted(""), "\"\"");
    }
}
