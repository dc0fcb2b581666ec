//! Boxes and what goes into what, from the bottom up; and query heads over the heads that they share.

use zoo_registry::picture::{Heads, Step, Wiring};

use super::super::{fit, text_width};
use super::{Canvas, Size};

/// A box, and the space between rows and between neighbours.
const BOX: i32 = 34;
const BETWEEN: i32 = 24;
const BESIDE: i32 = 14;
/// Room at the left for what goes around.
const RAIL: i32 = 26;
const LETTER: f64 = 8.6;

pub(super) fn draw(panels: &[Wiring], size: Size) -> (Canvas, i32, i32) {
    let mut canvas = Canvas::default();
    let Some(panel) = panels.first() else { return (canvas, 20, 20) };
    if size == Size::Thumbnail {
        return sketch(panel);
    }
    let widths: Vec<i32> =
        panel.rows.iter().map(|row| row.iter().map(wide).sum::<i32>() + BESIDE * (count(row.len()) - 1)).collect();
    let inner = widths.iter().copied().max().unwrap_or(0);
    let rail = if panel.around.is_some() { RAIL } else { 0 };
    let (width, middle) = (inner + 2 * rail + 4, inner / 2 + rail + 2);
    let rows = count(panel.rows.len());
    let height = rows * BOX + (rows + 1) * BETWEEN;
    let bottom_of = |row: usize| height - BETWEEN - count(row) * (BOX + BETWEEN);
    let mut below: Vec<(i32, i32)> = vec![(middle, height)];
    for (index, row) in panel.rows.iter().enumerate() {
        let bottom = bottom_of(index);
        let mut x = middle - widths[index] / 2;
        let mut here = Vec::new();
        for step in row {
            let own = wide(step);
            let centre = x + own / 2;
            let is_sign = matches!(step.kind.as_str(), "sum" | "product");
            let (low, high) =
                if is_sign { (bottom - BOX / 2 + 10, bottom - BOX / 2 - 10) } else { (bottom, bottom - BOX) };
            if !step.idle {
                for &(from, start) in &below {
                    canvas.path("wire", &wire([from, start], [centre, low]));
                }
                here.push((centre, high));
            }
            mark(&mut canvas, step, [x, bottom - BOX, own, BOX]);
            x += own + BESIDE;
        }
        below = here;
    }
    for (from, start) in below {
        canvas.path("wire", &wire([from, start], [middle, 0]));
    }
    if let Some([from, to]) = panel.around {
        let (start, end) = (bottom_of(from) + BETWEEN / 2, bottom_of(to) - BOX / 2);
        let left = 8;
        canvas.path(
            "wire",
            &format!("M{middle} {start}H{}a6 6 0 0 1 -6 -6V{}a6 6 0 0 1 6 -6H{}", left + 6, end + 6, middle - 10),
        );
    }
    (canvas, width, height)
}

/// From a place up to another, by right angles.
fn wire([x, y]: [i32; 2], [to, up]: [i32; 2]) -> String {
    if x == to { format!("M{x} {y}V{up}") } else { format!("M{x} {y}V{}H{to}V{up}", i32::midpoint(y, up)) }
}

fn mark(canvas: &mut Canvas, step: &Step, [x, y, width, height]: [i32; 4]) {
    let (centre, middle) = (x + width / 2, y + height / 2);
    match step.kind.as_str() {
        "sum" => {
            canvas.circle("sum", centre, middle, 10);
            canvas.path("wire", &format!("M{} {middle}h10M{centre} {}v10", centre - 5, middle - 5));
        }
        "product" => {
            canvas.circle("sum", centre, middle, 10);
            canvas.path("wire", &format!("M{} {}l8 8m0 -8l-8 8", centre - 4, middle - 4));
        }
        kind => {
            let class = if step.idle { format!("box {kind} idle") } else { format!("box {kind}") };
            canvas.rect(&class, [x, y, width, height], 6);
            canvas.text("label mid", centre, middle + 5, &fit(&step.label, width - 8, LETTER));
        }
    }
}

fn wide(step: &Step) -> i32 {
    match step.kind.as_str() {
        "sum" | "product" => 24,
        _ => text_width(&step.label, LETTER).max(64) + 24,
    }
}

/// The same boxes without names.
fn sketch(panel: &Wiring) -> (Canvas, i32, i32) {
    let mut canvas = Canvas::default();
    let rows = count(panel.rows.len());
    let each = 96 / rows.max(1);
    let middle = 52;
    canvas.path("wire", &format!("M{middle} 96V0"));
    for (row, index) in panel.rows.iter().zip(0..) {
        let y = 96 - (index + 1) * each + each / 4;
        let many = count(row.len());
        let own = (72 - 4 * (many - 1)) / many;
        for (step, at) in row.iter().zip(0..) {
            let x = middle - 36 + at * (own + 4);
            match step.kind.as_str() {
                "sum" | "product" => mark(&mut canvas, step, [middle - 10, y + each / 4 - 10, 20, 20]),
                kind => {
                    let class = if step.idle { format!("box {kind} idle") } else { format!("box {kind}") };
                    canvas.rect(&class, [x, y, own, each / 2], 3);
                }
            }
        }
    }
    if let Some([from, to]) = panel.around {
        let (start, end) = (96 - count(from) * each - 3, 96 - (count(to) + 1) * each + each / 2);
        canvas.path("wire", &format!("M{middle} {start}H6V{end}H{}", middle - 10));
    }
    (canvas, 96, 96)
}

pub(super) fn heads(heads: &Heads, size: Size) -> (Canvas, i32, i32) {
    let mut canvas = Canvas::default();
    let (own, gap, high) = if size == Size::Page { (34, 14, 34) } else { (8, 4, 16) };
    let all = count(heads.queries);
    let width = all * (own + gap) - gap + 2;
    let step = if size == Size::Page { 46 } else { 16 };
    let head_room = if size == Size::Page { 20 } else { 8 };
    let per = count(heads.queries / heads.keys.max(1));
    let (top, below) = (head_room, head_room + high + step);
    for key in 0..count(heads.keys) {
        let left = 1 + key * per * (own + gap);
        let centre = left + (per * (own + gap) - gap) / 2;
        for query in 0..per {
            let x = left + query * (own + gap);
            canvas.path("wire", &format!("M{} {}L{centre} {below}", x + own / 2, top + high));
            canvas.rect("box embedding", [x, top, own, high], 4);
        }
        canvas.rect("box attention", [centre - own / 2, below, own, high], 4);
        if heads.kept.is_some() {
            canvas.path("wire", &format!("M{centre} {}V{}", below + high, below + high + step / 2));
        }
    }
    let mut height = below + high + 2;
    if let Some(kept) = &heads.kept {
        let y = below + high + step / 2;
        canvas.rect("box norm", [1, y, width - 2, high], 6);
        if size == Size::Page {
            canvas.text("label mid", width / 2, y + high / 2 + 5, &fit(kept, width - 16, LETTER));
        }
        height = y + high + 2;
    }
    if size == Size::Page {
        canvas.text("code", 1, 13, "queries");
        let side = if heads.kept.is_some() { "keys and values, made again" } else { "keys and values, kept" };
        canvas.text("code", 1, height + 16, side);
        height += 22;
    } else {
        height += 6;
    }
    (canvas, width, height)
}

fn count(items: usize) -> i32 {
    i32::try_from(items).unwrap_or(i32::MAX)
}
