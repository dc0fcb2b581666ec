//! Where the boxes of an architecture stand: columns from bottom to top, layers in dashed frames.

use zoo_registry::descriptor::Component;

use super::category;
use super::rails::{Placement, pairs};
use crate::format::{THIN, humanise, shapes};
use crate::parts::Part;

/// Space between neighbours.
pub(super) const GAP: i32 = 16;
/// Space between a frame and what is inside.
pub(super) const PADDING: i32 = 14;
/// Height of a frame's title.
pub(super) const HEADER: i32 = 26;
/// Room at the left for residual rails.
pub(super) const RAIL: i32 = 20;
/// A box narrower than this shows no type.
pub(super) const NARROW: i32 = 200;

/// A box or a frame with more inside.
#[derive(Debug)]
pub(super) enum Node {
    /// One module.
    Block(Block),
    /// A repeated or opened module.
    Frame(Frame),
}

/// One module as a box.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) label: String,
    pub(super) kind: String,
    pub(super) shapes: Vec<String>,
    pub(super) category: &'static str,
    /// Where it leads, from the top of the site.
    pub(super) href: Option<String>,
    /// What it is, in words.
    pub(super) title: String,
}

/// What stands above one another, the bottom first.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) label: String,
    pub(super) kind: String,
    /// How often it stands; 0 where it is not an element of a list.
    pub(super) times: u64,
    /// Where it leads, from the top of the site.
    pub(super) href: Option<String>,
    pub(super) items: Vec<Item>,
    /// Residual rails: (index of the item it starts below, index of the sum it ends in).
    pub(super) rails: Vec<(usize, usize)>,
    /// For every item, whether a line goes up to the next.
    pub(super) joined: Vec<bool>,
}

impl Frame {
    /// Whether a line comes in below the first item.
    pub(super) fn enters(&self) -> bool {
        !self.rails.is_empty()
    }

    /// Whether a line goes out above the last item.
    pub(super) fn leaves(&self) -> bool {
        match self.items.as_slice() {
            [Item::Row(nodes)] => matches!(nodes.as_slice(), [Node::Frame(only)] if only.leaves()),
            items => self.enters() || items.len() > 1 && self.joined[items.len() - 2],
        }
    }
}

/// A row of a frame.
#[derive(Debug)]
pub(super) enum Item {
    /// Neighbours.
    Row(Vec<Node>),
    /// A residual sum.
    Sum,
}

impl Node {
    pub(super) fn height(&self) -> i32 {
        match self {
            Self::Block(block) if block.category == "norm" => 30,
            Self::Block(_) => 48,
            Self::Frame(frame) => frame.height() + HEADER + 2 * PADDING,
        }
    }
}

impl Item {
    pub(super) fn height(&self) -> i32 {
        match self {
            Self::Row(nodes) => nodes.iter().map(Node::height).max().unwrap_or(0),
            Self::Sum => 18,
        }
    }
}

impl Frame {
    /// Height of the items without the frame around them.
    pub(super) fn height(&self) -> i32 {
        let gaps = i32::try_from(self.items.len().saturating_sub(1)).unwrap_or(0) * GAP;
        self.items.iter().map(Item::height).sum::<i32>() + gaps
    }
}

/// What the layout needs to know besides the tree.
pub(super) struct Facts<'a> {
    pub(super) components: &'a [Component],
    pub(super) placement: Option<Placement>,
    /// Where a box leads, from the top of the site.
    pub(super) href: &'a dyn Fn(&Part<'_>) -> Option<String>,
}

/// The whole model as a frame without a border.
pub(super) fn root(part: &Part<'_>, facts: &Facts<'_>) -> Frame {
    let mut children: Vec<&Part<'_>> = visible(part, facts);
    children.sort_by_key(|child| match category(child, facts.components) {
        Some("embedding") => 0,
        Some("head") => 2,
        _ if child.name == "pooler" => 2,
        _ => 1,
    });
    let mut items: Vec<(Row, Vec<Node>)> = Vec::new();
    for child in children {
        let row = match category(child, facts.components) {
            _ if child.has_list() => Row::Tower,
            Some("embedding") if child.children.is_empty() => Row::Table,
            Some("head") => Row::Head,
            _ if child.name == "pooler" => Row::Head,
            _ => Row::Alone,
        };
        let node = node(child, facts);
        match items.last_mut() {
            Some((last, nodes)) if *last == row && row != Row::Alone && nodes.len() < 3 => nodes.push(node),
            _ => items.push((row, vec![node])),
        }
    }
    // A line means "goes into": true from tables to a stack to its heads, unknown around other towers that stand side by side.
    let sole = |index: usize| {
        items.get(index).is_none_or(|(row, nodes)| *row != Row::Tower || nodes.len() == 1 || is_pair(nodes))
    };
    let joined = (0..items.len()).map(|i| sole(i) && sole(i + 1)).collect();
    Frame { joined, items: items.into_iter().map(|(_, nodes)| Item::Row(nodes)).collect(), ..Frame::default() }
}

#[derive(PartialEq)]
enum Row {
    Table,
    Tower,
    Head,
    Alone,
}

fn visible<'p, 'a>(part: &'p Part<'a>, facts: &Facts<'_>) -> Vec<&'p Part<'a>> {
    part.children.iter().filter(|child| child.count > 0 || child.component(facts.components).is_some()).collect()
}

fn node(part: &Part<'_>, facts: &Facts<'_>) -> Node {
    let category = category(part, facts.components);
    let tables = part.children.iter().filter(|child| child.kind.contains("Embedding")).count();
    let opens = (part.listed && !part.children.is_empty()) || part.has_list() || tables > 1;
    if opens { Node::Frame(frame(part, facts)) } else { Node::Block(block(part, category, facts)) }
}

fn block(part: &Part<'_>, category: Option<&'static str>, facts: &Facts<'_>) -> Block {
    let component = part.component(facts.components);
    let parameters = part.parameters();
    let matrices: Vec<_> = parameters.iter().copied().filter(|parameter| parameter.shape.len() > 1).collect();
    let times = if part.times > 1 { format!("{THIN}×{THIN}{}", part.times) } else { String::new() };
    let title = component.map_or_else(
        || format!("{}, {}", humanise(&part.name), part.kind),
        |(_, component)| format!("{}. {}", component.name, component.source),
    );
    Block {
        label: humanise(&part.name) + &times,
        kind: part.kind.to_owned(),
        shapes: if matrices.is_empty() { shapes(parameters) } else { shapes(matrices) },
        category: category.unwrap_or("other"),
        href: (facts.href)(part),
        title,
    }
}

fn frame(part: &Part<'_>, facts: &Facts<'_>) -> Frame {
    let children = visible(part, facts);
    let mut frame = Frame {
        label: humanise(&part.name),
        kind: part.kind.to_owned(),
        times: if part.listed { part.times } else { 0 },
        href: (facts.href)(part),
        ..Frame::default()
    };
    if let Some(pairs) = facts.placement.filter(|_| part.listed).and_then(|p| pairs(&children, p, facts.components)) {
        for pair in pairs {
            let start = frame.items.len();
            let sum = start + usize::from(pair.placement == Placement::Pre) + 1;
            let (norm, layer) = (node(pair.norm, facts), node(pair.layer, facts));
            match pair.placement {
                Placement::Pre => frame.items.extend([Item::Row(vec![norm]), Item::Row(vec![layer]), Item::Sum]),
                Placement::Post => frame.items.extend([Item::Row(vec![layer]), Item::Sum, Item::Row(vec![norm])]),
            }
            frame.rails.push((start, sum));
        }
        frame.joined = vec![true; frame.items.len()];
        return frame;
    }
    for child in children {
        let table = child.kind.contains("Embedding") && child.children.is_empty();
        let node = node(child, facts);
        match frame.items.last_mut() {
            Some(Item::Row(nodes)) if table && is_table(nodes.last()) && nodes.len() < 3 => nodes.push(node),
            _ => frame.items.push(Item::Row(vec![node])),
        }
    }
    frame.joined = vec![false; frame.items.len()];
    for (at, [below, above]) in frame.items.array_windows().enumerate() {
        frame.joined[at] = flows(below, above);
    }
    frame
}

/// Whether what stands above surely takes what stands below: the sum of tables goes into a norm or a stack, and a stack into a norm.
fn flows(below: &Item, above: &Item) -> bool {
    let (Item::Row(below), Item::Row(above)) = (below, above) else { return false };
    let is_stack = |nodes: &[Node]| matches!(nodes, [Node::Frame(frame)] if frame.times > 0);
    let is_norm = matches!(above.as_slice(), [Node::Block(block)] if block.category == "norm");
    match is_table(below.first()) {
        true => is_norm || is_stack(above),
        false => is_norm && is_stack(below),
    }
}

/// Whether a row is an encoder beside its decoder: what stands below goes into both, and what stands above takes the decoder's.
pub(super) fn is_pair(nodes: &[Node]) -> bool {
    matches!(nodes, [Node::Frame(one), Node::Frame(other)] if one.label == "Encoder" && other.label == "Decoder")
}

fn is_table(node: Option<&Node>) -> bool {
    matches!(node, Some(Node::Block(block)) if block.kind.contains("Embedding"))
}
