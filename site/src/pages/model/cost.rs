//! What running a model costs: counted from the operations of its code, or estimated from its published sizes.

use serde::Serialize;
use zoo_catalog::compare::Size;
use zoo_catalog::view::{Model, SizeFacts};
use zoo_registry::{Cost, Estimate};

use crate::costs::{AtLongest, counts, estimate, usual_length};
use crate::format::{bytes, flops, grouped};

/// The section of a page.
#[derive(Serialize)]
pub(super) struct View<'a> {
    /// Whether there is code.
    coded: bool,
    /// Whether it was counted.
    counted: bool,
    /// Whether the lengths are those of images.
    images: bool,
    sizes: Vec<Row<'a>>,
    /// Of the size that the page shows, by length.
    lengths: Vec<Length>,
    formula: Option<Formula>,
}

/// A size at the longest text that is known of it.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    /// In 32, 16 and 8 bits a parameter.
    weights: [String; 3],
    #[serde(flatten)]
    takes: AtLongest,
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
    let sizes: Vec<Row<'a>> = Size::by_code_of(model).filter_map(|size| row(model, &size)).collect();
    if sizes.is_empty() {
        return None;
    }
    let is_shown = |size: &Size<'_>| match shown {
        Some(shown) => size.facts.id == shown.preset.id,
        None => estimate(model, size).is_some(),
    };
    let of = Size::by_code_of(model).find(is_shown);
    let costs = of.as_ref().map(counts).unwrap_or_default();
    let formula = of.and_then(|size| Some(formula(estimate(model, &size)?, costs.last(), usual_length(size.facts))));
    Some(View {
        coded: shown.is_some(),
        counted: !costs.is_empty(),
        images: shown.is_some_and(|size| size.config.contains_key("image_size")),
        sizes,
        lengths: costs.iter().map(by_length).collect(),
        formula,
    })
}

/// `None` if nothing is known of it.
fn row<'a>(model: &Model, size: &Size<'a>) -> Option<Row<'a>> {
    let parameters = size.parameters()?;
    let weights = [4, 2, 1].map(|width| bytes(parameters.saturating_mul(width)));
    Some(Row { id: &size.facts.id, weights, takes: AtLongest::of(size, estimate(model, size))? })
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
