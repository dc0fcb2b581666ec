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
