//! What the questions of the taxonomy are called in other languages, and what they ask.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Tongue;
use crate::error::{Error, Result};
use crate::look::Look;

const FILE: &str = "strings/questions.toml";

/// Questions by the ids of axes and of kinds of building blocks.
#[derive(Debug, Clone)]
pub(crate) struct Questions(BTreeMap<String, Question>);

/// In Chinese and in German.
type Names = [String; 2];

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    title: Names,
    question: Option<Names>,
    #[serde(default)]
    term: BTreeMap<String, Names>,
}

impl Questions {
    /// # Errors
    /// [`Error::Strings`] when the file is not as it should be.
    pub(crate) fn read(look: &Look) -> Result<Self> {
        let text = look.text(FILE, include_str!("../../strings/questions.toml"))?;
        let failed = |error: toml::de::Error| Error::Strings { file: FILE.to_owned(), told: error.to_string() };
        toml::from_str(&text).map(Self).map_err(failed)
    }

    /// Puts the language's title and question in the place of the English ones, where it has them.
    pub(crate) fn rename(&self, tongue: Tongue, id: &str, title: &mut String, question: &mut String) {
        let Some(known) = self.0.get(id) else { return };
        for (names, text) in [(Some(&known.title), title), (known.question.as_ref(), question)] {
            if let Some(name) = names.and_then(|names| of(tongue, names)) {
                name.clone_into(text);
            }
        }
    }

    /// What an answer is called that no glossary names.
    pub(crate) fn answer(&self, tongue: Tongue, id: &str, term: &str) -> Option<&str> {
        of(tongue, self.0.get(id)?.term.get(term)?)
    }

    /// Every title, by id.
    pub(crate) fn titles(&self, tongue: Tongue) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(move |(id, question)| Some((id.as_str(), of(tongue, &question.title)?)))
    }
}

fn of(tongue: Tongue, [chinese, german]: &Names) -> Option<&str> {
    let name = match tongue {
        Tongue::English => return None,
        Tongue::Chinese => chinese,
        Tongue::German => german,
    };
    (!name.is_empty()).then_some(name)
}
