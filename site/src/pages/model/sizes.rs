//! Sizes: the numbers at the top of the page and the table of presets.

use serde::Serialize;
use serde_json::{Map, Value};
use zoo_catalog::view::{Model, SizeFacts};
use zoo_registry::descriptor::Preset;

use crate::edition::Edition;
use crate::format::{THIN, bytes, grouped, slug};
use crate::pages::Link;
use crate::words::Words;

/// Fields of a configuration that make columns.
pub(in crate::pages) const FIELDS: [&str; 14] = [
    "n_layers",
    "n_encoder_layers",
    "n_decoder_layers",
    "d_model",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "kv_latent_dim",
    "d_ff",
    "n_experts",
    "image_size",
    "patch_size",
    "max_positions",
    "vocab_size",
];

/// Bytes of a parameter in single precision.
const F32: u64 = 4;

/// A number at the top of the page.
#[derive(Serialize)]
pub(super) struct Fact {
    pub(super) label: String,
    pub(super) value: String,
    /// From the top of the page.
    pub(super) href: Option<&'static str>,
}

/// Presets as rows, configuration fields as columns.
#[derive(Serialize)]
pub(super) struct Table<'a> {
    columns: Vec<String>,
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

pub(super) fn facts(words: &Words, model: &Model, built: Option<&SizeFacts>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut push = |label, value: Option<String>, href| {
        facts.extend(value.map(|value| Fact { label: words.say(label), value, href }));
    };
    let preset = model.descriptor.presets.first();
    let config = built.map(|size| &size.config).or(preset.map(|preset| &preset.config));
    let field = |name: &str| config.and_then(|config| number(config, name));
    match built {
        Some(size) => push("table.parameters", Some(grouped(size.parameters)), Some("#parameters")),
        None => push("table.parameters", preset.and_then(published), Some("#sizes")),
    }
    let sides = || Some(format!("{} + {}", field("n_encoder_layers")?, field("n_decoder_layers")?));
    let layers = field("n_layers").map(grouped).or_else(sides);
    let width = || field("d_model").map(grouped);
    push(
        "model.layers_width",
        layers.and_then(|layers| Some(format!("{layers}{THIN}×{THIN}{}", width()?))),
        Some("#sizes"),
    );
    let heads = match (field("n_heads"), field("n_kv_heads")) {
        (Some(heads), Some(kv)) if kv != heads => Some(format!("{} ({} KV)", grouped(heads), grouped(kv))),
        (heads, _) => heads.map(grouped),
    };
    push("field.n_heads", heads, Some("#sizes"));
    push("field.max_positions", field("max_positions").map(grouped), Some("#sizes"));
    push("field.vocab_size", field("vocab_size").map(grouped), Some("#sizes"));
    push("model.weights_f32", built.map(|size| bytes(size.parameters.saturating_mul(F32))), Some("#parameters"));
    push("model.first_published", Some(model.summary.date.clone()), Some("#cite"));
    let tally = &model.summary.tally;
    let ran = tally.all() - tally.not_applicable;
    push("table.checks_passed", (ran > 0).then(|| format!("{}{THIN}/{THIN}{ran}", tally.pass)), Some("#conformance"));
    facts
}

/// What is published of the number of parameters, in a few letters.
fn published(preset: &Preset) -> Option<String> {
    let exact = preset.parameters.or(preset.counted.as_ref().map(|counted| counted.parameters));
    exact.map(grouped).or_else(|| preset.stated.as_ref().map(|stated| stated.label.clone()))
}

fn number(config: &Map<String, Value>, field: &str) -> Option<u64> {
    config.get(field).and_then(Value::as_u64)
}

/// Every published size; those with code give their whole configuration and their counted parameters.
pub(super) fn table<'a>(words: &Words, model: &'a Model) -> Table<'a> {
    let presets = &model.descriptor.presets;
    let size = |preset: &Preset| model.sizes.iter().find(|size| size.preset.id == preset.id);
    let config = |preset| size(preset).map_or(&preset.config, |size| &size.config);
    let used = |field: &&&str| presets.iter().any(|preset| number(config(preset), field).is_some());
    let fields: Vec<_> = FIELDS.iter().filter(used).collect();
    let rows = presets.iter().map(|preset| {
        let counted = size(preset).map(|size| size.parameters).filter(|count| *count > 0);
        Row {
            id: &preset.id,
            anchor: slug(&preset.id),
            aliases: preset.aliases.join(", "),
            hub: preset.hub.as_deref().map(hub),
            note: preset.note.as_deref(),
            cells: fields.iter().map(|field| number(config(preset), field).map(grouped)).collect(),
            parameters: counted.map(grouped),
            published: preset.parameters.map(grouped).or_else(|| told(words, preset)),
            agrees: preset.parameters.is_some() && preset.parameters == counted,
        }
    });
    Table { columns: fields.iter().map(|field| words.say(&format!("field.{field}"))).collect(), rows: rows.collect() }
}

/// Sizes of this model that the code of another one builds, on that one's page.
pub(super) fn elsewhere(content: &Edition<'_>, id: &str) -> Vec<Link> {
    let sizes = content.lent.get(id).into_iter().flatten();
    sizes.map(|[model, size]| Link::new(*size, Some(format!("models/{model}/#size-{}", slug(size))))).collect()
}

/// What is said of the number of parameters where no exact one was published.
fn told(words: &Words, preset: &Preset) -> Option<String> {
    let stated = preset.stated.as_ref().map(|stated| words.with("model.stated", &[("count", &stated.label)]));
    let counted = preset
        .counted
        .as_ref()
        .map(|counted| words.with("model.by_formula", &[("count", &grouped(counted.parameters))]));
    let both: Vec<String> = stated.into_iter().chain(counted).collect();
    (!both.is_empty()).then(|| both.join(", "))
}

fn hub(name: &str) -> Hub<'_> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let href = name.chars().all(plain).then(|| format!("https://huggingface.co/{name}"));
    Hub { name, href }
}
