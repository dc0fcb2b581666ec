//! Building blocks with their code and their models, and the glossary.

use std::collections::BTreeMap;

use zoo_registry::record::SourceFile;

use super::Catalog;
use crate::error::{Error, Result};
use crate::view::{BlockFile, CodeLines, Names, PartFacts, PartKind, Parts, WordFacts};

/// The items of each building block, by its kind and id.
fn lists<T>(rows: impl IntoIterator<Item = ((String, String), T)>) -> BTreeMap<(String, String), Vec<T>> {
    let mut lists: BTreeMap<_, Vec<T>> = BTreeMap::new();
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
        let kinds = sqlx::query!("SELECT id, axis, title, question FROM part_kind ORDER BY position");
        let kinds = kinds.fetch_all(&self.pool).await.map_err(self.reading())?;
        let kinds = kinds.into_iter().map(|kind| PartKind {
            parts: parts.remove(&kind.id).unwrap_or_default(),
            is_axis: kind.axis.is_some(),
            id: kind.id,
            title: kind.title,
            question: kind.question,
        });
        let kinds = kinds.collect();
        let users = sqlx::query!("SELECT path, architecture FROM block_user ORDER BY path, architecture");
        let users = users.fetch_all(&self.pool).await.map_err(self.reading())?;
        let files = sqlx::query_as!(SourceFile, "SELECT path, text FROM block_file ORDER BY path");
        let files = files.fetch_all(&self.pool).await.map_err(self.reading())?;
        let file = |source: SourceFile| {
            let users = users.iter().filter(|user| user.path == source.path);
            BlockFile { users: users.map(|user| user.architecture.clone()).collect(), source }
        };
        let blocks = files.into_iter().map(file).collect();
        Ok(Parts { kinds, blocks, words: self.words(&names).await?, names })
    }

    async fn kind_parts(&self, names: &Names) -> Result<BTreeMap<String, Vec<PartFacts>>> {
        let rows = sqlx::query!(
            "SELECT kind, id, label, definition, text, modules, equations, time, memory, kept, picture_json FROM part
             ORDER BY kind, position"
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(self.reading())?;
        let sources = sqlx::query!("SELECT kind, id, reference FROM part_source ORDER BY kind, id, position");
        let sources = sources.fetch_all(&self.pool).await.map_err(self.reading())?;
        let mut sources = lists(sources.into_iter().map(|line| ((line.kind, line.id), line.reference)));
        let see = sqlx::query!("SELECT kind, id, other_kind, other FROM part_see ORDER BY kind, id, position");
        let see = see.fetch_all(&self.pool).await.map_err(self.reading())?.into_iter();
        let mut see = lists(see.map(|line| ((line.kind, line.id), format!("{}/{}", line.other_kind, line.other))));
        let users = sqlx::query!(
            r#"SELECT kind AS "kind!", id AS "id!", architecture AS "user!" FROM part_usage ORDER BY kind, id, architecture"#
        );
        let users = users.fetch_all(&self.pool).await.map_err(self.reading())?;
        let mut users = lists(users.into_iter().map(|line| ((line.kind, line.id), line.user)));
        let code = sqlx::query!(
            r#"SELECT kind, id, path, item, first_line AS "first: u32", last_line AS "last: u32" FROM part_code
             ORDER BY kind, id, position"#
        );
        let code = code.fetch_all(&self.pool).await.map_err(self.reading())?.into_iter().map(|line| {
            let lines = CodeLines { path: line.path, item: line.item, first: line.first, last: line.last };
            ((line.kind, line.id), lines)
        });
        let mut code = lists(code);
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
        let rows = sqlx::query!("SELECT place, id, language, name FROM translation ORDER BY place, id, language");
        let mut names = Names::new();
        for line in rows.fetch_all(&self.pool).await.map_err(self.reading())? {
            names.entry(line.place).or_default().entry(line.id).or_default().insert(line.language, line.name);
        }
        Ok(names)
    }

    async fn words(&self, names: &Names) -> Result<Vec<WordFacts>> {
        let words = sqlx::query!("SELECT word, definition, also, part FROM word ORDER BY position");
        let words = words.fetch_all(&self.pool).await.map_err(self.reading())?.into_iter().map(|line| {
            let also = serde_json::from_str(&line.also).map_err(|error| Error::Content {
                path: self.path.clone(),
                place: format!("`word.also` of `{}`", line.word),
                reason: error.to_string(),
            })?;
            let names = names.get("glossary").and_then(|names| names.get(&line.word)).cloned().unwrap_or_default();
            Ok(WordFacts { word: line.word, definition: line.definition, also, names, part: line.part })
        });
        words.collect()
    }
}
