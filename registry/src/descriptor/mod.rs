//! The facts of a model: who, when, where published, what kind, which sizes.
//!
//! One schema for all: a family with code keeps its TOML beside the code, a record without code is a file of the catalog. Both are
//! parsed by [`Descriptor::parse`] and [`Descriptor::record`], which tell every problem with its line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Problem, Result};
use crate::vocabulary::Term;

mod answer;
mod check;
mod complete;
mod equation;
mod facts;
mod place;
mod sizes;

pub use answer::Answer;
pub use check::is_day;
pub use complete::{LONGEST_EXTENSION, SOURCED, arxiv_month};
pub use equation::{Attention, Distances, Equation, Mlp, Pairs, Part, Rotary, Scale, Setting, Side, Sight, Switch};
pub use facts::{
    Amatriain, Checked, Claim, Conflict, Counted, EcosystemGraphs, External, FoundBy, Listed, Openness, Orkg, Severity,
    Stated,
};
pub use place::Lines;

/// Everything the catalog knows of a model without running it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descriptor {
    /// Kebab-case, permanent: a rename adds an alias.
    pub id: String,
    /// Name for people: `BERT`, `GPT-2`.
    pub name: String,
    /// Other names it goes by.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it is called in other languages, by ISO 639-1 code.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// A term of the axis `kind`.
    #[serde(default = "facts::model")]
    pub kind: String,
    /// Where it stands in the catalog of Amatriain et al., if it does.
    pub listed: Option<Listed>,
    /// One or two sentences for a newcomer.
    #[serde(default)]
    pub summary: String,
    /// The family of families it belongs to: `bert`, `gpt`, `t5`, …
    pub family: String,
    /// Families it belongs to as well.
    #[serde(default)]
    pub other_families: Vec<String>,
    /// First public appearance, ISO 8601: `2018-10-11` or, where the day is unknown, `2018-10`.
    pub date: String,
    /// Kebab-case ids of the labs.
    pub labs: Vec<String>,
    /// Where they work, ISO 3166-1 alpha-2.
    #[serde(default)]
    pub countries: Vec<String>,
    /// Under which terms the reference code and weights may be used.
    pub licence: Licence,
    /// What it adds to what was there before.
    pub extension: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub applications: Vec<String>,
    /// What it was trained on.
    pub corpus: Option<String>,
    /// What it takes: terms of the axis `modality`.
    #[serde(default)]
    pub reads: Vec<String>,
    /// What it gives: terms of the axis `modality`.
    #[serde(default)]
    pub writes: Vec<String>,
    /// What the term on the axis `architecture` does not say.
    pub architecture_note: Option<String>,
    /// Whether its makers never said how large it is.
    #[serde(default)]
    pub undisclosed: bool,
    /// What a reader should know and no other field holds.
    pub note: Option<String>,
    /// Papers, the defining one first.
    #[serde(default)]
    pub papers: Vec<Paper>,
    /// Where it comes from.
    #[serde(default)]
    pub lineage: Vec<Lineage>,
    /// Ids of architectures whose code this one is built on; see
    /// [`Registry::require_bases`](../registry/struct.Registry.html#method.require_bases).
    #[serde(default)]
    pub builds_on: Vec<String>,
    /// Axis id → term ids of the [vocabulary](crate::vocabulary). `modality` is filled in from `reads` and `writes`.
    pub taxonomy: BTreeMap<String, Vec<String>>,
    /// Terms the vocabulary lacks, by axis id; a plugin's own.
    #[serde(default)]
    pub terms: BTreeMap<String, Vec<Term>>,
    /// Shared parts it is wired from.
    #[serde(default)]
    pub components: Vec<Component>,
    /// What its layers compute, one entry a stack: checks compute it again and compare. Layers that are not described here,
    /// or otherwise than here, are not looked into.
    #[serde(default)]
    pub equations: Vec<Equation>,
    /// What can sit on the body; the first is the default. A record without code has none.
    #[serde(default)]
    pub heads: Vec<Head>,
    /// How a published `config.json` says our configuration.
    #[serde(default)]
    pub published: Published,
    /// The same of each body that the configuration's `body` may name, by that name: see [`Self::with_body`].
    #[serde(skip)]
    pub bodies: BTreeMap<String, Published>,
    /// Published sizes.
    #[serde(default)]
    pub presets: Vec<Preset>,
    /// Published sizes that code cannot build, for too little is known of them.
    #[serde(default)]
    pub unbuilt: Vec<Preset>,
    /// A small, lopsided configuration for tests: no two extents equal.
    #[serde(default)]
    pub tiny: Map<String, Value>,
    /// Further small configurations, each tested as `tiny` is: for what no single one can show, such as another body.
    #[serde(default)]
    pub tinies: Vec<Tiny>,
    /// Where the family's own rules between sizes end, for tests.
    #[serde(default)]
    pub edges: Vec<Edge>,
    /// How parameters are drawn before training: a glob over our parameter paths → a distribution, as
    /// [`initial`](crate::initial) reads them. Together they name every parameter of every configuration once.
    #[serde(default)]
    pub init: BTreeMap<String, String>,
    /// Checks this family does not pass, and why a reader should accept that.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
    /// Checks this family does not pass yet: who works on that, where, and until when.
    #[serde(default)]
    pub expected_failures: Vec<ExpectedFailure>,
    /// Where sources disagree.
    #[serde(default)]
    pub conflicts: Vec<Conflict>,
    /// What other catalogs say.
    #[serde(default)]
    pub external: External,
    /// Field or axis → where its value was read.
    #[serde(default)]
    pub sources: BTreeMap<String, Vec<Source>>,
}

/// SPDX expressions: `NONE` where there is none, `NOASSERTION` where it is not known, `LicenseRef-…` where SPDX has no name for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// Of the reference code.
    pub code: String,
    /// Of the published weights.
    pub weights: String,
    /// Whether anybody can get the weights, which is not the same as being free to use them.
    pub public: Option<bool>,
    /// What the expressions do not say: which of them holds for which size.
    pub note: Option<String>,
}

/// A publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// As printed.
    pub title: String,
    /// In print order.
    pub authors: Vec<String>,
    /// Whether there are more authors than are named.
    #[serde(default)]
    pub et_al: bool,
    /// Of the first version.
    pub year: u16,
    /// arXiv id, as in `1810.04805`.
    pub arxiv: Option<String>,
    /// Where to read it.
    pub url: String,
}

/// An edge to an ancestor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {
    /// Id of the ancestor.
    pub id: String,
    /// A term of the axis `lineage-relation`.
    pub relation: String,
    /// What changed, in one phrase.
    pub change: Option<String>,
    /// The one size it holds for, by its published name.
    pub variant: Option<String>,
    /// When, if later than the model's own date.
    pub date: Option<String>,
    /// What a reader should know.
    pub note: Option<String>,
    /// Where the relation was read.
    #[serde(default)]
    pub sources: Vec<Source>,
}

/// A shared part and the role it plays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Path in the module tree, with `*` for a layer's index: `layers.*.attention`.
    pub module: String,
    /// What it is, for people.
    pub name: String,
    /// Kind of part: `embedding`, `attention`, `mlp`, `norm`, `head`.
    pub kind: String,
    /// Its building block, if that has a page: `attention/causal`, an axis and a term, or another kind of part and its id.
    pub part: Option<String>,
    /// Paper, section, equation.
    pub source: String,
    /// Of positions learnt for one grid of patches: how another grid gets them.
    pub stretch: Option<Stretch>,
}

/// How vectors on a grid are stretched over another: places are the middles of cells, and edges repeat beyond the border. The names and
/// the arithmetic are those of PyTorch's `interpolate`, corners not aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stretch {
    /// The cell itself.
    Nearest,
    /// Between two neighbours an axis.
    Bilinear,
    /// Cubic convolution of four neighbours an axis (Keys 1981, equation 4) with `a` = −0.75.
    Bicubic,
}

/// What sits on the body and gives the output its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Value of the configuration's `head`: `none`, `masked-lm`, `causal-lm`, …
    pub id: String,
    /// One line.
    pub summary: String,
    /// What kind of answer it gives: `next-token-logits`, `label-logits`, … A check compares it with what comes out.
    pub output: Option<Answer>,
    /// Published class names that mean this head: `BertForMaskedLM`.
    #[serde(default)]
    pub published: Vec<String>,
    /// Which of them is meant with which body, for families that sit on several.
    #[serde(default)]
    pub bodies: BTreeMap<String, String>,
}

/// How Hugging Face's `config.json` names what our configuration holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// `model_type` values of this family, its own first.
    #[serde(default)]
    pub model_types: Vec<String>,
    /// Published field → ours.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    /// Our field → our value → how it is written; for values that have other names.
    #[serde(default)]
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// Published fields without effect on what is computed: dropout, initialisation, bookkeeping.
    #[serde(default)]
    pub ignored: Vec<String>,
    /// How images are prepared where a checkpoint does not say: the published defaults, as `preprocessor_config.json` says them.
    #[serde(default)]
    pub preprocessor: Map<String, Value>,
}

/// A published size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Kebab-case, permanent.
    pub id: String,
    /// Other names of the same size and weights.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What its makers call it, beside the model's own name: `8x7B`, `large`.
    pub name: Option<String>,
    /// Id of the model it is a size of, where that is another than the one whose code builds it.
    pub of: Option<String>,
    /// Hugging Face repository, `owner/name`.
    pub hub: Option<String>,
    /// A file in which that name was seen.
    pub hub_seen: Option<String>,
    /// What differs from its siblings, in one phrase.
    pub note: Option<String>,
    /// Exact published number of parameters, tied matrices once: of the body, or with the head if `config` names one.
    pub parameters: Option<u64>,
    /// Longest text it was trained on, in tokens, where no size in `config` says so.
    pub context: Option<u64>,
    /// Parameters that one token uses, where that is fewer than all.
    pub active: Option<u64>,
    /// The number of parameters its makers state.
    pub stated: Option<Stated>,
    /// The number of parameters that follows from the sizes.
    pub counted: Option<Counted>,
    /// Our configuration, in our names.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// Whether a configuration that says nothing is this size. Then `config` says every number of it.
    #[serde(default)]
    pub defaults: bool,
    /// How its hidden states become one vector a text, where the checkpoint was trained for that.
    pub embedding: Option<Embedding>,
    /// Where the numbers were read.
    #[serde(default)]
    pub sources: Vec<Source>,
}

/// From hidden states to one vector a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    /// Which positions make the vector.
    pub pooling: Pooling,
    /// Scale it to length one.
    pub normalise: bool,
    /// Longest text in tokens; more is cut on the right.
    pub max_tokens: usize,
}

/// Which positions make the vector of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The mean over real tokens.
    Mean,
    /// The first token's.
    First,
    /// The last real token's.
    Last,
}

/// A further small configuration for tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tiny {
    /// Kebab-case, what tells it from `tiny`: messages say `id/head`.
    pub id: String,
    /// A whole configuration, as lopsided as `tiny`.
    pub config: Map<String, Value>,
}

/// Where a rule between sizes ends: what stands on it is a configuration, what stands one step beyond it is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// The field that is varied.
    pub field: String,
    /// Its smallest value.
    pub least: Option<u64>,
    /// Its largest value; one of the two is given.
    pub most: Option<u64>,
    /// How far away the next value is, if not 1.
    pub step: Option<u64>,
    /// Other fields that the rule depends on, put into `tiny`.
    #[serde(default, rename = "where")]
    pub given: Map<String, Value>,
}

/// A check a family does not pass, in the open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Id of the check.
    pub check: String,
    /// Why a reader should accept that.
    pub reason: String,
    /// The one further tiny configuration that does not pass; all others must. `None`: none need pass.
    pub tiny: Option<String>,
}

/// A check a family does not pass yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFailure {
    /// Id of the check.
    pub check: String,
    /// Address of the issue that tracks it.
    pub issue: String,
    /// Who works on it.
    pub owner: String,
    /// The last day on which failing is accepted: `2027-03-31`.
    pub expires: String,
    /// What goes wrong, in one sentence.
    pub reason: String,
    /// The one further tiny configuration that does not pass; all others must. `None`: none need pass.
    pub tiny: Option<String>,
    /// The one device it fails on. `None`: on all.
    pub device: Option<String>,
}

/// Where a value was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// A term of the axis `source`; `uncited` is published as "not yet sourced".
    pub source: String,
    /// File, page or paper, as exactly as it is known.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// A term of the axis `confidence`.
    pub confidence: String,
    /// What a reader should know.
    pub note: Option<String>,
}

impl Descriptor {
    /// Parses the TOML of a family with code, and checks it against the vocabularies.
    ///
    /// # Errors
    /// [`Error::Descriptor`] with every problem at once, each with its line.
    pub fn parse(toml: &str) -> Result<Self> {
        Self::read("a family's TOML", toml, |descriptor| {
            let mut problems = descriptor.problems();
            if !descriptor.has_code() {
                problems.extend(descriptor.lacks_of_code());
            }
            problems
        })
    }

    /// Parses the TOML of a record without code, which has to be complete: nothing else says what it does not.
    ///
    /// # Errors
    /// [`Error::Descriptor`] with every problem at once, each with its line; `file` is what it is called there.
    pub fn record(file: &str, toml: &str) -> Result<Self> {
        let rules = |descriptor: &Self| {
            let mut problems = descriptor.problems();
            problems.extend(descriptor.code_in_a_record());
            problems.extend(descriptor.gaps());
            problems
        };
        Self::read(file, toml, rules).map_err(|error| match error {
            Error::Descriptor { problems, .. } => Error::Descriptor { id: file.to_owned(), problems },
            other => other,
        })
    }

    fn read(file: &str, toml: &str, problems: impl FnOnce(&Self) -> Vec<Problem>) -> Result<Self> {
        let mut descriptor: Self = toml::from_str(toml).map_err(|error| {
            let line = error.span().map(|span| place::line_at(toml, span.start));
            let message = error.message().trim_end().replace('\n', "\n    ");
            Error::Descriptor { id: file.to_owned(), problems: vec![Problem { line, ..Problem::new("toml", message) }] }
        })?;
        let problems = problems(&descriptor);
        if !problems.is_empty() {
            let lines = Lines::of(toml);
            let problems = problems.into_iter().map(|problem| lines.place(problem)).collect();
            return Err(Error::Descriptor { id: descriptor.id, problems });
        }
        descriptor.fill_modality();
        Ok(descriptor)
    }

    /// `taxonomy.modality` is what is read, then what else is written.
    fn fill_modality(&mut self) {
        let (reads, writes) = (self.reads.iter(), self.writes.iter().filter(|term| !self.reads.contains(term)));
        let both: Vec<_> = reads.chain(writes).cloned().collect();
        if !both.is_empty() {
            self.taxonomy.insert("modality".into(), both);
        }
    }

    /// What it is, in a sentence or two: its summary or, where nobody wrote one, what it adds to what was there before.
    pub fn gist(&self) -> &str {
        if self.summary.trim().is_empty() { self.extension.as_deref().unwrap_or(&self.name) } else { &self.summary }
    }

    /// Whether there is code that builds it. Only then is there a tiny configuration to build.
    pub fn has_code(&self) -> bool {
        !self.tiny.is_empty()
    }

    /// The same for a family that sits on another's body, named `body` in the configuration: a published configuration of one
    /// of its `model_type`s is read by the body's own table.
    #[must_use]
    pub fn with_body(mut self, name: &str, body: &Self) -> Self {
        let model_types = body.model_types().cloned().collect();
        self.bodies.insert(name.to_owned(), Published { model_types, ..body.published.clone() });
        self
    }

    /// Every `model_type` of a `config.json` that it reads, its own first. A family that was never published has its id.
    pub fn model_types(&self) -> impl Iterator<Item = &String> {
        let bodies = || self.bodies.values().flat_map(|body| &body.model_types);
        let own = &self.published.model_types;
        let id = (own.is_empty() && self.bodies.is_empty()).then_some(&self.id);
        own.iter().chain(id).chain(bodies())
    }

    /// Every small configuration: `tiny`, without an id, then `tinies`.
    pub fn small(&self) -> impl Iterator<Item = (Option<&str>, &Map<String, Value>)> {
        let further = self.tinies.iter().map(|tiny| (Some(tiny.id.as_str()), &tiny.config));
        std::iter::once((None, &self.tiny)).chain(further)
    }

    /// The preset with this id.
    pub fn preset(&self, id: &str) -> Option<&Preset> {
        self.presets.iter().find(|preset| preset.id == id)
    }

    /// The head with this id.
    pub fn head(&self, id: &str) -> Option<&Head> {
        self.heads.iter().find(|head| head.id == id)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const TOY: &str = r#"
        id = "toy"
        name = "Toy"
        aliases = ["plaything"]
        summary = "A model for tests."
        family = "toy"
        date = "2020-02"
        labs = ["nobody"]
        licence = { code = "MIT", weights = "MIT" }
        papers = [{ title = "Toys", authors = ["A. Child"], year = 2020, url = "https://example.org/toys" }]
        heads = [{ id = "none", summary = "The body alone.", published = ["ToyModel"] }]
        taxonomy = { attention = ["causal"] }
        tiny = { d_model = 8 }
        published = { model_types = ["toy"], config = { hidden_size = "d_model" }, ignored = ["dropout"] }
        presets = [{ id = "toy-base", aliases = ["toy-b"], hub = "toys/base", config = { d_model = 16 } }]
    "#;

    fn problems_after(from: &str, to: &str) -> String {
        assert!(TOY.contains(from), "the toy has no `{from}`");
        Descriptor::parse(&TOY.replace(from, to)).unwrap_err().to_string()
    }

    #[test]
    fn a_sound_descriptor_parses() {
        let toy = Descriptor::parse(TOY).unwrap();
        assert_eq!(toy.preset("toy-base").unwrap().hub.as_deref(), Some("toys/base"));
        assert_eq!(toy.papers[0].arxiv, None);
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let text = TOY.replace("\"toy\"\n        name", "\"Toy!\"\n        name").replace("2020-02\"", "20\"");
        let told = Descriptor::parse(&text).unwrap_err().to_string();
        assert!(told.contains("found `Toy!`") && told.contains("YYYY-MM"), "{told}");
    }

    #[test]
    fn unknown_terms_and_axes_suggest_the_nearest() {
        assert!(problems_after("[\"causal\"]", "[\"casual\"]").contains("did you mean `causal`?"));
        assert!(problems_after("attention =", "atention =").contains("did you mean `attention`?"));
    }

    #[test]
    fn further_small_configurations_are_named_once() {
        let tinies = |ids: [&str; 2]| {
            let tiny = |id| format!("\n[[tinies]]\nid = \"{id}\"\nconfig = {{ d_model = 16 }}\n");
            Descriptor::parse(&(TOY.to_owned() + &ids.map(tiny).concat()))
        };
        let toy = tinies(["wide", "deep"]).unwrap();
        assert_eq!(toy.small().map(|(id, _)| id).collect::<Vec<_>>(), [None, Some("wide"), Some("deep")]);
        assert!(tinies(["wide", "wide"]).unwrap_err().to_string().contains("`tinies.wide`: stands twice"));
        assert!(tinies(["wide", "Deep"]).unwrap_err().to_string().contains("found `Deep`"));
    }

    #[test]
    fn expected_failures_say_where_who_and_until_when() {
        let with = |from: &str, to: &str| {
            let expected = "
                [[expected_failures]]
                check = \"order-matters\"
                issue = \"https://example.org/issues/7\"
                owner = \"A. Child\"
                expires = \"2027-03-31\"
                reason = \"Positions are not added yet.\"
            ";
            assert!(expected.contains(from));
            Descriptor::parse(&(TOY.to_owned() + &expected.replace(from, to)))
        };
        let refused = |from: &str, to: &str| with(from, to).unwrap_err().to_string();
        assert_eq!(with("", "").unwrap().expected_failures[0].device, None);
        assert!(refused("https://example.org/issues/7", "soon").contains("expected a web address, found `soon`"));
        assert!(refused("2027-03-31", "2027-03").contains("expected `YYYY-MM-DD`, found `2027-03`"));
        assert!(refused("2027-03-31", "2027-02-30").contains("expected `YYYY-MM-DD`, found `2027-02-30`"));
        assert!(refused("A. Child", " ").contains(".owner`: is empty"));
        assert!(refused("reason", "tiny = \"deep\"\nreason").contains("is called `deep`"));
        let again = "[[expected_failures]]\ncheck = \"order-matters\"\nissue = \"https://a.example\"\nowner = \"B\"\n\
                     expires = \"2027-03-31\"\nreason = \"Again.\"\n[[waivers]]\ncheck = \"order-matters\"\nreason = \"So.\"\n";
        let told = with("reason = \"Positions are not added yet.\"", &format!("reason = \"So.\"\n{again}"));
        let told = told.unwrap_err().to_string();
        assert!(told.contains("is waived and expected to fail"), "{told}");
        assert!(told.contains("stands twice"), "{told}");
    }

    #[test]
    fn unknown_fields_are_refused() {
        assert!(problems_after("summary", "sumary").contains("sumary"));
    }

    #[test]
    fn equations_say_what_the_taxonomy_says() {
        let with = |taxonomy: &str, norm: &str, activation: &str| {
            let equation = format!(
                "\n[[equations]]\nlayers = \"layers\"\nnorm = \"{norm}\"\nplacement = \"pre\"\neps = 1e-5\n\
                 parts = [{{ kind = \"mlp\", module = \"mlp\", norm = \"mlp_norm\", activation = \"{activation}\" }}]\n"
            );
            let taxonomy = format!("taxonomy = {{ attention = [\"causal\"]{taxonomy} }}");
            Descriptor::parse(&(TOY.replace("taxonomy = { attention = [\"causal\"] }", &taxonomy) + &equation))
        };
        let told = |taxonomy, norm, activation| with(taxonomy, norm, activation).unwrap_err().to_string();
        let toy = with("", "layernorm", "gelu").unwrap();
        assert_eq!((toy.equations[0].side, toy.equations[0].last_norm_recorded), (Side::Main, true));
        // The name of a field says what its value is, whatever the value.
        with("", "layernorm", "d_model").unwrap();
        assert!(told("", "layernom", "gelu").contains("did you mean `layernorm`?"));
        assert!(told("", "layernorm", "gelou").contains("did you mean `gelu`"));
        let other = told(", normalisation-type = [\"rmsnorm\"]", "layernorm", "gelu");
        assert!(other.contains("`layernorm` is not what the taxonomy says on `normalisation-type`"), "{other}");
    }

    #[test]
    fn a_plugin_may_bring_its_own_terms() {
        let text = TOY.replace("[\"causal\"]", "[\"telepathic\"]")
            + "\n[terms]\nattention = [{ id = \"telepathic\", label = \"Telepathic\", definition = \"Knows.\" }]";
        Descriptor::parse(&text).unwrap();
    }
}
