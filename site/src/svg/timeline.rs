//! Sizes over time: every model at its date and the parameters of its largest size, none hidden behind another.

use zoo_catalog::view::Model;

use super::room::Room;
use super::{Canvas, Caption, MOST, text_width, years};
use crate::format::{THIN, compact};
use crate::words::Words;

const TOP: i32 = 16;
const BOTTOM: i32 = 30;
/// How far a point gives way, at most, in halves of the square that it needs for itself.
const ASIDE: i32 = 15;
/// Pixels a letter of a label takes.
const LETTER: f64 = 7.4;

/// The axes, the same in every picture that is to be compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scales {
    /// Years since 1900.
    years: [f64; 2],
    /// Powers of ten.
    powers: [f64; 2],
}

/// How large a picture is and what is drawn beside the points.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// Class and start of the ids.
    pub name: &'a str,
    pub title: &'a str,
    pub width: i32,
    pub height: i32,
    /// Room for labels right of the last year.
    pub right: i32,
    /// Half of the square that a point needs for itself.
    pub half: i32,
}

/// A model with where it belongs.
struct Known<'a> {
    model: &'a Model,
    year: f64,
    power: f64,
}

/// Models with a date and a size, by date.
fn known<'a>(models: &[&'a Model]) -> Vec<Known<'a>> {
    #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
    let power = |count: u64| (count as f64).log10();
    let mut known: Vec<_> = models
        .iter()
        .filter_map(|model| {
            let (_, large) = model.summary.parameters.filter(|(_, large)| *large > 0)?;
            Some(Known { model, year: years(&model.summary.date)?, power: power(large) })
        })
        .collect();
    known.sort_by_key(|known| (&known.model.summary.date, &known.model.summary.id));
    known
}

/// Axes for all of these; none where fewer than two have both a date and a size, or more than a picture holds.
pub(crate) fn scales(models: &[&Model]) -> Option<Scales> {
    let known = known(models);
    let ends = |values: &dyn Fn(&Known<'_>) -> f64| {
        let low = known.iter().map(values).fold(f64::MAX, f64::min).floor();
        [low, known.iter().map(values).fold(f64::MIN, f64::max).ceil().max(low + 1.0)]
    };
    (2..=MOST)
        .contains(&known.len())
        .then(|| Scales { years: ends(&|known| known.year), powers: ends(&|known| known.power) })
}

/// The chart. `kind` says which shape and colour a model has, as a small number.
pub(crate) fn timeline(
    words: &Words,
    models: &[&Model],
    scales: &Scales,
    frame: &Frame<'_>,
    root: &str,
    kind: impl Fn(&Model) -> usize,
) -> String {
    let Scales { years: [first, last], powers: [low, high] } = *scales;
    let left = 46;
    #[expect(clippy::cast_possible_truncation, reason = "places in a picture")]
    let between = |from: i32, to: i32, share: f64| from + (f64::from(to - from) * share).round() as i32;
    let across = |year: f64| between(left, frame.width - frame.right, (year - first) / (last - first));
    let up = |power: f64| between(frame.height - BOTTOM, TOP, (power - low) / (high - low));
    let mut canvas = Canvas::default();
    axes(&mut canvas, scales, frame, left, (&across, &up));
    let mut room = Room::new([left - 6, 0, frame.width, frame.height - BOTTOM + 4]);
    let (half, asides) = (frame.half, asides(frame.half));
    let placed: Vec<(&Model, [i32; 2])> = known(models)
        .iter()
        .map(|known| {
            let (x, y) = (across(known.year), up(known.power));
            let square = |[x, y]: [i32; 2]| [x - half, y - half, x + half, y + half];
            let places = asides.iter().map(|[dx, dy]| [x + dx, y + dy]);
            let place = places.into_iter().find(|&place| room.is_free(square(place))).unwrap_or([x, y]);
            room.take(square(place));
            (known.model, place)
        })
        .collect();
    let labels = labels(&placed, &mut room);
    for ((model, [x, y]), label) in placed.iter().zip(labels) {
        let summary = &model.summary;
        canvas.link(Some(&format!("{root}models/{}/", summary.id)), |canvas| {
            let (small, large) = summary.parameters.unwrap_or_default();
            let range = if small == large {
                compact(large)
            } else {
                words.with("chart.range", &[("small", &compact(small)), ("large", &compact(large))])
            };
            canvas.title(&format!("{}, {}: {range}", summary.name, summary.date));
            if let Some(label) = label {
                if label.away {
                    canvas.path("leader", &format!("M{x} {y}L{} {}", label.x, label.y - 4));
                }
                canvas.text(&format!("name{}", label.anchor), label.x, label.y, &summary.name);
            }
            mark(canvas, kind(model), *x, *y, half - 1);
        });
    }
    let description = words.say("chart.told");
    Caption { name: frame.name, title: frame.title, description: &description }.inline(
        &canvas,
        frame.width,
        frame.height,
    )
}

/// How far aside a point may stand, the nearest first; another date is better than another size.
fn asides(half: i32) -> Vec<[i32; 2]> {
    let most = ASIDE * half;
    let all = (-most..=most).flat_map(|dx| (-most / 4..=most / 4).map(move |dy| [dx, dy]));
    let mut all: Vec<[i32; 2]> = all.collect();
    all.sort_by_key(|&[dx, dy]| (dx * dx + 9 * dy * dy, -dx, -dy));
    all
}

type Place<'a> = &'a dyn Fn(f64) -> i32;

#[expect(clippy::cast_possible_truncation, reason = "years and powers of ten are small")]
fn axes(canvas: &mut Canvas, scales: &Scales, frame: &Frame<'_>, left: i32, (across, up): (Place<'_>, Place<'_>)) {
    let Scales { years, powers } = scales;
    for power in powers[0] as i32..=powers[1] as i32 {
        let y = up(f64::from(power));
        canvas.path("grid", &format!("M{left} {y}H{}", frame.width - frame.right));
        let number = 10_u64.checked_pow(power.unsigned_abs()).unwrap_or(u64::MAX);
        canvas.text("code end", left - 8, y + 4, &round(number));
    }
    let span = (years[1] - years[0]) as usize;
    let wide = usize::try_from(frame.width / 44).unwrap_or(1).max(1);
    for year in (years[0] as i32..=years[1] as i32).step_by(span.div_ceil(wide).max(1)) {
        let x = across(f64::from(year));
        canvas.path("grid", &format!("M{x} {}v5", frame.height - BOTTOM));
        canvas.text("code mid", x, frame.height - 8, &(year + 1900).to_string());
    }
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

/// A shape and a colour for each kind, within `size` of its middle.
pub(crate) fn mark(canvas: &mut Canvas, kind: usize, x: i32, y: i32, size: i32) {
    let class = format!("dot k{}", kind % 4);
    let (wide, tall) = (2 * size, size + 1);
    match kind % 4 {
        0 => canvas.circle(&class, x, y, size),
        1 => canvas.rect(&class, [x - size, y - size, wide, wide], 1),
        2 => canvas.path(&class, &format!("M{x} {}l{tall} {tall}l-{tall} {tall}l-{tall} -{tall}z", y - tall)),
        _ => canvas.path(&class, &format!("M{x} {}l{tall} {}h-{}z", y - tall, wide + 1, 2 * tall)),
    }
}

/// Where the name of a point stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Label {
    x: i32,
    y: i32,
    /// Further class: where the text is anchored.
    anchor: &'static str,
    /// Whether a line leads to it.
    away: bool,
}

/// Names where there is room for them: models that most others come from choose first.
fn labels(placed: &[(&Model, [i32; 2])], room: &mut Room) -> Vec<Option<Label>> {
    let mut order: Vec<usize> = (0..placed.len()).collect();
    order.sort_by_key(|&at| {
        let model = placed[at].0;
        (std::cmp::Reverse(model.descendants.len()), &model.summary.date, &model.summary.id)
    });
    let mut labels = vec![None; placed.len()];
    for at in order {
        let (model, [x, y]) = placed[at];
        let width = text_width(&model.summary.name, LETTER);
        let free = places(x, y).into_iter().find_map(|label| {
            let start = match label.anchor {
                " end" => label.x - width,
                " mid" => label.x - width / 2,
                _ => label.x,
            };
            let around = [start - 1, label.y - 11, start + width + 1, label.y + 3];
            room.is_free(around).then_some((label, around))
        });
        if let Some((label, around)) = free {
            room.take(around);
            labels[at] = Some(label);
        }
    }
    labels
}

/// Eight places about a point, the best first.
fn places(x: i32, y: i32) -> [Label; 8] {
    let label = |dx: i32, dy: i32, anchor, away| Label { x: x + dx, y: y + dy, anchor, away };
    [
        label(9, 4, "", false),
        label(-9, 4, " end", false),
        label(0, -10, " mid", false),
        label(0, 18, " mid", false),
        label(15, -14, "", true),
        label(-15, -14, " end", true),
        label(15, 24, "", true),
        label(-15, 24, " end", true),
    ]
}
