//! One row of an attention map: a token of a text, a head, and how it looks.

use std::fmt;

use super::answers::{Answer, Run};
use super::declared::Stack;
use crate::check::Stop;

/// How a real token looks with one head.
pub(crate) struct LookRow<'a> {
    place: String,
    head: usize,
    query: usize,
    text: usize,
    /// Scores of every key in f64, before positions and masks.
    pub scores: &'a [f64],
    /// Which keys it may look at.
    sees: &'a [bool],
    /// The recorded weights.
    pub weights: &'a [f32],
}

impl Run<'_> {
    /// Every row of every map of `stack`, where a real token looks.
    pub(crate) fn looks<'a>(&'a self, stack: &Stack, answers: &'a [Answer]) -> Result<Vec<LookRow<'a>>, Stop> {
        let mut rows = Vec::new();
        for (index, answer) in answers.iter().enumerate().take(stack.n_layers()) {
            for (text, (pass, real)) in answer.exact.iter().zip(&answer.real).enumerate() {
                for look in &pass.looks {
                    let [n_heads, queries, keys] = look.dims;
                    let map = self.map(stack, look.across, (index, text), look.dims)?;
                    let place = format!("{}{}", answer.place, if look.across { " across" } else { "" });
                    for (head, query) in (0..n_heads).flat_map(|head| (0..queries).map(move |query| (head, query))) {
                        if real[query] {
                            let at = (head * queries + query) * keys;
                            let (scores, weights) = (&look.scores[at..][..keys], &map[at..][..keys]);
                            let (sees, place) = (&look.sees[query * keys..][..keys], place.clone());
                            rows.push(LookRow { place, head, query, text, scores, sees, weights });
                        }
                    }
                }
            }
        }
        Ok(rows)
    }
}

impl LookRow<'_> {
    /// Keys that are hidden, with the weights they were given.
    pub(crate) fn hidden(&self) -> impl Iterator<Item = (usize, f32)> {
        self.weights.iter().copied().enumerate().filter(|(key, _)| !self.sees[*key])
    }

    /// The two keys with the best scores among those that may be looked at; a single one is far ahead.
    pub(crate) fn best(&self) -> [(usize, f64); 2] {
        let mut best = [(0, f64::NEG_INFINITY); 2];
        for (key, &score) in self.scores.iter().enumerate().filter(|(key, _)| self.sees[*key]) {
            if score > best[0].1 {
                best = [(key, score), best[0]];
            } else if score > best[1].1 {
                best[1] = (key, score);
            }
        }
        best
    }
}

impl fmt::Display for LookRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, head, query, text, .. } = self;
        write!(f, "{place}, head {head}: position {query} of text {text}")
    }
}
