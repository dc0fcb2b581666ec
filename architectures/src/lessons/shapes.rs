//! Drawings of circles, squares, triangles and crosses, of any size and place, in any bright colour on any dark one, under noise.

use serde_json::{Map, Value};
use zoo_registry::draw::Draw;
use zoo_registry::input::Images;
use zoo_registry::lesson::{Grade, Plan};
use zoo_registry::output::Record;
use zoo_registry::{Error, Input, Labels, Lesson, Model, Result};

use super::best;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Circle,
    Square,
    Triangle,
    Cross,
}

impl Shape {
    const ALL: [Self; 4] = [Self::Circle, Self::Square, Self::Triangle, Self::Cross];

    fn name(self) -> &'static str {
        match self {
            Self::Circle => "circle",
            Self::Square => "square",
            Self::Triangle => "triangle",
            Self::Cross => "cross",
        }
    }

    /// Whether a point is inside; the shape fills `-1 ..= 1` in both directions, y points down.
    fn covers(self, x: f64, y: f64) -> bool {
        let inside = x.abs() <= 1.0 && y.abs() <= 1.0;
        match self {
            Self::Circle => x * x + y * y <= 1.0,
            Self::Square => x.abs() <= 0.85 && y.abs() <= 0.85,
            Self::Triangle => inside && x.abs() <= (y + 1.0) / 2.0,
            Self::Cross => inside && (x.abs() <= 0.3 || y.abs() <= 0.3),
        }
    }
}

/// Height and width, in pixels.
const SIDE: usize = 24;
/// Red, green, blue.
const CHANNELS: usize = 3;
/// Standard deviation of the noise on every pixel, of a range from -1 to 1.
const NOISE: f64 = 0.15;
/// Colours of a shape; those of the background are as dark.
const BRIGHT: [f64; 2] = [0.1, 1.0];

/// A drawing with values from about -1 to 1, `[channels, height, width]`.
fn drawing(draw: &mut Draw, shape: Shape) -> Vec<f32> {
    let mut between = |from: f64, to: f64| from + (to - from) * draw.unit();
    let radius = between(5.0, 10.0);
    let [x, y] = [0, 1].map(|_| between(radius, SIDE as f64 - radius));
    let ink = [0; CHANNELS].map(|_| between(BRIGHT[0], BRIGHT[1]));
    let paper = [0; CHANNELS].map(|_| between(-BRIGHT[1], -BRIGHT[0]));
    let mut pixels = Vec::with_capacity(CHANNELS * SIDE * SIDE);
    for channel in 0..CHANNELS {
        for row in 0..SIDE {
            for column in 0..SIDE {
                let [across, down] = [(column, x), (row, y)].map(|(at, centre)| (at as f64 + 0.5 - centre) / radius);
                let colour = if shape.covers(across, down) { ink } else { paper }[channel];
                pixels.push((colour + NOISE * draw.normal()) as f32);
            }
        }
    }
    pixels
}

/// Drawings a batch.
const BATCH: usize = 32;
/// Drawings a grade is taken on.
const GRADED: usize = 400;

/// Telling what is drawn: what an image classifier is for.
#[derive(Debug, Clone)]
pub struct NameTheShape {
    config: Map<String, Value>,
}

impl NameTheShape {
    /// The lesson at the sizes of `config`, which the images' and the labels' are added to.
    pub fn new(config: Value) -> Self {
        let mut config = config.as_object().cloned().unwrap_or_default();
        config.insert("image_size".into(), SIDE.into());
        config.insert("channels".into(), CHANNELS.into());
        config.insert("n_labels".into(), Shape::ALL.len().into());
        Self { config }
    }

    fn drawings(draw: &mut Draw, count: usize) -> (Input, Vec<i64>) {
        let labels: Vec<i64> = draw.ids(count, Shape::ALL.len());
        let pixels = labels.iter().flat_map(|&label| drawing(draw, Shape::ALL[label as usize])).collect();
        (Input::Images(Images { dims: [count, CHANNELS, SIDE, SIDE], pixel_values: pixels }), labels)
    }
}

impl Lesson for NameTheShape {
    fn task(&self) -> String {
        "tell drawings of circles, squares, triangles and crosses apart".into()
    }

    fn config(&self) -> Map<String, Value> {
        self.config.clone()
    }

    fn plan(&self) -> Plan {
        Plan { steps: 1200, learning_rate: 2e-3 }
    }

    fn batch(&self, draw: &mut Draw) -> (Input, Labels) {
        let (input, labels) = Self::drawings(draw, BATCH);
        (input, Labels::Classes(labels))
    }

    fn grades(&self, model: &dyn Model) -> Result<Vec<Grade>> {
        let (input, labels) = Self::drawings(&mut Draw::new("graded"), GRADED);
        let lacks =
            || Error::Unsupported { model: model.architecture().into(), lacks: "gives no scores of labels".into() };
        let logits = model.forward(&input, Record::NOTHING)?.head.label_logits().ok_or_else(lacks)?;
        let scores: Vec<f32> = logits.into_data().iter().collect();
        let likeliest = scores.chunks(Shape::ALL.len()).map(best);
        let right = likeliest.zip(&labels).filter(|(found, label)| found == *label).count();
        Ok(vec![Grade {
            measure: "drawings named rightly".into(),
            score: right as f64 / labels.len() as f64,
            chance: 1.0 / Shape::ALL.len() as f64,
            pass: 0.9,
        }])
    }

    fn files(&self) -> Vec<(&'static str, Map<String, Value>)> {
        let names: Map<String, Value> =
            Shape::ALL.iter().enumerate().map(|(label, shape)| (label.to_string(), shape.name().into())).collect();
        let half = [0.5; CHANNELS];
        let preprocessor = object!({
            "image_processor_type": "ViTImageProcessor", "do_resize": true, "size": { "height": SIDE, "width": SIDE },
            "resample": 2, "do_rescale": true, "rescale_factor": 1.0 / 255.0, "do_normalize": true, "image_mean": half,
            "image_std": half,
        });
        vec![("config.json", object!({ "id2label": names })), ("preprocessor_config.json", preprocessor)]
    }

    fn tries(&self) -> Vec<&'static str> {
        vec!["classify drawing.png"]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_differ_in_what_they_cover() {
        let covered = |shape: Shape| {
            let grid = || (0..40).map(|i| (f64::from(i) - 19.5) / 20.0);
            grid().flat_map(|y| grid().map(move |x| (x, y))).filter(|&(x, y)| shape.covers(x, y)).count()
        };
        let shares = Shape::ALL.map(|shape| covered(shape) as f64 / 1600.0);
        for (share, expected) in shares.iter().zip([0.785, 0.7225, 0.5, 0.51]) {
            assert!((share - expected).abs() < 0.03, "{shares:?}");
        }
        assert!(Shape::Triangle.covers(0.9, 0.95) && !Shape::Triangle.covers(0.9, -0.9));
    }

    #[test]
    fn drawings_are_whole_and_visible() {
        let mut draw = Draw::new("drawings");
        for shape in Shape::ALL {
            let pixels = drawing(&mut draw, shape);
            assert_eq!(pixels.len(), CHANNELS * SIDE * SIDE);
            assert!(pixels.iter().all(|pixel| pixel.is_finite() && pixel.abs() < 2.0));
        }
    }
}
