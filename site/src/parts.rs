//! A module tree folded for people: equal layers stand once, with how often they repeat.

use zoo_registry::{ModuleTree, Parameter};

use zoo_registry::descriptor::Component;

/// A module, or a run of equal ones.
#[derive(Debug, Clone)]
pub(crate) struct Part<'a> {
    /// Dotted path with `*` for the index of a repeated layer: `layers.*.attention`.
    pub path: String,
    /// Last name of the path, as people say it: `layers`, or `layers 0–1` where a list holds unequal runs.
    pub name: String,
    /// Type of the module.
    pub kind: &'a str,
    /// How often it stands; 1 for a single module.
    pub times: u64,
    /// Whether it is an element of a list.
    pub listed: bool,
    /// Parameters it holds itself.
    pub own: &'a [Parameter],
    /// Parameters of one of the run, all below it included.
    pub count: u64,
    /// What is inside one of the run.
    pub children: Vec<Part<'a>>,
}

impl<'a> Part<'a> {
    /// Folds a tree.
    pub(crate) fn fold(tree: &'a ModuleTree) -> Self {
        part(tree, String::new(), tree.name.clone())
    }

    /// Every parameter of one of the run, repeated layers inside counted once.
    pub(crate) fn parameters(&self) -> Vec<&'a Parameter> {
        let mut all: Vec<_> = self.own.iter().collect();
        all.extend(self.children.iter().flat_map(Part::parameters));
        all
    }

    /// Whether a list stands in it or below it.
    pub(crate) fn has_list(&self) -> bool {
        (self.listed && !self.children.is_empty()) || self.children.iter().any(Part::has_list)
    }

    /// The module that a component's pattern names, in it or below it.
    pub(crate) fn of_component(&self, component: &Component) -> Option<&Self> {
        if matches(&component.module, &self.path) {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.of_component(component))
    }

    /// The component whose pattern is exactly this path.
    pub(crate) fn component<'c>(&self, components: &'c [Component]) -> Option<(usize, &'c Component)> {
        components.iter().enumerate().find(|(_, component)| matches(&component.module, &self.path))
    }
}

/// Whether a pattern names a folded path; indexes and `*` agree with `*`.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let star = |segment: &str| segment == "*" || (!segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit()));
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('.').collect(), path.split('.').collect());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(a, b)| a == b || (star(a) && star(b)))
}

fn part<'a>(node: &'a ModuleTree, path: String, name: String) -> Part<'a> {
    let count = node.parameter_count();
    let whole = |children| Part {
        path: path.clone(),
        name: name.clone(),
        kind: &node.kind,
        times: 1,
        listed: false,
        own: &node.parameters,
        count,
        children,
    };
    if !is_list(node) {
        return whole(
            node.children.iter().map(|child| part(child, join(&path, &child.name), child.name.clone())).collect(),
        );
    }
    let runs = runs(&node.children);
    let element = |run: &'a [ModuleTree], name: String| Part {
        times: run.len() as u64,
        listed: true,
        ..part(&run[0], join(&path, "*"), name)
    };
    if let [run] = runs[..] {
        return element(run, name);
    }
    let label = |run: &[ModuleTree]| match run {
        [one] => format!("{name} {}", one.name),
        [first, .., last] => format!("{name} {}\u{2013}{}", first.name, last.name),
        [] => name.clone(),
    };
    whole(runs.into_iter().map(|run| element(run, label(run))).collect())
}

/// A list: children are named by index and nothing stands beside them.
fn is_list(node: &ModuleTree) -> bool {
    let indexed = |child: &ModuleTree| !child.name.is_empty() && child.name.bytes().all(|b| b.is_ascii_digit());
    node.parameters.is_empty() && !node.children.is_empty() && node.children.iter().all(indexed)
}

/// Neighbours of equal structure, together.
fn runs(children: &[ModuleTree]) -> Vec<&[ModuleTree]> {
    children.chunk_by(equal).collect()
}

/// Equal in type, parameters and children; the two may differ in their own name.
fn equal(a: &ModuleTree, b: &ModuleTree) -> bool {
    a.kind == b.kind
        && a.parameters == b.parameters
        && a.children.len() == b.children.len()
        && a.children.iter().zip(&b.children).all(|(a, b)| a.name == b.name && equal(a, b))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn leaf(name: &str, kind: &str, shape: &[usize]) -> ModuleTree {
        let parameters = vec![Parameter { name: "weight".into(), shape: shape.to_vec() }];
        ModuleTree { name: name.into(), kind: kind.into(), parameters, children: vec![] }
    }

    pub(crate) fn branch(name: &str, kind: &str, children: Vec<ModuleTree>) -> ModuleTree {
        ModuleTree { name: name.into(), kind: kind.into(), parameters: vec![], children }
    }

    fn layers(widths: &[usize]) -> ModuleTree {
        let layer = |(index, &width): (usize, &usize)| {
            branch(
                &index.to_string(),
                "Layer",
                vec![leaf("up", "Linear", &[width, 3]), leaf("down", "Linear", &[3, width])],
            )
        };
        branch("", "Toy", vec![branch("layers", "Vec", widths.iter().enumerate().map(layer).collect())])
    }

    #[test]
    fn equal_layers_fold_into_one() {
        let tree = layers(&[5, 5, 5]);
        let part = Part::fold(&tree);
        let [stack] = &part.children[..] else { panic!("one stack, found {part:?}") };
        assert_eq!((stack.path.as_str(), stack.times, stack.count), ("layers.*", 3, 30));
        assert_eq!(stack.children[1].path, "layers.*.down");
        assert_eq!(part.count, 90);
    }

    #[test]
    fn unequal_layers_stay_apart() {
        let tree = layers(&[5, 5, 7, 5]);
        let part = Part::fold(&tree);
        let runs: Vec<_> = part.children[0].children.iter().map(|run| (run.name.as_str(), run.times)).collect();
        assert_eq!(runs, [("layers 0\u{2013}1", 2), ("layers 2", 1), ("layers 3", 1)]);
    }

    #[test]
    fn named_siblings_never_fold() {
        let tree = branch("", "Attention", vec![leaf("query", "Linear", &[4, 4]), leaf("key", "Linear", &[4, 4])]);
        assert_eq!(Part::fold(&tree).children.len(), 2);
    }

    #[test]
    fn components_match_by_pattern() {
        assert!(matches("layers.*.attention", "layers.*.attention"));
        assert!(matches("layers.0.attention", "layers.*.attention"));
        assert!(!matches("layers.*", "layers.*.attention"));
        assert!(!matches("*", "embeddings"));
    }
}
