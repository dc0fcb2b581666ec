//! Cards: what messengers show of a page that somebody sends. 1200 × 630 pixels, with a font of ours, so that every machine draws the same.

mod paint;
mod png;
mod text;

use crate::error::Result;
use crate::svg::Shapes;
use paint::{Paint, Painter};
use text::Font;

/// Size of every card.
pub(crate) const SIZE: [u16; 2] = [1200, 630];

const MARGIN: f32 = 72.0;
/// Where words end, and the picture begins.
const WORDS: f32 = 640.0;
const PICTURE: [f32; 4] = [780.0, 62.0, 360.0, 506.0];
const PLACES: [f32; 4] = [790.0, 108.0, 340.0, 404.0];

/// What stands on a card.
pub(crate) struct Card<'a> {
    pub(crate) name: &'a str,
    /// Stands there where the font lacks a letter of the name.
    pub(crate) id: &'a str,
    pub(crate) summary: &'a str,
    /// A few facts, the most important first.
    pub(crate) facts: Vec<String>,
    pub(crate) picture: Picture<'a>,
}

/// What stands beside the words.
pub(crate) enum Picture<'a> {
    /// The architecture, from its module tree.
    Shapes(&'a Shapes),
    /// All models by date and size, and where this one stands.
    Among(&'a Places, Option<[f32; 2]>),
}

/// Where models stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// By date and size, both from 0 to 1.
    pub(crate) all: Vec<[f32; 2]>,
    /// The first and the last year.
    pub(crate) years: [String; 2],
    /// The smallest and the largest size.
    pub(crate) sizes: [String; 2],
}

/// Draws cards.
pub(crate) struct Cards(Font);

impl Cards {
    /// With the font that is in the program.
    pub(crate) fn new() -> Result<Self> {
        Font::new().map(Self)
    }

    /// A card as PNG.
    pub(crate) fn draw(&self, card: &Card<'_>) -> Result<Vec<u8>> {
        let mut painter = Painter::new(SIZE)?;
        painter.rect([0.0, 0.0, 1200.0, 630.0], 0.0, Some(Paint::Ground), None);
        painter.rect([0.0, 0.0, 14.0, 630.0], 0.0, Some(Paint::Accent), None);
        match &card.picture {
            Picture::Shapes(shapes) => painter.shapes(shapes, PICTURE),
            Picture::Among(places, own) => {
                painter.among(&places.all, *own, PLACES);
                self.ends(&mut painter, places);
            }
        }
        let font = &self.0;
        font.write(&mut painter, "zoo", [MARGIN, 104.0], 46.0, Paint::Accent);
        let name = if font.has(card.name) { card.name } else { card.id };
        let (lines, size) = title(font, name);
        // Words stand in the middle between the mark above and the facts below.
        let summary =
            if font.has(card.summary) { font.wrap(card.summary, 31.0, WORDS, 4 - lines.len().min(2)) } else { vec![] };
        #[expect(clippy::cast_precision_loss, reason = "a few lines")]
        let height = lines.len() as f32 * size * 1.06 + 26.0 + summary.len() as f32 * 42.0;
        let mut y = 322.0 - height / 2.0;
        for line in &lines {
            y += size * 1.06;
            font.write(&mut painter, line, [MARGIN - size * 0.03, y - size * 0.2], size, Paint::Ink);
        }
        y += 26.0;
        for line in &summary {
            y += 42.0;
            font.write(&mut painter, line, [MARGIN, y - 12.0], 31.0, Paint::Quiet);
        }
        let mut facts = String::new();
        for fact in card.facts.iter().filter(|fact| font.has(fact)) {
            let longer = if facts.is_empty() { fact.clone() } else { format!("{facts}  ·  {fact}") };
            if font.width(&longer, 28.0) <= WORDS {
                facts = longer;
            }
        }
        font.write(&mut painter, &facts, [MARGIN, 560.0], 28.0, Paint::Ink);
        png::encode(SIZE, &painter.pixels())
    }

    /// Where the picture of all models begins and ends.
    fn ends(&self, painter: &mut Painter, places: &Places) {
        let [x, y, width, height] = PLACES;
        let [first, last] = &places.years;
        let [least, most] = &places.sizes;
        let below = y + height + 48.0;
        let mut write = |text: &str, at: [f32; 2]| self.0.write(painter, text, at, 22.0, Paint::Quiet);
        write(first, [x - 8.0, below]);
        write(last, [x + width + 8.0 - self.0.width(last, 22.0), below]);
        if !most.is_empty() {
            write(&format!("{least} – {most} parameters"), [x - 8.0, y - 36.0]);
        }
    }
}

/// A name in the largest size in which it fits a line, or else two.
fn title(font: &Font, name: &str) -> (Vec<String>, f32) {
    for size in [104.0, 92.0, 80.0, 70.0] {
        if font.width(name, size) <= WORDS {
            return (vec![name.to_owned()], size);
        }
    }
    for size in [70.0, 60.0, 50.0] {
        let lines = font.wrap(name, size, WORDS, 2);
        if !lines.iter().any(|line| line.ends_with('…')) {
            return (lines, size);
        }
    }
    (font.wrap(name, 50.0, WORDS, 2), 50.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(name: &str, summary: &str) -> Vec<u8> {
        let facts = vec!["2018".to_owned(), "109 M".to_owned()];
        let places = Places { all: vec![[0.1, 0.2], [0.9, 0.8]], ..Places::default() };
        let picture = Picture::Among(&places, Some([0.9, 0.8]));
        Cards::new().unwrap().draw(&Card { name, id: "the-id", summary, facts, picture }).unwrap()
    }

    #[test]
    fn a_card_is_the_same_png_every_time() {
        let one = card("BERT", "An encoder.");
        assert!(one.starts_with(b"\x89PNG\r\n\x1a\n") && one.len() < 60_000, "{}", one.len());
        assert_eq!(one[16..24], [0, 0, 4, 176, 0, 0, 2, 118], "1200 × 630");
        assert_eq!(one, card("BERT", "An encoder."));
        assert_ne!(one, card("BERT", "A decoder."));
    }

    #[test]
    fn letters_that_the_font_lacks_are_not_drawn_as_boxes() {
        assert_eq!(card("悟道", "An encoder."), card("the-id", "An encoder."));
        assert_eq!(card("BERT", "悟道"), card("BERT", ""));
    }

    #[test]
    fn long_names_take_two_lines_and_end() {
        let font = Font::new().unwrap();
        assert_eq!(title(&font, "T5").0, ["T5"]);
        let (lines, size) = title(&font, "Vision Transformer with Registers and Much More of It Besides");
        assert!(lines.len() == 2 && lines.iter().all(|line| font.width(line, size) <= WORDS), "{lines:?}");
        let cut = font.wrap("one two three four five six", 31.0, font.width("one two three four", 31.0), 1);
        assert_eq!(cut, ["one two three…"], "no part of a word is left");
        let (lines, size) = title(&font, &"x".repeat(400));
        assert!(lines.iter().all(|line| font.width(line, size) <= WORDS), "{lines:?}");
    }
}
