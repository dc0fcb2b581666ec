//! Small tasks with data made on the spot. Each family says which one it learns, and at what size.

use serde_json::{Map, Value};
use zoo_registry::generate::{Prompt, Strategy, Written, generate};
use zoo_registry::output::Record;
use zoo_registry::{Error, HeadOutput, Input, Model, Result, Rows, Side, Tokens};

/// A JSON object, written as `json!` writes it.
macro_rules! object {
    ({ $($fields:tt)* }) => {
        match serde_json::json!({ $($fields)* }) {
            serde_json::Value::Object(object) => object,
            _ => serde_json::Map::new(),
        }
    };
}
pub mod grammar;
pub mod numbers;
pub mod passkey;
pub mod preference;
pub mod shapes;
mod words;

pub use words::Words;

/// A configuration with the size of its vocabulary.
fn sized(config: Value, vocab_size: usize) -> Map<String, Value> {
    let mut config = config.as_object().cloned().unwrap_or_default();
    config.insert("vocab_size".into(), vocab_size.into());
    config
}

/// Texts filled up on the right.
fn padded(texts: &[Vec<i64>], pad_id: i64) -> Tokens {
    Tokens::padded(texts, pad_id, Side::Right).unwrap_or_else(|| Tokens::new(Rows::full(1, 1, pad_id)))
}

/// The likeliest text after `prompt`, up to but without `stop_id`, at most `longest` tokens.
fn write(model: &dyn Model, source: Option<&Input>, prompt: &[i64], stop_id: i64, longest: usize) -> Result<Vec<i64>> {
    let lacks = || Error::Unsupported { model: model.architecture().into(), lacks: "does not write text".into() };
    let decoder = model.decoder().ok_or_else(lacks)?;
    let tokens = padded(&[prompt.to_vec()], stop_id);
    let strategy = Strategy { max_new_tokens: longest, stop_ids: vec![stop_id], ..Strategy::default() };
    let texts = generate(decoder, Prompt { source, tokens: &tokens }, &strategy, &mut |_| true)?;
    let written = texts.iter().flatten().flat_map(Written::continuation).copied();
    Ok(written.filter(|&id| id != stop_id).collect())
}

/// The place of the highest score.
fn best(scores: &[f32]) -> i64 {
    let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.map_or(0, |(place, _)| place as i64)
}

/// Scores of tokens on the host.
struct Scores {
    dims: [usize; 3],
    data: Vec<f32>,
}

impl Scores {
    fn of(logits: burn::tensor::Tensor<3>) -> Self {
        Self { dims: logits.dims(), data: logits.into_data().iter::<f32>().collect() }
    }

    /// Of the token at each position.
    fn of_tokens(model: &dyn Model, tokens: &Tokens) -> Result<Self> {
        match model.forward(&tokens.clone().into(), Record::NOTHING)?.head {
            HeadOutput::TokenLogits(logits) => Ok(Self::of(logits)),
            _ => Err(Error::Unsupported {
                model: model.architecture().into(),
                lacks: "gives no scores of tokens".into(),
            }),
        }
    }

    /// The id with the highest score at a position of a text.
    fn likeliest(&self, text: usize, position: usize) -> i64 {
        let [_, len, vocab] = self.dims;
        best(&self.data[(text * len + position) * vocab..][..vocab])
    }
}
