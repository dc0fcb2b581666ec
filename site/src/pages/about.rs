//! What the catalog holds, how it is known, and how far it can be trusted.

use std::collections::BTreeMap;

use serde::Serialize;
use zoo_catalog::view::ModelSummary;
use zoo_registry::descriptor::Listed;

use super::data::LICENCE;
use super::{Site, TallyView};
use crate::error::Result;

/// The axis of kinds of sources.
const SOURCE: &str = "source";

#[derive(Serialize)]
struct About {
    models: usize,
    code: usize,
    /// Models that stand in the survey's list, and those in its figures alone.
    list: usize,
    figure: usize,
    others: usize,
    tally: TallyView,
    sources: Vec<Kind>,
    licence: &'static str,
}

/// A kind of source, and how often something was read there.
#[derive(Serialize)]
struct Kind {
    label: String,
    definition: String,
    count: usize,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let content = site.content;
    let summaries = || content.models.iter().map(|model| &model.summary);
    let listed = |place| content.models.iter().filter(|model| model.descriptor.listed == Some(place)).count();
    let (list, figure) = (listed(Listed::List), listed(Listed::Figure));
    let page = About {
        models: content.models.len(),
        code: summaries().filter(|model| model.code).count(),
        list,
        figure,
        others: content.models.len() - list - figure,
        tally: TallyView::new(&content.words, &summaries().map(|model: &ModelSummary| model.tally).sum()),
        sources: sources(site),
        licence: LICENCE,
    };
    let [title, description] = ["foot.about", "about.description"].map(|key| content.words.say(key));
    site.page("about/", "about.html", ["about", &title, &description], &page)
}

/// Kinds of sources, the most used first.
fn sources(site: &Site<'_>) -> Vec<Kind> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, source) in site.content.models.iter().flat_map(|model| model.descriptor.every_source()) {
        *counts.entry(&source.source).or_default() += 1;
    }
    let axis = site.content.axes.iter().find(|axis| axis.id == SOURCE);
    let kinds = axis.into_iter().flat_map(|axis| &axis.terms).filter_map(|term| {
        let count = *counts.get(term.id.as_str())?;
        Some(Kind { label: term.label.clone(), definition: term.definition.clone(), count })
    });
    let mut kinds: Vec<Kind> = kinds.collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
    kinds
}
