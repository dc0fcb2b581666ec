//! Two models side by side: what is said of them, how a size of each is configured, what their code is made of.
//!
//! `zoo compare` prints it and the site draws it; both show what stands here.

mod facts;
mod modules;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};
use zoo_registry::descriptor::Preset;

pub use facts::{Fact, facts};
pub use modules::{Held, ModuleLine, modules};

use crate::view::{Model, SizeFacts};

/// What two models have in common and where they differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Ids of the two.
    pub models: [String; 2],
    /// The sizes whose configurations and modules are compared, where any is known.
    pub sizes: [Option<String>; 2],
    /// Best numbers of parameters there are for these sizes.
    pub parameters: [Option<u64>; 2],
    /// What is said of the models.
    pub facts: Vec<Line>,
    /// How the sizes are configured.
    pub configuration: Vec<Line>,
    /// What the code of the sizes is made of; `None` unless there is code for both.
    pub modules: Option<Vec<ModuleLine>>,
}

/// One field of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it is called.
    pub field: String,
    /// What each says; empty where it says nothing.
    pub values: [String; 2],
    /// Whether they say the same.
    pub same: bool,
}

impl Line {
    /// A line of two values.
    pub fn new(field: impl Into<String>, values: [String; 2]) -> Self {
        Self { field: field.into(), same: values[0] == values[1], values }
    }
}

/// Compares two models by one size each.
pub fn compare(models: [&Model; 2], sizes: [Option<&str>; 2]) -> Comparison {
    let size = |at: usize| sizes[at].and_then(|id| Size::of(models[at]).find(|size| size.facts.id == id));
    let found = [size(0), size(1)];
    let config = |at: usize| found[at].as_ref().map(|size| fields(size.config())).unwrap_or_default();
    let said = |at: usize| facts(models[at]).into_iter().map(|fact| (fact.name.to_owned(), fact.value)).collect();
    let built = |at: usize| found[at].as_ref().and_then(|size| size.built);
    Comparison {
        models: models.map(|model| model.summary.id.clone()),
        sizes: sizes.map(|size| size.map(str::to_owned)),
        parameters: [0, 1].map(|at| found[at].as_ref().and_then(Size::parameters)),
        facts: lines(said(0), said(1)),
        configuration: lines(config(0), config(1)),
        modules: built(0).zip(built(1)).map(|(a, b)| modules([&a.modules, &b.modules])),
    }
}

/// A size of a model: its facts, and what the code builds of it.
#[derive(Debug, Clone, Copy)]
pub struct Size<'a> {
    /// Its facts.
    pub facts: &'a Preset,
    /// What the code builds, if there is code for it.
    pub built: Option<&'a SizeFacts>,
}

impl<'a> Size<'a> {
    /// Every size of a model, in the order of its facts.
    pub fn of(model: &'a Model) -> impl Iterator<Item = Self> {
        Self::by_code_of(model).filter(|size| size.facts.of.as_ref().is_none_or(|of| *of == model.summary.id))
    }

    /// The same, and sizes of other models that its code builds.
    pub fn by_code_of(model: &'a Model) -> impl Iterator<Item = Self> {
        model.descriptor.sizes().map(|(_, facts)| Self {
            facts,
            built: model.sizes.iter().find(|size| size.preset.id == facts.id && size.parameters > 0),
        })
    }

    /// The best number of parameters there is: built by the code, or published.
    pub fn parameters(&self) -> Option<u64> {
        self.built.map(|built| built.parameters).or_else(|| self.facts.published_parameters())
    }

    /// Its configuration: whole where there is code, else as far as it is published.
    pub fn config(&self) -> &'a Map<String, Value> {
        self.built.map_or(&self.facts.config, |built| &built.config)
    }
}

/// The sizes by which two models are best compared: the first of one, and of the other the one nearest to it in parameters. Sizes with
/// code come before those without.
pub fn nearest<'a>(models: [&'a Model; 2]) -> [Option<Size<'a>>; 2] {
    let sizes = models.map(|model| {
        let (built, told): (Vec<_>, Vec<_>) = Size::of(model).partition(|size| size.built.is_some());
        if built.is_empty() { told } else { built }
    });
    let first = sizes[0].first().copied();
    let to = first.and_then(|size| size.parameters());
    let distance = |size: &Size<'_>| to.zip(size.parameters()).map_or(f64::MAX, |(a, b)| ratio(a, b).ln().abs());
    let second = sizes[1].iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    [first, second]
}

/// How many times one number is the other.
#[expect(clippy::cast_precision_loss, reason = "only compared and shown with few digits")]
fn ratio(a: u64, b: u64) -> f64 {
    b.max(1) as f64 / a.max(1) as f64
}

/// Fields of both, in the order of the first, then what only the second has.
fn lines(first: Vec<(String, String)>, second: Vec<(String, String)>) -> Vec<Line> {
    let joined = |fields: &[(String, String)], name: &str| {
        let values = fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        values.collect::<Vec<_>>().join("; ")
    };
    let mut seen = BTreeSet::new();
    let names = first.iter().chain(&second).map(|(name, _)| name).filter(|name| seen.insert(*name));
    names.map(|name| Line::new(name, [joined(&first, name), joined(&second, name)])).collect()
}

fn fields(config: &Map<String, Value>) -> Vec<(String, String)> {
    let told = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    config.iter().map(|(field, value)| (field.clone(), told(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_the_order_of_the_first() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let found = lines(
            vec![pair("b", "1"), pair("a", "2"), pair("a", "3")],
            vec![pair("c", "4"), pair("a", "2; 3"), pair("b", "0")],
        );
        let told: Vec<_> = found.iter().map(|line| (line.field.as_str(), line.same)).collect();
        assert_eq!(told, [("b", false), ("a", true), ("c", false)]);
        assert_eq!(found[2].values, ["", "4"]);
    }
}
