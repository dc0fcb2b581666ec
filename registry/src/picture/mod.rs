//! Pictures of building blocks as data: computed from the rule or the equation of a term, never drawn by hand.
//!
//! A picture is numbers, marks and names. Whoever draws it decides on shapes and colours.

mod activations;
mod masks;
mod norms;
mod positions;
mod wiring;

use serde::{Deserialize, Serialize};

pub use activations::activation;
pub use masks::{Seen, TOKENS, pattern};
pub use positions::{alibi_slope, t5_bucket};

/// What a term looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// What there is to see, one or two sentences.
    pub says: String,
    /// What is drawn.
    pub shown: Shown,
}

/// Kinds of picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// Cells that are marked or not, such as the keys that each query sees.
    Cells(Vec<Cells>),
    /// Cells that hold a number.
    Heat(Vec<Heat>),
    /// Curves of one argument.
    Curves(Curves),
    /// Which query heads share which key and value heads.
    Heads(Heads),
    /// What goes into what.
    Wiring(Vec<Wiring>),
}

/// A grid of marks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cells {
    /// Name, where there are several.
    pub label: String,
    /// What a row is: `query`.
    pub down: String,
    /// What a column is: `key`.
    pub across: String,
    /// One text a row, one letter a cell, as [`Seen::letter`] writes them.
    pub rows: Vec<String>,
}

/// A grid of numbers between −1 and 1, in hundredths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heat {
    /// Name, where there are several.
    pub label: String,
    /// What a row is.
    pub down: String,
    /// What a column is.
    pub across: String,
    /// One list a row.
    pub rows: Vec<Vec<i8>>,
}

/// Curves over one axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// What runs to the right, with its unit.
    pub x: String,
    /// What runs upwards.
    pub y: String,
    /// Each with its name.
    pub series: Vec<Curve>,
}

/// One curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Name.
    pub name: String,
    /// Places from left to right.
    pub points: Vec<[f64; 2]>,
}

/// Query heads over key and value heads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// Heads that ask.
    pub queries: usize,
    /// Heads that are asked; each serves as many neighbours.
    pub keys: usize,
    /// What the keys and values are made of again, if they are not kept themselves.
    pub kept: Option<String>,
}

/// Boxes in rows, from the bottom up. Everything in a row goes into everything in the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wiring {
    /// Name, where there are several.
    pub label: String,
    /// From the bottom up.
    pub rows: Vec<Vec<Step>>,
    /// A way around: from below this row to this one.
    pub around: Option<[usize; 2]>,
}

/// One box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Kind of part, as components have it: `attention`, `mlp`, `norm`; `sum` and `product` for two that meet; `end` for a name without
    /// a box.
    pub kind: String,
    /// What stands in it.
    pub label: String,
    /// Whether it stands idle for this token.
    pub idle: bool,
}

/// The picture of a term or part; none where nothing would be shown but an opinion.
pub fn picture(kind: &str, id: &str) -> Option<Picture> {
    match kind {
        "attention" => masks::picture(id),
        "positional-encoding" => positions::picture(id),
        "activation" => activations::picture(id),
        "normalisation-type" => norms::picture(id),
        "normalisation-placement" | "mlp" => wiring::picture(kind, id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::axes;

    fn pictures() -> Vec<(String, Picture)> {
        let terms = axes().iter().flat_map(|axis| axis.terms.iter().map(|term| (axis.id.as_str(), term.id.as_str())));
        let parts = ["dense", "gated", "mixture-of-experts"].map(|id| ("mlp", id));
        let all = terms.chain(parts).filter_map(|(kind, id)| Some((format!("{kind}/{id}"), picture(kind, id)?)));
        all.collect()
    }

    #[test]
    fn pictures_are_whole() {
        let pictures = pictures();
        assert!(pictures.len() > 40, "only {}", pictures.len());
        for (place, picture) in pictures {
            assert!(picture.says.ends_with('.'), "{place}: {}", picture.says);
            match picture.shown {
                Shown::Cells(panels) => {
                    let letters = |row: &String| row.chars().all(|letter| Seen::of(letter).is_some());
                    let whole =
                        |panel: &Cells| panel.rows.iter().all(|row| row.len() == panel.rows[0].len() && letters(row));
                    assert!(!panels.is_empty() && panels.iter().all(whole), "{place}");
                }
                Shown::Heat(panels) => {
                    let level = |row: &Vec<i8>| row.iter().all(|value| value.unsigned_abs() <= 100);
                    let whole =
                        |panel: &Heat| panel.rows.iter().all(|row| row.len() == panel.rows[0].len() && level(row));
                    assert!(!panels.is_empty() && panels.iter().all(whole), "{place}");
                }
                Shown::Curves(curves) => {
                    let points = || curves.series.iter().flat_map(|series| &series.points);
                    assert!(points().count() > 10 && points().flatten().all(|number| number.is_finite()), "{place}");
                }
                Shown::Heads(heads) => assert_eq!(heads.queries % heads.keys, 0, "{place}"),
                Shown::Wiring(panels) => {
                    let inside =
                        |panel: &Wiring| panel.around.is_none_or(|[from, to]| from < to && to < panel.rows.len());
                    assert!(
                        panels.iter().all(|panel| inside(panel) && panel.rows.iter().all(|row| !row.is_empty())),
                        "{place}"
                    );
                }
            }
        }
    }

    #[test]
    fn pictures_survive_json() {
        for (place, picture) in pictures() {
            let json = serde_json::to_string(&picture).unwrap();
            assert_eq!(serde_json::from_str::<Picture>(&json).unwrap(), picture, "{place}");
        }
    }
}
