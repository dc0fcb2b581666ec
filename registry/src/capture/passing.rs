//! The tensors on the way through a model, as a pass that computes nothing meets them.

use burn::tensor::{Device, Tensor};
use serde_json::{Map, Value};

use super::{input, recorded};
use crate::architecture::Architecture;
use crate::error::{Error, Result};
use crate::flow::{Extent, Length, Passing, Place};
use crate::input::{Input, Tokens};
use crate::output::{HeadOutput, Output, Record};

/// Lengths of a source and a target in two passes: what grows from 2 to 3 is as long as the source, what shrinks as the target.
const LENGTHS: [[usize; 2]; 2] = [[2, 3], [3, 2]];

/// The tensors on the way through a configuration, in the order of a forward pass. What they extend to is read off two passes over texts
/// of other lengths.
///
/// # Errors
/// [`Error::Config`]; [`Error::Input`] for what cannot be read; [`Error::Unsupported`] if a pass depends on numbers it computed.
pub fn passing(architecture: &dyn Architecture, config: &Map<String, Value>) -> Result<Vec<Passing>> {
    let limits = architecture.build(config, &Device::flex())?.limits();
    let met = |lengths| {
        let refuse = |reason| Error::Input { model: architecture.descriptor().id.clone(), reason };
        let input = input(&limits, config, lengths).map_err(refuse)?;
        let device = Device::capture();
        let run = || Ok(met(&input, &architecture.build(config, &device)?.forward(&input, Record::ALL)?));
        recorded(architecture, &device, run)?.1
    };
    let [first, second]: [Vec<(Place, Vec<usize>)>; 2] = [met(LENGTHS[0])?, met(LENGTHS[1])?];
    let extent = |(&first, &second): (&usize, &usize)| match [first, second] {
        [2, 3] => Extent::Length(Length::Source),
        [3, 2] => Extent::Length(Length::Text),
        _ => Extent::Fixed(first as u64),
    };
    let passing = |((place, first), (_, second)): ((Place, Vec<usize>), (Place, Vec<usize>))| Passing {
        place,
        // The first axis is the batch.
        extents: first.iter().zip(&second).skip(1).map(extent).collect(),
    };
    Ok(first.into_iter().zip(second).map(passing).collect())
}

/// What a pass meets, with its dimensions.
fn met(input: &Input, output: &Output) -> Vec<(Place, Vec<usize>)> {
    let mut met = Vec::new();
    let ids = |tokens: &Tokens| tokens.input_ids.dims().to_vec();
    let embedded = |states: &[Tensor<3>]| states.first().map(|first| first.dims().to_vec());
    if let (Input::TokenPair { source: read, .. }, Some(source)) = (input, &output.source) {
        met.push((Place::SourceTokens, ids(read)));
        met.extend(embedded(&source.hidden_states).map(|dims| (Place::SourceEmbedded, dims)));
        met.push((Place::SourceLast, source.last_hidden_state.dims().to_vec()));
    }
    match input {
        Input::Tokens(tokens) | Input::TokenPair { target: tokens, .. } => met.push((Place::Tokens, ids(tokens))),
        Input::Images(images) => met.push((Place::Image, images.dims.to_vec())),
    }
    met.extend(embedded(&output.hidden_states).map(|dims| (Place::Embedded, dims)));
    let hidden = output.last_hidden_state.as_ref().or(output.hidden_states.last());
    met.extend(hidden.map(|hidden| (Place::Last, hidden.dims().to_vec())));
    met.extend(output.pooled.as_ref().map(|pooled| (Place::Pooled, pooled.dims().to_vec())));
    let answer = match &output.head {
        HeadOutput::Hidden(scores)
        | HeadOutput::TokenLogits(scores)
        | HeadOutput::NextTokenLogits(scores)
        | HeadOutput::TokenLabelLogits(scores) => scores.dims().to_vec(),
        HeadOutput::LabelLogits(scores)
        | HeadOutput::DistilledLabelLogits { class: scores, .. }
        | HeadOutput::SpanLogits { start: scores, .. } => scores.dims().to_vec(),
        HeadOutput::Reward(scores) => scores.dims().to_vec(),
    };
    met.push((Place::Answer(output.head.kind()), answer));
    met
}
