//! Who may look at whom: declared layer by layer, and measured by the checks.

use serde::{Deserialize, Serialize};

/// At which tokens of its own text a token may look in one layer, itself included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    /// At all.
    Full,
    /// At none after it.
    Causal,
    /// At none after it, and back to the `window − 1` tokens before it.
    Banded {
        /// Tokens seen, itself included.
        window: usize,
    },
    /// At none after it, and back to the first of its segment. What a layer remembers of earlier segments it does not look at.
    Segments {
        /// Tokens of a segment.
        segment: usize,
    },
}

impl Pattern {
    /// Whether the token at `query` may look at the one at `key`, both counted from the text's first real token.
    pub fn sees(self, query: usize, key: usize) -> bool {
        match self {
            Self::Full => true,
            Self::Causal => key <= query,
            Self::Banded { window } => key <= query && query - key < window,
            Self::Segments { segment } => key <= query && key / segment.max(1) == query / segment.max(1),
        }
    }

    /// Whether some token may look at one after it.
    pub fn looks_ahead(self) -> bool {
        self == Self::Full
    }
}

/// The pattern of every layer, in the order in which attention maps are recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns {
    /// Of the only stack, or of the one that writes.
    pub layers: Vec<Pattern>,
    /// Of the stack that reads, in an encoder–decoder. What it writes looks at all of what was read.
    pub source: Vec<Pattern>,
}

impl Patterns {
    /// One stack of `n_layers` alike.
    pub fn alike(n_layers: usize, pattern: Pattern) -> Self {
        Self { layers: vec![pattern; n_layers], source: Vec::new() }
    }

    /// An encoder that sees everything, and a decoder that sees nothing ahead.
    pub fn encoder_decoder(n_encoder_layers: usize, n_decoder_layers: usize) -> Self {
        Self { layers: vec![Pattern::Causal; n_decoder_layers], source: vec![Pattern::Full; n_encoder_layers] }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn each_pattern_sees_what_it_says() {
        let seen = |pattern: Pattern, query: usize| (0..8).filter(|&key| pattern.sees(query, key)).collect::<Vec<_>>();
        assert_eq!(seen(Pattern::Full, 1), (0..8).collect::<Vec<_>>());
        assert_eq!(seen(Pattern::Causal, 2), [0, 1, 2]);
        assert_eq!(seen(Pattern::Banded { window: 3 }, 5), [3, 4, 5]);
        assert_eq!(seen(Pattern::Banded { window: 3 }, 1), [0, 1]);
        assert_eq!(seen(Pattern::Segments { segment: 4 }, 5), [4, 5]);
        assert_eq!(seen(Pattern::Segments { segment: 4 }, 3), [0, 1, 2, 3]);
    }
}
