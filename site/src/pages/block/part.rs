//! One building block: what it looks like, computes and costs, the code of it, and who has it since when.

use serde::Serialize;
use zoo_catalog::view::{PartFacts, PartKind};

use super::super::data::linked;
use super::super::usage::{Name, Usage, names};
use super::super::{Head, Link, Site};
use super::code::{Excerpt, excerpt};
use super::{Gallery, small};
use crate::error::Result;
use crate::format::arxiv;
use crate::svg;

/// Siblings beside those that are named.
const SIBLINGS: usize = 8;

#[derive(Serialize)]
struct BlockPage<'a> {
    question: &'a str,
    label: &'a str,
    definition: &'a str,
    names: Vec<Name>,
    picture: Option<Drawn<'a>>,
    equations: Vec<String>,
    costs: Vec<Cost>,
    text: String,
    code: Vec<Excerpt<'a>>,
    usage: Usage,
    siblings: Gallery,
    sources: Vec<Source>,
}

#[derive(Serialize)]
struct Drawn<'a> {
    svg: String,
    says: &'a str,
    /// The picture as a file, from the top of the site.
    file: String,
}

/// A line of the costs.
#[derive(Serialize)]
struct Cost {
    what: String,
    html: String,
}

#[derive(Serialize)]
struct Source {
    text: String,
    href: Option<String>,
}

pub(super) fn render(site: &Site<'_>, kind: &PartKind, part: &PartFacts) -> Result<()> {
    let content = site.content;
    let address = format!("parts/{}/{}/", kind.id, part.id);
    let picture = part.picture.as_ref().map(|picture| {
        let file = format!("parts/{}/{}.svg", kind.id, part.id);
        Drawn { svg: svg::picture(&part.label, picture), says: &picture.says, file }
    });
    if let (Some(drawn), Some(data), true) = (&picture, &part.picture, site.is_english()) {
        site.pages.put(drawn.file.clone(), svg::picture_file(&part.label, data))?;
    }
    let users = part.users.iter().filter_map(|id| content.model(id)).map(|model| &model.summary);
    let itself = kind.is_axis.then_some([kind.id.as_str(), part.id.as_str()]);
    let page = BlockPage {
        question: &kind.question,
        label: &part.label,
        definition: &part.definition,
        names: names(content.words.tongue(), Some(&part.names)),
        picture,
        equations: part.equations.iter().map(|latex| site.prose.equation(latex)).collect(),
        costs: costs(site, part)?,
        text: site.prose.html(&part.text)?,
        code: part.code.iter().filter_map(|code| excerpt(site, code)).collect(),
        usage: Usage::new(content, users.collect(), itself),
        siblings: siblings(site, kind, part),
        sources: part.sources.iter().map(|text| Source { text: text.clone(), href: source_href(text) }).collect(),
    };
    let title = format!("{}: {}", kind.title, part.label);
    let above = format!("parts/{}/", kind.id);
    let told = linked::term(content, &address, [&part.id, &part.label, &part.definition], [&kind.title, &above]);
    let above = Link::new(&kind.title, Some(above));
    let trail = vec![Link::said(content, "nav.blocks", "parts/"), above, Link::new(&part.label, None)];
    let head = Head::below(trail, ["parts", &title, &part.definition]).telling(vec![told]);
    site.page(&address, "part.html", head, &page)
}

fn costs(site: &Site<'_>, part: &PartFacts) -> Result<Vec<Cost>> {
    let lines = [("part.time", &part.time), ("part.memory", &part.memory), ("cost.kept", &part.kept)];
    let given = lines.into_iter().filter_map(|(what, text)| Some((what, text.as_ref()?)));
    given.map(|(what, text)| Ok(Cost { what: site.content.words.say(what), html: site.prose.html(text)? })).collect()
}

/// What it is to be compared with, then others of its kind that have a picture.
fn siblings(site: &Site<'_>, kind: &PartKind, part: &PartFacts) -> Gallery {
    let content = site.content;
    let named: Vec<_> = part.see.iter().filter_map(|place| content.block(place)).collect();
    let is_named = |other: &PartFacts| named.iter().any(|(of, known)| of.id == kind.id && known.id == other.id);
    let others = kind.parts.iter().filter(|other| other.picture.is_some() && other.id != part.id && !is_named(other));
    let free = SIBLINGS.saturating_sub(named.len());
    let rest = others.take(free).map(|other| (kind, other));
    Gallery::new(named.iter().copied().chain(rest).map(|(kind, other)| small(content, kind, other)))
}

/// The page of a paper on arXiv, where a source begins with its number; an address that is one.
fn source_href(text: &str) -> Option<String> {
    arxiv(text.strip_prefix("arXiv ")?.split([' ', ',', ';']).next()?)
}
