//! Where a model comes from and what came of it.

use std::collections::BTreeSet;

use serde_json::json;

use super::Catalog;
use crate::error::Result;
use crate::view::{Ancestry, Kin, LineageEdge};

/// Every edge above the model `?1`, however far.
const UP: &str = "WITH RECURSIVE kin (id) AS (
   SELECT ?1 UNION SELECT l.ancestor FROM kin CROSS JOIN lineage AS l ON l.architecture = kin.id)
 SELECT l.architecture, l.ancestor, l.relation, l.change, l.preset_name, l.date
 FROM kin CROSS JOIN lineage AS l ON l.architecture = kin.id ORDER BY l.architecture, l.position";

/// Every edge below the model `?1`, however far.
const DOWN: &str = "WITH RECURSIVE kin (id) AS (
   SELECT ?1 UNION SELECT l.architecture FROM kin CROSS JOIN lineage AS l ON l.ancestor = kin.id)
 SELECT l.architecture, l.ancestor, l.relation, l.change, l.preset_name, l.date
 FROM kin CROSS JOIN lineage AS l ON l.ancestor = kin.id ORDER BY l.ancestor, l.architecture, l.position";

impl Catalog {
    /// Every ancestor and every descendant of the model with this id, with the edges between them.
    ///
    /// # Errors
    /// [`Error::Sqlite`](crate::Error::Sqlite) if the file can no longer be read.
    pub async fn lineage(&self, id: &str) -> Result<Ancestry> {
        let (up, down) = (self.edges_of(UP, id).await?, self.edges_of(DOWN, id).await?);
        let edges = up.iter().chain(&down);
        let ids: BTreeSet<&str> = edges.flat_map(|edge| [&*edge.child, &*edge.parent]).chain([id]).collect();
        let query = sqlx::query_as(
            "SELECT a.id, a.name, a.date, a.code FROM json_each(?1) AS wanted
             CROSS JOIN architecture AS a ON a.id = wanted.value ORDER BY a.id",
        );
        let kin: Vec<(String, String, String, bool)> =
            query.bind(json!(ids).to_string()).fetch_all(&self.pool).await.map_err(self.reading())?;
        let kin = kin.into_iter().map(|(id, name, date, code)| Kin { id, name, date, code }).collect();
        Ok(Ancestry { id: id.to_owned(), kin, ancestors: up, descendants: down })
    }

    async fn edges_of(&self, sql: &'static str, id: &str) -> Result<Vec<LineageEdge>> {
        type Line = (String, String, String, Option<String>, Option<String>, Option<String>);
        let lines: Vec<Line> = sqlx::query_as(sql).bind(id).fetch_all(&self.pool).await.map_err(self.reading())?;
        let edge = |(child, parent, relation, change, size, date): Line| LineageEdge {
            child,
            parent,
            relation,
            change,
            size,
            date,
        };
        Ok(lines.into_iter().map(edge).collect())
    }
}
