//! What kind of answer a head gives.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a head's answer, as a family's TOML declares it; what the numbers mean stands at each variant of `HeadOutput`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The last hidden states.
    Hidden,
    /// Scores of the token at each position.
    TokenLogits,
    /// Scores of the token after each position.
    NextTokenLogits,
    /// Scores of each token's label.
    TokenLabelLogits,
    /// Scores of the whole input's label.
    LabelLogits,
    /// Two scores of the whole input's label.
    DistilledLabelLogits,
    /// Scores of where an answer starts and ends.
    SpanLogits,
    /// One number a text.
    Reward,
}

impl Answer {
    /// The kebab-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::TokenLogits => "token-logits",
            Self::NextTokenLogits => "next-token-logits",
            Self::TokenLabelLogits => "token-label-logits",
            Self::LabelLogits => "label-logits",
            Self::DistilledLabelLogits => "distilled-label-logits",
            Self::SpanLogits => "span-logits",
            Self::Reward => "reward",
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_the_one_in_the_toml() {
        for answer in [Answer::Hidden, Answer::NextTokenLogits, Answer::DistilledLabelLogits, Answer::Reward] {
            assert_eq!(serde_json::to_value(answer).unwrap(), answer.as_str());
        }
    }
}
