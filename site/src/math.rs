//! Equations: LaTeX to MathML that needs no script, no font and no inline style.

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

use crate::format::escape;

/// Converts equations; what it cannot read stays readable as LaTeX.
pub(crate) struct Math(LatexToMathML);

impl Math {
    /// A converter without macros.
    pub(crate) fn new() -> Self {
        Self(LatexToMathML::new(MathCoreConfig::default()).unwrap_or_default())
    }

    /// An equation within a line.
    pub(crate) fn inline(&self, latex: &str) -> String {
        self.convert(latex, MathDisplay::Inline)
            .unwrap_or_else(|| format!("<code class=\"latex\">{}</code>", escape(latex)))
    }

    /// An equation on its own; it may stand inside a paragraph.
    pub(crate) fn block(&self, latex: &str) -> String {
        let body = self
            .convert(latex, MathDisplay::Block)
            .unwrap_or_else(|| format!("<code class=\"latex\">{}</code>", escape(latex.trim())));
        format!("<span class=\"equation\" tabindex=\"0\" role=\"group\" aria-label=\"Equation\">{body}</span>")
    }

    fn convert(&self, latex: &str, display: MathDisplay) -> Option<String> {
        self.0.convert_with_local_state(latex, display).ok().map(|converted| tidy(&converted.mathml))
    }
}

/// Takes out what a strict policy blocks: inline styles become classes where they align columns and vanish elsewhere.
fn tidy(mathml: &str) -> String {
    let mut clean = String::with_capacity(mathml.len());
    let mut rest = mathml;
    while let Some(open) = rest.find('<') {
        let (text, tag) = rest.split_at(open);
        clean.push_str(text);
        let Some(close) = tag_end(tag) else { break };
        clean.push_str(&tidy_tag(&tag[..=close]));
        rest = &tag[close + 1..];
    }
    clean.push_str(rest);
    clean
}

/// Where a tag ends; `>` inside a quoted value does not end it.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quoted = false;
    tag.char_indices().find_map(|(at, letter)| {
        quoted ^= letter == '"';
        (letter == '>' && !quoted).then_some(at)
    })
}

fn tidy_tag(tag: &str) -> String {
    let mut tag = tag.replace(" scriptlevel=\"0\"", "");
    while let Some(start) = tag.find("style=\"") {
        let value = start + "style=\"".len();
        let Some(length) = tag[value..].find('"') else { return String::new() };
        let style = tag[value..value + length].to_owned();
        let class = match () {
            () if style.contains("text-align: left") => "class=\"left\"",
            () if style.contains("text-align: right") => "class=\"right\"",
            () => "",
        };
        tag.replace_range(start..=value + length, class);
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equation_becomes_mathml() {
        let mathml = Math::new().inline(r"\frac{q k^\top}{\sqrt{d}}");
        assert!(mathml.starts_with("<math>") && mathml.contains("<mfrac>"), "{mathml}");
    }

    #[test]
    fn aligned_equations_carry_no_style() {
        let mathml = Math::new().block(r"\begin{aligned} a &= b \\ c &= d \end{aligned}");
        assert!(mathml.contains("<mtable"), "{mathml}");
        assert!(!mathml.contains("style=") && !mathml.contains("scriptlevel=\"0\""), "{mathml}");
        assert!(mathml.contains("class=\"left\"") && mathml.contains("class=\"right\""), "{mathml}");
    }

    #[test]
    fn hostile_text_is_escaped() {
        let mathml = Math::new().inline(r"x_{<t} \text{<script>}");
        assert!(!mathml.contains("<script"), "{mathml}");
        let unread = Math::new().inline(r"\nosuchcommand{<b>}");
        assert!(unread.contains("&lt;b&gt;"), "{unread}");
    }
}
