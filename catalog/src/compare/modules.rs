//! Two module trees, aligned by path.

use std::collections::BTreeMap;

use zoo_registry::{ModuleTree, Parameter};

/// What stands at one path of one model, and how often; layers of a list may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Type of the module; empty at the root, which is whatever the model is called.
    pub kind: String,
    /// Parameters it holds itself.
    pub own: Vec<Parameter>,
    /// How many of them there are.
    pub times: u64,
}

/// One path of two module trees. The layers of a list share one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleLine {
    /// Dotted, with `*` for the index of a layer: `layers.*.attention`.
    pub path: String,
    /// What each has there; nothing where the path is not in the tree.
    pub has: [Vec<Held>; 2],
    /// Parameters in it and in all below it, over all layers.
    pub parameters: [u64; 2],
    /// Whether everything below it is the same as well.
    pub alike: bool,
}

impl ModuleLine {
    /// Whether both have the same there, whatever stands below.
    pub fn same(&self) -> bool {
        self.has[0] == self.has[1]
    }
}

/// Aligns two trees: every path of either, whole before part, in the order of declaration. A list of layers that both have is not a
/// line of its own.
pub fn modules(trees: [&ModuleTree; 2]) -> Vec<ModuleLine> {
    let mut root = Node::default();
    for (side, tree) in trees.into_iter().enumerate() {
        root.add(tree, side, true);
    }
    let mut lines = Vec::new();
    root.tell("", &mut lines);
    lines
}

/// A module by what tells it from others: its type, and the names and shapes of its own parameters.
type Key = (String, Vec<(String, Vec<usize>)>);

/// One path, with what both trees have there.
#[derive(Default)]
struct Node {
    name: String,
    has: [BTreeMap<Key, u64>; 2],
    parameters: [u64; 2],
    children: Vec<Node>,
}

impl Node {
    fn add(&mut self, tree: &ModuleTree, side: usize, root: bool) {
        let own = tree.parameters.iter().map(|own| (own.name.clone(), own.shape.clone())).collect();
        let kind = if root { String::new() } else { tree.kind.clone() };
        *self.has[side].entry((kind, own)).or_default() += 1;
        self.parameters[side] = self.parameters[side].saturating_add(tree.parameter_count());
        let mut next = 0;
        for child in &tree.children {
            let name = if is_index(&child.name) { "*" } else { &child.name };
            let known = self.children.iter().position(|known| known.name == name);
            let at = known.unwrap_or_else(|| {
                // What only the second tree has stands after what it follows there.
                self.children.insert(next, Self { name: name.to_owned(), ..Self::default() });
                next
            });
            self.children[at].add(child, side, false);
            next = at + 1;
        }
    }

    /// Whether it is nothing but a list, in both trees.
    fn is_list(&self) -> bool {
        let plain = |has: &BTreeMap<Key, u64>| !has.is_empty() && has.keys().all(|(_, own)| own.is_empty());
        let star = |node: &Self| node.name == "*" && node.has.iter().all(|has| !has.is_empty());
        self.has.iter().all(plain) && self.has[0] == self.has[1] && matches!(&self.children[..], [only] if star(only))
    }

    /// Writes its line and those below it; says whether all of it is the same in both.
    fn tell(&self, path: &str, lines: &mut Vec<ModuleLine>) -> bool {
        let root = path.is_empty();
        let silent = root && self.has.iter().all(|has| has.keys().all(|(_, own)| own.is_empty()));
        let at = (!silent && !self.is_list()).then(|| {
            lines.push(ModuleLine {
                path: path.to_owned(),
                has: [0, 1].map(|side| held(&self.has[side])),
                parameters: self.parameters,
                alike: false,
            });
            lines.len() - 1
        });
        let mut alike = self.has[0] == self.has[1];
        for child in &self.children {
            let path = if root { child.name.clone() } else { format!("{path}.{}", child.name) };
            alike &= child.tell(&path, lines);
        }
        if let Some(at) = at {
            lines[at].alike = alike;
        }
        alike
    }
}

fn is_index(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn held(has: &BTreeMap<Key, u64>) -> Vec<Held> {
    let own = |own: &[(String, Vec<usize>)]| {
        own.iter().map(|(name, shape)| Parameter { name: name.clone(), shape: shape.clone() }).collect()
    };
    has.iter().map(|((kind, all), times)| Held { kind: kind.clone(), own: own(all), times: *times }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &str, kind: &str, extent: usize, children: Vec<ModuleTree>) -> ModuleTree {
        let weight = Parameter { name: "weight".into(), shape: vec![extent] };
        let parameters = if extent == 0 { vec![] } else { vec![weight] };
        ModuleTree { name: name.into(), kind: kind.into(), parameters, children }
    }

    fn model(layers: usize, width: usize, also: Option<&str>) -> ModuleTree {
        let layers = (0..layers).map(|at| module(&at.to_string(), "Layer", width, vec![])).collect();
        let mut parts = vec![module("layers", "Vec", 0, layers)];
        parts.extend(also.map(|name| module(name, "Extra", 5, vec![module("inner", "Linear", 1, vec![])])));
        parts.push(module("out", "Linear", 2, vec![]));
        module("", "Toy", 0, parts)
    }

    #[test]
    fn equal_trees_are_alike_throughout() {
        let tree = model(2, 3, Some("extra"));
        let lines = modules([&tree, &tree]);
        assert!(lines.iter().all(|line| line.alike && line.same()));
        let paths: Vec<_> = lines.iter().map(|line| line.path.as_str()).collect();
        assert_eq!(paths, ["layers.*", "extra", "extra.inner", "out"]);
    }

    #[test]
    fn layers_are_counted_and_not_repeated() {
        let lines = modules([&model(2, 3, None), &model(4, 3, None)]);
        let layers = &lines[0];
        assert_eq!((layers.path.as_str(), layers.parameters, layers.alike), ("layers.*", [6, 12], false));
        assert_eq!([0, 1].map(|side| layers.has[side][0].times), [2, 4]);
        assert!(lines[1].alike);
    }

    #[test]
    fn what_only_the_second_has_stands_in_its_place() {
        let lines = modules([&model(2, 3, None), &model(2, 3, Some("extra"))]);
        let told: Vec<_> = lines.iter().map(|line| (line.path.as_str(), line.has[0].is_empty())).collect();
        assert_eq!(told, [("layers.*", false), ("extra", true), ("extra.inner", true), ("out", false)]);
        assert_eq!(lines[1].parameters, [0, 6]);
    }
}
