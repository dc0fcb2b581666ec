//! What a scaffold left to be filled in.

use serde_json::Value;
use zoo_registry::Descriptor;

/// What such places begin with.
const MARK: &str = "TODO";

/// Facts that are still placeholders, each with what belongs there.
pub(crate) fn facts(descriptor: &Descriptor) -> Vec<String> {
    let mut found = Vec::new();
    if descriptor.date.starts_with("1900") {
        found.push(format!("`date` is still to be filled in: {} is a placeholder", descriptor.date));
    }
    if let Ok(facts) = serde_json::to_value(descriptor) {
        collect("", &facts, &mut found);
    }
    found
}

/// Lines of the prose that are still to be written.
pub(crate) fn prose(readme: &str) -> Vec<String> {
    let lines = readme.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with(MARK));
    lines.map(|(at, line)| format!("`README.md`, line {}, is still to be written: {}", at + 1, wanted(line))).collect()
}

fn collect(path: &str, value: &Value, found: &mut Vec<String>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::String(text) if text.starts_with(MARK) || text == "todo" => {
            let wanted = wanted(text);
            let colon = if wanted.is_empty() { "" } else { ": " };
            found.push(format!("`{path}` is still to be filled in{colon}{wanted}"));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| collect(&below(&at.to_string()), item, found))
        }
        Value::Object(fields) => fields.iter().for_each(|(name, value)| collect(&below(name), value, found)),
        _ => {}
    }
}

/// What the mark says belongs in its place.
fn wanted(text: &str) -> &str {
    let text = text.trim_start();
    text.strip_prefix(MARK).map_or("", |rest| rest.trim_start_matches(':').trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_with_what_belongs_there() {
        let mut found = Vec::new();
        let facts = serde_json::json!({ "a": "TODO: a name", "b": ["x", "todo"], "c": { "d": "TODO" }, "e": "a TODO" });
        collect("", &facts, &mut found);
        let told = [
            "`a` is still to be filled in: a name",
            "`b.1` is still to be filled in",
            "`c.d` is still to be filled in",
        ];
        assert_eq!(found, told);
        assert_eq!(prose("# X\n\nTODO: what it is\n"), ["`README.md`, line 3, is still to be written: what it is"]);
    }
}
