//! What a search looks into: every name, and the words of every model.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, SqliteConnection};
use zoo_registry::descriptor::Preset;
use zoo_registry::names::normal;
use zoo_registry::vocabulary::{self, families, labs};
use zoo_registry::{Descriptor, Record};

use super::insert::{Row, insert, position};
use super::{Input, facts};
use crate::words;

/// Names and words, and their indexes merged into one piece each.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    names(connection, input).await?;
    let records: Vec<_> = (1_i64..).zip(by_weight(input)).collect();
    insert(connection, "search_document (id, architecture)", records.clone(), |row, (id, record)| {
        row.push_bind(id).push_bind(&record.descriptor.id);
    })
    .await?;
    let sizes = sizes(input);
    let names = |row: &mut Row<'_>, facts: &Descriptor| {
        let sizes = sizes.get(facts.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        row.push_bind(of_model(facts)).push_bind(of_sizes(sizes)).push_bind(people(facts));
    };
    insert(connection, "search_name (rowid, names, sizes, people)", records.clone(), |row, (id, record)| {
        row.push_bind(id);
        names(row, &record.descriptor);
    })
    .await?;
    insert(connection, "search (rowid, names, sizes, people, prose)", records, |row, (id, record)| {
        row.push_bind(id);
        names(row, &record.descriptor);
        row.push_bind(prose(record));
    })
    .await?;
    for index in ["search", "search_name", "name_piece"] {
        let merge = format!("INSERT INTO {index} ({index}) VALUES ('optimize')");
        sqlx::raw_sql(AssertSqlSafe(merge)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The order in which equally good answers are given: what runs first, then what most others descend from, then by id.
fn by_weight<'a>(input: &Input<'a>) -> Vec<&'a Record> {
    let mut children: BTreeMap<&str, usize> = BTreeMap::new();
    for edge in facts(input).flat_map(|facts| &facts.lineage) {
        *children.entry(&edge.id).or_default() += 1;
    }
    let mut records = input.records.clone();
    records.sort_by_key(|record| {
        let facts = &record.descriptor;
        (Reverse(facts.has_code()), Reverse(children.get(facts.id.as_str()).copied()), &facts.id)
    });
    records
}

/// Every size by the model it is a size of.
fn sizes<'a>(input: &Input<'a>) -> BTreeMap<&'a str, Vec<&'a Preset>> {
    let mut sizes: BTreeMap<&str, Vec<&Preset>> = BTreeMap::new();
    for facts in facts(input) {
        for (_, size) in facts.sizes() {
            sizes.entry(size.of.as_ref().unwrap_or(&facts.id)).or_default().push(size);
        }
    }
    sizes
}

/// One row of `name`. They are numbered as they sort: of one spelling, an id comes before an alias.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a> {
    normal: String,
    rank: usize,
    kind: &'static str,
    name: &'a str,
    architecture: &'a str,
    preset: Option<&'a str>,
    language: Option<&'a str>,
}

async fn names(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let mut names: Vec<Name<'_>> = facts(input).flat_map(of).collect();
    names.sort();
    let mut known = BTreeSet::new();
    names.retain(|name| known.insert((name.normal.clone(), name.architecture, name.preset)));
    let columns = "name (id, name, normal, kind, language, architecture, preset)";
    insert(connection, columns, names.iter().enumerate().collect(), |row, (at, name)| {
        row.push_bind(position(at)).push_bind(name.name).push_bind(&name.normal).push_bind(name.kind);
        row.push_bind(name.language).push_bind(name.architecture).push_bind(name.preset);
    })
    .await?;
    insert(connection, "name_piece (rowid, pieces)", names.iter().enumerate().collect(), |row, (at, name)| {
        row.push_bind(position(at)).push_bind(words::pieces(name.name).join(" "));
    })
    .await
}

fn of(facts: &Descriptor) -> Vec<Name<'_>> {
    let mut names = Vec::new();
    let mut add = |rank, kind, name, architecture, preset, language| {
        names.push(Name { normal: normal(name), rank, kind, name, architecture, preset, language });
    };
    add(0, "id", facts.id.as_str(), facts.id.as_str(), None, None);
    facts.aliases.iter().for_each(|name| add(2, "alias", name, &facts.id, None, None));
    add(4, "name", &facts.name, &facts.id, None, None);
    facts.names.iter().for_each(|(language, name)| add(5, "translation", name, &facts.id, None, Some(language)));
    for (_, size) in facts.sizes() {
        let (model, size_id) = (size.of.as_ref().unwrap_or(&facts.id), Some(size.id.as_str()));
        add(1, "id", &size.id, model, size_id, None);
        size.aliases.iter().for_each(|name| add(2, "alias", name, model, size_id, None));
        size.hub.iter().for_each(|name| add(3, "hub", name, model, size_id, None));
    }
    names
}

fn of_model(facts: &Descriptor) -> String {
    let names = [&facts.id, &facts.name].into_iter().chain(&facts.aliases).chain(facts.names.values());
    joined(names.map(|name| words::name(name)))
}

fn of_sizes(sizes: &[&Preset]) -> String {
    let names = sizes.iter().flat_map(|size| {
        [&size.id].into_iter().chain(&size.aliases).chain(&size.hub).chain(&size.name).map(|name| words::name(name))
    });
    joined(names)
}

fn people(facts: &Descriptor) -> String {
    let labs = facts.labs.iter().flat_map(|id| {
        let known = labs::lab(id).into_iter();
        let names = known.flat_map(|lab| [&lab.name].into_iter().chain(&lab.aliases).chain(lab.names.values()));
        [id].into_iter().chain(names)
    });
    let families = [&facts.family].into_iter().chain(&facts.other_families);
    let families = families.flat_map(|id| [id].into_iter().chain(families::family(id).map(|family| &family.label)));
    let authors = facts.papers.iter().flat_map(|paper| &paper.authors);
    joined(labs.chain(families).chain(authors).map(|text| words::folded(text)))
}

fn prose(record: &Record) -> String {
    let facts = &record.descriptor;
    let own = [&facts.extension, &facts.corpus, &facts.architecture_note, &facts.note, &facts.licence.note];
    let papers = facts.papers.iter().flat_map(|paper| [&paper.title].into_iter().chain(&paper.arxiv));
    let labels = facts.taxonomy.iter().flat_map(|(axis, terms)| {
        let ours = vocabulary::axis(axis).map(|axis| axis.terms.as_slice()).unwrap_or_default();
        let brought = facts.terms.get(axis).map(Vec::as_slice).unwrap_or_default();
        ours.iter().chain(brought).filter(|term| terms.contains(&term.id)).map(|term| &term.label)
    });
    let texts = [&facts.summary].into_iter().chain(own.into_iter().flatten()).chain(&facts.applications);
    joined(texts.chain(papers).chain(labels).chain([&record.readme]).map(|text| words::folded(text)))
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join(" \n")
}
