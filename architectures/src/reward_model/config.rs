//! On which body a reward model sits, and that body's sizes.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zoo_registry::{Problem, Rules};

use crate::{bert, gpt2, gpt3};

/// A body with its own family's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "body", rename_all = "kebab-case")]
pub enum Config {
    /// GPT-2, read at the last real token.
    Gpt2(Judge<gpt2::Config>),
    /// GPT-3, read likewise: what the paper's own reward models sat on.
    Gpt3(Judge<gpt3::Config>),
    /// BERT, read at its pooled first token.
    Bert(Judge<bert::Config>),
}

/// A body's configuration under the one head there is, without those of its fields that mean nothing then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
#[serde(bound = "C: Body")]
pub struct Judge<C> {
    /// Numbers the head gives a text. A reward is one.
    pub n_labels: usize,
    /// The body's own.
    pub body: C,
}

/// The head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum HeadKind {
    /// One number a text.
    Reward,
}

/// A family that a reward model may sit on.
pub trait Body: zoo_registry::Config + DeserializeOwned + Serialize + Clone {
    /// Fields of its configuration that a reward model settles or has no use for.
    const SETTLED: &[&str];
}

impl Body for gpt2::Config {
    const SETTLED: &[&str] = &["head", "tied"];
}

impl Body for gpt3::Config {
    const SETTLED: &[&str] = &["head"];
}

impl Body for bert::Config {
    const SETTLED: &[&str] = &["head", "n_labels", "tied"];
}

impl<C: Body> TryFrom<Map<String, Value>> for Judge<C> {
    type Error = serde_json::Error;

    fn try_from(mut fields: Map<String, Value>) -> Result<Self, Self::Error> {
        let head = fields.remove("head");
        head.map_or(Ok(HeadKind::Reward), serde_json::from_value)?;
        let n_labels = fields.remove("n_labels").map_or(Ok(1), serde_json::from_value)?;
        fields.retain(|field, _| !C::SETTLED.contains(&field.as_str()));
        Ok(Self { n_labels, body: serde_json::from_value(Value::Object(fields))? })
    }
}

impl<C: Body> From<Judge<C>> for Map<String, Value> {
    fn from(judge: Judge<C>) -> Self {
        let mut fields = Self::new();
        fields.insert("head".into(), "reward".into());
        fields.insert("n_labels".into(), judge.n_labels.into());
        let body = zoo_registry::config::canonical(&judge.body).into_iter();
        fields.extend(body.filter(|(field, _)| !C::SETTLED.contains(&field.as_str())));
        fields
    }
}

impl<C: Body> Judge<C> {
    fn problems(&self) -> Vec<Problem> {
        let one = Rules::new().require(self.n_labels == 1, "n_labels", || {
            format!("a reward is one number a text: expected 1, found {}", self.n_labels)
        });
        [one.broken(), self.body.problems()].concat()
    }

    fn settled(self) -> Self {
        Self { body: self.body.settled(), ..self }
    }
}

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        match self {
            Self::Gpt2(judge) => judge.problems(),
            Self::Gpt3(judge) => judge.problems(),
            Self::Bert(judge) => {
                let ahead = Rules::new().require(judge.body.causal != Some(true), "causal", || {
                    "the reward is read at the first token, which must see the others: expected false".into()
                });
                [ahead.broken(), judge.problems()].concat()
            }
        }
    }

    fn settled(self) -> Self {
        match self {
            Self::Gpt2(judge) => Self::Gpt2(judge.settled()),
            Self::Gpt3(judge) => Self::Gpt3(judge.settled()),
            Self::Bert(judge) => Self::Bert(judge.settled()),
        }
    }
}
