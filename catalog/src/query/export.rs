//! The catalog in other forms: whole tables, whole records, SQL.
//!
//! What SQLite says of itself, its pragmas, cannot be asked in checked queries, which know the tables of the schema alone.

use std::time::Duration;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Row};
use zoo_registry::Descriptor;

use super::{Catalog, Limits};
use crate::error::{Error, Result};
use crate::schema;
use crate::view::Rows;

/// The value of a column as SQL writes it. `quote` alone would end a text at a zero byte.
fn quoted(column: &str) -> String {
    format!("iif(instr({column}, char(0)), 'CAST(' || quote(CAST({column} AS BLOB)) || ' AS TEXT)', quote({column}))")
}

/// A name of a table or column, whatever it holds.
fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Catalog {
    /// Names of all tables and views, sorted, without the parts of search indexes.
    ///
    /// # Errors
    /// [`Error::Sqlite`] if the file can no longer be read.
    pub async fn tables(&self) -> Result<Vec<String>> {
        let tables = sqlx::query_scalar(
            "SELECT name FROM pragma_table_list
             WHERE schema = 'main' AND type IN ('table', 'view') AND name NOT LIKE 'sqlite%' ORDER BY name",
        );
        tables.fetch_all(&self.pool).await.map_err(self.reading())
    }

    /// A whole table or view.
    ///
    /// # Errors
    /// [`Error::Query`] if there is none of this name.
    pub async fn table(&self, table: &str) -> Result<Rows> {
        let tables = self.tables().await?;
        if !tables.iter().any(|known| known == table) {
            let near = zoo_registry::names::nearest(table, tables.iter().map(String::as_str));
            let hint = near.first().map_or_else(String::new, |best| format!("; did you mean `{best}`?"));
            return Err(Error::Query { message: format!("there is no table or view `{table}`{hint}") });
        }
        let limits = Limits { rows: usize::MAX, time: Duration::from_secs(600) };
        self.sql_within(&format!("SELECT * FROM {}", name(table)), limits).await
    }

    /// The facts of every model as their TOML gives them, by id.
    ///
    /// # Errors
    /// [`Error::Sqlite`] if the file can no longer be read, [`Error::Content`] if it was edited into nonsense.
    pub async fn descriptors(&self) -> Result<Vec<Descriptor>> {
        let query = sqlx::query!("SELECT id, descriptor_json FROM architecture ORDER BY id");
        let all = query.fetch_all(&self.pool).await.map_err(self.reading())?.into_iter().map(|line| {
            super::parsed(&self.path, &line.descriptor_json, || {
                format!("`architecture.descriptor_json` of `{}`", line.id)
            })
        });
        all.collect()
    }

    /// Hands over statements, a line or more each, that make the catalog anew in an empty database. Search indexes are left out: they
    /// hold nothing that is not in the tables.
    ///
    /// # Errors
    /// [`Error::Sqlite`] if the file can no longer be read, or what `write` returns.
    pub async fn dump<E: From<Error>>(&self, mut write: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let reading = |error| E::from(self.reading()(error));
        write(&format!("PRAGMA foreign_keys = OFF;\nBEGIN;\n{};", schema::marks()))?;
        let tables = sqlx::query_as(
            "SELECT t.name, s.sql FROM pragma_table_list AS t JOIN sqlite_schema AS s ON s.name = t.name AND s.type = 'table'
             WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY s.rowid",
        );
        let tables: Vec<(String, String)> = tables.fetch_all(&self.pool).await.map_err(reading)?;
        for (table, sql) in tables {
            write(&format!("{sql};"))?;
            // Generated columns are hidden; they come by themselves.
            let columns = sqlx::query_scalar("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid");
            let columns: Vec<String> = columns.bind(&table).fetch_all(&self.pool).await.map_err(reading)?;
            let columns: Vec<String> = columns.iter().map(|column| name(column)).collect();
            let values: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
            let select = format!("SELECT {} FROM {}", values.join(" || ', ' || "), name(&table));
            let rows = sqlx::query(AssertSqlSafe(select)).fetch_all(&self.pool).await.map_err(reading)?;
            for row in rows {
                let values: String = row.try_get(0).map_err(reading)?;
                write(&format!("INSERT INTO {} ({}) VALUES ({values});", name(&table), columns.join(", ")))?;
            }
        }
        let rest = sqlx::query_scalar!(
            r#"SELECT sql AS "sql!: String" FROM sqlite_schema WHERE type IN ('index', 'view') AND sql IS NOT NULL ORDER BY rowid"#
        );
        for sql in rest.fetch_all(&self.pool).await.map_err(reading)? {
            write(&format!("{sql};"))?;
        }
        write("COMMIT;")
    }
}

impl Rows {
    /// The rows as RFC 4180 has them, with the line ends of this world. An empty text is quoted, to tell it from the lack of one.
    pub fn csv(&self) -> String {
        let cell = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => cell(text),
            other => other.to_string(),
        };
        let line = |cells: Vec<String>| cells.join(",") + "\n";
        let header = line(self.columns.iter().map(|column| self::cell(column)).collect());
        self.rows.iter().fold(header, |csv, row| csv + &line(row.iter().map(cell).collect()))
    }
}

fn cell(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains([',', '"', '\n', '\r']);
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(cell("a b"), "a b");
        assert_eq!(cell("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(cell(""), "\"\"");
    }

    #[test]
    fn the_lack_of_a_value_is_not_an_empty_text() {
        let row = vec![Value::Null, Value::String(String::new()), 1.5.into()];
        let rows = Rows { columns: vec!["a".into(), "b,c".into(), "d".into()], rows: vec![row], truncated: false };
        assert_eq!(rows.csv(), "a,\"b,c\",d\n,\"\",1.5\n");
    }
}
