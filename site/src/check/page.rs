//! A page as a browser's tokenizer reads it: its tags with their lines, its title, what is wrong with its markup.

use std::collections::BTreeMap;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{HtmlString, Token, Tokenizer};

/// A start tag.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) line: usize,
    attributes: BTreeMap<String, String>,
    /// What stands between it and the next tag: the whole of a script.
    pub(super) text: String,
}

impl Tag {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a word stands in an attribute that lists words: `rel="alternate icon"`.
    pub(super) fn lists(&self, attribute: &str, word: &str) -> bool {
        self.get(attribute)
            .is_some_and(|words| words.split_ascii_whitespace().any(|known| known.eq_ignore_ascii_case(word)))
    }
}

/// A page of HTML, or a picture of SVG.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) tags: Vec<Tag>,
    /// Line and message of what the tokenizer took offence at.
    pub(super) malformed: Vec<(usize, &'static str)>,
}

impl Page {
    pub(super) fn parse(text: &str) -> Self {
        let mut emitter = DefaultEmitter::<usize>::new_with_span();
        // Scripts and styles are no markup.
        emitter.naively_switch_states(true);
        let mut lines = Lines::new(text);
        let mut page = Self::default();
        let mut open = false;
        for token in Tokenizer::new_with_emitter(text, emitter).flatten() {
            match token {
                Token::StartTag(tag) => {
                    let attributes = tag.attributes.iter().map(|(name, value)| (owned(name), owned(&value.value)));
                    let attributes = attributes.collect();
                    let line = lines.of(tag.span.start);
                    page.tags.push(Tag { name: owned(&tag.name), line, attributes, text: String::new() });
                    open = true;
                }
                Token::String(text) if open => {
                    if let Some(tag) = page.tags.last_mut() {
                        tag.text.push_str(&owned(&text.value));
                    }
                }
                Token::EndTag(_) => open = false,
                Token::Error(error) => page.malformed.push((lines.of(error.span.start), error.value.as_str())),
                Token::String(_) | Token::Comment(_) | Token::Doctype(_) => {}
            }
        }
        page
    }

    /// Tags of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Tag> {
        self.tags.iter().filter(move |tag| tag.name == name)
    }

    /// What `<meta name="…">` says.
    pub(super) fn meta(&self, name: &str) -> Option<(&Tag, &str)> {
        let named = |tag: &&Tag| tag.lists("name", name) || tag.lists("http-equiv", name);
        self.all("meta").find(named).map(|tag| (tag, tag.get("content").unwrap_or_default()))
    }
}

fn owned(text: &HtmlString) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Which line a byte is on; asked in order, it reads the text once.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, line: 1 }
    }

    fn of(&mut self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        if byte < self.at {
            (self.at, self.line) = (0, 1);
        }
        self.line += self.text[self.at..byte].iter().filter(|byte| **byte == b'\n').count();
        self.at = byte;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_their_lines() {
        let page = Page::parse(
            "<!doctype html>\n<title>a &amp; b</title>\n<a\nhref='x?a=1&amp;b=\">'>t</a><script>if (a < b) '<p>'</script><br>",
        );
        let names: Vec<_> = page.tags.iter().map(|tag| (tag.name.as_str(), tag.line)).collect();
        assert_eq!(names, [("title", 2), ("a", 3), ("script", 4), ("br", 4)]);
        assert_eq!(page.tags[0].text, "a & b");
        assert_eq!(page.tags[1].get("href"), Some("x?a=1&b=\">"));
        assert_eq!(page.tags[2].text, "if (a < b) '<p>'");
        assert!(page.malformed.is_empty());
    }

    #[test]
    fn what_is_malformed_is_told() {
        let page = Page::parse("<p>\n<a href=x href=y>");
        assert_eq!(page.malformed, [(2, "duplicate-attribute")]);
    }
}
