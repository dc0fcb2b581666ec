//! Functions of one argument, as lines.

use zoo_registry::figure::{Axis, Scale};
use zoo_registry::picture::Curves;

use super::super::chart::{Ruler, apart, tick};
use super::super::text_width;
use super::{Canvas, Size};

const WIDTH: i32 = 480;
const HEIGHT: i32 = 300;
const LEFT: i32 = 52;
const TOP: i32 = 26;
const BOTTOM: i32 = 44;
const LETTER: f64 = 8.4;

pub(super) fn draw(curves: &Curves, size: Size) -> (Canvas, i32, i32) {
    if size == Size::Thumbnail {
        return thumbnail(curves);
    }
    let names = curves.series.iter().map(|series| text_width(&series.name, LETTER)).max().unwrap_or(0);
    // One curve is what the page is about, and needs no name.
    let named = curves.series.len() > 1;
    let right = WIDTH - if named { names.min(WIDTH / 3) + 16 } else { 12 };
    let (across, up) = ([LEFT, right], [HEIGHT - BOTTOM, TOP]);
    let (x, y) = rulers(curves, across, up);
    let mut canvas = Canvas::default();
    for value in y.ticks() {
        let at = y.place(value);
        canvas.path(if value == 0.0 { "edge" } else { "grid" }, &format!("M{LEFT} {at}H{right}"));
        canvas.text("code end", LEFT - 8, at + 4, &tick(value));
    }
    for value in x.ticks() {
        let at = x.place(value);
        let zero = value == 0.0 && at > LEFT;
        canvas.path(if zero { "edge" } else { "grid" }, &format!("M{at} {}V{TOP}", HEIGHT - BOTTOM));
        canvas.text("code mid", at, HEIGHT - BOTTOM + 18, &tick(value));
    }
    canvas.text("code", LEFT, 14, &curves.y);
    canvas.text("code end", right, HEIGHT - 8, &curves.x);
    let ends: Vec<i32> = curves.series.iter().filter_map(|s| s.points.last()).map(|point| y.place(point[1])).collect();
    let heights = apart(&ends, HEIGHT - BOTTOM);
    for (index, series) in curves.series.iter().enumerate() {
        canvas.path(&format!("curve c{}", index % 4), &line(&series.points, across, up, curves));
        if let (true, Some(last), Some(height)) = (named, series.points.last(), heights.get(index)) {
            canvas.text("label", x.place(last[0]).min(right) + 8, (height + 5).max(12), &series.name);
        }
    }
    (canvas, WIDTH, HEIGHT)
}

fn thumbnail(curves: &Curves) -> (Canvas, i32, i32) {
    let (across, up) = ([4, 92], [92, 4]);
    let (x, y) = rulers(curves, across, up);
    let mut canvas = Canvas::default();
    canvas.rect("outline", [1, 1, 94, 94], 0);
    canvas.path("edge", &format!("M4 {}H92", y.place(0.0)));
    if x.place(0.0) > 4 {
        canvas.path("edge", &format!("M{} 92V4", x.place(0.0)));
    }
    for (index, series) in curves.series.iter().enumerate() {
        canvas.path(&format!("curve c{}", index % 4), &line(&series.points, across, up, curves));
    }
    (canvas, 96, 96)
}

fn rulers(curves: &Curves, across: [i32; 2], up: [i32; 2]) -> (Ruler, Ruler) {
    let axis = |label: &str| Axis { label: label.to_owned(), scale: Scale::Linear };
    let values = |index: usize| curves.series.iter().flat_map(move |s| s.points.iter().map(move |point| point[index]));
    (Ruler::over(&axis(&curves.x), values(0), across), Ruler::over(&axis(&curves.y), values(1), up))
}

/// Every place once, in tenths of a pixel.
fn line(points: &[[f64; 2]], across: [i32; 2], up: [i32; 2], curves: &Curves) -> String {
    let (x, y) = rulers(curves, across.map(|end| 10 * end), up.map(|end| 10 * end));
    let mut places: Vec<[i32; 2]> = points.iter().map(|point| [x.place(point[0]), y.place(point[1])]).collect();
    places.dedup();
    let tenth = |at: &i32| if at % 10 == 0 { format!("{}", at / 10) } else { format!("{}.{}", at / 10, at % 10) };
    let way: Vec<String> = places.iter().map(|[x, y]| format!("{} {}", tenth(x), tenth(y))).collect();
    format!("M{}", way.join("L"))
}
