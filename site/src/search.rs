//! What the search box looks names up in: one file of names, small enough to be loaded when somebody turns to the box.

use std::collections::BTreeMap;

use zoo_catalog::view::WordFacts;

use crate::building::shown;
use crate::content::LAB;
use crate::edition::Edition;
use crate::error::{Error, Result};
use crate::format::slug;
use crate::look::Look;
use crate::pages::Output;

/// The scripts, by name. Only the first is loaded with a page.
const SCRIPTS: [(&str, &str); 5] = [
    ("start.js", START),
    ("jump.js", include_str!("../static/search/jump.js")),
    ("match.js", include_str!("../static/search/match.js")),
    ("page.js", include_str!("../static/search/page.js")),
    ("texts.js", include_str!("../static/search/texts.js")),
];

/// What hears the search box, and what scripts say.
pub(crate) const START: &str = include_str!("../static/search/start.js");

/// Adds the scripts to the site.
pub(crate) fn put(look: &Look, pages: &Output<'_>) -> Result<()> {
    for (name, own) in SCRIPTS {
        let text = look.text(&format!("static/search/{name}"), own)?;
        pages.put(format!("search/{name}"), text.into_owned())?;
    }
    Ok(())
}

/// Adds the names by which things are found on the pages of one language.
pub(crate) fn names_into(content: &Edition<'_>, pages: &Output<'_>) -> Result<()> {
    let folder = content.words.tongue().folder();
    // Scripts, so that `match.js` has its names before anything else runs.
    for (file, names) in [("names", names(content)), ("more", more(content))] {
        let path = format!("{folder}search/{file}.js");
        let names = serde_json::to_string(&names).map_err(|source| Error::Json { page: path.clone(), source })?;
        pages.put(path, format!("export default {names};\n"))?;
    }
    Ok(())
}

/// Groups of names: `=address TAB kind`, and below it a line a thing, `id TAB label TAB other names`. A label that is the id is left
/// out; a name in another language begins with it: `zh=悟道`.
///
/// This is loaded before anything is typed.
fn names(content: &Edition<'_>) -> String {
    let mut lines = vec![group("models/", &content.words.say("jump.model"))];
    for model in content.models {
        let facts = &model.descriptor;
        let own = |name: &&String| !name.starts_with(&facts.id);
        let sizes = facts.presets.iter().flat_map(|preset| std::iter::once(&preset.id).chain(&preset.aliases));
        let others = facts.aliases.iter().chain(sizes).filter(own).cloned();
        lines.push(line(&facts.id, &model.summary.name, others.chain(translated(&facts.names))));
    }
    lines.push(group("families/", &content.words.say("jump.family")));
    lines.extend(content.families.iter().map(|family| line(&family.id, &content.family_name(&family.id), [])));
    for Group { place, kind, terms } in terms(content) {
        lines.push(group(&place, kind));
        lines.extend(terms.iter().map(|term| line(term.id, term.label, [])));
    }
    lines.join("\n")
}

/// What is loaded once somebody types: what fewer people look for, and what terms are called in other languages.
fn more(content: &Edition<'_>) -> String {
    let mut lines = labs(content);
    lines.push(group("conformance/", &content.words.say("jump.check")));
    lines.extend(content.matrix.suite.checks.iter().map(|check| line(&check.id, &check.id, [])));
    if !content.parts.kinds.is_empty() {
        lines.push(group("parts/", &content.words.say("nav.blocks")));
        let kinds = content.parts.kinds.iter().filter(|kind| kind.parts.iter().any(shown));
        lines.extend(kinds.map(|kind| line(&kind.id, &kind.title, [])));
    }
    for Group { place, kind, terms } in terms(content) {
        let mut named = terms.iter().filter(|term| !term.names.is_empty()).peekable();
        if named.peek().is_some() {
            lines.push(group(&place, kind));
            // The label is known already.
            lines.extend(named.map(|term| line(term.id, term.id, translated(term.names))));
        }
    }
    if !content.parts.words.is_empty() {
        lines.push(group("glossary/#", &content.words.say("foot.glossary")));
        let word = |word: &WordFacts| {
            line(
                &slug(&format!("word {}", word.word)),
                &word.word,
                word.also.iter().cloned().chain(translated(&word.names)),
            )
        };
        lines.extend(content.parts.words.iter().map(word));
    }
    lines.join("\n")
}

type Names = BTreeMap<String, String>;

/// Things whose pages stand side by side.
struct Group<'a> {
    /// From the top of the site.
    place: String,
    kind: &'a str,
    terms: Vec<Term<'a>>,
}

/// A term of an axis, or a building block.
struct Term<'a> {
    id: &'a str,
    label: &'a str,
    /// By language.
    names: &'a Names,
}

/// Building blocks by kind, and the terms of the other axes.
fn terms<'a>(content: &'a Edition<'_>) -> Vec<Group<'a>> {
    static NONE: Names = Names::new();
    let names = |axis: &str, id: &str| content.parts.names.get(axis).and_then(|of| of.get(id)).unwrap_or(&NONE);
    let blocks = content.parts.kinds.iter().map(|kind| {
        let parts = kind.parts.iter().filter(|part| shown(part));
        let terms = parts.map(|part| Term { id: &part.id, label: &part.label, names: &part.names });
        Group { place: format!("parts/{}/", kind.id), kind: &kind.title, terms: terms.collect() }
    });
    let others = content.classifying().filter(|axis| !content.is_of_blocks(&axis.id)).map(|axis| {
        let terms = axis.terms.iter().filter(|term| content.has_term(&axis.id, &term.id));
        let terms = terms.map(|term| Term { id: &term.id, label: &term.label, names: names(&axis.id, &term.id) });
        Group { place: format!("taxonomy/{}/", axis.id), kind: &axis.title, terms: terms.collect() }
    });
    blocks.chain(others).filter(|group| !group.terms.is_empty()).collect()
}

fn translated(names: &Names) -> impl Iterator<Item = String> {
    names.iter().map(|(language, name)| format!("{language}={name}"))
}

fn labs(content: &Edition<'_>) -> Vec<String> {
    let lab = |(id, _): (&str, &[_])| {
        let known = content.labs.iter().find(|lab| lab.id == id);
        let others = known.into_iter().flat_map(|lab| lab.aliases.iter().cloned().chain(translated(&lab.names)));
        line(id, &content.term_label(LAB, id), others)
    };
    std::iter::once(group("labs/", &content.words.say("jump.lab"))).chain(content.given(LAB).map(lab)).collect()
}

fn group(address: &str, kind: &str) -> String {
    format!("={address}\t{}", plain(kind))
}

fn line(id: &str, label: &str, others: impl IntoIterator<Item = String>) -> String {
    let label = if label == id { "" } else { label };
    let mut line = format!("{}\t{}", plain(id), plain(label));
    for other in others {
        line.push('\t');
        line.push_str(&plain(&other));
    }
    line.trim_end().to_owned()
}

/// A name without what separates names here.
fn plain(name: &str) -> String {
    name.split(char::is_whitespace).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
