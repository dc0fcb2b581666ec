//! How much there is.

use super::Catalog;
use crate::error::Result;
use crate::view::Stats;

impl Catalog {
    /// How much the catalog holds, counted in its tables.
    ///
    /// # Errors
    /// [`Error::Sqlite`](crate::Error::Sqlite) if the file can no longer be read.
    pub async fn stats(&self) -> Result<Stats> {
        let query = sqlx::query_as(
            "SELECT (SELECT count(*) FROM architecture) AS models,
               (SELECT count(*) FROM architecture WHERE code) AS with_code,
               (SELECT count(*) FROM preset) AS sizes,
               (SELECT count(*) FROM preset WHERE parameters IS NOT NULL) AS built,
               (SELECT count(*) FROM preset WHERE stated IS NOT NULL) AS stated,
               (SELECT count(*) FROM preset WHERE counted IS NOT NULL) AS counted,
               (SELECT count(*) FROM architecture_term) AS answers,
               (SELECT count(*) FROM lineage) AS edges,
               (SELECT count(*) FROM paper) AS papers,
               (SELECT count(DISTINCT lab) FROM architecture_lab) AS labs,
               (SELECT count(DISTINCT licence) FROM architecture_licence) AS licences,
               (SELECT count(*) FROM conflict WHERE severity = 'conflict') AS conflicts,
               (SELECT count(*) FROM conflict WHERE severity = 'note') AS notes,
               (SELECT count(*) FROM document) AS documents,
               (SELECT count(*) FROM source) AS sources,
               (SELECT count(*) FROM source WHERE source = 'uncited') AS uncited,
               (SELECT count(*) FROM field_source WHERE NOT sourced) AS unsourced,
               (SELECT count(*) FROM outcome) AS outcomes",
        );
        query.fetch_one(&self.pool).await.map_err(self.reading())
    }
}
