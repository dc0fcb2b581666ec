//! Sizes: the numbers at the top of the page and the table of presets.

use serde::Serialize;
use serde_json::{Map, Value};
use zoo_catalog::view::{Model, SizeFacts};
use zoo_registry::descriptor::Preset;

use crate::format::{THIN, bytes, grouped, slug};

/// Fields of a configuration that make columns, with their titles.
pub(in crate::pages) const FIELDS: [(&str, &str); 13] = [
    ("n_layers", "Layers"),
    ("n_encoder_layers", "Encoder layers"),
    ("n_decoder_layers", "Decoder layers"),
    ("d_model", "Width"),
    ("n_heads", "Heads"),
    ("n_kv_heads", "KV heads"),
    ("head_dim", "Head width"),
    ("d_ff", "MLP width"),
    ("n_experts", "Experts"),
    ("image_size", "Image"),
    ("patch_size", "Patch"),
    ("max_positions", "Positions"),
    ("vocab_size", "Vocabulary"),
];

/// Bytes of a parameter in single precision.
const F32: u64 = 4;

/// A number at the top of the page.
#[derive(Serialize)]
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) value: String,
    /// From the top of the page.
    pub(super) href: Option<&'static str>,
}

/// Presets as rows, configuration fields as columns.
#[derive(Serialize)]
pub(super) struct Table<'a> {
    columns: Vec<&'static str>,
    rows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    anchor: String,
    aliases: String,
    hub: Option<Hub<'a>>,
    note: Option<&'a str>,
    cells: Vec<Option<String>>,
    /// Counted in the module tree.
    parameters: Option<String>,
    /// The published number or what else is said of it, and whether it is the counted one.
    published: Option<String>,
    agrees: bool,
}

#[derive(Serialize)]
struct Hub<'a> {
    name: &'a str,
    href: Option<String>,
}

pub(super) fn facts(model: &Model, built: Option<&SizeFacts>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut push = |label, value: Option<String>, href| facts.extend(value.map(|value| Fact { label, value, href }));
    let config = built.map(|size| &size.config).or(model.descriptor.presets.first().map(|preset| &preset.config));
    let field = |name: &str| config.and_then(|config| number(config, name));
    push("Parameters", built.map(|size| grouped(size.parameters)), Some("#parameters"));
    push("Layers × width", pair(field("n_layers"), field("d_model")), Some("#sizes"));
    let heads = match (field("n_heads"), field("n_kv_heads")) {
        (Some(heads), Some(kv)) if kv != heads => Some(format!("{} ({} KV)", grouped(heads), grouped(kv))),
        (heads, _) => heads.map(grouped),
    };
    push("Heads", heads, Some("#sizes"));
    push("Positions", field("max_positions").map(grouped), Some("#sizes"));
    push("Vocabulary", field("vocab_size").map(grouped), Some("#sizes"));
    push("Weights in f32", built.map(|size| bytes(size.parameters.saturating_mul(F32))), Some("#parameters"));
    push("First published", Some(model.summary.date.clone()), Some("#cite"));
    let tally = &model.summary.tally;
    let ran = tally.all() - tally.not_applicable;
    push("Checks passed", (ran > 0).then(|| format!("{}{THIN}/{THIN}{ran}", tally.pass)), Some("#conformance"));
    facts
}

fn pair(left: Option<u64>, right: Option<u64>) -> Option<String> {
    Some(format!("{}{THIN}×{THIN}{}", grouped(left?), grouped(right?)))
}

fn number(config: &Map<String, Value>, field: &str) -> Option<u64> {
    config.get(field).and_then(Value::as_u64)
}

/// Every published size; those with code give their whole configuration and their counted parameters.
pub(super) fn table(model: &Model) -> Table<'_> {
    let presets = &model.descriptor.presets;
    let size = |preset: &Preset| model.sizes.iter().find(|size| size.preset.id == preset.id);
    let config = |preset| size(preset).map_or(&preset.config, |size| &size.config);
    let used = |(field, _): &&(&str, &str)| presets.iter().any(|preset| number(config(preset), field).is_some());
    let fields: Vec<_> = FIELDS.iter().filter(used).collect();
    let rows = presets.iter().map(|preset| {
        let counted = size(preset).map(|size| size.parameters).filter(|count| *count > 0);
        Row {
            id: &preset.id,
            anchor: slug(&preset.id),
            aliases: preset.aliases.join(", "),
            hub: preset.hub.as_deref().map(hub),
            note: preset.note.as_deref(),
            cells: fields.iter().map(|(field, _)| number(config(preset), field).map(grouped)).collect(),
            parameters: counted.map(grouped),
            published: preset.parameters.map(grouped).or_else(|| told(preset)),
            agrees: preset.parameters.is_some() && preset.parameters == counted,
        }
    });
    Table { columns: fields.iter().map(|(_, title)| *title).collect(), rows: rows.collect() }
}

/// What is said of the number of parameters where no exact one was published.
fn told(preset: &Preset) -> Option<String> {
    let stated = preset.stated.as_ref().map(|stated| format!("{} stated", stated.label));
    let counted = preset.counted.as_ref().map(|counted| format!("{} by formula", grouped(counted.parameters)));
    let both: Vec<String> = stated.into_iter().chain(counted).collect();
    (!both.is_empty()).then(|| both.join(", "))
}

fn hub(name: &str) -> Hub<'_> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let href = name.chars().all(plain).then(|| format!("https://huggingface.co/{name}"));
    Hub { name, href }
}
