//! What must hold of sizes and of the edges of the family tree.

use std::collections::BTreeSet;

use super::check::is_iso_date;
use super::{Descriptor, Preset};
use crate::error::Problem;

/// Sizes in our names that any model may have. Families with code check the rest of their own.
const COUNTS: [&str; 18] = [
    "vocab_size",
    "d_model",
    "n_layers",
    "n_encoder_layers",
    "n_decoder_layers",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "kv_latent_dim",
    "shared_key_dim",
    "d_ff",
    "max_positions",
    "n_experts",
    "n_experts_per_token",
    "d_expert_ff",
    "n_labels",
    "image_size",
    "patch_size",
];

impl Preset {
    /// The best number of parameters that was published: exactly, counted by a formula, stated.
    pub fn published_parameters(&self) -> Option<u64> {
        let counted = self.counted.as_ref().map(|counted| counted.parameters);
        let stated = self.stated.as_ref().map(|stated| stated.parameters);
        self.parameters.or(counted).or(stated)
    }
}

/// Stated counts are rounded; what deviates more than this needs an explanation.
const ROUNDING: f64 = 0.03;

impl Descriptor {
    /// Every published size, those that code can build first, with the field it stands in.
    pub fn sizes(&self) -> impl Iterator<Item = (&'static str, &Preset)> {
        let built = self.presets.iter().map(|size| ("presets", size));
        built.chain(self.unbuilt.iter().map(|size| ("unbuilt", size)))
    }

    pub(super) fn check_sizes(&self, problems: &mut Vec<Problem>) {
        let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
        let numbered = |list, field| {
            let with_path = move |(at, size): (usize, _)| (format!("{field}[{at}]"), size);
            <[Preset]>::iter(list).enumerate().map(with_path)
        };
        for (path, size) in numbered(&self.presets, "presets").filter(|(_, size)| size.defaults).skip(1) {
            let message = format!("`{}` is not the first size that is said to be the defaults", size.id);
            problems.push(Problem::new(format!("{path}.defaults"), message));
        }
        for (path, size) in numbered(&self.presets, "presets").chain(numbered(&self.unbuilt, "unbuilt")) {
            let mut tell =
                |field: &str, message: String| problems.push(Problem::new(format!("{path}.{field}"), message));
            if !ids.insert(&size.id) {
                tell("id", format!("the size `{}` stands twice", size.id));
            }
            if size.name.as_ref().is_some_and(|name| !names.insert((&size.of, name))) {
                tell("name", format!("two sizes are called `{}`", size.name.as_deref().unwrap_or_default()));
            }
            if size.of.as_ref() == Some(&self.id) {
                tell("of", "is the model itself".into());
            }
            if let Some(hub) = size.hub.as_ref().filter(|hub| !is_hub_name(hub)) {
                tell("hub", format!("expected `owner/name`, found `{hub}`"));
            }
            if size.hub.is_none() && size.hub_seen.is_some() {
                tell("hub_seen", "there is no `hub` that could have been seen".into());
            }
            for (field, message) in broken_sizes(size) {
                tell(&field, message);
            }
        }
    }

    pub(super) fn check_lineage(&self, problems: &mut Vec<Problem>) {
        let mut seen = BTreeSet::new();
        for (at, edge) in self.lineage.iter().enumerate() {
            let mut tell =
                |field: &str, message| problems.push(Problem::new(format!("lineage[{at}].{field}"), message));
            if edge.id == self.id {
                tell("id", "a model cannot be its own ancestor".to_owned());
            }
            if !seen.insert((&edge.id, &edge.relation)) {
                tell("id", format!("`{}` stands twice with the same relation", edge.id));
            }
            if let Some(date) = edge.date.as_ref().filter(|date| !is_iso_date(date)) {
                tell("date", format!("expected `YYYY-MM-DD` or `YYYY-MM`, found `{date}`"));
            }
        }
    }

    /// Counts of its own sizes that differ by more than rounding, with no conflict that says why.
    pub(super) fn unexplained_counts(&self) -> Vec<Problem> {
        let own = self.sizes().filter(|(_, size)| size.of.is_none() && !self.explains_counts());
        let unexplained = own.filter_map(|(field, size)| {
            Some(Problem::new(format!("{field}.{}.counted", size.id), size.unexplained_count()?))
        });
        unexplained.collect()
    }

    /// Whether a conflict tells of numbers of parameters.
    pub fn explains_counts(&self) -> bool {
        self.conflicts.iter().any(|conflict| conflict.about.iter().any(|field| field == "parameters"))
    }
}

impl Preset {
    /// What is wrong if the count and what was stated differ by more than rounding, and no `basis` says why.
    pub fn unexplained_count(&self) -> Option<String> {
        let (counted, stated) = (self.counted.as_ref()?, self.stated.as_ref()?);
        let off = (counted.parameters as f64 / stated.parameters as f64 - 1.0).abs() > ROUNDING;
        (off && counted.basis.is_none()).then(|| {
            let count = counted.parameters;
            format!("{count} parameters are counted and {} stated; a conflict should say why", stated.label)
        })
    }
}

/// Numbers of one size that contradict each other, by field.
fn broken_sizes(size: &Preset) -> Vec<(String, String)> {
    let mut broken = Vec::new();
    let mut tell = |field: &str, message| broken.push((field.to_owned(), message));
    for name in COUNTS {
        // Families may call other things by these names, but none of them is zero or less.
        if let Some(value) = size.config.get(name).filter(|value| value.is_number() && value.as_u64().unwrap_or(0) == 0)
        {
            tell(&format!("config.{name}"), format!("`{name}` is a count, found {value}"));
        }
    }
    let get = |name| size.config.get(name).and_then(serde_json::Value::as_u64).filter(|value| *value > 0);
    let (heads, kv_heads, width) = (get("n_heads"), get("n_kv_heads"), get("d_model"));
    if let (Some(width), Some(heads), None) = (width, heads, get("head_dim"))
        && width % heads != 0
    {
        let told = format!("`d_model` {width} is no multiple of `n_heads` {heads}, and `head_dim` is not given");
        tell("config.d_model", told);
    }
    if let (Some(heads), Some(kv_heads)) = (heads, kv_heads)
        && heads % kv_heads != 0
    {
        tell("config.n_kv_heads", format!("`n_heads` {heads} is no multiple of `n_kv_heads` {kv_heads}"));
    }
    let stated = size.stated.as_ref().map(|stated| stated.parameters);
    let counted = size.counted.as_ref().map(|counted| counted.parameters);
    let counts = [
        ("parameters", size.parameters),
        ("active", size.active),
        ("stated.parameters", stated),
        ("counted.parameters", counted),
    ];
    for (field, _) in counts.iter().filter(|(_, count)| *count == Some(0)) {
        tell(field, "is zero".to_owned());
    }
    if let (Some(active), Some(all)) = (size.active, size.parameters.or(counted).or(stated))
        && active >= all
    {
        tell("active", format!("expected fewer than the {all} there are, found {active}"));
    }
    broken
}

fn is_hub_name(hub: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    hub.split_once('/').is_some_and(|(owner, name)| plain(owner) && plain(name))
}
