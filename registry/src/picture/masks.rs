//! Who sees whom, by kind of attention: one rule a term, over a text of sixteen tokens.

use serde::{Deserialize, Serialize};

use super::{Cells, Heads, Heat, Picture, Shown};
use crate::draw::Draw;
use crate::pattern::Pattern;

/// Length of the text in the pictures.
pub const TOKENS: usize = 16;
/// Tokens of a window, itself included.
const WINDOW: usize = 5;
/// Tokens of a segment or block.
const BLOCK: usize = 4;
/// Tokens of a prefix.
const PREFIX: usize = 6;

/// How a query sees a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seen {
    /// Not at all.
    No,
    /// Itself.
    Yes,
    /// What was kept of it.
    Memory,
}

impl Seen {
    /// The letter of a cell.
    pub fn letter(self) -> char {
        match self {
            Self::No => '.',
            Self::Yes => '#',
            Self::Memory => 'm',
        }
    }

    /// What a letter says.
    pub fn of(letter: char) -> Option<Self> {
        [Self::No, Self::Yes, Self::Memory].into_iter().find(|seen| seen.letter() == letter)
    }
}

impl From<bool> for Seen {
    fn from(seen: bool) -> Self {
        if seen { Self::Yes } else { Self::No }
    }
}

/// The pattern that a layer of this kind declares, in the sizes of the pictures. The picture of such a term is drawn from it, and
/// the checks measure that layers keep to what they declare.
pub fn pattern(term: &str) -> Option<Pattern> {
    match term {
        "full-bidirectional" => Some(Pattern::Full),
        "causal" => Some(Pattern::Causal),
        "local-window" => Some(Pattern::Banded { window: WINDOW }),
        "local" => Some(Pattern::Segments { segment: BLOCK }),
        _ => None,
    }
}

/// The picture of a kind of attention.
pub(super) fn picture(term: &str) -> Option<Picture> {
    let near = |q: usize, k: usize| q.abs_diff(k) <= WINDOW / 2;
    let block = |at: usize| at / BLOCK;
    let whole = |says: &str, sees: &dyn Fn(usize, usize) -> Seen| drawn(says, vec![tokens("", sees)]);
    let pattern = || pattern(term).map(|pattern| move |q: usize, k: usize| Seen::from(pattern.sees(q, k)));
    let found = match term {
        "full-bidirectional" => {
            whole("Every row is full: each token sees all sixteen, in both directions.", &pattern()?)
        }
        "causal" => whole("Row by row one key more: a token sees itself and all before it.", &pattern()?),
        "local-window" => drawn(
            "Left: a token sees itself and the four before it, as in a decoder. Right: it sees two on either side, as in an encoder.",
            vec![tokens("before it", &pattern()?), tokens("around it", &|q, k| near(q, k).into())],
        ),
        "local" => whole("Segments of four: a token sees itself and those before it in its own segment.", &pattern()?),
        "prefix" => whole(
            "The first six tokens are the prefix and see each other both ways; those after it see it and what they follow.",
            &|q, k| (k <= q || k < PREFIX).into(),
        ),
        "cross" => drawn(
            "Rows are the ten tokens being written, columns the sixteen that were read: each of the former sees all of the latter.",
            vec![grid("", ["written", "read"], [10, TOKENS], &|_, _| Seen::Yes)],
        ),
        "strided-sparse" => drawn(
            "Left: one set of heads sees every fourth token before its own. Right: the other sees the four up to its own.",
            vec![
                tokens("every fourth", &|q, k| (k <= q && (q - k).is_multiple_of(BLOCK)).into()),
                tokens("near", &|q, k| (k <= q && q - k < BLOCK).into()),
            ],
        ),
        "block-sparse" => whole("Blocks of four: a block sees itself and the ones beside it, whole.", &|q, k| {
            (block(q).abs_diff(block(k)) <= 1).into()
        }),
        "random-sparse" => {
            let chosen: Vec<Vec<usize>> = (0..TOKENS).map(random_keys).collect();
            whole("Each token sees three others that were drawn at random, once and for all.", &|q, k| {
                chosen[q].contains(&k).into()
            })
        }
        "global-tokens" => drawn(
            "Left: the first two tokens see all and are seen by all. Right: with a window for the others, as models use it.",
            vec![
                tokens("global tokens", &|q, k| (q.min(k) < 2).into()),
                tokens("with a window", &|q, k| (q.min(k) < 2 || near(q, k)).into()),
            ],
        ),
        "axial" => drawn(
            "The sixteen tokens are a square of four by four, row after row. Left: each sees its own column. Right: its own row.",
            vec![tokens("columns", &|q, k| (q % 4 == k % 4).into()), tokens("rows", &|q, k| (q / 4 == k / 4).into())],
        ),
        "shifted-window" => drawn(
            "Windows of four, in one dimension. Left: one layer. Right: the next, with windows moved by half of one, so that neighbours meet.",
            vec![
                tokens("one layer", &|q, k| (block(q) == block(k)).into()),
                tokens("the next", &|q, k| ((q + BLOCK / 2) / BLOCK == (k + BLOCK / 2) / BLOCK).into()),
            ],
        ),
        "lsh" => {
            let mut draw = Draw::new("buckets of a hash");
            let buckets: Vec<usize> = (0..TOKENS).map(|_| draw.below(4)).collect();
            whole(
                "Each token was hashed into one of four buckets, here drawn at random, and sees those of its own.",
                &|q, k| (buckets[q] == buckets[k]).into(),
            )
        }
        "low-rank" => drawn(
            "Sixteen keys were mixed down to four by a learnt map; every token sees all four.",
            vec![grid("", ["query", "mixed key"], [TOKENS, 4], &|_, _| Seen::Memory)],
        ),
        "segment-recurrence" => whole(
            "Segments of four. A token sees those before it in its own segment, and the kept states of the segment before (hatched).",
            &|q, k| match block(q) - block(k).min(block(q)) {
                _ if k > q => Seen::No,
                0 => Seen::Yes,
                1 => Seen::Memory,
                _ => Seen::No,
            },
        ),
        "compressive-memory" => whole(
            "Segments of four. A token sees those before it in its own segment; of all earlier segments it reads one memory of fixed size \
             (hatched).",
            &|q, k| match () {
                () if k > q => Seen::No,
                () if block(k) == block(q) => Seen::Yes,
                () => Seen::Memory,
            },
        ),
        "two-stream" => {
            let rank = order();
            drawn(
                "Tokens are predicted in an order that was drawn. Left: the stream of contents sees those before it in that order and itself. \
                 Right: the stream that predicts does not see itself.",
                vec![
                    tokens("content", &|q, k| (rank[k] <= rank[q]).into()),
                    tokens("query", &|q, k| (rank[k] < rank[q]).into()),
                ],
            )
        }
        "retention" => Picture {
            says: "Each earlier token counts less by the same factor for every step back, here 0.8.".into(),
            shown: Shown::Heat(vec![Heat {
                label: String::new(),
                down: "query".into(),
                across: "key".into(),
                rows: (0..TOKENS).map(|q| (0..TOKENS).map(|k| decay(q, k)).collect()).collect(),
            }]),
        },
        "multi-head" => heads(8, None, "Eight query heads, each with keys and values of its own."),
        "grouped-query" => {
            heads(2, None, "Eight query heads in two groups; each group shares the keys and values of one head.")
        }
        "multi-query" => heads(1, None, "Eight query heads share the keys and values of a single head."),
        "multi-head-latent" => heads(
            8,
            Some("one small vector a token"),
            "Eight heads of keys and values are made again from one small vector a token, and only that is kept.",
        ),
        _ => return None,
    };
    Some(found)
}

fn drawn(says: &str, panels: Vec<Cells>) -> Picture {
    Picture { says: says.into(), shown: Shown::Cells(panels) }
}

/// A text that looks at itself.
fn tokens(label: &str, sees: &dyn Fn(usize, usize) -> Seen) -> Cells {
    grid(label, ["query", "key"], [TOKENS; 2], sees)
}

fn grid(
    label: &str,
    [down, across]: [&str; 2],
    [rows, columns]: [usize; 2],
    sees: &dyn Fn(usize, usize) -> Seen,
) -> Cells {
    let row = |q: usize| (0..columns).map(|k| sees(q, k).letter()).collect();
    Cells { label: label.into(), down: down.into(), across: across.into(), rows: (0..rows).map(row).collect() }
}

fn heads(keys: usize, kept: Option<&str>, says: &str) -> Picture {
    Picture { says: says.into(), shown: Shown::Heads(Heads { queries: 8, keys, kept: kept.map(str::to_owned) }) }
}

/// Three keys of a query, drawn from its place.
fn random_keys(query: usize) -> Vec<usize> {
    let mut draw = Draw::new(&format!("random keys of {query}"));
    let mut keys = Vec::new();
    while keys.len() < 3 {
        let key = draw.below(TOKENS);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// The place of each token in an order that was drawn.
fn order() -> Vec<usize> {
    let mut draw = Draw::new("an order of prediction");
    let mut rank: Vec<usize> = (0..TOKENS).collect();
    for last in (1..TOKENS).rev() {
        rank.swap(last, draw.below(last + 1));
    }
    rank
}

#[expect(clippy::cast_possible_truncation, reason = "between 0 and 100")]
fn decay(query: usize, key: usize) -> i8 {
    let steps = i32::try_from(query.saturating_sub(key)).unwrap_or(i32::MAX);
    if key > query { 0 } else { (100.0 * 0.8_f64.powi(steps)).round() as i8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(term: &str, panel: usize) -> Vec<String> {
        match picture(term).unwrap().shown {
            Shown::Cells(panels) => panels[panel].rows.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn masks_are_what_the_terms_say() {
        assert_eq!(rows("causal", 0)[3], "####............");
        assert_eq!(rows("local-window", 0)[7], "...#####........");
        assert_eq!(rows("local-window", 1)[7], ".....#####......");
        assert_eq!(rows("prefix", 0)[2], "######..........");
        assert_eq!(rows("prefix", 0)[8], "#########.......");
        assert_eq!(rows("segment-recurrence", 0)[9], "....mmmm##......");
        assert_eq!(rows("compressive-memory", 0)[9], "mmmmmmmm##......");
        assert_eq!(rows("strided-sparse", 0)[9], ".#...#...#......");
        assert_eq!(rows("shifted-window", 1)[1], "##..............");
        assert_eq!(rows("shifted-window", 1)[3], "..####..........");
        assert_eq!(rows("axial", 0)[5], ".#...#...#...#..");
        assert!(rows("random-sparse", 0).iter().all(|row| row.matches('#').count() == 3));
    }

    #[test]
    fn every_token_is_predicted_once_and_not_from_itself() {
        let (content, query) = (rows("two-stream", 0), rows("two-stream", 1));
        for (at, (content, query)) in content.iter().zip(&query).enumerate() {
            assert_eq!(content.matches('#').count(), query.matches('#').count() + 1);
            assert_eq!((&content[at..=at], &query[at..=at]), ("#", "."));
        }
    }
}
