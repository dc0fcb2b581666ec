//! The calculator: every size with what it takes, as a table, and a form over it where scripts run.

use serde::Serialize;
use zoo_catalog::compare::Size;
use zoo_catalog::view::Model;
use zoo_registry::Cost;

use super::Site;
use super::kept::{self, Kept};
use crate::costs::{AtLongest, counts, estimate};
use crate::error::Result;
use crate::format::{bytes, compact, slug};

#[derive(Serialize)]
struct Page<'a> {
    kept: Option<Kept>,
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
    parameters: u64,
    count: String,
    weights: String,
    tokens: u64,
    #[serde(flatten)]
    takes: AtLongest,
    /// FLOPs a token, and a token for each token it may look at.
    fixed: Option<u64>,
    pair: Option<u64>,
    /// Numbers kept of each token.
    state: Option<u64>,
    /// By length: tokens, FLOPs, bytes of activations, bytes kept, FLOPs of the next token, with spaces between lengths.
    lengths: String,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let of_model = |model| Size::by_code_of(model).filter_map(move |size| row(model, &size));
    let page = Page { kept: kept::view(site.content), rows: site.content.models.iter().flat_map(of_model).collect() };
    let [title, about] = ["nav.calculate", "calculate.description"].map(|key| site.content.words.say(key));
    site.page("calculate/", "calculate.html", ["calculate", &title, &about], &page)
}

fn row<'a>(model: &'a Model, size: &Size<'a>) -> Option<Row<'a>> {
    let estimate = estimate(model, size);
    let parameters = size.parameters()?;
    let takes = AtLongest::of(size, estimate)?;
    let of_length = |cost: &Cost| {
        let told = |number: Option<u64>| number.map_or(String::new(), |number| number.to_string());
        let (kept, step) = (cost.writing.map(|w| w.state_bytes), cost.writing.map(|w| w.step_flops));
        format!("{},{},{},{},{}", cost.tokens, cost.matmul_flops, cost.activation_bytes, told(kept), told(step))
    };
    Some(Row {
        id: &size.facts.id,
        anchor: slug(&size.facts.id),
        model: &model.summary.name,
        page: &model.summary.id,
        parameters,
        count: compact(parameters),
        weights: bytes(parameters.saturating_mul(2)),
        tokens: takes.tokens,
        takes,
        fixed: estimate.map(|estimate| estimate.flops_per_token),
        pair: estimate.map(|estimate| estimate.flops_per_pair),
        state: estimate.and_then(|estimate| estimate.state_numbers_per_token),
        lengths: counts(size).iter().map(of_length).collect::<Vec<_>>().join(" "),
    })
}
