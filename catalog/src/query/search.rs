//! Models by words: names first, then whoever made them, then what is written of them.

use serde_json::json;

use super::Catalog;
use crate::error::Result;
use crate::view::Hit;
use crate::words;

/// Where words are looked for.
#[derive(Clone, Copy)]
enum Place {
    /// In these columns of the index of names.
    Names(&'static str),
    /// Anywhere.
    Anywhere,
}

/// Where words are looked for, and whether they may be the beginnings of longer ones; better answers come first.
const TIERS: [(Place, bool); 4] = [
    (Place::Names("names"), false),
    (Place::Names("names"), true),
    (Place::Names("names sizes people"), true),
    (Place::Anywhere, true),
];

impl Catalog {
    /// Models in which every word of `text` occurs, best first: in their names, in those of their sizes and makers, in what is written
    /// of them. Of equally good ones, those with code come first, then those that most others descend from.
    ///
    /// Letter case, accents, `ß` and punctuation do not matter, words may be given by their beginning, and of Chinese, Japanese and
    /// Korean any part of a word will do.
    ///
    /// # Errors
    /// [`Error::Sqlite`](crate::Error::Sqlite) if the file can no longer be read.
    pub async fn search(&self, text: &str, limit: usize) -> Result<Vec<Hit>> {
        let mut found: Vec<String> = Vec::new();
        found.extend(self.resolve(text).await?.map(|named| named.model));
        for (place, beginnings) in TIERS {
            let words = words::wanted(text, beginnings).join(" AND ");
            if words.is_empty() || found.len() >= limit {
                break;
            }
            let (sql, expression) = match place {
                Place::Names(columns) => (
                    "SELECT d.architecture FROM search_name CROSS JOIN search_document AS d ON d.id = search_name.rowid
                     WHERE search_name MATCH ?1 ORDER BY search_name.rowid LIMIT ?2",
                    format!("{{{columns}}} : ({words})"),
                ),
                Place::Anywhere => (
                    "SELECT d.architecture FROM search CROSS JOIN search_document AS d ON d.id = search.rowid
                     WHERE search MATCH ?1 ORDER BY search.rowid LIMIT ?2",
                    words,
                ),
            };
            let query = sqlx::query_as(sql);
            // Those of better tiers may come again, and are not to take the place of others.
            let most = i64::try_from(limit.saturating_add(found.len())).unwrap_or(i64::MAX);
            let more: Vec<(String,)> =
                query.bind(expression).bind(most).fetch_all(&self.pool).await.map_err(self.reading())?;
            let new: Vec<_> = more.into_iter().map(|(id,)| id).filter(|id| !found.contains(id)).collect();
            found.extend(new);
        }
        found.truncate(limit);
        self.hits(&found).await
    }

    /// Models by their ids, in the order of the ids.
    async fn hits(&self, ids: &[String]) -> Result<Vec<Hit>> {
        type Line = (String, String, String, String, Option<i64>, bool, String);
        let query = sqlx::query_as(
            "SELECT a.id, a.name, a.family, a.date, (SELECT max(size) FROM preset WHERE model = a.id),
               a.code OR EXISTS (SELECT 1 FROM preset WHERE model = a.id AND parameters IS NOT NULL), a.summary
             FROM json_each(?1) AS wanted CROSS JOIN architecture AS a ON a.id = wanted.value ORDER BY wanted.key",
        );
        let lines: Vec<Line> =
            query.bind(json!(ids).to_string()).fetch_all(&self.pool).await.map_err(self.reading())?;
        let hit = |(id, name, family, date, largest, code, summary): Line| Hit {
            id,
            name,
            family,
            date,
            parameters: largest.map(i64::unsigned_abs),
            code,
            summary,
        };
        Ok(lines.into_iter().map(hit).collect())
    }
}
