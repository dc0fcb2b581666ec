//! What running a model costs: counted from the operations of its code, or estimated from its published sizes.

use serde::Serialize;
use zoo_catalog::view::{Model, SizeFacts};
use zoo_registry::descriptor::Preset;
use zoo_registry::{Cost, Estimate};

use crate::format::{bytes, flops, grouped};

/// The length that sizes without code are estimated for, where none of their own is known.
const USUAL_LENGTH: u64 = 2048;

/// The section of a page.
#[derive(Serialize)]
pub(super) struct View<'a> {
    /// Whether the code was counted.
    counted: bool,
    /// Whether the lengths are those of images.
    images: bool,
    sizes: Vec<Size<'a>>,
    /// Of the size that the page shows, by length.
    lengths: Vec<Length>,
    formula: Option<Formula>,
}

/// A size at the longest text that was counted.
#[derive(Serialize)]
struct Size<'a> {
    id: &'a str,
    /// In 32, 16 and 8 bits a parameter.
    weights: [String; 3],
    tokens: String,
    token: String,
    /// Of each token, while writing.
    kept: Option<String>,
    activations: Option<String>,
}

#[derive(Serialize)]
struct Length {
    tokens: String,
    forward: String,
    token: String,
    activations: String,
    kept: Option<String>,
    step: Option<String>,
}

/// The closed form with the shown size's numbers in it.
#[derive(Serialize)]
struct Formula {
    fixed: String,
    pair: String,
    tokens: String,
    total: String,
    /// What the code does instead of it, if there is code.
    share: Option<String>,
    state: Option<String>,
}

/// What there is to say, if anything.
pub(super) fn view<'a>(model: &'a Model, shown: Option<&SizeFacts>) -> Option<View<'a>> {
    let sizes: Vec<Size<'a>> = model.descriptor.sizes().filter_map(|(_, preset)| size(model, preset)).collect();
    if sizes.is_empty() {
        return None;
    }
    let costs = shown.map(|size| size.costs.as_slice()).unwrap_or_default();
    let first =
        model.descriptor.sizes().map(|(_, preset)| preset).find(|preset| model.estimates.contains_key(&preset.id));
    let of = shown.map(|size| size.preset.id.as_str()).or(first.map(|preset| preset.id.as_str()));
    let estimate = of.and_then(|id| model.estimates.get(id));
    let usual = first.map_or(USUAL_LENGTH, usual_length);
    Some(View {
        counted: !costs.is_empty(),
        images: shown.is_some_and(|size| size.config.contains_key("image_size")),
        sizes,
        lengths: costs.iter().map(by_length).collect(),
        formula: estimate.map(|estimate| formula(estimate, costs.last(), usual)),
    })
}

/// At its longest text, or as estimated. `None` if nothing is known of it.
fn size<'a>(model: &Model, preset: &'a Preset) -> Option<Size<'a>> {
    let built = model.sizes.iter().find(|size| size.preset.id == preset.id);
    let parameters = parameters(preset, built)?;
    let weights = [4, 2, 1].map(|width| bytes(parameters.saturating_mul(width)));
    let told = |tokens: u64, token: u64, kept: Option<u64>, activations: Option<u64>| Size {
        id: &preset.id,
        weights,
        tokens: grouped(tokens),
        token: flops(token),
        kept: kept.map(bytes),
        activations: activations.map(bytes),
    };
    if let Some(cost) = built.and_then(|size| size.costs.last()) {
        let kept = cost.writing.map(|writing| writing.state_bytes / cost.tokens.max(1));
        return Some(told(cost.tokens, cost.matmul_flops / cost.tokens.max(1), kept, Some(cost.activation_bytes)));
    }
    let estimate = model.estimates.get(&preset.id)?;
    let tokens = usual_length(preset);
    let kept = estimate.state_numbers_per_token.map(|numbers| numbers.saturating_mul(4));
    Some(told(tokens, estimate.flops_per_token(tokens), kept, None))
}

/// The best number there is: as built, published exactly, counted by a formula, stated.
pub(in crate::pages) fn parameters(preset: &Preset, built: Option<&SizeFacts>) -> Option<u64> {
    let stated = preset.stated.as_ref().map(|stated| stated.parameters);
    let counted = preset.counted.as_ref().map(|counted| counted.parameters);
    built.map(|size| size.parameters).or(preset.parameters).or(counted).or(stated)
}

/// The longest text that a size without code is said to read.
pub(in crate::pages) fn usual_length(preset: &Preset) -> u64 {
    let positions = preset.config.get("max_positions").and_then(serde_json::Value::as_u64);
    preset.context.or(positions).filter(|&tokens| tokens > 0).unwrap_or(USUAL_LENGTH)
}

fn by_length(cost: &Cost) -> Length {
    Length {
        tokens: grouped(cost.tokens),
        forward: flops(cost.matmul_flops),
        token: flops(cost.matmul_flops / cost.tokens.max(1)),
        activations: bytes(cost.activation_bytes),
        kept: cost.writing.map(|writing| bytes(writing.state_bytes)),
        step: cost.writing.map(|writing| flops(writing.step_flops)),
    }
}

fn formula(estimate: &Estimate, counted: Option<&Cost>, usual: u64) -> Formula {
    let tokens = counted.map_or(usual, |cost| cost.tokens);
    let total = estimate.flops_per_token(tokens);
    let share = counted.map(|cost| cost.matmul_flops as f64 / (total.saturating_mul(tokens)).max(1) as f64);
    Formula {
        fixed: flops(estimate.flops_per_token),
        pair: grouped(estimate.flops_per_pair),
        tokens: grouped(tokens),
        total: flops(total),
        share: share.map(|share| format!("{share:.3}")),
        state: estimate.state_numbers_per_token.map(grouped),
    }
}
