//! Measurements of a family that its page shows as curves: what was measured, how to measure it again, and the numbers.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Problem, Result};

/// Curves over one common axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// What is shown, in a few words.
    pub title: String,
    /// What a reader should see, in a sentence or two.
    pub caption: String,
    /// The command that measures it again.
    pub command: String,
    /// What was varied.
    pub x: Axis,
    /// What was measured.
    pub y: Axis,
    /// The curves.
    pub series: Vec<Series>,
}

/// One direction of a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// What it counts, with its unit: `tokens read`, `bytes of state`.
    pub label: String,
    /// How distances on it are meant.
    #[serde(default)]
    pub scale: Scale,
}

/// How distances on an axis are meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Equal distances are equal differences.
    #[default]
    Linear,
    /// Equal distances are equal ratios.
    Log,
}

impl Scale {
    /// The kebab-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Log => "log",
        }
    }
}

/// One curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// What tells it from the others.
    pub name: String,
    /// `[x, y]`, from left to right.
    pub points: Vec<[f64; 2]>,
}

impl Figure {
    /// Parses a figure's TOML and checks its numbers; `id` is what it is called in errors.
    ///
    /// # Errors
    /// [`Error::Descriptor`] with every problem at once.
    pub fn parse(id: &str, toml: &str) -> Result<Self> {
        let refuse = |problems| Error::Descriptor { id: id.to_owned(), problems };
        let figure: Self =
            toml::from_str(toml).map_err(|error| refuse(vec![Problem::new("toml", error.to_string().trim_end())]))?;
        let problems = figure.problems();
        if problems.is_empty() { Ok(figure) } else { Err(refuse(problems)) }
    }

    /// Everything that is not sound.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.series.is_empty() {
            problems.push(Problem::new("series", "expected at least one curve, found none"));
        }
        for (index, series) in self.series.iter().enumerate() {
            let mut problem = |message: String| problems.push(Problem::new(format!("series.{index}"), message));
            if series.points.is_empty() {
                problem("expected at least one point, found none".into());
            }
            if !series.points.is_sorted_by(|a, b| a[0] < b[0]) {
                problem("expected points from left to right, each x once".into());
            }
            for [x, y] in &series.points {
                let fits =
                    |value: &f64, axis: &Axis| value.is_finite() && (axis.scale == Scale::Linear || *value > 0.0);
                if !fits(x, &self.x) || !fits(y, &self.y) {
                    problem(format!("expected finite numbers, on a logarithmic axis above 0, found [{x}, {y}]"));
                }
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOY: &str = r#"
        title = "Growth"
        caption = "It grows."
        command = "zoo grow"
        x = { label = "years", scale = "log" }
        y = { label = "metres" }
        series = [{ name = "oak", points = [[1, 0.5], [10, 4.0]] }]
    "#;

    #[test]
    fn a_sound_figure_parses() {
        let figure = Figure::parse("toy", TOY).unwrap();
        assert_eq!((figure.x.scale, figure.y.scale), (Scale::Log, Scale::Linear));
        assert_eq!(figure.series[0].points[1], [10.0, 4.0]);
    }

    #[test]
    fn unsound_numbers_are_refused() {
        let told = |from: &str, to: &str| Figure::parse("toy", &TOY.replace(from, to)).unwrap_err().to_string();
        assert!(told("[1, 0.5]", "[0, 0.5]").contains("above 0, found [0, 0.5]"));
        assert!(told("[10, 4.0]", "[1, 4.0]").contains("each x once"));
        assert!(told("4.0", "nan").contains("finite"));
        assert!(told("[[1, 0.5], [10, 4.0]]", "[]").contains("at least one point"));
        assert!(told("title", "titel").contains("titel"));
    }
}
