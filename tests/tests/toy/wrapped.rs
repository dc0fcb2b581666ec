//! A healthy toy behind a broken counter: what is asked of its models goes through a switch that spoils one answer.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Device, TensorData};
use serde_json::{Map, Value};
use zoo_registry::decode::{Decode, DecodeState};
use zoo_registry::include_dir::Dir;
use zoo_registry::loss::IGNORED;
use zoo_registry::output::Record;
use zoo_registry::train::Gradients;
use zoo_registry::weights::{LoadReport, WeightSource};
use zoo_registry::{
    Architecture, Descriptor, Input, Labels, Limits, Model, ModuleTree, Output, Result, Rows, Train, WeightNames,
};

use super::Bug;

/// An architecture whose models are spoilt.
pub(super) struct Wrapped {
    pub(super) inner: &'static dyn Architecture,
    pub(super) bug: Bug,
}

impl Architecture for Wrapped {
    fn descriptor(&self) -> &Descriptor {
        self.inner.descriptor()
    }

    fn folder(&self) -> &Dir<'static> {
        self.inner.folder()
    }

    fn complete(&self, config: &Map<String, Value>) -> Result<Map<String, Value>> {
        self.inner.complete(config)
    }

    fn modules(&self, config: &Map<String, Value>) -> Result<ModuleTree> {
        self.inner.modules(config)
    }

    fn build(&self, config: &Map<String, Value>, device: &Device) -> Result<Box<dyn Model>> {
        Ok(Box::new(Spoilt { inner: self.inner.build(config, device)?, bug: self.bug }))
    }

    fn weight_names(&self, config: &Map<String, Value>) -> Result<WeightNames> {
        self.inner.weight_names(config)
    }
}

struct Spoilt {
    inner: Box<dyn Model>,
    bug: Bug,
}

impl Model for Spoilt {
    fn architecture(&self) -> &str {
        self.inner.architecture()
    }

    fn config(&self) -> &Map<String, Value> {
        self.inner.config()
    }

    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    fn forward(&self, input: &Input, record: Record) -> Result<Output> {
        self.inner.forward(input, record)
    }

    fn modules(&self) -> ModuleTree {
        self.inner.modules()
    }

    fn weight_names(&self) -> &WeightNames {
        self.inner.weight_names()
    }

    fn init(&mut self, seed: u64) {
        self.inner.init(seed);
    }

    fn load(&mut self, weights: &dyn WeightSource) -> Result<LoadReport> {
        self.inner.load(weights)
    }

    fn weights(&self) -> BTreeMap<String, TensorData> {
        self.inner.weights()
    }

    fn parameters(&self) -> BTreeMap<String, TensorData> {
        self.inner.parameters()
    }

    fn save(&self, to: &Path) -> Result<()> {
        self.inner.save(to)
    }

    fn decoder(&self) -> Option<&dyn Decode> {
        self.inner.decoder()
    }

    fn save_state(&self, state: &DecodeState, to: &Path) -> Result<()> {
        self.inner.save_state(state, to)
    }

    fn resume(&self, from: &Path) -> Result<DecodeState> {
        self.inner.resume(from)
    }

    fn trainer(self: Box<Self>) -> Box<dyn Train> {
        Box::new(Trainer { inner: self.inner.trainer(), bug: self.bug })
    }
}

struct Trainer {
    inner: Box<dyn Train>,
    bug: Bug,
}

impl Trainer {
    /// The labels it learns from instead.
    fn labels(&self, labels: &Labels) -> Labels {
        match (self.bug, labels) {
            (Bug::LabelsShiftedTwice, Labels::Tokens(rows)) => {
                let shifted = rows.rows().map(|row| {
                    let rest = row.iter().skip(1).copied();
                    rest.chain([IGNORED]).collect::<Vec<i64>>()
                });
                Labels::Tokens(Rows::new(&shifted.collect::<Vec<_>>()).unwrap())
            }
            (_, labels) => labels.clone(),
        }
    }

    /// The mean over texts of each text's own mean.
    fn mean_of_means(&self, input: &Input, labels: &Labels) -> Option<Result<Gradients>> {
        let (Input::Tokens(tokens), Labels::Tokens(rows)) = (input, labels) else { return None };
        let [batch, _] = rows.dims();
        let mut mean: Option<Gradients> = None;
        for row in 0..batch {
            let part = self.inner.gradients(&tokens.select(&[row]).into(), &Labels::Tokens(rows.select(&[row])));
            let part = match part {
                Ok(part) => part,
                Err(error) => return Some(Err(error)),
            };
            let scaled = |data: &TensorData| data.iter::<f32>().map(|x| x / batch as f32).collect::<Vec<f32>>();
            let mean = mean.get_or_insert_with(|| Gradients { loss: 0.0, by_parameter: BTreeMap::new() });
            mean.loss += part.loss / batch as f64;
            for (path, data) in part.by_parameter {
                let (shape, part) = (data.shape().to_vec(), scaled(&data));
                let sum = mean.by_parameter.remove(&path).map(|sum| sum.iter::<f32>().collect());
                let sum: Vec<f32> = sum.unwrap_or_else(|| vec![0.0; part.len()]);
                let sum: Vec<f32> = sum.iter().zip(&part).map(|(a, b)| a + b).collect();
                mean.by_parameter.insert(path, TensorData::new(sum, shape));
            }
        }
        mean.map(Ok)
    }
}

impl Train for Trainer {
    fn gradients(&self, input: &Input, labels: &Labels) -> Result<Gradients> {
        if self.bug == Bug::MeanOfMeans
            && let Some(mean) = self.mean_of_means(input, labels)
        {
            return mean;
        }
        self.inner.gradients(input, &self.labels(labels))
    }

    fn step(&mut self, input: &Input, labels: &Labels, learning_rate: f64) -> Result<f64> {
        let rate = if self.bug == Bug::StepsUphill { -learning_rate } else { learning_rate };
        self.inner.step(input, &self.labels(labels), rate)
    }

    fn model(&self) -> Box<dyn Model> {
        Box::new(Spoilt { inner: self.inner.model(), bug: self.bug })
    }
}
