//! What stands in a file of Rust, and where: its items, and the equations that its comments name.

use serde::Serialize;
use tree_sitter::Node;

use crate::error::Result;
use crate::format::arxiv;
use crate::highlight::Rust;

/// An item of a file, with the functions in it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Item {
    /// `impl Network for Bert`.
    label: String,
    line: usize,
    items: Vec<Item>,
}

/// An equation of a paper, and where it is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Equation {
    /// `Equations 2 to 4`.
    pub(crate) label: String,
    /// On arXiv.
    pub(crate) paper: Option<String>,
    pub(crate) line: usize,
}

/// The items of a file in their order, without imports and declared modules.
pub(crate) fn items(rust: &Rust, source: &str) -> Result<Vec<Item>> {
    let tree = rust.tree(source)?;
    let root = tree.root_node();
    let mut cursor = root.walk();
    Ok(root.named_children(&mut cursor).filter_map(|node| item(node, source)).collect())
}

fn item(node: Node<'_>, source: &str) -> Option<Item> {
    let label = label(node, source)?;
    let mut items = Vec::new();
    if let ("impl_item" | "trait_item", Some(body)) = (node.kind(), node.child_by_field_name("body")) {
        let functions = |inner: &Node<'_>| inner.kind().starts_with("function");
        items.extend(body.named_children(&mut body.walk()).filter(functions).filter_map(|inner| item(inner, source)));
    }
    Some(Item { label, line: node.start_position().row + 1, items })
}

/// What an item is called, if it is one to look for.
fn label(node: Node<'_>, source: &str) -> Option<String> {
    let text = |field: &str| node.child_by_field_name(field)?.utf8_text(source.as_bytes()).ok();
    let keyword = match node.kind() {
        "impl_item" => {
            let of = text("trait").map_or_else(String::new, |name| format!("{name} for "));
            return Some(format!("impl {of}{}", text("type")?));
        }
        "mod_item" => text("body").map(|_| "mod")?,
        "function_item" | "function_signature_item" => "fn",
        "struct_item" => "struct",
        "enum_item" => "enum",
        "trait_item" => "trait",
        "type_item" => "type",
        "const_item" => "const",
        "static_item" => "static",
        "macro_definition" => "macro",
        _ => return None,
    };
    Some(format!("{keyword} {}", text("name")?))
}

/// The equations that comments name, but for those of tests. A comment tells of the line below it, the head of a file of itself. The paper
/// is the one named last before the equation in its comment, or else the first that the head names.
pub(crate) fn equations(source: &str) -> Vec<Equation> {
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let tests = lines.windows(2).position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod "));
    let lines: Vec<(usize, &str)> = (1..).zip(lines).take(tests.unwrap_or(usize::MAX)).collect();
    let mut found: Vec<(bool, Equation)> = Vec::new();
    let mut of_head = None;
    for comment in lines.chunk_by(|(_, one), (_, next)| marker(one) == marker(next)) {
        let Some(kind) = marker(comment[0].1) else { continue };
        let (is_head, last) = (kind == "//!", comment[comment.len() - 1].0);
        let below = lines[last..].iter().find(|(_, line)| is_code(line)).map(|(number, _)| *number);
        let words = words(comment);
        let mut paper = None;
        for (at, (line, word)) in words.iter().enumerate() {
            let rest = &words[at + 1..];
            match *word {
                "arXiv" => {
                    paper = rest.first().map(|(_, id)| *id).filter(|id| arxiv(id).is_some()).or(paper);
                    if is_head {
                        of_head = of_head.or(paper);
                    }
                }
                "Equation" | "equation" | "Equations" | "equations" => {
                    let equation = |numbers: String| Equation {
                        label: format!("{}{} {numbers}", word[..1].to_uppercase(), &word[1..]),
                        paper: paper.or(of_head).map(str::to_owned),
                        line: below.filter(|_| !is_head).unwrap_or(*line),
                    };
                    found.extend(numbers(rest).map(equation).map(|equation| (is_head, equation)));
                }
                _ => {}
            }
        }
    }
    // What the head of a file names and something in it too is computed there.
    let same = |one: &Equation, other: &Equation| one.label == other.label && one.paper == other.paper;
    let below = |one: &Equation| found.iter().any(|(of_head, other)| !of_head && same(one, other));
    let kept = found.iter().filter(|(of_head, equation)| !of_head || !below(equation));
    kept.map(|(_, equation)| equation.clone()).collect()
}

/// What a line begins with that is nothing but a comment.
fn marker(line: &str) -> Option<&'static str> {
    ["//!", "///", "//"].into_iter().find(|marker| line.starts_with(marker))
}

fn is_code(line: &str) -> bool {
    marker(line).is_none() && !line.is_empty() && !line.starts_with("#[")
}

/// Words with their lines, without what stands around them.
fn words<'a>(comment: &[(usize, &'a str)]) -> Vec<(usize, &'a str)> {
    let bare = |word: &'a str| word.trim_matches(|letter: char| !letter.is_alphanumeric());
    let of_line = |&(number, line): &(usize, &'a str)| line.split_whitespace().map(move |word| (number, bare(word)));
    comment.iter().flat_map(of_line).filter(|(_, word)| !word.is_empty()).collect()
}

/// `2 to 4`, where words begin so.
fn numbers(words: &[(usize, &str)]) -> Option<String> {
    let is_number = |at: usize| words.get(at).is_some_and(|(_, word)| word.bytes().all(|byte| byte.is_ascii_digit()));
    let joins = |at: usize| words.get(at).is_some_and(|(_, word)| ["and", "to"].contains(word));
    let mut last = is_number(0).then_some(0)?;
    while joins(last + 1) && is_number(last + 2) {
        last += 2;
    }
    Some(words[..=last].iter().map(|(_, word)| *word).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_stand_in_what_holds_them() {
        let source = "//! A file.\nuse x::y;\nmod other;\n\n/// Wide.\n#[derive(Debug)]\npub struct Wide<T>(T);\n\nimpl<T: Copy> From<T> for Wide<T> {\n    \
                      type A = T;\n\n    /// From it.\n    fn from(it: T) -> Self {\n        fn inner() {}\n        Self(it)\n    }\n}\n\n\
                      const N: &str = \"\nfn no() {}\n\";\n\nmod tests {\n    fn not_shown() {}\n}\n";
        let item = |label: &str, line, items| Item { label: label.into(), line, items };
        let found = items(&Rust::new().unwrap(), source).unwrap();
        let from = item("impl From<T> for Wide<T>", 9, vec![item("fn from", 13, vec![])]);
        let expected =
            [item("struct Wide", 7, vec![]), from, item("const N", 19, vec![]), item("mod tests", 23, vec![])];
        assert_eq!(found, expected);
    }

    /// `Equation 3 of 1607.06450 at 4`.
    fn said(source: &str) -> Vec<String> {
        let said =
            |found: Equation| format!("{} of {} at {}", found.label, found.paper.unwrap_or_default(), found.line);
        equations(source).into_iter().map(said).collect()
    }

    #[test]
    fn an_equation_leads_to_the_line_below_its_comment() {
        let source = "/// Ba et al., arXiv\n/// 1607.06450, §3 equation 3. Four more.\n#[inline]\npub fn norm() {\n    \
                      // Equations 5 to 7 and\n    // 9.\n\n    sum();\n}\n";
        assert_eq!(said(source), ["Equation 3 of 1607.06450 at 4", "Equations 5 to 7 and 9 of  at 8"]);
        assert!(said("//! The equation is old.\nlet equation = 3;\n").is_empty());
    }

    #[test]
    fn the_head_names_the_paper_of_what_names_none() {
        let source = "//! One, arXiv 2404.07143v2, equation 1,\n//! after arXiv 2006.16236.\n\n/// (Equation 8)\nfn f() {}\n\n\
                      /// As arXiv 1706.03762, equation 1.\nfn g() {}\n";
        let expected =
            ["Equation 1 of 2404.07143v2 at 1", "Equation 8 of 2404.07143v2 at 5", "Equation 1 of 1706.03762 at 8"];
        assert_eq!(said(source), expected);
    }

    #[test]
    fn what_a_function_names_too_is_computed_there() {
        let source = "//! arXiv 1706.03762, equation 1 and equation 2.\n\n/// Equation 1.\nfn f() {}\n";
        assert_eq!(said(source), ["Equation 2 of 1706.03762 at 1", "Equation 1 of 1706.03762 at 4"]);
    }

    #[test]
    fn tests_compute_nothing_that_is_looked_for() {
        assert!(said("fn f() {}\n\n#[cfg(test)]\nmod tests {\n    // Equation 4.\n    fn g() {}\n}\n").is_empty());
        assert_eq!(said("#[cfg(test)]\nuse x;\n// Equation 4.\nfn g() {}\n").len(), 1);
    }
}
