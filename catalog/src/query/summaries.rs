//! Lists over the whole catalog.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::{QueryBuilder, Sqlite, SqlitePool};
use zoo_registry::descriptor::{Lineage, Source};
use zoo_registry::{CheckFacts, LevelFacts, PlantedFacts, PlantedKind, Status, SuiteFacts};

use crate::view::{ModelSummary, Tally, TermFacts};

/// The index: every architecture by id, or only those of a list.
pub(super) async fn read(pool: &SqlitePool, wanted: Option<&str>) -> Result<Vec<ModelSummary>, sqlx::Error> {
    type Line = (String, String, String, String, String, String, bool, u32, Option<i64>, Option<i64>);
    let lines: Vec<Line> = of(
        wanted,
        "SELECT a.id, a.name, a.kind, a.summary, a.family, a.date, a.code, count(p.id), min(p.size), max(p.size)
         FROM architecture AS a LEFT JOIN preset AS p ON p.model = a.id",
        "a.id",
        "GROUP BY a.id ORDER BY a.id",
    )
    .build_query_as()
    .fetch_all(pool)
    .await?;
    let labs =
        of(wanted, "SELECT architecture, lab FROM architecture_lab", "architecture", "ORDER BY architecture, position");
    let labs: Vec<(String, String)> = { labs }.build_query_as().fetch_all(pool).await?;
    let mut labs = grouped(labs);
    let order = "ORDER BY architecture, axis, position";
    let mut terms = of(wanted, "SELECT architecture, axis, term FROM architecture_term", "architecture", order);
    let terms: Vec<(String, String, String)> = terms.build_query_as().fetch_all(pool).await?;
    let mut terms = grouped(terms.into_iter().map(|(id, axis, term)| (id, (axis, term))));
    let mut tallies = tallies(pool, wanted).await?;
    let summary = |(id, name, kind, summary, family, date, code, presets, least, most): Line| ModelSummary {
        labs: labs.remove(&id).unwrap_or_default(),
        taxonomy: grouped(terms.remove(&id).unwrap_or_default()),
        tally: tallies.remove(&id).unwrap_or_default(),
        parameters: least.zip(most).map(|(least, most)| (least.unsigned_abs(), most.unsigned_abs())),
        id,
        name,
        kind,
        summary,
        family,
        date,
        code,
        presets,
    };
    Ok(lines.into_iter().map(summary).collect())
}

/// Ids as queries take them: a JSON list.
pub(super) fn list<'a>(ids: impl IntoIterator<Item = &'a String>) -> String {
    Value::from_iter(ids.into_iter().map(String::as_str)).to_string()
}

/// A query over all architectures, or over those whose ids stand in `column` and in a list. SQLite would not use an index for both in
/// one.
pub(super) fn of(wanted: Option<&str>, select: &str, column: &str, rest: &str) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(select);
    if let Some(wanted) = wanted {
        query.push(format!(" WHERE {column} IN (SELECT value FROM json_each("));
        query.push_bind(wanted.to_owned()).push("))");
    }
    query.push(" ").push(rest);
    query
}

async fn tallies(pool: &SqlitePool, wanted: Option<&str>) -> Result<BTreeMap<String, Tally>, sqlx::Error> {
    let group = "GROUP BY architecture, status ORDER BY architecture, status";
    let mut query = of(wanted, "SELECT architecture, status, count(*) FROM outcome", "architecture", group);
    let rows: Vec<(String, String, u32)> = query.build_query_as().fetch_all(pool).await?;
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for (architecture, word, count) in rows {
        // A status that is none is told where outcomes are read.
        if let Some(status) = Status::ALL.into_iter().find(|status| status.as_str() == word) {
            tallies.entry(architecture).or_default().add(status, count);
        }
    }
    Ok(tallies)
}

/// Every lineage edge with the id of its child, by child and place in its list; or only those to the ancestors of a list.
pub(super) async fn edges(pool: &SqlitePool, ancestors: Option<&str>) -> Result<Vec<(String, Lineage)>, sqlx::Error> {
    type Edge = (String, i64, String, String, Option<String>, Option<String>, Option<String>, Option<String>);
    let columns = "SELECT architecture, position, ancestor, relation, change, preset_name, date, note FROM lineage";
    let mut edges = of(ancestors, columns, "ancestor", "ORDER BY architecture, position");
    let edges: Vec<Edge> = edges.build_query_as().fetch_all(pool).await?;
    type Row = (String, i64, String, Option<String>, String, Option<String>);
    let columns = "SELECT s.architecture, s.lineage, s.source, s.reference, s.confidence, s.note
                   FROM lineage AS l CROSS JOIN source AS s
                     ON s.architecture = l.architecture AND s.field = 'lineage.' || l.ancestor AND s.lineage = l.position";
    let mut sources = of(ancestors, columns, "l.ancestor", "ORDER BY s.architecture, s.field, s.position");
    let sources: Vec<Row> = sources.build_query_as().fetch_all(pool).await?;
    let source = |(child, at, source, reference, confidence, note): Row| {
        ((child, at), Source { source, reference, confidence, note })
    };
    let mut sources = grouped(sources.into_iter().map(source));
    let edge = |(child, at, id, relation, change, variant, date, note): Edge| {
        let sources = sources.remove(&(child.clone(), at)).unwrap_or_default();
        (child, Lineage { id, relation, change, variant, date, note, sources })
    };
    Ok(edges.into_iter().map(edge).collect())
}

/// The suite: its levels, lowest first, and its checks, by id.
pub(super) async fn suite(pool: &SqlitePool) -> Result<SuiteFacts, sqlx::Error> {
    let version = sqlx::query_scalar!("SELECT version FROM suite").fetch_optional(pool).await?;
    let checks = sqlx::query!("SELECT id, level, statement, method, fix FROM conformance_check ORDER BY id");
    let checks = checks.fetch_all(pool).await?;
    let bugs = sqlx::query!("SELECT check_id, bug FROM conformance_catch ORDER BY check_id, position");
    let mut bugs = grouped(bugs.fetch_all(pool).await?.into_iter().map(|line| (line.check_id, line.bug)));
    let seen = sqlx::query!("SELECT check_id, place FROM conformance_seen ORDER BY check_id, position");
    let mut seen = grouped(seen.fetch_all(pool).await?.into_iter().map(|line| (line.check_id, line.place)));
    let levels = sqlx::query!("SELECT id, name, statement FROM level ORDER BY position").fetch_all(pool).await?;
    let levels = levels.into_iter().map(|level| {
        let demands = checks.iter().filter(|check| check.level.as_ref() == Some(&level.id));
        let checks = demands.map(|check| check.id.clone()).collect();
        LevelFacts { id: level.id, name: level.name, statement: level.statement, checks }
    });
    let levels = levels.collect();
    let checks = checks.into_iter().map(|check| CheckFacts {
        catches: bugs.remove(&check.id).unwrap_or_default(),
        seen: seen.remove(&check.id).unwrap_or_default(),
        id: check.id,
        statement: check.statement,
        method: check.method,
        fix: check.fix,
    });
    let checks = checks.collect();
    Ok(SuiteFacts { version: version.unwrap_or_default(), levels, checks, planted: planted(pool).await? })
}

/// What was planted, in its order, with who caught it.
async fn planted(pool: &SqlitePool) -> Result<Vec<PlantedFacts>, sqlx::Error> {
    let planted = sqlx::query!("SELECT id, kind, area, file, family, what, alone FROM planted ORDER BY position");
    let planted = planted.fetch_all(pool).await?;
    let caught = sqlx::query!("SELECT planted, check_id FROM planted_catch ORDER BY planted, check_id");
    let mut caught = grouped(caught.fetch_all(pool).await?.into_iter().map(|line| (line.planted, line.check_id)));
    let planted = planted.into_iter().filter_map(|bug| {
        Some(PlantedFacts {
            // The table allows no other word.
            kind: PlantedKind::ALL.into_iter().find(|kind| kind.as_str() == bug.kind)?,
            caught_by: caught.remove(&bug.id).unwrap_or_default(),
            id: bug.id,
            area: bug.area,
            file: bug.file,
            family: bug.family,
            what: bug.what,
            alone: bug.alone,
        })
    });
    Ok(planted.collect())
}

/// Id, title and question of every axis, in the vocabulary's order.
pub(super) async fn axes(pool: &SqlitePool) -> Result<Vec<(String, String, String)>, sqlx::Error> {
    let axes = sqlx::query!("SELECT id, title, question FROM axis ORDER BY position").fetch_all(pool).await?;
    Ok(axes.into_iter().map(|axis| (axis.id, axis.title, axis.question)).collect())
}

/// Every term with the id of its axis, each axis in the vocabulary's order.
pub(super) async fn terms(pool: &SqlitePool) -> Result<Vec<(String, TermFacts)>, sqlx::Error> {
    let terms = sqlx::query!("SELECT axis, id, label, definition FROM term ORDER BY axis, position");
    let terms = terms.fetch_all(pool).await?;
    let models = sqlx::query!(
        "SELECT DISTINCT axis, term, architecture FROM architecture_term ORDER BY axis, term, architecture"
    );
    let models = models.fetch_all(pool).await?.into_iter();
    let mut models = grouped(models.map(|line| ((line.axis, line.term), line.architecture)));
    let terms = terms.into_iter().map(|term| {
        let models = models.remove(&(term.axis.clone(), term.id.clone())).unwrap_or_default();
        (term.axis, TermFacts { id: term.id, label: term.label, definition: term.definition, models })
    });
    Ok(terms.collect())
}

/// The values of each key, in order.
pub(super) fn grouped<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut groups = BTreeMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_insert_with(Vec::new).push(value);
    }
    groups
}
