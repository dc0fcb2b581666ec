//! What keeping a text takes while a model writes on, drawn for kinds of attention that differ in nothing but that.

use serde::Serialize;
use serde_json::Value;
use zoo_catalog::compare::Size;
use zoo_catalog::view::Model;
use zoo_registry::Figure;
use zoo_registry::figure::{Axis, Scale, Series};

use super::Link;
use crate::costs::{estimate, other_attention};
use crate::edition::Edition;
use crate::format::{bytes, compact, grouped, slug};
use crate::svg;

/// Parameters that the sizes have, about: as many as most kinds of attention have a model of.
const PARAMETERS: u64 = 7_000_000_000;
/// Lengths of the text.
const TOKENS: [u64; 5] = [1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18];
/// Bytes of a number.
const WIDTH: u64 = 2;

/// The picture and its numbers.
#[derive(Serialize)]
pub(super) struct Kept {
    svg: String,
    lengths: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    kind: Link,
    size: String,
    model: Link,
    count: String,
    numbers: String,
    at: Vec<String>,
}

/// A size of about so many parameters, and what it keeps.
struct Candidate<'a> {
    kind: &'static str,
    model: &'a Model,
    id: &'a str,
    parameters: u64,
    numbers: u64,
}

/// Of each kind the size that comes nearest to [`PARAMETERS`]; nothing where there are fewer than two kinds.
pub(super) fn view(content: &Edition<'_>) -> Option<Kept> {
    let mut nearest: Vec<Candidate<'_>> = Vec::new();
    for candidate in content.models.iter().flat_map(|model| Size::by_code_of(model).filter_map(|size| of(model, &size)))
    {
        let off = |candidate: &Candidate<'_>| candidate.parameters.abs_diff(PARAMETERS);
        match nearest.iter_mut().find(|known| known.kind == candidate.kind) {
            Some(known) if off(&candidate) < off(known) => *known = candidate,
            Some(_) => {}
            None => nearest.push(candidate),
        }
    }
    nearest.sort_by_key(|candidate| (std::cmp::Reverse(candidate.numbers), candidate.id));
    (nearest.len() > 1).then(|| Kept {
        svg: svg::chart(&content.words, &figure(content, &nearest), 0),
        lengths: TOKENS.map(grouped).to_vec(),
        rows: nearest.iter().map(|candidate| row(content, candidate)).collect(),
    })
}

fn of<'a>(model: &'a Model, size: &Size<'a>) -> Option<Candidate<'a>> {
    let numbers = estimate(model, size)?.state_numbers_per_token?;
    let parameters = size.parameters()?;
    let config = |field: &str| size.config().get(field).and_then(Value::as_u64);
    let heads = config("n_heads")?;
    let kind = match config("n_kv_heads").unwrap_or(heads) {
        _ if config("kv_latent_dim").is_some() => "multi-head-latent",
        1 => "multi-query",
        kept if kept < heads => "grouped-query",
        _ => "multi-head",
    };
    let comparable = (PARAMETERS / 3..=PARAMETERS * 3).contains(&parameters) && config("n_layers").is_some();
    let whole = other_attention(model).next().is_none();
    (comparable && whole).then(|| Candidate { kind, model, id: &size.facts.id, parameters, numbers })
}

fn figure(content: &Edition<'_>, sizes: &[Candidate<'_>]) -> Figure {
    let axis = |label: &str| Axis { label: content.words.say(label), scale: Scale::Log };
    let series = |candidate: &Candidate<'_>| Series {
        name: candidate.id.to_owned(),
        points: TOKENS.map(|tokens| [tokens as f64, gibibytes(candidate.numbers * tokens)]).to_vec(),
    };
    Figure {
        title: content.words.say("kept.heading"),
        caption: content.words.say("kept.caption"),
        command: String::new(),
        x: axis("kept.tokens"),
        y: axis("kept.gibibytes"),
        series: sizes.iter().map(series).collect(),
    }
}

fn gibibytes(numbers: u64) -> f64 {
    (numbers * WIDTH) as f64 / f64::from(1 << 30)
}

fn row(content: &Edition<'_>, candidate: &Candidate<'_>) -> Row {
    let Candidate { kind, model, id, parameters, numbers } = *candidate;
    let href = format!("models/{}/#size-{}", model.summary.id, slug(id));
    Row {
        kind: Link::term(content, "attention", kind),
        size: id.to_owned(),
        model: Link::new(model.summary.name.as_str(), Some(href)),
        count: compact(parameters),
        numbers: grouped(numbers),
        at: TOKENS.map(|tokens| bytes(numbers * tokens * WIDTH)).to_vec(),
    }
}
