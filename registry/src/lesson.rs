//! Small tasks that families learn in minutes, on data made on the spot: what an architecture is for, shown by training it.

use serde_json::{Map, Value};

use crate::draw::Draw;
use crate::error::Result;
use crate::input::Input;
use crate::loss::Labels;
use crate::model::Model;

/// A task with its data, its measure, and the size of model that learns it.
pub trait Lesson: Send + Sync {
    /// What is learnt, one line.
    fn task(&self) -> String;

    /// The configuration that learns it, in our names.
    fn config(&self) -> Map<String, Value>;

    /// How long, and how fast.
    fn plan(&self) -> Plan;

    /// A batch to learn from.
    fn batch(&self, draw: &mut Draw) -> (Input, Labels);

    /// How well a model does it, on data that no batch holds.
    ///
    /// # Errors
    /// Of running the model.
    fn grades(&self, model: &dyn Model) -> Result<Vec<Grade>>;

    /// What a checkpoint of it needs besides its weights, by file name: `tokenizer.json`, … Fields of `config.json` are added to
    /// the model's own.
    fn files(&self) -> Vec<(&'static str, Map<String, Value>)>;

    /// Commands that show what was learnt, as they follow `zoo`, without `--weights`.
    fn tries(&self) -> Vec<&'static str>;
}

/// How long, and how fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Batches.
    pub steps: usize,
    /// The largest step width; it rises over the first twentieth of the steps and falls along a cosine to a tenth.
    pub learning_rate: f64,
}

/// How well one thing is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Grade {
    /// What was measured, with its unit.
    pub measure: String,
    /// The share that was right, from 0 to 1.
    pub score: f64,
    /// What a model that learnt nothing reaches.
    pub chance: f64,
    /// From here on the lesson counts as learnt.
    pub pass: f64,
}

/// One step of training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// From 1.
    pub number: usize,
    /// All there will be.
    pub of: usize,
    /// Mean loss of its batch, before it.
    pub loss: f64,
}

impl Plan {
    /// The step width at step `number`, from 1.
    pub fn rate(&self, number: usize) -> f64 {
        let warm_up = (self.steps / 20).max(1);
        if number <= warm_up {
            return self.learning_rate * number as f64 / warm_up as f64;
        }
        let done = (number - warm_up) as f64 / (self.steps - warm_up).max(1) as f64;
        let cosine = (1.0 + (std::f64::consts::PI * done).cos()) / 2.0;
        self.learning_rate * (0.1 + 0.9 * cosine)
    }
}

/// Trains a model by `plan`, on data drawn from `seed`. `on_step` hears every step, and may end the training with `false`. One
/// model and one seed, one result.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) if the lesson's data does not fit the model.
#[cfg(feature = "train")]
pub fn teach(
    model: Box<dyn Model>,
    lesson: &dyn Lesson,
    plan: Plan,
    seed: u64,
    on_step: &mut dyn FnMut(Step) -> bool,
) -> Result<Box<dyn Model>> {
    let mut trainer = model.trainer();
    let mut draw = Draw::new(&format!("lesson {seed}"));
    for number in 1..=plan.steps {
        let (input, labels) = lesson.batch(&mut draw);
        let loss = trainer.step(&input, &labels, plan.rate(number))?;
        if !on_step(Step { number, of: plan.steps, loss }) {
            break;
        }
    }
    Ok(trainer.model())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_width_rises_and_falls() {
        let plan = Plan { steps: 100, learning_rate: 1.0 };
        assert_eq!(plan.rate(5), 1.0);
        assert!((plan.rate(1) - 0.2).abs() < 1e-12 && (plan.rate(100) - 0.1).abs() < 1e-12);
        assert!((6..100).all(|step| plan.rate(step) > plan.rate(step + 1)));
        assert!(Plan { steps: 1, learning_rate: 1.0 }.rate(1).is_finite());
    }
}
