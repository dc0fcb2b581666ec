//! The picture of an architecture, drawn from the module tree its code builds.

use zoo_registry::Pattern;
use zoo_registry::flow::Place;

use super::layer;
use super::layout::{Block, Frame, GAP, HEADER, Item, NARROW, Node, PADDING, RAIL, Tie};
use super::plan::{Around, root, told};
use super::wires::{End, Ties, columns, ends, reach, tops};
use super::{Canvas, Caption, Shapes, fit, fit_by, label_width, text_width};
use crate::format::THIN;
use crate::parts::Part;
use crate::words::Words;

/// Width of one column.
const COLUMN: i32 = 372;
/// Space around everything.
const MARGIN: i32 = 2;
/// Tokens of a small picture of what attention sees, and the side of the cell of each.
const SEEN: usize = 8;
const CELL: usize = 4;
/// Side of such a picture.
const MASK: i32 = 32;
/// Width of a letter of the smaller, fixed-width text.
const CODE: f64 = 6.7;

/// An architecture as SVG.
pub(crate) struct Drawing {
    /// For the page: boxes link to their building blocks.
    pub inline: String,
    /// As a file of its own.
    pub standalone: String,
    /// Whether it says what goes into what.
    pub wired: bool,
    /// Whether several columns stand side by side.
    pub wide: bool,
    /// How many heads attention has and how wide they are, where it shows what they see.
    pub heads: Option<String>,
    /// What the boxes show, as rows of a table.
    pub rows: Vec<DrawnRow>,
    /// The picture without its words.
    pub shapes: Shapes,
}

/// A box in words.
#[derive(Debug)]
pub(crate) struct DrawnRow {
    /// How deep it stands.
    pub depth: usize,
    /// Label.
    pub label: String,
    /// Where the box leads, from the top of the site.
    pub href: Option<String>,
    /// Type of the module; empty where it is none.
    pub module: String,
    /// What stands below the label.
    pub kind: String,
    /// Shapes of its matrices.
    pub shapes: String,
    /// `× 12`, or nothing.
    pub times: String,
}

/// Draws a model; none where its tree is empty.
pub(crate) fn draw(name: &str, part: &Part<'_>, around: &Around<'_>) -> Option<Drawing> {
    let Around { words, flow, .. } = *around;
    let frame = root(part, around);
    if frame.items.is_empty() {
        return None;
    }
    let read = flow.at(Place::SourceLast).map(told).unwrap_or_default();
    let columns = frame.rows().map(|(_, nodes)| towers(nodes)).max()?;
    let width = i32::try_from(columns).unwrap_or(1) * (COLUMN + GAP) - GAP + 2 * MARGIN;
    let height = frame.height() + 2 * MARGIN;
    let mut rows = Vec::new();
    tell(&frame, 0, &mut rows);
    let description = describe(words, &rows);
    let title = words.with("chart.architecture_of", &[("name", &name)]);
    let caption = Caption { name: "architecture", title: &title, description: &description };
    let paint = |links: bool| {
        let links = links.then_some(around.root);
        let mut painter = Painter {
            canvas: Canvas::default(),
            words,
            read: &read,
            links,
            wires: String::new(),
            ties: Ties::default(),
        };
        painter.items(&frame, [MARGIN, MARGIN, width - 2 * MARGIN], None);
        painter.tie();
        painter
    };
    let (page, file) = (paint(true), paint(false));
    Some(Drawing {
        inline: caption.inline(&page.canvas, width, height),
        standalone: caption.standalone(&file.canvas, width, height),
        wired: frame.passes,
        wide: columns > 1,
        heads: layer::heads(around).filter(|_| !flow.sights.is_empty()),
        rows,
        shapes: Shapes { size: [width, height], all: page.canvas.shapes },
    })
}

/// How many columns a row asks for.
fn towers(nodes: &[Node]) -> usize {
    nodes.iter().filter(|node| matches!(node, Node::Frame(_))).count().max(1)
}

/// Draws boxes and frames; lines are drawn in `wires`.
pub(super) struct Painter<'a> {
    pub(super) canvas: Canvas,
    words: &'a Words,
    /// The shape of what a decoder looks at.
    pub(super) read: &'a str,
    /// From the page to the top of the site, where boxes are links.
    links: Option<&'a str>,
    /// Lines that are still to be drawn, all as one.
    pub(super) wires: String,
    pub(super) ties: Ties,
}

impl Painter<'_> {
    /// Items of a frame, from the bottom up, inside `x .. x + width` below `top`. Lines come in at `outer[1]` and go out at `outer[0]`.
    fn items(&mut self, frame: &Frame, [x, top, width]: [i32; 3], outer: Option<[i32; 2]>) {
        let middle = x + width / 2;
        let mut bottom = top + frame.height();
        let mut places = Vec::with_capacity(frame.items.len());
        for (index, item) in frame.items.iter().enumerate() {
            let height = item.height();
            places.push([bottom - height, bottom]);
            bottom -= height + frame.gap(index);
        }
        let rows: Vec<_> = frame.rows().collect();
        if let (Some([out, into]), Some((first, below)), Some((last, above))) = (outer, rows.first(), rows.last()) {
            self.join(&[Some(middle)], into, &tops(below, x, width), reach(below, places[*first], 1), &[]);
            let out_of = End { x: middle, arrow: false };
            self.join(&ends(above, x, width), reach(above, places[*last], 0), &[Some(out_of)], out, &[]);
        }
        for ((index, below), (next, above)) in rows.iter().zip(rows.iter().skip(1)) {
            let Some(words) = &frame.wires[*index] else { continue };
            let (from, to) = (reach(below, places[*index], 0), reach(above, places[*next], 1));
            self.join(&ends(below, x, width), from, &tops(above, x, width), to, words);
        }
        for (item, [from, to]) in frame.items.iter().zip(&places) {
            match item {
                Item::Row(nodes) => self.row(nodes, x, width, *to),
                Item::Beside(block) => self.beside(block, [middle + 16, *from, width / 2 - 16, to - from]),
            }
        }
        for &(start, sum) in &frame.rails {
            let from = places[start][1] + GAP / 2 + 2;
            let to = i32::midpoint(places[sum][0], places[sum][1]);
            let left = x - RAIL + 5;
            let d = format!("M{middle} {from}H{}a6 6 0 0 1 -6 -6V{}a6 6 0 0 1 6 -6H{}", left + 6, to + 6, middle - 9);
            self.wires.push_str(&d);
        }
        let wires = std::mem::take(&mut self.wires);
        if !wires.is_empty() {
            self.canvas.path("wire", &wires);
        }
    }

    fn row(&mut self, nodes: &[Node], x: i32, width: i32, bottom: i32) {
        let height = nodes.iter().map(Node::height).max().unwrap_or(0);
        for (node, [left, each]) in nodes.iter().zip(columns(nodes.len(), x, width)) {
            let place = [left, bottom - node.height(), each, node.height()];
            let middle = left + each / 2;
            match node {
                Node::Block(block) => self.block(block, place),
                Node::Frame(frame) => {
                    if nodes.len() == 2 && left == x {
                        self.ties.encoder = Some(place);
                    }
                    self.frame(frame, place);
                }
                Node::Sum(beside) => {
                    let y = bottom - height / 2;
                    if let Some(block) = beside {
                        let from = middle + 40;
                        self.block(block, [from, place[1], left + each - from, place[3]]);
                        self.wires.push_str(&format!("M{from} {y}H{}m6 -4l-6 4l6 4", middle + 9));
                    }
                    self.canvas.circle("sum", middle, y, 9);
                    self.wires.push_str(&format!("M{} {y}h10M{middle} {}v10", middle - 5, y - 5));
                }
                Node::Text { label, code } => {
                    // Both together stand in the middle.
                    let label = fit_by(label, each, label_width);
                    let (long, gap) = (label_width(&label), 6);
                    let start = middle - (long + gap + text_width(code, CODE)) / 2;
                    self.canvas.text("label", start, bottom - 5, &label);
                    self.canvas.text("code", start + long + gap, bottom - 5, code);
                }
                Node::Pass => self.wires.push_str(&format!("M{middle} {bottom}V{}", bottom - height)),
                Node::Blank => {}
            }
        }
    }

    /// A box past which the line goes up.
    fn beside(&mut self, block: &Block, place: [i32; 4]) {
        self.block(block, place);
        let [x, top, width, _] = place;
        match &block.tie {
            Tie::Memory => {
                // It stands below what reads it and writes to it.
                let (up, down, end) = (x + width / 3, x + 2 * width / 3, top - 30);
                self.canvas.path("wire across", &format!("M{up} {top}V{end}m-4 6l4 -6l4 6"));
                self.canvas.path("wire across", &format!("M{down} {end}V{top}m-4 -6l4 6l4 -6"));
                let (reads, writes) = (self.words.say("chart.read"), self.words.say("chart.written"));
                self.canvas.text("code end", up - 6, top - 11, &reads);
                self.canvas.text("code", down + 7, top - 11, &writes);
            }
            Tie::Gives(path) => self.ties.given.push((path.clone(), place)),
            _ => {}
        }
    }

    fn block(&mut self, block: &Block, [x, y, width, height]: [i32; 4]) {
        match &block.tie {
            Tie::Across => self.ties.crossings.push([x, y, width, height]),
            Tie::Takes(path) => self.ties.taken.push((path.clone(), [x, y, width, height])),
            _ => {}
        }
        let words = self.words;
        let href = self.links.zip(block.href.as_ref()).map(|(root, href)| format!("{root}{href}"));
        self.canvas.link(href.as_deref(), |canvas| {
            canvas.title(&block.title);
            let bare = if block.bare { " bare" } else { "" };
            canvas.rect(&format!("box {}{bare}", block.category), [x, y, width, height], 6);
            let (left, right, middle) = (x + 11, x + width - 11, y + height / 2);
            let shape = |index: usize| block.shapes.get(index).map_or("", String::as_str);
            if width < NARROW {
                let below = if shape(0).is_empty() { &block.kind } else { shape(0) };
                narrow(canvas, [x + width / 2, y, height], width - 8, &block.label, below);
                return;
            }
            let more = match block.shapes.len() {
                0..=2 => shape(1).to_owned(),
                count => words.with("chart.more_shapes", &[("count", &(count - 1))]),
            };
            let after = block.masks.iter().fold(left, |at, mask| canvas.mask(*mask, at, middle - MASK / 2) + 9);
            let left = if block.masks.is_empty() { left } else { after + 3 };
            let taken = text_width(shape(0), CODE).max(text_width(&more, CODE)) + 30 + left - x - 11;
            let label = fit_by(&block.label, width - taken, label_width);
            if height < 40 {
                canvas.text("label", left, middle + 5, &label);
                canvas.text("code end", right, middle + 4, shape(0));
                return;
            }
            // A long type has a line to itself.
            let long = text_width(&block.kind, CODE) > width - taken;
            let room = if long && more.is_empty() { width - 22 } else { width - taken };
            canvas.text("label", left, middle - 3, &label);
            canvas.text("code", left, middle + 14, &fit(&block.kind, room, CODE));
            let first = if more.is_empty() && !long { middle + 4 } else { middle - 3 };
            canvas.text("code end", right, first, shape(0));
            if !more.is_empty() {
                canvas.text("code end", right, middle + 14, &more);
            }
        });
    }

    fn frame(&mut self, frame: &Frame, [x, y, width, height]: [i32; 4]) {
        let dashed = if frame.times > 0 { "frame repeated" } else { "frame" };
        self.canvas.rect(dashed, [x, y, width, height], 10);
        let rail = if frame.rails.is_empty() { 0 } else { RAIL };
        let (left, inner) = (x + PADDING + rail, width - 2 * (PADDING + rail));
        let times = if frame.times > 0 { format!("×{THIN}{}", frame.times) } else { String::new() };
        let href = self.links.zip(frame.href.as_ref()).map(|(root, href)| format!("{root}{href}"));
        self.canvas.link(href.as_deref(), |canvas| {
            canvas.text("label", x + PADDING, y + 24, &frame.label);
            let after = x + PADDING + label_width(&frame.label) + 6;
            let free = x + width / 2 - 8 - after;
            if text_width(&frame.kind, CODE) <= free {
                canvas.text("code", after, y + 24, &frame.kind);
            }
            if !times.is_empty() {
                canvas.text("times end", x + width - PADDING, y + 25, &times);
            }
        });
        self.items(frame, [left, y + PADDING + HEADER, inner], frame.passes.then_some([y, y + height]));
    }
}

impl Canvas {
    /// What a token may look at: a row for each that looks, a column for each that is seen. Gives the right end.
    fn mask(&mut self, pattern: Pattern, x: i32, y: i32) -> i32 {
        // In sizes that such a picture can show.
        let pattern = match pattern {
            Pattern::Banded { .. } => Pattern::Banded { window: SEEN / 2 - 1 },
            Pattern::Segments { .. } => Pattern::Segments { segment: SEEN / 2 },
            whole => whole,
        };
        self.rect("plate", [x, y, MASK, MASK], 0);
        let mut d = String::new();
        for (query, top) in (0..SEEN).zip((y..).step_by(CELL)) {
            let seen = |key: &usize| pattern.sees(query, *key);
            let Some(first) = (0..SEEN).find(seen) else { continue };
            let count = (0..SEEN).filter(seen).count();
            // Each row of these patterns is one run.
            d.push_str(&format!("M{} {top}h{}v{CELL}h-{}z", x + units(first), units(count), units(count)));
        }
        self.path("seen", &d);
        x + MASK
    }
}

fn units(cells: usize) -> i32 {
    i32::try_from(cells * CELL).unwrap_or(MASK)
}

/// A name in the middle of a narrow box, in two lines if it has to be, and what stands below it.
fn narrow(canvas: &mut Canvas, [middle, top, height]: [i32; 3], width: i32, label: &str, below: &str) {
    let lines = match label.rsplit_once(' ') {
        Some((first, last)) if label_width(label) > width => vec![first, last],
        _ => vec![label],
    };
    // From one line of text to the next.
    let step = 15;
    let rows = i32::try_from(lines.len() + usize::from(!below.is_empty())).unwrap_or(1);
    let mut y = top + (height - rows * step) / 2 + 12;
    for line in lines {
        canvas.text("label mid", middle, y, &fit_by(line, width, label_width));
        y += step;
    }
    if !below.is_empty() {
        canvas.text("code mid", middle, y, &fit(below, width, CODE));
    }
}

fn tell(frame: &Frame, depth: usize, rows: &mut Vec<DrawnRow>) {
    let box_row = |block: &Block| DrawnRow {
        depth,
        label: block.label.clone(),
        href: block.href.clone(),
        module: block.module.clone(),
        kind: block.kind.clone(),
        shapes: block.shapes.join(" · "),
        times: String::new(),
    };
    for item in &frame.items {
        let nodes = match item {
            Item::Row(nodes) => nodes,
            Item::Beside(block) => {
                rows.push(box_row(block));
                continue;
            }
        };
        for node in nodes {
            match node {
                Node::Block(block) | Node::Sum(Some(block)) => rows.push(box_row(block)),
                Node::Text { label, code } => rows.push(DrawnRow {
                    depth,
                    label: label.clone(),
                    href: None,
                    module: String::new(),
                    kind: String::new(),
                    shapes: code.clone(),
                    times: String::new(),
                }),
                Node::Frame(inner) => {
                    rows.push(DrawnRow {
                        depth,
                        label: inner.label.clone(),
                        href: inner.href.clone(),
                        module: inner.kind.clone(),
                        kind: inner.kind.clone(),
                        shapes: String::new(),
                        times: if inner.times > 0 { format!("×{THIN}{}", inner.times) } else { String::new() },
                    });
                    tell(inner, depth + 1, rows);
                }
                Node::Sum(None) | Node::Pass | Node::Blank => {}
            }
        }
    }
}

fn describe(words: &Words, rows: &[DrawnRow]) -> String {
    let top: Vec<_> = rows
        .iter()
        .filter(|row| row.depth == 0)
        .map(|row| format!("{} {}", row.label, row.times).trim_end().to_owned())
        .collect();
    words.with("chart.architecture_told", &[("boxes", &top.join(", "))])
}
