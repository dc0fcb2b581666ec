//! The calculator: every size with what it takes, as a table, and a form over it where scripts run.

use serde::Serialize;
use zoo_catalog::view::Model;
use zoo_registry::descriptor::Preset;

use super::Site;
use super::model::cost::{parameters, usual_length};
use crate::error::Result;
use crate::format::{bytes, compact, flops, grouped, slug};

#[derive(Serialize)]
struct Page<'a> {
    rows: Vec<Row<'a>>,
}

/// A size: numbers to show, and the same ones to calculate with.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    anchor: String,
    model: &'a str,
    /// Id of the model whose page it stands on.
    page: &'a str,
    counted: bool,
    parameters: u64,
    count: String,
    weights: String,
    tokens: u64,
    length: String,
    token: String,
    kept: Option<String>,
    activations: Option<String>,
    /// FLOPs a token, and a token for each token it may look at.
    fixed: Option<u64>,
    pair: Option<u64>,
    /// Numbers kept of each token.
    state: Option<u64>,
    /// By length: tokens, FLOPs, bytes of activations, bytes kept, FLOPs of the next token, with spaces between lengths.
    lengths: String,
}

pub(super) fn render(site: &mut Site<'_, '_>) -> Result<()> {
    let sizes =
        site.content.models.iter().flat_map(|model| model.descriptor.sizes().map(move |(_, size)| (model, size)));
    let page = Page { rows: sizes.filter_map(|(model, preset)| row(model, preset)).collect() };
    let [title, about] = ["nav.calculate", "calculate.description"].map(|key| site.content.words.say(key));
    site.page("calculate/", "calculate.html", ["calculate", &title, &about], &page)
}

fn row<'a>(model: &'a Model, preset: &'a Preset) -> Option<Row<'a>> {
    let built = model.sizes.iter().find(|size| size.preset.id == preset.id);
    let (estimate, costs) =
        (model.estimates.get(&preset.id), built.map(|size| size.costs.as_slice()).unwrap_or_default());
    let parameters = parameters(preset, built)?;
    let last = costs.last();
    let tokens = last.map_or_else(|| usual_length(preset), |cost| cost.tokens);
    let token =
        last.map(|cost| cost.matmul_flops / cost.tokens.max(1)).or(estimate.map(|e| e.flops_per_token(tokens)))?;
    let kept = match last {
        Some(cost) => cost.writing.map(|writing| writing.state_bytes / cost.tokens.max(1)),
        None => estimate.and_then(|estimate| estimate.state_numbers_per_token).map(|numbers| numbers.saturating_mul(4)),
    };
    let of_length = |cost: &zoo_registry::Cost| {
        let told = |number: Option<u64>| number.map_or(String::new(), |number| number.to_string());
        let (kept, step) = (cost.writing.map(|w| w.state_bytes), cost.writing.map(|w| w.step_flops));
        format!("{},{},{},{},{}", cost.tokens, cost.matmul_flops, cost.activation_bytes, told(kept), told(step))
    };
    Some(Row {
        id: &preset.id,
        anchor: slug(&preset.id),
        model: &model.summary.name,
        page: &model.summary.id,
        counted: last.is_some(),
        parameters,
        count: compact(parameters),
        weights: bytes(parameters.saturating_mul(2)),
        tokens,
        length: grouped(tokens),
        token: flops(token),
        kept: kept.map(bytes),
        activations: last.map(|cost| bytes(cost.activation_bytes)),
        fixed: estimate.map(|estimate| estimate.flops_per_token),
        pair: estimate.map(|estimate| estimate.flops_per_pair),
        state: estimate.and_then(|estimate| estimate.state_numbers_per_token),
        lengths: costs.iter().map(of_length).collect::<Vec<_>>().join(" "),
    })
}
