//! How the suite itself is tested: what was planted in the sources, and which checks caught it.

use std::collections::BTreeMap;

use serde::Serialize;
use zoo_registry::{PlantedFacts, PlantedKind};

use crate::error::Result;
use crate::format::{humanise, slug};
use crate::pages::{Head, Link, Site};

/// Two independent checks must catch a bug.
const ENOUGH: usize = 2;

/// The sums.
#[derive(Default, Serialize)]
pub(super) struct Score {
    bugs: usize,
    caught: usize,
    twice: usize,
    rewrites: usize,
    blamed: usize,
    nulls: usize,
    nulls_caught: usize,
}

/// What one check catches.
#[derive(Serialize)]
pub(super) struct Catches<'a> {
    bugs: Vec<Bug<'a>>,
    /// Of these, those that would be caught less than twice without it.
    needed: usize,
    of: usize,
}

/// A bug, and where it stands.
#[derive(Serialize)]
struct Bug<'a> {
    id: &'a str,
    /// Of the part of the sources that it was planted in.
    area: String,
}

#[derive(Serialize)]
struct Page<'a> {
    score: Score,
    areas: Vec<Area>,
    checks: Vec<Caught<'a>>,
}

/// A part of the sources, which has a page of its own.
#[derive(Serialize)]
struct Area {
    id: String,
    title: String,
    score: Score,
}

#[derive(Serialize)]
struct AreaPage<'a> {
    area: &'a Area,
    planted: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    /// What must become of it, where it is no bug.
    kind: Option<String>,
    file: &'a str,
    family: &'a str,
    /// HTML.
    what: String,
    alone: Option<String>,
    caught_by: &'a [String],
    /// What should not be.
    breach: Option<String>,
}

#[derive(Serialize)]
struct Caught<'a> {
    id: &'a str,
    title: String,
    catches: usize,
    needed: usize,
}

impl Score {
    pub(super) fn of<'a>(planted: impl IntoIterator<Item = &'a PlantedFacts>) -> Self {
        let mut score = Self::default();
        for PlantedFacts { kind, caught_by, .. } in planted {
            let caught = usize::from(!caught_by.is_empty());
            match kind {
                PlantedKind::Bug => {
                    score.bugs += 1;
                    score.caught += caught;
                    score.twice += usize::from(caught_by.len() >= ENOUGH);
                }
                PlantedKind::Rewrite => {
                    score.rewrites += 1;
                    score.blamed += caught;
                }
                PlantedKind::Null => {
                    score.nulls += 1;
                    score.nulls_caught += caught;
                }
            }
        }
        score
    }
}

impl<'a> Catches<'a> {
    /// Nothing is known of a suite that nothing was planted for.
    pub(super) fn of(planted: &'a [PlantedFacts], check: &str) -> Option<Self> {
        let bugs: Vec<&PlantedFacts> = planted.iter().filter(|planted| planted.kind == PlantedKind::Bug).collect();
        let caught = bugs.iter().filter(|bug| bug.caught_by.iter().any(|by| by == check));
        let needed = caught.clone().filter(|bug| bug.caught_by.len() <= ENOUGH).count();
        let named = |bug: &&'a PlantedFacts| Bug { id: &bug.id, area: slug(&bug.area) };
        (!bugs.is_empty()).then(|| Self { bugs: caught.map(named).collect(), needed, of: bugs.len() })
    }
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let content = site.content;
    let suite = &content.matrix.suite;
    if suite.planted.is_empty() {
        return Ok(());
    }
    let above = Link::said(content, "nav.conformance", "conformance/");
    let all = Link::said(content, "planted.heading", "conformance/planted/");
    let mut by_area: BTreeMap<String, Vec<&PlantedFacts>> = BTreeMap::new();
    for planted in &suite.planted {
        by_area.entry(slug(&planted.area)).or_default().push(planted);
    }
    let mut areas = Vec::new();
    for (id, planted) in by_area {
        let area = Area { title: humanise(&id), score: Score::of(planted.iter().copied()), id };
        let rows = planted.into_iter().map(|planted| row(site, planted)).collect::<Result<_>>()?;
        let [title, description] = ["planted.in_area", "planted.area_description"]
            .map(|key| content.words.with(key, &[("area", &area.title)]));
        let address = format!("conformance/planted/{}/", area.id);
        let page = AreaPage { area: &area, planted: rows };
        let trail = vec![above.clone(), all.clone(), Link::new(&area.title, None)];
        let head = Head::below(trail, ["conformance", &title, &description]);
        site.page(&address, "planted-area.html", head, &page)?;
        areas.push(area);
    }
    let caught = suite.checks.iter().filter_map(|check| {
        let Catches { bugs, needed, .. } = Catches::of(&suite.planted, &check.id)?;
        Some(Caught { id: &check.id, title: humanise(&check.id), catches: bugs.len(), needed })
    });
    let page = Page { score: Score::of(&suite.planted), areas, checks: caught.collect() };
    let [title, description] = ["planted.heading", "planted.description"].map(|key| content.words.say(key));
    let head = Head::below(vec![above, Link { href: None, ..all }], ["conformance", &title, &description]);
    site.page("conformance/planted/", "planted.html", head, &page)
}

fn row<'a>(site: &Site<'_>, planted: &'a PlantedFacts) -> Result<Row<'a>> {
    let PlantedFacts { id, kind, file, family, what, alone, caught_by, .. } = planted;
    let breach = match (kind, caught_by.len(), alone) {
        (PlantedKind::Bug, 0, _) => Some("planted.by_none"),
        (PlantedKind::Bug, 1, None) => Some("planted.by_one"),
        (PlantedKind::Rewrite, 1.., _) => Some("planted.blamed"),
        (PlantedKind::Null, 0, _) => Some("planted.by_none"),
        _ => None,
    };
    let kind = match kind {
        PlantedKind::Bug => None,
        PlantedKind::Rewrite => Some("planted.rewrite"),
        PlantedKind::Null => Some("planted.null"),
    };
    let alone = alone.as_ref().map(|alone| site.prose.html(alone)).transpose()?;
    let say = |key: &str| site.content.words.say(key);
    let (kind, breach) = (kind.map(say), breach.map(say));
    Ok(Row { id, kind, file, family, what: site.prose.html(what)?, alone, caught_by, breach })
}
