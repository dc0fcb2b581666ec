//! Atom feeds. Their dates are those of the models and of the catalog's revisions, and their ids are made of what they speak of: no clock is
//! asked.

use serde::Serialize;
use sha2::{Digest, Sha256};
use zoo_catalog::view::{Change, Model, Revision};

use super::Site;
use crate::edition::Edition;
use crate::error::Result;
use crate::format::hex;
use crate::pages::{changes, root};

/// Where the feeds are.
pub(super) const CHANGES: &str = "changes.atom";
pub(super) const NEW: &str = "models/new.atom";

/// How many models the feed of new ones holds.
const NEWEST: usize = 30;
/// How many changed models the feed of changes holds.
const LATEST: usize = 200;
/// How many fields an entry names.
const NAMED: usize = 12;

#[derive(Serialize)]
struct Feed {
    id: String,
    title: &'static str,
    subtitle: &'static str,
    /// From the feed to the top of the site.
    root: String,
    /// From there to the page that shows the same.
    page: &'static str,
    /// The whole address of the feed, where it is known.
    address: Option<String>,
    updated: String,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    id: String,
    title: String,
    /// From the top of the site.
    href: String,
    updated: String,
    summary: String,
}

/// The newest models.
pub(super) fn new(site: &Site<'_>) -> Result<String> {
    let mut models: Vec<&Model> = site.content.models.iter().collect();
    models.sort_by(|a, b| (&b.summary.date, &a.summary.id).cmp(&(&a.summary.date, &b.summary.id)));
    let entry = |model: &&Model| Entry {
        id: name(&["model", &model.summary.id, ""]),
        title: model.summary.name.clone(),
        href: format!("models/{}/", model.summary.id),
        updated: moment(&model.summary.date),
        summary: model.descriptor.gist().to_owned(),
    };
    let entries = models.iter().take(NEWEST).map(entry).collect();
    text(site, NEW, ["New models", "The newest models of the catalog, by their own dates.", "models/"], entries)
}

/// Every model of which something changed, once for each revision of the catalog.
pub(super) fn changes(site: &Site<'_>) -> Result<String> {
    let by_model = |revision: &Revision| {
        let of = |changes: &[Change]| changed(site.content, revision, changes);
        Change::by_model(&revision.changes).map(of).collect::<Vec<_>>()
    };
    let entries = site.content.history.iter().flat_map(by_model).take(LATEST).collect();
    let told = "Models that the catalog describes otherwise than before, by the day of the revision.";
    text(site, CHANGES, ["Changes of the catalog", told, "changes/"], entries)
}

fn changed(content: &Edition<'_>, revision: &Revision, changes: &[Change]) -> Entry {
    let (first, id) = (&changes[0], &changes[0].model);
    let fields = || changes.iter().take(NAMED).map(|change| change.field.trim_start_matches('/'));
    let summary = match (first.field.is_empty(), &first.before) {
        (true, None) => "New in the catalog.".to_owned(),
        (true, Some(_)) => "No longer in the catalog.".to_owned(),
        _ if changes.len() > NAMED => {
            format!("{}, and {} more", fields().collect::<Vec<_>>().join(", "), changes.len() - NAMED)
        }
        _ => fields().collect::<Vec<_>>().join(", "),
    };
    Entry {
        id: name(&["change", id, &revision.date]),
        title: changes::name(content, first),
        href: changes::place(revision, id),
        updated: moment(&revision.date),
        summary,
    }
}

fn text(
    site: &Site<'_>,
    path: &str,
    [title, subtitle, page]: [&'static str; 3],
    entries: Vec<Entry>,
) -> Result<String> {
    let updated = entries.iter().map(|entry| entry.updated.clone()).max();
    let feed = Feed {
        id: name(&["feed", path]),
        title,
        subtitle,
        root: root(path),
        page,
        address: site.content.data.base_url.as_ref().map(|base| base.at(path)),
        updated: updated.unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned()),
        entries,
    };
    site.text(path, "feed.xml", &feed)
}

/// The beginning of a day or month, as RFC 3339 has it.
fn moment(date: &str) -> String {
    let day = if date.len() == 7 { "-01" } else { "" };
    format!("{date}{day}T00:00:00Z")
}

/// A lasting name made of texts: a version 8 UUID of RFC 9562, from their SHA-256.
fn name(parts: &[&str]) -> String {
    let mut bytes: [u8; 32] = Sha256::digest(parts.join("\n")).into();
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes[..16]);
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_uuids_and_last() {
        let one = name(&["model", "bert"]);
        assert_eq!(one, name(&["model", "bert"]));
        assert_ne!(one, name(&["model", "gpt"]));
        assert_eq!(one.len(), "urn:uuid:".len() + 36);
        assert_eq!(&one[23..24], "8");
    }

    #[test]
    fn months_begin_with_their_first_day() {
        assert_eq!([moment("2018-10"), moment("2018-10-11")], ["2018-10-01T00:00:00Z", "2018-10-11T00:00:00Z"]);
    }
}
