//! What a picture of an architecture consists of, and how high it is: columns from bottom to top, layers in dashed frames.

use zoo_registry::Pattern;

/// Space between neighbours.
pub(super) const GAP: i32 = 18;
/// Space between rows where the line between them has words beside it.
const WORDED: i32 = 30;
/// Space between a frame and what is inside.
pub(super) const PADDING: i32 = 14;
/// Height of a frame's title.
pub(super) const HEADER: i32 = 26;
/// Room at both sides of a layer for what goes around.
pub(super) const RAIL: i32 = 20;
/// A box narrower than this shows no type.
pub(super) const NARROW: i32 = 200;

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
    /// For every item, the line up to the next row: a word for each of its ends, or one for all. None where nobody knows of a line.
    pub(super) wires: Vec<Option<Vec<String>>>,
    /// Residual rails: (index of the item it starts below, index of the sum it ends in).
    pub(super) rails: Vec<(usize, usize)>,
    /// Whether a line comes in below and goes out above.
    pub(super) passes: bool,
}

/// What stands at one height.
#[derive(Debug)]
pub(super) enum Item {
    /// Neighbours.
    Row(Vec<Node>),
    /// A box at the right, past which the line goes up.
    Beside(Block),
}

/// One of them.
#[derive(Debug)]
pub(super) enum Node {
    /// A module.
    Block(Block),
    /// A repeated or opened module.
    Frame(Frame),
    /// A sum, and perhaps a box at the right of it that goes into it too.
    Sum(Option<Block>),
    /// What goes in or comes out: words without a box.
    Text { label: String, code: String },
    /// The line goes on.
    Pass,
    /// Nothing.
    Blank,
}

/// A box.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) label: String,
    /// Type of the module; empty where it is none.
    pub(super) module: String,
    /// What stands below the label.
    pub(super) kind: String,
    pub(super) shapes: Vec<String>,
    pub(super) category: &'static str,
    /// Where it leads, from the top of the site.
    pub(super) href: Option<String>,
    /// What it is, in words.
    pub(super) title: String,
    /// Whether it has no parameters of its own.
    pub(super) bare: bool,
    /// Whether it takes nothing from what stands below.
    pub(super) constant: bool,
    /// Whether it makes one vector of many.
    pub(super) pools: bool,
    /// Patterns of what its tokens look at.
    pub(super) masks: Vec<Pattern>,
    pub(super) tie: Tie,
}

/// What a box has to do with boxes that stand elsewhere.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) enum Tie {
    /// Nothing.
    #[default]
    None,
    /// It looks at what the encoder made.
    Across,
    /// It takes from the box of this path what positions add to its scores.
    Takes(String),
    /// It is that box.
    Gives(String),
    /// What stands above reads it and writes to it.
    Memory,
}

impl Frame {
    /// Height of the items without the frame around them.
    pub(super) fn height(&self) -> i32 {
        let gaps: i32 = (0..self.items.len().saturating_sub(1)).map(|index| self.gap(index)).sum();
        self.items.iter().map(Item::height).sum::<i32>() + gaps
    }

    /// Space above an item.
    pub(super) fn gap(&self, index: usize) -> i32 {
        let is_worded = match &self.items[index] {
            Item::Row(_) => self.wires[index].iter().flatten().any(|word| !word.is_empty()),
            Item::Beside(block) => block.tie == Tie::Memory,
        };
        if is_worded { WORDED } else { GAP }
    }

    /// The rows, from the bottom up, with their indexes.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = (usize, &[Node])> {
        self.items.iter().enumerate().filter_map(|(index, item)| match item {
            Item::Row(nodes) => Some((index, nodes.as_slice())),
            Item::Beside(_) => None,
        })
    }
}

impl Item {
    pub(super) fn height(&self) -> i32 {
        match self {
            Self::Row(nodes) => nodes.iter().map(Node::height).max().unwrap_or(0),
            Self::Beside(block) => block.height(),
        }
    }
}

impl Node {
    pub(super) fn height(&self) -> i32 {
        match self {
            Self::Block(block) => block.height(),
            Self::Frame(frame) => frame.height() + HEADER + 2 * PADDING,
            Self::Sum(None) => 18,
            Self::Sum(Some(beside)) => beside.height(),
            Self::Text { .. } => 20,
            Self::Pass | Self::Blank => 0,
        }
    }
}

impl Block {
    pub(super) fn height(&self) -> i32 {
        if self.category == "norm" { 30 } else { 48 }
    }
}
