//! Parameters, module by module, repeated layers folded.

use serde::Serialize;

use crate::format::{THIN, grouped, percent, shape};
use crate::parts::Part;

/// A module of the table.
#[derive(Serialize)]
pub(super) struct Row {
    depth: usize,
    /// Last name of its path.
    name: String,
    path: String,
    kind: String,
    /// `× 12`, or nothing.
    times: String,
    /// Its own parameters: name and shape.
    own: Vec<Own>,
    /// Of the whole run.
    count: String,
    share: String,
}

#[derive(Serialize)]
struct Own {
    name: String,
    shape: String,
}

/// Every module that holds parameters, whole before part.
pub(super) fn rows(part: &Part<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    walk(part, 0, 1, part.count, &mut rows);
    rows
}

fn walk(part: &Part<'_>, depth: usize, outer: u64, whole: u64, rows: &mut Vec<Row>) {
    if part.count == 0 {
        return;
    }
    let all = outer.saturating_mul(part.times);
    let count = part.count.saturating_mul(all);
    rows.push(Row {
        depth: depth.min(6),
        name: if part.path.is_empty() { part.kind.to_owned() } else { part.name.clone() },
        path: part.path.clone(),
        kind: part.kind.to_owned(),
        times: if part.listed { format!("×{THIN}{}", part.times) } else { String::new() },
        own: part.own.iter().map(|own| Own { name: own.name.clone(), shape: shape(&own.shape) }).collect(),
        count: grouped(count),
        share: percent(count, whole),
    });
    for child in &part.children {
        walk(child, depth + 1, all, whole, rows);
    }
}
