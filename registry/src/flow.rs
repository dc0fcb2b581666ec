//! What goes through a model of one size, and how its layers are wired: plain data, for those who draw it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::descriptor::{Answer, Attention, Descriptor, Distances, Equation, Part, Side};
use crate::pattern::{Pattern, Patterns};

/// The way through a model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Tensors from what is read to what is answered, read off a forward pass; empty where nobody has followed one.
    #[serde(default)]
    pub tensors: Vec<Passing>,
    /// Stacks of layers. They are what the facts say, and what checks compute again.
    #[serde(default)]
    pub stacks: Vec<Stack>,
    /// What their tokens look at, as the code declares it and checks measure it.
    #[serde(default)]
    pub sights: Vec<Sight>,
}

/// What the tokens of some layers look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// In which stack they are.
    pub side: Side,
    /// Which tokens of their own text they see.
    pub pattern: Pattern,
}

/// A tensor on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passing {
    /// Where it is met.
    pub place: Place,
    /// Its extents, without that of the batch.
    pub extents: Vec<Extent>,
}

/// Where a tensor is met, in the order of a forward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// What the encoder of an encoder–decoder reads: token ids.
    SourceTokens,
    /// What goes into the encoder's first layer.
    SourceEmbedded,
    /// What the decoder looks at.
    SourceLast,
    /// Token ids that the only stack, or the decoder, reads.
    Tokens,
    /// Pixels that are looked at.
    Image,
    /// What goes into the first layer.
    Embedded,
    /// What comes out of the last one.
    Last,
    /// One vector for a whole text or image.
    Pooled,
    /// What the head says; of two scores, each.
    #[serde(untagged)]
    Answer(Answer),
}

/// How far a tensor extends along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Extent {
    /// So far, whatever is read.
    Fixed(u64),
    /// As far as a text is long.
    Length(Length),
}

/// A text whose length it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Length {
    /// The only one, or the one that is written.
    #[serde(rename = "n")]
    Text,
    /// The source of an encoder–decoder.
    #[serde(rename = "m")]
    Source,
}

/// A stack of layers, each a chain of parts that are added to what they read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// Path of the list of layers: `encoder.layers`.
    pub layers: String,
    /// Which side of an encoder–decoder it is.
    pub side: Side,
    /// Where norms stand, a term of the axis `normalisation-placement`: `pre` or `post`.
    pub placement: String,
    /// Path of the norm after the last layer, where there is one.
    pub last_norm: Option<String>,
    /// The parts of a layer, in order.
    pub parts: Vec<Sublayer>,
}

/// A part of a layer; paths are those below the layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sublayer {
    /// What it computes.
    pub kind: SublayerKind,
    /// Path of the module with its maps.
    pub module: String,
    /// Path of its norm.
    pub norm: String,
    /// Path, from the root and with `*` for a layer, of what positions add to the scores, where it has parameters of its own.
    pub scores: Option<String>,
}

/// What a part of a layer computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SublayerKind {
    /// Attention of a text to itself.
    Attention,
    /// Attention to what the encoder made of the source.
    CrossAttention,
    /// The position-wise network.
    Mlp,
}

impl Flow {
    /// As far as the facts alone say it of a configuration: the stacks.
    pub fn stated(facts: &Descriptor, config: &Map<String, Value>) -> Self {
        let equations = facts.equations.iter().filter(|equation| equation.is_of(config));
        Self { stacks: equations.map(Stack::of).collect(), ..Self::default() }
    }

    /// The tensor at a place.
    pub fn at(&self, place: Place) -> Option<&[Extent]> {
        self.tensors.iter().find(|passing| passing.place == place).map(|passing| passing.extents.as_slice())
    }

    /// What the head says, and the extents of it.
    pub fn answer(&self) -> Option<(Answer, &[Extent])> {
        self.tensors.iter().find_map(|passing| match passing.place {
            Place::Answer(answer) => Some((answer, passing.extents.as_slice())),
            _ => None,
        })
    }
}

impl Sight {
    /// Every pattern of a side once, in the order of the first layers that have it.
    pub fn all(patterns: &Patterns) -> Vec<Self> {
        let mut sights: Vec<Self> = Vec::new();
        for (side, layers) in [(Side::Encoder, &patterns.source), (Side::Main, &patterns.layers)] {
            for &pattern in layers {
                let sight = Self { side, pattern };
                if !sights.contains(&sight) {
                    sights.push(sight);
                }
            }
        }
        sights
    }
}

impl Stack {
    fn of(equation: &Equation) -> Self {
        let scores = |attention: &Attention| {
            let of_layer = |distances: &Distances| format!("{}.*.{}", equation.layers, distances.table);
            attention.bias.clone().or_else(|| attention.distances.as_ref().map(of_layer))
        };
        let part = |part: &Part| {
            let (kind, scores) = match part {
                Part::Attention(attention) => (SublayerKind::Attention, scores(attention)),
                Part::CrossAttention(attention) => (SublayerKind::CrossAttention, scores(attention)),
                Part::Mlp(_) => (SublayerKind::Mlp, None),
            };
            let [module, norm] = part.paths().map(str::to_owned);
            Sublayer { kind, module, norm, scores }
        };
        Self {
            layers: equation.layers.clone(),
            side: equation.side,
            placement: equation.placement.clone(),
            last_norm: equation.last_norm.clone(),
            parts: equation.parts.iter().map(part).collect(),
        }
    }
}

impl std::fmt::Display for Extent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(extent) => extent.fmt(f),
            Self::Length(Length::Text) => f.write_str("n"),
            Self::Length(Length::Source) => f.write_str("m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let places = [Place::SourceTokens, Place::Last, Place::Answer(Answer::Hidden)];
        let extents = vec![Extent::Length(Length::Text), Extent::Length(Length::Source), Extent::Fixed(768)];
        let tensors = places.map(|place| Passing { place, extents: extents.clone() });
        let patterns =
            Patterns { layers: vec![Pattern::Causal, Pattern::Banded { window: 3 }, Pattern::Causal], source: vec![] };
        let flow = Flow { tensors: tensors.to_vec(), stacks: Vec::new(), sights: Sight::all(&patterns) };
        assert_eq!(flow.sights.len(), 2);
        let written = serde_json::to_value(&flow).unwrap();
        assert_eq!(written["tensors"][2]["place"], "hidden");
        assert_eq!(written["tensors"][0]["extents"], serde_json::json!(["n", "m", 768]));
        assert_eq!(serde_json::from_value::<Flow>(written).unwrap(), flow);
    }
}
