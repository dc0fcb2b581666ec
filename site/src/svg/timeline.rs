//! Sizes over time: every family of sizes as a vertical line, parameters on a logarithmic scale.

use zoo_catalog::view::ModelSummary;

use super::{Canvas, Caption, text_width, years};
use crate::format::{THIN, compact};

const WIDTH: i32 = 1060;
const HEIGHT: i32 = 360;
const LEFT: i32 = 52;
const RIGHT: i32 = 96;
const TOP: i32 = 14;
const BOTTOM: i32 = 30;

struct Point<'a> {
    model: &'a ModelSummary,
    x: i32,
    small: i32,
    large: i32,
}

/// The chart; none where fewer than two models have both a date and a size.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "places in a picture")]
pub(crate) fn timeline(models: &[&ModelSummary], root: &str) -> Option<String> {
    let mut known: Vec<(&ModelSummary, f64, f64, f64)> = models
        .iter()
        .filter_map(|model| {
            let (small, large) = model.parameters?;
            (small > 0).then_some((*model, years(&model.date)?, (small as f64).log10(), (large as f64).log10()))
        })
        .collect();
    if known.len() < 2 {
        return None;
    }
    known.sort_by(|a, b| (&a.0.date, &a.0.id).cmp(&(&b.0.date, &b.0.id)));
    let first = known.iter().map(|k| k.1).fold(f64::MAX, f64::min).floor();
    let last = known.iter().map(|k| k.1).fold(f64::MIN, f64::max).ceil().max(first + 1.0);
    let low = known.iter().map(|k| k.2).fold(f64::MAX, f64::min).floor();
    let high = known.iter().map(|k| k.3).fold(f64::MIN, f64::max).ceil().max(low + 1.0);
    let across = |year: f64| LEFT + (f64::from(WIDTH - LEFT - RIGHT) * (year - first) / (last - first)).round() as i32;
    let up =
        |log: f64| HEIGHT - BOTTOM - (f64::from(HEIGHT - TOP - BOTTOM) * (log - low) / (high - low)).round() as i32;
    let mut canvas = Canvas::default();
    for power in low as i32..=high as i32 {
        let y = up(f64::from(power));
        canvas.path("grid", &format!("M{LEFT} {y}H{}", WIDTH - RIGHT));
        let number = 10_u64.checked_pow(power.unsigned_abs()).unwrap_or(u64::MAX);
        canvas.text("code end", LEFT - 8, y + 4, &round(number));
    }
    for year in first as i32..=last as i32 {
        canvas.text("code mid", across(f64::from(year)), HEIGHT - 8, &(year + 1900).to_string());
    }
    let point = |&(model, year, small, large): &(_, f64, f64, f64)| Point {
        model,
        x: across(year),
        small: up(small),
        large: up(large),
    };
    let points: Vec<Point<'_>> = known.iter().map(point).collect();
    let labels = labelled(&points);
    for (point, labelled) in points.iter().zip(labels) {
        let (smallest, largest) = point.model.parameters?;
        canvas.link(Some(&format!("{root}models/{}/", point.model.id)), |canvas| {
            let range = if smallest == largest {
                compact(largest)
            } else {
                format!("{} to {}", compact(smallest), compact(largest))
            };
            canvas.title(&format!("{}, {}: {range}", point.model.name, point.model.date));
            canvas.rect("touch", [point.x - 12, point.large - 12, 24, point.small - point.large + 24], 12);
            if point.small > point.large {
                canvas.path("range", &format!("M{} {}V{}", point.x, point.small, point.large));
                canvas.circle("dot", point.x, point.small, 4);
            }
            canvas.circle("dot", point.x, point.large, 5);
            if labelled {
                canvas.text("label", point.x + 10, point.large + 5, &point.model.name);
            }
        });
    }
    let title = "Parameters over time";
    let description = "Every model at its date, from its smallest to its largest size, on a logarithmic scale. \
                       The table of models gives the numbers.";
    Some(Caption { name: "timeline", title, description }.inline(&canvas, WIDTH, HEIGHT))
}

/// `1 k`, `10 M`, `100 B`.
fn round(power_of_ten: u64) -> String {
    let (unit, size) = match power_of_ten {
        1_000_000_000_000.. => ("T", 1_000_000_000_000),
        1_000_000_000.. => ("B", 1_000_000_000),
        1_000_000.. => ("M", 1_000_000),
        1_000.. => ("k", 1_000),
        _ => return power_of_ten.to_string(),
    };
    format!("{}{THIN}{unit}", power_of_ten / size)
}

/// Which points have room for their name: later ones give way to earlier ones.
fn labelled(points: &[Point<'_>]) -> Vec<bool> {
    let mut taken: Vec<[i32; 4]> = points.iter().map(|p| [p.x - 6, p.large - 6, p.x + 6, p.small + 6]).collect();
    let mut fits = Vec::with_capacity(points.len());
    for point in points {
        let right = point.x + 10 + text_width(&point.model.name, 8.4);
        let label = [point.x + 9, point.large - 8, right, point.large + 8];
        let clear = |other: &[i32; 4]| {
            label[2] <= other[0] || other[2] <= label[0] || label[3] <= other[1] || other[3] <= label[1]
        };
        let free = right <= WIDTH && taken.iter().all(clear);
        if free {
            taken.push(label);
        }
        fits.push(free);
    }
    fits
}
