//! Weaving patches into a source file, as alternatives among which a number chooses at run time.
//!
//! `old` becomes `(match crate::planted::bug() { 7 => new, _ => old })`, so with no number set the file does what it did. A patch in a
//! `const` makes a second constant beside it, and the number chooses where the constant is used.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::catalogue::Place;
use crate::source::{Constant, Source, inside};

/// A number, and what is written at a place when it is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which number switches it on; 0 is nobody's.
    pub number: u32,
    /// Bytes of the file.
    pub at: Range<usize>,
    /// What is written there.
    pub new: String,
}

/// Where the text that a patch replaces stands in a file.
///
/// # Errors
/// Why there is no single place for it.
pub fn place(patch: &Place<'_>, text: &str) -> Result<Range<usize>, String> {
    let code = code(patch.file, text);
    let found: Vec<usize> =
        code.match_indices(patch.old).map(|(at, _)| at).filter(|&at| whole(code, at, patch.old)).collect();
    let at = match (patch.nth, found.as_slice()) {
        (None, [at]) => *at,
        (Some(nth), all) if (1..=all.len()).contains(&nth) => all[nth - 1],
        (None, []) => return Err(format!("`{}` does not stand in {}", patch.old, patch.file)),
        (None, all) => {
            return Err(format!("`{}` stands {} times in {}, say which with `nth`", patch.old, all.len(), patch.file));
        }
        (Some(nth), all) => {
            return Err(format!(
                "`{}` stands {} times in {}, asked for number {nth}",
                patch.old,
                all.len(),
                patch.file
            ));
        }
    };
    Ok(at..at + patch.old.len())
}

/// What comes before a file's tests.
fn code<'a>(file: &str, text: &'a str) -> &'a str {
    let tests = if file.ends_with(".rs") { text.find("\n#[cfg(test)]\nmod tests") } else { None };
    &text[..tests.unwrap_or(text.len())]
}

/// Whether the found text does not begin or end inside of a word.
fn whole(text: &str, at: usize, found: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (before, after) = (text[..at].chars().next_back(), text[at + found.len()..].chars().next());
    !(word(before) && word(found.chars().next()) || word(after) && word(found.chars().next_back()))
}

/// Weaves all edits of one file into its text.
///
/// # Errors
/// What cannot be woven: what is no expression, or overlaps another.
pub fn weave(text: &str, edits: &[Edit]) -> Result<String, String> {
    let source = Source::parse(text)?;
    let constant_of = |at: &Range<usize>| source.constants.iter().find(|constant| inside(&constant.whole, at));
    let mut choices: Vec<Choice> = Vec::new();
    for edit in edits.iter().filter(|edit| constant_of(&edit.at).is_none()) {
        if !source.expressions.contains(&edit.at) {
            return Err(format!("`{}` is no expression where it stands", &text[edit.at.clone()]));
        }
        add(&mut choices, Kind::Expression, edit.at.clone(), edit.number, edit.new.clone());
    }
    for constant in &source.constants {
        let inner: Vec<&Edit> = edits.iter().filter(|edit| inside(&constant.whole, &edit.at)).collect();
        if !inner.is_empty() {
            choose_among(constant, &inner, text, &source, &mut choices)?;
        }
    }
    // The outer before the inner.
    choices.sort_by_key(|choice| (choice.at.start, std::cmp::Reverse(choice.at.end)));
    for (n, a) in choices.iter().enumerate() {
        let crosses = |b: &&Choice| b.at.start < a.at.end && b.at.end > a.at.end;
        if let Some(b) = choices[n + 1..].iter().find(crosses) {
            return Err(format!("`{}` overlaps `{}`", &text[a.at.clone()], &text[b.at.clone()]));
        }
    }
    let woven = written(text, 0..text.len(), &mut choices.into_iter().peekable(), &source);
    Ok(woven + "\n")
}

/// One place with what may stand there.
struct Choice {
    at: Range<usize>,
    news: Vec<(u32, String)>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An expression in place of another.
    Expression,
    /// A constant in place of another: chosen by reference, so that it may be borrowed for ever.
    Constant,
    /// Follows the text that stands there.
    After,
}

fn add(choices: &mut Vec<Choice>, kind: Kind, at: Range<usize>, number: u32, new: String) {
    match choices.iter_mut().find(|choice| choice.at == at && choice.kind == kind) {
        Some(choice) => choice.news.push((number, new)),
        None => choices.push(Choice { at, news: vec![(number, new)], kind }),
    }
}

/// A second constant for each number, and a choice at each use of the first.
fn choose_among(
    constant: &Constant,
    edits: &[&Edit],
    text: &str,
    source: &Source,
    choices: &mut Vec<Choice>,
) -> Result<(), String> {
    let Constant { name, name_at, whole } = constant;
    let mut by_number: BTreeMap<u32, Vec<&Edit>> = BTreeMap::new();
    for edit in edits {
        by_number.entry(edit.number).or_default().push(edit);
    }
    let mut others = String::new();
    for (number, edits) in &mut by_number {
        edits.sort_by_key(|edit| edit.at.start);
        let head = text[whole.start..name_at.start].lines().filter(|line| !line.trim_start().starts_with("//"));
        others += &format!("\n#[allow(dead_code)]\n{}{name}__{number}", head.collect::<String>());
        let mut at = name_at.end;
        for edit in edits {
            others += &text[at..edit.at.start];
            others += &edit.new;
            at = edit.at.end;
        }
        others += &text[at..whole.end];
    }
    choices.push(Choice { at: whole.clone(), news: vec![(0, others)], kind: Kind::After });
    let in_constants = |at: &Range<usize>| source.constants.iter().any(|constant| inside(&constant.whole, at));
    let uses = source.names.iter().filter(|(found, at)| found == name && !in_constants(at));
    let mut n = 0;
    for (_, at) in uses.filter(|(_, at)| source.expressions.contains(at)) {
        n += 1;
        for number in by_number.keys() {
            add(choices, Kind::Constant, at.clone(), *number, format!("{name}__{number}"));
        }
    }
    if n == 0 {
        return Err(format!("the constant `{name}` is used by no expression of its file; plant where it is used"));
    }
    Ok(())
}

fn written(
    text: &str,
    within: Range<usize>,
    choices: &mut std::iter::Peekable<std::vec::IntoIter<Choice>>,
    source: &Source,
) -> String {
    let mut out = String::new();
    let mut at = within.start;
    while let Some(choice) = choices.next_if(|choice| choice.at.end <= within.end) {
        out += &text[at..choice.at.start];
        at = choice.at.end;
        let old = written(text, choice.at.clone(), choices, source);
        if choice.kind == Kind::After {
            out += &old;
            out.extend(choice.news.into_iter().map(|(_, new)| new));
            continue;
        }
        if source.shorthands.contains(&choice.at) {
            out += &format!("{old}: ");
        }
        let (through, by) = if choice.kind == Kind::Constant { ("*", "&") } else { ("", "") };
        out += &format!("({through}match crate::planted::bug() {{ ");
        out.extend(choice.news.into_iter().map(|(number, new)| format!("{number} => {by}{new}, ")));
        out += &format!("_ => {by}{old} }})");
    }
    out + &text[at..within.end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits(text: &str, list: &[(&str, &str)]) -> Vec<Edit> {
        let edit = |(n, (old, new)): (usize, &(&str, &str))| {
            let start = text.find(old).unwrap();
            Edit { number: n as u32 + 1, at: start..start + old.len(), new: (*new).to_owned() }
        };
        list.iter().enumerate().map(edit).collect()
    }

    #[test]
    fn edits_nest_and_share_a_place() {
        let text = "fn f(x: f64) -> f64 { g(x * 2.0) + 1.0 }";
        let woven =
            weave(text, &edits(text, &[("x * 2.0", "x"), ("x * 2.0", "-x"), ("2.0", "3.0"), ("1.0", "0.0")])).unwrap();
        let inner = "x * (match crate::planted::bug() { 3 => 3.0, _ => 2.0 })";
        let left = format!("(match crate::planted::bug() {{ 1 => x, 2 => -x, _ => {inner} }})");
        let right = "(match crate::planted::bug() { 4 => 0.0, _ => 1.0 })";
        assert_eq!(woven.trim(), format!("fn f(x: f64) -> f64 {{ g({left}) + {right} }}"));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let text = "fn f(a: i32) -> i32 { 2 * a + 1 }";
        // `a + 1` reads like one, but `2 * a` is what is added to.
        assert!(weave(text, &edits(text, &[("a + 1", "a")])).unwrap_err().contains("no expression"));
        assert!(weave(text, &edits(text, &[("a: i32", "a: i64")])).is_err());
    }

    #[test]
    fn constants_are_chosen_where_they_are_used() {
        let text = "/// Said.\nconst EPS: f64 = 1e-5;\nfn f() -> (f64, f64) { (EPS, 2.0 * EPS) }";
        let woven = weave(text, &edits(text, &[("1e-5", "1e-6")])).unwrap();
        assert!(woven.contains("const EPS: f64 = 1e-5;\n#[allow(dead_code)]\nconst EPS__1: f64 = 1e-6;"), "{woven}");
        let used = "(*match crate::planted::bug() { 1 => &EPS__1, _ => &EPS })";
        assert!(woven.contains(&format!("({used}, 2.0 * {used})")), "{woven}");
    }

    #[test]
    fn a_field_that_is_its_own_name_gets_a_colon() {
        let text = "fn f(n: u8) -> S { S { n } }";
        let at = text.rfind("n }").unwrap();
        let woven = weave(text, &[Edit { number: 1, at: at..at + 1, new: "2".into() }]).unwrap();
        assert!(woven.contains("S { n: (match crate::planted::bug() { 1 => 2, _ => n }) }"), "{woven}");
    }

    #[test]
    fn a_patch_has_one_place() {
        let patch = |old, nth| Place { file: "x.rs", old, nth, new: "" };
        let text = "n + n_heads + n\n\n#[cfg(test)]\nmod tests { n }";
        assert_eq!(place(&patch("n_heads", None), text).unwrap(), 4..11);
        assert!(place(&patch("n", None), text).unwrap_err().contains("2 times"));
        assert_eq!(place(&patch("n", Some(2)), text).unwrap(), 14..15);
        assert!(place(&patch("n", Some(3)), text).unwrap_err().contains("asked for number 3"));
    }
}
