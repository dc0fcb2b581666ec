//! From a module tree to what stands where and what goes into what.
//!
//! A tree lists parts; it does not say how they are wired. What a layer does with its parts is stated by the family and computed again by
//! checks, and what goes in and comes out was read off a pass of the code. Without the first there are no lines, without the
//! second no shapes on them.

use serde_json::{Map, Value};
use zoo_registry::Flow;
use zoo_registry::descriptor::{Answer, Component, Side};
use zoo_registry::flow::{Extent, Place};

use super::category;
use super::layer::{gives, is_wired, layer, side};
use super::layout::{Block, Frame, Item, Node, Tie};
use crate::format::{THIN, humanise, shapes};
use crate::parts::Part;
use crate::words::Words;

/// What a picture is drawn with besides the tree.
pub(crate) struct Around<'a> {
    pub(crate) words: &'a Words,
    /// What the model's facts say of its parts.
    pub(crate) components: &'a [Component],
    /// What goes through it.
    pub(crate) flow: &'a Flow,
    /// The configuration that was built.
    pub(crate) config: &'a Map<String, Value>,
    /// What its networks bend sums with, where that is one function.
    pub(crate) activation: Option<&'a str>,
    /// Positions that have no parameters, where it has such.
    pub(crate) positions: &'a [Bare],
    /// A memory that its attention keeps.
    pub(crate) memory: Option<&'a Bare>,
    /// From the page to the top of the site.
    pub(crate) root: &'a str,
    /// Where a box leads, from the top of the site.
    pub(crate) href: &'a dyn Fn(&Part<'_>) -> Option<String>,
}

/// What the glossary calls the part that makes one vector of many.
const POOLER: &str = "pooler";

/// A building block that a model has and that has no parameters.
#[derive(Debug, Clone)]
pub(crate) struct Bare {
    pub(crate) label: String,
    /// Where it leads, from the top of the site.
    pub(crate) href: Option<String>,
    /// Whether it goes into the embeddings, and not into attention.
    pub(crate) added: bool,
}

/// The whole model as a frame without a border.
pub(super) fn root(part: &Part<'_>, around: &Around<'_>) -> Frame {
    let Column { mut frame, towers, heads } = column(part, around);
    let Some(towers) = towers.filter(|_| frame.passes) else { return frame };
    let pair = matches!(&frame.items[towers], Item::Row(nodes) if nodes.len() == 2);
    answer(&mut frame, heads, pair, part, around);
    let read = read(pair, around);
    if !read.is_empty() {
        frame.items.insert(0, Item::Row(read));
        frame.wires.insert(0, Some(vec![]));
    }
    frame
}

/// What is read.
fn read(pair: bool, around: &Around<'_>) -> Vec<Node> {
    let tokens = if pair { "chart.target_ids" } else { "chart.token_ids" };
    let places = [(Place::SourceTokens, "chart.source_ids"), (Place::Tokens, tokens), (Place::Image, "chart.image")];
    places.into_iter().filter_map(|(place, role)| Some(text(role, around.flow.at(place)?, around))).collect()
}

/// What is answered, above what says it: heads, the table of tokens once more, or nothing.
fn answer(frame: &mut Frame, heads: Vec<Node>, pair: bool, part: &Part<'_>, around: &Around<'_>) {
    let last = around.flow.at(Place::Last).map(told).unwrap_or_default();
    let answer = around.flow.answer();
    let said = answer.map(|(answer, extents)| text(&format!("answer.{}", answer.as_str()), extents, around));
    // Above the decoder.
    let side = |nodes: Vec<Node>| pair.then_some(Node::Blank).into_iter().chain(nodes).collect();
    let pools = heads.iter().filter(|head| matches!(head, Node::Block(head) if head.pools)).count();
    let pooled = around.flow.at(Place::Pooled).filter(|_| matches!(answer, Some((Answer::Hidden, _))));
    match (heads.len(), pools, pooled) {
        (0, ..) => {
            let tied = answer.and_then(|(answer, extents)| tied(part, answer, extents, around));
            if let Some(tied) = tied {
                frame.push(side(vec![Node::Block(tied)]), Some(vec![last]));
            }
            said.into_iter().for_each(|said| frame.push(side(vec![said]), Some(vec![])));
        }
        (_, 0, _) => {
            frame.push(side(heads), Some(vec![last]));
            said.into_iter().for_each(|said| frame.push(side(vec![said]), Some(vec![])));
        }
        // The hidden states go on beside what pools them.
        (1, 1, Some(pooled)) if !pair => {
            frame.push(std::iter::once(Node::Pass).chain(heads).collect(), Some(vec![]));
            frame.push(said.into_iter().chain([text("chart.pooled", pooled, around)]).collect(), Some(vec![]));
        }
        // Which of them takes what another pooled is not known.
        _ => frame.push(heads, None),
    }
}

fn text(role: &str, extents: &[Extent], around: &Around<'_>) -> Node {
    Node::Text { label: around.words.say(role), code: told(extents) }
}

/// What goes up from tables through stacks to heads.
struct Column {
    frame: Frame,
    /// The row in which stacks stand.
    towers: Option<usize>,
    /// What stands above everything else.
    heads: Vec<Node>,
}

fn column(part: &Part<'_>, around: &Around<'_>) -> Column {
    let mut children = visible(part, around);
    let is_head = |child: &Part<'_>| child.name == POOLER || category(child, around.components) == Some("head");
    children.sort_by_key(|child| match category(child, around.components) {
        Some("embedding") if !child.has_list() => 0,
        _ if is_head(child) => 3,
        // What its scores take stands below a stack, and its last norm above.
        _ if !child.has_list() && gives(child, around).is_some() => 0,
        _ if child.has_list() => 1,
        _ => 2,
    });
    let stacks: Vec<_> = children.iter().filter(|child| child.has_list()).collect();
    let sides: Vec<Side> = stacks.iter().filter_map(|stack| side(stack, around)).collect();
    let pair = sides == [Side::Encoder, Side::Main];
    // Runs of unlike layers in one list follow one another; of other towers nobody says that one reads for the other.
    let in_turn = stacks.len() == 1 || stacks.iter().all(|stack| stack.listed);
    let wired = is_wired(part, around) && (in_turn || pair);
    let line = |words: Vec<String>| wired.then_some(words);
    let (mut frame, mut towers, mut heads) = (Frame { passes: wired, ..Frame::default() }, None, Vec::new());
    let mut tables: Vec<Block> = Vec::new();
    for child in &children {
        if category(child, around.components) == Some("embedding") && child.children.is_empty() {
            tables.push(block(child, around));
            continue;
        }
        sum(&mut frame, std::mem::take(&mut tables), pair, around);
        if child.has_list() {
            match frame.items.last_mut().filter(|_| pair && towers.is_some()) {
                Some(Item::Row(encoder)) => encoder.push(node(child, around)),
                _ => {
                    let into = |side| if side == Side::Encoder { Place::SourceEmbedded } else { Place::Embedded };
                    let shapes = sides.iter().map(|side| around.flow.at(into(*side)).map(told).unwrap_or_default());
                    frame.push(
                        vec![node(child, around)],
                        line(if towers.is_none() { shapes.collect() } else { vec![] }),
                    );
                    towers.get_or_insert(frame.items.len() - 1);
                }
            }
        } else if is_head(child) {
            heads.push(node(child, around));
        } else if let Some(path) = gives(child, around).filter(|_| wired) {
            frame.beside(Block { tie: Tie::Gives(path), ..block(child, around) });
        } else {
            frame.push(vec![node(child, around)], line(vec![]));
        }
    }
    sum(&mut frame, tables, pair, around);
    if !wired {
        for row in std::mem::take(&mut heads).chunks_mut(3) {
            frame.push(row.iter_mut().map(|node| std::mem::replace(node, Node::Blank)).collect(), None);
        }
    }
    Column { frame, towers, heads }
}

/// Tables side by side, and their sum with positions that have no parameters.
fn sum(frame: &mut Frame, tables: Vec<Block>, pair: bool, around: &Around<'_>) {
    if tables.is_empty() {
        return;
    }
    let (line, many) = (frame.passes.then(Vec::new), tables.len() > 1);
    let mut left = tables.into_iter().map(Node::Block);
    while left.len() > 0 {
        frame.push(left.by_ref().take(3).collect(), line.clone());
    }
    let added = around.positions.iter().find(|bare| bare.added);
    if frame.passes && (many || added.is_some()) {
        let sum = |_| Node::Sum(added.map(|bare| bare.block("embedding")));
        frame.push((0..=usize::from(pair)).map(sum).collect(), line);
    }
}

impl Frame {
    /// Another row, and the line up to it.
    pub(super) fn push(&mut self, row: Vec<Node>, line: Option<Vec<String>>) {
        let below = self.rows().next_back().map(|(index, _)| index);
        if let Some(below) = below {
            self.wires[below] = line;
        }
        self.items.push(Item::Row(row));
        self.wires.push(None);
    }

    /// A box past which the line goes.
    pub(super) fn beside(&mut self, block: Block) {
        self.items.push(Item::Beside(block));
        self.wires.push(None);
    }
}

impl Bare {
    pub(super) fn block(&self, category: &'static str) -> Block {
        let (label, href) = (self.label.clone(), self.href.clone());
        Block { title: label.clone(), label, href, category, bare: true, ..Block::default() }
    }
}

pub(super) fn visible<'p, 'a>(part: &'p Part<'a>, around: &Around<'_>) -> Vec<&'p Part<'a>> {
    part.children.iter().filter(|child| child.count > 0 || child.component(around.components).is_some()).collect()
}

/// `n × 768`.
pub(super) fn told(extents: &[Extent]) -> String {
    if extents.is_empty() {
        return "1".to_owned();
    }
    extents.iter().map(Extent::to_string).collect::<Vec<_>>().join(&format!("{THIN}×{THIN}"))
}

/// The table of tokens, where it scores them too and no head does: the answer is as wide as it has rows.
fn tied(part: &Part<'_>, answer: Answer, extents: &[Extent], around: &Around<'_>) -> Option<Block> {
    let Some(Extent::Fixed(wide)) = extents.last().filter(|_| answer != Answer::Hidden) else { return None };
    let table = table(part, *wide)?;
    let own = block(table, around);
    let label = around.words.say("chart.tied_output");
    let kind = around.words.with("chart.tied_to", &[("table", &own.label)]);
    let title = format!("{label}, {kind}");
    Some(Block { label, kind, title, category: "head", href: own.href, bare: true, ..Block::default() })
}

/// The first table with so many rows.
fn table<'p, 'a>(part: &'p Part<'a>, rows: u64) -> Option<&'p Part<'a>> {
    let is_table = |own: &zoo_registry::Parameter| own.shape.len() == 2 && own.shape[0] as u64 == rows;
    if part.kind.contains("Embedding") && part.own.iter().any(is_table) {
        return Some(part);
    }
    part.children.iter().find_map(|child| table(child, rows))
}

pub(super) fn node(part: &Part<'_>, around: &Around<'_>) -> Node {
    let tables = part.children.iter().filter(|child| child.kind.contains("Embedding")).count();
    if part.listed && !part.children.is_empty() {
        Node::Frame(framed(part, layer(part, around), around))
    } else if part.has_list() {
        // A frame with nothing but another frame in it is that frame.
        match visible(part, around).as_slice() {
            [only] if only.has_list() && !only.listed => match node(only, around) {
                Node::Frame(inner) => Node::Frame(Frame { label: humanise(&part.name), ..inner }),
                other => other,
            },
            _ => {
                let Column { mut frame, heads, .. } = column(part, around);
                if !heads.is_empty() {
                    frame.push(heads, Some(vec![]));
                }
                Node::Frame(framed(part, frame, around))
            }
        }
    } else if tables > 1 {
        Node::Frame(framed(part, embeddings(part, around), around))
    } else if part.children.iter().any(|child| is_position(child, around)) {
        Node::Frame(framed(part, placed(part, around), around))
    } else {
        Node::Block(block(part, around))
    }
}

fn framed(part: &Part<'_>, frame: Frame, around: &Around<'_>) -> Frame {
    Frame {
        label: humanise(&part.name),
        kind: part.kind.to_owned(),
        times: if part.listed { part.times } else { 0 },
        href: (around.href)(part),
        ..frame
    }
}

/// Tables that are summed, and what stands above the sum.
fn embeddings(part: &Part<'_>, around: &Around<'_>) -> Frame {
    let wired = !around.flow.stacks.is_empty();
    let (mut frame, mut tables) = (Frame { passes: wired, ..Frame::default() }, Vec::new());
    for child in visible(part, around) {
        if child.kind.contains("Embedding") && child.children.is_empty() {
            tables.push(block(child, around));
        } else {
            sum(&mut frame, std::mem::take(&mut tables), false, around);
            frame.push(vec![node(child, around)], wired.then(Vec::new));
        }
    }
    sum(&mut frame, tables, false, around);
    frame
}

/// Whether a part is positions that are added to the embeddings.
fn is_position(part: &Part<'_>, around: &Around<'_>) -> bool {
    let named = part.component(around.components).and_then(|(_, component)| component.part.as_deref());
    category(part, around.components) == Some("embedding")
        && named.is_some_and(|part| part.starts_with("positional-encoding/"))
}

/// What is put together, tokens of its own and parts of an image, and positions that are added to all of it.
fn placed(part: &Part<'_>, around: &Around<'_>) -> Frame {
    let wired = !around.flow.stacks.is_empty();
    let mut frame = Frame { passes: wired, ..Frame::default() };
    let own = part.own.iter().map(|own| Block {
        label: humanise(&own.name),
        shapes: shapes([own]),
        category: "embedding",
        constant: true,
        href: (around.href)(part),
        title: format!("{}, {}", humanise(&own.name), part.kind),
        ..Block::default()
    });
    let (positions, others): (Vec<_>, Vec<_>) =
        visible(part, around).into_iter().partition(|child| is_position(child, around));
    let row: Vec<Node> = own.map(Node::Block).chain(others.into_iter().map(|child| node(child, around))).collect();
    frame.push(row, None);
    for position in positions {
        frame.push(vec![Node::Sum(Some(block(position, around)))], wired.then(Vec::new));
    }
    frame
}

pub(super) fn block(part: &Part<'_>, around: &Around<'_>) -> Block {
    let component = part.component(around.components);
    let parameters = part.parameters();
    let matrices: Vec<_> = parameters.iter().copied().filter(|parameter| parameter.shape.len() > 1).collect();
    let times = if part.times > 1 { format!("{THIN}×{THIN}{}", part.times) } else { String::new() };
    let title = component.map_or_else(
        || format!("{}, {}", humanise(&part.name), part.kind),
        |(_, component)| format!("{}. {}", component.name, component.source),
    );
    Block {
        label: humanise(&part.name) + &times,
        module: part.kind.to_owned(),
        kind: part.kind.to_owned(),
        shapes: if matrices.is_empty() { shapes(parameters) } else { shapes(matrices) },
        category: category(part, around.components).unwrap_or("other"),
        href: (around.href)(part),
        title,
        pools: part.name == POOLER,
        ..Block::default()
    }
}
