//! What a picture consists of, for those who draw it without its words.

use super::CATEGORIES;

/// The shapes of a picture, from back to front.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shapes {
    /// Width and height.
    pub(crate) size: [i32; 2],
    pub(crate) all: Vec<Shape>,
}

/// One of them; places are left, top, width and height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    Box { category: &'static str, place: [i32; 4] },
    Frame { repeated: bool, place: [i32; 4] },
    Sum([i32; 2]),
    Wire(Vec<[i32; 2]>),
}

impl Shape {
    /// What the classes of a rectangle say it is.
    pub(super) fn of_rect(class: &str, place: [i32; 4]) -> Option<Self> {
        match class.split_once(' ').unwrap_or((class, "")) {
            ("box", kind) => {
                let category = CATEGORIES.iter().copied().find(|id| *id == kind).unwrap_or("other");
                Some(Self::Box { category, place })
            }
            ("frame", more) => Some(Self::Frame { repeated: more == "repeated", place }),
            _ => None,
        }
    }
}

/// The lines of a path of straight lines; a curve becomes the line between its ends.
pub(super) fn wires(d: &str) -> Vec<Shape> {
    let mut lines: Vec<Vec<[i32; 2]>> = Vec::new();
    let [mut x, mut y] = [0, 0];
    let commands = d.char_indices().filter(|(_, letter)| letter.is_ascii_alphabetic()).collect::<Vec<_>>();
    for (index, (start, command)) in commands.iter().enumerate() {
        let end = commands.get(index + 1).map_or(d.len(), |(next, _)| *next);
        let numbers = d[start + 1..end].split_ascii_whitespace().filter_map(|number| number.parse::<i32>().ok());
        let numbers: Vec<i32> = numbers.collect();
        let from = if command.is_ascii_lowercase() { [x, y] } else { [0, 0] };
        [x, y] = match (command.to_ascii_lowercase(), numbers.as_slice()) {
            ('h', [across]) => [from[0] + across, y],
            ('v', [down]) => [x, from[1] + down],
            ('m' | 'l' | 'a', [.., across, down]) => [from[0] + across, from[1] + down],
            _ => continue,
        };
        match lines.last_mut() {
            Some(line) if !command.eq_ignore_ascii_case(&'m') => line.push([x, y]),
            _ => lines.push(vec![[x, y]]),
        }
    }
    lines.into_iter().filter(|line| line.len() > 1).map(Shape::Wire).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_lines() {
        let found = wires("M10 20V5H30a6 6 0 0 1 -6 -6M1 2h10m-7 -5l7 5");
        let expected = [vec![[10, 20], [10, 5], [30, 5], [24, -1]], vec![[1, 2], [11, 2]], vec![[4, -3], [11, 2]]];
        assert_eq!(found, expected.map(Shape::Wire));
    }
}
