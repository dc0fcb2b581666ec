//! Rust source as HTML: one string a line, spans with one-letter classes.

use tree_sitter::{Parser, Tree};
use tree_sitter_highlight::{HighlightConfiguration, HighlightEvent, Highlighter};

use crate::error::{Error, Result};
use crate::format::{arxiv, escape};

/// Names the grammar gives, most specific first where they share a prefix, and the class each is written with.
const CLASSES: [(&str, &str); 13] = [
    ("keyword", "k"),
    ("function.macro", "m"),
    ("function", "f"),
    ("constructor", "t"),
    ("type.builtin", "t"),
    ("type", "t"),
    ("string", "s"),
    ("escape", "n"),
    ("comment.documentation", "d"),
    ("comment", "c"),
    ("constant", "n"),
    ("attribute", "a"),
    ("label", "l"),
];

/// Knows Rust's grammar.
pub(crate) struct Rust(HighlightConfiguration);

impl Rust {
    /// Loads the grammar.
    pub(crate) fn new() -> Result<Self> {
        let mut configuration = HighlightConfiguration::new(
            tree_sitter_rust::LANGUAGE.into(),
            "rust",
            tree_sitter_rust::HIGHLIGHTS_QUERY,
            "",
            "",
        )
        .map_err(|error| Error::Highlight(error.to_string()))?;
        configuration.configure(&CLASSES.map(|(name, _)| name));
        Ok(Self(configuration))
    }

    /// Every line of `source`, escaped and marked; spans never cross a line.
    pub(crate) fn lines(&self, source: &str) -> Result<Vec<String>> {
        let failed = |error: tree_sitter_highlight::Error| Error::Highlight(error.to_string());
        let mut highlighter = Highlighter::new();
        let events = highlighter.highlight(&self.0, source.as_bytes(), None, None, |_| None).map_err(failed)?;
        let mut writer = Writer::default();
        for event in events {
            match event.map_err(failed)? {
                HighlightEvent::HighlightStart(highlight) => writer.open(CLASSES[highlight.0].1),
                HighlightEvent::HighlightEnd => writer.close(),
                HighlightEvent::Source { start, end } => writer.text(&source[start..end]),
            }
        }
        Ok(writer.finish())
    }

    /// What the grammar makes of `source`.
    pub(crate) fn tree(&self, source: &str) -> Result<Tree> {
        let mut parser = Parser::new();
        parser.set_language(&self.0.language).map_err(|error| Error::Highlight(error.to_string()))?;
        parser.parse(source, None).ok_or_else(|| Error::Highlight("the parser gave up".into()))
    }
}

/// Lines of plain text, escaped.
pub(crate) fn plain(source: &str) -> Vec<String> {
    source.lines().map(escape).collect()
}

/// A line of HTML in which papers are links.
pub(crate) fn linked(line: &str) -> String {
    let mut pieces = line.split("arXiv ");
    let mut html = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.').unwrap_or(piece.len());
        let (id, rest) = piece.split_at(piece[..end].trim_end_matches('.').len());
        html.push_str("arXiv ");
        match arxiv(id) {
            Some(href) => html.push_str(&format!("<a href=\"{href}\">{id}</a>")),
            None => html.push_str(id),
        }
        html.push_str(rest);
    }
    html
}

#[derive(Default)]
struct Writer {
    lines: Vec<String>,
    line: String,
    open: Vec<&'static str>,
}

impl Writer {
    fn open(&mut self, class: &'static str) {
        self.open.push(class);
        self.start(class);
    }

    fn close(&mut self) {
        self.open.pop();
        self.end();
    }

    fn text(&mut self, text: &str) {
        for (index, piece) in text.split('\n').enumerate() {
            if index > 0 {
                self.break_line();
            }
            self.line.push_str(&escape(piece.trim_end_matches('\r')));
        }
    }

    fn break_line(&mut self) {
        for _ in 0..self.open.len() {
            self.end();
        }
        self.lines.push(std::mem::take(&mut self.line));
        for class in self.open.clone() {
            self.start(class);
        }
    }

    fn start(&mut self, class: &str) {
        self.line.push_str(&format!("<i class={class}>"));
    }

    /// Ends a span, or takes it back when nothing stands in it.
    fn end(&mut self) {
        match self.line.rfind("<i class=") {
            Some(at) if self.line[at..].find('>') == Some(self.line.len() - at - 1) => self.line.truncate(at),
            _ => self.line.push_str("</i>"),
        }
    }

    fn finish(mut self) -> Vec<String> {
        if !self.line.is_empty() {
            self.break_line();
        }
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_marked_and_escaped() {
        let lines = Rust::new().unwrap().lines("fn less<T>(a: u8) -> bool { a < 3 }\n").unwrap();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("<i class=k>fn</i> <i class=f>less</i>&lt;<i class=t>T</i>&gt;"), "{}", lines[0]);
        assert!(lines[0].contains(" a &lt; "), "{}", lines[0]);
    }

    #[test]
    fn spans_end_with_their_line() {
        let lines = Rust::new().unwrap().lines("/* one\n\n</i><script> */\nlet x = \"a\nb\";").unwrap();
        assert_eq!(lines.len(), 5);
        for line in &lines {
            assert_eq!(line.matches("<i ").count(), line.matches("</i>").count(), "{line}");
        }
        assert_eq!(lines[1], "");
        assert!(lines[2].contains("&lt;/i&gt;&lt;script&gt;"), "{}", lines[2]);
    }

    #[test]
    fn papers_are_links() {
        let lines = Rust::new().unwrap().lines("/// See arXiv 2404.07143v2, and arXiv 1706.03762.\n").unwrap();
        let line = linked(&lines[0]);
        assert!(line.contains("arXiv <a href=\"https://arxiv.org/abs/2404.07143v2\">2404.07143v2</a>, and"), "{line}");
        assert!(line.contains(">1706.03762</a>.</i>"), "{line}");
        for none in ["arXiv ", "arXiv is", "arXiv &lt;1706.03762", "arXiv 17.0"] {
            assert_eq!(linked(none), none);
        }
    }

    #[test]
    fn text_is_kept_to_the_letter() {
        let source = "//! Docs.\n\nimpl<'a> X<'a> {\n    #[inline]\n    fn f() { g!(\"\\n\") }\n}\n";
        let text: Vec<String> = Rust::new().unwrap().lines(source).unwrap().iter().map(|line| strip(line)).collect();
        assert_eq!(text.join("\n") + "\n", source);
    }

    fn strip(html: &str) -> String {
        let mut text = String::new();
        let mut inside = false;
        for letter in html.chars() {
            match letter {
                '<' => inside = true,
                '>' => inside = false,
                _ if !inside => text.push(letter),
                _ => {}
            }
        }
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        entities.iter().fold(text, |text, (from, to)| text.replace(from, to))
    }
}
