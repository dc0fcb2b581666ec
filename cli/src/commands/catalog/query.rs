//! `zoo catalog query`: SQL typed by a person.

use serde_json::{Map, Value};
use zoo_catalog::view::Rows;
use zoo_registry::Registry;

use crate::failure::Failure;
use crate::json;
use crate::library::{self, From};
use crate::shell::{Paint, Shell};
use crate::table::Table;

/// Arguments of `zoo catalog query`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One statement
    #[arg(value_name = "SQL")]
    sql: String,

    #[command(flatten)]
    from: From,

    /// Print JSON, one object a row
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, registry: &Registry, shell: &mut Shell) -> Result<(), Failure> {
    let library = library::open(&args.from, registry, shell)?;
    let rows = library.ask(async |catalog| catalog.sql(&args.sql).await)?;
    print(&rows, args.json, shell)
}

/// A row as an object.
pub(super) fn object(columns: &[String], row: &[Value]) -> Map<String, Value> {
    columns.iter().cloned().zip(row.iter().cloned()).collect()
}

fn print(rows: &Rows, as_json: bool, shell: &mut Shell) -> Result<(), Failure> {
    if rows.truncated {
        shell.warn(format!("there are more rows than the {} shown", rows.rows.len()));
    }
    if as_json {
        return rows.rows.iter().try_for_each(|row| json::line(shell, &object(&rows.columns, row)));
    }
    let is_number = |column: usize| {
        let mut values = rows.rows.iter().map(|row| &row[column]).filter(|value| !value.is_null()).peekable();
        values.peek().is_some() && values.all(Value::is_number)
    };
    let columns = rows.columns.iter().enumerate().map(|(column, title)| (title.clone(), is_number(column)));
    let mut table = Table::with_columns(columns);
    // A person reads a screen, a program reads everything.
    let longest = if shell.is_read_by_a_person() { 60 } else { usize::MAX };
    for row in &rows.rows {
        table.painted(row.iter().map(|value| cell(value, longest)));
    }
    Ok(table.print(shell)?)
}

fn cell(value: &Value, longest: usize) -> (String, Paint) {
    let text = match value {
        Value::Null => return ("null".into(), Paint::Faint),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= longest {
        return (text, Paint::Plain);
    }
    (text.chars().take(longest - 1).chain(['…']).collect(), Paint::Plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_cells_are_cut_by_characters() {
        assert_eq!(cell(&Value::from("ééééé"), 3).0, "éé…");
        assert_eq!(cell(&Value::from("abc"), 3).0, "abc");
        assert_eq!(cell(&Value::Null, 3).0, "null");
        assert_eq!(cell(&Value::from(7), 3).0, "7");
    }
}
