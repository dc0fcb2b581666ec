//! Configurations: read in our names or the published ones, checked against the fields they have, before any tensor exists.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::descriptor::Descriptor;
use crate::error::{Error, Problem, Result, did_you_mean};
use crate::names::nearest;

/// A family's sizes and choices as a type. Unknown fields never reach it; missing ones take its `serde` defaults.
pub trait Config: Serialize + DeserializeOwned + Send + Sync {
    /// Every rule the values break: sizes of zero, heads that do not divide, … Usually collected by [`Rules`].
    fn problems(&self) -> Vec<Problem>;
}

/// A configuration in our names, and what of the published one went unread.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Every field of the family's configuration, defaults included, in declaration order.
    pub config: Map<String, Value>,
    /// Fields of a published `config.json` that are neither ours nor known to be without effect.
    pub unread: Vec<String>,
}

/// Parses `config`, in our names, strictly.
///
/// # Errors
/// [`Error::Config`] naming every unknown field with the nearest known one, the first value of a wrong type, or every
/// rule the values break.
pub fn parse<C: Config>(descriptor: &Descriptor, config: &Map<String, Value>) -> Result<C> {
    let refuse = |problems| Error::Config { architecture: descriptor.id.clone(), problems };
    let mut unknown = Vec::new();
    let value = Value::Object(config.clone());
    let parsed: C = serde_ignored::deserialize(&value, |path| unknown.push(path.to_string()))
        .map_err(|error| refuse(vec![Problem::new(culprit::<C>(config, &error.to_string()), error.to_string())]))?;
    if !unknown.is_empty() {
        let known = canonical(&parsed);
        let problem = |field: String| {
            let near = nearest(&field, known.keys().map(String::as_str));
            Problem::new(field, format!("no such field{}", did_you_mean(&near)))
        };
        return Err(refuse(unknown.into_iter().map(problem).collect()));
    }
    let problems = parsed.problems();
    if problems.is_empty() { Ok(parsed) } else { Err(refuse(problems)) }
}

/// The field that makes a configuration fail with `told`: the one without which it fails otherwise, or not at all.
fn culprit<C: Config>(config: &Map<String, Value>, told: &str) -> String {
    let without = |field: &String| {
        let rest = config.iter().filter(|(name, _)| *name != field);
        let rest = Value::Object(rest.map(|(name, value)| (name.clone(), value.clone())).collect());
        serde_json::from_value::<C>(rest).err().map(|error| error.to_string())
    };
    let field = config.keys().find(|field| without(field).as_deref() != Some(told));
    field.map_or_else(|| "config".to_owned(), Clone::clone)
}

/// A configuration with every field, in declaration order.
pub fn canonical<C: Config>(config: &C) -> Map<String, Value> {
    match serde_json::to_value(config) {
        Ok(Value::Object(fields)) => fields,
        other => unreachable!("a configuration is a struct of plain fields, got {other:?}"),
    }
}

/// Translates a published `config.json` to our names; ours pass through.
///
/// Besides the family's own [`Published`](crate::descriptor::Published) table, two conventions of every Hugging Face
/// file are read here: `architectures` names the head, `id2label` counts the labels.
///
/// # Errors
/// [`Error::Config`] when the file says it is of another family, or says one thing twice.
pub fn from_published(descriptor: &Descriptor, published: &Map<String, Value>) -> Result<Resolved> {
    let mut config = Map::new();
    let mut unread = Vec::new();
    let mut problems = Vec::new();
    for (name, value) in published {
        let ours = descriptor.published.config.get(name);
        let (field, value) = match name.as_str() {
            "model_type" => {
                check_model_type(descriptor, value, &mut problems);
                continue;
            }
            "architectures" => match head_of(descriptor, value) {
                Some(head) => ("head".to_owned(), head.into()),
                None => continue,
            },
            "id2label" => match value.as_object() {
                Some(labels) => ("n_labels".to_owned(), labels.len().into()),
                None => continue,
            },
            _ if descriptor.published.ignored.contains(name) || BOOKKEEPING.contains(&name.as_str()) => continue,
            _ => match ours {
                Some(ours) => (ours.clone(), value.clone()),
                None if descriptor.tiny.contains_key(name) => (name.clone(), value.clone()),
                None => {
                    unread.push(name.clone());
                    continue;
                }
            },
        };
        if let Some(earlier) = config.get(&field).filter(|earlier| **earlier != value) {
            problems.push(Problem::new(name, format!("says {value} where the file already said {earlier}")));
        }
        // A published `null` means "the default", which is ours to give.
        if !value.is_null() {
            config.insert(field, value);
        }
    }
    if problems.is_empty() {
        Ok(Resolved { config, unread })
    } else {
        Err(Error::Config { architecture: descriptor.id.clone(), problems })
    }
}

/// The opposite of [`from_published`]: a `config.json` that Hugging Face libraries read.
pub fn to_published(descriptor: &Descriptor, config: &Map<String, Value>) -> Map<String, Value> {
    let mut published = Map::new();
    if let Some(model_type) = descriptor.published.model_types.first() {
        published.insert("model_type".into(), model_type.clone().into());
    }
    for (field, value) in config {
        let their_name = descriptor.published.config.iter().find(|(_, ours)| *ours == field).map(|(theirs, _)| theirs);
        match field.as_str() {
            "head" => {
                let head = value.as_str().and_then(|head| descriptor.head(head));
                if let Some(class) = head.and_then(|head| head.published.first()) {
                    published.insert("architectures".into(), vec![class.clone()].into());
                }
            }
            "n_labels" => {
                let labels = 0..value.as_u64().unwrap_or_default();
                let labels = labels.map(|label| (label.to_string(), Value::from(format!("LABEL_{label}"))));
                published.insert("id2label".into(), labels.collect::<Map<_, _>>().into());
            }
            _ => {
                let values = descriptor.published.values.get(field);
                let written = values.zip(value.as_str()).and_then(|(values, value)| values.get(value));
                let value = written.map_or_else(|| value.clone(), |written| written.clone().into());
                published.insert(their_name.unwrap_or(field).clone(), value);
            }
        }
    }
    published
}

/// Applies overrides such as `n_layers=4` or `head=masked-lm`. Values are JSON, or text where they are not.
///
/// # Errors
/// [`Error::Config`] for an override without `=`. Fields are checked when the result is parsed.
pub fn set(descriptor: &Descriptor, config: &mut Map<String, Value>, overrides: &[String]) -> Result<()> {
    let mut problems = Vec::new();
    for text in overrides {
        match text.split_once('=') {
            Some((field, value)) if !field.trim().is_empty() => {
                let value = value.trim();
                let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
                config.insert(field.trim().to_owned(), value);
            }
            _ => problems.push(Problem::new(text, "expected `field=value`, as in `n_layers=4`")),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Config { architecture: descriptor.id.clone(), problems }) }
}

/// Collects what a configuration breaks.
#[derive(Debug, Default)]
pub struct Rules {
    problems: Vec<Problem>,
}

/// No published model comes near; beyond it, products of two sizes would leave 64 bits.
const LARGEST_SIZE: usize = 1 << 31;
/// Layers are built one by one, so their number is bounded more tightly.
const MOST_LAYERS: usize = 10_000;

impl Rules {
    /// No problem yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A width or count: at least 1, at most 2³¹.
    #[must_use]
    pub fn size(self, field: &str, value: usize) -> Self {
        self.range(field, value, 1, LARGEST_SIZE)
    }

    /// A number of layers: at least 1, at most 10 000.
    #[must_use]
    pub fn layers(self, field: &str, value: usize) -> Self {
        self.range(field, value, 1, MOST_LAYERS)
    }

    /// `part` must divide `whole`: heads and the width they share.
    #[must_use]
    pub fn divides(self, (part, n): (&str, usize), (whole, size): (&str, usize)) -> Self {
        let ok = n > 0 && size.is_multiple_of(n);
        self.require(n == 0 || ok, part, || format!("must divide `{whole}`: {size} / {n} leaves {}", size % n.max(1)))
    }

    /// A small positive number: an epsilon, a scale.
    #[must_use]
    pub fn positive(self, field: &str, value: f64) -> Self {
        self.require(value > 0.0 && value.is_finite(), field, || format!("must be a positive number, found {value}"))
    }

    /// Any other rule, with the message for when it does not hold.
    #[must_use]
    pub fn require(mut self, holds: bool, field: &str, message: impl FnOnce() -> String) -> Self {
        if !holds {
            self.problems.push(Problem::new(field, message()));
        }
        self
    }

    /// Everything that was broken.
    pub fn broken(self) -> Vec<Problem> {
        self.problems
    }

    fn range(self, field: &str, value: usize, least: usize, most: usize) -> Self {
        let holds = (least..=most).contains(&value);
        self.require(holds, field, || format!("must be between {least} and {most}, found {value}"))
    }
}

/// Fields of every Hugging Face file that say nothing about the arithmetic of a forward pass.
const BOOKKEEPING: [&str; 24] = [
    "_name_or_path",
    "_attn_implementation_autoset",
    "auto_map",
    "bos_token_id",
    "decoder_start_token_id",
    "dtype",
    "eos_token_id",
    "finetuning_task",
    "gradient_checkpointing",
    "initializer_factor",
    "initializer_range",
    "label2id",
    "language",
    "name",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "pad_token_id",
    "problem_type",
    "sep_token_id",
    "task_specific_params",
    "torch_dtype",
    "transformers_version",
    "use_cache",
];

fn check_model_type(descriptor: &Descriptor, value: &Value, problems: &mut Vec<Problem>) {
    let known = &descriptor.published.model_types;
    if !value.as_str().is_some_and(|found| known.iter().any(|known| known == found)) {
        problems.push(Problem::new("model_type", format!("is {value}, `{}` reads {known:?}", descriptor.id)));
    }
}

fn head_of(descriptor: &Descriptor, architectures: &Value) -> Option<String> {
    let class = architectures.as_array()?.first()?.as_str()?;
    let head = descriptor.heads.iter().find(|head| head.published.iter().any(|published| published == class))?;
    Some(head.id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::tests::TOY;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Serialize, Deserialize)]
    struct Toy {
        d_model: usize,
        #[serde(default = "two")]
        n_heads: usize,
    }

    fn two() -> usize {
        2
    }

    impl Config for Toy {
        fn problems(&self) -> Vec<Problem> {
            Rules::new()
                .size("d_model", self.d_model)
                .size("n_heads", self.n_heads)
                .divides(("n_heads", self.n_heads), ("d_model", self.d_model))
                .broken()
        }
    }

    fn toy(config: Value) -> Result<Toy> {
        parse(&Descriptor::parse(TOY).unwrap(), config.as_object().unwrap())
    }

    #[test]
    fn unknown_fields_name_the_nearest() {
        let told = toy(json!({ "d_model": 8, "n_head": 2, "zzz": 1 })).unwrap_err().to_string();
        assert!(told.contains("`n_head`: no such field; did you mean `n_heads`?"), "{told}");
        assert!(told.contains("`zzz`"), "{told}");
    }

    #[test]
    fn rules_are_told_together() {
        let told = toy(json!({ "d_model": 0, "n_heads": 0 })).unwrap_err().to_string();
        assert!(told.contains("`d_model`") && told.contains("`n_heads`"), "{told}");
        let told = toy(json!({ "d_model": 8, "n_heads": 3 })).unwrap_err().to_string();
        assert!(told.contains("must divide `d_model`: 8 / 3 leaves 2"), "{told}");
        assert!(toy(json!({ "d_model": u64::MAX })).is_err());
        assert!(toy(json!({ "d_model": -1 })).is_err());
        let told = toy(json!({ "d_model": 8, "n_heads": "2" })).unwrap_err().to_string();
        assert!(told.contains("`n_heads`: invalid type"), "{told}");
    }

    #[test]
    fn published_names_become_ours() {
        let descriptor = Descriptor::parse(TOY).unwrap();
        let published = json!({ "model_type": "toy", "architectures": ["ToyModel"], "hidden_size": 8, "dropout": 0.1,
                                "transformers_version": "4", "novelty": 1 });
        let resolved = from_published(&descriptor, published.as_object().unwrap()).unwrap();
        assert_eq!(Value::Object(resolved.config), json!({ "head": "none", "d_model": 8 }));
        assert_eq!(resolved.unread, ["novelty"]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut descriptor = Descriptor::parse(TOY).unwrap();
        descriptor.published.values.insert("act".into(), [("gelu-tanh".into(), "gelu_new".into())].into());
        let ours = json!({ "head": "none", "d_model": 8, "n_labels": 3, "act": "gelu-tanh" });
        let published = to_published(&descriptor, ours.as_object().unwrap());
        assert_eq!(published["hidden_size"], 8);
        assert_eq!(published["architectures"], json!(["ToyModel"]));
        assert_eq!(published["id2label"].as_object().unwrap().len(), 3);
        assert_eq!(published["act"], "gelu_new");
        let resolved = from_published(&descriptor, &published).unwrap();
        assert_eq!((&resolved.config["d_model"], &resolved.config["n_labels"]), (&json!(8), &json!(3)));
    }

    #[test]
    fn another_familys_config_is_refused() {
        let descriptor = Descriptor::parse(TOY).unwrap();
        let published = json!({ "model_type": "gpt2" });
        let told = from_published(&descriptor, published.as_object().unwrap()).unwrap_err().to_string();
        assert!(told.contains("is \"gpt2\", `toy` reads [\"toy\"]"), "{told}");
    }

    #[test]
    fn one_thing_said_twice_is_refused_unless_equal() {
        let descriptor = Descriptor::parse(TOY).unwrap();
        let published = json!({ "hidden_size": 8, "d_model": 9 });
        assert!(from_published(&descriptor, published.as_object().unwrap()).is_err());
        let published = json!({ "hidden_size": 8, "d_model": 8 });
        assert!(from_published(&descriptor, published.as_object().unwrap()).is_ok());
    }

    #[test]
    fn overrides_are_json_or_text() {
        let descriptor = Descriptor::parse(TOY).unwrap();
        let mut config = Map::new();
        let overrides = ["d_model=12", "head=masked-lm", "tie = true"].map(String::from);
        set(&descriptor, &mut config, &overrides).unwrap();
        assert_eq!(Value::Object(config.clone()), json!({ "d_model": 12, "head": "masked-lm", "tie": true }));
        assert!(set(&descriptor, &mut config, &["d_model".into()]).is_err());
    }
}
