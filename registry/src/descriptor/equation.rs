//! What the layers of a family compute, said apart from the code that computes it: whoever reads this can compute it again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A stack of layers. A layer is a chain of parts, each added to what it reads: `x + part(norm(x))` with the norm before, or
/// `norm(x + part(x))` with the norm after. Maps and norms are found by the glossary's names: `query`, `key`, `value`, `output`,
/// `up`, `gate`, `down`, each with `weight [d_in, d_out]` and perhaps `bias`; `gamma`, `beta`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equation {
    /// Configurations it is of: fields with the values they have. Empty for all.
    #[serde(default)]
    pub when: Map<String, Value>,
    /// Path of the list of layers: `layers`, `encoder.layers`. With a `*`, as in `groups.*.layers`, of the lists of layers of
    /// several groups, gone through one after the other.
    pub layers: String,
    /// How often a group is gone through, all of them together: in turn, the first groups first. Not given, each once.
    pub passes: Option<Setting>,
    /// Which side of an encoder–decoder it is.
    #[serde(default)]
    pub side: Side,
    /// Kind of norm, a term of the axis `normalisation-type`: `layernorm` or `rmsnorm`.
    pub norm: String,
    /// Where norms stand, a term of the axis `normalisation-placement`: `pre` or `post`.
    pub placement: String,
    /// What is added to the variance or mean square, under the root.
    pub eps: Setting,
    /// Path of the norm after the last layer, where there is one.
    pub last_norm: Option<String>,
    /// Whether the last recorded hidden state is what the last norm makes of it.
    #[serde(default = "yes")]
    pub last_norm_recorded: bool,
    /// Whom a token of each layer may look at, in turn: the first of the first layer, the second of the second, then the first
    /// again. Empty where the model's own word is good enough.
    #[serde(default)]
    pub sees: Vec<Sight>,
    /// The parts of a layer, in order.
    pub parts: Vec<Part>,
}

fn yes() -> bool {
    true
}

/// Side of an encoder–decoder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// What writes, or the only stack.
    #[default]
    Main,
    /// What reads. Where the encoder stands alone, it is the only stack.
    Encoder,
}

/// Whom a token may look at in a layer, by the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sight {
    /// All.
    Full,
    /// None after it.
    Causal,
    /// None after it, and so many back, itself included.
    Banded(Setting),
}

/// A number, or the field of the configuration that holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Setting {
    /// The number itself.
    Number(f64),
    /// Name of the field.
    Field(String),
}

impl Setting {
    /// The number under this configuration; `None` if the field is not there or no number.
    pub fn number(&self, config: &Map<String, Value>) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Field(field) => config.get(field).and_then(Value::as_f64),
        }
    }
}

/// A truth, or the field of the configuration that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Switch {
    /// The truth itself.
    Fixed(bool),
    /// Name of the field.
    Field(String),
}

impl Default for Switch {
    fn default() -> Self {
        Self::Fixed(false)
    }
}

impl Switch {
    /// Whether it is on under this configuration; a field that is not there is off.
    pub fn is_on(&self, config: &Map<String, Value>) -> bool {
        match self {
            Self::Fixed(on) => *on,
            Self::Field(field) => config.get(field) == Some(&Value::Bool(true)),
        }
    }
}

/// One part of a layer. Paths are those below the layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Part {
    /// Attention of a text to itself.
    Attention(Attention),
    /// Attention to what the encoder made of the source.
    CrossAttention(Attention),
    /// `activation(x up) down`, or `(activation(x gate) ⊙ x up) down` where there is a gate.
    Mlp(Mlp),
}

impl Part {
    /// Path of the module with the maps, and of the norm.
    pub fn paths(&self) -> [&str; 2] {
        match self {
            Self::Attention(part) | Self::CrossAttention(part) => [&part.module, &part.norm],
            Self::Mlp(part) => [&part.module, &part.norm],
        }
    }
}

/// `output(concat(softmax(scale · query key + bias) value))` over what a token may look at, for several heads. Keys and values
/// may have fewer heads than queries; each is then shared by neighbours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attention {
    /// Path of the module with the maps.
    pub module: String,
    /// Path of its norm.
    pub norm: String,
    /// What scores are multiplied with.
    pub scale: Scale,
    /// Scores are further divided by the number of the layer, from 1.
    #[serde(default)]
    pub by_depth: Switch,
    /// Path, from the root, of a table of numbers that are added to the scores and depend on positions alone.
    pub bias: Option<String>,
    /// What distances add to the scores.
    pub distances: Option<Distances>,
    /// How queries and keys are turned.
    pub rotary: Option<Rotary>,
    /// Parameters, below the layer, with the value under which everything of this part that is not said here is silent.
    #[serde(default)]
    pub shut: BTreeMap<String, f64>,
}

/// What scores are multiplied with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// `1/√head_dim`.
    HeadWidth,
    /// The same where this field of the configuration is true, nothing elsewhere.
    HeadWidthIf(String),
    /// Nothing.
    One,
}

impl Scale {
    /// Whether it is `1/√head_dim` under this configuration.
    pub fn is_by_width(&self, config: &Map<String, Value>) -> bool {
        match self {
            Self::HeadWidth => true,
            Self::HeadWidthIf(field) => config.get(field) == Some(&Value::Bool(true)),
            Self::One => false,
        }
    }
}

/// A vector `a` for each distance, with which scores are `scale · (query key + query a)`, or `scale · (query key + query a + key a)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distances {
    /// Path of the table below the layer: an odd number of rows, that of distance 0, a token to itself, in the middle, and before
    /// it those of keys that stand after the query.
    pub table: String,
    /// Whether keys are compared with it as queries are.
    #[serde(default)]
    pub with_key: bool,
}

/// Queries and keys turned by angles proportional to their positions, counted from the text's or the segment's first token:
/// pair m of a head turns by `theta^(−2m/head_dim)` radians a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotary {
    /// Base of the angles.
    pub theta: Setting,
    /// Which coordinates make a pair.
    pub pairs: Pairs,
}

/// Which coordinates of a head are turned together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairs {
    /// m of the first half with m of the second.
    Halves,
    /// 2m with 2m + 1.
    Neighbours,
}

/// The position-wise network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mlp {
    /// Path of the module with the maps.
    pub module: String,
    /// Path of its norm.
    pub norm: String,
    /// A term of the axis `activation`, or the field of the configuration that says it. Of a gated network, the function alone:
    /// `gelu`, not `geglu`.
    pub activation: String,
}

impl Mlp {
    /// The activation under this configuration.
    pub fn activation<'a>(&'a self, config: &'a Map<String, Value>) -> &'a str {
        config.get(&self.activation).and_then(Value::as_str).unwrap_or(&self.activation)
    }
}

impl Equation {
    /// Whether it is of this configuration.
    pub fn is_of(&self, config: &Map<String, Value>) -> bool {
        self.when.iter().all(|(field, value)| config.get(field) == Some(value))
    }
}
