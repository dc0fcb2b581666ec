//! Words in templates: each language has templates of its own, made once, so that a page costs no more than it did.
//!
//! `[[page.role]]` is the text of that role. What the text leaves open is handed to it: `[[page.role | name = … | link = <a href="…">]]`, where
//! `{name}` in the text becomes what is handed, and `<link>words</link>` becomes that element around its words. Where a text depends on a
//! number, the one handed as `n` decides. `[[* page]]` is every text of a section as JSON, for a script.
//!
//! What is English in every language says so: `[[en words]]` inside a line, `[[div prose]]` around blocks, `[[lang]]` and `[[hreflang]]` in a
//! tag. In the English templates nothing of that is left. `[[notice]]` is where a page says once that some of it is English.

use std::collections::BTreeMap;

use super::{Text, Tongue, Words};
use crate::error::{Error, Result};

/// Stands where a page says that some of it is English, until it is known whether it is.
pub(crate) const NOTICE: &str = "<!--notice-->";

/// Elements that texts may hold themselves.
const PLAIN: [&str; 2] = ["code", "b"];

/// A template with the words of one language in it.
///
/// # Errors
/// [`Error::Strings`] when a text is not there, or it and the template leave different things open.
pub(crate) fn expand(file: &str, template: &str, words: &Words) -> Result<String> {
    let failed = |told: String| Error::Strings { file: format!("templates/{file}"), told };
    expanded(template, words).map_err(failed)
}

fn expanded(template: &str, words: &Words) -> std::result::Result<String, String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("[[") {
        out.push_str(&rest[..start]);
        let (inside, after) = mark(&rest[start + 2..]).ok_or_else(|| {
            let line = template[..template.len() - rest.len() + start].lines().count();
            format!("`[[` of line {line} is not closed")
        })?;
        out.push_str(&text(inside, words)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// What stands between `[[` and its `]]`, and what follows.
fn mark(from: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    let mut at = 0;
    while let Some(found) = from[at..].find(['[', ']']) {
        let here = at + found;
        at = here + 2;
        match &from[here..] {
            rest if rest.starts_with("[[") => depth += 1,
            rest if rest.starts_with("]]") && depth == 0 => return Some((&from[..here], &from[here + 2..])),
            rest if rest.starts_with("]]") => depth -= 1,
            _ => at = here + 1,
        }
    }
    None
}

fn text(inside: &str, words: &Words) -> std::result::Result<String, String> {
    if let Some(section) = inside.strip_prefix("* ") {
        return script(section.trim(), words);
    }
    if let Some(english) = english(inside, words.tongue() == Tongue::English) {
        return expanded(&english, words);
    }
    let mut parts = split(inside).into_iter();
    let key = parts.next().unwrap_or_default().trim();
    let mut handed = BTreeMap::new();
    for part in parts {
        let (name, value) =
            part.split_once(" = ").ok_or_else(|| format!("`{part}` of `{key}` is no `name = value`"))?;
        handed.insert(name.trim(), expanded(value.trim(), words)?);
    }
    let text = words.get(key).ok_or_else(|| format!("there is no text `{key}` in {}", words.tongue()))?;
    let form = |text: &str| filled(key, text, &handed);
    Ok(match text {
        Text::Plain(text) => form(text)?,
        Text::Counted { one, other } => {
            let n = handed.get("n").and_then(|n| n.strip_prefix("{{")?.strip_suffix("}}"));
            let n = n.ok_or_else(|| format!("`{key}` depends on a number, and `n` is not handed as `{{{{ … }}}}`"))?;
            format!("{{% if {} == 1 %}}{}{{% else %}}{}{{% endif %}}", n.trim(), form(one)?, form(other)?)
        }
    })
}

/// What is English in every language; `None` for anything else.
fn english(inside: &str, itself: bool) -> Option<String> {
    let around = |name: &str, within: &str| {
        if itself { within.to_owned() } else { format!("<{name} lang=\"en\">{within}</{name}>") }
    };
    Some(match inside.split_once(' ') {
        Some(("en", within)) => around("span", within),
        Some(("div", within)) => around("div", within),
        None if inside == "lang" || inside == "hreflang" => {
            if itself {
                String::new()
            } else {
                format!(" {inside}=\"en\"")
            }
        }
        None if inside == "notice" => if itself { "" } else { NOTICE }.to_owned(),
        _ => return None,
    })
}

/// At every `|` that is not inside of tera's own marks or another text.
fn split(inside: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, _) in inside.char_indices() {
        let rest = &inside[at..];
        if ["{{", "{%", "[["].iter().any(|open| rest.starts_with(open)) {
            depth += 1;
        } else if ["}}", "%}", "]]"].iter().any(|close| rest.starts_with(close)) {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && rest.starts_with('|') {
            parts.push(&inside[from..at]);
            from = at + 1;
        }
    }
    parts.push(&inside[from..]);
    parts
}

/// A text as HTML, with what is handed in its places.
fn filled(key: &str, text: &str, handed: &BTreeMap<&str, String>) -> std::result::Result<String, String> {
    let places = Text::places(text);
    let open = |name: &&&str| !PLAIN.contains(*name) && !handed.contains_key(**name);
    if let Some(name) = places.iter().find(open) {
        return Err(format!("nothing is handed to `{key}` for `{name}`"));
    }
    // A number may decide without being told.
    if let Some(name) = handed.keys().find(|name| **name != "n" && !places.contains(**name)) {
        return Err(format!("`{key}` has no place for `{name}`"));
    }
    let mut html = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    for name in PLAIN {
        html = html.replace(&format!("&lt;{name}>"), &format!("<{name}>"));
        html = html.replace(&format!("&lt;/{name}>"), &format!("</{name}>"));
    }
    for (name, value) in handed {
        let element: String = value.chars().skip(1).take_while(char::is_ascii_alphanumeric).collect();
        html = html.replace(&format!("{{{name}}}"), value);
        html = html.replace(&format!("&lt;{name}>"), value).replace(&format!("&lt;/{name}>"), &format!("</{element}>"));
    }
    Ok(html)
}

/// A section as JSON that may stand inside a page: nothing in it ends the element, and tera reads nothing in it.
fn script(section: &str, words: &Words) -> std::result::Result<String, String> {
    let mut texts = serde_json::Map::new();
    for (role, text) in words.below(section) {
        let forms: Vec<serde_json::Value> = text.forms().into_iter().map(Into::into).collect();
        texts.insert(role.to_owned(), if let [one] = &forms[..] { one.clone() } else { forms.into() });
    }
    if texts.is_empty() {
        return Err(format!("there is no text below `{section}` in {}", words.tongue()));
    }
    Ok(serde_json::Value::Object(texts).to_string().replace('<', "\\u003c").replace("{{", "{ {"))
}
