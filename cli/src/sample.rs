//! An input that a model accepts, for running it once.

use serde_json::Value;
use zoo_registry::batch::{ImageLimits, TokenLimits};
use zoo_registry::{Error, Images, Input, Limits, Model, Rows, Tokens};

/// Longest sample text.
const SEQ_LEN: usize = 8;

/// A sample of what the model reads.
pub(crate) fn input(model: &dyn Model) -> Result<Input, Error> {
    match model.limits() {
        Limits::Tokens(limits) => Ok(Input::Tokens(tokens(&limits))),
        Limits::TokenPair { source, target } => {
            Ok(Input::TokenPair { source: tokens(&source), target: tokens(&target) })
        }
        Limits::Images(limits) => Ok(Input::Images(image(model, &limits))),
        _ => {
            Err(Error::Unsupported { model: model.architecture().to_owned(), lacks: "reads nothing known here".into() })
        }
    }
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
fn tokens(limits: &TokenLimits) -> Tokens {
    let len = limits.max_positions.map_or(SEQ_LEN, |max| max.clamp(1, SEQ_LEN));
    let ids: Vec<i64> = (0..len).map(|at| (at * limits.vocab_size / len) as i64).collect();
    Tokens::new(Rows::from_flat(1, len, ids).unwrap_or_else(|| Rows::full(1, 1, 0)))
}

/// A grey ramp.
fn image(model: &dyn Model, limits: &ImageLimits) -> Images {
    let [channels, height, width] = image_size(model, limits);
    let count = channels * height * width;
    let pixel_values = (0..count).map(|at| at as f32 / count as f32 - 0.5).collect();
    Images { dims: [1, channels, height, width], pixel_values }
}

/// Channels, height and width of an image that the model reads: those that the configuration says, or two patches by two.
pub(crate) fn image_size(model: &dyn Model, limits: &ImageLimits) -> [usize; 3] {
    let extent = |value: &Value| value.as_u64().and_then(|extent| usize::try_from(extent).ok());
    let said = match model.config().get("image_size") {
        Some(Value::Array(sides)) => sides.iter().map(extent).collect::<Option<Vec<_>>>(),
        Some(side) => extent(side).map(|side| vec![side; 2]),
        None => None,
    };
    let [height, width] = match said.as_deref() {
        Some(&[height, width]) => [height, width],
        _ => limits.patch_size.map(|side| 2 * side),
    };
    [limits.channels, height, width]
}
