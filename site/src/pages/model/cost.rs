//! What running a model costs: counted from the operations of its code, or estimated from its published sizes.

use serde::Serialize;
use zoo_catalog::compare::Size;
use zoo_catalog::view::{Model, SizeFacts};
use zoo_registry::cost::Products;
use zoo_registry::{Cost, Estimate};

use crate::costs::{AtLongest, counts, estimate, other_attention, product, usual_length};
use crate::edition::Edition;
use crate::format::{bytes, flops, grouped};
use crate::pages::Link;
use crate::words::Words;

/// Bytes of a number in single precision.
const F32: u64 = 4;

/// The section of a page.
#[derive(Serialize)]
pub(super) struct View<'a> {
    /// Whether there is code.
    coded: bool,
    /// Whether it was counted.
    counted: bool,
    /// Whether the lengths are those of images.
    images: bool,
    sizes: Vec<Row<'a>>,
    /// Of the size that the page shows, by length.
    lengths: Vec<Length>,
    formulas: Vec<Formula>,
    /// Its attention, where the closed form is made for another.
    other: Vec<Link>,
}

/// A size at the longest text that is known of it.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    /// In 32, 16 and 8 bits a parameter.
    weights: [String; 3],
    #[serde(flatten)]
    takes: AtLongest,
}

#[derive(Serialize)]
struct Length {
    tokens: String,
    forward: String,
    token: String,
    activations: String,
    kept: Option<String>,
    step: Option<String>,
}

/// The closed form of a number: in symbols, with the shown size in it, and what comes of it.
#[derive(Serialize)]
struct Formula {
    what: String,
    symbols: String,
    numbers: String,
    value: String,
    /// What the code was counted to take, in parts of it.
    share: Option<String>,
}

/// What there is to say, if anything.
pub(super) fn view<'a>(content: &Edition<'_>, model: &'a Model, shown: Option<&SizeFacts>) -> Option<View<'a>> {
    let sizes: Vec<Row<'a>> = Size::by_code_of(model).filter_map(|size| row(model, &size)).collect();
    if sizes.is_empty() {
        return None;
    }
    let is_shown = |size: &Size<'_>| match shown {
        Some(shown) => size.facts.id == shown.preset.id,
        None => estimate(model, size).is_some(),
    };
    let of = Size::by_code_of(model).find(is_shown);
    let costs = of.as_ref().map(counts).unwrap_or_default();
    let formulas = of.and_then(|size| formulas(&content.words, &size, estimate(model, &size)?)).unwrap_or_default();
    Some(View {
        coded: shown.is_some(),
        counted: !costs.is_empty(),
        images: shown.is_some_and(|size| size.config.contains_key("image_size")),
        sizes,
        lengths: costs.iter().map(by_length).collect(),
        formulas,
        other: other_attention(model).map(|kind| Link::term(content, "attention", kind)).collect(),
    })
}

/// `None` if nothing is known of it.
fn row<'a>(model: &Model, size: &Size<'a>) -> Option<Row<'a>> {
    let parameters = size.parameters()?;
    let weights = [4, 2, 1].map(|width| bytes(parameters.saturating_mul(width)));
    Some(Row { id: &size.facts.id, weights, takes: AtLongest::of(size, estimate(model, size))? })
}

fn by_length(cost: &Cost) -> Length {
    Length {
        tokens: grouped(cost.tokens),
        forward: flops(cost.matmul_flops),
        token: flops(cost.matmul_flops / cost.tokens.max(1)),
        activations: bytes(cost.activation_bytes),
        kept: cost.writing.map(|writing| bytes(writing.state_bytes)),
        step: cost.writing.map(|writing| flops(writing.step_flops)),
    }
}

/// For one text, in f32.
fn formulas(words: &Words, size: &Size<'_>, estimate: &Estimate) -> Option<Vec<Formula>> {
    let (parameters, products) = (size.parameters()?, Products::of(size.config())?);
    let counted = counts(size).last();
    let tokens = counted.map_or_else(|| usual_length(size.facts), |cost| cost.tokens);
    let operations = estimate.flops_per_token(tokens).saturating_mul(tokens);
    let weights = parameters.saturating_mul(F32);
    let [n, m, t] = [parameters, estimate.flops_per_token / 2, tokens].map(grouped);
    let mut formulas = vec![Formula {
        what: words.say("reckon.weights"),
        symbols: "N · b".into(),
        numbers: format!("{n} · {F32}"),
        value: bytes(weights),
        share: None,
    }];
    if let Some(state) = estimate.state_numbers_per_token {
        let [symbols, numbers] = product(&products.state_numbers_per_token);
        let kept = state.saturating_mul(tokens).saturating_mul(F32);
        let code = counted.and_then(|cost| cost.writing).map(|writing| writing.state_bytes);
        formulas.push(Formula {
            what: words.say("reckon.kept"),
            symbols: format!("{symbols} · T · B · b"),
            numbers: format!("{numbers} · {t} · 1 · {F32}"),
            value: bytes(kept),
            share: code.map(|code| share(code, kept)),
        });
    }
    let [symbols, numbers] = product(&products.flops_per_pair);
    formulas.push(Formula {
        what: words.say("reckon.forward"),
        symbols: format!("(2 · M + {symbols} · T) · T · B"),
        numbers: format!("(2 · {m} + {numbers} · {t}) · {t} · 1"),
        value: flops(operations),
        share: counted.map(|cost| share(cost.matmul_flops, operations)),
    });
    Some(formulas)
}

fn share(code: u64, formula: u64) -> String {
    format!("{:.3}", code as f64 / formula.max(1) as f64)
}
