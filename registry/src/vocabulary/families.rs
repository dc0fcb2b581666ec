//! The families of families, as people speak of them.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// A group of models that share a line of descent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyName {
    /// Kebab-case id: `bert`, `diffusion`.
    pub id: String,
    /// Name for people.
    pub label: String,
}

#[derive(Deserialize)]
struct File {
    families: Vec<FamilyName>,
}

/// Every family that a record of ours names, sorted by id.
pub fn families() -> &'static [FamilyName] {
    static FAMILIES: LazyLock<Vec<FamilyName>> = LazyLock::new(|| {
        toml::from_str::<File>(include_str!("families.toml"))
            .expect("families.toml ships with the crate and a test parses it")
            .families
    });
    &FAMILIES
}

/// The family with this id.
pub fn family(id: &str) -> Option<&'static FamilyName> {
    families().iter().find(|family| family.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_sorted_and_labelled() {
        assert!(families().is_sorted_by(|a, b| a.id < b.id), "sorted by id, each once");
        assert!(families().iter().all(|family| !family.label.trim().is_empty()));
    }
}
