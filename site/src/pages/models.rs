//! The index: every model in one table.

use serde::Serialize;

use super::{Row, Site, TallyView};
use crate::error::Result;

#[derive(Serialize)]
struct Index {
    rows: Vec<Row>,
    tally: TallyView,
}

pub(super) fn render(site: &mut Site<'_>) -> Result<()> {
    let content = site.content;
    let mut models: Vec<_> = content.models.iter().map(|model| &model.summary).collect();
    models.sort_by_key(|model| (model.name.to_lowercase(), &model.id));
    let tally = TallyView::new(&models.iter().map(|model| &model.tally).copied().sum());
    let index = Index { rows: Row::all(content, models), tally };
    let description = "Every model of the zoo with its family, date, size and conformance.";
    site.page("models/", "models.html", ["models", "Models", description], &index)
}
