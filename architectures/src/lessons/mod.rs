//! Small tasks with data made on the spot. Each family says which one it learns, and at what size.

use serde_json::{Map, Value};
use zoo_registry::output::Record;
use zoo_registry::{Error, HeadOutput, Input, Logits, Model, Result, Rows, Side, Tokens};

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
    let mut state = decoder.start(1, source)?;
    let mut next = prompt.to_vec();
    let mut written = Vec::new();
    while written.len() < longest {
        let scores = Scores::of(decoder.advance(&mut state, &padded(&[next], 0), Logits::Last)?);
        let id = scores.likeliest(0, 0);
        if id == stop_id {
            break;
        }
        written.push(id);
        next = vec![id];
    }
    Ok(written)
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
        let scores = &self.data[(text * len + position) * vocab..][..vocab];
        let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(id, _)| id as i64)
    }
}
