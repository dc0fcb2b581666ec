//! A family made for breaking: small, healthy by default, with one bug planted on request.

mod cache;
mod golden;
mod memo;
mod network;
mod pair;
mod picture;
mod wrapped;

use std::sync::OnceLock;

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use zoo_registry::config::Rules;
use zoo_registry::include_dir::{Dir, DirEntry, File};
use zoo_registry::{Architecture, Descriptor, Family, Problem, Row, WeightNames};

pub(crate) use memo::{MemoBug, memo};
pub(crate) use network::Toy;
pub(crate) use pair::{PairBug, pair, pair_saying};
pub(crate) use picture::{PictureBug, picture, picture_saying};
use wrapped::Wrapped;

/// What is wrong with a toy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[rustfmt::skip]
pub(crate) enum Bug {
    Nothing,
    // Facts.
    StaleToml, AliasTaken, Symmetric, FurtherSymmetric, PublishedCountWrong, ZeroAccepted,
    // Weights.
    RowLacking, ParameterNamedTwice, QueryAndKeySwapped, NotTransposed, TensorUnread, HeadUntied, StateNotSaved,
    // Who sees whom.
    MaskOffByOne, NoMask, DeepUnmasked, SelfHidden, AttentionRemoved, HeadsAndTimeMixed, SegmentsIgnored, PositionsUnused,
    // Padding.
    PaddingIgnored, PositionsCountPadding, InfiniteMask, PoolsAtTheEnd, PoolsAtTheCount,
    // Batches and repetition.
    BatchMixed, Undetermined,
    // Memory.
    PositionsRestart, PastPaddingSeen, CacheShared, SelectKeepsOrder, LastIsFirst, CacheOverflows,
    KeysResumedAsValues, LayerNotSaved,
    // Arithmetic.
    SaysNothing, NormEps, GeluVariant, ScaleByWidth, NoScores, DeviceDependent,
    // Flow: what is kept, where positions end, texts that ended.
    KeysKeptTwice, PositionsOverstated, EndedTextsDisturb,
    // Null models, with AttentionRemoved, NoScores and SaysNothing.
    DenseLayer,
    // Training.
    MlpDetached, HeadDetached,
    // Recording.
    RecordingMatters, LayerUnrecorded, ScoresRecorded,
    // Equations of layers.
    EpsMisdeclared, PartUndeclared, PartsSideBySide, NormsAfter, NormClamped, GeluClipped, UpBiasLacking, KeysAndValuesSwapped,
    ShallowMask, ScoresClipped,
    // What training computes.
    DrawnTooWide, DrawnAlike, LabelsShiftedTwice, MeanOfMeans, DropoutInTraining, StepsUphill, PaddingLearns,
    // Files and ties.
    MissingTolerated, HalfLoaded, SavedUpsideDown, ShardsUnread, TieUndeclared, TieCopied,
    // Sizes and threads.
    ManyRowsLost, ScratchShared,
    // Around the model: names, published files, other heads, states, steps, policies.
    AliasInCapitals, SizesUnderstated, FieldIgnored, DefaultAstray, OtherHeadsUnexpected, BrokenStatesForgotten, StepsTooWide,
    EveryIsLast, WrongPairsDropped,
    // Comparisons.
    PairsSwapped, ComparisonOverflows,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Config {
    head: Head,
    vocab_size: usize,
    d_model: usize,
    n_layers: usize,
    n_heads: usize,
    d_ff: usize,
    max_positions: usize,
    n_token_types: usize,
    n_labels: usize,
    norm_eps: f64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Head {
    #[default]
    None,
    CausalLm,
    Labels,
}

/// What its publisher's library fills in, as [`DEFAULTS`] says it.
impl Default for Config {
    fn default() -> Self {
        Self {
            head: Head::None,
            vocab_size: 29,
            d_model: 24,
            n_layers: 2,
            n_heads: 3,
            d_ff: 20,
            max_positions: 17,
            n_token_types: 2,
            n_labels: 5,
            norm_eps: 0.03,
        }
    }
}

impl zoo_registry::Config for Config {
    fn problems(&self) -> Vec<Problem> {
        Rules::new()
            .size("vocab_size", self.vocab_size)
            .size("d_model", self.d_model)
            .layers("n_layers", self.n_layers)
            .size("n_heads", self.n_heads)
            .divides(("n_heads", self.n_heads), ("d_model", self.d_model))
            .size("d_ff", self.d_ff)
            .size("max_positions", self.max_positions)
            .size("n_token_types", self.n_token_types)
            .size("n_labels", self.n_labels)
            .positive("norm_eps", self.norm_eps)
            .broken()
    }
}

/// The same without a rule.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Lenient(Config);

impl zoo_registry::Config for Lenient {
    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }
}

struct ToyFamily {
    bug: Bug,
    descriptor: Descriptor,
    folder: Dir<'static>,
}

/// [`ToyFamily`] for [`Bug::ZeroAccepted`].
struct LenientFamily(ToyFamily);

const TOML: &str = include_str!("toy.toml");

/// The configuration of a library that was told nothing.
const DEFAULTS: &str = r#"{ "model_type": "toy", "vocab_size": 29, "hidden_size": 24, "n_layers": 2, "n_heads": 3, "d_ff": 20,
    "max_positions": 17, "n_token_types": 2, "num_labels": 5, "norm_eps": 0.03 }"#;

/// What the facts say of the feed-forward network.
const MLP: &str = "{ kind = \"mlp\", module = \"\", norm = \"mlp_norm\", activation = \"gelu\" },";

/// A further tiny configuration, of three layers.
pub(crate) const DEEP: &str = "
    [[tinies]]
    id = \"deep\"
    config = { vocab_size = 31, d_model = 12, n_layers = 3, n_heads = 2, d_ff = 22, max_positions = 17, n_token_types = 3, \
               n_labels = 5, norm_eps = 0.05 }
";

/// The toy with one bug; [`Bug::Nothing`] is healthy.
pub(crate) fn toy(bug: Bug) -> &'static dyn Architecture {
    toy_and(bug, "")
}

/// The same with more facts.
pub(crate) fn toy_and(bug: Bug, facts: &str) -> &'static dyn Architecture {
    leaked(bug, family(bug, golden::files(bug), facts, ("", "")))
}

/// The same that says `to` in its TOML where it should say `from`.
pub(crate) fn toy_saying(bug: Bug, from: &str, to: &str) -> &'static dyn Architecture {
    leaked(bug, family(bug, golden::files(bug), "", (from, to)))
}

fn leaked(bug: Bug, family: ToyFamily) -> &'static dyn Architecture {
    match bug {
        Bug::ZeroAccepted => Box::leak(Box::new(LenientFamily(family))),
        _ if wrapped::SPOILT.contains(&bug) => Box::leak(Box::new(Wrapped { inner: Box::leak(Box::new(family)), bug })),
        _ => Box::leak(Box::new(family)),
    }
}

/// Another family, to live beside a toy.
pub(crate) fn neighbour() -> &'static dyn Architecture {
    static NEIGHBOUR: OnceLock<ToyFamily> = OnceLock::new();
    NEIGHBOUR.get_or_init(|| {
        let toml = TOML.replace("\"toy", "\"neighbour").replace("plaything", "next-door").replace("toys/", "next/");
        ToyFamily { bug: Bug::Nothing, descriptor: Descriptor::parse(&toml).unwrap(), folder: Dir::new("", &[]) }
    })
}

fn family(bug: Bug, mut files: Vec<(String, Vec<u8>)>, facts: &str, said: (&str, &str)) -> ToyFamily {
    let (from, to) = match bug {
        Bug::AliasTaken => ("\"plaything\"", "\"next-door\""),
        Bug::Symmetric => ("d_ff = 20", "d_ff = 12"),
        Bug::EpsMisdeclared => ("eps = \"norm_eps\"", "eps = 0.031"),
        Bug::PartUndeclared => (MLP, ""),
        Bug::AliasInCapitals => ("\"toy-b\"", "\"Plaything\""),
        Bug::FieldIgnored => ("model_types = [\"toy\"]", "model_types = [\"toy\"]\nignored = [\"hidden_size\"]"),
        Bug::PublishedCountWrong => ("parameters = 2968", "parameters = 2969"),
        _ => said,
    };
    let mut toml = saying(TOML, from, to);
    match bug {
        // A second tiny configuration doubles the work, so only these have one.
        Bug::Nothing | Bug::DeepUnmasked => toml += DEEP,
        Bug::FurtherSymmetric => toml += &DEEP.replace("d_ff = 22", "d_ff = 12"),
        _ => {}
    }
    toml += facts;
    let beside = if bug == Bug::StaleToml { toml.replace("A model for", "A toy for") } else { toml.clone() };
    files.push(("toy.toml".to_owned(), beside.into_bytes()));
    let defaults = if bug == Bug::DefaultAstray { DEFAULTS.replace("0.03", "0.05") } else { DEFAULTS.to_owned() };
    files.push(("golden/defaults.json".to_owned(), defaults.into_bytes()));
    files.push(("README.md".to_owned(), b"# Toy\n\nMade for breaking.".to_vec()));
    ToyFamily { bug, descriptor: Descriptor::parse(&toml).unwrap(), folder: folder("", files) }
}

/// The same text with `to` for `from`, which must be there.
fn saying(toml: &str, from: &str, to: &str) -> String {
    assert!(toml.contains(from), "the TOML does not say `{from}`");
    if from.is_empty() { toml.to_owned() } else { toml.replace(from, to) }
}

/// A folder that lives as long as the program, as an embedded one does.
fn folder(path: &str, files: Vec<(String, Vec<u8>)>) -> Dir<'static> {
    let mut entries = Vec::new();
    let mut inner: std::collections::BTreeMap<String, Vec<(String, Vec<u8>)>> = Default::default();
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    for (name, bytes) in files {
        match name.split_once('/') {
            Some((dir, rest)) => inner.entry(dir.to_owned()).or_default().push((rest.to_owned(), bytes)),
            None => entries.push(DirEntry::File(File::new(below(&name).leak(), bytes.leak()))),
        }
    }
    entries.extend(inner.into_iter().map(|(dir, files)| DirEntry::Dir(folder(&below(&dir), files))));
    Dir::new(path.to_owned().leak(), entries.leak())
}

impl Family for ToyFamily {
    type Config = Config;
    type Network = Toy;

    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn folder(&self) -> &Dir<'static> {
        &self.folder
    }

    fn init(&self, config: &Config, device: &Device) -> Toy {
        Toy::new(config, self.bug, device)
    }

    fn weight_names(&self, config: &Config) -> WeightNames {
        table(self.bug, config.head)
    }
}

impl Family for LenientFamily {
    type Config = Lenient;
    type Network = Toy;

    fn descriptor(&self) -> &Descriptor {
        &self.0.descriptor
    }

    fn folder(&self) -> &Dir<'static> {
        &self.0.folder
    }

    fn init(&self, config: &Lenient, device: &Device) -> Toy {
        Toy::new(&config.0, self.0.bug, device)
    }

    fn weight_names(&self, config: &Lenient) -> WeightNames {
        table(self.0.bug, config.0.head)
    }
}

fn table(bug: Bug, head: Head) -> WeightNames {
    let (query, key): (&[&str; 1], &[&str; 1]) = match bug {
        Bug::QueryAndKeySwapped => (&["layers.*.attention.key"], &["layers.*.attention.query"]),
        _ => (&["layers.*.attention.query"], &["layers.*.attention.key"]),
    };
    let value = match bug {
        Bug::NotTransposed => Row::same("h.*.attn.v", &["layers.*.attention.value"]),
        _ => Row::transposed("h.*.attn.v", &["layers.*.attention.value"]),
    };
    let mut body = vec![
        Row::same("wte", &["tokens"]),
        Row::same("wpe", &["positions"]),
        Row::same("wse", &["segments"]),
        Row::same("h.*.ln_1", &["layers.*.attention_norm"]),
        Row::transposed("h.*.attn.q", query),
        Row::transposed("h.*.attn.k", key),
        value,
        Row::transposed("h.*.attn.o", &["layers.*.attention.output"]),
        Row::same("h.*.ln_2", &["layers.*.mlp_norm"]),
        Row::transposed("h.*.mlp.up", &["layers.*.up"]),
        Row::transposed("h.*.mlp.down", &["layers.*.down"]),
    ];
    if bug != Bug::RowLacking {
        body.push(Row::same("ln_f", &["norm"]));
    }
    if bug == Bug::ParameterNamedTwice {
        body.push(Row::same("final_norm", &["norm"]));
    }
    let names = WeightNames::new("toy.", body);
    // A classifier is passed over where another head is wanted.
    let score = if bug == Bug::OtherHeadsUnexpected { vec![] } else { vec![Row::drop("score")] };
    let names = if head == Head::Labels { names } else { names.ignoring(score) };
    match head {
        Head::None => names,
        Head::CausalLm if bug == Bug::TieUndeclared => names.with_head([]),
        Head::CausalLm if bug == Bug::HeadUntied => names.with_head([Row::transposed("lm_head", &["untied"])]),
        Head::CausalLm => names.with_head([Row::tied("lm_head", &["tokens"])]),
        Head::Labels => names.with_head([Row::transposed("score", &["classifier"])]),
    }
}
