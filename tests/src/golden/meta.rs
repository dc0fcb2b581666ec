//! `meta.json`, as the program that records goldens writes it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Meta {
    pub(super) cases: Vec<Case>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Role → key in `inputs.safetensors`.
    pub(super) inputs: BTreeMap<String, String>,
    /// Settings of the reference's forward; none are known here.
    #[serde(default)]
    pub(super) kwargs: Map<String, Value>,
    /// Name → key in `outputs.safetensors`.
    pub(super) outputs: BTreeMap<String, Recorded>,
    pub(super) grad: Option<Gradients>,
    /// Name of an output → the settings it was generated with.
    #[serde(default)]
    pub(super) generation: BTreeMap<String, Generation>,
    /// Whether the f64 run generated the same ids: where not, the reference is a coin toss.
    #[serde(default)]
    pub(super) ids_equal_in_f64: BTreeMap<String, bool>,
    /// Whether what the reference wrote was read at positions that count padding.
    #[serde(default)]
    pub(super) positions_from_left_edge: bool,
    #[serde(default)]
    pub(super) score_noise: BTreeMap<String, f64>,
}

/// What a reference was recorded to do in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Read: hidden states, maps, what the head says.
    Forward,
    /// Learn: the loss, and the gradient of every parameter.
    Loss,
    /// Write: texts, id by id, and their scores.
    Generate,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Recorded {
    pub(super) key: String,
    pub(super) noise_f32_vs_f64: Option<f64>,
    pub(super) noise_on_real_tokens: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Gradients {
    pub(super) noise_max_abs_elementwise: f64,
    /// Published name → `[L2 norm, sum]`; `null` where the loss does not depend on the parameter.
    pub(super) by_parameter: BTreeMap<String, Option<[f64; 2]>>,
}

impl Gradients {
    /// Noise of the length and sum of a gradient of n elements: errors of at most the recorded noise in each, of random sign,
    /// move both by √n of it.
    pub(super) fn noise(&self, n: usize) -> f64 {
        self.noise_max_abs_elementwise * (n as f64).sqrt()
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Generation {
    pub(super) max_new_tokens: usize,
    #[serde(default)]
    pub(super) do_sample: bool,
    pub(super) pad_token_id: i64,
    #[serde(default = "one")]
    pub(super) num_beams: usize,
    pub(super) eos_token_id: Option<i64>,
    /// What an encoder–decoder begins with.
    pub(super) decoder_start_token_id: Option<i64>,
    #[serde(default = "unpenalised")]
    pub(super) length_penalty: f64,
    pub(super) no_repeat_ngram_size: Option<usize>,
    #[serde(default = "one")]
    pub(super) num_return_sequences: usize,
}

fn one() -> usize {
    1
}

fn unpenalised() -> f64 {
    1.0
}
