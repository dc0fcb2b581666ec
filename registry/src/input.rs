//! What goes into a model: plain numbers on the host.

use crate::rows::Rows;

/// Token ids of a batch of texts with everything a token model may be told about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// `[batch, seq_len]`.
    pub input_ids: Rows<i64>,
    /// `[batch, seq_len]`, true at real tokens. `None`: all are real.
    pub attention_mask: Option<Rows<bool>>,
    /// `[batch, seq_len]`, which segment each token belongs to. `None`: segment 0.
    pub token_type_ids: Option<Rows<i64>>,
    /// `[batch, seq_len]`. `None`: real tokens are counted from 0, so padding moves nothing, on either side. Models that know
    /// distances only, and so have no largest position, refuse any.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_fills_the_side_asked_for() {
        let texts = [vec![1, 2, 3], vec![4]];
        let left = Tokens::padded(&texts, 0, Side::Left).unwrap();
        assert_eq!(left.input_ids.row(1), [0, 0, 4]);
        assert_eq!(left.mask().row(1), [false, false, true]);
        let right = Tokens::padded(&texts, 0, Side::Right).unwrap();
        assert_eq!(right.input_ids.row(1), [4, 0, 0]);
    }
}
