//! A model that always says the same.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use zoo_registry::generate::{Strategy, Written, generate};
use zoo_registry::{Cache, Decode, DecodeState, Held, Input, Logits, Rows, TokenLimits, Tokens};

use crate::check::Stop;
use crate::flow;
use crate::inputs::Reading;
use crate::subject::Subject;
use crate::values::Stream;
use crate::writers::Writer;

/// A model's scores after one text, told after every text, so that many draws of one distribution cost one pass.
pub(crate) struct Told {
    scores: Vec<f32>,
    limits: TokenLimits,
    device: Device,
}

impl Told {
    /// What the memory of `writer` scores after `reading`, one text.
    ///
    /// # Errors
    /// [`Stop::Fails`] if it does not read it.
    pub(crate) fn after(writer: &Writer, reading: &Reading, subject: &Subject<'_>) -> Result<Self, Stop> {
        let decoder = writer.decoder()?;
        let mut state = decoder.start(1, reading.before_writing().as_ref())?;
        let scores = decoder.advance(&mut state, &reading.target, Logits::Last)?;
        Ok(Self {
            scores: scores.into_data().iter::<f32>().collect(),
            limits: TokenLimits { max_positions: None, ..flow::limits_of(writer.model.as_ref(), Stream::Target)? },
            device: subject.device.clone(),
        })
    }

    /// How many tokens it scores.
    pub(crate) fn vocab(&self) -> usize {
        self.scores.len()
    }

    /// What is written after `texts` copies of `prompt`.
    ///
    /// # Errors
    /// [`Stop::Fails`] if nothing is.
    pub(crate) fn write(&self, prompt: &[i64], texts: usize, strategy: &Strategy) -> Result<Vec<Vec<i64>>, Stop> {
        let tokens = Rows::new(&vec![prompt; texts]).map(Tokens::new).ok_or_else(|| Stop::fails("expected texts"))?;
        let written = generate(self, &tokens, strategy, &mut |_| true)?;
        Ok(written.iter().flatten().map(|text: &Written| text.continuation().to_vec()).collect())
    }
}

impl Decode for Told {
    fn start(&self, batch: usize, _source: Option<&Input>) -> zoo_registry::Result<DecodeState> {
        Ok(DecodeState::new(batch, Box::new(Nothing)))
    }

    fn advance(&self, _: &mut DecodeState, tokens: &Tokens, _: Logits) -> zoo_registry::Result<Tensor<3>> {
        let batch = tokens.input_ids.dims()[0];
        let data = TensorData::new(self.scores.repeat(batch), [batch, 1, self.scores.len()]);
        Ok(Tensor::from_data(data, &self.device))
    }

    fn token_limits(&self) -> zoo_registry::Result<TokenLimits> {
        Ok(self.limits.clone())
    }
}

/// Nothing need be remembered to say the same.
#[derive(Clone)]
struct Nothing;

impl Cache for Nothing {
    fn select(&mut self, _rows: &[usize]) {}

    fn boxed_clone(&self) -> Box<dyn Cache> {
        Box::new(self.clone())
    }

    fn tensors(&self) -> BTreeMap<String, Held> {
        BTreeMap::new()
    }

    fn needs_past_mask(&self) -> bool {
        false
    }
}
