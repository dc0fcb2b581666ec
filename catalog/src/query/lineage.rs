//! Where a model comes from and what came of it.

use std::collections::BTreeSet;

use serde_json::json;

use super::Catalog;
use crate::error::Result;
use crate::view::{Ancestry, Kin, LineageEdge};

impl Catalog {
    /// Every ancestor and every descendant of the model with this id, with the edges between them.
    ///
    /// # Errors
    /// [`Error::Sqlite`](crate::Error::Sqlite) if the file can no longer be read.
    pub async fn lineage(&self, id: &str) -> Result<Ancestry> {
        let (up, down) = (self.above(id).await?, self.below(id).await?);
        let edges = up.iter().chain(&down);
        let ids: BTreeSet<&str> = edges.flat_map(|edge| [&*edge.child, &*edge.parent]).chain([id]).collect();
        let ids = json!(ids).to_string();
        let query = sqlx::query_as!(
            Kin,
            r#"SELECT a.id, a.name, a.date, a.code AS "code: bool" FROM json_each(?1) AS wanted
             CROSS JOIN architecture AS a ON a.id = wanted.value ORDER BY a.id"#,
            ids
        );
        let kin = query.fetch_all(&self.pool).await.map_err(self.reading())?;
        Ok(Ancestry { id: id.to_owned(), kin, ancestors: up, descendants: down })
    }

    /// Every edge above a model, however far.
    async fn above(&self, id: &str) -> Result<Vec<LineageEdge>> {
        let query = sqlx::query_as!(
            LineageEdge,
            "WITH RECURSIVE kin (id) AS (
               SELECT ?1 UNION SELECT l.ancestor FROM kin CROSS JOIN lineage AS l ON l.architecture = kin.id)
             SELECT l.architecture AS child, l.ancestor AS parent, l.relation, l.change, l.preset_name AS size, l.date
             FROM kin CROSS JOIN lineage AS l ON l.architecture = kin.id ORDER BY l.architecture, l.position",
            id
        );
        query.fetch_all(&self.pool).await.map_err(self.reading())
    }

    /// Every edge below it.
    async fn below(&self, id: &str) -> Result<Vec<LineageEdge>> {
        let query = sqlx::query_as!(
            LineageEdge,
            "WITH RECURSIVE kin (id) AS (
               SELECT ?1 UNION SELECT l.architecture FROM kin CROSS JOIN lineage AS l ON l.ancestor = kin.id)
             SELECT l.architecture AS child, l.ancestor AS parent, l.relation, l.change, l.preset_name AS size, l.date
             FROM kin CROSS JOIN lineage AS l ON l.ancestor = kin.id ORDER BY l.ancestor, l.architecture, l.position",
            id
        );
        query.fetch_all(&self.pool).await.map_err(self.reading())
    }
}
