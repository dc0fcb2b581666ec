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
use zoo_registry::weights::{LoadReport, MemoryWeights, WeightSource};
use zoo_registry::{
    Architecture, Descriptor, Error, HeadOutput, Input, Labels, Limits, Model, ModuleTree, Output, Pair, Patterns,
    Result, Rows, Train, WeightNames,
};

use super::Bug;

/// The bugs that are in what surrounds a network.
pub(super) const SPOILT: [Bug; 13] = [
    Bug::LabelsShiftedTwice,
    Bug::MeanOfMeans,
    Bug::StepsUphill,
    Bug::MissingTolerated,
    Bug::HalfLoaded,
    Bug::SavedUpsideDown,
    Bug::ShardsUnread,
    Bug::SizesUnderstated,
    Bug::BrokenStatesForgotten,
    Bug::StepsTooWide,
    Bug::WrongPairsDropped,
    Bug::PairsSwapped,
    Bug::ComparisonOverflows,
];

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
        let mut config = config.clone();
        if self.bug == Bug::SizesUnderstated {
            let sizes = config.values_mut().filter(|value| value.as_u64().is_some_and(|size| size > 1 << 10));
            sizes.for_each(|size| *size = (1 << 10).into());
        }
        self.inner.modules(&config)
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

    fn patterns(&self) -> Patterns {
        self.inner.patterns()
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
        let shards = weights.origin().extension().is_some_and(|extension| extension == "json");
        match self.bug {
            Bug::SavedUpsideDown if weights.origin().is_file() => {
                let turned = weights.tensors().keys().map(|name| Ok((name.clone(), negative(&weights.read(name)?))));
                self.inner.load(&turned.collect::<Result<MemoryWeights>>()?)
            }
            Bug::ShardsUnread if shards => {
                let all = weights.tensors().keys().map(|name| Ok((name.clone(), weights.read(name)?)));
                let mut read = all.collect::<Result<BTreeMap<_, _>>>()?;
                // Of two files with one shape, the second is read from the first.
                let first = read.iter().find(|(name, _)| name.ends_with("attn.q.weight")).map(|(_, data)| data.clone());
                let other = read.iter_mut().find(|(name, _)| name.ends_with("attn.k.weight"));
                other.into_iter().zip(first).for_each(|((_, data), first)| *data = first);
                self.inner.load(&read.into_iter().collect::<MemoryWeights>())
            }
            Bug::MissingTolerated => match self.inner.load(weights) {
                Err(Error::Weights { .. }) => Ok(LoadReport::default()),
                other => other,
            },
            Bug::HalfLoaded => self.inner.load(weights).inspect_err(|_| {
                let mut half = self.inner.weights();
                half.first_entry().into_iter().for_each(|mut data| *data.get_mut() = negative(data.get()));
                let _ = self.inner.load(&half.into_iter().collect::<MemoryWeights>());
            }),
            _ => self.inner.load(weights),
        }
    }

    fn weights(&self) -> BTreeMap<String, TensorData> {
        self.inner.weights()
    }

    fn parameters(&self) -> BTreeMap<String, TensorData> {
        self.inner.parameters()
    }

    fn save(&self, to: &Path) -> Result<()> {
        self.inner.save(to)?;
        if self.bug == Bug::SavedUpsideDown {
            let file = if to.is_dir() { to.join("model.safetensors") } else { to.to_owned() };
            let turned = self.inner.weights().into_iter().map(|(name, data)| (name, negative(&data))).collect();
            zoo_registry::weights::save(&file, &turned)?;
        }
        Ok(())
    }

    fn decoder(&self) -> Option<&dyn Decode> {
        self.inner.decoder()
    }

    fn save_state(&self, state: &DecodeState, to: &Path) -> Result<()> {
        self.inner.save_state(state, to)
    }

    fn resume(&self, from: &Path) -> Result<DecodeState> {
        match self.inner.resume(from) {
            Err(Error::State { .. }) if self.bug == Bug::BrokenStatesForgotten => {
                self.inner.decoder().unwrap().start(1, None)
            }
            met => met,
        }
    }

    fn trainer(self: Box<Self>) -> Box<dyn Train> {
        Box::new(Trainer { inner: self.inner.trainer(), bug: self.bug })
    }
}

fn negative(data: &TensorData) -> TensorData {
    let numbers = data.iter::<f32>().map(|x| -x).collect::<Vec<f32>>();
    TensorData::new(numbers, data.shape().to_vec())
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
            (Bug::PairsSwapped, Labels::Pairs(pairs)) => {
                let swapped = |pair: &Pair| Pair { better: pair.worse, worse: pair.better, ..*pair };
                Labels::Pairs(pairs.iter().map(swapped).collect())
            }
            (Bug::WrongPairsDropped, Labels::Pairs(pairs)) => {
                let sound = |pair: &&Pair| pair.better != pair.worse;
                Labels::Pairs(pairs.iter().filter(sound).copied().collect())
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
        let mut found = self.inner.gradients(input, &self.labels(labels))?;
        if let (Bug::ComparisonOverflows, Labels::Pairs(pairs)) = (self.bug, labels) {
            let HeadOutput::Reward(rewards) = self.inner.model().forward(input, Record::NOTHING)?.head else {
                return Ok(found);
            };
            let rewards: Vec<f32> = rewards.into_data().iter().collect();
            let surprise = |pair: &Pair| {
                let apart = rewards[pair.better] - rewards[pair.worse] - pair.margin as f32;
                -f64::from((1.0 / (1.0 + (-apart).exp())).ln())
            };
            found.loss = pairs.iter().map(surprise).sum::<f64>() / pairs.len() as f64;
        }
        Ok(found)
    }

    fn step(&mut self, input: &Input, labels: &Labels, learning_rate: f64) -> Result<f64> {
        let rate = match self.bug {
            Bug::StepsUphill => -learning_rate,
            Bug::StepsTooWide => 1.25 * learning_rate,
            _ => learning_rate,
        };
        self.inner.step(input, &self.labels(labels), rate)
    }

    fn model(&self) -> Box<dyn Model> {
        Box::new(Spoilt { inner: self.inner.model(), bug: self.bug })
    }
}
