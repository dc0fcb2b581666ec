//! One way to write facts: fields in the schema's order, one value a line, comments where they were.
//!
//! A table keeps the form it was written in, `config = { … }` or `[presets.config]`, and scalars keep their letters. Lists of tables
//! stand one table a line, other lists only where a line would grow too long.

mod layout;
mod order;
mod scan;

use toml::Table;

use super::{Finding, Level};
use scan::Section;

/// The same facts, written the one way.
///
/// # Errors
/// [`Finding`] with the line, if it is not TOML.
pub fn format(file: &str, text: &str) -> Result<String, Finding> {
    let finding = |line, message: &str| Finding {
        level: Level::Error,
        file: file.into(),
        line,
        record: String::new(),
        field: String::new(),
        message: message.trim_end().to_owned(),
    };
    let parse = |text: &str| {
        text.parse::<Table>().map_err(|error| {
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
            finding(line, error.message())
        })
    };
    let before = parse(text)?;
    let formatted = lay_out(text);
    // Whatever a file holds, formatting may not change what it says.
    let same = parse(&formatted).is_ok_and(|after| after == before);
    if same { Ok(formatted) } else { Err(finding(None, "this file cannot be formatted without changing what it says")) }
}

/// Whether a file holds the facts of a model, by the fields that all of them have.
pub fn is_facts(text: &str) -> bool {
    let has = |table: Table| ["id", "family", "taxonomy"].iter().all(|field| table.contains_key(*field));
    text.parse().is_ok_and(has)
}

fn lay_out(text: &str) -> String {
    let scan::Document { top, mut sections, end } = scan::document(text);
    let keys: Vec<_> = places(&sections);
    let mut order: Vec<_> = (0..sections.len()).collect();
    order.sort_by_key(|at| &keys[*at]);
    let mut out = String::new();
    write_lines(&top, &mut out);
    for at in order {
        let section = &mut sections[at];
        let blank = !out.is_empty() && !out.ends_with("\n\n");
        if blank && !(section.header.is_empty() && section.entries.is_empty()) {
            out.push('\n');
        }
        write_section(section, &mut out);
    }
    if !end.is_empty() {
        out.push('\n');
        write_lines(&end, &mut out);
    }
    out
}

/// Where each section goes: for each part of its path the rank of the name, the name where that has no rank, and which of the
/// tables of that name it is.
fn places(sections: &[Section]) -> Vec<Vec<(usize, usize, usize)>> {
    let mut places: Vec<Vec<(usize, usize, usize)>> = Vec::new();
    let mut first_seen: Vec<Vec<String>> = Vec::new();
    for (at, section) in sections.iter().enumerate() {
        let mut place = Vec::new();
        for depth in 0..section.path.len() {
            let names = &section.path[..=depth];
            let parents: Vec<_> = section.path[..depth].iter().map(String::as_str).collect();
            // Tables without a rank stay in the order they were written in.
            let seen = first_seen.iter().position(|known| known == names).unwrap_or_else(|| {
                first_seen.push(names.to_vec());
                first_seen.len() - 1
            });
            let ranked = order::rank(&parents, &names[depth]);
            let earlier = sections[..=at].iter().filter(|other| other.is_array && other.path == names).count();
            place.push((ranked.unwrap_or(order::UNRANKED), if ranked.is_some() { 0 } else { seen }, earlier));
        }
        places.push(place);
    }
    places
}

fn write_section(section: &mut Section, out: &mut String) {
    write_lines(&section.comments, out);
    if !section.header.is_empty() {
        out.push_str(&section.header);
        write_trailing(&section.trailing, out);
    }
    let path: Vec<_> = section.path.iter().map(String::as_str).collect();
    let rank = |key: &str| order::rank(&path, key.split('.').next().unwrap_or(key).trim_matches('"'));
    section.entries.sort_by_key(|entry| rank(&entry.key).unwrap_or(order::UNRANKED));
    for entry in &section.entries {
        write_lines(&entry.comments, out);
        out.push_str(&layout::entry(&path, &entry.key, &entry.value));
        write_trailing(&entry.trailing, out);
    }
}

fn write_lines(lines: &[String], out: &mut String) {
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
}

fn write_trailing(comment: &str, out: &mut String) {
    if !comment.is_empty() {
        out.push_str("  ");
        out.push_str(comment);
    }
    out.push('\n');
}
