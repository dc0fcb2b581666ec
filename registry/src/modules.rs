//! The module tree: what a model is made of, with the shape of every parameter, as plain data.

use serde::{Deserialize, Serialize};

/// A module with its parameters and children, in declaration order.
///
/// Costs no tensor: parameters of a model that was never allocated are listed all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleTree {
    /// Field name in the parent; empty at the root.
    pub name: String,
    /// Type of the module: `Bert`, `Linear`, `Vec`, …
    pub kind: String,
    /// Parameters the module holds itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// Modules inside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<ModuleTree>,
}

/// One trainable tensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Field name in its module: `weight`, `bias`, `gamma`, …
    pub name: String,
    /// Extents, as our module holds them.
    pub shape: Vec<usize>,
}

impl Parameter {
    /// Number of elements; saturates instead of overflowing for impossible sizes.
    pub fn count(&self) -> u64 {
        self.shape.iter().fold(1, |product, &extent| product.saturating_mul(extent as u64))
    }
}

impl ModuleTree {
    /// Number of parameters in the module and all below it. Tied matrices exist once, so they count once.
    pub fn parameter_count(&self) -> u64 {
        let own = self.parameters.iter().map(Parameter::count);
        own.chain(self.children.iter().map(Self::parameter_count)).fold(0, u64::saturating_add)
    }

    /// Every parameter with its dotted path, in declaration order: `layers.0.attention.query.weight`.
    pub fn parameters(&self) -> Vec<(String, &Parameter)> {
        let mut found = Vec::new();
        self.collect(&mut String::new(), &mut found);
        found
    }

    /// The module at a dotted path; the empty path is the root.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.')
            .filter(|name| !name.is_empty())
            .try_fold(self, |node, name| node.children.iter().find(|child| child.name == name))
    }

    fn collect<'a>(&'a self, path: &mut String, found: &mut Vec<(String, &'a Parameter)>) {
        let parent = path.len();
        for parameter in &self.parameters {
            found.push((join(path, &parameter.name), parameter));
        }
        for child in &self.children {
            *path = join(path, &child.name);
            child.collect(path, found);
            path.truncate(parent);
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(name: &str, shape: &[usize]) -> ModuleTree {
        ModuleTree {
            name: name.into(),
            kind: "Linear".into(),
            parameters: vec![Parameter { name: "weight".into(), shape: shape.to_vec() }],
            children: vec![],
        }
    }

    #[test]
    fn counts_and_paths() {
        let tree = ModuleTree {
            kind: "Toy".into(),
            children: vec![leaf("up", &[3, 5]), leaf("down", &[5, 3])],
            ..Default::default()
        };
        assert_eq!(tree.parameter_count(), 30);
        assert_eq!(
            tree.parameters().iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(),
            ["up.weight", "down.weight"]
        );
        assert_eq!(tree.at("down").unwrap().parameters[0].shape, [5, 3]);
        assert!(tree.at("down.left").is_none());
    }

    #[test]
    fn impossible_sizes_saturate() {
        assert_eq!(leaf("w", &[usize::MAX, usize::MAX]).parameter_count(), u64::MAX);
    }
}
