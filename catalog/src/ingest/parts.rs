//! Building blocks, the code that computes them, and the glossary.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use zoo_registry::{ModuleTree, Record, block, picture, vocabulary};

use super::insert::{every, insert, position};
use super::{Input, terms};
use crate::parts::{self, Sheet};

/// A building block on its way into the file.
struct Part<'a> {
    kind: &'a str,
    id: &'a str,
    position: usize,
    label: &'a str,
    definition: &'a str,
    sheet: Option<&'a Sheet>,
}

/// One table after the other.
pub(super) async fn write(connection: &mut SqliteConnection, input: &Input<'_>) -> Result<(), sqlx::Error> {
    let axes = terms::axes(input);
    let axis = |id: &str| axes.iter().find(|axis| axis.id == id);
    let kinds = parts::kinds().iter().enumerate().collect();
    insert(connection, "part_kind (id, position, axis, title, question)", kinds, |row, (at, kind)| {
        let axis = axis(&kind.id);
        let (title, question) = (kind.title.as_deref(), kind.question.as_deref());
        row.push_bind(&kind.id).push_bind(position(at)).push_bind(axis.map(|axis| axis.id));
        row.push_bind(title.or(axis.map(|axis| axis.title)).unwrap_or(&kind.id));
        row.push_bind(question.or(axis.map(|axis| axis.question)).unwrap_or_default());
    })
    .await?;
    let all = all(&axes);
    write_parts(connection, &all).await?;
    write_code(connection, input, &all).await?;
    let users = all.iter().filter(|part| axis(part.kind).is_none()).flat_map(|part| {
        let users = input.records.iter().filter(|record| has(record, part));
        users.map(move |record| (part, record))
    });
    insert(connection, "part_user (kind, id, architecture)", users.collect(), |row, (part, record)| {
        row.push_bind(part.kind).push_bind(part.id).push_bind(&record.descriptor.id);
    })
    .await?;
    write_words(connection, &axes).await
}

/// Every building block by kind and place: the terms of the kinds that are axes, then what stands on sheets alone.
fn all<'a>(axes: &[terms::Axis<'a>]) -> Vec<Part<'a>> {
    let mut found = Vec::new();
    for kind in parts::kinds() {
        let sheets = || parts::sheets().iter().filter(|sheet| sheet.kind == kind.id);
        let part = |position, id: &'a str, label: &'a str, definition: &'a str| {
            let sheet = sheets().find(|sheet| sheet.id == id);
            Part { kind: &kind.id, id, position, label, definition, sheet }
        };
        match axes.iter().find(|axis| axis.id == kind.id) {
            Some(axis) => {
                let terms = axis.terms.iter().enumerate();
                found.extend(terms.map(|(at, term)| part(at, &term.id, &term.label, &term.definition)));
            }
            None => found.extend(sheets().enumerate().map(|(at, sheet)| {
                let label = sheet.label.as_deref().unwrap_or(&sheet.id);
                part(at, &sheet.id, label, sheet.definition.as_deref().unwrap_or_default())
            })),
        }
    }
    found
}

/// Every building block by its place: `attention/causal`.
pub(super) fn places(input: &Input<'_>) -> Vec<String> {
    all(&terms::axes(input)).iter().map(|part| format!("{}/{}", part.kind, part.id)).collect()
}

async fn write_parts(connection: &mut SqliteConnection, all: &[Part<'_>]) -> Result<(), sqlx::Error> {
    let columns =
        "part (kind, id, position, label, definition, text, modules, equations, time, memory, kept, picture_json)";
    insert(connection, columns, all.iter().collect(), |row, part| {
        let of = |field: fn(&Sheet) -> &Option<String>| part.sheet.and_then(|sheet| field(sheet).as_deref());
        row.push_bind(part.kind).push_bind(part.id).push_bind(position(part.position));
        row.push_bind(part.label).push_bind(part.definition);
        row.push_bind(part.sheet.map_or("", |sheet| &sheet.text));
        row.push_bind(json(part.sheet.map_or(&[], |sheet| &sheet.modules[..])));
        row.push_bind(json(part.sheet.map_or(&[], |sheet| &sheet.equations[..])));
        row.push_bind(of(|sheet| &sheet.time)).push_bind(of(|sheet| &sheet.memory)).push_bind(of(|sheet| &sheet.kept));
        // Plain data: it always becomes JSON.
        let picture = picture::picture(part.kind, part.id);
        row.push_bind(picture.and_then(|picture| serde_json::to_string(&picture).ok()));
    })
    .await?;
    let sheets = || all.iter().filter_map(|part| part.sheet);
    let sources = every(sheets().map(|sheet| (sheet, &sheet.sources[..])));
    insert(connection, "part_source (kind, id, position, reference)", sources, |row, (sheet, at, reference)| {
        row.push_bind(&sheet.kind).push_bind(&sheet.id).push_bind(position(at)).push_bind(reference);
    })
    .await?;
    let see = every(sheets().map(|sheet| (sheet, &sheet.see[..])));
    insert(connection, "part_see (kind, id, position, other_kind, other)", see, |row, (sheet, at, other)| {
        let (kind, id) = other.split_once('/').unwrap_or((other, ""));
        row.push_bind(&sheet.kind).push_bind(&sheet.id).push_bind(position(at)).push_bind(kind).push_bind(id);
    })
    .await?;
    let named = sheets().flat_map(|sheet| sheet.names.iter().map(move |(language, name)| (sheet, language, name)));
    insert(connection, "translation (place, id, language, name)", named.collect(), |row, (sheet, language, name)| {
        row.push_bind(&sheet.kind).push_bind(&sheet.id).push_bind(language).push_bind(name);
    })
    .await
}

async fn write_code(connection: &mut SqliteConnection, input: &Input<'_>, all: &[Part<'_>]) -> Result<(), sqlx::Error> {
    let users = every(input.records.iter().map(|record| (*record, &record.blocks[..])));
    let files: BTreeMap<&str, &str> = users.iter().map(|(.., file)| (file.path.as_str(), file.text.as_str())).collect();
    insert(connection, "block_file (path, text)", files.iter().collect(), |row, (path, text)| {
        row.push_bind(*path).push_bind(*text);
    })
    .await?;
    insert(connection, "block_user (path, architecture)", users, |row, (record, _, file)| {
        row.push_bind(&file.path).push_bind(&record.descriptor.id);
    })
    .await?;
    let named = every(all.iter().filter_map(|part| part.sheet).map(|sheet| (sheet, &sheet.code[..])));
    let found = named.into_iter().filter_map(|(sheet, at, code)| {
        let (path, item) = code.split_once(' ')?;
        let lines = block::lines(files.get(path)?, item)?;
        Some((sheet, at, path, item, lines))
    });
    let columns = "part_code (kind, id, position, path, item, first_line, last_line)";
    insert(connection, columns, found.collect(), |row, (sheet, at, path, item, lines)| {
        row.push_bind(&sheet.kind).push_bind(&sheet.id).push_bind(position(at)).push_bind(path).push_bind(item);
        for line in lines {
            row.push_bind(position(line));
        }
    })
    .await
}

/// Whether a model has a part that no axis asks for: its facts name it, its code builds such a module, or a size says so.
fn has(record: &Record, part: &Part<'_>) -> bool {
    let (facts, place) = (&record.descriptor, format!("{}/{}", part.kind, part.id));
    let Some(sheet) = part.sheet else { return false };
    let answers = |place: &String| {
        let (axis, id) = place.split_once('/').unwrap_or_default();
        facts.taxonomy.get(axis).is_some_and(|terms| terms.iter().any(|term| term == id))
    };
    let configured = |field: &String| facts.sizes().any(|(_, size)| size.config.contains_key(field));
    facts.components.iter().any(|component| component.part.as_ref() == Some(&place))
        || facts.heads.iter().any(|head| head.output.is_some_and(|output| sheet.outputs.contains(&output)))
        || record.sizes.iter().any(|size| holds(&size.modules, &sheet.modules))
        || sheet.answers.iter().any(answers)
        || sheet.config.iter().any(configured)
}

fn holds(module: &ModuleTree, kinds: &[String]) -> bool {
    kinds.contains(&module.kind) || module.children.iter().any(|child| holds(child, kinds))
}

fn json(list: &[String]) -> String {
    serde_json::Value::from(list.to_vec()).to_string()
}

async fn write_words(connection: &mut SqliteConnection, axes: &[terms::Axis<'_>]) -> Result<(), sqlx::Error> {
    let words = || parts::words().iter().enumerate();
    insert(connection, "word (word, position, definition, also, part)", words().collect(), |row, (at, word)| {
        row.push_bind(&word.word).push_bind(position(at)).push_bind(&word.definition);
        row.push_bind(json(&word.also)).push_bind(&word.part);
    })
    .await?;
    let words = words().flat_map(|(_, word)| {
        word.names
            .iter()
            .map(move |(language, name)| ("glossary", word.word.as_str(), language.as_str(), name.as_str()))
    });
    let terms = axes.iter().flat_map(|axis| axis.terms.iter().map(move |term| (axis.id, term.id.as_str())));
    let terms = terms.flat_map(|(axis, term)| {
        vocabulary::names::of(axis, term).into_iter().map(move |(language, name)| (axis, term, language, name))
    });
    let names = words.chain(terms).collect();
    insert(connection, "translation (place, id, language, name)", names, |row, (place, id, language, name)| {
        row.push_bind(place).push_bind(id).push_bind(language).push_bind(name);
    })
    .await
}
