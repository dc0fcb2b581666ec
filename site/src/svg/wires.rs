//! The lines of a picture: up from row to row, and between boxes that stand apart.

use super::diagram::Painter;
use super::layer::is_within;
use super::layout::{GAP, Node};

impl Painter<'_> {
    /// Lines from what stands below to what stands above, with words beside them.
    pub(super) fn join(&mut self, below: &[Option<i32>], from: i32, above: &[Option<End>], to: i32, words: &[String]) {
        let (lows, highs): (Vec<_>, Vec<_>) = (below.iter().flatten().collect(), above.iter().flatten().collect());
        let pairs: Vec<(i32, End)> = if below.len() == above.len() {
            below.iter().zip(above).filter_map(|(low, high)| low.zip(*high)).collect()
        } else {
            match (lows.as_slice(), highs.as_slice()) {
                ([low], many) => many.iter().map(|high| (**low, **high)).collect(),
                (many, [high]) => many.iter().map(|low| (**low, **high)).collect(),
                _ => return,
            }
        };
        let bend = from - (from - to) / 3;
        let mut d = String::new();
        for (low, End { x, .. }) in &pairs {
            let across = if low == x { String::new() } else { format!("V{bend}H{x}") };
            d.push_str(&format!("M{low} {from}{across}V{to}"));
        }
        let mut ends: Vec<End> = pairs.into_iter().map(|(_, end)| end).collect();
        ends.dedup();
        for (index, End { x, arrow }) in ends.into_iter().enumerate() {
            if arrow {
                d.push_str(&format!("M{} {}l4 -5l4 5", x - 4, to + 5));
            }
            if let Some(word) = words.get(index).or(words.first()).filter(|word| !word.is_empty()) {
                self.canvas.text("code", x + 9, to + 14, word);
            }
        }
        self.wires.push_str(&d);
    }

    /// Arrows between boxes that stand apart: from the encoder to what looks across, and from what positions add to the scores that
    /// they are added to.
    pub(super) fn tie(&mut self) {
        let Ties { encoder, crossings, given, taken } = std::mem::take(&mut self.ties);
        if let Some([left, top, width, _]) = encoder.filter(|_| !crossings.is_empty()) {
            // Out at the top, and down beside it.
            let (out, beside, over) = (left + width / 2, left + width + GAP / 2, (top - GAP).max(1));
            let mut d = format!("M{out} {top}V{over}H{beside}");
            for [x, y, _, height] in crossings {
                let middle = y + height / 2;
                d.push_str(&format!("M{beside} {over}V{middle}H{x}m-7 -5l7 5l-7 5"));
            }
            self.canvas.path("wire across", &d);
            self.canvas.text("code", out + 9, over - 6, self.read);
        }
        for (path, [x, y, width, height]) in taken {
            let giver = given.iter().find(|(from, _)| is_within(&path, from));
            let Some((_, [_, top, ..])) = giver else { continue };
            let (right, middle) = (x + width, y + height / 2);
            self.canvas.path("wire across", &format!("M{} {top}V{middle}H{right}m6 -4l-6 4l6 4", right + 12));
        }
    }
}

/// Where a line ends.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct End {
    pub(super) x: i32,
    /// Whether it goes no further.
    pub(super) arrow: bool,
}

/// Boxes that lines between far places start and end at.
#[derive(Default)]
pub(super) struct Ties {
    /// Where the encoder stands, if one stands beside a decoder.
    pub(super) encoder: Option<[i32; 4]>,
    /// What looks at it.
    pub(super) crossings: Vec<[i32; 4]>,
    /// What positions add to scores, by path, and who takes it.
    pub(super) given: Vec<(String, [i32; 4])>,
    pub(super) taken: Vec<(String, [i32; 4])>,
}

/// Left and width of neighbours.
pub(super) fn columns(count: usize, x: i32, width: i32) -> impl Iterator<Item = [i32; 2]> {
    let count = i32::try_from(count).unwrap_or(1).max(1);
    let each = (width - GAP * (count - 1)) / count;
    (0..count).map(move |index| [x + index * (each + GAP), each])
}

/// Where lines come out of what stands in a row.
pub(super) fn ends(nodes: &[Node], x: i32, width: i32) -> Vec<Option<i32>> {
    let middles = columns(nodes.len(), x, width).map(|[left, each]| left + each / 2);
    nodes.iter().zip(middles).map(|(node, middle)| (!matches!(node, Node::Blank)).then_some(middle)).collect()
}

/// Where lines go into it.
pub(super) fn tops(nodes: &[Node], x: i32, width: i32) -> Vec<Option<End>> {
    let end = |(node, x): (&Node, Option<i32>)| match node {
        Node::Block(block) if block.constant => None,
        Node::Frame(frame) => x.map(|x| End { x, arrow: !frame.passes }),
        Node::Pass => x.map(|x| End { x, arrow: false }),
        _ => x.map(|x| End { x, arrow: true }),
    };
    nodes.iter().zip(ends(nodes, x, width)).map(end).collect()
}

/// How far up, or down, a row reaches: a sum is smaller than what stands beside it.
pub(super) fn reach(nodes: &[Node], [top, bottom]: [i32; 2], end: usize) -> i32 {
    let middle = i32::midpoint(top, bottom);
    match nodes.first() {
        Some(Node::Sum(_)) => [middle - 9, middle + 9][end],
        _ => [top, bottom][end],
    }
}
