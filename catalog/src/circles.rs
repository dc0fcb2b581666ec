//! Circles in what should be a tree.

use std::collections::BTreeMap;

/// A circle of descent: each model names the next as an ancestor, the last one the first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Circle<'a> {
    /// Ids in order; the first stands at the end again.
    pub(crate) ids: Vec<&'a str>,
    /// Which ancestor of the last model closes it, counted from 0.
    pub(crate) edge: usize,
}

/// Every circle once. `parents` names the ancestors of each model; one that is not in it has none. A model that is its own ancestor is
/// left out: that is the model's own fault, and told with it.
pub(crate) fn circles<'a>(parents: &BTreeMap<&'a str, Vec<&'a str>>) -> Vec<Circle<'a>> {
    let mut found = Vec::new();
    // Unseen models are absent; `false` is on the way here, `true` is done.
    let mut done: BTreeMap<&str, bool> = BTreeMap::new();
    for start in parents.keys().copied() {
        let mut path: Vec<(&'a str, usize)> = Vec::new();
        if !done.contains_key(start) {
            done.insert(start, false);
            path.push((start, 0));
        }
        while let Some((id, next)) = path.last_mut() {
            let (id, edge) = (*id, *next);
            *next += 1;
            let Some(parent) = parents[id].get(edge).copied() else {
                done.insert(id, true);
                path.pop();
                continue;
            };
            match done.get(parent) {
                Some(false) if parent != id => {
                    let from = path.iter().position(|(id, _)| *id == parent).unwrap_or_default();
                    found.push(Circle { ids: path[from..].iter().map(|(id, _)| *id).chain([parent]).collect(), edge });
                }
                None if parents.contains_key(parent) => {
                    done.insert(parent, false);
                    path.push((parent, 0));
                }
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(edges: &[(&'static str, &[&'static str])]) -> Vec<(String, usize)> {
        let parents = edges.iter().map(|(id, parents)| (*id, parents.to_vec())).collect();
        circles(&parents).into_iter().map(|circle| (circle.ids.join(" "), circle.edge)).collect()
    }

    #[test]
    fn a_circle_is_told_once_where_it_closes() {
        assert_eq!(found(&[("a", &["x", "b"]), ("b", &["c"]), ("c", &["y", "a"])]), [("a b c a".into(), 1)]);
        assert_eq!(found(&[("a", &["b"]), ("b", &["b"]), ("c", &["a", "b"])]), []);
    }
}
