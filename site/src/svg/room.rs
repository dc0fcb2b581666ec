//! Which parts of a picture are taken.

use std::collections::BTreeMap;

/// Left, top, right, bottom.
pub(crate) type Square = [i32; 4];

/// Pixels along the side of a cell in which taken squares are looked up.
const CELL: i32 = 32;

/// A picture with squares that are taken.
pub(crate) struct Room {
    whole: Square,
    cells: BTreeMap<[i32; 2], Vec<Square>>,
}

impl Room {
    pub(crate) fn new(whole: Square) -> Self {
        Self { whole, cells: BTreeMap::new() }
    }

    /// Whether a square is inside and meets no other.
    pub(crate) fn is_free(&self, square: Square) -> bool {
        let [left, top, right, bottom] = square;
        let inside = left >= self.whole[0] && top >= self.whole[1] && right <= self.whole[2] && bottom <= self.whole[3];
        let meets = |other: &Square| left < other[2] && other[0] < right && top < other[3] && other[1] < bottom;
        inside && !cells(square).any(|cell| self.cells.get(&cell).is_some_and(|taken| taken.iter().any(meets)))
    }

    pub(crate) fn take(&mut self, square: Square) {
        for cell in cells(square) {
            self.cells.entry(cell).or_default().push(square);
        }
    }
}

fn cells([left, top, right, bottom]: Square) -> impl Iterator<Item = [i32; 2]> {
    let columns = left.div_euclid(CELL)..=right.div_euclid(CELL);
    columns.flat_map(move |x| (top.div_euclid(CELL)..=bottom.div_euclid(CELL)).map(move |y| [x, y]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_not_free() {
        let mut room = Room::new([0, 0, 100, 100]);
        assert!(room.is_free([10, 10, 70, 20]));
        room.take([10, 10, 70, 20]);
        assert!(!room.is_free([60, 15, 90, 40]));
        assert!(room.is_free([70, 10, 90, 20]), "what touches does not meet");
        assert!(!room.is_free([90, 90, 101, 95]), "nothing stands outside");
    }
}
