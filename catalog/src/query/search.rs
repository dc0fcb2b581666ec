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
            // Those of better tiers may come again, and are not to take the place of others.
            let most = i64::try_from(limit.saturating_add(found.len())).unwrap_or(i64::MAX);
            let more = match place {
                Place::Names(columns) => {
                    let words = format!("{{{columns}}} : ({words})");
                    let query = sqlx::query_scalar!(
                        "SELECT d.architecture FROM search_name CROSS JOIN search_document AS d ON d.id = search_name.rowid
                         WHERE search_name MATCH ?1 ORDER BY search_name.rowid LIMIT ?2",
                        words,
                        most
                    );
                    query.fetch_all(&self.pool).await
                }
                Place::Anywhere => {
                    let query = sqlx::query_scalar!(
                        "SELECT d.architecture FROM search CROSS JOIN search_document AS d ON d.id = search.rowid
                         WHERE search MATCH ?1 ORDER BY search.rowid LIMIT ?2",
                        words,
                        most
                    );
                    query.fetch_all(&self.pool).await
                }
            };
            let more = more.map_err(self.reading())?;
            let new: Vec<_> = more.into_iter().filter(|id| !found.contains(id)).collect();
            found.extend(new);
        }
        found.truncate(limit);
        self.hits(&found).await
    }

    /// Models by their ids, in the order of the ids.
    async fn hits(&self, ids: &[String]) -> Result<Vec<Hit>> {
        let ids = json!(ids).to_string();
        let query = sqlx::query!(
            r#"SELECT a.id, a.name, a.family, a.date, (SELECT max(size) FROM preset WHERE model = a.id) AS "largest: i64",
               a.code OR EXISTS (SELECT 1 FROM preset WHERE model = a.id AND parameters IS NOT NULL) AS "code!: bool", a.summary
             FROM json_each(?1) AS wanted CROSS JOIN architecture AS a ON a.id = wanted.value ORDER BY wanted.key"#,
            ids
        );
        let models = query.fetch_all(&self.pool).await.map_err(self.reading())?;
        let hits = models.into_iter().map(|model| Hit {
            id: model.id,
            name: model.name,
            family: model.family,
            date: model.date,
            parameters: model.largest.map(i64::unsigned_abs),
            code: model.code,
            summary: model.summary,
        });
        Ok(hits.collect())
    }
}
