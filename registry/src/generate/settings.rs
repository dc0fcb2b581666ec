//! What a checkpoint's `generation_config.json` asks for, and what overrides it.

use std::path::Path;

use serde_json::{Map, Value};

use super::{MOST_STOP_IDS, Sampling, Strategy};
use crate::checkpoint::read_object;
use crate::error::{Error, Problem, Result};

/// Settings of a [`Strategy`] that may each be left open, so that one source can fill what another leaves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// [`Strategy::max_new_tokens`].
    pub max_new_tokens: Option<usize>,
    /// Most tokens of prompt and continuation together; where there is no `max_new_tokens`.
    pub max_length: Option<usize>,
    /// [`Strategy::min_new_tokens`].
    pub min_new_tokens: Option<usize>,
    /// Least tokens of prompt and continuation together; where there is no `min_new_tokens`.
    pub min_length: Option<usize>,
    /// [`Strategy::n_beams`].
    pub n_beams: Option<usize>,
    /// [`Strategy::length_penalty`].
    pub length_penalty: Option<f64>,
    /// [`Strategy::early_stopping`].
    pub early_stopping: Option<bool>,
    /// [`Strategy::repetition_penalty`].
    pub repetition_penalty: Option<f64>,
    /// [`Strategy::no_repeat_ngram`].
    pub no_repeat_ngram: Option<usize>,
    /// Whether tokens are drawn; the four settings below say how.
    pub sample: Option<bool>,
    /// [`Sampling::temperature`].
    pub temperature: Option<f64>,
    /// [`Sampling::top_k`].
    pub top_k: Option<usize>,
    /// [`Sampling::top_p`].
    pub top_p: Option<f64>,
    /// [`Sampling::seed`].
    pub seed: Option<u64>,
    /// [`Strategy::stop_ids`].
    pub stop_ids: Option<Vec<i64>>,
    /// [`Strategy::pad_id`].
    pub pad_id: Option<i64>,
}

/// Fields of Hugging Face's files that say nothing about which token is chosen.
const WITHOUT_EFFECT: [&str; 12] = [
    "_from_model_config",
    "bos_token_id",
    "cache_implementation",
    "decoder_start_token_id",
    "output_attentions",
    "output_hidden_states",
    "output_logits",
    "output_scores",
    "return_dict_in_generate",
    "transformers_version",
    "use_cache",
    "low_memory",
];

/// Fields that zoo does not know, with the value that changes nothing.
const UNLESS_CHANGED: [(&str, f64); 12] = [
    ("diversity_penalty", 0.0),
    ("encoder_no_repeat_ngram_size", 0.0),
    ("encoder_repetition_penalty", 1.0),
    ("epsilon_cutoff", 0.0),
    ("eta_cutoff", 0.0),
    ("guidance_scale", 1.0),
    ("min_p", 0.0),
    ("num_beam_groups", 1.0),
    ("num_return_sequences", 1.0),
    ("remove_invalid_values", 0.0),
    ("renormalize_logits", 0.0),
    ("typical_p", 1.0),
];

/// A file that samples and does not say among how many was written with this default.
const USUAL_TOP_K: usize = 50;

impl Settings {
    /// Reads a `generation_config.json`. Returns, besides, the fields that would have an effect and are not known here.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Parse`] if the file is huge, not a JSON object, or has fields of a wrong kind, all of them.
    pub fn read(path: &Path) -> Result<(Self, Vec<String>)> {
        Self::from_published(&read_object(path)?).map_err(|problems| {
            let told = problems.iter().map(|problem| format!("\n  {problem}")).collect::<String>();
            Error::Parse { path: path.to_owned(), reason: format!("cannot be followed:{told}") }
        })
    }

    /// As [`Self::read`], of what the file holds. What Hugging Face writes for "not at all" (`null`, no beams, runs of 0 tokens,
    /// the 0 best) is left open.
    ///
    /// # Errors
    /// Every field of a wrong kind.
    pub fn from_published(fields: &Map<String, Value>) -> Result<(Self, Vec<String>), Vec<Problem>> {
        let mut found = Fields { fields, problems: Vec::new() };
        let sample = found.get("do_sample", "true or false", Value::as_bool);
        let settings = Self {
            max_new_tokens: found.count("max_new_tokens"),
            max_length: found.count("max_length"),
            min_new_tokens: found.count("min_new_tokens"),
            min_length: found.count("min_length").filter(|&n| n > 0),
            n_beams: found.count("num_beams").filter(|&n| n > 0),
            length_penalty: found.number("length_penalty"),
            // A third way of stopping is told by a word, and not known here.
            early_stopping: fields.get("early_stopping").and_then(Value::as_bool).filter(|&early| early),
            repetition_penalty: found.number("repetition_penalty"),
            no_repeat_ngram: found.count("no_repeat_ngram_size").filter(|&n| n > 0),
            sample,
            temperature: found.number("temperature"),
            top_k: match found.count("top_k") {
                // Files leave out what has its default.
                None if sample == Some(true) && !fields.contains_key("top_k") => Some(USUAL_TOP_K),
                k => k.filter(|&k| k > 0),
            },
            top_p: found.number("top_p"),
            seed: None,
            stop_ids: found.get("eos_token_id", "a token id or a list of them", ids),
            pad_id: found.get("pad_token_id", "a token id", Value::as_i64),
        };
        if !found.problems.is_empty() {
            return Err(found.problems);
        }
        let unknown = fields.iter().filter(|(name, value)| !is_read(name, value) && has_effect(name, value));
        Ok((settings, unknown.map(|(name, _)| name.clone()).collect()))
    }

    /// What is open here is filled from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            max_new_tokens: self.max_new_tokens.or(other.max_new_tokens),
            max_length: self.max_length.or(other.max_length),
            min_new_tokens: self.min_new_tokens.or(other.min_new_tokens),
            min_length: self.min_length.or(other.min_length),
            n_beams: self.n_beams.or(other.n_beams),
            length_penalty: self.length_penalty.or(other.length_penalty),
            early_stopping: self.early_stopping.or(other.early_stopping),
            repetition_penalty: self.repetition_penalty.or(other.repetition_penalty),
            no_repeat_ngram: self.no_repeat_ngram.or(other.no_repeat_ngram),
            sample: self.sample.or(other.sample),
            temperature: self.temperature.or(other.temperature),
            top_k: self.top_k.or(other.top_k),
            top_p: self.top_p.or(other.top_p),
            seed: self.seed.or(other.seed),
            stop_ids: self.stop_ids.or(other.stop_ids),
            pad_id: self.pad_id.or(other.pad_id),
        }
    }

    /// The strategy, with [`Strategy`]'s and [`Sampling`]'s defaults for what is still open. `prompt_len` counts the tokens of the
    /// longest prompt, for `max_length` and `min_length`.
    pub fn strategy(&self, prompt_len: usize) -> Strategy {
        let (usual, drawing) = (Strategy::default(), Sampling::default());
        let left = self.max_length.map(|most| most.saturating_sub(prompt_len).max(1));
        let least = self.min_length.map(|least| least.saturating_sub(prompt_len));
        let sampling = Sampling {
            temperature: self.temperature.unwrap_or(drawing.temperature),
            top_k: self.top_k,
            top_p: self.top_p.unwrap_or(drawing.top_p),
            seed: self.seed.unwrap_or(drawing.seed),
        };
        Strategy {
            max_new_tokens: self.max_new_tokens.or(left).unwrap_or(usual.max_new_tokens),
            min_new_tokens: self.min_new_tokens.or(least).unwrap_or(usual.min_new_tokens),
            n_beams: self.n_beams.unwrap_or(usual.n_beams),
            length_penalty: self.length_penalty.unwrap_or(usual.length_penalty),
            early_stopping: self.early_stopping.unwrap_or(usual.early_stopping),
            repetition_penalty: self.repetition_penalty.unwrap_or(usual.repetition_penalty),
            no_repeat_ngram: self.no_repeat_ngram,
            sampling: self.sample.unwrap_or(false).then_some(sampling),
            stop_ids: self.stop_ids.clone().unwrap_or(usual.stop_ids),
            pad_id: self.pad_id.unwrap_or(usual.pad_id),
        }
    }
}

/// The fields of a file, and what is wrong with those that were looked at.
struct Fields<'a> {
    fields: &'a Map<String, Value>,
    problems: Vec<Problem>,
}

impl Fields<'_> {
    fn get<T>(&mut self, name: &str, expected: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let value = self.fields.get(name).filter(|value| !value.is_null())?;
        let found = read(value);
        if found.is_none() {
            self.problems.push(Problem::new(name, format!("expected {expected}, found {}", short(value))));
        }
        found
    }

    fn count(&mut self, name: &str) -> Option<usize> {
        self.get(name, "a whole number from 0 on", |value| value.as_u64().and_then(|n| usize::try_from(n).ok()))
    }

    fn number(&mut self, name: &str) -> Option<f64> {
        self.get(name, "a number", Value::as_f64)
    }
}

fn ids(value: &Value) -> Option<Vec<i64>> {
    match value {
        Value::Array(ids) if ids.len() <= MOST_STOP_IDS => ids.iter().map(Value::as_i64).collect(),
        Value::Number(_) => value.as_i64().map(|id| vec![id]),
        _ => None,
    }
}

fn is_read(name: &str, value: &Value) -> bool {
    const READ: [&str; 14] = [
        "do_sample",
        "max_new_tokens",
        "max_length",
        "min_new_tokens",
        "min_length",
        "num_beams",
        "length_penalty",
        "repetition_penalty",
        "no_repeat_ngram_size",
        "temperature",
        "top_k",
        "top_p",
        "eos_token_id",
        "pad_token_id",
    ];
    READ.contains(&name) || WITHOUT_EFFECT.contains(&name) || (name == "early_stopping" && value.is_boolean())
}

fn has_effect(name: &str, value: &Value) -> bool {
    let says = match value {
        Value::Null => return false,
        Value::Bool(says) => Some(f64::from(u8::from(*says))),
        value => value.as_f64(),
    };
    !UNLESS_CHANGED.iter().any(|(known, nothing)| *known == name && says == Some(*nothing))
}

/// A value from a file, which may hold anything.
fn short(value: &Value) -> String {
    const SHOWN: usize = 40;
    let text = value.to_string();
    let start: String = text.chars().take(SHOWN).collect();
    if start.len() < text.len() { format!("{start}…") } else { start }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(fields: Value) -> Result<(Settings, Vec<String>), Vec<Problem>> {
        Settings::from_published(fields.as_object().unwrap())
    }

    #[test]
    fn published_settings_become_ours() {
        let (settings, unknown) = read(json!({
            "_from_model_config": true, "bos_token_id": 1, "eos_token_id": [2, 3], "pad_token_id": 0, "do_sample": true,
            "temperature": 0.6, "top_k": 20, "top_p": 0.9, "repetition_penalty": 1.1, "num_beams": 1, "length_penalty": 2,
            "no_repeat_ngram_size": 3, "max_new_tokens": 64, "min_new_tokens": 2, "transformers_version": "4.57.6",
            "early_stopping": true,
        }))
        .unwrap();
        assert_eq!(unknown, [""; 0]);
        let expected = Strategy {
            max_new_tokens: 64,
            min_new_tokens: 2,
            n_beams: 1,
            length_penalty: 2.0,
            early_stopping: true,
            repetition_penalty: 1.1,
            no_repeat_ngram: Some(3),
            sampling: Some(Sampling { temperature: 0.6, top_k: Some(20), top_p: 0.9, seed: 0 }),
            stop_ids: vec![2, 3],
            pad_id: 0,
        };
        assert_eq!(settings.strategy(5), expected);
    }

    #[test]
    fn what_changes_nothing_is_left_open() {
        let nothing = json!({ "eos_token_id": null, "no_repeat_ngram_size": 0, "top_k": 0, "temperature": null, "min_p": null,
                              "typical_p": 1.0, "num_beam_groups": 1, "early_stopping": false, "min_length": 0 });
        let (settings, unknown) = read(nothing).unwrap();
        assert_eq!((settings, unknown), (Settings::default(), vec![]));
        assert_eq!(Settings::default().strategy(3), Strategy::default());
    }

    #[test]
    fn unknown_fields_with_an_effect_are_told() {
        let fields = json!({ "min_p": 0.1, "typical_p": 0.9, "suppress_tokens": [1], "early_stopping": "never", "novelty": null });
        assert_eq!(read(fields).unwrap().1, ["min_p", "typical_p", "suppress_tokens", "early_stopping"]);
    }

    #[test]
    fn a_file_that_samples_leaves_out_the_default_of_its_time() {
        let top_k = |fields| read(fields).unwrap().0.top_k;
        assert_eq!(top_k(json!({ "do_sample": true })), Some(50));
        assert_eq!(top_k(json!({ "do_sample": true, "top_k": 0 })), None);
        assert_eq!(top_k(json!({ "do_sample": false })), None);
    }

    #[test]
    fn every_field_of_a_wrong_kind_is_told() {
        let fields = json!({ "temperature": "hot", "top_k": -1, "eos_token_id": [1, "end"], "do_sample": 1, "max_length": 1.5,
                             "pad_token_id": [0] });
        let told: Vec<String> = read(fields).unwrap_err().iter().map(ToString::to_string).collect();
        for field in ["temperature", "top_k", "eos_token_id", "do_sample", "max_length", "pad_token_id"] {
            assert!(told.iter().any(|told| told.contains(&format!("`{field}`: expected"))), "{field}: {told:?}");
        }
        let many = json!({ "eos_token_id": vec![1; 100_000] });
        assert!(read(many).unwrap_err()[0].message.len() < 200);
    }

    #[test]
    fn a_length_counts_the_prompt_and_new_tokens_do_not() {
        let (settings, _) = read(json!({ "max_length": 30 })).unwrap();
        assert_eq!(settings.strategy(12).max_new_tokens, 18);
        assert_eq!(settings.strategy(40).max_new_tokens, 1);
        let (least, _) = read(json!({ "min_length": 30 })).unwrap();
        assert_eq!((least.strategy(12).min_new_tokens, least.strategy(40).min_new_tokens), (18, 0));
        let flags = Settings { max_new_tokens: Some(3), ..Settings::default() };
        assert_eq!(flags.or(settings).strategy(12).max_new_tokens, 3);
    }

    #[test]
    fn what_is_told_first_counts_field_by_field() {
        let told = |n: usize| Settings {
            max_new_tokens: Some(n),
            max_length: Some(n),
            min_new_tokens: Some(n),
            min_length: Some(n),
            n_beams: Some(n),
            length_penalty: Some(n as f64),
            early_stopping: Some(n == 1),
            repetition_penalty: Some(n as f64),
            no_repeat_ngram: Some(n),
            sample: Some(n == 1),
            temperature: Some(n as f64),
            top_k: Some(n),
            top_p: Some(n as f64),
            seed: Some(n as u64),
            stop_ids: Some(vec![n as i64]),
            pad_id: Some(n as i64),
        };
        assert_eq!(told(1).or(told(2)), told(1));
        assert_eq!(told(1).or(Settings::default()), told(1));
        assert_eq!(Settings::default().or(told(2)), told(2));
    }

    #[test]
    fn files_that_are_none_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("generation_config.json");
        let told = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Settings::read(&path).unwrap_err().to_string()
        };
        assert!(Settings::read(&path).is_err());
        assert!(told("[]").contains("expected a JSON object"));
        assert!(told("{").contains("generation_config.json"));
        assert!(told(r#"{ "top_p": [] }"#).contains("`top_p`: expected a number, found []"));
    }
}
