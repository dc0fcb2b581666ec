//! Boxes, lines and dots in the site's colours, by day.

use tiny_skia::{FillRule, LineCap, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform};

use crate::error::{Error, Result};
use crate::svg::{Shape, Shapes};

/// The colours of `figure.css` and `zoo.css` that cards need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    Ground,
    Ink,
    Quiet,
    Accent,
    Line,
    Faint,
    Focus,
    /// The fill of a kind of part, and its line.
    Fill(&'static str),
    Edge(&'static str),
}

impl Paint {
    fn rgb(self) -> u32 {
        match self {
            Self::Ground => 0xfd_fcf9,
            Self::Ink => 0x23_221f,
            Self::Quiet => 0x5d_5950,
            Self::Accent => 0x1f_5f4f,
            Self::Line => 0x8d_887c,
            Self::Faint => 0xd5_cfc0,
            Self::Focus => 0xb3_701c,
            Self::Fill("embedding") => 0xd9_e6f7,
            Self::Fill("attention") => 0xfb_e3c8,
            Self::Fill("mlp") => 0xd8_ecdc,
            Self::Fill("norm") => 0xec_e6f6,
            Self::Fill("head") => 0xf8_dcdf,
            Self::Fill(_) => 0xe8_e6e0,
            Self::Edge("embedding") => 0x4a_76ad,
            Self::Edge("attention") => 0xb3_701c,
            Self::Edge("mlp") => 0x3c_8456,
            Self::Edge("norm") => 0x80_64ab,
            Self::Edge("head") => 0xb1_4f5f,
            Self::Edge(_) => 0x7d_776a,
        }
    }

    fn ink(self) -> tiny_skia::Paint<'static> {
        let [_, red, green, blue] = self.rgb().to_be_bytes();
        let mut paint = tiny_skia::Paint::default();
        paint.set_color_rgba8(red, green, blue, 255);
        paint.anti_alias = true;
        paint
    }
}

pub(super) struct Painter(Pixmap);

impl Painter {
    pub(super) fn new([width, height]: [u16; 2]) -> Result<Self> {
        let pixels = Pixmap::new(width.into(), height.into());
        pixels.map(Self).ok_or_else(|| Error::Card("no room for the pixels".into()))
    }

    /// Red, green and blue, line by line; all is opaque.
    pub(super) fn pixels(&self) -> Vec<u8> {
        self.0.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect()
    }

    pub(super) fn fill(&mut self, path: &Path, paint: Paint) {
        self.0.fill_path(path, &paint.ink(), FillRule::Winding, Transform::identity(), None);
    }

    fn stroke(&mut self, path: &Path, paint: Paint, width: f32, dash: Option<[f32; 2]>) {
        let dash = dash.and_then(|dash| StrokeDash::new(dash.to_vec(), 0.0));
        let stroke = Stroke { width, dash, line_cap: LineCap::Butt, ..Stroke::default() };
        self.0.stroke_path(path, &paint.ink(), &stroke, Transform::identity(), None);
    }

    pub(super) fn rect(&mut self, place: [f32; 4], radius: f32, fill: Option<Paint>, line: Option<(Paint, f32, bool)>) {
        let Some(path) = rounded(place, radius) else { return };
        if let Some(paint) = fill {
            self.fill(&path, paint);
        }
        if let Some((paint, width, dashed)) = line {
            self.stroke(&path, paint, width, dashed.then_some([width * 3.0, width * 2.4]));
        }
    }

    fn dot(&mut self, [x, y]: [f32; 2], radius: f32, fill: Paint, line: Option<(Paint, f32)>) {
        let Some(path) = PathBuilder::from_circle(x, y, radius) else { return };
        self.fill(&path, fill);
        if let Some((paint, width)) = line {
            self.stroke(&path, paint, width, None);
        }
    }

    /// A picture of the site without its words, as large as fits the place.
    #[expect(clippy::cast_precision_loss, reason = "pixels of a picture")]
    pub(super) fn shapes(&mut self, shapes: &Shapes, [x, y, width, height]: [f32; 4]) {
        let [full, tall] = shapes.size.map(|length| length.max(1) as f32);
        let scale = (width / full).min(height / tall);
        let (left, top) = (x + (width - full * scale) / 2.0, y + (height - tall * scale) / 2.0);
        let at = |x: i32, y: i32| [left + x as f32 * scale, top + y as f32 * scale];
        let thin = (1.7 * scale).clamp(1.2, 2.2);
        for shape in &shapes.all {
            match shape {
                Shape::Box { category, place: [x, y, width, height] } => {
                    let [x, y] = at(*x, *y);
                    let place = [x, y, *width as f32 * scale, *height as f32 * scale];
                    self.rect(
                        place,
                        6.0 * scale,
                        Some(Paint::Fill(category)),
                        Some((Paint::Edge(category), thin, false)),
                    );
                }
                Shape::Frame { repeated, place: [x, y, width, height] } => {
                    let [x, y] = at(*x, *y);
                    let place = [x, y, *width as f32 * scale, *height as f32 * scale];
                    self.rect(place, 10.0 * scale, None, Some((Paint::Line, thin, *repeated)));
                }
                Shape::Sum([x, y]) => self.dot(at(*x, *y), 9.0 * scale, Paint::Ground, Some((Paint::Line, thin))),
                Shape::Wire(points) => {
                    let mut line = PathBuilder::new();
                    for (index, [x, y]) in points.iter().enumerate() {
                        let [x, y] = at(*x, *y);
                        if index == 0 { line.move_to(x, y) } else { line.line_to(x, y) }
                    }
                    if let Some(path) = line.finish() {
                        self.stroke(&path, Paint::Line, thin, None);
                    }
                }
            }
        }
    }

    /// Dots from the lower left to the upper right, one of them larger.
    pub(super) fn among(&mut self, places: &[[f32; 2]], own: Option<[f32; 2]>, [x, y, width, height]: [f32; 4]) {
        let at = |[right, up]: [f32; 2]| [x + right * width, y + (1.0 - up) * height];
        for place in places {
            self.dot(at(*place), 6.5, Paint::Faint, None);
        }
        if let Some([across, down]) = own.map(at) {
            for line in [[across, y - 10.0, across, y + height + 10.0], [x - 10.0, down, x + width + 10.0, down]] {
                let mut path = PathBuilder::new();
                path.move_to(line[0], line[1]);
                path.line_to(line[2], line[3]);
                if let Some(path) = path.finish() {
                    self.stroke(&path, Paint::Faint, 1.5, None);
                }
            }
            self.dot([across, down], 17.0, Paint::Focus, Some((Paint::Ground, 5.0)));
        }
    }
}

fn rounded([x, y, width, height]: [f32; 4], radius: f32) -> Option<Path> {
    let rect = Rect::from_xywh(x, y, width, height)?;
    if radius <= 0.0 {
        return Some(PathBuilder::from_rect(rect));
    }
    let radius = radius.min(width / 2.0).min(height / 2.0);
    // How far the handles of a curve stand out to come near a quarter of a circle.
    let handle = radius * 0.447_715_3;
    let (right, bottom) = (x + width, y + height);
    let mut path = PathBuilder::new();
    path.move_to(x + radius, y);
    path.line_to(right - radius, y);
    path.cubic_to(right - handle, y, right, y + handle, right, y + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(right, bottom - handle, right - handle, bottom, right - radius, bottom);
    path.line_to(x + radius, bottom);
    path.cubic_to(x + handle, bottom, x, bottom - handle, x, bottom - radius);
    path.line_to(x, y + radius);
    path.cubic_to(x, y + handle, x + handle, y, x + radius, y);
    path.close();
    path.finish()
}
