//! What a check looks at: one architecture on one device, with everything to build it from.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::{Device, TensorData};
use serde_json::{Map, Value};
use zoo_registry::output::Record;
use zoo_registry::weights::{MemoryWeights, publish};
use zoo_registry::{Architecture, Descriptor, Error, Input, Model, Result, WeightNames, device};

use crate::choices::choices;
use crate::hot;
use crate::values::{Noise, Values, gap, values};

/// One architecture on one device.
pub struct Subject<'a> {
    /// The architecture.
    pub architecture: &'static dyn Architecture,
    /// Every architecture it lives with, itself included.
    pub peers: &'a [&'static dyn Architecture],
    /// The device's name.
    pub device_name: String,
    /// Where models run.
    pub device: Device,
    /// The name of another device, for a second opinion.
    pub reference_name: &'static str,
    /// Where the second opinion comes from.
    pub reference: Device,
    /// Id of the further tiny configuration that is not looked at.
    pub left_out: Option<String>,
}

/// A tiny configuration with one of the family's heads.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// The head's id, for messages; after `id/` for a further tiny configuration.
    pub head: String,
    /// The configuration, every field.
    pub config: Map<String, Value>,
}

impl Variant {
    /// Id of the further tiny configuration this is of, if it is of one.
    pub fn tiny(&self) -> Option<&str> {
        self.head.rsplit_once('/').map(|(tiny, _)| tiny)
    }
}

/// Nudged copies of a model whose largest answer is taken as its noise.
const NUDGES: usize = 3;

/// Drawing parameters goes through one generator a device; builders take turns, so that a seed means one model.
static DRAWING: Mutex<()> = Mutex::new(());

/// Waits for the right to draw parameters.
pub(crate) fn drawing() -> MutexGuard<'static, ()> {
    DRAWING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Subject<'a> {
    /// `architecture`, which lives among `peers`, on the device called `device_name`.
    ///
    /// # Errors
    /// [`Error::Device`](zoo_registry::Error::Device) if this machine lacks the device.
    pub fn new(
        architecture: &'static dyn Architecture,
        peers: &'a [&'static dyn Architecture],
        device_name: &str,
    ) -> Result<Self> {
        let reference_name = if device_name == device::DEFAULT { "ndarray" } else { device::DEFAULT };
        Ok(Self {
            architecture,
            peers,
            device_name: device_name.to_owned(),
            device: device::by_name(device_name)?,
            reference_name,
            reference: device::by_name(reference_name)?,
            left_out: None,
        })
    }

    /// The facts.
    pub fn descriptor(&self) -> &'static Descriptor {
        self.architecture.descriptor()
    }

    /// Every tiny configuration, completed.
    ///
    /// # Errors
    /// [`Error::Config`](zoo_registry::Error::Config) if one is not a configuration of the family.
    pub fn tinies(&self) -> Result<Vec<Map<String, Value>>> {
        self.descriptor().small().map(|(_, tiny)| self.architecture.complete(tiny)).collect()
    }

    /// Each tiny configuration once for each head, or once if the family has no choice of heads.
    ///
    /// # Errors
    /// [`Error::Config`](zoo_registry::Error::Config) if one is not a configuration of the family.
    pub fn variants(&self) -> Result<Vec<Variant>> {
        let mut variants = Vec::new();
        let looked_at = |id: Option<&str>| id.is_none() || id != self.left_out.as_deref();
        for (id, tiny) in self.descriptor().small().filter(|(id, _)| looked_at(*id)) {
            variants.extend(self.with_each_head(id, tiny)?);
        }
        Ok(variants)
    }

    /// The variants, and each with every other choice that it leaves, one at a time: the other truth, every word that is accepted.
    ///
    /// # Errors
    /// As [`Self::variants`].
    pub fn with_other_choices(&self) -> Result<Vec<Variant>> {
        let variants = self.variants()?;
        let others: Vec<Variant> = variants.iter().flat_map(|variant| self.other_choices(variant)).collect();
        Ok(variants.into_iter().chain(others).collect())
    }

    /// The same with every other choice that it leaves, one at a time.
    pub fn other_choices(&self, variant: &Variant) -> Vec<Variant> {
        let mut others = Vec::new();
        for (field, value) in variant.config.iter().filter(|(field, _)| *field != "head") {
            let values = match value {
                Value::Bool(truth) => vec![Value::from(!truth)],
                Value::String(_) => choices(self, &variant.config, field).into_iter().map(Value::from).collect(),
                _ => continue,
            };
            for value in values {
                let mut config = variant.config.clone();
                config.insert(field.clone(), value);
                let Ok(config) = self.architecture.complete(&config) else { continue };
                let head = format!("{}, {field} = {}", variant.head, config[field]);
                let told = config != variant.config && !others.iter().any(|other: &Variant| other.config == config);
                others.extend(told.then_some(Variant { head, config }));
            }
        }
        others
    }

    fn with_each_head(&self, id: Option<&str>, tiny: &Map<String, Value>) -> Result<Vec<Variant>> {
        let descriptor = self.descriptor();
        let label = |head: &str| id.map_or_else(|| head.to_owned(), |id| format!("{id}/{head}"));
        let complete = self.architecture.complete(tiny)?;
        if !complete.contains_key("head") {
            let head = label(descriptor.heads.first().map_or("none", |head| &head.id));
            return Ok(vec![Variant { head, config: complete }]);
        }
        let with_head = |head: &zoo_registry::descriptor::Head| {
            let mut config = tiny.clone();
            config.insert("head".into(), head.id.clone().into());
            Ok(Variant { head: label(&head.id), config: self.architecture.complete(&config)? })
        };
        descriptor.heads.iter().map(with_head).collect()
    }

    /// A model with hot weights, loaded through the family's own table.
    ///
    /// # Errors
    /// Of building and loading.
    pub fn hot(&self, variant: &Variant) -> Result<Box<dyn Model>> {
        self.hot_on(variant, &self.device)
    }

    /// The same on another device.
    ///
    /// # Errors
    /// Of building and loading.
    pub fn hot_on(&self, variant: &Variant, device: &Device) -> Result<Box<dyn Model>> {
        self.filled(variant, device, self.hot_weights(variant)?)
    }

    /// The hot weights by our parameter paths.
    ///
    /// # Errors
    /// Of the configuration.
    pub fn hot_weights(&self, variant: &Variant) -> Result<BTreeMap<String, TensorData>> {
        Ok(hot::weights(&self.architecture.modules(&variant.config)?))
    }

    /// A model with these weights.
    ///
    /// # Errors
    /// Of building and loading.
    pub fn filled(
        &self,
        variant: &Variant,
        device: &Device,
        weights: BTreeMap<String, TensorData>,
    ) -> Result<Box<dyn Model>> {
        let names = self.architecture.weight_names(&variant.config)?;
        let published: MemoryWeights = publish(&names, weights).into_iter().collect();
        let _turn = drawing();
        let mut model = self.architecture.build(&variant.config, device)?;
        match model.load(&published) {
            Ok(_) => Ok(model),
            Err(error) => Err(self.without_row(variant, &names).unwrap_or(error)),
        }
    }

    /// What to say of weights that do not fit because the table has no row for them.
    fn without_row(&self, variant: &Variant, names: &WeightNames) -> Option<Error> {
        let gaps = names.gaps(&self.architecture.modules(&variant.config).ok()?);
        let first = gaps.first()?;
        let lacks = format!(
            "has a weight table that is not total: {first}; {} more. Write its rows first, `weight-table-is-total` lists them",
            gaps.len() - 1
        );
        Some(Error::Unsupported { model: self.descriptor().id.clone(), lacks })
    }

    /// How far each output of a model moves when every weight moves by one unit in the last place: the error that f32 alone
    /// explains. At least the rounding of the output's largest number.
    ///
    /// # Errors
    /// Of building, loading and running.
    pub fn noise(&self, variant: &Variant, inputs: &[Input]) -> Result<Noise> {
        self.noise_of(variant, inputs, Record::ALL)
    }

    /// The same for what is recorded alone: maps of a long text are many numbers.
    ///
    /// # Errors
    /// As [`Self::noise`].
    pub fn noise_of(&self, variant: &Variant, inputs: &[Input], record: Record) -> Result<Noise> {
        self.noise_among(variant, self.hot_weights(variant)?, inputs, record)
    }

    /// The same of a model with other weights.
    ///
    /// # Errors
    /// As [`Self::noise`].
    pub fn noise_with(
        &self,
        variant: &Variant,
        weights: BTreeMap<String, TensorData>,
        inputs: &[Input],
    ) -> Result<Noise> {
        self.noise_among(variant, weights, inputs, Record::ALL)
    }

    fn noise_among(
        &self,
        variant: &Variant,
        weights: BTreeMap<String, TensorData>,
        inputs: &[Input],
        record: Record,
    ) -> Result<Noise> {
        let run = |model: &dyn Model| -> Result<Vec<Vec<Values>>> {
            inputs.iter().map(|input| Ok(values(&model.forward(input, record)?))).collect()
        };
        let still = run(self.filled(variant, &self.device, weights.clone())?.as_ref())?;
        let mut noise = Noise::default();
        for value in still.iter().flatten() {
            noise.at_least(&value.name, value.rounding());
        }
        for seed in 0..NUDGES {
            let moved = run(self.filled(variant, &self.device, hot::nudged(&weights, seed))?.as_ref())?;
            for (a, b) in still.iter().flatten().zip(moved.iter().flatten()) {
                noise.at_least(&a.name, gap(&a.data, &b.data));
            }
        }
        Ok(noise)
    }
}
