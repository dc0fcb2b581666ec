//! One field on one line, or a list over several.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::order;
use super::scan::has_comment;

/// Longest line of a list, in characters.
const WIDTH: usize = 120;

/// A field as it is to be written. A list with comments in it stays as it is.
pub(super) fn entry(path: &[&str], key: &str, value: &str) -> String {
    let written = format!("{key} = {value}");
    if has_comment(value) {
        return written;
    }
    let Ok(table) = DeTable::parse(&written) else { return written };
    let deeper = |key: &str| path.iter().copied().chain([key]).map(str::to_owned).collect::<Vec<_>>();
    let mut fields = table.get_ref().iter();
    let (Some((_, value)), None) = (fields.next(), fields.next()) else { return written };
    // A dotted key nests tables that are not written as such.
    if key.contains('.') && !key.contains('"') {
        return written;
    }
    let path = deeper(key.trim_matches('"'));
    match value.get_ref() {
        DeValue::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| inline(&path, item, &written)).collect();
            let line = format!("{key} = [{}]", items.join(", "));
            let tables = items.iter().any(|item| item.starts_with('{'));
            if items.len() < 2 || (!tables && line.chars().count() <= WIDTH) {
                return line;
            }
            let lines: String = items.iter().map(|item| format!("  {item},\n")).collect();
            format!("{key} = [\n{lines}]")
        }
        _ => format!("{key} = {}", inline(&path, value, &written)),
    }
}

fn inline(path: &[String], value: &Spanned<DeValue<'_>>, text: &str) -> String {
    match value.get_ref() {
        DeValue::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| inline(path, item, text)).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let parents: Vec<_> = path.iter().map(String::as_str).collect();
            let mut fields: Vec<_> = table.iter().collect();
            fields.sort_by_key(|(key, _)| {
                (order::rank(&parents, key.get_ref().as_ref()).unwrap_or(order::UNRANKED), key.span().start)
            });
            let field = |(key, value): (&Spanned<_>, _)| {
                let name: &str = AsRef::<str>::as_ref(key.get_ref());
                let deeper: Vec<_> = path.iter().cloned().chain([name.to_owned()]).collect();
                format!("{} = {}", &text[key.span()], inline(&deeper, value, text))
            };
            let fields: Vec<_> = fields.into_iter().map(field).collect();
            if fields.is_empty() { "{}".into() } else { format!("{{ {} }}", fields.join(", ")) }
        }
        _ => text[value.span()].to_owned(),
    }
}
