//! A model whose scores are known, and what may be expected of text that is written with it.

mod beam;
mod distribution;
mod search;

use std::any::Any;
use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

use super::*;
use crate::batch::TokenLimits;
use crate::decode::{Cache, Held};
use crate::input::Side;

/// Scores of the next token, by the number of the source (0 where there is none) and the text so far.
type Rule = fn(i64, &[i64]) -> Vec<f32>;

/// A model that looks its scores up. Its memory is the text.
pub(super) struct Table {
    rule: Rule,
    limits: TokenLimits,
}

#[derive(Debug, Clone)]
struct Memory(Vec<(i64, Vec<i64>)>);

impl Cache for Memory {
    fn select(&mut self, rows: &[usize]) {
        self.0 = rows.iter().map(|&row| self.0[row].clone()).collect();
    }

    fn boxed_clone(&self) -> Box<dyn Cache> {
        Box::new(self.clone())
    }

    fn tensors(&self) -> BTreeMap<String, Held> {
        BTreeMap::new()
    }
}

impl Table {
    pub(super) fn new(rule: Rule) -> Self {
        let vocab_size = rule(0, &[0]).len();
        Self { rule, limits: TokenLimits { vocab_size, max_positions: None, n_token_types: 1 } }
    }
}

impl Decode for Table {
    fn start(&self, batch: usize, source: Option<&Input>) -> Result<DecodeState> {
        let sources = match source {
            Some(Input::Tokens(tokens)) => tokens.input_ids.rows().map(|row| row[0]).collect(),
            _ => vec![0; batch],
        };
        let memory = sources.into_iter().map(|source| (source, Vec::new()));
        Ok(DecodeState::new(batch, Box::new(Memory(memory.collect()))))
    }

    fn advance(&self, state: &mut DecodeState, tokens: &Tokens, _logits: Logits) -> Result<Tensor<3>> {
        let mask = tokens.mask();
        let known = 0..self.limits.vocab_size as i64;
        if let Some(id) = tokens.input_ids.as_slice().iter().find(|id| !known.contains(*id)) {
            return Err(Error::Input {
                model: "table".into(),
                reason: format!("expected ids in {known:?}, found {id}"),
            });
        }
        let Memory(memory) = (state.cache.as_mut() as &mut dyn Any).downcast_mut::<Memory>().unwrap();
        let mut scores = Vec::new();
        for ((row, ids), (source, text)) in tokens.input_ids.rows().enumerate().zip(memory) {
            text.extend(ids.iter().zip(mask.row(row)).filter(|(_, real)| **real).map(|(id, _)| id));
            scores.extend((self.rule)(*source, text));
        }
        let shape = [state.batch, 1, self.limits.vocab_size];
        Ok(Tensor::from_data(TensorData::new(scores, shape), &Device::flex()))
    }

    fn token_limits(&self) -> Result<TokenLimits> {
        Ok(self.limits.clone())
    }
}

/// Scores that depend on the whole text, spread over about ±3 without ties.
pub(super) fn scramble<const VOCAB: usize>(source: i64, text: &[i64]) -> Vec<f32> {
    let mix = |hash: u64, id: &i64| (hash ^ (*id as u64 + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    let hash = text.iter().fold(mix(17, &source), mix);
    let score = |id| (mix(hash, &id) >> 40) as f32 / (1u64 << 24) as f32 * 6.0 - 3.0;
    (0..VOCAB as i64).map(score).collect()
}

/// Texts of different lengths, padded on the left.
pub(super) fn prompts(texts: &[&[i64]]) -> Tokens {
    Tokens::padded(texts, 0, Side::Left).unwrap()
}

/// The best continuation of each text.
pub(super) fn write(model: &Table, prompt: &Tokens, strategy: &Strategy) -> Vec<Vec<i64>> {
    let written = generate(model, prompt, strategy, &mut |_| true).unwrap();
    written.iter().map(|texts| texts[0].continuation().to_vec()).collect()
}
