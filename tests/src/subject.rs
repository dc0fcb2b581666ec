//! What a check looks at: one architecture on one device, with everything to build it from.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::{Device, TensorData};
use serde_json::{Map, Value};
use zoo_registry::output::Record;
use zoo_registry::weights::{MemoryWeights, publish};
use zoo_registry::{Architecture, Descriptor, HeadOutput, Model, Result, Rows, Tokens, device};

use crate::check::Stop;
use crate::draw::Draw;
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
}

/// The tiny configuration with one of the family's heads.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// The head's id, for messages.
    pub head: String,
    /// The configuration, every field.
    pub config: Map<String, Value>,
}

/// Nudged copies of a model whose largest answer is taken as its noise.
const NUDGES: usize = 3;
/// Length of the longest text that checks use, where the model has the positions for it.
const LONGEST: usize = 11;

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
        })
    }

    /// The facts.
    pub fn descriptor(&self) -> &'static Descriptor {
        self.architecture.descriptor()
    }

    /// The tiny configuration once for each head, or once if the family has no choice of heads.
    ///
    /// # Errors
    /// [`Error::Config`](zoo_registry::Error::Config) if it is not a configuration of the family.
    pub fn variants(&self) -> Result<Vec<Variant>> {
        let descriptor = self.descriptor();
        let tiny = self.architecture.complete(&descriptor.tiny)?;
        if !tiny.contains_key("head") {
            let head = descriptor.heads.first().map_or("none", |head| &head.id).to_owned();
            return Ok(vec![Variant { head, config: tiny }]);
        }
        let with_head = |head: &zoo_registry::descriptor::Head| {
            let mut config = descriptor.tiny.clone();
            config.insert("head".into(), head.id.clone().into());
            Ok(Variant { head: head.id.clone(), config: self.architecture.complete(&config)? })
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
        model.load(&published)?;
        Ok(model)
    }

    /// How far each output of a model moves when every weight moves by one unit in the last place: the error that f32 alone
    /// explains. At least the rounding of the output's largest number.
    ///
    /// # Errors
    /// Of building, loading and running.
    pub fn noise(&self, variant: &Variant, inputs: &[Tokens]) -> Result<Noise> {
        let weights = self.hot_weights(variant)?;
        let run = |model: &dyn Model| -> Result<Vec<Vec<Values>>> {
            inputs.iter().map(|input| Ok(values(&model.forward(&input.clone().into(), Record::ALL)?))).collect()
        };
        let still = run(self.hot(variant)?.as_ref())?;
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

    /// Whether models of this family read texts one at a time, as every check on inputs assumes.
    ///
    /// # Errors
    /// [`Stop::NotApplicable`] for families that declare to read pairs of texts or other things than text.
    pub fn reads_text(&self) -> Result<(), Stop> {
        let declares = |axis: &str, terms: &[&str]| {
            let declared = self.descriptor().taxonomy.get(axis);
            declared.into_iter().flatten().any(|term| terms.contains(&term.as_str()))
        };
        if declares("architecture", &["encoder-decoder"]) {
            return Err(Stop::NotApplicable(
                "it declares to read a source and a target, this check gives one text".into(),
            ));
        }
        if declares("modality", &["image", "audio", "video"]) && !declares("modality", &["text"]) {
            return Err(Stop::NotApplicable("it declares to read no text".into()));
        }
        Ok(())
    }

    /// A random text for `model`, as long as it should be; `name` tells texts apart.
    pub fn text(&self, model: &dyn Model, name: &str, len: usize) -> Vec<i64> {
        Draw::new(&format!("text {name}")).ids(len, model.limits().vocab_size)
    }

    /// A batch of random texts of one length, with random segments where the model tells them apart.
    ///
    /// # Errors
    /// [`Stop::Fails`] if there would be no text.
    pub fn batch(&self, model: &dyn Model, name: &str, batch: usize, len: usize) -> Result<Tokens, Stop> {
        let texts: Vec<Vec<i64>> = (0..batch).map(|row| self.text(model, &format!("{name} {row}"), len)).collect();
        let input_ids = Rows::new(&texts).ok_or_else(|| Stop::fails("expected room for at least one token"))?;
        let n_types = model.limits().n_token_types;
        let types = (n_types > 1).then(|| Draw::new(&format!("types {name}")).ids(batch * len, n_types));
        let token_type_ids = types.and_then(|types| Rows::from_flat(batch, len, types));
        Ok(Tokens { token_type_ids, ..Tokens::new(input_ids) })
    }

    /// Length of the longest text to use: what the model's positions allow, at most eleven tokens.
    ///
    /// # Errors
    /// [`Stop::Fails`] if the tiny configuration has too few positions to see anything.
    pub fn longest(&self, model: &dyn Model) -> Result<usize, Stop> {
        const LEAST: usize = 6;
        let len = model.limits().max_positions.map_or(LONGEST, |max| max.min(LONGEST));
        if len < LEAST {
            return Err(Stop::fails(format!("the tiny configuration has {len} positions, expected at least {LEAST}")));
        }
        Ok(len)
    }

    /// Whether this variant predicts the next token.
    ///
    /// # Errors
    /// Of running it.
    pub fn predicts_next(&self, model: &dyn Model) -> Result<bool, Stop> {
        let tokens = self.batch(model, "head", 1, 2)?;
        let output = model.forward(&tokens.into(), Record::NOTHING)?;
        Ok(matches!(output.head, HeadOutput::NextTokenLogits(_)))
    }
}
