//! What goes into a model: plain numbers on the host, checked before they become tensors.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

/// A rectangle of numbers, `[batch, seq_len]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows<T> {
    batch: usize,
    len: usize,
    data: Vec<T>,
}

impl<T: Copy> Rows<T> {
    /// From rows of one length. `None` if the lengths differ or there is no element.
    pub fn new<R: AsRef<[T]>>(rows: &[R]) -> Option<Self> {
        let len = rows.first()?.as_ref().len();
        let even = len > 0 && rows.iter().all(|row| row.as_ref().len() == len);
        let data = rows.iter().flat_map(|row| row.as_ref().iter().copied()).collect();
        even.then_some(Self { batch: rows.len(), len, data })
    }

    /// From row-major data. `None` if it does not hold `batch × len` elements, or none at all.
    pub fn from_flat(batch: usize, len: usize, data: Vec<T>) -> Option<Self> {
        (batch.checked_mul(len) == Some(data.len()) && !data.is_empty()).then_some(Self { batch, len, data })
    }

    /// One value everywhere.
    pub fn full(batch: usize, len: usize, value: T) -> Self {
        Self { batch, len, data: vec![value; batch * len] }
    }

    /// `[batch, seq_len]`.
    pub fn dims(&self) -> [usize; 2] {
        [self.batch, self.len]
    }

    /// Row `index`.
    pub fn row(&self, index: usize) -> &[T] {
        &self.data[index * self.len..][..self.len]
    }

    /// Every row in order.
    pub fn rows(&self) -> impl Iterator<Item = &[T]> {
        self.data.chunks_exact(self.len)
    }

    /// All elements, row by row.
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// The rows at `indices`, in that order; rows may repeat.
    pub fn select(&self, indices: &[usize]) -> Self {
        let data = indices.iter().flat_map(|&index| self.row(index).iter().copied()).collect();
        Self { batch: indices.len(), len: self.len, data }
    }

    /// The columns `from..to` of every row.
    pub fn columns(&self, from: usize, to: usize) -> Self {
        let data = self.rows().flat_map(|row| row[from..to].iter().copied()).collect();
        Self { batch: self.batch, len: to - from, data }
    }

    /// Each row followed by the same row of `more`.
    pub fn beside(&self, more: &Self) -> Self {
        assert_eq!(self.batch, more.batch, "rows side by side come from equal batches");
        let data = self.rows().zip(more.rows()).flat_map(|(a, b)| a.iter().chain(b).copied()).collect();
        Self { batch: self.batch, len: self.len + more.len, data }
    }
}

/// Token ids of a batch of texts with everything a token model may be told about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// `[batch, seq_len]`.
    pub input_ids: Rows<i64>,
    /// `[batch, seq_len]`, true at real tokens. `None`: all are real.
    pub attention_mask: Option<Rows<bool>>,
    /// `[batch, seq_len]`, which segment each token belongs to. `None`: segment 0.
    pub token_type_ids: Option<Rows<i64>>,
    /// `[batch, seq_len]`. `None`: real tokens are counted from 0, so padding moves nothing, on either side.
    pub position_ids: Option<Rows<i64>>,
}

/// Where a batch of texts of different lengths is filled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before the text, so that all texts end together: what generation needs.
    Left,
    /// After the text.
    Right,
}

impl Tokens {
    /// Ids without padding, segments or explicit positions.
    pub fn new(input_ids: Rows<i64>) -> Self {
        Self { input_ids, attention_mask: None, token_type_ids: None, position_ids: None }
    }

    /// Texts of different lengths, filled up with `pad_id` on one side. `None` if there is no text or all are empty.
    pub fn padded<R: AsRef<[i64]>>(texts: &[R], pad_id: i64, side: Side) -> Option<Self> {
        let len = texts.iter().map(|text| text.as_ref().len()).max()?;
        let fill = |text: &[i64]| {
            let pad = vec![pad_id; len - text.len()];
            let real = vec![true; text.len()];
            let hidden = vec![false; len - text.len()];
            match side {
                Side::Left => ([&pad, text].concat(), [hidden, real].concat()),
                Side::Right => ([text, &pad].concat(), [real, hidden].concat()),
            }
        };
        let (ids, mask): (Vec<_>, Vec<_>) = texts.iter().map(|text| fill(text.as_ref())).unzip();
        Some(Self { attention_mask: Some(Rows::new(&mask)?), ..Self::new(Rows::new(&ids)?) })
    }

    /// The mask, all true where none was given.
    pub fn mask(&self) -> Rows<bool> {
        let [batch, len] = self.input_ids.dims();
        self.attention_mask.clone().unwrap_or_else(|| Rows::full(batch, len, true))
    }

    /// The rows at `indices`.
    pub fn select(&self, indices: &[usize]) -> Self {
        Self {
            input_ids: self.input_ids.select(indices),
            attention_mask: self.attention_mask.as_ref().map(|mask| mask.select(indices)),
            token_type_ids: self.token_type_ids.as_ref().map(|ids| ids.select(indices)),
            position_ids: self.position_ids.as_ref().map(|ids| ids.select(indices)),
        }
    }

    /// The columns `from..to`, with the positions they have in the whole.
    pub fn columns(&self, from: usize, to: usize) -> Self {
        Self {
            input_ids: self.input_ids.columns(from, to),
            attention_mask: self.attention_mask.as_ref().map(|mask| mask.columns(from, to)),
            token_type_ids: self.token_type_ids.as_ref().map(|ids| ids.columns(from, to)),
            position_ids: self.position_ids.as_ref().map(|ids| ids.columns(from, to)),
        }
    }
}

/// Images, channels first.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// `[batch, channels, height, width]`.
    pub dims: [usize; 4],
    /// Row-major.
    pub pixel_values: Vec<f32>,
}

/// Whatever a model can be given.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Input {
    /// Text for an encoder or a decoder.
    Tokens(Tokens),
    /// What is read and what is written so far, for an encoder–decoder.
    TokenPair {
        /// For the encoder.
        source: Tokens,
        /// For the decoder.
        target: Tokens,
    },
    /// For a vision model.
    Images(Images),
}

impl Input {
    /// The kind, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tokens(_) => "tokens",
            Self::TokenPair { .. } => "a source and a target text",
            Self::Images(_) => "images",
        }
    }
}

impl From<Tokens> for Input {
    fn from(tokens: Tokens) -> Self {
        Self::Tokens(tokens)
    }
}

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
pub trait FromInput: Sized {
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

impl TokenBatch {
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
    if let (Some(positions), Some(max)) = (&tokens.position_ids, limits.max_positions) {
        check_range("position_ids", positions, max, "max_positions")?;
    }
    Ok(())
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
    Tensor::from_data(TensorData::new(rows.data.clone(), rows.dims()), device)
}

fn bool_tensor(rows: &Rows<bool>, device: &Device) -> Tensor<2, Bool> {
    Tensor::from_data(TensorData::new(rows.data.clone(), rows.dims()), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: TokenLimits = TokenLimits { vocab_size: 10, max_positions: Some(4), n_token_types: 1 };

    fn check(tokens: &Tokens) -> Result<(), String> {
        check_tokens(tokens, None, &LIMITS)
    }

    #[test]
    fn rows_are_rectangular_and_not_empty() {
        assert!(Rows::new(&[vec![1, 2], vec![3]]).is_none());
        assert!(Rows::<i64>::new::<Vec<i64>>(&[]).is_none());
        assert!(Rows::new(&[Vec::<i64>::new()]).is_none());
        assert!(Rows::from_flat(2, 2, vec![1, 2, 3]).is_none());
    }

    #[test]
    fn padding_fills_the_side_asked_for() {
        let texts = [vec![1, 2, 3], vec![4]];
        let left = Tokens::padded(&texts, 0, Side::Left).unwrap();
        assert_eq!(left.input_ids.row(1), [0, 0, 4]);
        assert_eq!(left.mask().row(1), [false, false, true]);
        let right = Tokens::padded(&texts, 0, Side::Right).unwrap();
        assert_eq!(right.input_ids.row(1), [4, 0, 0]);
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
    fn shapes_must_agree() {
        let tokens = Tokens { attention_mask: Some(Rows::full(1, 3, true)), ..Tokens::new(Rows::full(1, 2, 1)) };
        assert!(check(&tokens).unwrap_err().contains("expected `attention_mask` of shape [1, 2]"));
    }
}
