//! Whole words as tokens: a vocabulary small enough to print, and its `tokenizer.json`.

use serde_json::{Map, Value, json};

/// A vocabulary of whole words, special tokens first.
#[derive(Debug, Clone)]
pub struct Words {
    specials: Vec<&'static str>,
    all: Vec<&'static str>,
}

impl Words {
    /// `specials`, then `words`, numbered in that order.
    pub fn new(specials: &[&'static str], words: impl IntoIterator<Item = &'static str>) -> Self {
        let all = specials.iter().copied().chain(words).collect();
        Self { specials: specials.to_vec(), all }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The number of a word of this vocabulary.
    ///
    /// # Panics
    /// For any other: the words of a lesson are its own.
    pub fn id(&self, word: &str) -> i64 {
        let at = self.all.iter().position(|known| *known == word);
        at.unwrap_or_else(|| panic!("`{word}` is not a word of this lesson")) as i64
    }

    /// The numbers of several.
    pub fn ids(&self, words: &[&str]) -> Vec<i64> {
        words.iter().map(|word| self.id(word)).collect()
    }

    /// The word of a number.
    pub fn word(&self, id: i64) -> Option<&'static str> {
        self.all.get(usize::try_from(id).ok()?).copied()
    }

    /// A `tokenizer.json` that reads and writes these words. `template` is what stands around a text,
    /// `$A`.
    pub fn tokenizer(&self, unknown: &str, template: &[&str]) -> Map<String, Value> {
        let vocab: Map<String, Value> =
            self.all.iter().zip(0..).map(|(word, id)| ((*word).into(), json!(id))).collect();
        let special = |token: &&str| {
            json!({ "id": self.id(token), "content": token, "special": true, "single_word": false, "lstrip": false,
                    "rstrip": false, "normalized": false })
        };
        let piece = |token: &&str| match *token {
            "$A" => json!({ "Sequence": { "id": "A", "type_id": 0 } }),
            "$B" => json!({ "Sequence": { "id": "B", "type_id": 1 } }),
            token => json!({ "SpecialToken": { "id": token, "type_id": 0 } }),
        };
        // A second text is followed by what follows the first.
        let after = template.iter().skip_while(|token| **token != "$A").skip(1);
        let pair = template.iter().chain(&["$B"]).chain(after);
        let around = template.iter().filter(|token| **token != "$A");
        let around = around
            .map(|token| ((*token).to_owned(), json!({ "id": token, "ids": [self.id(token)], "tokens": [token] })));
        object!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": self.specials.iter().map(special).collect::<Vec<_>>(),
            "normalizer": null,
            "pre_tokenizer": { "type": "Whitespace" },
            "post_processor": {
                "type": "TemplateProcessing",
                "single": template.iter().map(piece).collect::<Vec<_>>(),
                "pair": pair.map(piece).collect::<Vec<_>>(),
                "special_tokens": around.collect::<Map<_, _>>(),
            },
            // Joins words with spaces, but none before a full stop.
            "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
            "model": { "type": "WordLevel", "unk_token": unknown, "vocab": vocab },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numbered_in_order() {
        let words = Words::new(&["<s>"], ["a", "b"]);
        assert_eq!((words.len(), words.ids(&["<s>", "b"]), words.word(1)), (3, vec![0, 2], Some("a")));
        assert_eq!(words.word(-1), None);
    }
}
