//! Where values were read: a document, and where in it.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::SqliteConnection;
use zoo_registry::Descriptor;
use zoo_registry::descriptor::Source;

use super::insert::{insert, position};
use super::{Input, facts};

/// A source and what it is the source of: a field, and where it is one of those, a preset or an edge.
struct Provenance<'a> {
    field: String,
    preset: Option<&'a str>,
    lineage: Option<i64>,
    sources: &'a [Source],
}

/// The documents, then who read what in them.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let mut rows = Vec::new();
    for facts in facts(input) {
        let mut positions = BTreeMap::new();
        for Provenance { field, preset, lineage, sources } in provenances(facts) {
            for source in sources {
                let next = positions.entry(field.clone()).or_insert(0_i64);
                rows.push((facts, field.clone(), *next, preset, lineage, source));
                *next += 1;
            }
        }
    }
    let read = |source: &Source| source.reference.as_deref().map(|text| document(text).0.to_owned());
    let names: BTreeSet<_> = rows.iter().filter_map(|(.., source)| read(source)).collect();
    let documents: BTreeMap<_, _> = names.into_iter().zip(1_i64..).collect();
    insert(connection, "document (id, name)", documents.iter().collect(), |row, (name, id)| {
        row.push_bind(*id).push_bind(name);
    })
    .await?;
    let columns = "source (architecture, field, position, preset, lineage, source, reference, confidence, note, document, locator)";
    insert(connection, columns, rows, |row, (facts, field, at, preset, lineage, source)| {
        let read = source.reference.as_deref().map(document);
        row.push_bind(&facts.id).push_bind(field).push_bind(at).push_bind(preset).push_bind(lineage);
        row.push_bind(&source.source)
            .push_bind(&source.reference)
            .push_bind(&source.confidence)
            .push_bind(&source.note);
        row.push_bind(read.map(|(name, _)| documents[name])).push_bind(read.and_then(|(_, locator)| locator));
    })
    .await
}

/// What was read, and where in it: `owner/name@commit: path`, `blog edition, BLOOM`. A reference of another form is a document.
fn document(reference: &str) -> (&str, Option<&str>) {
    let parts = reference.split_once(": ").or_else(|| {
        let (edition, entry) = reference.split_once(", ")?;
        edition.ends_with(" edition").then_some((edition, entry))
    });
    parts.map_or((reference, None), |(name, locator)| (name, Some(locator)))
}

fn provenances(facts: &Descriptor) -> impl Iterator<Item = Provenance<'_>> {
    let fields = facts.sources.iter().map(|(field, sources)| Provenance {
        field: field.clone(),
        preset: None,
        lineage: None,
        sources,
    });
    let sizes = facts.sizes().flat_map(|(list, size)| {
        let of = |field, sources| Provenance { field, preset: Some(&*size.id), lineage: None, sources };
        let stated = size.stated.as_ref().map_or(&[][..], |stated| &stated.sources);
        [of(format!("{list}.{}", size.id), &size.sources[..]), of(format!("{list}.{}.stated", size.id), stated)]
    });
    let lineage = facts.lineage.iter().enumerate().map(|(at, edge)| Provenance {
        field: format!("lineage.{}", edge.id),
        preset: None,
        lineage: Some(position(at)),
        sources: &edge.sources,
    });
    fields.chain(sizes).chain(lineage)
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn a_reference_is_a_document_and_a_place_in_it() {
        assert_eq!(document("a/b@c: README.md#BLOOM: more"), ("a/b@c", Some("README.md#BLOOM: more")));
        assert_eq!(document("blog edition, BLOOM"), ("blog edition", Some("BLOOM")));
        assert_eq!(document("https://kipp.ly/x/"), ("https://kipp.ly/x/", None));
        assert_eq!(
            document("translation of arXiv 2204.02311, table 1"),
            ("translation of arXiv 2204.02311, table 1", None)
        );
    }
}
