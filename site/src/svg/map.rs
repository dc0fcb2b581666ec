//! The whole lineage: models from left to right by date, families in bands, a line from each model to what came of it.
//!
//! Dates say where a model stands from left to right, so only rows are left to choose: a general layout of graphs would choose both.

use std::collections::BTreeMap;

use zoo_catalog::view::Model;

use super::room::Room;
use super::timeline::mark;
use super::{Canvas, Caption, MOST, text_width, years};
use crate::edition::Edition;

const ROW: i32 = 30;
const TOP: i32 = 44;
const LEFT: i32 = 24;
const LETTER: f64 = 6.9;
/// Room for the names right of the last year.
const RIGHT: i32 = 150;
/// Widths of years: with few models and with many.
const YEAR: [i32; 2] = [56, 300];
/// What a model adds to the width of its year.
const MODEL: i32 = 7;

/// Where a model stands.
struct Spot<'a> {
    model: &'a Model,
    x: i32,
    row: usize,
}

/// The picture; none where no edge has both ends in the catalog. `kind` gives a model its shape, `line` an edge its stroke.
pub(crate) fn map(
    content: &Edition<'_>,
    root: &str,
    kind: impl Fn(&Model) -> usize,
    line: impl Fn(&str) -> usize,
) -> Option<String> {
    if content.steps.all().is_empty() || content.models.len() > MOST {
        return None;
    }
    let calendar = Calendar::new(content)?;
    let spots = spots(content, &calendar);
    let place: BTreeMap<&str, [i32; 2]> =
        spots.iter().map(|spot| (spot.model.summary.id.as_str(), [spot.x, height(spot.row)])).collect();
    let bottom = height(spots.iter().map(|spot| spot.row).max().unwrap_or(0)) + ROW / 2;
    let mut canvas = Canvas::default();
    for (year, x) in &calendar.starts {
        canvas.path("grid", &format!("M{x} {}V{bottom}", TOP - 16));
        canvas.text("code", x + 4, TOP - 18, &(year + 1900).to_string());
    }
    for spot in &spots {
        let (summary, [x, y]) = (&spot.model.summary, [spot.x, height(spot.row)]);
        canvas.link(Some(&format!("{root}models/{}/", summary.id)), |canvas| {
            canvas.title(&format!("{}, {}", summary.name, summary.date));
            for pair in content.steps.to(&summary.id) {
                let Some(from) = place.get(pair.parent.summary.id.as_str()) else { continue };
                let kind = pair.edges.first().map_or(0, |edge| line(&edge.relation));
                canvas.path(&format!("edge r{}", kind % 4), &way(*from, [x, y]));
            }
            canvas.text("name", x + 2, y - 8, &summary.name);
            mark(canvas, kind(spot.model), x, y, 5);
        });
    }
    let [title, description] = ["chart.lineage", "chart.lineage_told"].map(|key| content.words.say(key));
    let caption = Caption { name: "map", title: &title, description: &description };
    Some(caption.inline(&canvas, calendar.width, bottom + 8))
}

fn height(row: usize) -> i32 {
    TOP + ROW / 2 + ROW * i32::try_from(row).unwrap_or(0)
}

/// A line that leaves to the right and arrives from the left.
fn way([from_x, from_y]: [i32; 2], [x, y]: [i32; 2]) -> String {
    if from_y == y {
        return format!("M{from_x} {from_y}H{x}");
    }
    let bend = ((x - from_x) / 2).clamp(14, 60);
    format!("M{from_x} {from_y}C{} {from_y} {} {y} {x} {y}", from_x + bend, x - bend)
}

/// Where each year begins: years with many models are wider.
struct Calendar {
    starts: Vec<(i32, i32)>,
    width: i32,
}

impl Calendar {
    fn new(content: &Edition<'_>) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "years are small")]
        let year = |model: &Model| Some(years(&model.summary.date)?.floor() as i32);
        let mut models: BTreeMap<i32, i32> = BTreeMap::new();
        for year in content.models.iter().filter_map(year) {
            *models.entry(year).or_default() += 1;
        }
        let (first, last) = (*models.keys().next()?, *models.keys().last()?);
        let mut x = LEFT;
        let starts = (first..=last).map(|year| {
            let start = x;
            x += (YEAR[0] + MODEL * models.get(&year).copied().unwrap_or(0)).min(YEAR[1]);
            (year, start)
        });
        let starts = starts.collect();
        Some(Self { starts, width: x + RIGHT })
    }

    /// Where a date stands.
    #[expect(clippy::cast_possible_truncation, reason = "places in a picture")]
    fn place(&self, date: &str) -> Option<i32> {
        let when = years(date)?;
        let at = self.starts.iter().position(|(year, _)| *year == when.floor() as i32)?;
        let start = self.starts[at].1;
        let end = self.starts.get(at + 1).map_or(self.width - RIGHT, |next| next.1);
        Some(start + 8 + (f64::from(end - start - 8) * when.fract()).round() as i32)
    }
}

/// Where every dated model stands: each family in rows of its own, as near below the family it comes from as there is room.
fn spots<'a>(content: &'a Edition<'_>, calendar: &Calendar) -> Vec<Spot<'a>> {
    let mut families: Vec<(&str, Vec<&Model>)> = Vec::new();
    let mut models: Vec<&Model> = content.models.iter().collect();
    models.sort_by_key(|model| (&model.summary.date, &model.summary.id));
    for model in models {
        match families.iter_mut().find(|(family, _)| *family == model.summary.family) {
            Some((_, members)) => members.push(model),
            None => families.push((&model.summary.family, vec![model])),
        }
    }
    let parents = |id: &'a str| content.steps.to(id).map(|pair| pair.parent);
    let mut room = Room::new([i32::MIN / 2, 0, i32::MAX / 2, i32::MAX / 2]);
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    let mut spots = Vec::new();
    for (family, members) in families {
        let block = block(&members, calendar, |id| parents(id).find(|parent| parent.summary.family == family));
        let above = members.iter().flat_map(|member| parents(&member.summary.id)).find_map(|parent| {
            (parent.summary.family != family).then(|| rows.get(parent.summary.id.as_str()).copied()).flatten()
        });
        let fits = |base: &usize| block.iter().all(|spot| room.is_free(square(spot, *base)));
        let base = (above.unwrap_or(0)..).find(fits).unwrap_or(0);
        for mut spot in block {
            room.take(square(&spot, base));
            spot.row += base;
            rows.insert(&spot.model.summary.id, spot.row);
            spots.push(spot);
        }
    }
    spots
}

/// What a model and its name cover, with `base` rows above.
fn square(spot: &Spot<'_>, base: usize) -> [i32; 4] {
    let y = height(spot.row + base);
    let right = spot.x + 14 + text_width(&spot.model.summary.name, LETTER);
    [spot.x - 8, y - ROW / 2, right, y + ROW / 2]
}

/// Rows of one family: a model stands in the row of its parent where that is free, else in the next one that is.
fn block<'a>(
    members: &[&'a Model],
    calendar: &Calendar,
    parent: impl Fn(&'a str) -> Option<&'a Model>,
) -> Vec<Spot<'a>> {
    let mut room = Room::new([i32::MIN / 2, 0, i32::MAX / 2, i32::MAX / 2]);
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    let mut spots = Vec::new();
    for model in members {
        let Some(x) = calendar.place(&model.summary.date) else { continue };
        let from = parent(&model.summary.id).and_then(|parent| rows.get(parent.summary.id.as_str()).copied());
        let spot = |row| Spot { model, x, row };
        let row = (from.unwrap_or(0)..).find(|row| room.is_free(square(&spot(*row), 0))).unwrap_or(0);
        room.take(square(&spot(row), 0));
        rows.insert(&model.summary.id, row);
        spots.push(spot(row));
    }
    spots
}
