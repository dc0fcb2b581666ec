//! What the catalog said before, and what it says now as it is compared with others.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};
use sqlx::SqliteConnection;

use super::{Catalog, parsed, reading};
use crate::error::Result;
use crate::history::{Catalogued, Found, Said, changes};
use crate::schema;
use crate::view::{Change, Revision};

impl Catalog {
    /// What this catalog and those before it said anew, the oldest revision first. Empty where nobody kept record.
    ///
    /// # Errors
    /// [`Error::Sqlite`](crate::Error::Sqlite) if the file can no longer be read, [`Error::Content`](crate::Error::Content) if it was edited
    /// into nonsense.
    pub async fn history(&self) -> Result<Vec<Revision>> {
        let mut connection = self.pool.acquire().await.map_err(self.reading())?;
        revisions(&mut connection, &self.path).await
    }

    /// What this catalog says otherwise than another one, which may be of any earlier version of zoo.
    ///
    /// # Errors
    /// As [`Self::history`], of either file; and whatever [`Self::open`] says of the other.
    pub async fn changes_since(&self, earlier: &Path) -> Result<Vec<Change>> {
        let mut connection = schema::upgraded(earlier).await?;
        let before = said(&mut connection, earlier).await?;
        let mut connection = self.pool.acquire().await.map_err(self.reading())?;
        Ok(changes(&before, &said(&mut connection, &self.path).await?))
    }
}

/// The revisions that a catalog knows of, the oldest first.
pub(crate) async fn revisions(connection: &mut SqliteConnection, path: &Path) -> Result<Vec<Revision>> {
    let failed = |source| reading(path, source);
    let lines = sqlx::query!("SELECT date, models FROM revision ORDER BY date").fetch_all(&mut *connection).await;
    let revision = |date: String, models: i64| {
        let models = usize::try_from(models).unwrap_or_default();
        (date.clone(), Revision { date, models, changes: Vec::new() })
    };
    let mut revisions: BTreeMap<String, Revision> =
        lines.map_err(failed)?.into_iter().map(|line| revision(line.date, line.models)).collect();
    let lines = sqlx::query!(
        "SELECT revision, architecture, field, before, after FROM change ORDER BY revision, architecture, field"
    );
    for line in lines.fetch_all(&mut *connection).await.map_err(failed)? {
        let Some(revision) = revisions.get_mut(&line.revision) else { continue };
        let place = || format!("`change` of `{}` on {}, field `{}`", line.architecture, line.revision, line.field);
        let value = |text: &Option<String>| text.as_deref().map(|text| parsed(path, text, place)).transpose();
        revision.changes.push(Change {
            before: value(&line.before)?,
            after: value(&line.after)?,
            model: line.architecture,
            field: line.field,
        });
    }
    Ok(revisions.into_values().collect())
}

/// All that is compared with other catalogs.
pub(crate) async fn said(connection: &mut SqliteConnection, path: &Path) -> Result<Catalogued> {
    let failed = |source| reading(path, source);
    let mut all = Catalogued::new();
    let lines = sqlx::query!(r#"SELECT id, name, code AS "code: bool", descriptor_json FROM architecture"#);
    for line in lines.fetch_all(&mut *connection).await.map_err(failed)? {
        let mut record: Map<String, Value> =
            parsed(path, &line.descriptor_json, || format!("`architecture.descriptor_json` of `{}`", line.id))?;
        record.insert("code".into(), line.code.into());
        all.insert(line.id, Said { name: line.name, record: record.into(), outcomes: [].into() });
    }
    let lines = sqlx::query!(
        r#"SELECT architecture, id, parameters AS "parameters!" FROM preset WHERE parameters IS NOT NULL"#
    );
    for line in lines.fetch_all(&mut *connection).await.map_err(failed)? {
        let Some(said) = all.get_mut(&line.architecture) else { continue };
        let presets = said.record.get_mut("presets").and_then(Value::as_array_mut).into_iter().flatten();
        for preset in presets.filter(|preset| preset["id"] == line.id.as_str()) {
            preset["built_parameters"] = line.parameters.into();
        }
    }
    let lines = sqlx::query!("SELECT architecture, check_id, device, status, error FROM outcome");
    for line in lines.fetch_all(&mut *connection).await.map_err(failed)? {
        let Some(said) = all.get_mut(&line.architecture) else { continue };
        said.outcomes.insert((line.check_id, line.device), Found { status: line.status, error: line.error });
    }
    Ok(all)
}
