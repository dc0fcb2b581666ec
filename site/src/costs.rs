//! What a size takes at the longest text that is known of it: the numbers that a model's page and the calculator both show.

use serde::Serialize;
use serde_json::Value;
use zoo_catalog::compare::Size;
use zoo_catalog::view::Model;
use zoo_registry::cost::Factor;
use zoo_registry::descriptor::Preset;
use zoo_registry::{Cost, Estimate};

use crate::format::{bytes, flops, grouped};

/// The length that sizes without code are estimated for, where none of their own is known.
const USUAL_LENGTH: u64 = 2048;

/// As its code does it if that was counted, else as estimated. In f32.
#[derive(Serialize)]
pub(crate) struct AtLongest {
    /// Whether the code was counted.
    pub(crate) counted: bool,
    /// Tokens of the text, or patches of the image.
    #[serde(skip)]
    pub(crate) tokens: u64,
    /// The same as text.
    length: String,
    /// FLOPs of a forward pass, for each token.
    token: String,
    /// What is kept of each, while writing.
    kept: Option<String>,
    activations: Option<String>,
}

impl AtLongest {
    /// `None` if nothing is known.
    pub(crate) fn of(size: &Size<'_>, estimate: Option<&Estimate>) -> Option<Self> {
        let (tokens, token, kept, activations) = match (counts(size).last(), estimate) {
            (Some(cost), _) => {
                let each = |of_all: u64| of_all / cost.tokens.max(1);
                let kept = cost.writing.map(|writing| each(writing.state_bytes));
                (cost.tokens, each(cost.matmul_flops), kept, Some(cost.activation_bytes))
            }
            (None, Some(estimate)) => {
                let tokens = usual_length(size.facts);
                let kept = estimate.state_numbers_per_token.map(|numbers| numbers.saturating_mul(4));
                (tokens, estimate.flops_per_token(tokens), kept, None)
            }
            (None, None) => return None,
        };
        Some(Self {
            counted: activations.is_some(),
            tokens,
            length: grouped(tokens),
            token: flops(token),
            kept: kept.map(bytes),
            activations: activations.map(bytes),
        })
    }
}

/// What its code was counted to take, by length.
pub(crate) fn counts<'a>(size: &Size<'a>) -> &'a [Cost] {
    size.built.map(|built| built.costs.as_slice()).unwrap_or_default()
}

/// The estimate of a size of this model.
pub(crate) fn estimate<'a>(model: &'a Model, size: &Size<'_>) -> Option<&'a Estimate> {
    model.estimates.get(&size.facts.id)
}

/// The longest text that a size without code is said to read.
pub(crate) fn usual_length(preset: &Preset) -> u64 {
    let positions = preset.config.get("max_positions").and_then(Value::as_u64);
    preset.context.or(positions).filter(|&tokens| tokens > 0).unwrap_or(USUAL_LENGTH)
}

/// A product by the names of its factors, `2 · n_layers`, and with their numbers.
pub(crate) fn product(factors: &[Factor]) -> [String; 2] {
    let names: Vec<&str> = factors.iter().map(|factor| factor.name).collect();
    let values: Vec<String> = factors.iter().map(|factor| grouped(factor.value)).collect();
    [names.join(" · "), values.join(" · ")]
}

/// Kinds of attention of a model that estimates are not made for.
pub(crate) fn other_attention(model: &Model) -> impl Iterator<Item = &str> {
    let kinds = model.summary.taxonomy.get("attention").into_iter().flatten().map(String::as_str);
    kinds.filter(|kind| !Estimate::is_of([*kind]))
}
