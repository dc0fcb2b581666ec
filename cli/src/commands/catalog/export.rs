//! `zoo catalog export`: the catalog for other programs.

use std::io::Write;

use clap::ValueEnum;
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
        (Format::Csv, name) => Ok(write!(shell, "{}", table(name.unwrap_or(TABLE))?.csv())?),
        (Format::Sql, None) => library
            .ask(async |catalog| catalog.dump(|statement| Ok::<_, Failure>(writeln!(shell, "{statement}")?)).await),
        (Format::Sql, Some(_)) => {
            Err(Failure::usage("SQL is of the whole catalog").hint("`--table` goes with `json` and `csv`"))
        }
    }
}
