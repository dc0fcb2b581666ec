//! Prose: Markdown as HTML that cannot script, with equations and highlighted code.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::error::Result;
use crate::format::{escape, external, slug};
use crate::highlight::{Rust, plain};
use crate::math::Math;

/// What prose is written with.
pub(crate) struct Prose {
    rust: Rust,
    math: Math,
}

impl Prose {
    /// Loads the grammar.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { rust: Rust::new()?, math: Math::new() })
    }

    /// The highlighter.
    pub(crate) fn rust(&self) -> &Rust {
        &self.rust
    }

    /// An equation on its own.
    pub(crate) fn equation(&self, latex: &str) -> String {
        self.math.block(latex)
    }

    /// An equation within a line.
    pub(crate) fn inline_equation(&self, latex: &str) -> String {
        self.math.inline(latex)
    }

    /// A README as it stands inside a page: its title goes, its headings move two levels down, raw HTML shows as text.
    pub(crate) fn html(&self, markdown: &str) -> Result<String> {
        let anchors = anchors(markdown);
        let mut page = Page { prose: self, anchors, out: Vec::new(), links: Vec::new(), seen: Vec::new() };
        let mut events = Parser::new_ext(markdown, options());
        while let Some(event) = events.next() {
            page.event(event, &mut events)?;
        }
        let mut text = String::new();
        html::push_html(&mut text, page.out.into_iter());
        Ok(text)
    }

    /// One paragraph as it stands inside a line, code and emphasis in it; whatever is more than that shows as it was written.
    pub(crate) fn line(&self, markdown: &str) -> Result<String> {
        let html = self.html(markdown)?;
        let inside = html.strip_prefix("<p>").and_then(|rest| rest.strip_suffix("</p>\n"));
        Ok(inside.filter(|inside| !inside.contains("</p>")).map_or_else(|| escape(markdown), str::to_owned))
    }

    /// A fenced block, highlighted where it is Rust.
    pub(crate) fn code(&self, language: &str, source: &str) -> Result<String> {
        let lines = if language == "rust" { self.rust.lines(&shown(source))? } else { plain(source) };
        let label = if language.is_empty() { "Code".to_owned() } else { format!("Code, {}", escape(language)) };
        Ok(format!(
            "<div class=\"code\" tabindex=\"0\" role=\"group\" aria-label=\"{label}\"><pre><code>{}</code></pre></div>\n",
            lines.join("\n")
        ))
    }
}

/// The first Rust block of a README: the snippet that its tests run.
pub(crate) fn first_rust_block(markdown: &str) -> Option<String> {
    let mut events = Parser::new_ext(markdown, options());
    while let Some(event) = events.next() {
        if let Event::Start(Tag::CodeBlock(kind)) = event {
            let text = text_until_end(&mut events);
            if language(&kind) == "rust" {
                return Some(text);
            }
        }
    }
    None
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH
}

fn language(kind: &CodeBlockKind<'_>) -> String {
    match kind {
        CodeBlockKind::Fenced(info) => info.split([',', ' ']).next().unwrap_or_default().to_owned(),
        CodeBlockKind::Indented => String::new(),
    }
}

/// Without the lines that rustdoc hides.
fn shown(source: &str) -> String {
    let hidden = |line: &&str| line.trim() == "#" || line.trim_start().starts_with("# ");
    let lines: Vec<_> = source.lines().filter(|line| !hidden(line)).collect();
    lines.join("\n")
}

fn text_until_end<'a>(events: &mut impl Iterator<Item = Event<'a>>) -> String {
    let mut text = String::new();
    for event in events.by_ref() {
        match event {
            Event::End(TagEnd::CodeBlock) => break,
            Event::Text(piece) => text.push_str(&piece),
            _ => {}
        }
    }
    text
}

/// Anchors that headings will get.
fn anchors(markdown: &str) -> Vec<String> {
    let mut anchors = Vec::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(markdown, options()) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), _) => heading = Some(String::new()),
            (Event::Text(text) | Event::Code(text), Some(words)) => words.push_str(&text),
            (Event::End(TagEnd::Heading(_)), _) => anchors.extend(heading.take().map(|words| slug(&words))),
            _ => {}
        }
    }
    anchors
}

struct Page<'a, 'p> {
    prose: &'p Prose,
    anchors: Vec<String>,
    out: Vec<Event<'a>>,
    /// For every open link, whether it was kept.
    links: Vec<bool>,
    /// Anchors given so far.
    seen: Vec<String>,
}

impl<'a> Page<'a, '_> {
    fn event(&mut self, event: Event<'a>, rest: &mut impl Iterator<Item = Event<'a>>) -> Result<()> {
        match event {
            Event::Start(Tag::HtmlBlock) => self.out.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => self.out.push(Event::End(TagEnd::Paragraph)),
            Event::Html(raw) | Event::InlineHtml(raw) => {
                if !raw.trim_start().starts_with("<!--") {
                    self.out.push(Event::Text(raw));
                }
            }
            Event::InlineMath(latex) => self.html(self.prose.math.inline(&latex)),
            Event::DisplayMath(latex) => self.html(self.prose.math.block(&latex)),
            Event::Start(Tag::CodeBlock(kind)) => {
                let (language, source) = (language(&kind), text_until_end(rest));
                let block = match language.as_str() {
                    "math" => format!("<p>{}</p>\n", self.prose.math.block(&source)),
                    _ => self.prose.code(&language, &source)?,
                };
                self.html(block);
            }
            Event::Start(Tag::Heading { level, .. }) => self.heading(level, rest)?,
            Event::Start(Tag::Table(columns)) => {
                self.html("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">".into());
                // Alignment would become an inline style.
                let columns = columns.iter().map(|_| pulldown_cmark::Alignment::None).collect();
                self.out.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                self.out.push(Event::End(TagEnd::Table));
                self.html("</div>".into());
            }
            Event::Start(Tag::Link { dest_url, .. }) => self.link(&dest_url),
            Event::End(TagEnd::Link) => {
                if self.links.pop() == Some(true) {
                    self.html("</a>".into());
                }
            }
            // Only the words of a picture: nothing is loaded from elsewhere.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            other => self.out.push(other),
        }
        Ok(())
    }

    fn html(&mut self, text: String) {
        self.out.push(Event::Html(CowStr::from(text)));
    }

    /// The title of the README goes; other headings get anchors and their place below the page's own.
    fn heading(&mut self, level: HeadingLevel, rest: &mut impl Iterator<Item = Event<'a>>) -> Result<()> {
        let start = self.out.len();
        let mut words = String::new();
        while let Some(event) = rest.next() {
            match &event {
                Event::End(TagEnd::Heading(_)) => break,
                Event::Text(text) | Event::Code(text) => words.push_str(text),
                _ => {}
            }
            self.event(event, rest)?;
        }
        if level == HeadingLevel::H1 {
            self.out.truncate(start);
            return Ok(());
        }
        let anchor = self.fresh(&words);
        let level = (level as usize + 1).min(6);
        let inner: Vec<_> = self.out.drain(start..).collect();
        self.html(format!("<h{level} id=\"{anchor}\">"));
        self.out.extend(inner);
        self.html(format!("</h{level}>\n"));
        Ok(())
    }

    fn fresh(&mut self, words: &str) -> String {
        let base = format!("readme-{}", slug(words));
        let mut anchor = base.clone();
        let mut number = 1;
        while self.seen.contains(&anchor) {
            number += 1;
            anchor = format!("{base}-{number}");
        }
        self.seen.push(anchor.clone());
        escape(&anchor)
    }

    /// Web addresses and headings of this text stay links; anything else, such as a path in code, is just its words.
    fn link(&mut self, target: &str) {
        let href = match target.strip_prefix('#') {
            Some(anchor) => self.anchors.iter().find(|known| **known == slug(anchor)).map(|a| format!("#readme-{a}")),
            None => external(target).map(str::to_owned),
        };
        self.links.push(href.is_some());
        if let Some(href) = href {
            self.html(format!("<a href=\"{}\">", escape(&href)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(markdown: &str) -> String {
        Prose::new().unwrap().html(markdown).unwrap()
    }

    #[test]
    fn raw_html_shows_as_text() {
        let text = html("Hello <script>alert(1)</script>\n\n<div onclick=\"x()\">\nhi\n</div>\n\n<!-- note -->\n");
        assert!(!text.contains("<script") && !text.contains("<div"), "{text}");
        assert!(text.contains("&lt;script&gt;") && text.contains("&lt;div onclick="), "{text}");
        assert!(!text.contains("note"), "{text}");
    }

    #[test]
    fn only_safe_links_stay() {
        let text = html(
            "[a](javascript:alert(1)) [b](https://example.org/?a=1&b=2) [c](../gpt2) [d](#sizes) [e](#gone)\n\n## Sizes\n",
        );
        assert!(!text.contains("javascript:") && !text.contains("gpt2"), "{text}");
        assert!(text.contains("<a href=\"https://example.org/?a=1&amp;b=2\">b</a>"), "{text}");
        assert!(
            text.contains("<a href=\"#readme-sizes\">d</a>") && text.contains("<h3 id=\"readme-sizes\">"),
            "{text}"
        );
        assert!(text.contains(" e<") && text.contains("a ") && !text.contains("#gone"), "{text}");
    }

    #[test]
    fn the_title_goes_and_pictures_are_words() {
        let text = html("# BERT\n\nText ![a figure](https://example.org/x.png)\n");
        assert!(!text.contains("BERT") && !text.contains("<img") && text.contains("a figure"), "{text}");
    }

    #[test]
    fn tables_carry_no_style() {
        let text = html("| a | b |\n|--:|:-:|\n| 1 | 2 |\n");
        assert!(text.contains("<td>1</td>") && !text.contains("style="), "{text}");
    }

    #[test]
    fn equations_and_code_are_rendered() {
        let text =
            html("Inline $x_{<t}$.\n\n$$a = b$$\n\n```math\nc\n```\n\n```rust,no_run\n# use x;\nlet y = 1;\n```\n");
        assert_eq!(text.matches("<math").count(), 3, "{text}");
        assert!(text.contains("<i class=k>let</i>") && !text.contains("use"), "{text}");
    }

    #[test]
    fn equal_headings_get_unequal_anchors() {
        let text = html("## Load\n\n## Load\n");
        assert!(text.contains("id=\"readme-load\"") && text.contains("id=\"readme-load-2\""), "{text}");
    }

    #[test]
    fn the_first_rust_block_is_found() {
        let text = "```text\nno\n```\n\n```rust\nlet a = 1;\n```\n";
        assert_eq!(first_rust_block(text).as_deref(), Some("let a = 1;\n"));
    }
}
