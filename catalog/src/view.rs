//! What the queries return: plain data that pages and commands are written from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
pub use zoo_registry::Tally;
use zoo_registry::descriptor::{Descriptor, Lineage, Preset};
use zoo_registry::record::{Demo, SourceFile};
use zoo_registry::{Figure, ModuleTree, Outcome, SuiteFacts};

/// One line of the model index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// Architecture id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// One or two sentences.
    pub summary: String,
    /// Family id.
    pub family: String,
    /// ISO 8601 day or month.
    pub date: String,
    /// Lab ids.
    pub labs: Vec<String>,
    /// Axis id → term ids.
    pub taxonomy: BTreeMap<String, Vec<String>>,
    /// Number of presets.
    pub presets: u32,
    /// Parameters of the smallest and the largest preset: counted in the module tree, or as published where there is no code.
    pub parameters: Option<(u64, u64)>,
    /// Conformance outcomes over all devices.
    pub tally: Tally,
}

/// Everything about one architecture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Its line of the index.
    pub summary: ModelSummary,
    /// The facts as their TOML gives them.
    pub descriptor: Descriptor,
    /// Markdown.
    pub readme: String,
    /// Reference code, sorted by path.
    pub sources: Vec<SourceFile>,
    /// Presets that have code, in the descriptor's order.
    pub sizes: Vec<SizeFacts>,
    /// What was measured of it.
    pub figures: Vec<Figure>,
    /// What its demo has learnt, if it ships one.
    pub demo: Option<Demo>,
    /// Outcomes, sorted by check and device.
    pub outcomes: Vec<Outcome>,
    /// Architectures that name this one as an ancestor, with the edge.
    pub descendants: Vec<(String, Lineage)>,
}

/// A preset with its computed facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SizeFacts {
    /// The published facts.
    pub preset: Preset,
    /// Every field of the configuration.
    pub config: Map<String, Value>,
    /// What the code builds.
    pub modules: ModuleTree,
    /// Counted in the tree.
    pub parameters: u64,
}

/// Architectures that descend from one another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Family {
    /// Family id.
    pub id: String,
    /// Members by date.
    pub members: Vec<ModelSummary>,
    /// (child, edge) for every lineage edge of a member.
    pub edges: Vec<(String, Lineage)>,
}

/// The conformance matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// The suite: its levels, lowest first, and its checks, by id.
    pub suite: SuiteFacts,
    /// Devices the suite ran on.
    pub devices: Vec<String>,
    /// Rows: architectures by id, with their outcomes sorted by check and device.
    pub rows: Vec<(ModelSummary, Vec<Outcome>)>,
}

/// One question of the taxonomy with its answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AxisFacts {
    /// Kebab-case id.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// The question; empty on an axis that a plugin brought.
    pub question: String,
    /// The answers, in the vocabulary's order.
    pub terms: Vec<TermFacts>,
}

/// One answer with the models that give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermFacts {
    /// Kebab-case id, unique on its axis.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// One line.
    pub definition: String,
    /// Ids of the architectures that give this answer, sorted.
    pub models: Vec<String>,
}

/// What a query typed by a person gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// Column names, as SQLite gives them.
    pub columns: Vec<String>,
    /// Values by row. A blob is written as SQL writes it, `x'00ff'`; an infinite number as `Infinity` or `-Infinity`.
    pub rows: Vec<Vec<Value>>,
    /// Whether there were more rows than were asked for.
    pub truncated: bool,
}
