//! The four models that are compared, in the sizes that are compared, with what each can be asked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Error, Module, Result, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, Linear, VarBuilder, linear};
use candle_transformers::models::{bert, t5, vit};

use crate::gpt2::Gpt2;

/// A model with the parameters it took.
pub(crate) struct Subject {
    model: Model,
    taken: Taken,
}

/// How many numbers each parameter has, by the name it was asked for.
type Taken = Arc<Mutex<BTreeMap<String, usize>>>;

#[expect(clippy::large_enum_variant, reason = "there is one of them")]
enum Model {
    /// candle-transformers' BERT ends at the hidden states; the pooled first token is added here, as the others have it.
    Bert(bert::BertModel, Linear),
    Gpt2(Gpt2),
    T5(t5::T5ForConditionalGeneration, Option<Tensor>),
    T5Encoder(t5::T5EncoderModel),
    Vit(vit::Model),
}

/// What goes in: ids by a rule that every peer follows, or pixels.
pub(crate) enum Input {
    Ids(Tensor),
    Pixels(Tensor),
}

impl Input {
    pub(crate) fn new(model: &str, batch: usize, seq: usize) -> Result<Self> {
        if model == "vit-base-patch16-224" {
            let count = batch * 3 * 224 * 224;
            let pixels: Vec<f32> = (0..count).map(|at| (at % 251) as f32 / 125.0 - 1.0).collect();
            return Ok(Self::Pixels(Tensor::from_vec(pixels, (batch, 3, 224, 224), &Device::Cpu)?));
        }
        let ids: Vec<u32> = (0..batch * seq).map(|at| (1000 + 37 * at as u32) % 30000).collect();
        Ok(Self::Ids(Tensor::from_vec(ids, (batch, seq), &Device::Cpu)?))
    }

    fn ids(&self) -> Result<&Tensor> {
        match self {
            Self::Ids(ids) => Ok(ids),
            Self::Pixels(_) => Err(Error::Msg("expected ids, found pixels".into())),
        }
    }

    fn batch(&self) -> Result<usize> {
        match self {
            Self::Ids(tensor) | Self::Pixels(tensor) => tensor.dim(0),
        }
    }

    /// One id for each text: what is written at this step.
    fn next(&self, step: usize) -> Result<Tensor> {
        Tensor::full((1000 + 17 * step as u32) % 30000, (self.batch()?, 1), &Device::Cpu)
    }
}

impl Subject {
    /// From a file of weights in the published names.
    pub(crate) fn from_file(name: &str, path: &Path) -> Result<Self> {
        // SAFETY: the driver wrote the file and changes it no more while this runs.
        let file = unsafe { MmapedSafetensors::new(path)? };
        Self::load(name, File { file, taken: Taken::default() })
    }

    /// With weights drawn from a normal distribution.
    pub(crate) fn random(name: &str) -> Result<Self> {
        Self::load(name, Random { taken: Taken::default() })
    }

    fn load<B: Weights + 'static>(name: &str, weights: B) -> Result<Self> {
        let taken = weights.taken().clone();
        let vb = VarBuilder::from_backend(Box::new(weights), DType::F32, Device::Cpu);
        let model = match name {
            "bert-base-uncased" => {
                let config = bert::Config::default();
                let body = bert::BertModel::load(vb.clone(), &config)?;
                Model::Bert(body, linear(config.hidden_size, config.hidden_size, vb.pp("pooler.dense"))?)
            }
            "gpt2-small" => Model::Gpt2(Gpt2::load(vb)?),
            "t5-small" => Model::T5(t5::T5ForConditionalGeneration::load(vb, &t5::Config::default())?, None),
            "t5-small-encoder" => Model::T5Encoder(t5::T5EncoderModel::load(vb, &t5::Config::default())?),
            "vit-base-patch16-224" => Model::Vit(vit::Model::new(&vit::Config::vit_base_patch16_224(), 1000, vb)?),
            other => return Err(Error::Msg(format!("there is no model `{other}`"))),
        };
        Ok(Self { model, taken })
    }

    /// Numbers in all parameters.
    pub(crate) fn parameters(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// The whole model on the whole input.
    pub(crate) fn forward(&mut self, input: &Input) -> Result<Vec<Tensor>> {
        match (&mut self.model, input) {
            (Model::Bert(body, pooler), Input::Ids(ids)) => {
                let hidden = body.forward(ids, &ids.zeros_like()?, None)?;
                let first = hidden.narrow(1, 0, 1)?.squeeze(1)?.contiguous()?;
                Ok(vec![hidden, pooler.forward(&first)?.tanh()?])
            }
            (Model::Gpt2(model), Input::Ids(ids)) => {
                model.forget();
                Ok(vec![model.logits(ids)?])
            }
            (Model::T5(model, _), Input::Ids(ids)) => {
                model.clear_kv_cache();
                Ok(vec![model.forward(ids, ids)?.unsqueeze(1)?])
            }
            (Model::T5Encoder(model), Input::Ids(ids)) => Ok(vec![model.forward(ids)?]),
            (Model::Vit(model), Input::Pixels(pixels)) => Ok(vec![model.forward(pixels)?]),
            _ => Err(Error::Msg("the input is of another kind than the model reads".into())),
        }
    }

    /// Forgets every text.
    pub(crate) fn forget(&mut self) {
        match &mut self.model {
            Model::Gpt2(model) => model.forget(),
            Model::T5(model, encoded) => {
                model.clear_kv_cache();
                *encoded = None;
            }
            _ => {}
        }
    }

    /// Reads a text and scores what comes next, `[batch, 1, vocab_size]`. An encoder–decoder reads it with its encoder, and scores what
    /// comes after its first token, 0.
    pub(crate) fn read(&mut self, input: &Input) -> Result<Tensor> {
        match &mut self.model {
            Model::Gpt2(model) => model.last_logits(input.ids()?),
            Model::T5(model, encoded) => {
                let memory = encoded.insert(model.encode(input.ids()?)?);
                let start = Tensor::zeros((input.batch()?, 1), DType::U32, &Device::Cpu)?;
                model.decode(&start, memory)?.unsqueeze(1)
            }
            _ => Err(Error::Msg("this model does not write".into())),
        }
    }

    /// Reads one token more.
    pub(crate) fn step(&mut self, input: &Input, step: usize) -> Result<Tensor> {
        let next = input.next(step)?;
        match &mut self.model {
            Model::Gpt2(model) => model.last_logits(&next),
            Model::T5(model, Some(memory)) => model.decode(&next, memory)?.unsqueeze(1),
            _ => Err(Error::Msg("this model does not write, or has read nothing".into())),
        }
    }

    /// By what its outputs are multiplied before they are compared: candle multiplies T5's hidden states by √d_model before the tied output
    /// layer, where the released code divides by it. That is as much work.
    pub(crate) fn sample_scale(&self) -> f64 {
        if matches!(self.model, Model::T5(..)) { 1.0 / 512.0 } else { 1.0 }
    }

    /// What a reader of the table has to know.
    pub(crate) fn note(&self) -> Option<&'static str> {
        match self.model {
            Model::Gpt2(_) => Some("candle-transformers has no GPT-2; this one is written of candle-nn's parts"),
            Model::T5(..) => Some(
                "candle-transformers scores T5's last position alone, and its decoder counts distances of 8 and more by the encoder's rule, so \
                 that longer texts give other numbers",
            ),
            Model::Bert(..) | Model::T5Encoder(_) | Model::Vit(_) => None,
        }
    }
}

/// Weights that note what was taken of them.
trait Weights: SimpleBackend {
    fn taken(&self) -> &Taken;

    fn note(&self, name: &str, tensor: &Tensor) {
        let mut taken = self.taken().lock().unwrap_or_else(PoisonError::into_inner);
        taken.insert(name.to_owned(), tensor.elem_count());
    }
}

/// Of a file.
struct File {
    file: MmapedSafetensors,
    taken: Taken,
}

impl Weights for File {
    fn taken(&self) -> &Taken {
        &self.taken
    }
}

impl SimpleBackend for File {
    fn get(&self, shape: Shape, name: &str, _hint: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        let tensor = self.get_unchecked(name, dtype, device)?;
        if tensor.shape() == &shape {
            Ok(tensor)
        } else {
            Err(Error::Msg(format!("expected {shape:?}, `{name}` gives {:?}", tensor.shape())))
        }
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let tensor = self.file.load(name, device)?.to_dtype(dtype)?;
        self.note(name, &tensor);
        Ok(tensor)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.file.get(name).is_ok()
    }
}

/// From N(0, 0.02), whatever the parameter.
struct Random {
    taken: Taken,
}

impl Weights for Random {
    fn taken(&self) -> &Taken {
        &self.taken
    }
}

impl SimpleBackend for Random {
    fn get(&self, shape: Shape, name: &str, _hint: Init, _dtype: DType, device: &Device) -> Result<Tensor> {
        let tensor = Tensor::randn(0f32, 0.02, shape, device)?;
        self.note(name, &tensor);
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, _dtype: DType, _device: &Device) -> Result<Tensor> {
        Err(Error::Msg(format!("the shape of `{name}` is not known")))
    }

    fn contains_tensor(&self, _name: &str) -> bool {
        true
    }
}
