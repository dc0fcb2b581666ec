//! Configurations as Hugging Face's `config.json` says them, and back.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::descriptor::{Descriptor, Head, Published};
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
/// Besides the family's own [`Published`] table and, for families that sit on others' bodies, that of the body whose `model_type`
/// the file has, two conventions of every Hugging Face file are read here: `architectures` names the head, `id2label` counts the
/// labels.
///
/// # Errors
/// [`Error::Config`] when the file says it is of another family, or says one thing twice.
pub fn from_published(descriptor: &Descriptor, published: &Map<String, Value>) -> Result<Resolved> {
    let mut config = Map::new();
    let mut unread = Vec::new();
    let mut problems = Vec::new();
    let body = body_of(descriptor, published);
    if let Some((body, _)) = body {
        config.insert(BODY.into(), body.clone().into());
    }
    let names = Names { own: &descriptor.published, body: body.map(|(_, names)| names) };
    for (name, value) in published {
        let (field, value) = match name.as_str() {
            "model_type" => {
                check_model_type(descriptor, value, &mut problems);
                continue;
            }
            "architectures" => match head_of(descriptor, published) {
                Some(head) => ("head".to_owned(), head.id.clone().into()),
                None => continue,
            },
            "id2label" => match value.as_object() {
                // A model without labels says them all the same.
                Some(_) if !knows(descriptor, "n_labels") => continue,
                Some(labels) => ("n_labels".to_owned(), labels.len().into()),
                None => continue,
            },
            _ if names.ignored(name) || BOOKKEEPING.contains(&name.as_str()) => continue,
            _ => match names.ours(name) {
                Some(ours) => (ours.clone(), names.our_value(ours, value)),
                None if knows(descriptor, name) => (name.clone(), value.clone()),
                None => {
                    unread.push(name.clone());
                    continue;
                }
            },
        };
        // A published `null` means "the default", which is ours to give.
        if !value.is_null() {
            if let Some(earlier) = config.get(&field).filter(|earlier| **earlier != value) {
                problems.push(Problem::new(name, format!("says {value} where the file already said {earlier}")));
            }
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
    let body = config.get(BODY).and_then(Value::as_str).and_then(|body| descriptor.bodies.get_key_value(body));
    let names = Names { own: &descriptor.published, body: body.map(|(_, names)| names) };
    let model_type = names.tables().find_map(|table| table.model_types.first());
    published.insert("model_type".into(), model_type.unwrap_or(&descriptor.id).clone().into());
    for (field, value) in config {
        match field.as_str() {
            // The `model_type` says it, where it is the body's.
            BODY if body.is_some() && model_type.is_some() => {}
            "head" => {
                let head = value.as_str().and_then(|head| descriptor.head(head));
                let class = head.and_then(|head| match body {
                    Some((body, _)) if !head.bodies.is_empty() => head.bodies.get(body),
                    _ => head.published.first(),
                });
                match class {
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
                let written = value.as_str().and_then(|value| names.values(field)?.get(value));
                let value = written.map_or_else(|| value.clone(), |written| written.clone().into());
                published.insert(names.theirs(field).unwrap_or(field).clone(), value);
            }
        }
    }
    published
}

/// The field that says on which body a family's head sits.
const BODY: &str = "body";

/// The body whose `model_type` a published configuration has; without one, the body that it names in our words.
fn body_of<'a>(descriptor: &'a Descriptor, published: &Map<String, Value>) -> Option<(&'a String, &'a Published)> {
    let says = |field: &str| published.get(field).and_then(Value::as_str);
    let by_type = says("model_type").and_then(|model_type| {
        descriptor.bodies.iter().find(|(_, body)| body.model_types.iter().any(|known| known == model_type))
    });
    by_type.or_else(|| descriptor.bodies.get_key_value(says(BODY)?))
}

/// Whether a family has this field: a small configuration need not say what follows from its other fields.
fn knows(descriptor: &Descriptor, field: &str) -> bool {
    let published = || descriptor.published.config.values().any(|ours| ours == field);
    descriptor.small().any(|(_, tiny)| tiny.contains_key(field)) || published()
}

/// What a family calls its fields, and what its body calls the rest.
struct Names<'a> {
    own: &'a Published,
    body: Option<&'a Published>,
}

impl<'a> Names<'a> {
    fn tables(&self) -> impl Iterator<Item = &'a Published> + use<'a> {
        [self.own].into_iter().chain(self.body)
    }

    /// Our field.
    fn ours(&self, theirs: &str) -> Option<&'a String> {
        self.tables().find_map(|table| table.config.get(theirs))
    }

    /// The published field.
    fn theirs(&self, ours: &str) -> Option<&'a String> {
        self.tables().find_map(|table| table.config.iter().find(|(_, known)| *known == ours).map(|(theirs, _)| theirs))
    }

    /// Whether a published field has no effect. What a family leaves out has none, whatever its body does with it.
    fn ignored(&self, theirs: &str) -> bool {
        let has = |table: &Published| table.ignored.iter().any(|ignored| ignored == theirs);
        has(self.own) || (!self.own.config.contains_key(theirs) && self.body.is_some_and(has))
    }

    /// Published words for values of our field.
    fn values(&self, ours: &str) -> Option<&'a BTreeMap<String, String>> {
        self.tables().find_map(|table| table.values.get(ours))
    }

    /// Our word for a published field's value, where the table has one: one word may mean another thing there than here.
    fn our_value(&self, ours: &str, value: &Value) -> Value {
        let word = self.values(ours).into_iter().flatten().find(|(_, theirs)| value.as_str() == Some(theirs.as_str()));
        word.map_or_else(|| value.clone(), |(our_word, _)| our_word.clone().into())
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
    let known: Vec<&String> = descriptor.model_types().collect();
    if !value.as_str().is_some_and(|found| known.iter().any(|known| *known == found)) {
        problems.push(Problem::new("model_type", format!("is {value}, `{}` reads {known:?}", descriptor.id)));
    }
}

/// The head that the class in a published configuration's `architectures` means.
pub(crate) fn head_of<'a>(descriptor: &'a Descriptor, published: &Map<String, Value>) -> Option<&'a Head> {
    let class = published.get("architectures")?.as_array()?.first()?.as_str()?;
    descriptor.heads.iter().find(|head| head.published.iter().any(|published| published == class))
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
        descriptor.tiny.insert("n_labels".into(), 5.into());
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

    /// A family of one head on the toy's body or another's.
    fn judge() -> Descriptor {
        let toy = Descriptor::parse(TOY).unwrap();
        let mut other = toy.clone();
        other.published.model_types = vec!["other".into()];
        other.published.config = [("dim".into(), "d_model".into()), ("tie".into(), "tied".into())].into();
        let mut judge = Descriptor::parse(&TOY.replace("\"toy\"]", "]")).unwrap().with_body("toy", &toy);
        judge = judge.with_body("another", &other);
        judge.published.config.clear();
        judge.tiny.insert("head".into(), "none".into());
        judge.published.ignored = vec!["tie".into()];
        judge.heads[0].published = vec!["ToyJudge".into(), "OtherJudge".into()];
        judge.heads[0].bodies = [("another".into(), "OtherJudge".into())].into();
        judge
    }

    #[test]
    fn a_body_brings_its_own_names() {
        let judge = judge();
        let read = |published: Value| from_published(&judge, published.as_object().unwrap());
        let ours = json!({ "body": "another", "d_model": 8, "head": "none" });
        let published = to_published(&judge, ours.as_object().unwrap());
        let expected = json!({ "model_type": "other", "dim": 8, "architectures": ["OtherJudge"] });
        assert_eq!(Value::Object(published.clone()), expected);
        assert_eq!(Value::Object(from_published(&judge, &published).unwrap().config), ours);
        let ours = json!({ "body": "toy", "d_model": 8, "head": "none" });
        let published = to_published(&judge, ours.as_object().unwrap());
        assert_eq!(published["head"], "none", "what has no class has our name");
        assert_eq!(Value::Object(from_published(&judge, &published).unwrap().config), ours);
        assert_eq!(read(json!({ "model_type": "other", "hidden_size": 8 })).unwrap().unread, ["hidden_size"]);
        assert_eq!(
            read(json!({ "model_type": "other", "tie": true })).unwrap().config,
            read(json!({ "body": "another" })).unwrap().config
        );
        let told = read(json!({ "model_type": "third" })).unwrap_err().to_string();
        assert!(told.contains("reads [\"other\", \"toy\"]"), "{told}");
    }

    #[test]
    fn labels_of_models_without_any_are_not_counted() {
        let descriptor = Descriptor::parse(TOY).unwrap();
        let published = json!({ "id2label": { "0": "LABEL_0", "1": "LABEL_1" } });
        assert!(from_published(&descriptor, published.as_object().unwrap()).unwrap().config.is_empty());
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
