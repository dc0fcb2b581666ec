//! The heads of a family that write text.

use burn::tensor::{Tensor, TensorData};
use zoo_registry::output::Record;
use zoo_registry::{Decode, DecodeState, HeadOutput, Input, Logits, Model, TokenLimits, Tokens};

use crate::check::Stop;
use crate::inputs;
use crate::subject::{Subject, Variant};

/// A head that writes, with hot weights.
pub(crate) struct Writer {
    pub(crate) variant: Variant,
    pub(crate) model: Box<dyn Model>,
}

/// Every head that predicts the next token.
///
/// # Errors
/// [`Stop::NotApplicable`] if there is none, [`Stop::Fails`] if one does not decode.
pub(crate) fn writers(subject: &Subject<'_>) -> Result<Vec<Writer>, Stop> {
    let mut writers = Vec::new();
    for variant in subject.variants()? {
        let model = subject.hot(&variant)?;
        if inputs::predicts_next(model.as_ref())? {
            writers.push(Writer { variant, model });
        }
    }
    if writers.is_empty() {
        return Err(Stop::NotApplicable("none of its heads predicts the next token".into()));
    }
    Ok(writers)
}

/// The same, and each of them with every other choice that its configuration leaves, one at a time.
///
/// # Errors
/// As [`writers`].
pub(crate) fn writers_of_every_choice(subject: &Subject<'_>) -> Result<Vec<Writer>, Stop> {
    let mut all = writers(subject)?;
    for index in 0..all.len() {
        for variant in subject.other_choices(&all[index].variant) {
            let model = subject.hot(&variant)?;
            all.push(Writer { variant, model });
        }
    }
    Ok(all)
}

impl Writer {
    /// The model as a writer of text.
    pub(crate) fn decoder(&self) -> Result<&dyn Decode, Stop> {
        let head = &self.variant.head;
        let lacks = || Stop::fails(format!("head `{head}` predicts the next token and does not decode"));
        self.model.decoder().ok_or_else(lacks)
    }

    /// Scores after every position of each text, by one pass without memory: `[text][position][token]`.
    pub(crate) fn scores(&self, input: &Input) -> Result<Vec<Vec<Vec<f32>>>, Stop> {
        let HeadOutput::NextTokenLogits(logits) = self.model.forward(input, Record::NOTHING)?.head else {
            return Err(Stop::fails("the head's answer changed its kind"));
        };
        let [_, len, vocab] = logits.dims();
        let all: Vec<f32> = logits.into_data().iter::<f32>().collect();
        let text = |text: &[f32]| text.chunks_exact(vocab).map(<[f32]>::to_vec).collect();
        Ok(all.chunks_exact(len * vocab).map(text).collect())
    }
}

/// A writer whose scores are changed, a row at a time, before anybody sees them.
pub(crate) struct Rescored<'a> {
    pub(crate) decoder: &'a dyn Decode,
    pub(crate) change: &'a dyn Fn(&mut [f32]),
}

impl Decode for Rescored<'_> {
    fn start(&self, batch: usize, source: Option<&Input>) -> zoo_registry::Result<DecodeState> {
        self.decoder.start(batch, source)
    }

    fn advance(&self, state: &mut DecodeState, tokens: &Tokens, logits: Logits) -> zoo_registry::Result<Tensor<3>> {
        let told = self.decoder.advance(state, tokens, logits)?;
        let (dims @ [_, _, vocab], device) = (told.dims(), told.device());
        let mut scores: Vec<f32> = told.into_data().iter::<f32>().collect();
        scores.chunks_exact_mut(vocab).for_each(self.change);
        Ok(Tensor::from_data(TensorData::new(scores, dims), &device))
    }

    fn token_limits(&self) -> zoo_registry::Result<TokenLimits> {
        self.decoder.token_limits()
    }
}

/// log p of every token, in f64.
pub(crate) fn log_probabilities(scores: &[f32]) -> Vec<f64> {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let above = |score: f32| f64::from(score) - f64::from(most);
    let normaliser = scores.iter().map(|&score| above(score).exp()).sum::<f64>().ln();
    scores.iter().map(|&score| above(score) - normaliser).collect()
}
