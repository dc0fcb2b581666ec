//! What the site says, in every language: words by page and role, from the files in `strings/`.
//!
//! Templates name a text as `[[page.role]]` and code as `words.say("page.role")`. Numbers, names and code are no words: they are handed to
//! a text, which says where they stand.

mod questions;
mod template;
mod tongue;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use toml::Value;

use crate::error::{Error, Result};
use crate::look::Look;

pub(crate) use questions::Questions;
pub(crate) use template::{NOTICE, expand};
pub use tongue::Tongue;

/// The files, in the order of [`Tongue::ALL`].
const FILES: [(&str, &str); 3] = [
    ("strings/en.toml", include_str!("../../strings/en.toml")),
    ("strings/zh-Hans.toml", include_str!("../../strings/zh-Hans.toml")),
    ("strings/de.toml", include_str!("../../strings/de.toml")),
];

/// Every text of one language.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    tongue: Tongue,
    texts: BTreeMap<String, Text>,
}

/// A text, in which `{name}` stands for what is handed to it, and `<name>…</name>` for the words of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Text {
    Plain(String),
    /// Where `n` is one, and where it is not.
    Counted {
        one: String,
        other: String,
    },
}

impl Words {
    /// Reads the file of a language.
    ///
    /// # Errors
    /// [`Error::Strings`] when it is no TOML, or holds anything but texts.
    pub(crate) fn read(tongue: Tongue, look: &Look) -> Result<Self> {
        let (path, own) = FILES[tongue as usize];
        Self::parse(tongue, path, &look.text(path, own)?)
    }

    fn parse(tongue: Tongue, path: &str, text: &str) -> Result<Self> {
        let failed = |told: String| Error::Strings { file: path.to_owned(), told };
        let table: toml::Table = toml::from_str(text).map_err(|error| failed(error.to_string()))?;
        let mut texts = BTreeMap::new();
        gather("", &Value::Table(table), &mut texts).map_err(failed)?;
        Ok(Self { tongue, texts })
    }

    /// Those of the program, for tests.
    #[cfg(test)]
    pub(crate) fn english() -> Self {
        Self::read(Tongue::English, &Look::default()).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn tongue(&self) -> Tongue {
        self.tongue
    }

    /// The text of a role. One that is not there is told by its key, in backticks: a test sees that none is missing.
    pub(crate) fn say(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A text with what stands in it.
    pub(crate) fn with(&self, key: &str, parts: &[(&str, &dyn Display)]) -> String {
        match self.texts.get(key) {
            Some(Text::Plain(text) | Text::Counted { other: text, .. }) => filled(text, parts),
            None => format!("`{key}`"),
        }
    }

    /// A text that depends on a number, which is its `n`.
    pub(crate) fn count(&self, key: &str, n: usize, parts: &[(&str, &dyn Display)]) -> String {
        let parts: Vec<_> = std::iter::once(("n", &n as &dyn Display)).chain(parts.iter().copied()).collect();
        match self.texts.get(key) {
            Some(Text::Counted { one, .. }) if n == 1 => filled(one, &parts),
            _ => self.with(key, &parts),
        }
    }

    /// Every text below a key, for scripts: `{"role": "text"}`.
    pub(crate) fn below<'a>(&'a self, section: &'a str) -> impl Iterator<Item = (&'a str, &'a Text)> {
        let inside = move |key: &'a str| key.strip_prefix(section)?.strip_prefix('.');
        self.texts.iter().filter_map(move |(key, text)| Some((inside(key)?, text)))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Text> {
        self.texts.get(key)
    }
}

/// The texts of a table and of those in it. A table of nothing but `one` and `other` is a text.
fn gather(prefix: &str, value: &Value, texts: &mut BTreeMap<String, Text>) -> std::result::Result<(), String> {
    match value {
        Value::String(text) => {
            texts.insert(prefix.to_owned(), Text::Plain(text.clone()));
            Ok(())
        }
        Value::Table(table)
            if table.contains_key("other") && table.keys().all(|form| form == "one" || form == "other") =>
        {
            let of = |form: &str| table.get(form).and_then(Value::as_str).map(str::to_owned);
            let other = of("other").ok_or_else(|| format!("`{prefix}.other` is no text"))?;
            texts.insert(prefix.to_owned(), Text::Counted { one: of("one").unwrap_or_else(|| other.clone()), other });
            Ok(())
        }
        Value::Table(table) => table.iter().try_for_each(|(name, value)| {
            gather(&if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") }, value, texts)
        }),
        other => Err(format!("`{prefix}` is a {}, expected a text", other.type_str())),
    }
}

/// A text with its places filled. A place that nothing is handed for stays, as does what is handed and has no place.
fn filled(text: &str, parts: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = from.split_once('}') else { return filled + "{" + from };
        match parts.iter().find(|(known, _)| *known == name) {
            Some((_, part)) => filled.push_str(&part.to_string()),
            None => filled.extend(["{", name, "}"]),
        }
        rest = after;
    }
    filled + rest
}

impl Text {
    /// Every form, the one for one first.
    pub(crate) fn forms(&self) -> Vec<&str> {
        match self {
            Self::Plain(text) => vec![text],
            Self::Counted { one, other } => vec![one, other],
        }
    }

    /// The places of a text: `{name}`, and `<name>` for words of a link.
    pub(crate) fn places(text: &str) -> BTreeSet<&str> {
        let between = |open: char, close: char| {
            text.match_indices(open).filter_map(move |(start, _)| {
                let name = text[start + 1..].split(close).next().unwrap_or_default();
                let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                let closed = text[start + 1 + name.len()..].starts_with(close);
                (plain && closed).then_some(name)
            })
        };
        between('{', '}').chain(between('<', '>')).collect()
    }
}

#[cfg(test)]
mod tests;
