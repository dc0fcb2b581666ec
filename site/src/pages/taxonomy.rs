//! The taxonomy: every question, every answer, and the models that give it.

use serde::Serialize;
use zoo_catalog::view::{AxisFacts, TermFacts};

use super::data::linked;
use super::origins::{self, ORIGINS};
use super::usage::{Name, Usage, names};
use super::{Count, Head, Link, Site, each};
use crate::content::RECORD_AXES;
use crate::error::Result;

#[derive(Serialize)]
struct Taxonomy {
    axes: Vec<AxisView>,
    /// Where models come from: who made them, when, and under which licences.
    origins: Vec<Count>,
    /// Axes that describe how facts are known.
    records: Vec<AxisView>,
}

#[derive(Serialize)]
struct AxisView {
    id: String,
    title: String,
    question: String,
    /// Where its terms stand as pictures, from the top of the site.
    gallery: Option<String>,
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
    question: &'a str,
    label: &'a str,
    definition: &'a str,
    names: Vec<Name>,
    usage: Usage,
    siblings: Vec<TermView>,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let content = site.content;
    let (records, axes): (Vec<_>, Vec<_>) =
        content.axes.iter().partition(|axis| RECORD_AXES.contains(&axis.id.as_str()));
    let view = |axes: Vec<&AxisFacts>| axes.into_iter().map(|axis| axis_view(site, axis)).collect::<Vec<_>>();
    let origin = |(axis, folder): (&str, &str)| Count {
        link: Link::new(origins::title(content, axis), Some(folder.to_owned())),
        count: content.given(axis).count(),
    };
    let origins = ORIGINS.into_iter().map(origin).filter(|origin| origin.count > 0).collect();
    let page = Taxonomy { axes: view(axes), origins, records: view(records) };
    let [title, description] = ["nav.taxonomy", "taxonomy.description"].map(|key| content.words.say(key));
    site.page("taxonomy/", "taxonomy.html", ["taxonomy", &title, &description], &page)?;
    let axes = content.classifying().filter(|axis| !content.is_of_blocks(&axis.id));
    let terms = axes.flat_map(|axis| axis.terms.iter().map(move |term| (axis, term)));
    let terms: Vec<_> = terms.filter(|(axis, term)| content.has_term(&axis.id, &term.id)).collect();
    each(&terms, |(axis, term)| render_term(site, axis, term))
}

fn render_term(site: &Site<'_>, axis: &AxisFacts, term: &TermFacts) -> Result<()> {
    let content = site.content;
    let members: Vec<_> = content.members(&axis.id, &term.id).to_vec();
    let siblings = axis_view(site, axis).terms.into_iter().filter(|other| other.count > 0 && other.id != term.id);
    let page = TermPage {
        question: &axis.question,
        label: &term.label,
        definition: &term.definition,
        names: names(content.words.tongue(), content.parts.names.get(&axis.id).and_then(|names| names.get(&term.id))),
        usage: Usage::new(content, members, Some([&axis.id, &term.id])),
        siblings: siblings.collect(),
    };
    let address = format!("taxonomy/{}/{}/", axis.id, term.id);
    let title = format!("{}: {}", axis.title, term.label);
    let above = format!("taxonomy/#{}", axis.id);
    let told = linked::term(content, &address, [&term.id, &term.label, &term.definition], [&axis.title, &above]);
    let above = Link::new(&axis.title, Some(above));
    let trail = vec![Link::said(content, "nav.taxonomy", "taxonomy/"), above, Link::new(&term.label, None)];
    let head = Head::below(trail, ["taxonomy", &title, &term.definition]).telling(vec![told]);
    site.page(&address, "term.html", head, &page)
}

fn axis_view(site: &Site<'_>, axis: &AxisFacts) -> AxisView {
    let content = site.content;
    let term = |term: &TermFacts| TermView {
        link: Link::term(content, &axis.id, &term.id),
        id: term.id.clone(),
        definition: term.definition.clone(),
        count: content.members(&axis.id, &term.id).len(),
    };
    AxisView {
        id: axis.id.clone(),
        title: axis.title.clone(),
        question: axis.question.clone(),
        gallery: content.is_of_blocks(&axis.id).then(|| content.axis_href(&axis.id)),
        terms: axis.terms.iter().map(term).collect(),
    }
}
