//! From a module tree to what stands where and what goes into what.
//!
//! A tree lists parts; it does not say how they are wired. What a layer does with its parts is stated by the family and computed again by
//! checks, and what goes in and comes out was read off a pass of the code. Without the first there are no lines, without the
//! second no shapes on them.

use zoo_registry::Flow;
use zoo_registry::descriptor::{Answer, Component, Side};
use zoo_registry::flow::{Extent, Place, Stack, SublayerKind};

use super::category;
use super::layout::{Block, Frame, Item, Node, Tie};
use crate::format::{THIN, humanise, shapes};
use crate::parts::{Part, matches};
use crate::words::Words;

/// What a plan is made of besides the tree.
pub(super) struct Facts<'a> {
    pub(super) words: &'a Words,
    pub(super) components: &'a [Component],
    pub(super) flow: &'a Flow,
    /// Positions that have no parameters, where the model has such.
    pub(super) positions: &'a [Bare],
    /// A memory that its attention keeps.
    pub(super) memory: Option<&'a Bare>,
    /// Where a box leads, from the top of the site.
    pub(super) href: &'a dyn Fn(&Part<'_>) -> Option<String>,
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
pub(super) fn root(part: &Part<'_>, facts: &Facts<'_>) -> Frame {
    let mut column = column(part, facts);
    let Some(towers) = column.towers.filter(|_| column.frame.passes) else { return column.frame };
    let pair = matches!(&column.frame.items[towers], Item::Row(nodes) if nodes.len() == 2);
    let extents = |place| facts.flow.at(place);
    let text = |role: &str, extents: &[Extent]| Node::Text { label: facts.words.say(role), code: told(extents) };
    // What is read.
    let read: Vec<Node> = [
        (Place::SourceTokens, "chart.source_ids"),
        (Place::Tokens, if pair { "chart.target_ids" } else { "chart.token_ids" }),
        (Place::Image, "chart.image"),
    ]
    .into_iter()
    .filter_map(|(place, role)| Some(text(role, extents(place)?)))
    .collect();
    // What is answered, above what says it.
    let hidden = extents(Place::Last).map(told).unwrap_or_default();
    let answer = facts.flow.answer();
    let said = |(answer, extents): (Answer, &[Extent])| text(&format!("answer.{}", answer.as_str()), extents);
    let side = |node: Node| if pair { vec![Node::Blank, node] } else { vec![node] };
    let (frame, heads) = (&mut column.frame, std::mem::take(&mut column.heads));
    let pools = heads.iter().filter(|head| matches!(head, Node::Block(head) if head.pools)).count();
    if heads.is_empty() {
        let tied = answer.and_then(|(kind, extents)| tied(part, kind, extents, facts));
        for node in tied.map(Node::Block).into_iter().chain(answer.map(said)) {
            let is_first = matches!(node, Node::Block(_));
            frame.push(side(node), Some(if is_first { vec![hidden.clone()] } else { vec![] }));
        }
    } else if pools == 0 {
        let blank = pair.then_some(Node::Blank);
        frame.push(blank.into_iter().chain(heads).collect(), Some(vec![hidden]));
        if let Some(answer) = answer {
            frame.push(side(said(answer)), Some(vec![]));
        }
    } else if let (1, Some((Answer::Hidden, _)), Some(pooled)) = (heads.len(), answer, extents(Place::Pooled)) {
        // The hidden states go on beside what pools them.
        frame.push(std::iter::once(Node::Pass).chain(heads).collect(), Some(vec![]));
        frame.push(answer.map(said).into_iter().chain([text("chart.pooled", pooled)]).collect(), Some(vec![]));
    } else {
        // Which of them takes what another pooled is not known.
        frame.push(heads, None);
    }
    if !read.is_empty() {
        frame.items.insert(0, Item::Row(read));
        frame.wires.insert(0, Some(vec![]));
    }
    column.frame
}

/// What goes up from tables through stacks to heads.
struct Column {
    frame: Frame,
    /// The row in which stacks stand.
    towers: Option<usize>,
    /// What stands above everything else.
    heads: Vec<Node>,
}

fn column(part: &Part<'_>, facts: &Facts<'_>) -> Column {
    let mut children = visible(part, facts);
    let is_head = |child: &Part<'_>| child.name == POOLER || category(child, facts.components) == Some("head");
    children.sort_by_key(|child| match category(child, facts.components) {
        Some("embedding") if !child.has_list() => 0,
        _ if is_head(child) => 3,
        // What its scores take stands below a stack, and its last norm above.
        _ if !child.has_list() && gives(child, facts).is_some() => 0,
        _ if child.has_list() => 1,
        _ => 2,
    });
    let stacks: Vec<_> = children.iter().filter(|child| child.has_list()).collect();
    let sides: Vec<Side> = stacks.iter().filter_map(|stack| side(stack, facts)).collect();
    let pair = sides == [Side::Encoder, Side::Main];
    // Runs of unlike layers in one list follow one another; of other towers nobody says that one reads for the other.
    let in_turn = stacks.len() == 1 || stacks.iter().all(|stack| stack.listed);
    let wired = is_wired(part, facts) && (in_turn || pair);
    let line = |words: Vec<String>| wired.then_some(words);
    let (mut frame, mut towers, mut heads) = (Frame { passes: wired, ..Frame::default() }, None, Vec::new());
    let mut tables: Vec<Block> = Vec::new();
    for child in &children {
        if category(child, facts.components) == Some("embedding") && child.children.is_empty() {
            tables.push(block(child, facts));
            continue;
        }
        sum(&mut frame, std::mem::take(&mut tables), pair, facts);
        if child.has_list() {
            match frame.items.last_mut().filter(|_| pair && towers.is_some()) {
                Some(Item::Row(encoder)) => encoder.push(node(child, facts)),
                _ => {
                    let into = |side| if side == Side::Encoder { Place::SourceEmbedded } else { Place::Embedded };
                    let shapes = sides.iter().map(|side| facts.flow.at(into(*side)).map(told).unwrap_or_default());
                    frame
                        .push(vec![node(child, facts)], line(if towers.is_none() { shapes.collect() } else { vec![] }));
                    towers.get_or_insert(frame.items.len() - 1);
                }
            }
        } else if is_head(child) {
            heads.push(node(child, facts));
        } else if let Some(path) = gives(child, facts).filter(|_| wired) {
            frame.beside(Block { tie: Tie::Gives(path), ..block(child, facts) });
        } else {
            frame.push(vec![node(child, facts)], line(vec![]));
        }
    }
    sum(&mut frame, tables, pair, facts);
    if !wired {
        for row in std::mem::take(&mut heads).chunks_mut(3) {
            frame.push(row.iter_mut().map(|node| std::mem::replace(node, Node::Blank)).collect(), None);
        }
    }
    Column { frame, towers, heads }
}

/// Tables side by side, and their sum with positions that have no parameters.
fn sum(frame: &mut Frame, tables: Vec<Block>, pair: bool, facts: &Facts<'_>) {
    if tables.is_empty() {
        return;
    }
    let line = || frame.passes.then(Vec::new);
    let (line, many) = (line(), tables.len() > 1);
    let mut left = tables.into_iter().map(Node::Block);
    while left.len() > 0 {
        frame.push(left.by_ref().take(3).collect(), line.clone());
    }
    let added = || facts.positions.iter().find(|bare| bare.added).map(|bare| bare.block("embedding"));
    if frame.passes && (many || added().is_some()) {
        frame.push((0..=usize::from(pair)).map(|_| Node::Sum(added())).collect(), line);
    }
}

impl Frame {
    /// Another row, and the line up to it.
    fn push(&mut self, row: Vec<Node>, line: Option<Vec<String>>) {
        let below = self.rows().next_back().map(|(index, _)| index);
        if let Some(below) = below {
            self.wires[below] = line;
        }
        self.items.push(Item::Row(row));
        self.wires.push(None);
    }

    /// A box past which the line goes.
    fn beside(&mut self, block: Block) {
        self.items.push(Item::Beside(block));
        self.wires.push(None);
    }
}

impl Bare {
    fn block(&self, category: &'static str) -> Block {
        let (label, href) = (self.label.clone(), self.href.clone());
        Block { title: label.clone(), label, href, category, bare: true, ..Block::default() }
    }
}

/// Whether the facts say how every stack in it is wired.
fn is_wired(part: &Part<'_>, facts: &Facts<'_>) -> bool {
    let own = part.listed && !part.children.is_empty();
    let below = part.children.iter().all(|child| !child.has_list() || is_wired(child, facts));
    below && (!own || stack(part, facts).is_some()) && part.has_list()
}

/// The stack whose layer this is.
fn stack<'f>(part: &Part<'_>, facts: &'f Facts<'_>) -> Option<&'f Stack> {
    facts.flow.stacks.iter().find(|stack| matches(&format!("{}.*", stack.layers), &part.path))
}

/// Which side the stack in it is.
fn side(part: &Part<'_>, facts: &Facts<'_>) -> Option<Side> {
    match stack(part, facts) {
        Some(stack) => Some(stack.side),
        None => part.children.iter().find_map(|child| side(child, facts)),
    }
}

/// Its path, if attention takes what it adds to scores from it or from what is inside.
fn gives(part: &Part<'_>, facts: &Facts<'_>) -> Option<String> {
    let mut parts = facts.flow.stacks.iter().flat_map(|stack| &stack.parts);
    let scores = parts.find_map(|of| of.scores.as_ref().filter(|path| is_within(path, &part.path)));
    scores.map(|_| part.path.clone())
}

/// Whether a path leads to a part or to something inside of it.
fn is_within(path: &str, part: &str) -> bool {
    path == part || path.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'))
}

fn visible<'p, 'a>(part: &'p Part<'a>, facts: &Facts<'_>) -> Vec<&'p Part<'a>> {
    part.children.iter().filter(|child| child.count > 0 || child.component(facts.components).is_some()).collect()
}

/// `n × 768`.
pub(super) fn told(extents: &[Extent]) -> String {
    if extents.is_empty() {
        return "1".to_owned();
    }
    extents.iter().map(Extent::to_string).collect::<Vec<_>>().join(&format!("{THIN}×{THIN}"))
}

/// The table of tokens, where it scores them too and no head does: the answer is as wide as it has rows.
fn tied(part: &Part<'_>, answer: Answer, extents: &[Extent], facts: &Facts<'_>) -> Option<Block> {
    let Some(Extent::Fixed(wide)) = extents.last().filter(|_| answer != Answer::Hidden) else { return None };
    let table = table(part, *wide)?;
    let own = block(table, facts);
    let label = facts.words.say("chart.tied_output");
    let kind = facts.words.with("chart.tied_to", &[("table", &own.label)]);
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

fn node(part: &Part<'_>, facts: &Facts<'_>) -> Node {
    let tables = part.children.iter().filter(|child| child.kind.contains("Embedding")).count();
    if part.listed && !part.children.is_empty() {
        Node::Frame(framed(part, layer(part, facts), facts))
    } else if part.has_list() {
        // A frame with nothing but another frame in it is that frame.
        match visible(part, facts).as_slice() {
            [only] if only.has_list() && !only.listed => match node(only, facts) {
                Node::Frame(inner) => Node::Frame(Frame { label: humanise(&part.name), ..inner }),
                other => other,
            },
            _ => {
                let Column { mut frame, heads, .. } = column(part, facts);
                if !heads.is_empty() {
                    frame.push(heads, Some(vec![]));
                }
                Node::Frame(framed(part, frame, facts))
            }
        }
    } else if tables > 1 {
        Node::Frame(framed(part, embeddings(part, facts), facts))
    } else if part.children.iter().any(|child| is_position(child, facts)) {
        Node::Frame(framed(part, placed(part, facts), facts))
    } else {
        Node::Block(block(part, facts))
    }
}

fn framed(part: &Part<'_>, frame: Frame, facts: &Facts<'_>) -> Frame {
    Frame {
        label: humanise(&part.name),
        kind: part.kind.to_owned(),
        times: if part.listed { part.times } else { 0 },
        href: (facts.href)(part),
        ..frame
    }
}

/// Tables that are summed, and what stands above the sum.
fn embeddings(part: &Part<'_>, facts: &Facts<'_>) -> Frame {
    let wired = !facts.flow.stacks.is_empty();
    let (mut frame, mut tables) = (Frame { passes: wired, ..Frame::default() }, Vec::new());
    for child in visible(part, facts) {
        if child.kind.contains("Embedding") && child.children.is_empty() {
            tables.push(block(child, facts));
        } else {
            sum(&mut frame, std::mem::take(&mut tables), false, facts);
            frame.push(vec![node(child, facts)], wired.then(Vec::new));
        }
    }
    sum(&mut frame, tables, false, facts);
    frame
}

/// Whether a part is positions that are added to the embeddings.
fn is_position(part: &Part<'_>, facts: &Facts<'_>) -> bool {
    let named = part.component(facts.components).and_then(|(_, component)| component.part.as_deref());
    category(part, facts.components) == Some("embedding")
        && named.is_some_and(|part| part.starts_with("positional-encoding/"))
}

/// What is put together, tokens of its own and parts of an image, and positions that are added to all of it.
fn placed(part: &Part<'_>, facts: &Facts<'_>) -> Frame {
    let wired = !facts.flow.stacks.is_empty();
    let mut frame = Frame { passes: wired, ..Frame::default() };
    let own = part.own.iter().map(|own| Block {
        label: humanise(&own.name),
        shapes: shapes([own]),
        category: "embedding",
        constant: true,
        href: (facts.href)(part),
        title: format!("{}, {}", humanise(&own.name), part.kind),
        ..Block::default()
    });
    let (positions, others): (Vec<_>, Vec<_>) =
        visible(part, facts).into_iter().partition(|child| is_position(child, facts));
    let row: Vec<Node> = own.map(Node::Block).chain(others.into_iter().map(|child| node(child, facts))).collect();
    frame.push(row, None);
    for position in positions {
        frame.push(vec![Node::Sum(Some(block(position, facts)))], wired.then(Vec::new));
    }
    frame
}

/// One layer, as its stack says; parts one above the other where none does, or where it does not speak of all of them.
fn layer(part: &Part<'_>, facts: &Facts<'_>) -> Frame {
    let children = visible(part, facts);
    let wired = stack(part, facts).and_then(|stack| wired_layer(&children, stack, facts));
    wired.unwrap_or_else(|| {
        let mut frame = Frame::default();
        children.iter().for_each(|child| frame.push(vec![node(child, facts)], None));
        frame
    })
}

fn wired_layer(children: &[&Part<'_>], stack: &Stack, facts: &Facts<'_>) -> Option<Frame> {
    let pre = match stack.placement.as_str() {
        "pre" => true,
        "post" => false,
        _ => return None,
    };
    let child = |path: &str| children.iter().position(|child| Some(child.name.as_str()) == path.split('.').next());
    let mut left: Vec<bool> = vec![true; children.len()];
    let mut frame = Frame { passes: true, ..Frame::default() };
    for of in &stack.parts {
        let (at, norm) = (child(&of.module)?, child(&of.norm)?);
        (left[at], left[norm]) = (false, false);
        let (layer, norm) = (children[at], Node::Block(block(children[norm], facts)));
        let giver = of.scores.as_ref().and_then(|path| children.iter().position(|child| is_within(path, &child.path)));
        let taken = giver.filter(|giver| *giver != at);
        let tie = match (of.kind, &of.scores) {
            (SublayerKind::CrossAttention, _) => Tie::Across,
            (_, Some(path)) if giver != Some(at) => Tie::Takes(path.clone()),
            _ => Tie::None,
        };
        let mut inner = Block { tie, ..block(layer, facts) };
        if of.kind == SublayerKind::Attention {
            let turned = facts.positions.iter().filter(|bare| !bare.added).map(|bare| format!(" · {}", bare.label));
            inner.kind.extend(turned);
        }
        let start = frame.items.len();
        if pre {
            frame.push(vec![norm], Some(vec![]));
            beside(&mut frame, of.kind, taken.map(|giver| children[giver]), facts);
            frame.push(vec![Node::Block(inner)], Some(vec![]));
            frame.push(vec![Node::Sum(None)], Some(vec![]));
            frame.rails.push((start, frame.items.len() - 1));
        } else {
            beside(&mut frame, of.kind, taken.map(|giver| children[giver]), facts);
            frame.push(vec![Node::Block(inner)], Some(vec![]));
            frame.push(vec![Node::Sum(None)], Some(vec![]));
            frame.rails.push((start, frame.items.len() - 1));
            frame.push(vec![norm], Some(vec![]));
        }
        if let Some(giver) = taken {
            left[giver] = false;
        }
    }
    (!frame.items.is_empty() && !left.contains(&true)).then_some(frame)
}

/// What stands at the right below attention: a memory, or what positions add to its scores.
fn beside(frame: &mut Frame, kind: SublayerKind, giver: Option<&Part<'_>>, facts: &Facts<'_>) {
    if let Some(memory) = facts.memory.filter(|_| kind == SublayerKind::Attention) {
        frame.beside(Block { tie: Tie::Memory, ..memory.block("attention") });
    }
    if let Some(part) = giver {
        frame.beside(Block { tie: Tie::Gives(part.path.clone()), ..block(part, facts) });
    }
}

fn block(part: &Part<'_>, facts: &Facts<'_>) -> Block {
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
        category: category(part, facts.components).unwrap_or("other"),
        href: (facts.href)(part),
        title,
        pools: part.name == POOLER,
        ..Block::default()
    }
}
