//! The taxonomy: every question, every answer, and the models that give it.

use serde::Serialize;
use zoo_catalog::view::{AxisFacts, TermFacts};

use super::{Link, Row, Site};
use crate::content::RECORD_AXES;
use crate::error::Result;

#[derive(Serialize)]
struct Taxonomy {
    axes: Vec<AxisView>,
    /// Axes that describe how facts are known.
    records: Vec<AxisView>,
}

#[derive(Serialize)]
struct AxisView {
    id: String,
    title: String,
    question: String,
    terms: Vec<TermView>,
}

#[derive(Serialize)]
struct TermView {
    link: Link,
    id: String,
    definition: String,
    count: usize,
}

#[derive(Serialize)]
struct TermPage<'a> {
    axis: &'a str,
    axis_title: &'a str,
    question: &'a str,
    label: &'a str,
    definition: &'a str,
    rows: Vec<Row>,
    siblings: Vec<TermView>,
}

pub(super) fn render(site: &mut Site<'_>) -> Result<()> {
    let content = site.content;
    let (records, axes): (Vec<_>, Vec<_>) =
        content.axes.iter().partition(|axis| RECORD_AXES.contains(&axis.id.as_str()));
    let view = |axes: Vec<&AxisFacts>| axes.into_iter().map(|axis| axis_view(site, axis)).collect::<Vec<_>>();
    let page = Taxonomy { axes: view(axes), records: view(records) };
    let description = "The questions the zoo asks of every model, and the answers.";
    site.page("taxonomy/", "taxonomy.html", ["taxonomy", "Taxonomy", description], &page)?;
    for axis in content.classifying() {
        for term in axis.terms.iter().filter(|term| content.has_term(&axis.id, &term.id)) {
            render_term(site, axis, term)?;
        }
    }
    Ok(())
}

fn render_term(site: &mut Site<'_>, axis: &AxisFacts, term: &TermFacts) -> Result<()> {
    let content = site.content;
    let mut members: Vec<_> = content.members(&axis.id, &term.id).collect();
    members.sort_by_key(|member| (&member.date, &member.id));
    let siblings = axis_view(site, axis).terms.into_iter().filter(|other| other.count > 0 && other.id != term.id);
    let page = TermPage {
        axis: &axis.id,
        axis_title: &axis.title,
        question: &axis.question,
        label: &term.label,
        definition: &term.definition,
        rows: Row::all(content, members),
        siblings: siblings.collect(),
    };
    let address = format!("taxonomy/{}/{}/", axis.id, term.id);
    let title = format!("{}: {}", axis.title, term.label);
    site.page(&address, "term.html", ["taxonomy", &title, &term.definition], &page)
}

fn axis_view(site: &Site<'_>, axis: &AxisFacts) -> AxisView {
    let content = site.content;
    let term = |term: &TermFacts| TermView {
        link: Link::term(content, &axis.id, &term.id),
        id: term.id.clone(),
        definition: term.definition.clone(),
        count: content.members(&axis.id, &term.id).count(),
    };
    AxisView {
        id: axis.id.clone(),
        title: axis.title.clone(),
        question: axis.question.clone(),
        terms: axis.terms.iter().map(term).collect(),
    }
}
