//! Two families, a suite of three checks, and what it found. Everything that a text can hold stands in some fact.

use std::path::{Path, PathBuf};

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use zoo_catalog::{Catalog, build};
use zoo_registry::cost::{Cost, Writing};
use zoo_registry::descriptor::{Answer, Side};
use zoo_registry::figure::{Axis, Scale, Series};
use zoo_registry::flow::{Extent, Length, Passing, Place, Sight, Stack, Sublayer, SublayerKind};
use zoo_registry::record::{Demo, Size, SourceFile};
use zoo_registry::{
    CheckFacts, Descriptor, Figure, Flow, LevelFacts, ModuleTree, Outcome, Parameter, Pattern, PlantedFacts,
    PlantedKind, Record, Status, SuiteFacts,
};

/// Markup, quotes, SQL, other scripts and a line break.
pub(crate) const NASTY: &str =
    "<b>\"Toy\"</b> & 'it''s'); DROP TABLE architecture; -- \\ 变形金刚 🤖 e\u{301}\r\n\tend";

const TOY: &str = r#"
    id = "toy"
    name = "Toy <i>&amp;</i>"
    aliases = ["plaything", "Toy's", "Plaything", "plaything"]
    summary = NASTY
    family = "toys"
    date = "2020-02"
    labs = ["zeta", "alpha", "baai"]
    names = { zh = "玩具模型", de = "Spielzeugmaß" }
    countries = ["AT", "CN"]
    other_families = ["gadgets"]
    licence = { code = "MIT OR Apache-2.0", weights = "CC-BY-4.0", public = true, note = NASTY }
    extension = "Adds wheels."
    applications = ["playing", NASTY]
    corpus = "Attic"
    builds_on = ["block"]
    tiny = { d_model = 8, rate = 0.1 }

    [[papers]]
    title = "Toys Are All You Need"
    authors = ["Z. Élan", "A. Child"]
    year = 2020
    arxiv = "2002.00001"
    url = "https://example.org/toys?a=1&b=2"

    [[papers]]
    title = "Wood"
    authors = ["A. Child"]
    year = 2019
    url = "https://example.org/wood"

    [[heads]]
    id = "none"
    summary = "The body alone."

    [[heads]]
    id = "causal-lm"
    summary = "Guesses the next token."
    published = ["ToyForCausalLM", "ToyLMHeadModel"]

    [taxonomy]
    attention = ["causal", "telepathic"]
    architecture = ["decoder"]

    [[terms.attention]]
    id = "telepathic"
    label = "Telepathic"
    definition = "Knows."

    [[terms.mood]]
    id = "merry"
    label = "Merry"
    definition = "Laughs."

    [[lineage]]
    id = "block"
    relation = "derives-from"
    change = "wheels < 5 & axles"
    sources = [{ source = "paper", ref = "§ 2", confidence = "high" }, { source = "paper", confidence = "low", note = NASTY }]

    [[lineage]]
    id = "unrecorded"
    relation = "uses-component"
    variant = "L"
    date = "2021-01"
    note = NASTY

    [[components]]
    module = "layers.*.attention"
    name = "Attention"
    kind = "attention"
    part = "head/pooled-token"
    source = "§ 3, eq. (1)"

    [published]
    model_types = ["toy", "toy-v2"]
    config = { hidden_size = "d_model", n_head = "n_heads" }
    ignored = ["dropout"]

    [[presets]]
    id = "toy-large"
    aliases = ["toy-l"]
    hub = "toys/large"
    note = NASTY
    parameters = 50
    config = { d_model = 16, eps = 1e-12, name = "x", tied = true, extents = [1, 2.5] }
    embedding = { pooling = "mean", normalise = false, max_tokens = 512 }
    sources = [{ source = "paper", ref = "table 1", confidence = "high" }]

    [[presets]]
    id = "toy-base"
    config = { d_model = 4 }

    [[unbuilt]]
    id = "toy-giant"
    name = "giant"
    hub = "toys/giant"
    hub_seen = "a/b: README.md"
    context = 64
    active = 9
    config = { d_model = 4, n_layers = 3, n_heads = 2 }
    stated = { parameters = 20, label = "20", sources = [{ source = "paper", ref = "a/b@1: c.md#d", confidence = "high" }] }
    counted = { parameters = 21, basis = NASTY, checked = { parameters = 21, source = "repo", ref = "x" } }

    [[conflicts]]
    about = ["date", "parameters"]
    size = "giant"
    values = [{ source = "paper", value = "1" }, { source = NASTY, value = NASTY }]
    chosen = "1"
    note = NASTY
    found_by = "curator"
    severity = "conflict"

    [external.amatriain]
    name = "Toy"
    families = ["A", "B"]
    licence = { openness = "open", api = true }

    [[waivers]]
    check = "padding-does-not-leak"
    reason = NASTY

    [[expected_failures]]
    check = "values-match"
    device = "cuda:0"
    issue = "https://example.org/7"
    owner = NASTY
    expires = "2027-03-31"
    reason = NASTY

    [sources]
    date = [{ source = "paper", ref = "page 1", confidence = "medium" }]
"#;

const BLOCK: &str = r#"
    id = "block"
    name = "Block"
    summary = "An ancestor."
    family = "toys"
    date = "2019-12-31"
    labs = ["alpha"]
    licence = { code = "MIT", weights = "MIT" }
    papers = [{ title = "Wood", authors = ["A. Child"], year = 2019, url = "https://example.org/wood" }]
    heads = [{ id = "none", summary = "The body alone." }]
    taxonomy = { attention = ["causal"] }
    tiny = { d_model = 8 }
    presets = [{ id = "block-paper-only", parameters = 7, config = { d_model = 2 } }]
"#;

/// Shared code of which a building block names an item.
pub(crate) const MLP: &str = "//! Up and down.\n\n/// Wide.\npub struct Mlp;\n\nimpl Mlp {\n}\n";

/// A family with a trait of everything, every text of it nasty.
pub(crate) fn toy() -> Record {
    let nasty = format!("{:?}", "@").replace('@', &toml_escaped(NASTY));
    let descriptor = Descriptor::parse(&TOY.replace("NASTY", &nasty)).unwrap();
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    Record {
        descriptor,
        readme: format!("# Toy\n\n{NASTY}\0 and a zero byte"),
        sources: vec![file("mod.rs", "fn main() {}\n"), file("weights/names.rs", NASTY)],
        blocks: vec![file("mlp.rs", MLP), file("nasty.rs", NASTY)],
        sizes: vec![size("toy-large", 16), size("toy-base", 4)],
        figures: vec![figure(NASTY, &[[1.0, 0.1], [3.0, f64::MAX]]), figure("Another", &[[2.5, -1.0]])],
        demo: Some(Demo { task: NASTY.into(), tries: vec!["play --with \"it\"".into(), NASTY.into()] }),
    }
}

fn figure(title: &str, points: &[[f64; 2]]) -> Figure {
    let axis = |label: &str, scale| Axis { label: label.into(), scale };
    let curve = |name: &str| Series { name: name.into(), points: points.to_vec() };
    Figure {
        title: title.into(),
        caption: NASTY.into(),
        command: "zoo train toy".into(),
        x: axis("steps", Scale::Log),
        y: axis("loss", Scale::Linear),
        series: vec![curve("b"), curve("a")],
    }
}

/// A family without code.
pub(crate) fn block() -> Record {
    Record {
        descriptor: Descriptor::parse(BLOCK).unwrap(),
        readme: String::new(),
        sources: vec![],
        blocks: vec![],
        sizes: vec![],
        figures: vec![],
        demo: None,
    }
}

fn toml_escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

fn size(preset: &str, d_model: usize) -> Size {
    let config = json!({
        "d_model": d_model, "zeta": null, "eps": 0.1 + 0.2, "whole": 2.0, "least": i64::MIN, "name": NASTY, "tied": true,
        "extents": [1, 2.5, "x"], "nested": { "z": 1, "a": false }, "aaa": 1,
    });
    let config = config.as_object().unwrap().clone();
    let leaf = |name: &str, kind: &str, parameters: &[(&str, &[usize])]| ModuleTree {
        name: name.into(),
        kind: kind.into(),
        parameters: parameters
            .iter()
            .map(|(name, shape)| Parameter { name: (*name).into(), shape: shape.to_vec() })
            .collect(),
        children: vec![],
    };
    // `b` before `a`, twelve layers, a parameter above a child, one without extents: no order but the declared one is right.
    let layer = |at: usize| {
        let own = leaf("norm", "Norm", &[("weight", &[3]), ("bias", &[3])]);
        ModuleTree { children: vec![own], ..leaf(&at.to_string(), "Layer<'a, T>", &[("scale", &[])]) }
    };
    let layers = ModuleTree { children: (0..12).map(layer).collect(), ..leaf("layers", "Vec", &[]) };
    let children =
        vec![leaf("b", "Linear", &[("weight", &[d_model, 3]), ("bias", &[3])]), layers, leaf("a", "Empty", &[])];
    let modules = ModuleTree { children, ..leaf("", "Toy", &[("table", &[5, d_model])]) };
    let writing = Some(Writing { state_bytes: 0, step_flops: 7 });
    let cost = |tokens| Cost { tokens, matmul_flops: u64::MAX >> 1, elementwise: 3, activation_bytes: 5, writing };
    Size {
        preset: preset.into(),
        config,
        modules,
        costs: vec![Cost { writing: None, ..cost(128) }, cost(256)],
        flow: flow(),
    }
}

/// Every kind of place and of extent, and two stacks, of which one knows what its scores take.
fn flow() -> Flow {
    let extents = vec![Extent::Length(Length::Source), Extent::Length(Length::Text), Extent::Fixed(u64::MAX >> 1)];
    let places = [Place::SourceTokens, Place::Image, Place::Answer(Answer::SpanLogits), Place::Answer(Answer::Hidden)];
    let part = |kind, scores| Sublayer { kind, module: "b.*".into(), norm: NASTY.into(), scores };
    let parts = vec![part(SublayerKind::Mlp, None), part(SublayerKind::CrossAttention, Some("layers.*.b".into()))];
    let stack = Stack {
        layers: "layers".into(),
        side: Side::Encoder,
        placement: "sandwich".into(),
        last_norm: Some("a".into()),
        parts,
    };
    Flow {
        tensors: places.map(|place| Passing { place, extents: extents.clone() }).into(),
        stacks: vec![stack.clone(), Stack { side: Side::Main, last_norm: None, parts: vec![], ..stack }],
        sights: vec![
            Sight { side: Side::Encoder, pattern: Pattern::Full },
            Sight { side: Side::Main, pattern: Pattern::Segments { segment: 4 } },
            Sight { side: Side::Main, pattern: Pattern::Banded { window: 3 } },
            Sight { side: Side::Main, pattern: Pattern::Causal },
        ],
    }
}

/// A suite of three checks, not in the order of their ids, and two levels.
pub(crate) fn suite() -> SuiteFacts {
    let check = |id: &str, catches: &[&str]| CheckFacts {
        id: id.into(),
        statement: format!("`{id}` holds. {NASTY}"),
        method: "Looks twice.".into(),
        catches: catches.iter().map(|&bug| bug.to_owned()).collect(),
        seen: catches.iter().rev().map(|&bug| format!("seen: {bug}")).collect(),
        fix: format!("Look again. {NASTY}"),
    };
    let checks = vec![
        check("values-match", &["z first", "a second", NASTY]),
        check("padding-does-not-leak", &[]),
        check("a-third", &["x"]),
    ];
    let level = |id: &str, name: &str, checks: &[&str]| LevelFacts {
        id: id.into(),
        name: name.into(),
        statement: NASTY.into(),
        checks: checks.iter().map(|&check| check.to_owned()).collect(),
    };
    let levels =
        vec![level("L0", "low", &["a-third", "padding-does-not-leak"]), level("L1", "high", &["values-match"])];
    let planted = |id: &str, kind, caught_by: &[&str]| PlantedFacts {
        id: id.into(),
        kind,
        area: "mask".into(),
        file: "mask.rs".into(),
        family: "toy".into(),
        what: format!("`{id}` is wrong. {NASTY}"),
        alone: (caught_by.len() == 1).then(|| NASTY.into()),
        caught_by: caught_by.iter().map(|&check| check.to_owned()).collect(),
    };
    let planted = vec![
        planted("mask-late", PlantedKind::Bug, &["a-third", "values-match"]),
        planted("mask-forgotten", PlantedKind::Bug, &["a-third"]),
        planted("same-mask", PlantedKind::Rewrite, &[]),
        planted("no-mask-at-all", PlantedKind::Null, &["values-match"]),
    ];
    SuiteFacts { version: "1.0".into(), levels, checks, planted }
}

/// An outcome for `toy`.
pub(crate) fn outcome(check: &str, device: &str, status: Status, error: Option<f64>) -> Outcome {
    Outcome {
        check: check.into(),
        architecture: "toy".into(),
        device: device.into(),
        status,
        error,
        tolerance: error.map(|_| 4.0),
        measure: error.map(|_| NASTY.to_owned()),
        detail: format!("looked at {device} {NASTY}"),
    }
}

/// One outcome of every status, on two devices.
pub(crate) fn outcomes() -> Vec<Outcome> {
    vec![
        outcome("values-match", "ndarray", Status::Fail, Some(f64::INFINITY)),
        outcome("values-match", "flex", Status::Pass, Some(0.1 + 0.2)),
        outcome("padding-does-not-leak", "flex", Status::Waived, Some(5e-324)),
        outcome("a-third", "flex", Status::NotApplicable, None),
        Outcome { architecture: "block".into(), ..outcome("a-third", "flex", Status::Pass, None) },
    ]
}

/// An empty folder and a path in it.
pub(crate) fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("catalog.sqlite");
    (folder, path)
}

/// Builds the whole of the above at `path`.
pub(crate) async fn build_all(path: &Path) {
    build(path, &[toy(), block()], &suite(), &outcomes()).await.unwrap();
}

/// The catalog of all of the above; the folder goes when it is dropped.
pub(crate) async fn catalog() -> (TempDir, PathBuf, Catalog) {
    let (folder, path) = folder();
    build_all(&path).await;
    let catalog = Catalog::open(&path).await.unwrap();
    (folder, path, catalog)
}

/// Changes a catalog behind its back, checks or no checks.
pub(crate) async fn edit(path: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(path).pragma("ignore_check_constraints", "ON");
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Names of the files in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
