//! The glossary: every word of the taxonomy and of this project, in three languages side by side.

use std::collections::BTreeMap;

use serde::Serialize;

use super::data::linked;
use super::{Head, Link, Site};
use crate::building::shown;
use crate::error::Result;
use crate::format::{escape, slug};
use crate::words::Tongue;

#[derive(Serialize)]
struct Glossary {
    letters: Vec<Letter>,
    words: usize,
}

/// Words that begin alike.
#[derive(Serialize)]
struct Letter {
    letter: String,
    anchor: String,
    words: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    anchor: String,
    word: Link,
    /// Whether it is written as in code.
    code: bool,
    /// What others call it.
    also: Vec<String>,
    /// On which axis it is a term.
    of: Option<String>,
    /// HTML.
    definition: String,
    zh: Option<String>,
    de: Option<String>,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    if site.content.parts.kinds.is_empty() {
        return Ok(());
    }
    let mut entries = entries(site)?;
    let key = |entry: &Entry| (entry.word.label.to_lowercase(), entry.anchor.clone());
    entries.sort_by_key(key);
    let words = entries.len();
    let mut letters: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        let first = entry.word.label.chars().find(|letter| letter.is_alphanumeric()).unwrap_or('#');
        let letter = if first.is_alphabetic() { first.to_uppercase().collect() } else { "0–9".to_owned() };
        letters.entry(letter).or_default().push(entry);
    }
    let letters = letters.into_iter().map(|(letter, words)| {
        let anchor = format!("letter-{}", if letter == "0–9" { "0".into() } else { slug(&letter) });
        Letter { letter, anchor, words }
    });
    let page = Glossary { letters: letters.collect(), words };
    let all = page.letters.iter().flat_map(|letter| &letter.words);
    let all = all.map(|entry| [entry.anchor.as_str(), entry.word.label.as_str()]);
    let [title, description] = ["foot.glossary", "glossary.description"].map(|key| site.content.words.say(key));
    let told = linked::terms(&title, &description, all);
    let head = Head::from(["glossary", title.as_str(), description.as_str()]).telling(vec![told]);
    site.page("glossary/", "glossary.html", head, &page)
}

fn entries(site: &Site<'_>) -> Result<Vec<Entry>> {
    let content = site.content;
    let name =
        |names: Option<&BTreeMap<String, String>>, language: &str| names.and_then(|names| names.get(language)).cloned();
    // The first column is in English on every page.
    let english = |link: Link, names: Option<&BTreeMap<String, String>>| {
        let label = name(names, Tongue::English.code()).unwrap_or(link.label);
        Link { label, english: !site.is_english(), ..link }
    };
    let mut entries = Vec::new();
    for axis in content.classifying() {
        for term in &axis.terms {
            let names = content.parts.names.get(&axis.id).and_then(|names| names.get(&term.id));
            entries.push(Entry {
                anchor: slug(&format!("{} {}", axis.id, term.id)),
                word: english(Link::term(content, &axis.id, &term.id), names),
                code: false,
                also: Vec::new(),
                of: Some(axis.title.clone()),
                definition: escape(&term.definition),
                zh: name(names, "zh"),
                de: name(names, "de"),
            });
        }
    }
    for kind in content.parts.kinds.iter().filter(|kind| !kind.is_axis) {
        entries.extend(kind.parts.iter().filter(|part| shown(part)).map(|part| Entry {
            anchor: slug(&format!("{} {}", kind.id, part.id)),
            word: english(super::block::link(content, kind, part), Some(&part.names)),
            code: false,
            also: Vec::new(),
            of: Some(kind.title.clone()),
            definition: escape(&part.definition),
            zh: name(Some(&part.names), "zh"),
            de: name(Some(&part.names), "de"),
        }));
    }
    for word in &content.parts.words {
        let definition = site.prose.html(&word.definition)?;
        entries.push(Entry {
            anchor: slug(&format!("word {}", word.word)),
            word: english(Link::new(&word.word, word.part.as_ref().and_then(|place| content.block_href(place))), None),
            code: word.word.contains('_'),
            also: word.also.clone(),
            of: None,
            definition: definition.trim().trim_start_matches("<p>").trim_end_matches("</p>").to_owned(),
            zh: name(Some(&word.names), "zh"),
            de: name(Some(&word.names), "de"),
        });
    }
    Ok(entries)
}
