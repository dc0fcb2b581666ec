#![doc = include_str!("README.md")]
//!
//! # Source
//!
//! Raffel et al. 2019, arXiv 1910.10683, §2.1 and the released code.

use std::sync::LazyLock;

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Device, Tensor};
use serde_json::json;
use zoo_registry::lesson::Plan;
use zoo_registry::{
    Cache, CausalNetwork, Descriptor, Dir, Error, Family, HeadOutput, Input, Lesson, Limits, Logits, Network, Output,
    Pattern, Patterns, Result, Saved, Stack, TextBatch, TokenBatch, TokenLimits, Trace, WeightNames, decode::own,
    include_dir,
};

use crate::blocks::{KvCache, Linear, PairCache, embedding, last_or_all, tied_logits, unbiased_linear};
use crate::lessons::numbers::Rewrite;

mod config;
mod stack;
mod weights;

pub use config::{Config, FeedForwardKind, HeadKind};
pub use stack::{Decoder, DecoderLayer, Encoder, EncoderLayer, FeedForward};

/// The family, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct T5Family;

/// One token table, an encoder, a decoder unless the encoder stands alone, and the output layer where it is not the table.
#[derive(Module, Debug)]
pub struct T5 {
    token: Embedding,
    encoder: Encoder,
    decoder: Option<Decoder>,
    output: Option<Linear>,
    #[module(skip)]
    config: Config,
}

impl Network for T5 {
    type Input = TextBatch;

    fn limits(&self) -> Limits {
        match self.decoder {
            Some(_) => Limits::TokenPair { source: self.text_limits(), target: self.text_limits() },
            None => Limits::Tokens(self.text_limits()),
        }
    }

    fn patterns(&self) -> Patterns {
        let n_encoder_layers = self.config.n_encoder_layers;
        match &self.decoder {
            Some(decoder) => Patterns::encoder_decoder(n_encoder_layers, decoder.len()),
            None => Patterns::alike(n_encoder_layers, Pattern::Full),
        }
    }

    fn forward(&self, TextBatch { source, target }: TextBatch, trace: &mut Trace) -> Output {
        let (Some(decoder), Some(target)) = (&self.decoder, target) else {
            return Output::new(HeadOutput::Hidden(self.read(source, trace)));
        };
        let mask = source.attention_mask.clone();
        let encoded = trace.within(Stack::Encoder, |trace| self.read(source, trace));
        let mut memory = PairCache { source: decoder.look_at(&encoded, mask), written: KvCache::forgetful() };
        let hidden = self.write(decoder, target, &mut memory, trace);
        let head = match self.config.head {
            HeadKind::ConditionalGeneration => HeadOutput::NextTokenLogits(self.logits(hidden)),
            HeadKind::None | HeadKind::Encoder => HeadOutput::Hidden(hidden),
        };
        Output::of_source(head, encoded)
    }

    fn causal(&self) -> Option<&dyn CausalNetwork> {
        (self.config.head == HeadKind::ConditionalGeneration).then_some(self)
    }
}

impl CausalNetwork for T5 {
    fn start(&self, source: Option<&Input>, device: &Device) -> Result<Box<dyn Cache>, String> {
        let decoder = self.decoder.as_ref().ok_or("expected a decoder, found the encoder alone")?;
        let source = TokenBatch::of_source(source, &self.text_limits(), device)?;
        let mask = source.attention_mask.clone();
        let encoded = self.read(source, &mut Trace::off());
        Ok(Box::new(PairCache::new(decoder.look_at(&encoded, mask), decoder.len())))
    }

    fn step(&self, batch: TokenBatch, cache: &mut dyn Cache, logits: Logits) -> Result<Tensor<3>> {
        let lacks = || Error::Unsupported { model: "t5".into(), lacks: "has no decoder".into() };
        let decoder = self.decoder.as_ref().ok_or_else(lacks)?;
        let hidden = self.write(decoder, batch, own(cache, "t5")?, &mut Trace::off());
        Ok(self.logits(last_or_all(hidden, logits)))
    }

    fn resume(&self, saved: &mut Saved, device: &Device) -> Result<Box<dyn Cache>, String> {
        let Config { n_heads, head_dim, .. } = self.config;
        Ok(Box::new(PairCache::resumed(saved, self.config.n_decoder_layers(), [n_heads, head_dim], device)?))
    }
}

impl T5 {
    /// What the encoder makes of a text.
    ///
    /// # Shapes
    /// `input_ids [batch, source_len]` → `[batch, source_len, d_model]`
    fn read(&self, source: TokenBatch, trace: &mut Trace) -> Tensor<3> {
        self.encoder.forward(self.token.forward(source.input_ids), source.attention_mask, trace)
    }

    /// What the decoder makes of a text after what `memory` holds.
    ///
    /// # Shapes
    /// `input_ids [batch, target_len]` → `[batch, target_len, d_model]`
    fn write(&self, decoder: &Decoder, target: TokenBatch, memory: &mut PairCache, trace: &mut Trace) -> Tensor<3> {
        decoder.forward(self.token.forward(target.input_ids), target.attention_mask, memory, trace)
    }

    fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        match &self.output {
            Some(output) => output.forward(hidden),
            None => tied_logits(hidden / (self.config.d_model as f64).sqrt(), &self.token),
        }
    }

    fn text_limits(&self) -> TokenLimits {
        TokenLimits { vocab_size: self.config.vocab_size, max_positions: None, n_token_types: 1 }
    }
}

impl Family for T5Family {
    type Config = Config;
    type Network = T5;

    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: LazyLock<Descriptor> =
            LazyLock::new(|| Descriptor::parse(include_str!("t5.toml")).unwrap_or_else(|error| panic!("{error}")));
        &DESCRIPTOR
    }

    fn folder(&self) -> &Dir<'static> {
        static FOLDER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/t5");
        &FOLDER
    }

    fn blocks(&self) -> Option<&'static Dir<'static>> {
        Some(&crate::blocks::SOURCES)
    }

    fn init(&self, config: &Config, device: &Device) -> T5 {
        let Config { head, vocab_size, d_model, tied, .. } = *config;
        let untied = head == HeadKind::ConditionalGeneration && !tied;
        T5 {
            token: embedding([vocab_size, d_model], EMBEDDING_STD, device),
            encoder: Encoder::init(config, device),
            decoder: (head != HeadKind::Encoder).then(|| Decoder::init(config, device)),
            output: untied.then(|| unbiased_linear([d_model, vocab_size], EMBEDDING_STD, device)),
            config: config.clone(),
        }
    }

    fn lesson(&self) -> Option<Box<dyn Lesson>> {
        let sizes = json!({ "d_model": 48, "n_encoder_layers": 2, "n_decoder_layers": 2, "n_heads": 4, "head_dim": 12, "d_ff": 96 });
        Some(Box::new(Rewrite::new(sizes, Plan { steps: 3000, learning_rate: 3e-3 })))
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        weights::names(config)
    }
}

/// As the released code draws tokens, and the output layer where it is another table.
const EMBEDDING_STD: f64 = 1.0;

#[cfg(test)]
mod tests {
    use super::*;
    use zoo_registry::{Architecture, Rows, Tokens};

    #[test]
    fn as_many_sources_as_texts() {
        let tiny = &Family::descriptor(&T5Family).tiny;
        let model = T5Family.build(tiny, &Device::flex()).unwrap();
        let decoder = model.decoder().unwrap();
        let source = |texts| Input::Tokens(Tokens::new(Rows::full(texts, 3, 1)));
        assert!(decoder.start(2, Some(&source(2))).is_ok());
        let told = |source: Option<Input>| decoder.start(2, source.as_ref()).err().unwrap().to_string();
        assert!(told(Some(source(3))).contains("expected as many sources as texts, 2, found 3"));
        assert!(told(None).contains("expected a source text, found none"));
    }
}
