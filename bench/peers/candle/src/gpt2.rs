//! GPT-2 of candle's own parts.
//!
//! candle-transformers 0.11 has no GPT-2, and its GPT-BigCode, the nearest in shape, multiplies matrices that do not fit when each head has
//! its own keys. So this is written as its models are: `Linear` over the transposed weight, `softmax_last_dim`, and the cache of candle-nn.

use candle_core::{DType, Device, IndexOp, Result, Tensor};
use candle_nn::kv_cache::KvCache;
use candle_nn::{Embedding, LayerNorm, Linear, Module, VarBuilder, embedding, layer_norm, ops};

const VOCAB_SIZE: usize = 50257;
const MAX_POSITIONS: usize = 1024;
const WIDTH: usize = 768;
const HEADS: usize = 12;
const LAYERS: usize = 12;

pub(crate) struct Gpt2 {
    token: Embedding,
    position: Embedding,
    layers: Vec<Layer>,
    norm: LayerNorm,
    output: Linear,
}

struct Layer {
    attention_norm: LayerNorm,
    query_key_value: Linear,
    attended: Linear,
    mlp_norm: LayerNorm,
    up: Linear,
    down: Linear,
    cache: KvCache,
}

impl Gpt2 {
    pub(crate) fn load(vb: VarBuilder<'_>) -> Result<Self> {
        let vb = vb.pp("transformer");
        let token = embedding(VOCAB_SIZE, WIDTH, vb.pp("wte"))?;
        Ok(Self {
            output: Linear::new(token.embeddings().clone(), None),
            token,
            position: embedding(MAX_POSITIONS, WIDTH, vb.pp("wpe"))?,
            layers: (0..LAYERS).map(|index| Layer::load(vb.pp(format!("h.{index}")))).collect::<Result<_>>()?,
            norm: layer_norm(WIDTH, 1e-5, vb.pp("ln_f"))?,
        })
    }

    /// Hidden states of new tokens, after everything that was read since [`forget`](Self::forget).
    fn read(&mut self, ids: &Tensor) -> Result<Tensor> {
        let (batch, len) = ids.dims2()?;
        let past = self.layers[0].cache.current_seq_len();
        let positions = Tensor::arange(past as u32, (past + len) as u32, &Device::Cpu)?;
        let mut hidden = self.token.forward(ids)?.broadcast_add(&self.position.forward(&positions)?)?;
        let mask = if len == 1 {
            None
        } else {
            Some(causal_mask(len, past)?.broadcast_as((batch, HEADS, len, past + len))?)
        };
        for layer in &mut self.layers {
            hidden = layer.forward(&hidden, mask.as_ref())?;
        }
        self.norm.forward(&hidden)
    }

    /// Scores after each of the tokens.
    pub(crate) fn logits(&mut self, ids: &Tensor) -> Result<Tensor> {
        let hidden = self.read(ids)?;
        self.output.forward(&hidden)
    }

    /// Scores after the last one, `[batch, 1, vocab_size]`.
    pub(crate) fn last_logits(&mut self, ids: &Tensor) -> Result<Tensor> {
        let hidden = self.read(ids)?;
        let last = hidden.i((.., ids.dim(1)? - 1.., ..))?.contiguous()?;
        self.output.forward(&last)
    }

    pub(crate) fn forget(&mut self) {
        self.layers.iter_mut().for_each(|layer| layer.cache.reset());
    }
}

impl Layer {
    fn load(vb: VarBuilder<'_>) -> Result<Self> {
        // GPT-2's files hold `[in, out]`; candle's layer wants `[out, in]`. Turned round once, while loading.
        let linear = |d_in: usize, d_out: usize, vb: VarBuilder<'_>| {
            let weight = vb.get((d_in, d_out), "weight")?.t()?.contiguous()?;
            Ok::<_, candle_core::Error>(Linear::new(weight, Some(vb.get(d_out, "bias")?)))
        };
        Ok(Self {
            attention_norm: layer_norm(WIDTH, 1e-5, vb.pp("ln_1"))?,
            query_key_value: linear(WIDTH, 3 * WIDTH, vb.pp("attn.c_attn"))?,
            attended: linear(WIDTH, WIDTH, vb.pp("attn.c_proj"))?,
            mlp_norm: layer_norm(WIDTH, 1e-5, vb.pp("ln_2"))?,
            up: linear(WIDTH, 4 * WIDTH, vb.pp("mlp.c_fc"))?,
            down: linear(4 * WIDTH, WIDTH, vb.pp("mlp.c_proj"))?,
            cache: KvCache::new(2, MAX_POSITIONS),
        })
    }

    fn forward(&mut self, hidden: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let hidden = (hidden + self.attend(&self.attention_norm.forward(hidden)?, mask)?)?;
        let expanded = self.up.forward(&self.mlp_norm.forward(&hidden)?)?.gelu()?;
        &hidden + self.down.forward(&expanded)?
    }

    fn attend(&mut self, hidden: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let (batch, len, _) = hidden.dims3()?;
        let all = self.query_key_value.forward(hidden)?.reshape((batch, len, 3, HEADS, WIDTH / HEADS))?;
        // [batch, n_heads, len, head_dim]
        let part = |index: usize| all.i((.., .., index))?.transpose(1, 2)?.contiguous();
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let (key, value) = self.cache.append(&key, &value)?;
        let scores = (query.matmul(&key.transpose(2, 3)?)? * (1.0 / ((WIDTH / HEADS) as f64).sqrt()))?;
        let scores = match mask {
            Some(mask) => (scores + mask)?,
            None => scores,
        };
        let mixed = ops::softmax_last_dim(&scores)?.matmul(&value)?;
        self.attended.forward(&mixed.transpose(1, 2)?.reshape((batch, len, WIDTH))?)
    }
}

/// 0 where a token may look, −∞ where it may not.
fn causal_mask(len: usize, past: usize) -> Result<Tensor> {
    let hidden = |row: usize, column: usize| if column <= past + row { 0.0 } else { f32::NEG_INFINITY };
    let mask: Vec<f32> = (0..len).flat_map(|row| (0..past + len).map(move |column| hidden(row, column))).collect();
    Tensor::from_vec(mask, (len, past + len), &Device::Cpu)?.to_dtype(DType::F32)
}
