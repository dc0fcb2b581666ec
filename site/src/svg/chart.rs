//! Measured curves: a line and a shape for each, named at its right end.

use zoo_registry::Figure;
use zoo_registry::figure::{Axis, Scale};

use super::{Canvas, Caption, text_width};
use crate::format::{compact, number};
use crate::words::Words;

const WIDTH: i32 = 720;
const HEIGHT: i32 = 340;
const LEFT: i32 = 78;
const TOP: i32 = 34;
const BOTTOM: i32 = 52;
/// Height of a line of text.
const LINE: i32 = 18;
/// Width of a letter of a name.
const LETTER: f64 = 8.2;

/// One direction of the picture.
pub(super) struct Ruler {
    scale: Scale,
    from: f64,
    to: f64,
    /// Where the two ends are, in pixels.
    ends: [i32; 2],
}

impl Ruler {
    /// Over all values of one direction: logarithmic ones from power to power, others from 0 where nothing is below it.
    pub(super) fn over(axis: &Axis, values: impl Iterator<Item = f64> + Clone, ends: [i32; 2]) -> Self {
        let (low, high) = (values.clone().fold(f64::MAX, f64::min), values.fold(f64::MIN, f64::max));
        let (from, to) = match axis.scale {
            Scale::Log => (low.log10().floor(), high.log10().ceil()),
            Scale::Linear => {
                let step = step(high - low.min(0.0));
                ((low.min(0.0) / step).floor() * step, (high / step).ceil() * step)
            }
        };
        let to = if to > from { to } else { from + 1.0 };
        Self { scale: axis.scale, from, to, ends }
    }

    #[expect(clippy::cast_possible_truncation, reason = "places in a picture")]
    pub(super) fn place(&self, value: f64) -> i32 {
        let value = if self.scale == Scale::Log { value.log10() } else { value };
        let share = (value - self.from) / (self.to - self.from);
        self.ends[0] + (f64::from(self.ends[1] - self.ends[0]) * share).round() as i32
    }

    /// Values that get a line and a number.
    #[expect(clippy::cast_possible_truncation, reason = "a few lines")]
    pub(super) fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Log => (self.from as i32..=self.to as i32).map(|power| 10f64.powi(power)).collect(),
            Scale::Linear => {
                let step = step(self.to - self.from);
                let lines = ((self.to - self.from) / step).round() as i32;
                (0..=lines).map(|line| self.from + step * f64::from(line)).collect()
            }
        }
    }
}

/// The round number that divides a range into about five.
fn step(range: f64) -> f64 {
    let rough = if range > 0.0 { range / 5.0 } else { 1.0 };
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power).into_iter().find(|step| *step >= rough).unwrap_or(rough)
}

/// The picture of a figure; `at` tells it from others on the page.
pub(crate) fn chart(words: &Words, figure: &Figure, at: usize) -> String {
    let names = figure.series.iter().map(|series| text_width(&series.name, LETTER)).max().unwrap_or(0);
    let right = WIDTH - names.min(WIDTH / 3) - 24;
    let values = |index: usize| figure.series.iter().flat_map(move |s| s.points.iter().map(move |point| point[index]));
    let x = Ruler::over(&figure.x, values(0), [LEFT, right]);
    let y = Ruler::over(&figure.y, values(1), [HEIGHT - BOTTOM, TOP]);
    let mut canvas = Canvas::default();
    for value in y.ticks() {
        let at = y.place(value);
        canvas.path("grid", &format!("M{LEFT} {at}H{right}"));
        canvas.text("code end", LEFT - 8, at + 4, &tick(value));
    }
    for value in x.ticks() {
        canvas.path("grid", &format!("M{} {}v6", x.place(value), HEIGHT - BOTTOM));
        canvas.text("code mid", x.place(value), HEIGHT - BOTTOM + LINE, &tick(value));
    }
    canvas.text("code", LEFT, TOP - 16, &figure.y.label);
    canvas.text("code end", right, HEIGHT - 8, &figure.x.label);
    let ends: Vec<i32> = figure.series.iter().filter_map(|s| s.points.last()).map(|point| y.place(point[1])).collect();
    let heights = apart(&ends, HEIGHT - BOTTOM);
    for (index, (series, height)) in figure.series.iter().zip(heights).enumerate() {
        let places: Vec<[i32; 2]> = series.points.iter().map(|point| [x.place(point[0]), y.place(point[1])]).collect();
        let way: Vec<String> = places.iter().map(|[x, y]| format!("{x} {y}")).collect();
        canvas.path(&format!("curve c{}", index % 4), &format!("M{}", way.join("L")));
        for (place, point) in places.iter().zip(&series.points) {
            canvas.link(None, |canvas| {
                let [x, y] = point.map(number);
                canvas.title(&words.with("chart.point", &[("name", &series.name), ("y", &y), ("x", &x)]));
                mark(canvas, index, *place);
            });
        }
        if let Some([x, _]) = places.last() {
            canvas.text("label", x + 12, height + 5, &series.name);
        }
    }
    let description = words.with("chart.numbers_below", &[("caption", &figure.caption)]);
    let name = format!("chart-{at}");
    Caption { name: &name, title: &figure.title, description: &description }.inline(&canvas, WIDTH, HEIGHT)
}

/// A number beside an axis: large ones as `10 k`, `1 M`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and within range where it is cast")]
pub(super) fn tick(value: f64) -> String {
    let large = (1e4..1e15).contains(&value) && value.fract() == 0.0;
    if large { compact(value as u64).replace(".00", "").replace(".0", "") } else { number(value) }
}

/// A shape of its own for each curve.
fn mark(canvas: &mut Canvas, index: usize, [x, y]: [i32; 2]) {
    match index % 4 {
        0 => canvas.circle("dot", x, y, 5),
        1 => canvas.rect("dot", [x - 5, y - 5, 10, 10], 0),
        2 => canvas.path("dot", &format!("M{x} {}l6 11h-12z", y - 6)),
        _ => canvas.path("dot", &format!("M{x} {}l6 6l-6 6l-6 -6z", y - 6)),
    }
}

/// Heights as near to those asked for as names of one line's height allow, none below `lowest`, where the numbers of an axis begin.
pub(super) fn apart(asked: &[i32], lowest: i32) -> Vec<i32> {
    let mut order: Vec<usize> = (0..asked.len()).collect();
    order.sort_by_key(|&index| asked[index]);
    let mut found = asked.to_vec();
    let mut free = i32::MIN;
    for &index in &order {
        found[index] = found[index].max(free);
        free = found[index] + LINE;
    }
    let mut free = lowest;
    for &index in order.iter().rev() {
        found[index] = found[index].min(free);
        free = found[index] - LINE;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        assert_eq!([step(1.0), step(7.0), step(100.0), step(0.0)], [0.2, 2.0, 20.0, 1.0]);
    }

    #[test]
    fn large_numbers_beside_an_axis_are_short() {
        let thin = crate::format::THIN;
        assert_eq!([0.2, 1000.0].map(tick), ["0.2", "1000"]);
        assert_eq!([1e4, 1e6, 1e8].map(tick), [format!("10{thin}k"), format!("1{thin}M"), format!("100{thin}M")]);
    }

    #[test]
    fn names_do_not_cover_each_other() {
        assert_eq!(apart(&[100, 100, 300, 90], 300), [108, 126, 300, 90]);
        assert_eq!(apart(&[300, 100, 300, 290], 300), [282, 100, 300, 264], "nor the numbers below");
    }

    #[test]
    fn ends_of_the_axes_are_the_ends_of_the_picture() {
        let axis = |scale| Axis { label: String::new(), scale };
        let log = Ruler::over(&axis(Scale::Log), [4096.0, 1e6].into_iter(), [0, 300]);
        assert_eq!((log.place(1e3), log.place(1e6), log.ticks().len()), (0, 300, 4));
        let linear = Ruler::over(&axis(Scale::Linear), [0.1, 0.9].into_iter(), [100, 0]);
        assert_eq!((linear.place(0.0), linear.place(1.0)), (100, 0));
        let one = Ruler::over(&axis(Scale::Linear), [0.0].into_iter(), [100, 0]);
        assert_eq!(one.place(0.0), 100);
    }
}
