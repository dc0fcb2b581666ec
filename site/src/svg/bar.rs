//! Where a model's parameters are: one bar, one segment a kind of part.

use zoo_registry::descriptor::Component;

use super::{CATEGORIES, Canvas, Caption, category};
use crate::format::{grouped, percent};
use crate::parts::Part;
use crate::words::Words;

const WIDTH: i32 = 720;
const HEIGHT: i32 = 22;

/// One kind of part and what it holds.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Segment {
    /// Kind of part: `attention`.
    pub category: &'static str,
    /// Its name for people.
    pub label: String,
    /// Number of parameters.
    #[serde(skip)]
    pub count: u64,
    /// The number as people read it.
    pub parameters: String,
    /// Share of the whole.
    pub share: String,
}

/// Parameters by kind of part, kinds without any left out.
pub(crate) fn segments(words: &Words, part: &Part<'_>, components: &[Component]) -> Vec<Segment> {
    let mut counts = [0_u64; CATEGORIES.len()];
    gather(part, components, 1, &mut counts);
    let whole = counts.iter().sum();
    let segment = |(&category, &count): (&&'static str, &u64)| {
        let (parameters, share) = (grouped(count), percent(count, whole));
        let label = words.say(&format!("category.{category}"));
        Segment { category, label, count, parameters, share }
    };
    CATEGORIES.iter().zip(&counts).map(segment).filter(|segment| segment.count > 0).collect()
}

fn gather(part: &Part<'_>, components: &[Component], times: u64, counts: &mut [u64; CATEGORIES.len()]) {
    let times = times.saturating_mul(part.times);
    let of = |id: &str| CATEGORIES.iter().position(|known| *known == id).unwrap_or(CATEGORIES.len() - 1);
    match category(part, components) {
        Some(id) => counts[of(id)] += times.saturating_mul(part.count),
        None => {
            let own: u64 = part.own.iter().map(zoo_registry::Parameter::count).sum();
            counts[of("other")] += times.saturating_mul(own);
            part.children.iter().for_each(|child| gather(child, components, times, counts));
        }
    }
}

/// The bar; every segment at least a pixel wide.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "widths of a picture")]
pub(crate) fn bar(words: &Words, segments: &[Segment]) -> String {
    let whole: u64 = segments.iter().map(|segment| segment.count).sum();
    let mut canvas = Canvas::default();
    let (mut before, mut x) = (0_u64, 0);
    for segment in segments {
        before += segment.count;
        let end = (f64::from(WIDTH) * before as f64 / whole.max(1) as f64).round() as i32;
        let end = end.max(x + 1).min(WIDTH);
        canvas.link(None, |canvas| {
            canvas.title(&format!("{}: {}, {}", segment.label, segment.parameters, segment.share));
            canvas.rect(&format!("fill {}", segment.category), [x, 0, (end - x - 1).max(1), HEIGHT], 2);
        });
        x = end;
    }
    let told: Vec<_> = segments.iter().map(|segment| format!("{} {}", segment.label, segment.share)).collect();
    let description = words.with("chart.bar_told", &[("parts", &told.join(", "))]);
    Caption { name: "bar", title: &words.say("chart.bar"), description: &description }.inline(&canvas, WIDTH, HEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::tests::{branch, leaf};

    #[test]
    fn repeated_layers_count_every_time() {
        let layer = |n: &str| branch(n, "Layer", vec![leaf("attention", "Attention", &[3, 2]), leaf("x", "Odd", &[1])]);
        let layers = branch("layers", "Vec", vec![layer("0"), layer("1"), layer("2")]);
        let tree = branch("", "Toy", vec![leaf("token", "Embedding", &[5, 2]), layers]);
        let found = segments(&Words::english(), &Part::fold(&tree), &[]);
        let counts: Vec<_> = found.iter().map(|segment| (segment.category, segment.count)).collect();
        assert_eq!(counts, [("embedding", 10), ("attention", 18), ("other", 3)]);
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), tree.parameter_count());
    }
}
