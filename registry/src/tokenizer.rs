//! Text to ids and back, by the model's own `tokenizer.json`.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tokenizers::{TruncationDirection, TruncationParams, TruncationStrategy};

use crate::error::{Error, Result};
use crate::input::Side;

/// A model's tokenizer. The file's own truncation and padding are not applied: callers pad to the batch and say where to cut.
pub struct Tokenizer {
    path: PathBuf,
    inner: tokenizers::Tokenizer,
    /// A copy that cuts, as it was last asked to.
    cutting: Mutex<Option<(Cut, tokenizers::Tokenizer)>>,
}

/// A text as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// One id a token.
    pub ids: Vec<i64>,
    /// The segment of each token.
    pub type_ids: Vec<i64>,
    /// The tokens as text.
    pub tokens: Vec<String>,
    /// Where each token stands in its text, in bytes; `(0, 0)` for special tokens around it.
    pub offsets: Vec<(usize, usize)>,
    /// True at tokens that were put around the text.
    pub special: Vec<bool>,
    /// Of which text each token is, 0 or 1; `None` for those around them.
    pub texts: Vec<Option<usize>>,
}

/// Where a text is cut that has too many tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Most tokens of a piece, special tokens included.
    pub max_tokens: usize,
    /// How many tokens a piece repeats of the one before it.
    pub overlap: usize,
    /// The end at which tokens are cut off.
    pub side: Side,
    /// Which text of a pair gives way.
    pub of: CutOf,
}

/// Which text of a pair is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutOf {
    /// Whichever is longer, a token at a time.
    Longest,
    /// The first.
    First,
    /// The second.
    Second,
}

impl Cut {
    /// The end of a text is cut off, without overlap.
    pub fn at(max_tokens: usize) -> Self {
        Self { max_tokens, overlap: 0, side: Side::Right, of: CutOf::Longest }
    }
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if it is not there or does not parse.
    pub fn open(path: &Path) -> Result<Self> {
        let refuse = |reason: String| Error::Tokenizer { path: path.to_owned(), reason };
        let file = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
        Self::in_memory(path, &file)
    }

    /// A `tokenizer.json` that is in memory already; `path` is what messages call it.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if it does not parse.
    pub fn in_memory(path: &Path, file: &[u8]) -> Result<Self> {
        let refuse = |reason: String| Error::Tokenizer { path: path.to_owned(), reason };
        let mut inner = tokenizers::Tokenizer::from_bytes(file).map_err(|error| refuse(error.to_string()))?;
        inner.with_truncation(None).map_err(|error| refuse(error.to_string()))?;
        inner.with_padding(None);
        Ok(Self { path: path.to_owned(), inner, cutting: Mutex::new(None) })
    }

    /// Refuses a tokenizer with more tokens than a model has embeddings.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] naming the token with the largest id.
    pub fn check_fits(&self, vocab_size: usize) -> Result<()> {
        let vocabulary = self.inner.get_vocab(true);
        let beyond = vocabulary.values().filter(|&&id| id as usize >= vocab_size).count();
        match vocabulary.iter().max_by_key(|(_, id)| **id) {
            Some((token, id)) if beyond > 0 => Err(self.refuse(format!(
                "expected ids below {vocab_size}, the model's `vocab_size`, found {id} for `{token}` ({beyond} of {} tokens do not fit)",
                vocabulary.len()
            ))),
            _ => Ok(()),
        }
    }

    /// A text with the special tokens around it.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if it cannot be encoded.
    pub fn encode(&self, text: &str) -> Result<Encoded> {
        self.encoded(&self.inner, text, None, true)
    }

    /// A text without the special tokens around it. Those that stand in the text are read as such all the same.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if it cannot be encoded.
    pub fn encode_bare(&self, text: &str) -> Result<Encoded> {
        self.encoded(&self.inner, text, None, false)
    }

    /// Two texts as one, as questions and contexts are read: with the special tokens around and between them.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if they cannot be encoded.
    pub fn encode_pair(&self, first: &str, second: &str) -> Result<Encoded> {
        self.encoded(&self.inner, first, Some(second), true)
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
        let first = self.encode_pieces(text, None, Cut::at(max_tokens))?.into_iter().next();
        Ok((first.unwrap_or(whole), true))
    }

    /// A text, or two as one, in pieces that each have the special tokens: all of it, however long.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if it cannot be encoded, if the special tokens leave no room for more than the overlap, or if the
    /// text of the pair that should give way is too short to.
    pub fn encode_pieces(&self, text: &str, pair: Option<&str>, cut: Cut) -> Result<Vec<Encoded>> {
        let around = self.encoded(&self.inner, "", pair.map(|_| ""), true)?.ids.len();
        let room = cut.max_tokens.checked_sub(around).ok_or_else(|| {
            self.refuse(format!("expected room for the {around} special tokens, found {}", cut.max_tokens))
        })?;
        if cut.overlap > 0 && cut.overlap >= room {
            return Err(self.refuse(format!("expected an overlap below {room} tokens, found {}", cut.overlap)));
        }
        let mut known = self.cutting.lock().unwrap_or_else(PoisonError::into_inner);
        let cutting = match known.take() {
            Some((asked, cutting)) if asked == cut => cutting,
            _ => {
                let mut cutting = self.inner.clone();
                cutting.with_truncation(Some(cut.into())).map_err(|error| self.refuse(error.to_string()))?;
                cutting
            }
        };
        let cutting = &known.insert((cut, cutting)).1;
        let first = self.encoding(cutting, text, pair, true)?;
        Ok([&first].into_iter().chain(first.get_overflowing()).map(Encoded::from).collect())
    }

    /// Ids to text, special tokens left out.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] for negative ids. Those it does not have stand for no text.
    pub fn decode(&self, ids: &[i64]) -> Result<String> {
        self.decoded(ids, true)
    }

    /// Ids to text, special tokens written out.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn decode_with_special(&self, ids: &[i64]) -> Result<String> {
        self.decoded(ids, false)
    }

    /// The id of a token, as in `[MASK]`.
    pub fn id(&self, token: &str) -> Option<i64> {
        self.inner.token_to_id(token).map(i64::from)
    }

    /// The token of an id.
    pub fn token(&self, id: i64) -> Option<String> {
        self.inner.id_to_token(u32::try_from(id).ok()?)
    }

    fn encoded(&self, inner: &tokenizers::Tokenizer, text: &str, pair: Option<&str>, special: bool) -> Result<Encoded> {
        Ok(Encoded::from(&self.encoding(inner, text, pair, special)?))
    }

    fn encoding(
        &self,
        inner: &tokenizers::Tokenizer,
        text: &str,
        pair: Option<&str>,
        special: bool,
    ) -> Result<tokenizers::Encoding> {
        let encoding = match pair {
            Some(pair) => inner.encode((text, pair), special),
            None => inner.encode(text, special),
        };
        encoding.map_err(|error| self.refuse(error.to_string()))
    }

    fn decoded(&self, ids: &[i64], skip_special: bool) -> Result<String> {
        let unsigned: Result<Vec<u32>, _> = ids.iter().map(|&id| u32::try_from(id)).collect();
        let unsigned = unsigned.map_err(|_| self.refuse(format!("cannot decode the ids {ids:?}")))?;
        self.inner.decode(&unsigned, skip_special).map_err(|error| self.refuse(error.to_string()))
    }

    fn refuse(&self, reason: String) -> Error {
        Error::Tokenizer { path: self.path.clone(), reason }
    }
}

impl From<&tokenizers::Encoding> for Encoded {
    fn from(encoding: &tokenizers::Encoding) -> Self {
        Self {
            ids: encoding.get_ids().iter().map(|&id| i64::from(id)).collect(),
            type_ids: encoding.get_type_ids().iter().map(|&id| i64::from(id)).collect(),
            tokens: encoding.get_tokens().to_vec(),
            offsets: encoding.get_offsets().to_vec(),
            special: encoding.get_special_tokens_mask().iter().map(|&special| special == 1).collect(),
            texts: encoding.get_sequence_ids(),
        }
    }
}

impl From<Cut> for TruncationParams {
    fn from(cut: Cut) -> Self {
        Self {
            max_length: cut.max_tokens,
            stride: cut.overlap,
            direction: match cut.side {
                Side::Left => TruncationDirection::Left,
                Side::Right => TruncationDirection::Right,
            },
            strategy: match cut.of {
                CutOf::Longest => TruncationStrategy::LongestFirst,
                CutOf::First => TruncationStrategy::OnlyFirst,
                CutOf::Second => TruncationStrategy::OnlySecond,
            },
        }
    }
}

/// Ids to text as they come. What was told is never taken back: bytes of a character that is not whole yet wait for the rest.
///
/// The pieces together are what [`Tokenizer::decode`] makes of all ids.
pub struct TextStream<'a> {
    tokenizer: &'a Tokenizer,
    ids: Vec<i64>,
    told: String,
}

impl<'a> TextStream<'a> {
    /// Nothing told yet.
    pub fn new(tokenizer: &'a Tokenizer) -> Self {
        Self { tokenizer, ids: Vec::new(), told: String::new() }
    }

    /// Takes ids, and tells the text that is certain now.
    ///
    /// # Errors
    /// As [`Tokenizer::decode`].
    pub fn push(&mut self, ids: &[i64]) -> Result<String> {
        self.ids.extend(ids);
        // A run of byte tokens is text only if all of it is; the next byte may change what the whole run means.
        let certain = self.ids.iter().rposition(|&id| !self.is_byte(id)).map_or(0, |at| at + 1);
        let text = self.tokenizer.decode(&self.ids[..certain])?;
        Ok(self.tell(text.trim_end_matches(char::REPLACEMENT_CHARACTER)))
    }

    /// Everything told so far.
    pub fn told(&self) -> &str {
        &self.told
    }

    /// Tells what is left, whole or not.
    ///
    /// # Errors
    /// As [`Tokenizer::decode`].
    pub fn finish(mut self) -> Result<String> {
        let text = self.tokenizer.decode(&self.ids)?;
        Ok(self.tell(&text))
    }

    /// The part of `text` after what was told. A decoder that rewrites what it said before is waited for.
    fn tell(&mut self, text: &str) -> String {
        let new = text.strip_prefix(&self.told).unwrap_or_default().to_owned();
        self.told.push_str(&new);
        new
    }

    /// As byte-fallback tokens are written: `<0x0A>`.
    fn is_byte(&self, id: i64) -> bool {
        let token = self.tokenizer.token(id);
        let byte = token.as_deref().and_then(|token| token.strip_prefix("<0x")?.strip_suffix('>'));
        byte.is_some_and(|digits| digits.len() == 2 && u8::from_str_radix(digits, 16).is_ok())
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

    /// A tokenizer that writes rare characters a byte at a time, as those of Llama do.
    fn bytes() -> (tempfile::TempDir, Tokenizer) {
        let json = r#"{ "version": "1.0", "added_tokens": [],
            "decoder": { "type": "Sequence", "decoders": [{ "type": "ByteFallback" }, { "type": "Fuse" }] },
            "model": { "type": "WordLevel", "unk_token": "x",
                       "vocab": { "x": 0, "<0x41>": 1, "<0xE5>": 2, "<0x8F>": 3, "<0xAB>": 4, "<0x0A>": 5, "<0xG1>": 6 } } }"#;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        std::fs::write(&path, json).unwrap();
        let tokenizer = Tokenizer::open(&path).unwrap();
        (folder, tokenizer)
    }

    #[test]
    fn bytes_wait_until_their_run_is_over() {
        let (_folder, tokenizer) = bytes();
        let told = |ids: &[i64]| {
            let mut stream = TextStream::new(&tokenizer);
            let mut told: Vec<String> = ids.iter().map(|id| stream.push(&[*id]).unwrap()).collect();
            told.push(stream.finish().unwrap());
            assert_eq!(told.concat(), tokenizer.decode(ids).unwrap());
            told
        };
        assert_eq!(told(&[0, 5, 0]), ["x", "", "\nx", ""]);
        assert_eq!(told(&[0, 2, 3, 4]), ["x", "", "", "", "叫"]);
        // One broken byte breaks the run it stands in, the sound `A` before it included.
        assert_eq!(told(&[1, 2, 0]), ["", "", "\u{fffd}\u{fffd}x", ""]);
        assert_eq!(told(&[1, 6, 2]), ["", "A<0xG1>", "", "\u{fffd}"]);
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
