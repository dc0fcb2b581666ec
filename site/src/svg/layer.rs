//! What a layer does with its parts, as far as its stack says.

use serde_json::Value;
use zoo_registry::descriptor::Side;
use zoo_registry::flow::{Stack, SublayerKind};

use super::layout::{Block, Frame, Node, Tie};
use super::plan::{Around, block, node, visible};
use crate::format::THIN;
use crate::parts::{Part, matches};

/// One layer, as its stack says; parts one above the other where none does, or where it does not speak of all of them.
pub(super) fn layer(part: &Part<'_>, around: &Around<'_>) -> Frame {
    let children = visible(part, around);
    let wired = stack(part, around).and_then(|stack| wired_layer(&children, stack, around));
    wired.unwrap_or_else(|| {
        let mut frame = Frame::default();
        children.iter().for_each(|child| frame.push(vec![node(child, around)], None));
        frame
    })
}

fn wired_layer(children: &[&Part<'_>], stack: &Stack, around: &Around<'_>) -> Option<Frame> {
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
        let (layer, norm) = (children[at], Node::Block(block(children[norm], around)));
        let giver = of.scores.as_ref().and_then(|path| children.iter().position(|child| is_within(path, &child.path)));
        let taken = giver.filter(|giver| *giver != at);
        let tie = match (of.kind, &of.scores) {
            (SublayerKind::CrossAttention, _) => Tie::Across,
            (_, Some(path)) if giver != Some(at) => Tie::Takes(path.clone()),
            _ => Tie::None,
        };
        let mut inner = Block { tie, ..block(layer, around) };
        match of.kind {
            SublayerKind::Attention => {
                let turned = around.positions.iter().filter(|bare| !bare.added).map(|bare| bare.label.clone());
                inner.kind = heads(around).into_iter().chain(turned).collect::<Vec<_>>().join(" · ");
                let own = around.flow.sights.iter().filter(|sight| sight.side == stack.side);
                inner.masks = own.map(|sight| sight.pattern).collect();
            }
            SublayerKind::CrossAttention => inner.kind = heads(around).unwrap_or(inner.kind),
            SublayerKind::Mlp => inner.kind = around.activation.map_or(inner.kind, str::to_owned),
        }
        let start = frame.items.len();
        let (before, after) = if pre { (Some(norm), None) } else { (None, Some(norm)) };
        before.into_iter().for_each(|norm| frame.push(vec![norm], Some(vec![])));
        beside(&mut frame, of.kind, taken.map(|giver| children[giver]), around);
        frame.push(vec![Node::Block(inner)], Some(vec![]));
        frame.push(vec![Node::Sum(None)], Some(vec![]));
        frame.rails.push((start, frame.items.len() - 1));
        after.into_iter().for_each(|norm| frame.push(vec![norm], Some(vec![])));
        if let Some(giver) = taken {
            left[giver] = false;
        }
    }
    (!frame.items.is_empty() && !left.contains(&true)).then_some(frame)
}

/// How many heads there are, and how wide each is: `12 × 64`. Where fewer heads have keys and values, how many.
pub(super) fn heads(around: &Around<'_>) -> Option<String> {
    let field = |name: &str| around.config.get(name).and_then(Value::as_u64).filter(|&number| number > 0);
    let heads = field("n_heads")?;
    let wide = field("head_dim").or_else(|| Some(field("d_model")? / heads))?;
    let shared = field("n_kv_heads").filter(|&kv| kv != heads).map(|kv| format!("{THIN}({kv} KV)")).unwrap_or_default();
    Some(format!("{heads}{shared}{THIN}×{THIN}{wide}"))
}

/// What stands at the right below attention: a memory, or what positions add to its scores.
fn beside(frame: &mut Frame, kind: SublayerKind, giver: Option<&Part<'_>>, around: &Around<'_>) {
    if let Some(memory) = around.memory.filter(|_| kind == SublayerKind::Attention) {
        frame.beside(Block { tie: Tie::Memory, ..memory.block("attention") });
    }
    if let Some(part) = giver {
        frame.beside(Block { tie: Tie::Gives(part.path.clone()), ..block(part, around) });
    }
}

/// Whether the facts say how every stack in it is wired.
pub(super) fn is_wired(part: &Part<'_>, around: &Around<'_>) -> bool {
    let own = part.listed && !part.children.is_empty();
    let below = part.children.iter().all(|child| !child.has_list() || is_wired(child, around));
    below && (!own || stack(part, around).is_some()) && part.has_list()
}

/// The stack whose layer this is.
fn stack<'f>(part: &Part<'_>, around: &'f Around<'_>) -> Option<&'f Stack> {
    around.flow.stacks.iter().find(|stack| matches(&format!("{}.*", stack.layers), &part.path))
}

/// Which side the stack in it is.
pub(super) fn side(part: &Part<'_>, around: &Around<'_>) -> Option<Side> {
    match stack(part, around) {
        Some(stack) => Some(stack.side),
        None => part.children.iter().find_map(|child| side(child, around)),
    }
}

/// Its path, if attention takes what it adds to scores from it or from what is inside.
pub(super) fn gives(part: &Part<'_>, around: &Around<'_>) -> Option<String> {
    let mut parts = around.flow.stacks.iter().flat_map(|stack| &stack.parts);
    let scores = parts.find_map(|of| of.scores.as_ref().filter(|path| is_within(path, &part.path)));
    scores.map(|_| part.path.clone())
}

/// Whether a path leads to a part or to something inside of it.
pub(super) fn is_within(path: &str, part: &str) -> bool {
    path == part || path.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'))
}
