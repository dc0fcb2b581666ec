//! Text to ids and back, by the model's own `tokenizer.json`.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A model's tokenizer. The file's own truncation and padding are not applied: callers pad to the batch and say where to cut.
pub struct Tokenizer {
    path: PathBuf,
    inner: tokenizers::Tokenizer,
}

/// A text as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// With the special tokens the model expects.
    pub ids: Vec<i64>,
    /// The segment of each token.
    pub type_ids: Vec<i64>,
    /// The tokens as text.
    pub tokens: Vec<String>,
    /// Where each token stands in the text, in bytes.
    pub offsets: Vec<(usize, usize)>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if it is not there or does not parse.
    pub fn open(path: &Path) -> Result<Self> {
        let refuse = |reason: String| Error::Tokenizer { path: path.to_owned(), reason };
        let mut inner = tokenizers::Tokenizer::from_file(path).map_err(|error| refuse(error.to_string()))?;
        inner.with_truncation(None).map_err(|error| refuse(error.to_string()))?;
        inner.with_padding(None);
        Ok(Self { path: path.to_owned(), inner })
    }

    /// A text with the special tokens around it.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if it cannot be encoded.
    pub fn encode(&self, text: &str) -> Result<Encoded> {
        let encoding = self.inner.encode(text, true).map_err(|error| self.refuse(error.to_string()))?;
        Ok(Encoded {
            ids: encoding.get_ids().iter().map(|&id| i64::from(id)).collect(),
            type_ids: encoding.get_type_ids().iter().map(|&id| i64::from(id)).collect(),
            tokens: encoding.get_tokens().to_vec(),
            offsets: encoding.get_offsets().to_vec(),
        })
    }

    /// As [`Self::encode`], cut to at most `max_tokens`, special tokens kept. Says whether anything was cut.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if it cannot be encoded, or `max_tokens` has no room for the special tokens.
    pub fn encode_within(&self, text: &str, max_tokens: usize) -> Result<(Encoded, bool)> {
        let whole = self.encode(text)?;
        if whole.ids.len() <= max_tokens {
            return Ok((whole, false));
        }
        let around = self.encode("")?.ids.len();
        if max_tokens < around {
            return Err(self.refuse(format!("expected room for the {around} special tokens, found {max_tokens}")));
        }
        let mut cutting = self.inner.clone();
        let truncation = tokenizers::TruncationParams { max_length: max_tokens, ..Default::default() };
        cutting.with_truncation(Some(truncation)).map_err(|error| self.refuse(error.to_string()))?;
        Ok((Self { path: self.path.clone(), inner: cutting }.encode(text)?, true))
    }

    /// Ids to text, special tokens left out.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] for ids it does not have.
    pub fn decode(&self, ids: &[i64]) -> Result<String> {
        let unsigned: Result<Vec<u32>, _> = ids.iter().map(|&id| u32::try_from(id)).collect();
        let unsigned = unsigned.map_err(|_| self.refuse(format!("cannot decode the ids {ids:?}")))?;
        self.inner.decode(&unsigned, true).map_err(|error| self.refuse(error.to_string()))
    }

    /// The id of a token, as in `[MASK]`.
    pub fn id(&self, token: &str) -> Option<i64> {
        self.inner.token_to_id(token).map(i64::from)
    }

    /// The token of an id.
    pub fn token(&self, id: i64) -> Option<String> {
        self.inner.id_to_token(u32::try_from(id).ok()?)
    }

    fn refuse(&self, reason: String) -> Error {
        Error::Tokenizer { path: self.path.clone(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tokenizer of whole words, with a token before and one after every text.
    fn words() -> (tempfile::TempDir, Tokenizer) {
        let json = r#"{ "version": "1.0", "added_tokens": [],
            "truncation": { "max_length": 3, "stride": 0, "strategy": "LongestFirst", "direction": "Right" },
            "padding": { "strategy": { "Fixed": 9 }, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                         "pad_type_id": 0, "pad_token": "[PAD]" },
            "pre_tokenizer": { "type": "Whitespace" },
            "post_processor": { "type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1] },
            "model": { "type": "WordLevel", "unk_token": "[UNK]",
                       "vocab": { "[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "a": 4, "b": 5 } } }"#;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        std::fs::write(&path, json).unwrap();
        let tokenizer = Tokenizer::open(&path).unwrap();
        (folder, tokenizer)
    }

    #[test]
    fn the_files_own_padding_and_truncation_are_off() {
        assert_eq!(words().1.encode("a b a b").unwrap().ids, [1, 4, 5, 4, 5, 2]);
    }

    #[test]
    fn cutting_keeps_the_special_tokens() {
        let (_folder, tokenizer) = words();
        let (cut, was_cut) = tokenizer.encode_within("a b a b", 4).unwrap();
        assert_eq!((cut.ids.as_slice(), was_cut), (&[1, 4, 5, 2][..], true));
        assert!(!tokenizer.encode_within("a", 4).unwrap().1);
        assert_eq!(tokenizer.encode_within("a b", 2).unwrap().0.ids, [1, 2]);
        let told = tokenizer.encode_within("a b", 1).unwrap_err().to_string();
        assert!(told.contains("room for the 2 special tokens, found 1"), "{told}");
    }

    #[test]
    fn broken_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        assert!(Tokenizer::open(&path).is_err());
        std::fs::write(&path, "{}").unwrap();
        assert!(Tokenizer::open(&path).err().unwrap().to_string().contains("tokenizer.json"));
    }
}
