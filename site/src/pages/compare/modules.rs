//! Two module trees side by side, folded: what is alike throughout, and what only one has, stands in one line.

use serde::Serialize;
use zoo_catalog::compare::{Held, ModuleLine};

use crate::format::{THIN, grouped, shape};
use crate::words::Words;

/// A line of the tree.
#[derive(Serialize)]
pub(super) struct Row {
    /// Last name of its path, and the path.
    name: String,
    path: String,
    depth: usize,
    /// What each has there; nothing where it lacks it.
    sides: [Option<Side>; 2],
    /// How many modules below are not told, being alike or in one tree only.
    folded: usize,
    same: bool,
}

#[derive(Serialize)]
struct Side {
    kinds: Vec<Kind>,
    parameters: String,
}

#[derive(Serialize)]
struct Kind {
    kind: String,
    /// `× 12`, or nothing.
    times: String,
    own: Vec<String>,
}

pub(super) fn rows(words: &Words, lines: &[ModuleLine]) -> Vec<Row> {
    told(lines).map(|(line, folded)| row(words, line, folded)).collect()
}

/// How many modules differ, those inside another that only one has not counted.
pub(super) fn differences(lines: &[ModuleLine]) -> usize {
    told(lines).filter(|(line, _)| !line.same()).count()
}

/// Lines that are told, each with the number of those below it that are not.
fn told(lines: &[ModuleLine]) -> impl Iterator<Item = (&ModuleLine, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let line = lines.get(at)?;
        at += 1;
        let alone = line.has.iter().any(Vec::is_empty);
        let below = lines[at..].iter().take_while(|other| inside(&other.path, &line.path)).count();
        let folded = if line.alike || alone { below } else { 0 };
        at += folded;
        Some((line, folded))
    })
}

/// Whether a path is below another.
fn inside(path: &str, of: &str) -> bool {
    of.is_empty() || path.strip_prefix(of).is_some_and(|rest| rest.starts_with('.'))
}

fn row(words: &Words, line: &ModuleLine, folded: usize) -> Row {
    let steps: Vec<&str> = line.path.split('.').collect();
    let start = steps.iter().rposition(|step| *step != "*").unwrap_or(0);
    Row {
        name: if line.path.is_empty() { words.say("diff.whole") } else { steps[start..].join(".") },
        depth: steps.iter().filter(|step| **step != "*").count().saturating_sub(1).min(6),
        path: line.path.clone(),
        sides: [0, 1].map(|at| side(line, at)),
        folded,
        same: line.same(),
    }
}

fn side(line: &ModuleLine, at: usize) -> Option<Side> {
    let kind = |held: &Held| Kind {
        kind: held.kind.clone(),
        times: if held.times == 1 { String::new() } else { format!("×{THIN}{}", held.times) },
        own: held.own.iter().map(|own| format!("{} {}", own.name, shape(&own.shape))).collect(),
    };
    let held = &line.has[at];
    (!held.is_empty())
        .then(|| Side { kinds: held.iter().map(kind).collect(), parameters: grouped(line.parameters[at]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str, has: [&[&str]; 2], alike: bool) -> ModuleLine {
        let held = |kinds: &[&str]| {
            kinds.iter().map(|kind| Held { kind: (*kind).to_owned(), own: vec![], times: 1 }).collect()
        };
        ModuleLine { path: path.into(), has: has.map(held), parameters: [0, 0], alike }
    }

    #[test]
    fn what_is_alike_or_alone_is_one_line() {
        let lines = [
            line("embeddings", [&["E"], &["E"]], false),
            line("embeddings.token", [&["T"], &["T"]], true),
            line("embeddings.segment", [&["T"], &[]], false),
            line("layers.*", [&["L"], &["L"]], true),
            line("layers.*.mlp", [&["M"], &["M"]], true),
            line("layers.*.mlp.up", [&["U"], &["U"]], true),
            line("pooler", [&[], &["P"]], false),
            line("pooler.dense", [&[], &["D"]], false),
        ];
        let found: Vec<_> = rows(&Words::english(), &lines)
            .into_iter()
            .map(|row| (row.name, row.depth, row.folded, row.same))
            .collect();
        let told = |name: &str, depth, folded, same| (name.to_owned(), depth, folded, same);
        assert_eq!(
            found,
            [
                told("embeddings", 0, 0, true),
                told("token", 1, 0, true),
                told("segment", 1, 0, false),
                told("layers.*", 0, 2, true),
                told("pooler", 0, 1, false),
            ]
        );
        assert_eq!(differences(&lines), 2);
    }
}
