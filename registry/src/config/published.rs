//! Configurations as Hugging Face's `config.json` says them, and back.

use serde_json::{Map, Value};

use crate::descriptor::Descriptor;
use crate::error::{Error, Problem, Result};

/// A configuration in our names, and what of the published one went unread.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Every field of the family's configuration, defaults included, in declaration order.
    pub config: Map<String, Value>,
    /// Fields of a published `config.json` that are neither ours nor known to be without effect.
    pub unread: Vec<String>,
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
                Some(ours) => (ours.clone(), our_value(descriptor, ours, value)),
                None if descriptor.small().any(|(_, tiny)| tiny.contains_key(name)) => (name.clone(), value.clone()),
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
                match head.and_then(|head| head.published.first()) {
                    Some(class) => published.insert("architectures".into(), vec![class.clone()].into()),
                    // What was never published has our name.
                    None => published.insert("head".into(), value.clone()),
                };
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

/// Our word for a published field's value, where the family's table has one: one word may mean another thing there than here.
fn our_value(descriptor: &Descriptor, ours: &str, value: &Value) -> Value {
    let words = descriptor.published.values.get(ours);
    let word = words.into_iter().flatten().find(|(_, theirs)| value.as_str() == Some(theirs.as_str()));
    word.map_or_else(|| value.clone(), |(our_word, _)| our_word.clone().into())
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
    use serde_json::json;

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
    fn a_published_word_may_mean_another_thing_here() {
        let mut descriptor = Descriptor::parse(TOY).unwrap();
        descriptor.published.config.insert("afn".into(), "act".into());
        descriptor.published.values.insert("act".into(), [("gelu-tanh".into(), "gelu".into())].into());
        descriptor.tiny.insert("act".into(), "relu".into());
        let read = |published: Value| from_published(&descriptor, published.as_object().unwrap()).unwrap().config;
        assert_eq!(read(json!({ "afn": "gelu" }))["act"], "gelu-tanh");
        assert_eq!(read(json!({ "afn": "relu" }))["act"], "relu");
        assert_eq!(read(json!({ "act": "gelu" }))["act"], "gelu", "our own field speaks our own words");
        let ours = json!({ "act": "gelu-tanh" });
        assert_eq!(to_published(&descriptor, ours.as_object().unwrap())["afn"], "gelu");
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
}
