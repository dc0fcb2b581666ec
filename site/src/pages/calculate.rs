//! The calculator: every size with what it takes, as a table, and a form over it where scripts run.

use serde::Serialize;
use zoo_catalog::compare::Size;
use zoo_catalog::view::Model;
use zoo_registry::cost::Products;
use zoo_registry::{Cost, Estimate};

use super::Site;
use super::kept::{self, Kept};
use crate::costs::{AtLongest, counts, estimate, other_attention, product};
use crate::error::Result;
use crate::format::{bytes, compact, grouped, slug};

#[derive(Serialize)]
struct Page<'a> {
    kept: Option<Kept>,
    rows: Vec<Row<'a>>,
    formulas: Vec<Formula>,
    example: Option<Example<'a>>,
}

/// How a number is reckoned.
#[derive(Serialize)]
struct Formula {
    /// What the script calls it, and the words that say the same with numbers.
    key: &'static str,
    what: String,
    /// HTML.
    symbols: String,
}

/// The size that the form begins with, at its longest text.
#[derive(Serialize)]
struct Example<'a> {
    id: &'a str,
    tokens: u64,
    products: Vec<Product>,
}

/// A letter of the formulas that follows from the published sizes.
#[derive(Serialize)]
struct Product {
    /// HTML.
    symbols: String,
    numbers: String,
    value: String,
}

/// A size: numbers to show, and the same ones to calculate with.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    anchor: String,
    model: &'a str,
    /// Id of the model whose page it stands on.
    page: &'a str,
    parameters: u64,
    count: String,
    weights: String,
    tokens: u64,
    #[serde(flatten)]
    takes: AtLongest,
    /// FLOPs a token, and a token for each token it may look at.
    fixed: Option<u64>,
    pair: Option<u64>,
    /// Numbers kept of each token.
    state: Option<u64>,
    /// Whether estimates are made for another attention than the model's.
    other: bool,
    /// By length: tokens, FLOPs, bytes of activations, bytes kept, FLOPs of the next token, with spaces between lengths.
    lengths: String,
}

pub(super) fn render(site: &Site<'_>) -> Result<()> {
    let of_model = |model| Size::by_code_of(model).filter_map(move |size| row(model, &size));
    let rows = site.content.models.iter().flat_map(of_model).collect();
    let formula = |(what, key, latex): (&str, &'static str, &str)| Formula {
        key,
        what: site.content.words.say(&format!("reckon.{what}")),
        symbols: site.prose.inline_equation(latex),
    };
    let (formulas, example) = (FORMULAS.map(formula).into(), example(site));
    let page = Page { kept: kept::view(site.content), rows, formulas, example };
    let [title, about] = ["nav.calculate", "calculate.description"].map(|key| site.content.words.say(key));
    site.page("calculate/", "calculate.html", ["calculate", &title, &about], &page)
}

fn row<'a>(model: &'a Model, size: &Size<'a>) -> Option<Row<'a>> {
    let estimate = estimate(model, size);
    let parameters = size.parameters()?;
    let takes = AtLongest::of(size, estimate)?;
    let of_length = |cost: &Cost| {
        let told = |number: Option<u64>| number.map_or(String::new(), |number| number.to_string());
        let (kept, step) = (cost.writing.map(|w| w.state_bytes), cost.writing.map(|w| w.step_flops));
        format!("{},{},{},{},{}", cost.tokens, cost.matmul_flops, cost.activation_bytes, told(kept), told(step))
    };
    Some(Row {
        id: &size.facts.id,
        anchor: slug(&size.facts.id),
        model: &model.summary.name,
        page: &model.summary.id,
        parameters,
        count: compact(parameters),
        weights: bytes(parameters.saturating_mul(2)),
        tokens: takes.tokens,
        takes,
        fixed: estimate.map(|estimate| estimate.flops_per_token),
        pair: estimate.map(|estimate| estimate.flops_per_pair),
        state: estimate.and_then(|estimate| estimate.state_numbers_per_token),
        other: other_attention(model).next().is_some(),
        lengths: counts(size).iter().map(of_length).collect::<Vec<_>>().join(" "),
    })
}

/// The size that the form begins with, where the catalog has it; else the first one.
const EXAMPLE: &str = "gpt2-small";

/// What each is called, the words that say it with numbers, and symbols.
const FORMULAS: [(&str, &str, &str); 8] = [
    ("weights", "weights_how", r"N \cdot b"),
    ("kept", "kept_counted", r"K \cdot B \cdot \frac{b}{4}"),
    ("kept", "kept_estimated", r"S \cdot T \cdot B \cdot b"),
    ("activations", "activations_how", r"A \cdot B \cdot \frac{b}{4}"),
    ("forward", "forward_counted", r"C \cdot B"),
    ("forward", "forward_estimated", r"(F + P \cdot T) \cdot T \cdot B"),
    ("next", "next_counted", r"D \cdot B"),
    ("next", "next_estimated", r"(F + P \cdot T) \cdot B"),
];

fn example<'a>(site: &Site<'a>) -> Option<Example<'a>> {
    let of_model = |model| Size::by_code_of(model).map(move |size| (model, size));
    let sizes = || site.content.models.iter().flat_map(of_model).filter(|(model, size)| row(model, size).is_some());
    let (model, size) = sizes().find(|(_, size)| size.facts.id == EXAMPLE).or_else(|| sizes().next())?;
    let estimate = estimate(model, &size);
    Some(Example {
        id: &size.facts.id,
        tokens: AtLongest::of(&size, estimate)?.tokens,
        products: estimate.and_then(|estimate| products(site, &size, estimate)).unwrap_or_default(),
    })
}

fn products(site: &Site<'_>, size: &Size<'_>, estimate: &Estimate) -> Option<Vec<Product>> {
    let shown = |letter: &str, [names, numbers]: [String; 2], value: u64| Product {
        symbols: site.prose.inline_equation(&format!("{letter} = {}", latex(&names))),
        numbers,
        value: grouped(value),
    };
    let products = Products::of(size.config())?;
    let state = estimate.state_numbers_per_token;
    let multiplied = grouped(estimate.flops_per_token / 2);
    let shown = [
        state.map(|state| shown("S", product(&products.state_numbers_per_token), state)),
        Some(shown("F", ["2 · M".into(), format!("2 · {multiplied}")], estimate.flops_per_token)),
        Some(shown("P", product(&products.flops_per_pair), estimate.flops_per_pair)),
    ];
    Some(shown.into_iter().flatten().collect())
}

/// Names of configurations as mathematics has them: a letter, and what it counts below it.
fn latex(names: &str) -> String {
    let symbol = |name: &str| match name.split_once('_') {
        _ if name == "·" => r"\cdot".to_owned(),
        _ if name == "head_dim" => r"d_{\text{head}}".to_owned(),
        Some((letter, of)) => {
            let bare = of.trim_end_matches(')');
            format!(r"{letter}_{{\text{{{}}}}}{}", bare.replace('_', " "), &of[bare.len()..])
        }
        None => name.to_owned(),
    };
    names.split(' ').map(symbol).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_letters() {
        assert_eq!(latex("4 · n_layers · head_dim"), r"4 \cdot n_{\text{layers}} \cdot d_{\text{head}}");
        let both = latex("(n_encoder_layers + 2 · n_decoder_layers)");
        assert_eq!(both, r"(n_{\text{encoder layers}} + 2 \cdot n_{\text{decoder layers}})");
        let mathml = crate::math::Math::new().inline(&both);
        assert!(mathml.starts_with("<math>") && mathml.contains("decoder"), "{mathml}");
    }
}
