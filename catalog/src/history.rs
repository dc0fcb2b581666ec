//! What a catalog says otherwise than the one before it, model by model, field by field.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::view::{Change, Revision};

/// What a catalog says of a model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    /// Name for people.
    pub(crate) name: String,
    /// Its facts, and what its code builds.
    pub(crate) record: Value,
    /// What was found of it, by check and device.
    pub(crate) outcomes: BTreeMap<(String, String), Found>,
}

/// How a check ended, and how large an error it measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) status: String,
    pub(crate) error: Option<f64>,
}

/// Models by id.
pub(crate) type Catalogued = BTreeMap<String, Said>;

/// Everything that is said otherwise, by model and field.
///
/// A model that is new, or gone, is one change. So is an item of a list that is, where items are known by a name of their own. Saying
/// nothing, saying `false` and not having such a field are the same.
pub(crate) fn changes(before: &Catalogued, after: &Catalogued) -> Vec<Change> {
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut changes = Vec::new();
    for id in ids {
        let mut list = List { model: id, changes: &mut changes };
        match (before.get(id), after.get(id)) {
            (Some(before), Some(after)) => {
                list.compare("", Some(&before.record), Some(&after.record));
                list.compare_outcomes(before, after);
            }
            (before, after) => {
                let name = |said: Option<&Said>| said.map(|said| Value::from(said.name.as_str()));
                list.add("", name(before), name(after));
            }
        }
    }
    changes.sort_by(|a, b| (&a.model, &a.field).cmp(&(&b.model, &b.field)));
    changes
}

/// The revisions of a catalog that is built on this day: those of the one before it, and its own if there is something to tell. The first
/// of all is told in any case. What changed twice on one day is one change.
pub(crate) fn revisions(mut past: Vec<Revision>, date: &str, models: usize, changes: Vec<Change>) -> Vec<Revision> {
    match past.last_mut() {
        Some(last) if last.date == date => {
            last.changes = joined(std::mem::take(&mut last.changes), changes);
            last.models = models;
        }
        Some(_) if changes.is_empty() => {}
        _ => past.push(Revision { date: date.to_owned(), models, changes }),
    }
    past
}

/// Changes and those that came after them, as one list.
fn joined(first: Vec<Change>, second: Vec<Change>) -> Vec<Change> {
    let is_new = |change: &Change| change.field.is_empty() && change.before.is_none();
    let new: BTreeSet<String> = first.iter().filter(|change| is_new(change)).map(|new| new.model.clone()).collect();
    let mut all: BTreeMap<(String, String), Change> = BTreeMap::new();
    for change in first {
        all.insert((change.model.clone(), change.field.clone()), change);
    }
    // What is said anew of a model that is new itself, is not told.
    for change in second.into_iter().filter(|change| change.field.is_empty() || !new.contains(&change.model)) {
        match all.get_mut(&(change.model.clone(), change.field.clone())) {
            Some(known) => known.after = change.after,
            None => _ = all.insert((change.model.clone(), change.field.clone()), change),
        }
    }
    all.into_values().filter(|change| change.before != change.after).collect()
}

impl Change {
    /// Changes by model, of a list in which those of one model stand together, as [`Revision::changes`] has them.
    pub fn by_model(changes: &[Self]) -> impl Iterator<Item = &[Self]> {
        changes.chunk_by(|a, b| a.model == b.model)
    }

    /// The steps of [`Self::field`], as they were before they became a JSON Pointer (RFC 6901, §4).
    pub fn steps(&self) -> Vec<String> {
        self.field.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
    }
}

/// The list of changes, while one model's are added.
struct List<'a> {
    model: &'a str,
    changes: &'a mut Vec<Change>,
}

impl List<'_> {
    fn add(&mut self, field: &str, before: Option<Value>, after: Option<Value>) {
        self.changes.push(Change { model: self.model.to_owned(), field: field.to_owned(), before, after });
    }

    fn compare(&mut self, field: &str, before: Option<&Value>, after: Option<&Value>) {
        let (before, after) = (before.filter(|value| says(value)), after.filter(|value| says(value)));
        if before == after {
            return;
        }
        match (before.and_then(items), after.and_then(items)) {
            (Some(before), Some(after)) => {
                let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
                for name in names {
                    self.compare(&step(field, name), before.get(name).copied(), after.get(name).copied());
                }
            }
            _ => self.add(field, before.map(told), after.map(told)),
        }
    }

    /// Checks that both know. Errors differ a little from machine to machine: told is what doubled or fell to half.
    fn compare_outcomes(&mut self, before: &Said, after: &Said) {
        for (place @ (check, device), found) in &before.outcomes {
            let Some(now) = after.outcomes.get(place) else { continue };
            let field = [check, device].into_iter().fold("/conformance".to_owned(), |field, name| step(&field, name));
            if found.status != now.status {
                let [before, after] = [found, now].map(|found| Some(Value::from(found.status.as_str())));
                self.add(&step(&field, "status"), before, after);
            }
            if let Some((before, after)) =
                found.error.zip(now.error).filter(|(a, b)| a.max(*b) >= 2.0 * a.min(*b) && a != b)
            {
                self.add(&step(&field, "error"), Some(before.into()), Some(after.into()));
            }
        }
    }
}

/// A JSON Pointer one step further (RFC 6901, §3).
fn step(field: &str, name: &str) -> String {
    format!("{field}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Whether a value says anything.
fn says(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => fields.values().any(says),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// What a value is made of, by name: the fields of an object, or the items of a list that name themselves.
fn items(value: &Value) -> Option<BTreeMap<&str, &Value>> {
    match value {
        Value::Object(fields) => Some(fields.iter().map(|(name, value)| (name.as_str(), value)).collect()),
        Value::Array(list) => NAMES.iter().find_map(|name| {
            let named = list.iter().map(|item| Some((item.get(name)?.as_str()?, item)));
            let named: BTreeMap<&str, &Value> = named.collect::<Option<_>>()?;
            // Of two items of one name nobody could say which is which.
            (named.len() == list.len()).then_some(named)
        }),
        _ => None,
    }
}

/// Fields that name an item of a list, the surest first.
const NAMES: [&str; 6] = ["id", "check", "about", "module", "title", "field"];

/// A value without what says nothing.
fn told(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| says(value));
            Value::Object(fields.map(|(name, value)| (name.clone(), told(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(told).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(record: Value) -> Catalogued {
        let found = |status: &str, error| Found { status: status.to_owned(), error };
        let outcomes = [("loss", found("pass", Some(1e-6))), ("masks", found("pass", None))];
        let outcomes = outcomes.map(|(check, found)| ((check.to_owned(), "flex".to_owned()), found));
        [("toy".to_owned(), Said { name: "Toy".into(), record, outcomes: outcomes.into() })].into()
    }

    fn told_of(before: &Catalogued, after: &Catalogued) -> Vec<(String, Value, Value)> {
        let all = changes(before, after).into_iter();
        all.map(|change| (change.field, change.before.into(), change.after.into())).collect()
    }

    fn change(model: &str, field: &str, before: Option<u32>, after: Option<u32>) -> Change {
        let [before, after] = [before, after].map(|value| value.map(Value::from));
        Change { model: model.into(), field: field.into(), before, after }
    }

    #[test]
    fn fields_are_told_by_their_place() {
        let before = said(json!({ "date": "2020", "taxonomy": { "attention": ["a", "b"] }, "a/b~c": 1 }));
        let after = said(json!({ "date": "2021", "taxonomy": { "attention": ["b"] }, "note": "N", "a/b~c": 2 }));
        let expected = [
            ("/a~1b~0c", json!(1), json!(2)),
            ("/date", json!("2020"), json!("2021")),
            ("/note", json!(null), json!("N")),
            ("/taxonomy/attention", json!(["a", "b"]), json!(["b"])),
        ];
        assert_eq!(told_of(&before, &after), expected.map(|(field, a, b)| (field.to_owned(), a, b)));
        assert_eq!(changes(&before, &after)[0].steps(), ["a/b~c"]);
        assert_eq!(told_of(&after, &after), []);
    }

    #[test]
    fn items_are_known_by_their_names_and_not_by_their_places() {
        let before =
            said(json!({ "presets": [{ "id": "s", "config": { "d": 1 } }, { "id": "m", "config": { "d": 2 } }] }));
        let after = said(json!({ "presets": [
            { "id": "xs", "note": null, "config": { "d": 1 } },
            { "id": "m", "config": { "d": 3 } }, { "id": "s", "config": { "d": 1 } },
        ] }));
        let expected = [
            ("/presets/m/config/d", json!(2), json!(3)),
            ("/presets/xs", json!(null), json!({ "id": "xs", "config": { "d": 1 } })),
        ];
        assert_eq!(told_of(&before, &after), expected.map(|(field, a, b)| (field.to_owned(), a, b)));
        // Of the same name twice, or without a name: the list is one value.
        for list in [json!([{ "id": "s", "n": 1 }, { "id": "s", "n": 2 }]), json!([{ "n": 1 }, { "n": 2 }])] {
            let found = told_of(&said(json!({ "list": list })), &said(json!({ "list": [{ "id": "s" }] })));
            assert_eq!(found, [("/list".to_owned(), list, json!([{ "id": "s" }]))]);
        }
    }

    #[test]
    fn saying_nothing_is_not_having_the_field() {
        let before = said(json!({ "a": null, "b": [], "c": {}, "d": "", "e": false, "f": { "g": null } }));
        assert_eq!(told_of(&before, &said(json!({}))), []);
        assert_eq!(told_of(&said(json!({})), &before), []);
    }

    #[test]
    fn models_come_and_go_as_one() {
        let (some, none) = (said(json!({ "date": "2020" })), Catalogued::new());
        assert_eq!(told_of(&none, &some), [(String::new(), json!(null), json!("Toy"))]);
        assert_eq!(told_of(&some, &none), [(String::new(), json!("Toy"), json!(null))]);
    }

    #[test]
    fn errors_are_told_that_doubled_or_fell_to_half() {
        let with = |error: f64, status: &str| {
            let mut said = said(json!({}));
            let outcomes = &mut said.get_mut("toy").unwrap().outcomes;
            *outcomes.get_mut(&("loss".into(), "flex".into())).unwrap() =
                Found { status: status.into(), error: Some(error) };
            said
        };
        let fields = |error, status| {
            let all = changes(&with(1e-6, "pass"), &with(error, status));
            all.into_iter().map(|change| change.field).collect::<Vec<_>>()
        };
        assert_eq!(fields(1.9e-6, "pass"), [""; 0]);
        assert_eq!(fields(0.6e-6, "pass"), [""; 0]);
        assert_eq!(fields(2e-6, "pass"), ["/conformance/loss/flex/error"]);
        assert_eq!(fields(0.4e-6, "pass"), ["/conformance/loss/flex/error"]);
        assert_eq!(fields(0.0, "pass"), ["/conformance/loss/flex/error"]);
        assert_eq!(fields(1e-6, "fail"), ["/conformance/loss/flex/status"]);
        // A check that only one of the two ran.
        let mut other = with(1.0, "fail");
        other.get_mut("toy").unwrap().outcomes.clear();
        assert_eq!(changes(&with(1.0, "pass"), &other), []);
    }

    #[test]
    fn a_day_is_told_once() {
        let first = vec![
            change("a", "/x", Some(1), Some(2)),
            change("a", "/y", Some(1), Some(2)),
            change("b", "", None, Some(0)),
        ];
        let past = revisions(Vec::new(), "2026-01-01", 3, Vec::new());
        assert_eq!(past.len(), 1, "the record begins");
        assert_eq!(revisions(past.clone(), "2026-01-02", 3, Vec::new()), past, "nothing to tell");
        let past = revisions(past, "2026-01-02", 3, first);
        let second = vec![
            change("a", "/x", Some(2), Some(3)),
            change("a", "/y", Some(2), Some(1)),
            change("b", "/x", Some(1), Some(2)),
        ];
        let past = revisions(past, "2026-01-02", 4, second);
        assert_eq!((past.len(), past[1].models), (2, 4));
        assert_eq!(past[1].changes, [change("a", "/x", Some(1), Some(3)), change("b", "", None, Some(0))]);
    }
}
