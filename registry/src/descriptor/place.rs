//! From the path of a field to its line in the file.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Problem;

/// Where each field of a TOML file stands.
#[derive(Debug, Clone)]
pub struct Lines {
    root: Node,
}

#[derive(Debug, Clone)]
struct Node {
    line: usize,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Table(Vec<(String, Node)>),
    List(Vec<Node>),
    Text(String),
    Other,
}

/// What a table in a list goes by in paths: `presets.bert-base`, `waivers.order-matters`.
const NAMES: [&str; 3] = ["id", "check", "title"];

impl Lines {
    /// Reads a file. One that is not TOML has no fields.
    pub fn of(text: &str) -> Self {
        let starts = line_starts(text);
        let root = DeTable::parse(text).map_or(Kind::Other, |table| table_kind(table.get_ref(), &starts));
        Self { root: Node { line: 1, kind: root } }
    }

    /// The line, from one, of the field at a dotted path, or of the nearest thing around it that stands in the file.
    ///
    /// `presets.bert-base.hub` and `presets[0].hub` may be the same field; the last part of `taxonomy.attention.causal` is an element
    /// of a list of texts.
    pub fn line(&self, path: &str) -> usize {
        find(&self.root, path)
    }

    /// The problem, with its line.
    pub fn place(&self, problem: Problem) -> Problem {
        Problem { line: problem.line.or_else(|| Some(self.line(&problem.field))), ..problem }
    }
}

/// The line of the byte at `offset`, from one.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    line_starts(text).partition_point(|start| *start <= offset)
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

fn find(node: &Node, path: &str) -> usize {
    let deeper = match &node.kind {
        Kind::Table(fields) => longest(path, fields.iter().map(|(name, node)| (name.as_str(), node))),
        Kind::List(items) => match index(path) {
            Some((at, rest)) => items.get(at).map(|node| (node, rest)),
            None => longest(path, items.iter().filter_map(|item| Some((called(item)?, item)))),
        },
        Kind::Text(_) | Kind::Other => None,
    };
    deeper.map_or(node.line, |(node, rest)| find(node, rest))
}

/// The child whose name is the longest beginning of the path, for ids hold dots too, and the rest of the path.
fn longest<'a, 'p>(path: &'p str, children: impl Iterator<Item = (&'a str, &'a Node)>) -> Option<(&'a Node, &'p str)> {
    let fits = |(name, node): (&'a str, &'a Node)| {
        let rest = path.strip_prefix(name)?;
        let ends = rest.is_empty() || rest.starts_with(['.', '[']);
        (ends && !name.is_empty()).then(|| (name.len(), node, rest.strip_prefix('.').unwrap_or(rest)))
    };
    // Of equals the first counts.
    let best = children.filter_map(fits).reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, node, rest)| (node, rest))
}

fn index(path: &str) -> Option<(usize, &str)> {
    let (number, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((number.parse().ok()?, rest.strip_prefix('.').unwrap_or(rest)))
}

fn called(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Text(text) => Some(text),
        Kind::Table(fields) => NAMES.iter().find_map(|name| {
            let (_, node) = fields.iter().find(|(field, _)| field == name)?;
            called(node)
        }),
        _ => None,
    }
}

fn table_kind(table: &DeTable<'_>, starts: &[usize]) -> Kind {
    let line = |span: Range<usize>| starts.partition_point(|start| *start <= span.start);
    let field = |(name, value): (&Spanned<_>, _)| {
        let kind = kind(value, starts);
        (String::from(AsRef::<str>::as_ref(name.get_ref())), Node { line: line(name.span()), kind })
    };
    Kind::Table(table.iter().map(field).collect())
}

fn kind(value: &Spanned<DeValue<'_>>, starts: &[usize]) -> Kind {
    match value.get_ref() {
        DeValue::Table(table) => table_kind(table, starts),
        DeValue::Array(items) => {
            let line = |span: Range<usize>| starts.partition_point(|start| *start <= span.start);
            let item = |item: &Spanned<_>| Node { line: line(item.span()), kind: kind(item, starts) };
            Kind::List(items.iter().map(item).collect())
        }
        DeValue::String(text) => Kind::Text(text.to_string()),
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"id = "a"
taxonomy = { attention = ["causal"] }

[[presets]]
id = "t5-v1.1-small"
hub = "x/y"

[[presets]]
id = "t5-v1"
[presets.config]
d_model = 8

[sources]
date = [
  { source = "paper", confidence = "high" },
  { source = "uncited", confidence = "sure" },
]
[other]
list = [
  "one",
  "two",
]
"#;

    #[test]
    fn fields_are_found_by_name_and_by_number() {
        let lines = Lines::of(TEXT);
        let line = |path| lines.line(path);
        assert_eq!([line("id"), line("presets.t5-v1.1-small.hub"), line("presets.t5-v1.config.d_model")], [1, 6, 11]);
        assert_eq!([line("presets[1].id"), line("presets[1].config")], [9, 10]);
        assert_eq!([line("sources.date[1].confidence"), line("other.list.two")], [16, 21]);
    }

    #[test]
    fn what_is_not_there_has_the_line_of_what_is_around_it() {
        let lines = Lines::of(TEXT);
        assert_eq!(
            [lines.line("presets.t5-v1.parameters"), lines.line("presets[0]"), lines.line("licence")],
            [8, 4, 1]
        );
        assert_eq!(Lines::of("no = = toml").line("a.b"), 1);
    }
}
