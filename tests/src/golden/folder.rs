//! Reading a golden from the family's embedded folder, and running its cases.

use std::collections::BTreeMap;

use burn::tensor::{Device, TensorData};
use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value};
use zoo_registry::input::Images;
use zoo_registry::weights::{LoadReport, MemoryWeights};
use zoo_registry::{Architecture, Dir, Input, Limits, Model, Rows, TokenLimits, Tokens, config};

use super::meta::{Case, Kind, Meta, Recorded};
use super::{Row, forward, generate, gradients};
use crate::check::{Stop, require};
use crate::subject::drawing;
use crate::values::UNIT_ROUNDOFF;

/// One golden: a model of the reference with its inputs and outputs.
pub struct Golden {
    /// The folder's name.
    pub name: String,
    /// As published, f32.
    pub weights: MemoryWeights,
    config: Map<String, Value>,
    inputs: BTreeMap<String, Numbers>,
    pub(super) outputs: BTreeMap<String, Numbers>,
    pub(super) meta: Meta,
}

/// A golden's model of ours, filled with its weights.
pub struct Loaded {
    /// Ready to run.
    pub model: Box<dyn Model>,
    /// What the load did.
    pub report: LoadReport,
}

/// A tensor of a golden. Ids and masks are integers, everything else f32.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Numbers {
    pub(super) shape: Vec<usize>,
    pub(super) floats: Vec<f32>,
    pub(super) ints: Vec<i64>,
}

pub(super) fn read(architecture: &dyn Architecture) -> Result<Vec<Golden>, Stop> {
    let folder = architecture.folder();
    let Some(goldens) = folder.get_dir(folder.path().join("golden")) else { return Ok(Vec::new()) };
    let mut found = goldens.dirs().map(Golden::read).collect::<Result<Vec<_>, _>>()?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

impl Golden {
    fn read(folder: &Dir<'static>) -> Result<Self, Stop> {
        let name = folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let refuse = |file: &str, reason: String| Stop::fails(format!("golden `{name}`, `{file}`: {reason}"));
        let bytes = |file: &str| {
            let found = folder.get_file(folder.path().join(file));
            found.map(|file| file.contents()).ok_or_else(|| refuse(file, "is not there".into()))
        };
        let json = |file: &str| -> Result<Value, Stop> {
            serde_json::from_slice(bytes(file)?).map_err(|error| refuse(file, error.to_string()))
        };
        let tensors = |file: &str| tensors(bytes(file)?).map_err(|reason| refuse(file, reason));
        let config = json("config.json")?.as_object().cloned().unwrap_or_default();
        let meta =
            serde_json::from_value(json("meta.json")?).map_err(|error| refuse("meta.json", error.to_string()))?;
        let weights = tensors("model.safetensors")?.into_iter();
        let weights = weights.map(|(name, numbers)| (name, TensorData::new(numbers.floats, numbers.shape))).collect();
        let (inputs, outputs) = (tensors("inputs.safetensors")?, tensors("outputs.safetensors")?);
        Ok(Self { weights, config, inputs, outputs, meta, name })
    }

    /// Our model of the golden's configuration with the golden's weights.
    ///
    /// # Errors
    /// [`Stop::Fails`] if the configuration says what nobody reads, or the weights do not fit.
    pub fn load(&self, architecture: &dyn Architecture, device: &Device) -> Result<Loaded, Stop> {
        let resolved = config::from_published(architecture.descriptor(), &self.config)?;
        require(resolved.unread.is_empty(), || {
            format!("`config.json` has fields nobody reads: {:?}", resolved.unread)
        })?;
        let config = architecture.complete(&resolved.config)?;
        let _turn = drawing();
        let mut model = architecture.build(&config, device)?;
        let report = model.load(&self.weights)?;
        Ok(Loaded { model, report })
    }

    pub(super) fn rows(
        &self,
        architecture: &dyn Architecture,
        device: &Device,
        kinds: &[Kind],
    ) -> Result<Vec<Row>, Stop> {
        let mut rows = Vec::new();
        for case in self.meta.cases.iter().filter(|case| kinds.contains(&case.kind)) {
            let within = |stop: Stop| Stop::fails(format!("golden `{}`, case `{}`: {stop}", self.name, case.name));
            let known = case.kwargs.keys().all(|setting| setting == INTERPOLATES);
            require(known, || format!("was recorded with {:?}, which is not known here", case.kwargs))
                .map_err(within)?;
            let model = self.load(architecture, device).map_err(within)?.model;
            let found = match case.kind {
                Kind::Forward => forward::rows(self, case, model.as_ref()),
                Kind::Loss => gradients::rows(self, case, model),
                Kind::Generate => generate::rows(self, case, model.as_ref()),
            };
            rows.extend(found.map_err(within)?);
        }
        Ok(rows)
    }

    /// The id that stands for nothing, where the reference has one.
    pub(super) fn pad_id(&self) -> Option<usize> {
        self.config.get("pad_token_id").and_then(Value::as_u64).map(|id| id as usize)
    }

    pub(super) fn row(&self, case: &Case, output: &str, error: f64, noise: f64, at: String) -> Row {
        let multiple = if error == 0.0 { 0.0 } else { error / noise };
        Row {
            golden: self.name.clone(),
            case: case.name.clone(),
            output: output.to_owned(),
            error,
            noise,
            multiple,
            at,
        }
    }

    pub(super) fn output(&self, key: &str) -> Result<&Numbers, Stop> {
        self.outputs.get(key).ok_or_else(|| Stop::fails(format!("`outputs.safetensors` lacks `{key}`")))
    }

    pub(super) fn input(&self, case: &Case, role: &str) -> Result<Option<&Numbers>, Stop> {
        let Some(key) = case.inputs.get(role) else { return Ok(None) };
        let found = self.inputs.get(key);
        found.map(Some).ok_or_else(|| Stop::fails(format!("`inputs.safetensors` lacks `{key}`")))
    }

    /// What goes into a model with these limits. Of a loss, the decoder's input is what the reference made of the labels.
    pub(super) fn input_of(&self, case: &Case, limits: &Limits) -> Result<Input, Stop> {
        match limits {
            Limits::Tokens(limits) => Ok(self.text(case, "", limits)?.into()),
            Limits::TokenPair { source, target } => {
                Ok(Input::TokenPair { source: self.text(case, "", source)?, target: self.text(case, DECODER, target)? })
            }
            Limits::Images(_) => {
                let pixels = self.input(case, "pixel_values")?.ok_or_else(|| lacks("pixel_values"))?;
                let &[batch, channels, height, width] = &pixels.shape[..] else {
                    return Err(Stop::fails(format!(
                        "`pixel_values` has shape {:?}, expected four axes",
                        pixels.shape
                    )));
                };
                let dims = [batch, channels, height, width];
                Ok(Input::Images(Images { dims, pixel_values: pixels.floats.clone() }))
            }
            other => Err(Stop::fails(format!("no golden is known for models that read {other:?}"))),
        }
    }

    /// The text whose roles start with `prefix`, with the positions the reference's plain forward gives: counted from the left
    /// edge, padding or not.
    fn text(&self, case: &Case, prefix: &str, limits: &TokenLimits) -> Result<Tokens, Stop> {
        let tokens = self.tokens(case, prefix)?;
        let [batch, len] = tokens.input_ids.dims();
        let counted = || Rows::from_flat(batch, len, (0..batch).flat_map(|_| 0..len as i64).collect());
        let position_ids = limits.max_positions.and_then(|_| tokens.position_ids.clone().or_else(counted));
        Ok(Tokens { position_ids, ..tokens })
    }

    /// The text whose roles start with `prefix`, without explicit positions unless the case has them.
    pub(super) fn tokens(&self, case: &Case, prefix: &str) -> Result<Tokens, Stop> {
        let rows = |role: &str| self.input(case, &format!("{prefix}{role}"))?.map(Numbers::rows).transpose();
        let made =
            case.outputs.get(&format!("{prefix}{MADE}")).map(|made| self.output(&made.key)?.rows()).transpose()?;
        let input_ids = rows("input_ids")?.or(made).ok_or_else(|| lacks(&format!("{prefix}input_ids")))?;
        let mask = rows("attention_mask")?.and_then(|mask| {
            let [batch, len] = mask.dims();
            Rows::from_flat(batch, len, mask.as_slice().iter().map(|&real| real != 0).collect())
        });
        let (token_type_ids, position_ids) = (rows("token_type_ids")?, rows("position_ids")?);
        Ok(Tokens { input_ids, attention_mask: mask, token_type_ids, position_ids })
    }
}

/// Roles of what is written start so.
pub(super) const DECODER: &str = "decoder_";
/// How the reference names the input it made of labels.
const MADE: &str = "input_ids_from_labels";
/// The reference stretches its positions to other image sizes when asked to; ours always does.
const INTERPOLATES: &str = "interpolate_pos_encoding";

fn lacks(role: &str) -> Stop {
    Stop::fails(format!("it has no `{role}`"))
}

impl Numbers {
    pub(super) fn rows(&self) -> Result<Rows<i64>, Stop> {
        let rows = match self.shape[..] {
            [batch, len] => Rows::from_flat(batch, len, self.ints.clone()),
            _ => None,
        };
        rows.ok_or_else(|| Stop::fails(format!("expected integers `[batch, seq_len]`, found shape {:?}", self.shape)))
    }

    /// The rounding of the largest number, the least that two f32 runs may differ by.
    pub(super) fn rounding(&self) -> f64 {
        self.floats.iter().map(|x| f64::from(x.abs())).fold(0.0, f64::max) * UNIT_ROUNDOFF
    }

    /// The noise recorded for this tensor, or its rounding where the recorded one is smaller.
    pub(super) fn noise(&self, recorded: Option<f64>) -> f64 {
        recorded.unwrap_or_default().max(self.rounding())
    }
}

impl Recorded {
    /// The noise on real tokens, where there are others.
    pub(super) fn noise(&self) -> Option<f64> {
        self.noise_on_real_tokens.or(self.noise_f32_vs_f64)
    }
}

fn tensors(bytes: &[u8]) -> Result<BTreeMap<String, Numbers>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let mut found = BTreeMap::new();
    for (name, view) in file.tensors() {
        let mut numbers = Numbers { shape: view.shape().to_vec(), floats: Vec::new(), ints: Vec::new() };
        match view.dtype() {
            Dtype::F32 => numbers.floats = words(view.data(), f32::from_le_bytes),
            Dtype::I64 => numbers.ints = words(view.data(), i64::from_le_bytes),
            Dtype::BOOL => numbers.ints = view.data().iter().map(|&byte| i64::from(byte)).collect(),
            other => return Err(format!("`{name}` is of type {other:?}, expected F32, I64 or BOOL")),
        }
        found.insert(name.clone(), numbers);
    }
    Ok(found)
}

fn words<const N: usize, T>(bytes: &[u8], read: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|word| read(*word)).collect()
}
