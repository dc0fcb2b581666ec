//! Words as outlines: one font, with the room between pairs of letters that it asks for.

use tiny_skia::{Path, PathBuilder, Transform};
use ttf_parser::gpos::{PairAdjustment, PositioningSubtable};
use ttf_parser::{Face, GlyphId, OutlineBuilder, Tag};

use super::paint::{Paint, Painter};
use crate::error::{Error, Result};

/// Source Serif 4, whole, under the SIL Open Font License; its text is beside it.
const FILE: &[u8] = include_bytes!("../../fonts/SourceSerif4-Semibold.ttf");

pub(super) struct Font {
    face: Face<'static>,
}

impl Font {
    pub(super) fn new() -> Result<Self> {
        let face = Face::parse(FILE, 0).map_err(|error| Error::Card(format!("the font does not parse: {error}")))?;
        Ok(Self { face })
    }

    /// Whether every letter of a text can be drawn.
    pub(super) fn has(&self, text: &str) -> bool {
        text.chars().all(|letter| plain(letter).is_whitespace() || self.face.glyph_index(letter).is_some())
    }

    /// How wide a text is.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        self.places(text, size).1
    }

    /// Draws a line from its left end on the baseline.
    pub(super) fn write(&self, painter: &mut Painter, text: &str, [x, y]: [f32; 2], size: f32, paint: Paint) {
        let scale = size / f32::from(self.face.units_per_em());
        for (glyph, at) in self.places(text, size).0 {
            if let Some(path) = self.outline(glyph)
                && let Some(path) = path.transform(Transform::from_row(scale, 0.0, 0.0, -scale, x + at, y))
            {
                painter.fill(&path, paint);
            }
        }
    }

    /// Lines no wider than `width`; at most so many, the last with `…` where something went.
    pub(super) fn wrap(&self, text: &str, size: f32, width: f32, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let longer =
                lines.last().map(|line| format!("{line} {word}")).filter(|line| self.width(line, size) <= width);
            match (longer, lines.last_mut()) {
                (Some(longer), Some(line)) => *line = longer,
                _ => lines.push(word.to_owned()),
            }
        }
        let cut = lines.len() > most;
        lines.truncate(most);
        let last = lines.len().saturating_sub(1);
        for (at, line) in lines.iter_mut().enumerate() {
            let more = cut && at == last;
            let fits = |line: &str| self.width(&format!("{line}…"), size) <= width;
            // Whole words go; letters only where a single word is too long.
            while more && !fits(line) && line.contains(' ') {
                line.truncate(line.rfind(' ').unwrap_or(0));
            }
            if more || self.width(line, size) > width {
                while !line.is_empty() && !fits(line) {
                    line.pop();
                }
                *line = format!("{}…", line.trim_end_matches([' ', ',', ';', ':', '.']));
            }
        }
        lines
    }

    /// Glyphs with their distances from the start, and the width of all.
    fn places(&self, text: &str, size: f32) -> (Vec<(GlyphId, f32)>, f32) {
        let scale = size / f32::from(self.face.units_per_em());
        let mut at = 0.0;
        let mut before: Option<GlyphId> = None;
        let mut places = Vec::new();
        for glyph in text.chars().filter_map(|letter| self.face.glyph_index(plain(letter))) {
            at += before.map_or(0.0, |before| f32::from(self.kerning(before, glyph)) * scale);
            places.push((glyph, at));
            at += f32::from(self.face.glyph_hor_advance(glyph).unwrap_or(0)) * scale;
            before = Some(glyph);
        }
        (places, at)
    }

    /// How much nearer, or farther, a pair of letters stands than their widths say.
    fn kerning(&self, left: GlyphId, right: GlyphId) -> i16 {
        let Some(gpos) = self.face.tables().gpos else { return 0 };
        let Some(feature) = gpos.features.into_iter().find(|feature| feature.tag == Tag::from_bytes(b"kern")) else {
            return 0;
        };
        let lookups = feature.lookup_indices.into_iter().filter_map(|index| gpos.lookups.get(index));
        let tables = lookups.flat_map(|lookup| lookup.subtables.into_iter::<PositioningSubtable<'_>>());
        for table in tables {
            let PositioningSubtable::Pair(pair) = table else { continue };
            let values = match pair {
                PairAdjustment::Format1 { coverage, sets } => {
                    coverage.get(left).and_then(|index| sets.get(index)).and_then(|set| set.get(right))
                }
                PairAdjustment::Format2 { coverage, classes, matrix } => {
                    coverage.get(left).and_then(|_| matrix.get((classes.0.get(left), classes.1.get(right))))
                }
            };
            if let Some((first, _)) = values {
                return first.x_advance;
            }
        }
        0
    }

    fn outline(&self, glyph: GlyphId) -> Option<Path> {
        let mut pen = Pen(PathBuilder::new());
        self.face.outline_glyph(glyph, &mut pen)?;
        pen.0.finish()
    }
}

/// Spaces of every width are drawn as one.
fn plain(letter: char) -> char {
    if letter.is_whitespace() || matches!(letter, '\u{202f}' | '\u{2009}') { ' ' } else { letter }
}

struct Pen(PathBuilder);

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
