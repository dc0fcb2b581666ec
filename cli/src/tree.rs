//! The module tree as text: equal neighbours folded into one line, `layers ×12`.

use zoo_registry::ModuleTree;

use crate::format::{exact, shape};
use crate::shell::Paint;
use crate::table::Table;

/// One line a module, with the shapes of its own parameters and the number of all in it.
pub(crate) fn table(root: &ModuleTree) -> Table {
    let mut lines = Vec::new();
    let whole = Fold { name: root.kind.clone(), first: root, times: 1 };
    whole.walk(&mut lines, "", "");
    let mut table = Table::new(&["module", "type", ">parameters", "shapes"]);
    for Line { module, kind, parameters, shapes } in &lines {
        // The root is named for its type.
        let kind = if *kind == module { "" } else { kind };
        let cells = [(module.as_str(), Paint::Plain), (kind, Paint::Faint), (parameters, Paint::Plain)];
        table.painted([cells[0], cells[1], cells[2], (shapes, Paint::Faint)]);
    }
    table
}

#[derive(Debug)]
struct Line<'a> {
    module: String,
    kind: &'a str,
    parameters: String,
    shapes: String,
}

/// Neighbours that differ in nothing but their index.
struct Fold<'a> {
    name: String,
    first: &'a ModuleTree,
    times: usize,
}

impl<'a> Fold<'a> {
    fn walk(&self, lines: &mut Vec<Line<'a>>, branch: &str, indent: &str) {
        // A list of equal modules takes the line of the list, and shows what is in one of them.
        let (shown, items) = match folds(&self.first.children).as_slice() {
            [all] if all.is_indexed() && self.first.parameters.is_empty() => (all.first, Some(all.times)),
            _ => (self.first, None),
        };
        let times = (self.times > 1).then_some(self.times);
        let times: String = times.into_iter().chain(items).map(|times| format!(" ×{times}")).collect();
        let shapes = shown.parameters.iter().map(|own| format!("{} {}", own.name, shape(&own.shape)));
        lines.push(Line {
            module: format!("{branch}{}{times}", self.name),
            kind: &shown.kind,
            parameters: exact(self.first.parameter_count().saturating_mul(self.times as u64)),
            shapes: shapes.collect::<Vec<_>>().join(", "),
        });
        let inside = folds(&shown.children);
        for (index, fold) in inside.iter().enumerate() {
            let (branch, deeper) = if index + 1 == inside.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            fold.walk(lines, &format!("{indent}{branch}"), &format!("{indent}{deeper}"));
        }
    }

    fn is_indexed(&self) -> bool {
        is_index(&self.first.name)
    }
}

fn folds(children: &[ModuleTree]) -> Vec<Fold<'_>> {
    let mut folds: Vec<Fold<'_>> = Vec::new();
    for child in children {
        match folds.last_mut() {
            Some(fold) if is_index(&child.name) && same(fold.first, child) => fold.times += 1,
            _ => folds.push(Fold { name: child.name.clone(), first: child, times: 1 }),
        }
    }
    for fold in folds.iter_mut().filter(|fold| fold.times > 1) {
        let first: usize = fold.name.parse().unwrap_or(0);
        fold.name = format!("{first}–{}", first + fold.times - 1);
    }
    folds
}

fn is_index(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn same(a: &ModuleTree, b: &ModuleTree) -> bool {
    a.kind == b.kind && a.parameters == b.parameters && a.children == b.children
}

#[cfg(test)]
mod tests {
    use super::*;
    use zoo_registry::Parameter;

    fn module(name: &str, kind: &str, children: Vec<ModuleTree>) -> ModuleTree {
        ModuleTree { name: name.into(), kind: kind.into(), parameters: vec![], children }
    }

    fn linear(name: &str, extents: [usize; 2]) -> ModuleTree {
        let weight = Parameter { name: "weight".into(), shape: extents.to_vec() };
        ModuleTree { parameters: vec![weight], ..module(name, "Linear", vec![]) }
    }

    fn told(root: &ModuleTree) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        Fold { name: root.kind.clone(), first: root, times: 1 }.walk(&mut lines, "", "");
        lines.into_iter().map(|line| (line.module, line.parameters)).collect()
    }

    fn pair(module: &str, parameters: &str) -> (String, String) {
        (module.into(), parameters.into())
    }

    #[test]
    fn equal_layers_are_one_line() {
        let layer = |index: usize| module(&index.to_string(), "Layer", vec![linear("up", [2, 3])]);
        let root = module("", "Toy", vec![module("layers", "Vec", (0..4).map(layer).collect())]);
        assert_eq!(told(&root), [pair("Toy", "24"), pair("└─ layers ×4", "24"), pair("   └─ up", "6")]);
    }

    #[test]
    fn layers_that_differ_stay_apart() {
        let layers = vec![linear("0", [2, 3]), linear("1", [2, 3]), linear("2", [2, 5])];
        let root = module("", "Toy", vec![module("layers", "Vec", layers), linear("out", [1, 1])]);
        let expected = [
            pair("Toy", "23"),
            pair("├─ layers", "22"),
            pair("│  ├─ 0–1 ×2", "12"),
            pair("│  └─ 2", "10"),
            pair("└─ out", "1"),
        ];
        assert_eq!(told(&root), expected);
    }

    #[test]
    fn a_module_alone_is_not_folded() {
        assert_eq!(told(&linear("", [2, 2])), [pair("Linear", "4")]);
    }
}
