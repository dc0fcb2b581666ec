//! An input that a model accepts, for running it once.

use serde_json::Value;
use zoo_registry::output::Record;
use zoo_registry::{Error, Images, Input, Model, Output, Rows, Tokens};

/// Longest sample text.
const SEQ_LEN: usize = 8;

/// Runs the model on the first sample it accepts. Inputs of another kind are refused before anything is computed.
pub(crate) fn run(model: &dyn Model) -> Result<(Input, Output), Error> {
    let tokens = tokens(model);
    let pair = Input::TokenPair { source: tokens.clone(), target: tokens.clone() };
    let candidates = [Some(Input::Tokens(tokens)), Some(pair), images(model)];
    let mut refusal = None;
    for input in candidates.into_iter().flatten() {
        match model.forward(&input, Record::NOTHING) {
            Ok(output) => return Ok((input, output)),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    Err(refusal.unwrap_or_else(|| Error::Unsupported {
        model: model.architecture().to_owned(),
        lacks: "takes none of the inputs there are".into(),
    }))
}

/// What a sample is, for people: `tokens [1, 8]`.
pub(crate) fn told(input: &Input) -> String {
    match input {
        Input::Tokens(tokens) => format!("tokens {:?}", tokens.input_ids.dims()),
        Input::TokenPair { source, target } => {
            format!("tokens {:?} and {:?}", source.input_ids.dims(), target.input_ids.dims())
        }
        Input::Images(images) => format!("images {:?}", images.dims),
        other => other.kind().to_owned(),
    }
}

/// Different ids, spread over the vocabulary.
fn tokens(model: &dyn Model) -> Tokens {
    let limits = model.limits();
    let len = limits.max_positions.map_or(SEQ_LEN, |max| max.clamp(1, SEQ_LEN));
    let vocab = limits.vocab_size.max(1);
    let ids: Vec<i64> = (0..len).map(|at| (at * vocab / len) as i64).collect();
    let whole = Rows::from_flat(1, len, ids).unwrap_or_else(|| Rows::full(1, 1, 0));
    Tokens::new(whole)
}

/// Grey ramps of the size that the configuration says.
fn images(model: &dyn Model) -> Option<Input> {
    let size = |field: &str| model.config().get(field).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let channels = size("n_channels").or(size("channels")).unwrap_or(3);
    let (height, width) = match size("image_size") {
        Some(side) => (side, side),
        None => (size("image_height")?, size("image_width")?),
    };
    let count = channels.checked_mul(height)?.checked_mul(width)?;
    let pixel_values = (0..count).map(|at| at as f32 / count as f32 - 0.5).collect();
    Some(Input::Images(Images { dims: [1, channels, height, width], pixel_values }))
}
