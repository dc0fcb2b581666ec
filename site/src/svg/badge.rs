//! A badge: two words side by side, for a page elsewhere.

use crate::format::escape;

/// Height in pixels.
const HEIGHT: u32 = 20;
/// Pixels of a letter at this size; the browser is told to keep to it.
const LETTER: u32 = 7;
/// Pixels around a word.
const AROUND: u32 = 8;

/// What is told, and in which colour: white on it is read with a contrast of 4.5 or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Badge {
    pub(crate) words: [String; 2],
    pub(crate) colour: &'static str,
}

impl Badge {
    fn widths(&self) -> [u32; 2] {
        let letters = |word: &String| u32::try_from(word.chars().count()).unwrap_or(u32::MAX / LETTER / 4);
        [0, 1].map(|at| letters(&self.words[at]) * LETTER + 2 * AROUND)
    }

    /// The drawing, which needs nothing else.
    pub(crate) fn svg(&self) -> String {
        let ([first, second], colour) = (self.widths(), self.colour);
        let width = first + second;
        let [one, two] = [0, 1].map(|at| escape(&self.words[at]));
        let word = |text: &str, x: u32, length: u32| {
            let (middle, length) = (x + length / 2, length - 2 * AROUND);
            format!("<text x=\"{middle}\" y=\"14\" textLength=\"{length}\">{text}</text>")
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{one}: {two}\">\
             <title>{one}: {two}</title><rect width=\"{width}\" height=\"{HEIGHT}\" rx=\"3\" fill=\"#444\"/>\
             <path fill=\"{colour}\" d=\"M{first} 0h{}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{first}z\"/>\
             <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">{}{}</g></svg>\n",
            second - 3,
            word(&one, 0, first),
            word(&two, first, second),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_room_and_are_escaped() {
        let badge = Badge { words: ["a<b".into(), "1 / 2".into()], colour: "#123456" };
        assert_eq!(badge.widths(), [3 * 7 + 16, 5 * 7 + 16]);
        let svg = badge.svg();
        assert!(
            svg.contains(">a&lt;b</text>") && svg.contains("textLength=\"35\">1 / 2<") && !svg.contains("a<b"),
            "{svg}"
        );
    }
}
