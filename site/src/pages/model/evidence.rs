//! What stands behind a model's page: every check with its error, its tolerance and where that comes from, and where each fact was read.

use serde::Serialize;
use zoo_catalog::view::{Model, Tally};
use zoo_registry::{CheckFacts, Outcome, Status};

use super::origin;
use crate::edition::Edition;
use crate::error::Result;
use crate::format::{humanise, inline_code, magnitude, percent, slug};
use crate::pages::{Head, Link, Site, StatusView, TallyView, changes, each};
use crate::svg::Badge;
use crate::words::Words;

#[derive(Serialize)]
struct Page<'a> {
    id: &'a str,
    name: &'a str,
    tally: TallyView,
    /// Where anything ran.
    badge: Option<BadgeView>,
    checks: Vec<Check>,
    sources: Vec<origin::Sourced>,
    disputes: Vec<origin::Dispute>,
    /// Revisions of the catalog that say something new of it, the newest first.
    changes: Vec<Link>,
}

/// How many checks hold, for pages elsewhere.
#[derive(Serialize)]
struct BadgeView {
    says: String,
    /// How Markdown shows it, where the address of the site is known.
    markdown: Option<String>,
    /// That of a check, from the top of the site.
    check: Option<String>,
}

/// A check and what it found on every device.
#[derive(Serialize)]
struct Check {
    id: String,
    title: String,
    statement: Option<String>,
    /// Whether the check has a page.
    described: bool,
    found: Vec<Found>,
}

/// What a check found on a device.
#[derive(Serialize)]
pub(in crate::pages) struct Found {
    device: String,
    /// Where it stands on the page of evidence.
    anchor: String,
    status: StatusView,
    error: Option<String>,
    tolerance: Option<String>,
    pub(in crate::pages) measure: Option<String>,
    /// HTML.
    detail: String,
    reason: Option<String>,
}

/// The checks of a level, in a line.
#[derive(Serialize)]
pub(super) struct Level {
    title: String,
    tally: TallyView,
    /// The error that leaves its tolerance the least room.
    closest: Option<Closest>,
}

/// An error beside its tolerance.
#[derive(Serialize)]
struct Closest {
    check: String,
    anchor: String,
    /// `42 %`.
    share: String,
}

/// What does not hold, or not as expected, and why.
#[derive(Serialize)]
pub(in crate::pages) struct Excused {
    title: String,
    anchor: String,
    pub(in crate::pages) device: String,
    status: StatusView,
    reason: String,
}

/// Whether there is anything to show for a model.
pub(super) fn is_there(model: &Model) -> bool {
    let facts = &model.descriptor;
    !model.outcomes.is_empty() || origin::is_sourced(facts) || !facts.conflicts.is_empty()
}

/// Writes the page, where there is something to show.
pub(super) fn render(site: &Site<'_>, model: &Model) -> Result<()> {
    if !is_there(model) {
        return Ok(());
    }
    let (content, summary) = (site.content, &model.summary);
    let page = Page {
        id: &summary.id,
        name: &summary.name,
        tally: TallyView::new(&content.words, &summary.tally),
        badge: badge(site, model)?,
        checks: checks(site, model)?,
        sources: origin::sources(content, &model.descriptor),
        disputes: origin::disputes(content, &model.descriptor),
        changes: changes(content, &summary.id),
    };
    let [title, description] =
        ["evidence.heading", "evidence.description"].map(|key| content.words.with(key, &[("name", &summary.name)]));
    let address = format!("models/{}/evidence/", summary.id);
    let trail = Link::below_model(content, &summary.id, "evidence.crumb");
    let head = Head::below(trail, ["models", &title, &description]);
    site.page(&address, "evidence.html", head, &page)
}

/// Writes the badge, and one for each check; none where nothing ran.
fn badge(site: &Site<'_>, model: &Model) -> Result<Option<BadgeView>> {
    let (id, tally) = (&model.summary.id, TallyView::new(&site.content.words, &model.summary.tally));
    if !tally.ran {
        return Ok(None);
    }
    let words = ["conformance".into(), format!("{} / {}", tally.pass, tally.of)];
    let badge = Badge { words, colour: colour(&tally) };
    let path = format!("badge/{id}.svg");
    let of_checks = of_checks(site.content, model);
    if site.is_english() {
        site.pages.put(path.clone(), badge.svg())?;
        each(&of_checks, |(path, badge)| site.pages.put(path.clone(), badge.svg()))?;
    }
    let base = site.content.data.base_url.as_ref();
    let markdown = base
        .map(|base| format!("[![conformance]({})]({})", base.at(&path), base.at(&format!("models/{id}/evidence/"))));
    let check = of_checks.into_iter().next().map(|(path, _)| path);
    Ok(Some(BadgeView { says: badge.words.join(": "), markdown, check }))
}

/// A badge for each check that applies, with its path: the largest error, and on how many devices the check holds.
fn of_checks(content: &Edition<'_>, model: &Model) -> Vec<(String, Badge)> {
    let badge = |check: &CheckFacts| {
        let found: Vec<&Outcome> = model.outcomes.iter().filter(|outcome| outcome.check == check.id).collect();
        let tally = TallyView::new(&content.words, &Tally::of(found.iter().map(|outcome| outcome.status)));
        let devices = if tally.of == 1 { "device" } else { "devices" };
        let held = format!("{}/{} {devices}", tally.pass, tally.of);
        let error = found.iter().filter_map(|outcome| outcome.error).reduce(f64::max);
        let told = error.map_or_else(|| held.clone(), |error| format!("{} · {held}", magnitude(error)));
        let badge = Badge { words: [check.id.replace('-', " "), told], colour: colour(&tally) };
        tally.ran.then(|| (format!("badge/{}/{}.svg", model.summary.id, check.id), badge))
    };
    content.matrix.suite.checks.iter().filter_map(badge).collect()
}

/// As the style sheet has them.
fn colour(tally: &TallyView) -> &'static str {
    match tally.status.class {
        "fail" => "#a82c3f",
        "waived" | "expected-failure" => "#855200",
        _ => "#226b41",
    }
}

fn changes(content: &Edition<'_>, id: &str) -> Vec<Link> {
    let revisions = content.changed.get(id).into_iter().flatten();
    revisions.map(|revision| Link::new(&revision.date, Some(changes::place(revision, id)))).collect()
}

/// Outcomes by check, in the catalog's order.
fn checks(site: &Site<'_>, model: &Model) -> Result<Vec<Check>> {
    let content = site.content;
    let mut checks: Vec<Check> = Vec::new();
    for outcome in &model.outcomes {
        let found = found(&content.words, model, outcome);
        match checks.last_mut() {
            Some(last) if last.id == outcome.check => last.found.push(found),
            _ => {
                let facts = content.matrix.suite.checks.iter().find(|check| check.id == outcome.check);
                checks.push(Check {
                    id: outcome.check.clone(),
                    title: humanise(&outcome.check),
                    statement: facts.map(|facts| site.prose.line(&facts.statement)).transpose()?,
                    described: facts.is_some(),
                    found: vec![found],
                });
            }
        }
    }
    Ok(checks)
}

/// Where an outcome stands on its model's page of evidence: `padding-does-not-leak.flex`.
pub(in crate::pages) fn anchor(outcome: &Outcome) -> String {
    format!("{}.{}", outcome.check, slug(&outcome.device))
}

/// The levels of the suite with what their checks found; what no level demands comes last.
pub(super) fn levels(content: &Edition<'_>, model: &Model) -> Vec<Level> {
    let levels = &content.matrix.suite.levels;
    let demanded = |outcome: &&Outcome| levels.iter().any(|level| level.checks.contains(&outcome.check));
    let of_level = levels.iter().map(|level| {
        let outcomes = model.outcomes.iter().filter(|outcome| level.checks.contains(&outcome.check));
        (format!("{} {}", level.id, level.name), outcomes.collect::<Vec<_>>())
    });
    let rest = model.outcomes.iter().filter(|outcome| !demanded(outcome)).collect();
    let rest =
        (content.words.say(if levels.is_empty() { "conformance.checks" } else { "conformance.candidates" }), rest);
    let all = of_level.chain([rest]).filter(|(_, outcomes)| !outcomes.is_empty());
    all.map(|(title, outcomes)| level(&content.words, title, &outcomes)).collect()
}

fn level(words: &Words, title: String, outcomes: &[&Outcome]) -> Level {
    let tally = Tally::of(outcomes.iter().map(|outcome| outcome.status));
    let closest = closest(outcomes).map(|(ratio, outcome)| Closest {
        check: humanise(&outcome.check),
        anchor: anchor(outcome),
        share: share(ratio),
    });
    Level { title, tally: TallyView::new(words, &tally), closest }
}

/// The error that leaves its tolerance the least room, over that tolerance; of equals the first. What is known not to hold is told apart,
/// with its reason.
pub(in crate::pages) fn closest<'a>(outcomes: &[&'a Outcome]) -> Option<(f64, &'a Outcome)> {
    let is_excused = |outcome: &Outcome| matches!(outcome.status, Status::Waived | Status::ExpectedFailure);
    let held = outcomes.iter().filter(|outcome| !is_excused(outcome));
    let measured = held.filter_map(|outcome| Some((outcome.ratio().filter(|ratio| !ratio.is_nan())?, *outcome)));
    measured.reduce(|worst, next| if next.0 > worst.0 { next } else { worst })
}

/// An error over its tolerance: parts of it in per cent, more in times.
pub(in crate::pages) fn share(ratio: f64) -> String {
    if ratio > 1.0 {
        return format!("{} ×", magnitude(ratio));
    }
    // Hundredths of a per cent are enough.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 10 000")]
    let parts = (ratio * 10_000.0).round() as u64;
    percent(parts, 10_000)
}

/// Outcomes that a reader should know of before the page of evidence: all but those that hold and those that do not apply.
pub(in crate::pages) fn excused(words: &Words, model: &Model) -> Vec<Excused> {
    let held = |outcome: &&Outcome| !matches!(outcome.status, Status::Pass | Status::NotApplicable);
    let excused = model.outcomes.iter().filter(held).map(|outcome| Excused {
        title: humanise(&outcome.check),
        anchor: anchor(outcome),
        device: outcome.device.clone(),
        status: StatusView::new(words, outcome.status),
        reason: reason(words, model, outcome).unwrap_or_else(|| outcome.detail.clone()),
    });
    excused.collect()
}

/// With its excuse, if it has one.
pub(in crate::pages) fn found(words: &Words, model: &Model, outcome: &Outcome) -> Found {
    Found {
        device: outcome.device.clone(),
        anchor: anchor(outcome),
        status: StatusView::new(words, outcome.status),
        error: outcome.error.map(magnitude),
        tolerance: outcome.tolerance.map(magnitude),
        measure: outcome.measure.clone(),
        detail: inline_code(&outcome.detail),
        reason: reason(words, model, outcome),
    }
}

fn reason(words: &Words, model: &Model, outcome: &Outcome) -> Option<String> {
    let facts = &model.descriptor;
    match outcome.status {
        Status::Waived => {
            let waiver = facts.waivers.iter().find(|waiver| waiver.check == outcome.check);
            waiver.map(|waiver| words.with("status.waived_for", &[("reason", &waiver.reason)]))
        }
        Status::ExpectedFailure => {
            let mut expected = facts.expected_failures.iter();
            let expected = expected.find(|known| known.check == outcome.check && known.is_on(&outcome.device));
            expected.map(|known| {
                words.with(
                    "status.expected_until",
                    &[("date", &known.expires), ("owner", &known.owner), ("reason", &known.reason)],
                )
            })
        }
        _ => None,
    }
}
