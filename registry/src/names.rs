//! Names people type: ids, aliases, Hugging Face repositories, globs, and the nearest name when none fits.

use globset::{GlobBuilder, GlobMatcher};

/// Up to three of `known` that look like `asked`, best first.
pub fn nearest<'a>(asked: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let asked = asked.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .map(|name| {
            let lower = name.to_lowercase();
            let contains = !asked.is_empty() && (lower.contains(&asked) || asked.contains(&lower)) && lower.len() > 2;
            (strsim::jaro_winkler(&asked, &lower).max(if contains { 0.85 } else { 0.0 }), name)
        })
        .filter(|(score, _)| *score >= 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// Whether `pattern` is a glob rather than a name.
pub fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '{'])
}

/// A shell-like pattern over whole names, letter case aside: `bert-*`, `gpt2{,-xl}`. `None` if it does not parse.
pub fn glob(pattern: &str) -> Option<GlobMatcher> {
    GlobBuilder::new(pattern)
        .case_insensitive(true)
        .literal_separator(false)
        .build()
        .ok()
        .map(|glob| glob.compile_matcher())
}

/// How names are compared: letter case and the choice of `_` or `-` do not matter.
pub fn normal(name: &str) -> String {
    name.trim().to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first() {
        let known = ["bert-base-uncased", "bert-large-uncased", "gpt2", "t5-small"];
        assert_eq!(nearest("brt-base-uncased", known.into_iter())[0], "bert-base-uncased");
        assert_eq!(nearest("gpt-2", known.into_iter()), ["gpt2"]);
        assert!(nearest("zzz", known.into_iter()).is_empty());
        assert!(nearest("", known.into_iter()).is_empty());
    }

    #[test]
    fn globs_match_whole_names() {
        let glob = glob("bert-*").unwrap();
        assert!(glob.is_match("bert-base") && glob.is_match("BERT-base"));
        assert!(!glob.is_match("roberta-base") && !glob.is_match("distilbert-base"));
        assert!(is_glob("gpt2*") && !is_glob("gpt2"));
        assert!(super::glob("[").is_none());
    }

    #[test]
    fn names_are_compared_without_case() {
        assert_eq!(normal(" all-MiniLM_L6-v2 "), "all-minilm-l6-v2");
    }
}
