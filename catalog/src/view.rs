//! What the queries return: plain data that pages and commands are written from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
pub use zoo_registry::Tally;
use zoo_registry::descriptor::{Descriptor, Lineage, Preset};
use zoo_registry::picture::Picture;
use zoo_registry::record::{Demo, SourceFile};
use zoo_registry::{Cost, Estimate, Figure, Flow, ModuleTree, Outcome, SuiteFacts};

/// One line of the model index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// Architecture id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// A term of the axis `kind`.
    pub kind: String,
    /// One or two sentences.
    pub summary: String,
    /// Family id.
    pub family: String,
    /// ISO 8601 day or month.
    pub date: String,
    /// Whether zoo can build it.
    pub code: bool,
    /// Lab ids.
    pub labs: Vec<String>,
    /// Axis id → term ids.
    pub taxonomy: BTreeMap<String, Vec<String>>,
    /// Number of sizes, wherever the facts of them stand.
    pub presets: u32,
    /// Parameters of the smallest and the largest size: as the code builds them, or the best number there is.
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
    /// What sizes should cost, by their ids, whether or not there is code; of those that say enough of themselves.
    pub estimates: BTreeMap<String, Estimate>,
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
    /// What it costs, by length, shortest first; empty where that was not counted.
    pub costs: Vec<Cost>,
    /// What goes through it, and how its layers are wired.
    pub flow: Flow,
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

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Id of the model.
    pub model: String,
    /// Id of the size, if the name says one.
    pub size: Option<String>,
}

/// One line of a list of sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeLine {
    /// Id of the size, or of the model where no size is known.
    pub name: String,
    /// Id of the model.
    pub model: String,
    /// Its name for people.
    pub model_name: String,
    /// Its family's id.
    pub family: String,
    /// ISO 8601 day or month of its first appearance.
    pub date: String,
    /// The best number of parameters there is: built by the code, published exactly, counted by a formula, stated.
    pub parameters: Option<u64>,
    /// Whether zoo can build it.
    pub code: bool,
    /// Hugging Face repository.
    pub hub: Option<String>,
    /// What tells it from its siblings, or what the model is.
    pub summary: String,
}

/// A model that was searched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// Id of the model.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Family id.
    pub family: String,
    /// ISO 8601 day or month.
    pub date: String,
    /// Of its largest size, as far as anybody knows.
    pub parameters: Option<u64>,
    /// Whether zoo can build it, or a size of it.
    pub code: bool,
    /// What it is.
    pub summary: String,
}

/// One question, and how many models give each answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facet {
    /// Axis id, or `family`, `lab`, `licence`, `year`.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// The answers that are given; those of an axis in the vocabulary's order, others by id.
    pub terms: Vec<FacetTerm>,
}

/// One answer, and how many models give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetTerm {
    /// Id of the term.
    pub id: String,
    /// Name for people; `None` where the vocabularies lack it.
    pub label: Option<String>,
    /// Number of models.
    pub models: u32,
}

/// Where a model comes from and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ancestry {
    /// Id of the model.
    pub id: String,
    /// It and everything related to it, by id.
    pub kin: Vec<Kin>,
    /// Edges above it, by child and place in its list.
    pub ancestors: Vec<LineageEdge>,
    /// Edges below it, by parent and child.
    pub descendants: Vec<LineageEdge>,
}

/// A model in a family tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kin {
    /// Id of the model.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// ISO 8601 day or month.
    pub date: String,
    /// Whether zoo can build it.
    pub code: bool,
}

/// One edge of a family tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineageEdge {
    /// Id of the descendant.
    pub child: String,
    /// Id of the ancestor.
    pub parent: String,
    /// A term of the axis `lineage-relation`.
    pub relation: String,
    /// What changed, in one phrase.
    pub change: Option<String>,
    /// The one size it holds for, by its published name.
    pub size: Option<String>,
    /// When, if later than the descendant's own date.
    pub date: Option<String>,
}

/// How much a catalog holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Models, with code or without.
    pub models: u32,
    /// Models that zoo can build.
    pub with_code: u32,
    /// Sizes.
    pub sizes: u32,
    /// Sizes that the code builds.
    pub built: u32,
    /// Sizes of which the makers state the number of parameters.
    pub stated: u32,
    /// Sizes whose parameters were counted by a formula.
    pub counted: u32,
    /// Answers to the questions of the taxonomy.
    pub answers: u32,
    /// Edges of the family tree.
    pub edges: u32,
    /// Papers, each once.
    pub papers: u32,
    /// Labs that made a model.
    pub labs: u32,
    /// Licences that something is under.
    pub licences: u32,
    /// Contradictions between sources.
    pub conflicts: u32,
    /// Differences that are none: rounding, papers later than releases.
    pub notes: u32,
    /// Documents that something was read in.
    pub documents: u32,
    /// Times a source is named.
    pub sources: u32,
    /// Those that say that nobody looked it up.
    pub uncited: u32,
    /// Fields, sizes and edges that are not yet sourced: nobody looked any of it up.
    pub unsourced: u32,
    /// Conformance outcomes.
    pub outcomes: u32,
}

/// One question, and every answer that some model gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Axis id, or `family`, `lab`, `licence`.
    pub id: String,
    /// The answers, by id.
    pub terms: Vec<Answer>,
}

/// One answer, by id and by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Id of the term.
    pub id: String,
    /// Name for people; the id where the vocabularies lack it.
    pub label: String,
}

/// Names in other languages: place (an axis, a kind of part, `glossary`) → id → language → name.
pub type Names = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;

/// Building blocks, the code they share, and the glossary.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Parts {
    /// In the order they are shown.
    pub kinds: Vec<PartKind>,
    /// Shared code, by path.
    pub blocks: Vec<BlockFile>,
    /// Words of the glossary that are no terms.
    pub words: Vec<WordFacts>,
    /// What terms, parts and words are called in other languages.
    pub names: Names,
}

/// A kind of building block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartKind {
    /// Id of an axis, or of a kind of component that no axis asks for.
    pub id: String,
    /// Whether its parts are the terms of an axis.
    pub is_axis: bool,
    /// Title for people.
    pub title: String,
    /// What it answers.
    pub question: String,
    /// In the vocabulary's order.
    pub parts: Vec<PartFacts>,
}

/// A building block.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PartFacts {
    /// Kebab-case id, unique in its kind.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// One line.
    pub definition: String,
    /// Name by language.
    pub names: BTreeMap<String, String>,
    /// Markdown; empty where nobody wrote more than the definition.
    pub text: String,
    /// Types of modules that are this.
    pub modules: Vec<String>,
    /// LaTeX.
    pub equations: Vec<String>,
    /// What it costs to compute, Markdown.
    pub time: Option<String>,
    /// What it holds at once, Markdown.
    pub memory: Option<String>,
    /// What is kept of each token while a text is written, Markdown.
    pub kept: Option<String>,
    /// What it looks like.
    pub picture: Option<Picture>,
    /// Where this was read.
    pub sources: Vec<String>,
    /// The lines that compute it.
    pub code: Vec<CodeLines>,
    /// What it is to be compared with: `attention/causal`.
    pub see: Vec<String>,
    /// Ids of the models that have it, sorted.
    pub users: Vec<String>,
}

/// An item of shared code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeLines {
    /// Of the file.
    pub path: String,
    /// Name of a function or type.
    pub item: String,
    /// First line, from one.
    pub first: u32,
    /// Last line.
    pub last: u32,
}

/// A file of shared code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockFile {
    /// Its path in the folder of blocks, and its text.
    pub source: SourceFile,
    /// Ids of the models whose code imports something of it, sorted.
    pub users: Vec<String>,
}

/// A word of the glossary that is no term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordFacts {
    /// As it is written here.
    pub word: String,
    /// One or two sentences.
    pub definition: String,
    /// What others call it.
    pub also: Vec<String>,
    /// Name by language.
    pub names: BTreeMap<String, String>,
    /// The building block to read on at.
    pub part: Option<String>,
}

/// A catalog that said something new: what, and since when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// The day as of which it was built, `2026-11-22`.
    pub date: String,
    /// How many models it held.
    pub models: usize,
    /// By model and field. None in the first revision of all, which is where the record begins.
    pub changes: Vec<Change>,
}

/// Something that a catalog says otherwise than the one before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Id of the model, which may be gone.
    pub model: String,
    /// JSON Pointer (RFC 6901) into its record, where items of lists go by the names they have and not by their places:
    /// `/presets/bert-base-uncased/config/d_model`, `/taxonomy/attention`, `/conformance/<check>/<device>/error`. Empty: the whole
    /// record came or went, and the value is the model's name.
    pub field: String,
    /// What it said; `None`: nothing.
    pub before: Option<Value>,
    /// What it says.
    pub after: Option<Value>,
}
