//! From plain numbers to tensors: what a model accepts, checked before anything is uploaded.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use crate::input::{Images, Input, Tokens};
use crate::rows::Rows;

/// What a model accepts, one variant for each kind of [`Input`]; inputs are checked against it before a tensor exists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limits {
    /// It reads a text.
    Tokens(TokenLimits),
    /// It reads one text and writes another.
    TokenPair {
        /// Of the text it reads.
        source: TokenLimits,
        /// Of the text it writes.
        target: TokenLimits,
    },
    /// It looks at images.
    Images(ImageLimits),
}

impl Limits {
    /// Limits of the text that goes in and, for a decoder, on: the only one, or the target.
    pub fn tokens(&self) -> Option<&TokenLimits> {
        match self {
            Self::Tokens(tokens) | Self::TokenPair { target: tokens, .. } => Some(tokens),
            Self::Images(_) => None,
        }
    }
}

/// What images must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageLimits {
    /// Colour channels.
    pub channels: usize,
    /// Height and width are multiples of this, in pixels.
    pub patch_size: [usize; 2],
}

/// What a text must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenLimits {
    /// Ids run from 0 to this, exclusive.
    pub vocab_size: usize,
    /// Longest sequence, where the positions have an end.
    pub max_positions: Option<usize>,
    /// Segments, for models that tell them apart; 1 otherwise.
    pub n_token_types: usize,
}

/// The typed input of a network: made from a checked [`Input`], on its device.
pub trait FromInput: Sized + Send {
    /// Checks kind, shape and ranges, then uploads.
    ///
    /// # Errors
    /// What was expected and what was found, as a clause.
    fn from_input(input: &Input, limits: &Limits, device: &Device) -> Result<Self, String>;
}

/// A batch of token ids as tensors.
#[derive(Debug, Clone)]
pub struct TokenBatch {
    /// `[batch, seq_len]`.
    pub input_ids: Tensor<2, Int>,
    /// `[batch, seq_len]`.
    pub position_ids: Tensor<2, Int>,
    /// `[batch, seq_len]`, present for models with more than one segment.
    pub token_type_ids: Option<Tensor<2, Int>>,
    /// `[batch, past + seq_len]`, true at real tokens; `None` if all are.
    pub attention_mask: Option<Tensor<2, Bool>>,
}

impl FromInput for TokenBatch {
    fn from_input(input: &Input, limits: &Limits, device: &Device) -> Result<Self, String> {
        match (input, limits) {
            (Input::Tokens(tokens), Limits::Tokens(limits)) => Self::continued(tokens, None, limits, device),
            (other, _) => Err(format!("expected tokens, found {}", other.kind())),
        }
    }
}

/// A batch of texts that are read and texts that are written, as tensors.
#[derive(Debug, Clone)]
pub struct PairBatch {
    /// For the encoder.
    pub source: TokenBatch,
    /// For the decoder.
    pub target: TokenBatch,
}

impl FromInput for PairBatch {
    fn from_input(input: &Input, limits: &Limits, device: &Device) -> Result<Self, String> {
        let (Input::TokenPair { source, target }, Limits::TokenPair { source: read, target: written }) =
            (input, limits)
        else {
            return Err(format!("expected a source and a target text, found {}", input.kind()));
        };
        let (texts, answers) = (source.input_ids.dims()[0], target.input_ids.dims()[0]);
        if texts != answers {
            return Err(format!("expected as many targets as sources, found {answers} for {texts}"));
        }
        let batch = |side: &str, tokens, limits| {
            TokenBatch::continued(tokens, None, limits, device).map_err(|reason| format!("in the {side}: {reason}"))
        };
        Ok(Self { source: batch("source", source, read)?, target: batch("target", target, written)? })
    }
}

/// What a family reads whose encoder can also stand alone: a text, and what is written of it where there is a decoder.
#[derive(Debug, Clone)]
pub struct TextBatch {
    /// For the encoder.
    pub source: TokenBatch,
    /// For the decoder. There exactly if the model's limits are those of a pair.
    pub target: Option<TokenBatch>,
}

impl FromInput for TextBatch {
    fn from_input(input: &Input, limits: &Limits, device: &Device) -> Result<Self, String> {
        match limits {
            Limits::TokenPair { .. } => {
                let PairBatch { source, target } = PairBatch::from_input(input, limits, device)?;
                Ok(Self { source, target: Some(target) })
            }
            _ => Ok(Self { source: TokenBatch::from_input(input, limits, device)?, target: None }),
        }
    }
}

/// A batch of images as a tensor.
#[derive(Debug, Clone)]
pub struct ImageBatch {
    /// `[batch, channels, height, width]`.
    pub pixel_values: Tensor<4>,
}

impl FromInput for ImageBatch {
    fn from_input(input: &Input, limits: &Limits, device: &Device) -> Result<Self, String> {
        match (input, limits) {
            (Input::Images(images), Limits::Images(limits)) => {
                check_images(images, limits)?;
                let data = TensorData::new(images.pixel_values.clone(), images.dims);
                Ok(Self { pixel_values: Tensor::from_data(data, device) })
            }
            (other, _) => Err(format!("expected images, found {}", other.kind())),
        }
    }
}

impl TokenBatch {
    /// What an encoder–decoder reads before it writes.
    ///
    /// # Errors
    /// What was expected and what was found, as a clause.
    pub fn of_source(source: Option<&Input>, limits: &TokenLimits, device: &Device) -> Result<Self, String> {
        match source {
            Some(Input::Tokens(tokens)) => Self::continued(tokens, None, limits, device),
            Some(other) => Err(format!("expected a source text, found {}", other.kind())),
            None => Err("expected a source text, found none".into()),
        }
    }

    /// The batch `tokens` that follows a text whose mask is `past`.
    ///
    /// # Errors
    /// What was expected and what was found, as a clause.
    pub fn continued(
        tokens: &Tokens,
        past: Option<&Rows<bool>>,
        limits: &TokenLimits,
        device: &Device,
    ) -> Result<Self, String> {
        check_tokens(tokens, past, limits)?;
        let mask = tokens.mask();
        let positions = tokens.position_ids.clone().unwrap_or_else(|| count_real(&mask, past));
        let seen = past.map_or_else(|| mask.clone(), |past| past.beside(&mask));
        let all_real = seen.as_slice().iter().all(|&real| real);
        let [batch, len] = tokens.input_ids.dims();
        let types = (limits.n_token_types > 1)
            .then(|| tokens.token_type_ids.clone().unwrap_or_else(|| Rows::full(batch, len, 0)));
        Ok(Self {
            input_ids: int_tensor(&tokens.input_ids, device),
            position_ids: int_tensor(&positions, device),
            token_type_ids: types.map(|types| int_tensor(&types, device)),
            attention_mask: (!all_real).then(|| bool_tensor(&seen, device)),
        })
    }

    /// `[batch, seq_len]`.
    pub fn dims(&self) -> [usize; 2] {
        self.input_ids.dims()
    }

    /// Where the tensors live.
    pub fn device(&self) -> Device {
        self.input_ids.device()
    }
}

fn check_images(Images { dims, pixel_values }: &Images, limits: &ImageLimits) -> Result<(), String> {
    let [batch, channels, height, width] = *dims;
    let numbers = dims.iter().try_fold(1usize, |product, &extent| product.checked_mul(extent));
    if numbers != Some(pixel_values.len()) {
        return Err(format!("expected the numbers of {dims:?}, found {}", pixel_values.len()));
    }
    if batch == 0 || channels != limits.channels {
        return Err(format!("expected images of {} channels, found {dims:?}", limits.channels));
    }
    let [down, across] = limits.patch_size;
    let whole = height > 0 && width > 0 && height.is_multiple_of(down) && width.is_multiple_of(across);
    if !whole {
        return Err(format!(
            "expected a height and width of whole patches of {down} × {across}, found {height} × {width}"
        ));
    }
    match pixel_values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(format!("expected finite pixel values, found {} at {at}", pixel_values[at])),
        None => Ok(()),
    }
}

/// Positions that count real tokens from 0, continuing after `past`; padding repeats its neighbour's.
fn count_real(mask: &Rows<bool>, past: Option<&Rows<bool>>) -> Rows<i64> {
    let [batch, len] = mask.dims();
    let mut data = Vec::with_capacity(batch * len);
    for row in 0..batch {
        let mut count = past.map_or(0, |past| past.row(row).iter().filter(|&&real| real).count() as i64);
        for &real in mask.row(row) {
            count += i64::from(real);
            data.push((count - 1).max(0));
        }
    }
    Rows { batch, len, data }
}

fn check_tokens(tokens: &Tokens, past: Option<&Rows<bool>>, limits: &TokenLimits) -> Result<(), String> {
    let dims = tokens.input_ids.dims();
    let [batch, len] = dims;
    let shapes = [
        ("attention_mask", tokens.attention_mask.as_ref().map(Rows::dims)),
        ("token_type_ids", tokens.token_type_ids.as_ref().map(Rows::dims)),
        ("position_ids", tokens.position_ids.as_ref().map(Rows::dims)),
    ];
    for (name, found) in shapes {
        if found.is_some_and(|found| found != dims) {
            return Err(format!(
                "expected `{name}` of shape {dims:?} like `input_ids`, found {:?}",
                found.unwrap_or(dims)
            ));
        }
    }
    if let Some(past) = past.filter(|past| past.dims()[0] != batch) {
        return Err(format!("expected a batch of {} like the text before, found {batch}", past.dims()[0]));
    }
    let total = len + past.map_or(0, |past| past.dims()[1]);
    let longest = match (&tokens.position_ids, limits.max_positions) {
        (None, Some(max)) => {
            let past_real = |row| past.map_or(0, |past| past.row(row).iter().filter(|&&real| real).count());
            let real = |row| tokens.attention_mask.as_ref().map_or(len, |m| m.row(row).iter().filter(|&&r| r).count());
            let most = (0..batch).map(|row| past_real(row) + real(row)).max().unwrap_or(total);
            (most > max).then_some((most, max))
        }
        _ => None,
    };
    if let Some((most, max)) = longest {
        return Err(format!("expected at most {max} tokens, the model's positions, found {most}"));
    }
    check_range("input_ids", &tokens.input_ids, limits.vocab_size, "vocab_size")?;
    if let Some(types) = &tokens.token_type_ids {
        check_range("token_type_ids", types, limits.n_token_types, "n_token_types")?;
    }
    match (&tokens.position_ids, limits.max_positions) {
        (Some(positions), Some(max)) => check_range("position_ids", positions, max, "max_positions"),
        (Some(_), None) => Err("expected no `position_ids`: the model knows distances only, found some".into()),
        (None, _) => Ok(()),
    }
}

fn check_range(name: &str, ids: &Rows<i64>, end: usize, limit: &str) -> Result<(), String> {
    let [_, len] = ids.dims();
    match ids.as_slice().iter().position(|&id| usize::try_from(id).map_or(true, |id| id >= end)) {
        None => Ok(()),
        Some(at) => {
            let (row, column) = (at / len, at % len);
            let found = ids.as_slice()[at];
            Err(format!(
                "expected `{name}` from 0 to {} (`{limit}` is {end}), found {found} at [{row}, {column}]",
                end - 1
            ))
        }
    }
}

fn int_tensor(rows: &Rows<i64>, device: &Device) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(rows.as_slice().to_vec(), rows.dims()), device)
}

fn bool_tensor(rows: &Rows<bool>, device: &Device) -> Tensor<2, Bool> {
    Tensor::from_data(TensorData::new(rows.as_slice().to_vec(), rows.dims()), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: TokenLimits = TokenLimits { vocab_size: 10, max_positions: Some(4), n_token_types: 1 };

    fn check(tokens: &Tokens) -> Result<(), String> {
        check_tokens(tokens, None, &LIMITS)
    }

    #[test]
    fn positions_count_real_tokens() {
        let mask = Rows::new(&[[false, false, true, true], [true, true, false, false]]).unwrap();
        assert_eq!(count_real(&mask, None).as_slice(), [0, 0, 0, 1, 0, 1, 1, 1]);
        let next = Rows::full(2, 1, true);
        assert_eq!(count_real(&next, Some(&mask)).as_slice(), [2, 2]);
    }

    #[test]
    fn bad_ids_are_located() {
        let told = check(&Tokens::new(Rows::new(&[[1, 2], [3, 10]]).unwrap())).unwrap_err();
        assert_eq!(told, "expected `input_ids` from 0 to 9 (`vocab_size` is 10), found 10 at [1, 1]");
        assert!(check(&Tokens::new(Rows::new(&[[-1]]).unwrap())).unwrap_err().contains("found -1"));
    }

    #[test]
    fn too_long_texts_are_refused_by_their_real_length() {
        let long = Tokens::new(Rows::full(1, 5, 1));
        assert_eq!(check(&long).unwrap_err(), "expected at most 4 tokens, the model's positions, found 5");
        let mask = Rows::new(&[[false, true, true, true, true]]).unwrap();
        assert!(check(&Tokens { attention_mask: Some(mask), ..long }).is_ok());
    }

    #[test]
    fn positions_are_refused_where_there_are_none() {
        let endless = TokenLimits { max_positions: None, ..LIMITS };
        let tokens = Tokens { position_ids: Some(Rows::full(1, 2, 0)), ..Tokens::new(Rows::full(1, 2, 1)) };
        assert!(check_tokens(&tokens, None, &endless).unwrap_err().contains("knows distances only"));
        assert!(check(&tokens).is_ok());
    }

    #[test]
    fn pairs_belong_together() {
        let limits = Limits::TokenPair { source: LIMITS, target: LIMITS };
        let pair = |source, target| {
            let [source, target] = [source, target].map(|batch| Tokens::new(Rows::full(batch, 2, 1)));
            PairBatch::from_input(&Input::TokenPair { source, target }, &limits, &Device::flex())
        };
        assert_eq!(pair(3, 3).unwrap().target.dims(), [3, 2]);
        assert_eq!(pair(3, 2).unwrap_err(), "expected as many targets as sources, found 2 for 3");
    }

    #[test]
    fn an_encoder_that_stands_alone_reads_one_text() {
        let text = || Tokens::new(Rows::full(3, 2, 1));
        let pair = Input::TokenPair { source: text(), target: text() };
        let (alone, both) = (Limits::Tokens(LIMITS), Limits::TokenPair { source: LIMITS, target: LIMITS });
        let read = |input: &Input, limits| TextBatch::from_input(input, limits, &Device::flex());
        assert!(read(&text().into(), &alone).unwrap().target.is_none());
        assert_eq!(read(&pair, &both).unwrap().target.unwrap().dims(), [3, 2]);
        assert_eq!(read(&pair, &alone).unwrap_err(), "expected tokens, found a source and a target text");
        assert_eq!(read(&text().into(), &both).unwrap_err(), "expected a source and a target text, found tokens");
    }

    #[test]
    fn images_come_in_whole_patches() {
        let limits = ImageLimits { channels: 3, patch_size: [4, 2] };
        let check = |dims: [usize; 4], n: usize, value: f32| {
            check_images(&Images { dims, pixel_values: vec![value; n] }, &limits)
        };
        assert!(check([1, 3, 8, 6], 144, 0.0).is_ok());
        assert!(check([1, 3, 8, 5], 120, 0.0).unwrap_err().contains("whole patches of 4 × 2, found 8 × 5"));
        assert!(check([1, 3, 0, 2], 0, 0.0).is_err());
        assert!(check([1, 1, 8, 6], 48, 0.0).unwrap_err().contains("3 channels"));
        assert!(check([1, 3, 8, 6], 143, 0.0).unwrap_err().contains("found 143"));
        assert!(check([1, 3, 8, 6], 144, f32::NAN).unwrap_err().contains("finite"));
        assert!(check([usize::MAX, 3, 8, 6], 144, 0.0).is_err());
    }

    #[test]
    fn shapes_must_agree() {
        let tokens = Tokens { attention_mask: Some(Rows::full(1, 3, true)), ..Tokens::new(Rows::full(1, 2, 1)) };
        assert!(check(&tokens).unwrap_err().contains("expected `attention_mask` of shape [1, 2]"));
    }
}
