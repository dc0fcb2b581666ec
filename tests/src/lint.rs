//! Test configurations in which nothing can be mistaken for anything else.

use serde_json::{Map, Value};

/// Whether a field of a configuration is a size, by the glossary's naming.
pub(crate) fn is_size(field: &str) -> bool {
    ["n_", "d_", "max_"].iter().any(|prefix| field.starts_with(prefix))
        || ["_size", "_dim", "_len"].iter().any(|suffix| field.ends_with(suffix))
        || field == "channels"
}

/// Sizes that could be mistaken for each other.
pub(crate) fn symmetries(tiny: &Map<String, Value>) -> Vec<String> {
    let number = |field: &str| tiny.get(field).and_then(Value::as_u64);
    let mut problems = Vec::new();
    const STACKS: [&str; 3] = ["n_layers", "n_encoder_layers", "n_decoder_layers"];
    for stack in STACKS.iter().filter(|stack| number(stack).is_some_and(|n| n < 2)) {
        problems.push(format!("`{stack}` is 1: a bug that needs two layers would stay unseen"));
    }
    if let [_, Some(encoder), Some(decoder)] = STACKS.map(number)
        && encoder == decoder
    {
        problems.push(format!("both stacks have {encoder} layers: one could be mistaken for the other"));
    }
    // Layers are a count of modules, not the extent of an axis.
    let sizes = tiny.iter().filter(|(field, _)| is_size(field) && !STACKS.contains(&field.as_str()));
    let mut sizes: Vec<(String, u64)> =
        sizes.filter_map(|(field, size)| Some((field.clone(), size.as_u64()?))).collect();
    if let (Some(width), Some(heads), None) = (number("d_model"), number("n_heads"), number("head_dim")) {
        sizes.push(("d_model / n_heads".to_owned(), width / heads.max(1)));
    }
    for (index, (field, size)) in sizes.iter().enumerate() {
        for (other, _) in sizes[index + 1..].iter().filter(|(_, other)| other == size) {
            problems.push(format!("`{field}` and `{other}` of the tiny configuration are both {size}"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(config: Value) -> Vec<String> {
        symmetries(config.as_object().unwrap())
    }

    #[test]
    fn equal_sizes_are_told() {
        assert!(told(json!({ "d_model": 12, "n_heads": 3, "d_ff": 20, "n_layers": 3 })).is_empty());
        assert_eq!(told(json!({ "d_model": 12, "d_ff": 12 })).len(), 1);
        assert!(told(json!({ "d_model": 16, "n_heads": 4 }))[0].contains("d_model / n_heads"));
        assert!(told(json!({ "n_layers": 1 }))[0].contains("n_layers"));
        assert!(told(json!({ "n_encoder_layers": 2, "n_decoder_layers": 3, "n_heads": 3, "d_model": 12 })).is_empty());
        assert!(told(json!({ "n_encoder_layers": 3, "n_decoder_layers": 3 }))[0].contains("both stacks"));
        assert!(told(json!({ "n_encoder_layers": 2, "n_decoder_layers": 1 }))[0].contains("`n_decoder_layers` is 1"));
    }
}
