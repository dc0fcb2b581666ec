//! Grids: marks such as who sees whom, and numbers by shade. Equal neighbours in a row are one stroke of one path.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use zoo_registry::picture::{Cells, Heat, Seen};

use super::{Canvas, Size};

/// Space between panels.
const GAP: i32 = 26;
/// Room for the names of the axes, and below for that of the panel.
const HEAD: i32 = 20;
const FOOT: i32 = 22;

/// A grid with a class for each cell; none for an empty one.
struct Grid<'a> {
    label: &'a str,
    axes: String,
    rows: Vec<Vec<Option<&'static str>>>,
}

/// Marked cells.
pub(super) fn marks(panels: &[Cells], size: Size) -> (Canvas, i32, i32) {
    let class = |letter: char| match Seen::of(letter) {
        Some(Seen::Yes) => Some("seen"),
        Some(Seen::Memory) => Some("memory"),
        _ => None,
    };
    let grid =
        |cells: &'_ Cells| -> Vec<Vec<_>> { cells.rows.iter().map(|row| row.chars().map(class).collect()).collect() };
    draw(
        panels
            .iter()
            .map(|cells| Grid { label: &cells.label, axes: axes(&cells.down, &cells.across), rows: grid(cells) })
            .collect(),
        size,
    )
}

/// Cells by shade: four steps in either direction.
pub(super) fn heat(panels: &[Heat], size: Size) -> (Canvas, i32, i32) {
    let class = |&value: &i8| match value {
        76.. => Some("shade h4"),
        51.. => Some("shade h3"),
        26.. => Some("shade h2"),
        6.. => Some("shade h1"),
        -5.. => None,
        -25.. => Some("shade l1"),
        -50.. => Some("shade l2"),
        -75.. => Some("shade l3"),
        _ => Some("shade l4"),
    };
    let grid = |heat: &Heat| -> Vec<Vec<_>> { heat.rows.iter().map(|row| row.iter().map(class).collect()).collect() };
    draw(
        panels
            .iter()
            .map(|heat| Grid { label: &heat.label, axes: axes(&heat.down, &heat.across), rows: grid(heat) })
            .collect(),
        size,
    )
}

fn axes(down: &str, across: &str) -> String {
    format!("↓ {down}   → {across}")
}

fn draw(panels: Vec<Grid<'_>>, size: Size) -> (Canvas, i32, i32) {
    let mut canvas = Canvas::default();
    let columns = panels.iter().filter_map(|panel| panel.rows.first()).map(Vec::len).max().unwrap_or(1);
    let lines = panels.iter().map(|panel| panel.rows.len()).max().unwrap_or(1);
    let many = panels.len() > 1;
    // A thumbnail shows the first panel alone.
    let (cell, shown) = match size {
        Size::Page if lines.max(columns) > 20 => (8, panels.len()),
        Size::Page if many => (14, panels.len()),
        Size::Page => (17, panels.len()),
        Size::Thumbnail => (96 / count(lines.max(columns)).max(1), 1),
    };
    let head = if size == Size::Page { HEAD } else { 0 };
    let wide = count(columns) * cell + 2;
    for (panel, at) in panels.iter().take(shown).zip(0..) {
        let x = at * (wide.max(if many { 150 } else { 0 }) + GAP);
        let (width, height) = (count(panel.rows.first().map_or(1, Vec::len)) * cell, count(panel.rows.len()) * cell);
        if size == Size::Page {
            canvas.text("code", x, HEAD - 7, &panel.axes);
            if many {
                canvas.text("label", x, head + height + FOOT - 4, panel.label);
            }
            lattice(&mut canvas, [x + 1, head + 1, width, height], cell);
        } else {
            canvas.rect("outline", [x + 1, head + 1, width, height], 0);
        }
        fill(&mut canvas, panel, [x + 1, head + 1], cell);
    }
    let each = wide.max(if many && size == Size::Page { 150 } else { 0 });
    let width = count(shown) * (each + GAP) - GAP;
    let foot = if size == Size::Page && many { FOOT } else { 0 };
    // The names of the axes may be wider than a narrow grid.
    let width = if size == Size::Page { width.max(170) } else { width };
    (canvas, width, count(lines) * cell + 2 + head + foot)
}

fn lattice(canvas: &mut Canvas, [x, y, width, height]: [i32; 4], cell: i32) {
    if cell < 12 {
        canvas.rect("outline", [x, y, width, height], 0);
        return;
    }
    let mut d = String::new();
    for at in 0..=height / cell {
        let _ = write!(d, "M{x} {}h{width}", y + at * cell);
    }
    for at in 0..=width / cell {
        let _ = write!(d, "M{} {y}v{height}", x + at * cell);
    }
    canvas.path("lattice", &d);
}

/// One path a class. What is remembered is hatched as well, so that it is told apart without colour.
fn fill(canvas: &mut Canvas, panel: &Grid<'_>, [left, top]: [i32; 2], cell: i32) {
    let mut paths: BTreeMap<&'static str, String> = BTreeMap::new();
    let mut hatch = String::new();
    let inset = i32::from(cell >= 12);
    for (row, y) in panel.rows.iter().zip(0..) {
        let mut at = 0;
        for run in row.chunk_by(|a, b| a == b) {
            let (x, length) = (left + at * cell, count(run.len()));
            at += length;
            let Some(class) = run[0] else { continue };
            let y = top + y * cell;
            let height = cell - 2 * inset;
            let _ = write!(
                paths.entry(class).or_default(),
                "M{} {}h{}v{height}h-{}z",
                x + inset,
                y + inset,
                length * cell - 2 * inset,
                length * cell - 2 * inset
            );
            if class == "memory" {
                for step in 0..length {
                    let _ = write!(hatch, "M{} {}l{height} -{height}", x + step * cell + inset, y + cell - inset);
                }
            }
        }
    }
    for (class, d) in &paths {
        canvas.path(class, d);
    }
    if !hatch.is_empty() {
        canvas.path("hatch", &hatch);
    }
}

fn count(items: usize) -> i32 {
    i32::try_from(items).unwrap_or(i32::MAX)
}
