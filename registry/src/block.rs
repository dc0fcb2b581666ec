//! Shared parts as source: where an item stands in a file, and which files a family's code uses.

use std::collections::BTreeSet;

use crate::record::SourceFile;

/// First and last line of an item, counted from one: its documentation, the item, and for a type what is implemented of it right
/// after. `impl Name` is what is implemented of a type elsewhere in the file. The source is formatted as rustfmt does: an item that is not nested begins and ends in the first column.
pub fn lines(source: &str, item: &str) -> Option<[usize; 2]> {
    let lines: Vec<&str> = source.lines().collect();
    let is_it = |line: &&str| match item.strip_prefix("impl ") {
        Some(of) => line.starts_with("impl") && words(line).any(|word| word == of),
        None => declared(line) == Some(item),
    };
    let at = lines.iter().position(&is_it)?;
    let first = lines[..at].iter().rposition(|line| !is_about_the_next(line)).map_or(0, |before| before + 1);
    let mut last = end(&lines, at);
    // `impl Item` blocks that follow belong to it.
    while let Some(next) = (last + 1..lines.len()).find(|&at| !lines[at].is_empty() && !is_about_the_next(lines[at])) {
        let implements = |line: &str| line.starts_with("impl") && words(line).any(|word| word == item);
        if !implements(lines[next]) {
            break;
        }
        last = end(&lines, next);
    }
    Some([first + 1, last + 1])
}

/// Those of the shared files that a family's sources use, `use crate::blocks::{Mlp, linear}`, and those that these use in turn,
/// `use super::linear`.
pub fn used(sources: &[SourceFile], blocks: Vec<SourceFile>) -> Vec<SourceFile> {
    let mut rest = blocks;
    let mut found: Vec<SourceFile> = Vec::new();
    loop {
        let named = imported(sources, "blocks::").chain(imported(&found, "super::")).map(str::to_owned).collect();
        let (new, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|block| offers(block, &named));
        rest = others;
        if new.is_empty() {
            found.sort_by(|a, b| a.path.cmp(&b.path));
            return found;
        }
        found.extend(new);
    }
}

/// Whether a file declares one of these for others.
fn offers(block: &SourceFile, names: &BTreeSet<String>) -> bool {
    let public = block.text.lines().filter(|line| line.starts_with("pub "));
    public.filter_map(declared).any(|name| names.contains(name))
}

/// The name that a line in the first column declares.
fn declared(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let rest = ["fn ", "struct ", "enum ", "const ", "trait "].iter().find_map(|keyword| line.strip_prefix(keyword))?;
    words(rest).next()
}

/// Names in paths through this module: `blocks::`.
fn imported<'a>(sources: &'a [SourceFile], module: &'a str) -> impl Iterator<Item = &'a str> {
    sources.iter().flat_map(move |source| source.text.split(module).skip(1)).flat_map(|after| {
        match after.strip_prefix('{') {
            Some(list) => words(list.split('}').next().unwrap_or_default()).collect::<Vec<_>>(),
            None => words(after).take(1).collect(),
        }
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

/// Documentation and attributes.
fn is_about_the_next(line: &str) -> bool {
    line.starts_with("///") || line.starts_with("#[")
}

/// The line on which what begins at `at` ends.
fn end(lines: &[&str], at: usize) -> usize {
    let closes = |line: &str| line.starts_with('}') || line.starts_with(')');
    if lines[at].ends_with(';') || lines[at].ends_with('}') {
        return at;
    }
    (at + 1..lines.len()).find(|&end| closes(lines[end]) && !lines[end].ends_with('{')).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//! A file.\n\nuse x;\n\n/// Wide.\n#[derive(Debug)]\npub struct Wide {\n    a: u8,\n}\n\nimpl Wide {\n    fn f() {\n    }\n}\n\n\
                          /// Far.\npub const FAR: f32 =\n    1.0;\n\nfn long(\n    a: u8,\n) -> u8 {\n    a\n}\n\n#[cfg(test)]\nmod tests {}\n";

    #[test]
    fn items_are_found_whole() {
        assert_eq!(lines(SOURCE, "Wide"), Some([5, 14]), "with its documentation, and what is implemented of it");
        assert_eq!(lines(SOURCE, "long"), Some([20, 24]));
        assert_eq!(lines(SOURCE, "impl Wide"), Some([11, 14]));
        assert_eq!(lines(SOURCE, "f"), None, "nested");
        assert_eq!(lines("pub struct Unit;\n", "Unit"), Some([1, 1]));
    }

    #[test]
    fn what_is_imported_is_used() {
        let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
        let blocks = || vec![file("wide.rs", SOURCE), file("narrow.rs", "use super::Wide;\npub struct Deep;\n")];
        let paths = |text: &str| -> Vec<String> {
            used(&[file("mod.rs", text)], blocks()).into_iter().map(|block| block.path).collect()
        };
        let by = |text: &str| paths(text) == ["wide.rs"];
        assert_eq!(paths("use crate::blocks::Deep;"), ["narrow.rs", "wide.rs"], "and what that uses");
        assert!(by("use crate::blocks::{\n    Narrow, Wide,\n};\n") && by("let w = blocks::Wide::new();"));
        assert!(!by("use crate::blocks::Narrow;\nstruct Wide;") && !by("use crate::blocks::{Narrow}; Wide"));
        assert!(!by("use crate::blocks::long;"), "it is private");
    }
}
