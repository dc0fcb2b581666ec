//! The home page: what the zoo is, how much of it there is, and ways in.

use serde::Serialize;
use zoo_catalog::view::{Model, ModelSummary};

use super::origins::ORIGINS;
use super::timeline::{Key, key, kind};
use super::{Count, Link, Row, Site, TallyView, changes, range, root};
use crate::content::YEAR;
use crate::edition::Edition;
use crate::error::Result;
use crate::svg::{self, Frame};

/// Revisions shown as the latest.
const LATEST: usize = 3;
/// Models shown as the newest.
const NEWEST: usize = 6;

#[derive(Serialize)]
struct Home {
    models: usize,
    families: usize,
    presets: u32,
    sizes: Option<String>,
    tally: TallyView,
    timeline: Option<String>,
    key: Vec<Key>,
    newest: Vec<Row>,
    changes: Vec<changes::Line>,
    doors: Vec<Door>,
    by_family: Vec<Count>,
}

/// An axis with the terms that models use.
#[derive(Serialize)]
struct Door {
    href: String,
    title: String,
    question: String,
    terms: Vec<Count>,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let content = site.content;
    let summaries: Vec<&ModelSummary> = content.models.iter().map(|model| &model.summary).collect();
    let mut newest = summaries.clone();
    newest.sort_by(|a, b| (&b.date, &a.id).cmp(&(&a.date, &b.id)));
    newest.truncate(NEWEST);
    let sizes = summaries.iter().filter_map(|model| model.parameters);
    let sizes = sizes.reduce(|(low, high), (small, large)| (low.min(small), high.max(large)));
    let home = Home {
        models: summaries.len(),
        families: content.families.len(),
        presets: summaries.iter().map(|model| model.presets).sum(),
        sizes: sizes.map(range),
        tally: TallyView::new(&content.words, &summaries.iter().map(|model| &model.tally).copied().sum()),
        timeline: timeline(content),
        key: key(content),
        newest: Row::all(content, newest),
        changes: changes::latest(content, LATEST),
        doors: ["architecture", "attention", "positional-encoding"]
            .iter()
            .filter_map(|axis| door(site, axis))
            .chain(years(content))
            .collect(),
        by_family: content
            .families
            .iter()
            .map(|family| Count { link: Link::family(content, &family.id), count: family.members.len() })
            .collect(),
    };
    let description = content.words.say("home.description");
    site.page("", "home.html", ["home", "zoo", &description], &home)
}

/// The timeline at the height of a glance.
fn timeline(content: &Edition<'_>) -> Option<String> {
    let models: Vec<&Model> = content.models.iter().collect();
    let title = content.words.say("chart.title");
    let frame = Frame { name: "timeline", title: &title, width: 1060, height: 380, right: 60, half: 6 };
    let scales = svg::scales(&models)?;
    Some(svg::timeline(&content.words, &models, &scales, &frame, &root(""), |model| kind(content, model)))
}

fn years(content: &Edition<'_>) -> Option<Door> {
    let count = |(year, models): (&str, &[_])| Count { link: Link::term(content, YEAR, year), count: models.len() };
    let terms: Vec<_> = content.given(YEAR).map(count).collect();
    let (_, folder) = ORIGINS.into_iter().find(|(axis, _)| *axis == YEAR)?;
    let [title, question] = ["all", "gist"].map(|role| content.words.say(&format!("origins.year.{role}")));
    (!terms.is_empty()).then(|| Door { href: folder.to_owned(), title, question, terms })
}

fn door(site: &Site<'_>, axis: &str) -> Option<Door> {
    let content = site.content;
    let known = content.axes.iter().find(|known| known.id == axis)?;
    let mut terms: Vec<_> = known
        .terms
        .iter()
        .map(|term| Count { link: Link::term(content, axis, &term.id), count: content.members(axis, &term.id).len() })
        .filter(|term| term.count > 0)
        .collect();
    terms.sort_by_key(|term| std::cmp::Reverse(term.count));
    let door =
        Door { href: content.axis_href(axis), title: known.title.clone(), question: known.question.clone(), terms };
    (!door.terms.is_empty()).then_some(door)
}
