//! What a name stands for, and which names are near one that stands for nothing.

use std::collections::BTreeMap;

use serde_json::json;
use zoo_registry::names::{glob, is_glob, nearest, normal};
use zoo_registry::vocabulary::labs::Lab;
use zoo_registry::vocabulary::licences::{LicenceName, Openness};

use super::{Catalog, Filter};
use crate::error::Result;
use crate::view::Named;
use crate::words;

/// How many names that are alike in one way are looked at closely.
const CANDIDATES: i64 = 200;

impl Catalog {
    /// The model, and the size if the name says one, that a name stands for: an id, an alias, a name in any language, a Hugging Face
    /// repository. Letter case does not matter. `None` if nothing is called so.
    ///
    /// # Errors
    /// [`Error::Sqlite`](crate::Error::Sqlite) if the file can no longer be read.
    pub async fn resolve(&self, name: &str) -> Result<Option<Named>> {
        let name = normal(name);
        let query = sqlx::query_as!(
            Named,
            "SELECT architecture AS model, preset AS size FROM name WHERE normal = ?1 ORDER BY id LIMIT 1",
            name
        );
        query.fetch_optional(&self.pool).await.map_err(self.reading())
    }

    /// Up to three names that look like what was asked, best first.
    ///
    /// # Errors
    /// [`Error::Sqlite`](crate::Error::Sqlite) if the file can no longer be read.
    pub async fn suggest(&self, asked: &str) -> Result<Vec<String>> {
        let mut near: Vec<String> = Vec::new();
        for alike in words::alike(asked) {
            let query = sqlx::query_scalar!(
                "SELECT n.name FROM name_piece CROSS JOIN name AS n ON n.id = name_piece.rowid WHERE name_piece MATCH ?1
                 ORDER BY name_piece.rowid LIMIT ?2",
                alike,
                CANDIDATES
            );
            near.extend(query.fetch_all(&self.pool).await.map_err(self.reading())?);
        }
        Ok(nearest(asked, near.iter().map(String::as_str)))
    }

    /// Who made the models, and what these labs have become, by id. One that the vocabulary lacks is called by its id.
    ///
    /// # Errors
    /// [`Error::Sqlite`](crate::Error::Sqlite) if the file can no longer be read.
    pub async fn labs(&self) -> Result<Vec<Lab>> {
        let labs = sqlx::query!(r#"SELECT id, coalesce(name, id) AS "name!", country, now FROM lab ORDER BY id"#);
        let names = sqlx::query!("SELECT lab, name, language FROM lab_name ORDER BY lab, position");
        let labs = labs.fetch_all(&self.pool).await.map_err(self.reading())?;
        let mut names_of = names.fetch_all(&self.pool).await.map_err(self.reading())?.into_iter().peekable();
        let mut found = Vec::new();
        for line in labs {
            let (aliases, names) = (Vec::new(), BTreeMap::new());
            let mut lab = Lab { id: line.id, name: line.name, country: line.country, aliases, names, now: line.now };
            while let Some(other) = names_of.next_if(|other| other.lab == lab.id) {
                match other.language {
                    Some(language) => drop(lab.names.insert(language, other.name)),
                    None => lab.aliases.push(other.name),
                }
            }
            found.push(lab);
        }
        Ok(found)
    }

    /// The licences that code and weights of models are under, by id. One that the vocabulary lacks is called by its id.
    ///
    /// # Errors
    /// [`Error::Sqlite`](crate::Error::Sqlite) if the file can no longer be read.
    pub async fn licences(&self) -> Result<Vec<LicenceName>> {
        let query = sqlx::query!(
            r#"SELECT id, coalesce(label, id) AS "label!", coalesce(openness, 'unknown') AS "openness!", note FROM licence ORDER BY id"#
        );
        let lines = query.fetch_all(&self.pool).await.map_err(self.reading())?;
        let openness = |word: &str| Openness::ALL.into_iter().find(|known| known.as_str() == word);
        let licence = |id, label, word: &str, note| LicenceName {
            id,
            label,
            openness: openness(word).unwrap_or(Openness::Unknown),
            note,
        };
        Ok(lines.into_iter().map(|line| licence(line.id, line.label, &line.openness, line.note)).collect())
    }

    /// What a filter's name stands for, as JSON: pairs of a model and a size, or of a model and null. `None` where no name is asked for.
    pub(super) async fn named(&self, filter: &Filter) -> Result<Option<String>> {
        let Some(name) = &filter.name else { return Ok(None) };
        let pairs: Vec<_> = if is_glob(name) {
            let Some(glob) = glob(name) else { return Ok(Some("[]".into())) };
            let query = sqlx::query!("SELECT name, architecture, preset FROM name ORDER BY id");
            let all = query.fetch_all(&self.pool).await.map_err(self.reading())?;
            let fits = all.into_iter().filter(|line| glob.is_match(&line.name));
            fits.map(|line| json!([line.architecture, line.preset])).collect()
        } else {
            self.resolve(name).await?.into_iter().map(|named| json!([named.model, named.size])).collect()
        };
        Ok(Some(json!(pairs).to_string()))
    }
}
