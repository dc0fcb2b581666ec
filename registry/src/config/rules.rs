//! Rules that sizes keep, collected so that all broken ones are told at once.

use crate::error::Problem;

/// Collects what a configuration breaks.
#[derive(Debug, Default)]
pub struct Rules {
    problems: Vec<Problem>,
}

/// No published model comes near; beyond it, products of two sizes would leave 64 bits.
const LARGEST_SIZE: usize = 1 << 31;
/// Layers are built one by one, so their number is bounded more tightly.
const MOST_LAYERS: usize = 10_000;

impl Rules {
    /// No problem yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A width or count: at least 1, at most 2³¹.
    #[must_use]
    pub fn size(self, field: &str, value: usize) -> Self {
        self.range(field, value, 1, LARGEST_SIZE)
    }

    /// A number of layers: at least 1, at most 10 000.
    #[must_use]
    pub fn layers(self, field: &str, value: usize) -> Self {
        self.range(field, value, 1, MOST_LAYERS)
    }

    /// `part` must divide `whole`: heads and the width they share.
    #[must_use]
    pub fn divides(self, (part, n): (&str, usize), (whole, size): (&str, usize)) -> Self {
        let ok = n > 0 && size.is_multiple_of(n);
        self.require(n == 0 || ok, part, || format!("must divide `{whole}`: {size} / {n} leaves {}", size % n.max(1)))
    }

    /// A small positive number: an epsilon, a scale.
    #[must_use]
    pub fn positive(self, field: &str, value: f64) -> Self {
        self.require(value > 0.0 && value.is_finite(), field, || format!("must be a positive number, found {value}"))
    }

    /// Any other rule, with the message for when it does not hold.
    #[must_use]
    pub fn require(mut self, holds: bool, field: &str, message: impl FnOnce() -> String) -> Self {
        if !holds {
            self.problems.push(Problem::new(field, message()));
        }
        self
    }

    /// Everything that was broken.
    pub fn broken(self) -> Vec<Problem> {
        self.problems
    }

    fn range(self, field: &str, value: usize, least: usize, most: usize) -> Self {
        let holds = (least..=most).contains(&value);
        self.require(holds, field, || format!("must be between {least} and {most}, found {value}"))
    }
}
