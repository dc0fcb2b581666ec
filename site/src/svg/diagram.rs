//! The picture of an architecture, drawn from the module tree its code builds.

use std::collections::BTreeMap;

use zoo_registry::descriptor::Component;

use super::layout::{Block, Facts, Frame, GAP, HEADER, Item, NARROW, Node, PADDING, RAIL, is_pair, root};
use super::rails::Placement;
use super::{Canvas, Caption, Shapes, fit, text_width};
use crate::format::THIN;
use crate::parts::Part;
use crate::words::Words;

/// Width of one column.
const COLUMN: i32 = 372;
/// Space around everything.
const MARGIN: i32 = 2;
/// Widths of a letter: labels, and the smaller fixed-width text.
const LABEL: f64 = 9.2;
const CODE: f64 = 6.7;

/// An architecture as SVG.
pub(crate) struct Drawing {
    /// For the page: boxes link to their building blocks.
    pub inline: String,
    /// As a file of its own.
    pub standalone: String,
    /// Whether residual rails were drawn.
    pub rails: bool,
    /// Whether several columns stand side by side.
    pub wide: bool,
    /// What the boxes show, as rows of a table.
    pub rows: Vec<DrawnRow>,
    /// The picture without its words.
    pub shapes: Shapes,
}

/// A box in words.
#[derive(Debug, serde::Serialize)]
pub(crate) struct DrawnRow {
    /// How deep it stands.
    pub depth: usize,
    /// Label.
    pub label: String,
    /// Type of the module.
    pub kind: String,
    /// Shapes of its matrices.
    pub shapes: String,
    /// `× 12`, or nothing.
    pub times: String,
}

/// What a picture is drawn with besides the tree.
pub(crate) struct Around<'a> {
    pub words: &'a Words,
    /// What the model's facts say of its parts.
    pub components: &'a [Component],
    /// Where the model stands in the taxonomy.
    pub taxonomy: &'a BTreeMap<String, Vec<String>>,
    /// From the page to the top of the site.
    pub root: &'a str,
    /// Where a box leads, from the top of the site.
    pub href: &'a dyn Fn(&Part<'_>) -> Option<String>,
}

/// Draws a model; none where its tree is empty.
pub(crate) fn draw(name: &str, part: &Part<'_>, around: &Around<'_>) -> Option<Drawing> {
    let Around { components, taxonomy, .. } = *around;
    let facts = Facts { components, placement: Placement::of(taxonomy), href: around.href };
    let frame = root(part, &facts);
    if frame.items.is_empty() {
        return None;
    }
    let columns = frame.items.iter().map(|item| if let Item::Row(nodes) = item { towers(nodes) } else { 1 }).max()?;
    let width = i32::try_from(columns).unwrap_or(1) * (COLUMN + GAP) - GAP + 2 * MARGIN;
    let height = frame.height() + 2 * MARGIN;
    let mut rows = Vec::new();
    tell(&frame, 0, &mut rows);
    let description = describe(around.words, &rows);
    let title = around.words.with("chart.architecture_of", &[("name", &name)]);
    let caption = Caption { name: "architecture", title: &title, description: &description };
    let paint = |links: bool| {
        let mut painter = Painter {
            canvas: Canvas::default(),
            links: links.then_some(around.root),
            rails: false,
            encoder: None,
            crossings: Vec::new(),
        };
        painter.items(&frame, MARGIN, MARGIN, width - 2 * MARGIN);
        painter.cross();
        painter
    };
    let (page, file) = (paint(true), paint(false));
    Some(Drawing {
        inline: caption.inline(&page.canvas, width, height),
        standalone: caption.standalone(&file.canvas, width, height),
        rails: page.rails,
        wide: columns > 1,
        rows,
        shapes: Shapes { size: [width, height], all: page.canvas.shapes },
    })
}

/// How many columns a row asks for.
fn towers(nodes: &[Node]) -> usize {
    nodes.iter().filter(|node| matches!(node, Node::Frame(_))).count().max(1)
}

struct Painter<'a> {
    canvas: Canvas,
    /// From the page to the top of the site, where boxes are links.
    links: Option<&'a str>,
    rails: bool,
    /// Where the encoder stands, if one stands beside a decoder.
    encoder: Option<[i32; 4]>,
    /// Boxes that attend to it.
    crossings: Vec<[i32; 4]>,
}

impl Painter<'_> {
    /// Items of a frame, from the bottom up, inside `x .. x + width` below `top`.
    fn items(&mut self, frame: &Frame, x: i32, top: i32, width: i32) {
        let middle = x + width / 2;
        let mut bottom = top + frame.height();
        let mut places = Vec::with_capacity(frame.items.len());
        for item in &frame.items {
            let height = item.height();
            places.push((bottom - height, bottom));
            bottom -= height + GAP;
        }
        for (index, item) in frame.items.iter().enumerate() {
            let (from, to) = places[index];
            if let (true, Some((_, next))) = (frame.joined[index], places.get(index + 1)) {
                let mut below = centres(item, x, width);
                if let Item::Row(nodes) = item
                    && is_pair(nodes)
                {
                    below.remove(0);
                }
                self.join(&below, from, &centres(&frame.items[index + 1], x, width), *next);
            }
            match item {
                Item::Row(nodes) => self.row(nodes, x, width, to),
                Item::Sum => {
                    let y = i32::midpoint(from, to);
                    self.canvas.circle("sum", middle, y, 9);
                    self.canvas.path("wire", &format!("M{} {y}h10M{middle} {}v10", middle - 5, y - 5));
                }
            }
        }
        for &(start, sum) in &frame.rails {
            self.rails = true;
            let from = places[start].1 + GAP / 2;
            let to = i32::midpoint(places[sum].0, places[sum].1);
            let left = x - RAIL + 5;
            let d = format!("M{middle} {from}H{}a6 6 0 0 1 -6 -6V{}a6 6 0 0 1 6 -6H{}", left + 6, to + 6, middle - 9);
            self.canvas.path("wire", &d);
        }
    }

    fn row(&mut self, nodes: &[Node], x: i32, width: i32, bottom: i32) {
        let count = i32::try_from(nodes.len()).unwrap_or(1);
        let each = (width - GAP / 2 * (count - 1)) / count;
        for (node, index) in nodes.iter().zip(0..) {
            let left = x + index * (each + GAP / 2);
            let place = [left, bottom - node.height(), each, node.height()];
            match node {
                Node::Block(block) => self.block(block, place),
                Node::Frame(frame) => {
                    if is_pair(nodes) && index == 0 {
                        self.encoder = Some(place);
                    }
                    self.frame(frame, place);
                }
            }
        }
    }

    fn block(&mut self, block: &Block, [x, y, width, height]: [i32; 4]) {
        if block.category == "attention" && block.label.starts_with("Cross") {
            self.crossings.push([x, y, width, height]);
        }
        let href = self.links.zip(block.href.as_ref()).map(|(root, href)| format!("{root}{href}"));
        self.canvas.link(href.as_deref(), |canvas| {
            canvas.title(&block.title);
            canvas.rect(&format!("box {}", block.category), [x, y, width, height], 6);
            let (left, right, middle) = (x + 11, x + width - 11, y + height / 2);
            let shape = |index: usize| block.shapes.get(index).map_or("", String::as_str);
            if width < NARROW {
                canvas.text("label mid", x + width / 2, middle - 4, &fit(&block.label, width - 12, LABEL));
                canvas.text("code mid", x + width / 2, middle + 14, &fit(shape(0), width - 8, CODE));
                return;
            }
            let more = match block.shapes.len() {
                0..=2 => shape(1).to_owned(),
                count => format!("+{THIN}{} more", count - 1),
            };
            let taken = text_width(shape(0), CODE).max(text_width(&more, CODE)) + 30;
            let label = fit(&block.label, width - taken, LABEL);
            if height < 40 {
                canvas.text("label", left, middle + 5, &label);
                canvas.text("code end", right, middle + 4, shape(0));
                return;
            }
            canvas.text("label", left, middle - 3, &label);
            canvas.text("code", left, middle + 14, &fit(&block.kind, width - taken, CODE));
            let first = if more.is_empty() { middle + 4 } else { middle - 3 };
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
        let top = y + PADDING + HEADER;
        let middle = left + inner / 2;
        if frame.enters() {
            self.canvas.path("wire", &format!("M{middle} {}V{}", y + height, top + frame.height()));
        }
        if frame.leaves() {
            self.canvas.path("wire", &format!("M{middle} {top}V{y}"));
        }
        let times = if frame.times > 0 { format!("×{THIN}{}", frame.times) } else { String::new() };
        let href = self.links.zip(frame.href.as_ref()).map(|(root, href)| format!("{root}{href}"));
        self.canvas.link(href.as_deref(), |canvas| {
            canvas.text("label", x + PADDING, y + 24, &frame.label);
            let after = x + PADDING + text_width(&frame.label, LABEL) + 6;
            let free = x + width / 2 - 8 - after;
            if text_width(&frame.kind, CODE) <= free {
                canvas.text("code", after, y + 24, &frame.kind);
            }
            if !times.is_empty() {
                canvas.text("times end", x + width - PADDING, y + 25, &times);
            }
        });
        self.items(frame, left, top, inner);
    }

    /// Arrows from the encoder to what is named for attending across.
    fn cross(&mut self) {
        let Some([left, top, width, _]) = self.encoder else { return };
        for [x, y, _, height] in std::mem::take(&mut self.crossings) {
            let middle = y + height / 2;
            let start = if middle > top {
                format!("M{} {middle}", left + width)
            } else {
                format!("M{} {top}V{middle}", left + width / 2)
            };
            if x > left + width {
                self.canvas.path("wire across", &format!("{start}H{x}m-7 -5l7 5l-7 5"));
            }
        }
    }

    /// Lines from what stands below to what stands above.
    fn join(&mut self, below: &[i32], from: i32, above: &[i32], to: i32) {
        let middle = i32::midpoint(from, to);
        let mut d = String::new();
        match (below, above) {
            ([x], [up]) if x == up => d = format!("M{x} {from}V{to}"),
            (many, [up]) => many.iter().for_each(|x| d.push_str(&format!("M{x} {from}V{middle}H{up}V{to}"))),
            ([x], many) => many.iter().for_each(|up| d.push_str(&format!("M{x} {from}V{middle}H{up}V{to}"))),
            _ => return,
        }
        self.canvas.path("wire", &d);
    }
}

/// Middles of what stands in a row.
fn centres(item: &Item, x: i32, width: i32) -> Vec<i32> {
    let Item::Row(nodes) = item else { return vec![x + width / 2] };
    let count = i32::try_from(nodes.len()).unwrap_or(1);
    let each = (width - GAP / 2 * (count - 1)) / count;
    (0..count).map(|index| if count == 1 { x + width / 2 } else { x + index * (each + GAP / 2) + each / 2 }).collect()
}

fn tell(frame: &Frame, depth: usize, rows: &mut Vec<DrawnRow>) {
    for item in &frame.items {
        let Item::Row(nodes) = item else { continue };
        for node in nodes {
            match node {
                Node::Block(block) => rows.push(DrawnRow {
                    depth,
                    label: block.label.clone(),
                    kind: block.kind.clone(),
                    shapes: block.shapes.join(" · "),
                    times: String::new(),
                }),
                Node::Frame(inner) => {
                    rows.push(DrawnRow {
                        depth,
                        label: inner.label.clone(),
                        kind: inner.kind.clone(),
                        shapes: String::new(),
                        times: if inner.times > 0 { format!("×{THIN}{}", inner.times) } else { String::new() },
                    });
                    tell(inner, depth + 1, rows);
                }
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
