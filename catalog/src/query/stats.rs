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
        let query = sqlx::query_as!(
            Stats,
            r#"SELECT (SELECT count(*) FROM architecture) AS "models!: u32",
               (SELECT count(*) FROM architecture WHERE code) AS "with_code!: u32",
               (SELECT count(*) FROM preset) AS "sizes!: u32",
               (SELECT count(*) FROM preset WHERE parameters IS NOT NULL) AS "built!: u32",
               (SELECT count(*) FROM preset WHERE stated IS NOT NULL) AS "stated!: u32",
               (SELECT count(*) FROM preset WHERE counted IS NOT NULL) AS "counted!: u32",
               (SELECT count(*) FROM architecture_term) AS "answers!: u32",
               (SELECT count(*) FROM lineage) AS "edges!: u32",
               (SELECT count(*) FROM paper) AS "papers!: u32",
               (SELECT count(DISTINCT lab) FROM architecture_lab) AS "labs!: u32",
               (SELECT count(DISTINCT licence) FROM architecture_licence) AS "licences!: u32",
               (SELECT count(*) FROM conflict WHERE severity = 'conflict') AS "conflicts!: u32",
               (SELECT count(*) FROM conflict WHERE severity = 'note') AS "notes!: u32",
               (SELECT count(*) FROM document) AS "documents!: u32",
               (SELECT count(*) FROM source) AS "sources!: u32",
               (SELECT count(*) FROM source WHERE source = 'uncited') AS "uncited!: u32",
               (SELECT count(*) FROM field_source WHERE NOT sourced) AS "unsourced!: u32",
               (SELECT count(*) FROM outcome) AS "outcomes!: u32""#
        );
        query.fetch_one(&self.pool).await.map_err(self.reading())
    }
}
