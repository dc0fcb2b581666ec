//! What the catalog says otherwise than before: every revision on a line, and field by field on a page of its own.

use serde::Serialize;
use serde_json::Value;
use zoo_catalog::view::{Change, Revision};
use zoo_registry::Status;

use super::model::evidence;
use super::{Head, Link, Site, StatusView, each};
use crate::edition::Edition;
use crate::error::Result;
use crate::format::{humanise, magnitude};
use crate::lineage::anchor;

/// Revisions whose models are named on the page of all.
const NAMED: usize = 20;
/// Models that are named of one of them.
const MODELS: usize = 12;
/// Changes on the page of a revision; the rest is in the table for programs.
const MOST: usize = 400;
/// Characters of a value on such a page.
const LONGEST: usize = 320;

#[derive(Serialize)]
struct Page {
    revisions: Vec<Line>,
    /// Whether there is a feed.
    feed: bool,
}

/// A revision in a line.
#[derive(Serialize)]
pub(super) struct Line {
    date: String,
    href: String,
    /// Models that the catalog had.
    models: usize,
    changes: usize,
    /// Models of which something changed.
    changed: usize,
    named: Vec<Link>,
}

/// A revision whole.
#[derive(Serialize)]
struct Whole {
    line: Line,
    changed: Vec<Changed>,
    /// Changes that are not shown.
    left: usize,
}

/// A model of which something changed.
#[derive(Serialize)]
struct Changed {
    anchor: String,
    model: Link,
    state: State,
    rows: Vec<Row>,
}

/// What became of it, as the style sheet calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    New,
    Gone,
    Odd,
}

impl State {
    fn of(change: &Change) -> Self {
        match (&change.before, &change.after) {
            (None, _) => Self::New,
            (_, None) => Self::Gone,
            _ => Self::Odd,
        }
    }
}

/// A field that says something else.
#[derive(Serialize)]
struct Row {
    field: Link,
    /// Where in the field, if that is not all of it.
    inside: Option<String>,
    state: State,
    values: [Option<String>; 2],
    /// Whether values are as the record has them, which is in English.
    english: bool,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let content = site.content;
    let all = content.history.iter().enumerate();
    // A long list names the models of its first lines only.
    let revisions = all.map(|(at, revision)| line(content, revision, if at < NAMED { MODELS } else { 0 })).collect();
    let page = Page { revisions, feed: !content.history.is_empty() };
    let [title, description] = ["changes.heading", "changes.description"].map(|key| content.words.say(key));
    site.page("changes/", "changes.html", ["changes", &title, &description], &page)?;
    each(content.history, |revision| render_revision(site, revision))
}

fn render_revision(site: &Site<'_>, revision: &Revision) -> Result<()> {
    let content = site.content;
    let shown = shown(revision);
    let page = Whole {
        line: line(content, revision, 0),
        changed: Change::by_model(shown).map(|changes| changed(content, changes)).collect(),
        left: revision.changes.len() - shown.len(),
    };
    let words = |key| content.words.with(key, &[("date", &revision.date)]);
    let [title, description] = ["changes.of_day", "changes.of_day_description"].map(words);
    let trail = vec![Link::said(content, "changes.heading", "changes/"), Link::new(&revision.date, None)];
    let head = Head::below(trail, ["changes", &title, &description]);
    site.page(&address(revision), "revision.html", head, &page)
}

fn address(revision: &Revision) -> String {
    format!("changes/{}/", revision.date)
}

/// The changes of a revision that its page has room for.
fn shown(revision: &Revision) -> &[Change] {
    &revision.changes[..revision.changes.len().min(MOST)]
}

/// Where a model stands on the page of a revision, or the page, if there is no room for it.
pub(super) fn place(revision: &Revision, model: &str) -> String {
    let is_shown = shown(revision).binary_search_by(|change| change.model.as_str().cmp(model)).is_ok();
    let anchor = if is_shown { format!("#{}", anchor(model)) } else { String::new() };
    address(revision) + &anchor
}

/// The newest revisions that changed something, with their models.
pub(super) fn latest(content: &Edition<'_>, most: usize) -> Vec<Line> {
    let changed = content.history.iter().filter(|revision| !revision.changes.is_empty());
    changed.take(most).map(|revision| line(content, revision, MODELS)).collect()
}

fn line(content: &Edition<'_>, revision: &Revision, named: usize) -> Line {
    let by_model = || Change::by_model(&revision.changes);
    Line {
        date: revision.date.clone(),
        href: address(revision),
        models: revision.models,
        changes: revision.changes.len(),
        changed: by_model().count(),
        named: by_model()
            .take(named)
            .map(|changes| Link::new(name(content, &changes[0]), Some(place(revision, &changes[0].model))))
            .collect(),
    }
}

/// What a model is called, or was.
pub(super) fn name(content: &Edition<'_>, change: &Change) -> String {
    match (content.model(&change.model), &change.before) {
        (None, Some(Value::String(name))) if change.field.is_empty() => name.clone(),
        _ => content.model_name(&change.model).to_owned(),
    }
}

fn changed(content: &Edition<'_>, changes: &[Change]) -> Changed {
    let (first, id) = (&changes[0], &changes[0].model);
    let href = content.model(id).map(|_| format!("models/{id}/"));
    let whole = first.field.is_empty();
    Changed {
        anchor: anchor(id),
        model: Link::new(name(content, first), href),
        state: if whole { State::of(first) } else { State::Odd },
        rows: if whole { Vec::new() } else { changes.iter().map(|change| row(content, change)).collect() },
    }
}

fn row(content: &Edition<'_>, change: &Change) -> Row {
    let steps = change.steps();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let words = &content.words;
    let said = |key: &str, name: &str, value: &str| Link::new(words.with(key, &[(name, &value)]), None);
    let (field, inside): (Link, &[&str]) = match steps[..] {
        ["taxonomy", axis, ..] => (Link::field(content, axis), &steps[2..]),
        ["sources", field, ..] => (said("changes.sources", "field", &content.axis_title(field)), &steps[2..]),
        ["lineage", parent, ..] => (said("model.lineage_from", "name", content.model_name(parent)), &steps[2..]),
        ["presets" | "unbuilt", size, ..] => (said("model.size", "size", size), &steps[2..]),
        ["conformance", check, device, ..] => (outcome(content, &change.model, check, device), &steps[2..3]),
        [field, ..] => (Link::field(content, field), &steps[1..]),
        [] => (Link::new(String::new(), None), &[]),
    };
    let value = |value: &Option<Value>| value.as_ref().map(|value| clipped(told(content, &steps, value)));
    Row {
        field,
        inside: (!inside.is_empty()).then(|| inside.join(" / ")),
        state: State::of(change),
        values: [value(&change.before), value(&change.after)],
        english: !matches!(steps[..], ["taxonomy" | "conformance", ..]),
    }
}

/// A check, with its evidence where that is still there.
fn outcome(content: &Edition<'_>, model: &str, check: &str, device: &str) -> Link {
    let found = content.model(model).and_then(|model| {
        let found = model.outcomes.iter().find(|found| found.check == check && found.device == device)?;
        Some(format!("models/{}/evidence/#{}", model.summary.id, evidence::anchor(found)))
    });
    Link { english: true, ..Link::new(humanise(check), found) }
}

/// A value as people read it.
fn told(content: &Edition<'_>, steps: &[&str], value: &Value) -> String {
    match (steps, value) {
        (["taxonomy", axis], Value::Array(terms)) => {
            let terms = terms.iter().filter_map(Value::as_str).map(|term| content.term_label(axis, term));
            terms.collect::<Vec<_>>().join(", ")
        }
        (["conformance", .., "status"], Value::String(status)) => {
            let known = Status::ALL.into_iter().find(|known| known.as_str() == status);
            known.map_or_else(|| status.clone(), |known| StatusView::new(&content.words, known).word)
        }
        (["conformance", .., "error"], Value::Number(error)) => error.as_f64().map_or_else(String::new, magnitude),
        _ => plain(content, value),
    }
}

/// A value without the signs that JSON needs, and sources as they are cited.
fn plain(content: &Edition<'_>, value: &Value) -> String {
    let plain = |value: &Value| plain(content, value);
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let between = if items.iter().any(|item| item.is_object() || item.is_array()) { "; " } else { ", " };
            items.iter().map(plain).collect::<Vec<_>>().join(between)
        }
        Value::Object(fields) if fields.contains_key("source") && fields.contains_key("confidence") => {
            let source = fields["source"].as_str().map(|source| content.term_label("source", source));
            let rest = ["ref", "note"].map(|name| fields.get(name).and_then(Value::as_str).map(str::to_owned));
            [source].into_iter().chain(rest).flatten().collect::<Vec<_>>().join(": ")
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| format!("{name}: {}", plain(value));
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        }
    }
}

/// The beginning of a text that is too long.
fn clipped(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}
