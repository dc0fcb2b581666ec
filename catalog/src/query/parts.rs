//! Building blocks with their code and their models, and the glossary.

use std::collections::BTreeMap;

use sqlx::FromRow;
use zoo_registry::record::SourceFile;

use super::Catalog;
use crate::error::{Error, Result};
use crate::view::{BlockFile, CodeLines, Names, PartFacts, PartKind, Parts, WordFacts};

#[derive(FromRow)]
struct Row {
    kind: String,
    id: String,
    label: String,
    definition: String,
    text: String,
    modules: String,
    equations: String,
    time: Option<String>,
    memory: Option<String>,
    kept: Option<String>,
    picture_json: Option<String>,
}

/// Rows by kind and id.
type Lists<T> = BTreeMap<(String, String), Vec<T>>;

fn lists<T>(rows: Vec<((String, String), T)>) -> Lists<T> {
    let mut lists: Lists<T> = BTreeMap::new();
    rows.into_iter().for_each(|(key, item)| lists.entry(key).or_default().push(item));
    lists
}

impl Catalog {
    /// Every building block by kind, in the order they are shown, with the shared code and the words of the glossary.
    ///
    /// # Errors
    /// [`Error::Sqlite`] if the file can no longer be read, [`Error::Content`] if it was edited into nonsense.
    pub async fn parts(&self) -> Result<Parts> {
        let names = self.part_names().await?;
        let mut parts = self.kind_parts(&names).await?;
        let kinds: Vec<(String, Option<String>, String, String)> =
            self.rows("SELECT id, axis, title, question FROM part_kind ORDER BY position").await?;
        let kinds = kinds.into_iter().map(|(id, axis, title, question)| {
            let parts = parts.remove(&id).unwrap_or_default();
            PartKind { id, is_axis: axis.is_some(), title, question, parts }
        });
        let kinds = kinds.collect();
        let users: Vec<(String, String)> =
            self.rows("SELECT path, architecture FROM block_user ORDER BY path, architecture").await?;
        let files: Vec<(String, String)> = self.rows("SELECT path, text FROM block_file ORDER BY path").await?;
        let file = |(path, text): (String, String)| {
            let users = users.iter().filter(|(of, _)| *of == path).map(|(_, user)| user.clone()).collect();
            BlockFile { source: SourceFile { path, text }, users }
        };
        let blocks = files.into_iter().map(file).collect();
        Ok(Parts { kinds, blocks, words: self.words(&names).await?, names })
    }

    async fn kind_parts(&self, names: &Names) -> Result<BTreeMap<String, Vec<PartFacts>>> {
        let columns =
            "SELECT kind, id, label, definition, text, modules, equations, time, memory, kept, picture_json FROM part";
        let rows: Vec<Row> = self.rows(&format!("{columns} ORDER BY kind, position")).await?;
        let two = |rows: Vec<(String, String, String)>| lists(rows.into_iter().map(|(k, i, x)| ((k, i), x)).collect());
        let mut sources =
            two(self.rows("SELECT kind, id, reference FROM part_source ORDER BY kind, id, position").await?);
        let see = "SELECT kind, id, other_kind || '/' || other FROM part_see ORDER BY kind, id, position";
        let mut see = two(self.rows(see).await?);
        let users = "SELECT kind, id, architecture FROM part_usage ORDER BY kind, id, architecture";
        let mut users = two(self.rows(users).await?);
        let code = "SELECT kind, id, path, item, first_line, last_line FROM part_code ORDER BY kind, id, position";
        let code: Vec<(String, String, String, String, u32, u32)> = self.rows(code).await?;
        let line = |(kind, id, path, item, first, last)| ((kind, id), CodeLines { path, item, first, last });
        let mut code = lists(code.into_iter().map(line).collect());
        let mut parts: BTreeMap<String, Vec<PartFacts>> = BTreeMap::new();
        for row in rows {
            let key = (row.kind.clone(), row.id.clone());
            let broken = |column: &str, error: serde_json::Error| Error::Content {
                path: self.path.clone(),
                place: format!("`part.{column}` of `{}/{}`", row.kind, row.id),
                reason: error.to_string(),
            };
            let picture = row.picture_json.as_deref().map(serde_json::from_str).transpose();
            let picture = picture.map_err(|error| broken("picture_json", error))?;
            let equations = serde_json::from_str(&row.equations).map_err(|error| broken("equations", error))?;
            let modules = serde_json::from_str(&row.modules).map_err(|error| broken("modules", error))?;
            parts.entry(row.kind.clone()).or_default().push(PartFacts {
                names: names.get(&row.kind).and_then(|names| names.get(&row.id)).cloned().unwrap_or_default(),
                sources: sources.remove(&key).unwrap_or_default(),
                see: see.remove(&key).unwrap_or_default(),
                users: users.remove(&key).unwrap_or_default(),
                code: code.remove(&key).unwrap_or_default(),
                id: row.id,
                label: row.label,
                definition: row.definition,
                text: row.text,
                equations,
                time: row.time,
                memory: row.memory,
                kept: row.kept,
                modules,
                picture,
            });
        }
        Ok(parts)
    }

    async fn part_names(&self) -> Result<Names> {
        let rows: Vec<(String, String, String, String)> =
            self.rows("SELECT place, id, language, name FROM translation ORDER BY place, id, language").await?;
        let mut names = Names::new();
        for (place, id, language, name) in rows {
            names.entry(place).or_default().entry(id).or_default().insert(language, name);
        }
        Ok(names)
    }

    async fn words(&self, names: &Names) -> Result<Vec<WordFacts>> {
        type Line = (String, String, String, Option<String>);
        let rows: Vec<Line> = self.rows("SELECT word, definition, also, part FROM word ORDER BY position").await?;
        let word = |(word, definition, also, part): Line| {
            let also = serde_json::from_str(&also).map_err(|error| Error::Content {
                path: self.path.clone(),
                place: format!("`word.also` of `{word}`"),
                reason: error.to_string(),
            })?;
            let names = names.get("glossary").and_then(|names| names.get(&word)).cloned().unwrap_or_default();
            Ok(WordFacts { word, definition, also, names, part })
        };
        rows.into_iter().map(word).collect()
    }

    async fn rows<T>(&self, query: &str) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
    {
        sqlx::query_as(sqlx::AssertSqlSafe(query.to_owned())).fetch_all(&self.pool).await.map_err(self.reading())
    }
}
