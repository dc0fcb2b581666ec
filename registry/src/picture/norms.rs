//! Over what a norm averages: the cells that share one mean and one scale.

use super::{Cells, Picture, Seen, Shown};

/// Tokens of a text, and channels of a token.
const TOKENS: usize = 6;
const CHANNELS: usize = 8;

/// Whether a cell is scaled together with the one in the middle of it all: by example, token and channel.
type Shares = fn(usize, usize, usize) -> bool;

/// The picture of a kind of norm.
pub(super) fn picture(term: &str) -> Option<Picture> {
    let (says, shares): (&str, Shares) = match term {
        "layernorm" | "rmsnorm" => (
            "Marked cells are scaled together: all channels of one token. Other tokens and other texts play no part.",
            |text, token, _| text == 0 && token == 2,
        ),
        "groupnorm" => (
            "Marked cells are scaled together: a group of channels at every position of one example.",
            |text, _, channel| text == 0 && (2..4).contains(&channel),
        ),
        "batchnorm" => (
            "Marked cells are scaled together: one channel at every position of every example in the batch.",
            |_, _, channel| channel == 2,
        ),
        _ => return None,
    };
    let panel = |text: usize| Cells {
        label: format!("example {}", text + 1),
        down: "token".into(),
        across: "channel".into(),
        rows: (0..TOKENS)
            .map(|token| (0..CHANNELS).map(|channel| Seen::from(shares(text, token, channel)).letter()).collect())
            .collect(),
    };
    Some(Picture { says: says.into(), shown: Shown::Cells(vec![panel(0), panel(1)]) })
}
