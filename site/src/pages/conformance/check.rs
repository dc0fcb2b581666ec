//! The page of a check: what it states, how it looks, what it catches, how to fix that, and what it found of every model.

use serde::Serialize;
use zoo_registry::{CheckFacts, LevelFacts, Status};

use super::planted::Catches;
use crate::error::Result;
use crate::format::humanise;
use crate::pages::model::evidence::{Found, found};
use crate::pages::{Head, Link, Site};

#[derive(Serialize)]
struct Page<'a> {
    id: &'a str,
    title: &'a str,
    /// HTML.
    statement: String,
    method: String,
    catches: Vec<String>,
    seen: Vec<String>,
    fix: String,
    level: Option<&'a LevelFacts>,
    pass: usize,
    of: usize,
    /// Unit of all errors, where they share one.
    measure: Option<String>,
    rows: Vec<Row<'a>>,
    /// Planted bugs that it catches.
    planted: Option<Catches<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    name: &'a str,
    found: Vec<Found>,
}

pub(super) fn render(site: &Site<'_>, facts: &CheckFacts) -> Result<()> {
    let content = site.content;
    let suite = &content.matrix.suite;
    let each = |texts: &[String]| texts.iter().map(|text| site.prose.html(text)).collect::<Result<Vec<_>>>();
    let (mut pass, mut of) = (0, 0);
    let mut rows = Vec::new();
    for model in content.models {
        let here: Vec<_> = model.outcomes.iter().filter(|outcome| outcome.check == facts.id).collect();
        pass += here.iter().filter(|outcome| outcome.status == Status::Pass).count();
        of += here.iter().filter(|outcome| outcome.status != Status::NotApplicable).count();
        if !here.is_empty() {
            let found = here.into_iter().map(|outcome| found(&content.words, model, outcome)).collect();
            rows.push(Row { id: &model.summary.id, name: &model.summary.name, found });
        }
    }
    let measure = shared_measure(&mut rows);
    let title = humanise(&facts.id);
    let page = Page {
        id: &facts.id,
        title: &title,
        statement: site.prose.html(&facts.statement)?,
        method: site.prose.html(&facts.method)?,
        catches: each(&facts.catches)?,
        seen: each(&facts.seen)?,
        fix: site.prose.html(&facts.fix)?,
        level: suite.levels.iter().find(|level| level.checks.contains(&facts.id)),
        pass,
        of,
        measure,
        rows,
        planted: Catches::of(&suite.planted, &facts.id),
    };
    let address = format!("conformance/{}/", facts.id);
    let trail = vec![Link::said(content, "nav.conformance", "conformance/"), Link::new(&title, None)];
    let head = Head::below(trail, ["conformance", &title, &facts.statement]);
    site.page(&address, "check.html", head, &page)
}

/// Takes the unit out of every row if all that measured something share it, so that it is said once.
fn shared_measure(rows: &mut [Row<'_>]) -> Option<String> {
    let mut found = rows.iter_mut().flat_map(|row| &mut row.found).filter(|found| found.measure.is_some());
    let first = found.next()?;
    let measure = first.measure.clone();
    let others: Vec<&mut Found> = found.collect();
    if others.iter().any(|other| other.measure != measure) {
        return None;
    }
    first.measure = None;
    others.into_iter().for_each(|other| other.measure = None);
    measure
}
