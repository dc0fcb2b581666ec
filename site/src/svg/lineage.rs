//! A family over time: one line a member, elbows from parent to child.

use std::collections::BTreeSet;

use zoo_catalog::view::{Family, ModelSummary};

use super::{Canvas, Caption, MOST, years};
use crate::words::Words;

const WIDTH: i32 = 860;
const LEFT: i32 = 14;
const RIGHT: i32 = 210;
const ROW: i32 = 34;
const TOP: i32 = 30;

/// The family tree; none where it has fewer than two dated members, or more than a picture holds.
pub(crate) fn lineage(words: &Words, family: &Family, name: &str, root: &str) -> Option<String> {
    if family.members.len() > MOST {
        return None;
    }
    let members = ordered(family);
    let dates: Vec<_> = members.iter().map(|(_, member)| years(&member.date)).collect::<Option<_>>()?;
    if members.len() < 2 {
        return None;
    }
    let first = dates.iter().copied().fold(f64::MAX, f64::min).floor();
    let last = (dates.iter().copied().fold(f64::MIN, f64::max)).ceil().max(first + 1.0);
    #[expect(clippy::cast_possible_truncation, reason = "a place in a picture")]
    let place = |year: f64| LEFT + (f64::from(WIDTH - LEFT - RIGHT) * (year - first) / (last - first)).round() as i32;
    let row = |index: usize| TOP + ROW / 2 + ROW * i32::try_from(index).unwrap_or(0);
    let height = row(members.len()) - ROW / 2;
    let mut canvas = Canvas::default();
    #[expect(clippy::cast_possible_truncation, reason = "years are small")]
    for year in first as i32..=last as i32 {
        let x = place(f64::from(year));
        canvas.path("grid", &format!("M{x} {TOP}V{height}"));
        canvas.text("code mid", x.max(LEFT + 4), 18, &(year + 1900).to_string());
    }
    for (index, (parent, _)) in members.iter().enumerate() {
        if let Some(parent) = parent {
            let (from, to) = (place(dates[*parent]), place(dates[index]));
            canvas.path("edge", &format!("M{from} {}V{}H{to}", row(*parent), row(index)));
        }
    }
    for (index, (_, member)) in members.iter().enumerate() {
        let (x, y) = (place(dates[index]), row(index));
        canvas.link(Some(&format!("{root}models/{}/", member.id)), |canvas| {
            canvas.title(&format!("{}, {}", member.name, member.date));
            canvas.rect("touch", [x - 12, y - 13, 170, 26], 6);
            canvas.circle("dot", x, y, 6);
            canvas.text("label", x + 13, y + 5, &super::fit(&member.name, RIGHT - 20, 8.4));
        });
    }
    let title = words.with("chart.lineage_of", &[("family", &name)]);
    let description = words.say("chart.lineage_of_told");
    Some(Caption { name: "lineage", title: &title, description: &description }.inline(&canvas, WIDTH, height))
}

/// Members depth first, children by date, each with the index of its first parent within the family.
fn ordered(family: &Family) -> Vec<(Option<usize>, &ModelSummary)> {
    let ids: BTreeSet<&str> = family.members.iter().map(|member| member.id.as_str()).collect();
    let parent = |id: &str| {
        let edge =
            family.edges.iter().find(|(child, edge)| child == id && ids.contains(edge.id.as_str()) && edge.id != id);
        edge.map(|(_, edge)| edge.id.as_str())
    };
    let mut members: Vec<&ModelSummary> = family.members.iter().collect();
    members.sort_by(|a, b| (&a.date, &a.id).cmp(&(&b.date, &b.id)));
    let mut placed: Vec<(Option<usize>, &ModelSummary)> = Vec::new();
    let roots: Vec<_> = members.iter().copied().filter(|member| parent(&member.id).is_none()).collect();
    for member in roots {
        place(member, None, &members, &parent, &mut placed);
    }
    // What a circle of edges hides from the walk stands on its own.
    for member in members {
        if !placed.iter().any(|(_, known)| known.id == member.id) {
            placed.push((None, member));
        }
    }
    placed
}

fn place<'a>(
    member: &'a ModelSummary,
    above: Option<usize>,
    members: &[&'a ModelSummary],
    parent: &impl Fn(&str) -> Option<&'a str>,
    placed: &mut Vec<(Option<usize>, &'a ModelSummary)>,
) {
    if placed.iter().any(|(_, known)| known.id == member.id) {
        return;
    }
    let index = placed.len();
    placed.push((above, member));
    for child in members.iter().filter(|child| parent(&child.id) == Some(member.id.as_str())) {
        place(child, Some(index), members, parent, placed);
    }
}
