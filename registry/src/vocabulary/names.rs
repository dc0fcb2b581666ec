//! What terms are called in other languages, where such a name is in use.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Languages in which terms have names, in the order the file has them: ISO 639-1.
pub const LANGUAGES: [&str; 2] = ["zh", "de"];

type File = BTreeMap<String, BTreeMap<String, [String; LANGUAGES.len()]>>;

fn file() -> &'static File {
    static FILE: LazyLock<File> = LazyLock::new(|| {
        toml::from_str(include_str!("names.toml")).expect("names.toml ships with the crate and a test parses it")
    });
    &FILE
}

/// Names of a term, each with its language.
pub fn of(axis: &str, term: &str) -> Vec<(&'static str, &'static str)> {
    let names = file().get(axis).and_then(|terms| terms.get(term));
    let names = names.into_iter().flat_map(|names| LANGUAGES.into_iter().zip(names.iter().map(String::as_str)));
    names.filter(|(_, name)| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary;

    #[test]
    fn names_are_of_terms_that_exist() {
        for (axis, terms) in file() {
            let known = vocabulary::axis(axis).unwrap_or_else(|| panic!("there is no axis `{axis}`"));
            for (term, names) in terms {
                assert!(known.terms.iter().any(|known| known.id == *term), "`{axis}` has no term `{term}`");
                assert!(names.iter().any(|name| !name.is_empty()), "`{axis}`, `{term}` has no name");
            }
        }
        assert_eq!(of("attention", "causal"), [("zh", "因果注意力"), ("de", "kausale Aufmerksamkeit")]);
        assert_eq!(of("attention", "strided-sparse").len(), 1);
    }

    #[test]
    fn chinese_names_are_chinese() {
        let has_ideograph = |name: &str| name.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
        for (axis, terms) in file() {
            for (term, [chinese, german]) in terms {
                assert!(chinese.is_empty() || has_ideograph(chinese), "`{axis}`, `{term}`: `{chinese}`");
                assert!(!has_ideograph(german), "`{axis}`, `{term}`: `{german}`");
            }
        }
    }
}
