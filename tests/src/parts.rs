//! Parameters by the kind of part they belong to, as a family's facts name its parts.

use std::collections::BTreeMap;

use burn::tensor::TensorData;

use crate::check::Stop;
use crate::subject::{Subject, Variant};

/// A parameter of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its path.
    pub(crate) path: String,
    /// The index of the layer it is in, where the part stands once a layer; `None` where layers are grouped or share it.
    pub(crate) layer: Option<usize>,
}

/// Every parameter below a component of this kind.
///
/// # Errors
/// Of the configuration.
pub(crate) fn of_kind(subject: &Subject<'_>, variant: &Variant, kind: &str) -> Result<Vec<Part>, Stop> {
    let modules = subject.architecture.modules(&variant.config)?;
    let components = || subject.descriptor().components.iter().filter(|component| component.kind == kind);
    let part = |path: String| {
        let layer = components().find_map(|component| below(&component.module, &path))?;
        Some(Part { path, layer })
    };
    Ok(modules.parameters().into_iter().filter_map(|(path, _)| part(path)).collect())
}

/// Whether a parameter stands below a component, and in which layer.
fn below(module: &str, path: &str) -> Option<Option<usize>> {
    let mut layers = Vec::new();
    let mut found = path.split('.');
    for wanted in module.split('.') {
        let name = found.next()?;
        match (wanted, name.parse().ok()) {
            ("*", Some(index)) => layers.push(index),
            _ if wanted == name => {}
            _ => return None,
        }
    }
    Some(if let [layer] = layers[..] { Some(layer) } else { None })
}

/// The same weights with those that `which` picks changed, number by number.
pub(crate) fn changed(
    weights: &BTreeMap<String, TensorData>,
    which: impl Fn(&str) -> bool,
    change: impl Fn(f32) -> f32,
) -> BTreeMap<String, TensorData> {
    let change = |data: &TensorData| {
        let numbers: Vec<f32> = data.iter::<f32>().map(&change).collect();
        TensorData::new(numbers, data.shape().to_vec())
    };
    let each = weights.iter().map(|(path, data)| (path.clone(), if which(path) { change(data) } else { data.clone() }));
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn stars_are_layers() {
        assert_eq!(below("layers.*.attention", "layers.2.attention.query.weight"), Some(Some(2)));
        assert_eq!(below("layers.*.attention", "layers.2.attention_norm.gamma"), None);
        assert_eq!(below("norm", "norm.gamma"), Some(None));
        assert_eq!(below("layers.*.mlp.up", "layers.2.mlp"), None);
    }
}
