//! The facts of a family: who, when, where published, what kind, which sizes. Parsed once from the TOML beside the code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Problem, Result};
use crate::vocabulary::Term;

mod answer;
mod check;

pub use answer::Answer;

/// Everything the catalog knows of a family without running it.
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
    /// One or two sentences for a newcomer.
    pub summary: String,
    /// The family of families it belongs to: `bert`, `gpt`, `t5`, …
    pub family: String,
    /// First public appearance, ISO 8601: `2018-10-11` or, where the day is unknown, `2018-10`.
    pub date: String,
    /// Kebab-case ids of the labs.
    pub labs: Vec<String>,
    /// Under which terms the reference code and weights may be used.
    pub licence: Licence,
    /// Papers, the defining one first.
    pub papers: Vec<Paper>,
    /// Where it comes from.
    #[serde(default)]
    pub lineage: Vec<Lineage>,
    /// Ids of architectures whose code this one is built on; see
    /// [`Registry::require_bases`](../registry/struct.Registry.html#method.require_bases).
    #[serde(default)]
    pub builds_on: Vec<String>,
    /// Axis id → term ids of the [vocabulary](crate::vocabulary).
    pub taxonomy: BTreeMap<String, Vec<String>>,
    /// Terms the vocabulary lacks, by axis id; a plugin's own.
    #[serde(default)]
    pub terms: BTreeMap<String, Vec<Term>>,
    /// Shared parts it is wired from.
    #[serde(default)]
    pub components: Vec<Component>,
    /// What can sit on the body; the first is the default.
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
    /// A small, lopsided configuration for tests: no two extents equal.
    pub tiny: Map<String, Value>,
    /// Further small configurations, each tested as `tiny` is: for what no single one can show, such as another body.
    #[serde(default)]
    pub tinies: Vec<Tiny>,
    /// Checks this family does not pass, and why a reader should accept that.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
    /// Checks this family does not pass yet: who works on that, where, and until when.
    #[serde(default)]
    pub expected_failures: Vec<ExpectedFailure>,
    /// Field → where its value was read.
    #[serde(default)]
    pub sources: BTreeMap<String, Vec<Source>>,
}

/// SPDX expressions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// Of the reference code.
    pub code: String,
    /// Of the published weights.
    pub weights: String,
}

/// A publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// As printed.
    pub title: String,
    /// In print order.
    pub authors: Vec<String>,
    /// Of the first version.
    pub year: u16,
    /// arXiv id, as in `1810.04805`.
    pub arxiv: Option<String>,
    /// Where to read it.
    pub url: String,
}

/// An edge to an ancestor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {
    /// Id of the ancestor.
    pub id: String,
    /// A term of the axis `lineage-relation`.
    pub relation: String,
    /// What changed, in one phrase.
    pub change: Option<String>,
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
    /// Paper, section, equation.
    pub source: String,
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
    /// Hugging Face repository, `owner/name`.
    pub hub: Option<String>,
    /// What differs from its siblings, in one phrase.
    pub note: Option<String>,
    /// Exact published number of parameters, tied matrices once: of the body, or with the head if `config` names one.
    pub parameters: Option<u64>,
    /// Our configuration, in our names.
    pub config: Map<String, Value>,
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
    /// Parses a family's TOML and checks it against the vocabularies.
    ///
    /// # Errors
    /// [`Error::Descriptor`] with every problem at once.
    pub fn parse(toml: &str) -> Result<Self> {
        let descriptor: Self = toml::from_str(toml).map_err(|error| Error::Descriptor {
            id: "a family's TOML".into(),
            problems: vec![Problem::new("toml", error.to_string().trim_end().replace('\n', "\n    "))],
        })?;
        let problems = descriptor.problems();
        if problems.is_empty() { Ok(descriptor) } else { Err(Error::Descriptor { id: descriptor.id, problems }) }
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
        assert!(refused("A. Child", " ").contains("owner: is empty"));
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
    fn a_plugin_may_bring_its_own_terms() {
        let text = TOY.replace("[\"causal\"]", "[\"telepathic\"]")
            + "\n[terms]\nattention = [{ id = \"telepathic\", label = \"Telepathic\", definition = \"Knows.\" }]";
        Descriptor::parse(&text).unwrap();
    }
}
