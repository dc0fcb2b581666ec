//! Where models come from: who made them, in which year, and under which licences.

use serde::Serialize;
use zoo_catalog::view::ModelSummary;
use zoo_registry::vocabulary::labs::Lab;
use zoo_registry::vocabulary::licences::{LicenceName, Openness, parts};

use super::usage::{Name, Usage, names};
use super::{Count, Head, Link, Site, each};
use crate::content::{LAB, LICENCE, YEAR};
use crate::edition::Edition;
use crate::error::Result;

/// The questions, and where the pages of their answers stand.
pub(super) const ORIGINS: [(&str, &str); 3] = [(LAB, "labs/"), (YEAR, "years/"), (LICENCE, "licences/")];

#[derive(Serialize)]
struct Index {
    title: String,
    gist: String,
    groups: Vec<Group>,
}

/// Answers that belong together: licences by what they let people do, all others in one.
#[derive(Serialize)]
struct Group {
    id: &'static str,
    title: Option<String>,
    told: Option<String>,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    of: Count,
    told: Option<String>,
    note: Option<String>,
    /// The models, where all of them are named.
    models: Vec<Link>,
}

#[derive(Serialize)]
struct Origin<'a> {
    index_title: String,
    title: &'a str,
    /// What its page says of it, in sentences.
    told: Vec<String>,
    note: Option<&'a str>,
    names: Vec<Name>,
    /// What a lab has become, and which labs became it.
    now: Option<Link>,
    before: Vec<Link>,
    usage: Usage,
    siblings: Vec<Count>,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    for (axis, folder) in ORIGINS {
        render_index(site, axis, folder)?;
        let answers: Vec<_> = site.content.given(axis).collect();
        each(&answers, |(id, models)| render_origin(site, [axis, folder], id, models))?;
    }
    Ok(())
}

/// What a question is called where its answers are listed.
pub(super) fn title(content: &Edition<'_>, axis: &str) -> String {
    content.words.say(&format!("origins.{axis}.all"))
}

fn count(content: &Edition<'_>, axis: &str, (id, models): (&str, &[&ModelSummary])) -> Count {
    Count { link: Link::term(content, axis, id), count: models.len() }
}

fn render_index(site: &Site<'_>, axis: &'static str, folder: &str) -> Result<()> {
    let content = site.content;
    let mut answers: Vec<_> = content.given(axis).collect();
    if answers.is_empty() {
        return Ok(());
    }
    if axis != YEAR {
        answers.sort_by_cached_key(|(id, _)| content.term_label(axis, id).to_lowercase());
    }
    let line = |&(id, models): &(&str, &[&ModelSummary])| Line {
        of: count(content, axis, (id, models)),
        told: lab(content, axis, id).and_then(|lab| country(content, lab)),
        note: licence(content, axis, id).and_then(|licence| licence.note.clone()),
        models: if axis == YEAR {
            models.iter().map(|model| Link::model(content, &model.id)).collect()
        } else {
            vec![]
        },
    };
    let groups = if axis == LICENCE {
        let group = |openness: Openness| {
            let [title, told] = [openness_word(content, openness.as_str()), openness_told(content, openness)];
            let within = answers.iter().filter(|(id, _)| openness_of(content, id) == openness);
            Group { id: openness.as_str(), title: Some(title), told: Some(told), lines: within.map(line).collect() }
        };
        Openness::ALL.into_iter().map(group).filter(|group| !group.lines.is_empty()).collect()
    } else {
        vec![Group { id: axis, title: None, told: None, lines: answers.iter().map(line).collect() }]
    };
    let gist = content.words.say(&format!("origins.{axis}.gist"));
    let page = Index { title: title(content, axis), gist, groups };
    let trail = vec![Link::said(content, "nav.taxonomy", "taxonomy/"), Link::new(&page.title, None)];
    site.page(folder, "origins.html", Head::below(trail, ["taxonomy", &page.title, &page.gist]), &page)
}

fn render_origin(site: &Site<'_>, [axis, index]: [&'static str; 2], id: &str, models: &[&ModelSummary]) -> Result<()> {
    let content = site.content;
    let words = &content.words;
    let (lab, licence) = (lab(content, axis, id), licence(content, axis, id));
    let label = content.term_label(axis, id);
    let title = words.with(&format!("origins.{axis}.of"), &[("name", &label)]);
    let mut usage = Usage::new(content, models.to_vec(), None);
    usage.heading = words.count("usage.models", models.len(), &[]);
    if axis == YEAR {
        usage.by_year = None;
    }
    let siblings = content.given(axis).filter(|(other, _)| match axis {
        YEAR => true,
        LICENCE => *other != id && openness_of(content, other) == openness_of(content, id),
        _ => false,
    });
    let page = Origin {
        index_title: self::title(content, axis),
        title: &title,
        told: told(content, lab, licence),
        note: licence.and_then(|licence| licence.note.as_deref()),
        names: names(words.tongue(), lab.map(|lab| &lab.names)),
        now: lab.and_then(|lab| lab.now.as_ref()).map(|now| Link::term(content, LAB, now)),
        before: content
            .labs
            .iter()
            .filter(|other| axis == LAB && other.now.as_deref() == Some(id))
            .map(|other| Link::term(content, LAB, &other.id))
            .collect(),
        usage,
        siblings: siblings.map(|sibling| count(content, axis, sibling)).collect(),
    };
    let address = format!("{index}{}/", id.to_lowercase());
    let description = format!("{title}{}", words.say("text.full_stop"));
    let all = Link::new(&page.index_title, Some(index.to_owned()));
    let trail = vec![Link::said(content, "nav.taxonomy", "taxonomy/"), all, Link::new(label, None)];
    site.page(&address, "origin.html", Head::below(trail, ["taxonomy", &title, &description]), &page)
}

/// What is known of a lab or of a licence, in sentences.
fn told(content: &Edition<'_>, lab: Option<&Lab>, licence: Option<&LicenceName>) -> Vec<String> {
    let words = &content.words;
    let mut told = Vec::new();
    if let Some(country) = lab.and_then(|lab| country(content, lab)) {
        told.push(words.with("origins.lab.seat", &[("country", &country)]));
    }
    if let Some(aliases) = lab.map(|lab| &lab.aliases).filter(|aliases| !aliases.is_empty()) {
        told.push(words.with("model.also_called", &[("names", &aliases.join(&words.say("text.comma")))]));
    }
    if let Some(licence) = licence {
        told.push(openness_told(content, licence.openness));
        let [code, weights] = uses(content, &licence.id);
        told.push(words.with("origins.licence.uses", &[("code", &code), ("weights", &weights)]));
    }
    told
}

/// Of how many models the code, and of how many the weights are under a licence.
fn uses(content: &Edition<'_>, id: &str) -> [usize; 2] {
    let under = |expression: &str| parts(expression).any(|part| part == id);
    let licences = || content.models.iter().map(|model| &model.descriptor.licence);
    [licences().filter(|of| under(&of.code)).count(), licences().filter(|of| under(&of.weights)).count()]
}

fn lab<'a>(content: &Edition<'a>, axis: &str, id: &str) -> Option<&'a Lab> {
    content.labs.iter().find(|lab| axis == LAB && lab.id == id)
}

fn licence<'a>(content: &Edition<'a>, axis: &str, id: &str) -> Option<&'a LicenceName> {
    content.licences.iter().find(|licence| axis == LICENCE && licence.id == id)
}

/// What the country of a lab is called; one that has no name here keeps its code.
fn country(content: &Edition<'_>, lab: &Lab) -> Option<String> {
    let code = lab.country.as_ref()?;
    let key = format!("country.{code}");
    Some(if content.words.get(&key).is_some() { content.words.say(&key) } else { code.clone() })
}

/// What a licence lets people do; of one that the catalog does not know, nobody can tell.
pub(super) fn openness_of(content: &Edition<'_>, id: &str) -> Openness {
    licence(content, LICENCE, id).map_or(Openness::Unknown, |licence| licence.openness)
}

fn openness_told(content: &Edition<'_>, openness: Openness) -> String {
    content.words.say(&format!("openness.{}.meaning", openness.as_str()))
}

/// What models are called whose weights are under such a licence.
pub(super) fn openness_word(content: &Edition<'_>, openness: &str) -> String {
    content.words.say(&format!("openness.{openness}.word"))
}
