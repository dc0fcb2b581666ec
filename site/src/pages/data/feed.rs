//! Atom feeds. Their dates are those of the models, and their ids are made of what they speak of: no clock is asked.

use serde::Serialize;
use sha2::{Digest, Sha256};
use zoo_catalog::view::Model;

use super::{Site, json};
use crate::error::Result;
use crate::format::hex;
use crate::pages::root;

/// Where the feeds are.
pub(super) const CHANGES: &str = "changes.atom";
pub(super) const NEW: &str = "models/new.atom";

/// How many models the feed of new ones holds.
const NEWEST: usize = 30;

#[derive(Serialize)]
struct Feed {
    id: String,
    title: &'static str,
    subtitle: &'static str,
    /// From the feed to the top of the site.
    root: String,
    /// The whole address of the feed, where it is known.
    address: Option<String>,
    updated: String,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    id: String,
    title: String,
    href: String,
    updated: String,
    summary: String,
}

/// The feed at this path.
pub(super) fn text(site: &Site<'_>, path: &str) -> Result<String> {
    let mut models: Vec<&Model> = site.content.models.iter().collect();
    models.sort_by(|a, b| (&b.summary.date, &a.summary.id).cmp(&(&a.summary.date, &b.summary.id)));
    let entries = match path {
        CHANGES => models.iter().map(|model| Ok(entry(model, "", &json(path, model)?))).collect::<Result<_>>()?,
        _ => models.iter().take(NEWEST).map(|model| entry(model, "../", "")).collect::<Vec<_>>(),
    };
    let (title, subtitle) = match path {
        CHANGES => (
            "Changes of the catalog",
            "Every model of the catalog as it is described now. A model whose record changed is a new entry.",
        ),
        _ => ("New models", "The newest models of the catalog, by their own dates."),
    };
    let updated = entries.iter().map(|entry| entry.updated.clone()).max();
    let feed = Feed {
        id: name(&["feed", path]),
        title,
        subtitle,
        root: root(path),
        address: site.content.data.base_url.as_ref().map(|base| base.at(path)),
        updated: updated.unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned()),
        entries,
    };
    site.text(path, "feed.xml", &feed)
}

/// An entry whose id is made of the model's id and of `state`.
fn entry(model: &Model, root: &str, state: &str) -> Entry {
    let summary = &model.summary;
    Entry {
        id: name(&["model", &summary.id, state]),
        title: summary.name.clone(),
        href: format!("{root}models/{}/", summary.id),
        updated: moment(&summary.date),
        summary: model.descriptor.gist().to_owned(),
    }
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
