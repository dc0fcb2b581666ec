//! A model's page: numbers, picture, classification, sizes, prose, code, conformance, lineage and sources.

pub(super) mod cite;
mod cost;
pub(super) mod evidence;
mod modules;
pub(super) mod origin;
mod parameters;
pub(super) mod sizes;
mod tryout;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Map;
use zoo_catalog::view::Model;
use zoo_registry::descriptor::Descriptor;
use zoo_registry::figure::Series;
use zoo_registry::record::Demo;
use zoo_registry::vocabulary::licences::parts;
use zoo_registry::{Figure, Flow, names};

use super::conformance::{self, Ladder};
use super::data::{self, linked};
use super::{Head, Link, Site, TallyView, labs, root, source};
use crate::content::LICENCE;
use crate::edition::Edition;
use crate::error::Result;
use crate::format::{number, slug};
use crate::lineage::anchor;
use crate::parts::Part;
use crate::prose::first_rust_block;
use crate::svg;
use crate::tryout::Stage;
use crate::words::Words;

/// Aliases that say more than another way to write the name.
fn further_names(descriptor: &Descriptor) -> Vec<&str> {
    let same = |alias: &str| names::normal(alias) == names::normal(&descriptor.name);
    descriptor.aliases.iter().map(String::as_str).filter(|alias| !same(alias)).collect()
}

/// What the model's demo has learnt, and the commands that show it.
#[derive(Serialize)]
struct DemoView<'a> {
    task: &'a str,
    /// Whether any was run.
    printed: bool,
    tries: Vec<Try<'a>>,
}

#[derive(Serialize)]
struct Try<'a> {
    command: &'a str,
    /// What it printed when it was run, if it was.
    printed: Option<&'a str>,
}

impl<'a> DemoView<'a> {
    fn new(demo: &'a Demo, printed: Option<&'a BTreeMap<String, String>>) -> Self {
        let shown =
            |command: &'a String| Try { command, printed: printed.and_then(|by| Some(by.get(command)?.as_str())) };
        Self { task: &demo.task, printed: printed.is_some(), tries: demo.tries.iter().map(shown).collect() }
    }
}

#[derive(Serialize)]
struct ModelPage<'a> {
    id: &'a str,
    name: &'a str,
    summary: &'a str,
    aliases: String,
    family: Link,
    date: &'a str,
    labs: Vec<Link>,
    /// Of the code, and of the weights.
    licences: [Vec<Link>; 2],
    /// Whether it is known that nobody can have the weights.
    withheld: bool,
    facts: Vec<sizes::Fact>,
    /// The preset that numbers and picture are of.
    shown: Option<Shown<'a>>,
    diagram: Option<Diagram>,
    /// Whether its modules have a page, and whether parts stand there.
    modules: bool,
    components: bool,
    classification: Vec<Classified<'a>>,
    sizes: sizes::Table<'a>,
    elsewhere: Vec<Link>,
    heads: &'a [zoo_registry::descriptor::Head],
    bar: Option<String>,
    segments: Vec<svg::Segment>,
    cost: Option<cost::View<'a>>,
    figures: Vec<Measured<'a>>,
    prose: String,
    demo: Option<DemoView<'a>>,
    preset: Option<&'a str>,
    tryout: Option<tryout::View>,
    rust: Option<String>,
    has_source: bool,
    excerpt: Option<source::Excerpt<'a>>,
    /// Whether its code says which equations it computes.
    has_equations: bool,
    code: bool,
    tally: TallyView,
    levels: Vec<evidence::Level>,
    excused: Vec<evidence::Excused>,
    ladders: Vec<Ladder<'a>>,
    ancestors: Vec<origin::Edge>,
    descendants: Vec<origin::Edge>,
    /// Its place in the lineage, where it is related to another model of the catalog.
    place: Option<String>,
    builds_on: Vec<Link>,
    papers: Vec<cite::Paper<'a>>,
    bibtex: String,
    /// Whether it is told where facts were read.
    sourced: bool,
    /// How often its sources disagree.
    disputes: usize,
}

/// A size, and where its row is.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    anchor: String,
}

/// The picture and what it stands for.
#[derive(Serialize)]
struct Diagram {
    svg: String,
    wired: bool,
    /// Whether it needs the width of the page.
    wide: bool,
    /// `12 × 64`, where it shows what attention sees.
    heads: Option<String>,
}

/// A figure as picture and as table.
#[derive(Serialize)]
struct Measured<'a> {
    title: &'a str,
    caption: &'a str,
    command: &'a str,
    svg: String,
    x: &'a str,
    y: &'a str,
    series: Vec<&'a str>,
    rows: Vec<Vec<String>>,
}

/// One question of the taxonomy and this model's answers.
#[derive(Serialize)]
struct Classified<'a> {
    axis: &'a str,
    title: String,
    terms: Vec<Link>,
}

/// One row for each place on the x axis, one column for each curve.
fn measured<'a>(words: &Words, (at, figure): (usize, &'a Figure)) -> Measured<'a> {
    let mut places: Vec<f64> = figure.series.iter().flat_map(|s| s.points.iter().map(|point| point[0])).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let row = |&x: &f64| {
        let value = |series: &Series| series.points.iter().find(|point| point[0] == x).map(|point| number(point[1]));
        let values = figure.series.iter().map(|series| value(series).unwrap_or_default());
        std::iter::once(number(x)).chain(values).collect()
    };
    Measured {
        title: &figure.title,
        caption: &figure.caption,
        command: &figure.command,
        svg: svg::chart(words, figure, at),
        x: &figure.x.label,
        y: &figure.y.label,
        series: figure.series.iter().map(|series| series.name.as_str()).collect(),
        rows: places.iter().map(row).collect(),
    }
}

/// Attention that keeps a memory of what went before: the building block.
const MEMORY: &str = "attention/compressive-memory";
/// Where models say what they know of positions.
const POSITIONS: &str = "positional-encoding";

/// Those without parameters, and whether they are added to the embeddings; the others act within attention.
const BARE_POSITIONS: [(&str, bool); 5] =
    [("sinusoidal", true), ("2d-sincos", true), ("rotary", false), ("xpos", false), ("alibi", false)];

/// What a model knows of positions without parameters.
fn positions(content: &Edition<'_>, model: &Model) -> Vec<svg::Bare> {
    let terms = model.summary.taxonomy.get(POSITIONS).map(Vec::as_slice).unwrap_or_default();
    let bare = |(term, added): (&str, bool)| {
        terms.iter().any(|known| known == term).then(|| svg::Bare {
            label: content.term_label(POSITIONS, term),
            href: content.block_href(&format!("{POSITIONS}/{term}")),
            added,
        })
    };
    BARE_POSITIONS.into_iter().filter_map(bare).collect()
}

pub(super) fn render(site: &Site<'_>, model: &Model, stage: Option<&Stage>) -> Result<()> {
    let (content, summary, descriptor) = (site.content, &model.summary, &model.descriptor);
    let address = format!("models/{}/", summary.id);
    // The first preset is the default; a model without code has none that builds anything.
    let built = model.sizes.iter().find(|size| size.parameters > 0);
    let part = built.map(|size| Part::fold(&size.modules));
    let components = &descriptor.components;
    let placement = match summary.taxonomy.get("normalisation-placement").map(Vec::as_slice) {
        Some([only]) => Some(only.as_str()),
        _ => None,
    };
    let href = |part: &Part<'_>| content.box_href(part, components, placement);
    let positions = positions(content, model);
    let memory = components.iter().any(|component| component.part.as_deref() == Some(MEMORY)).then(|| svg::Bare {
        label: content.words.say("chart.memory"),
        href: content.block_href(MEMORY),
        added: false,
    });
    let bends = match summary.taxonomy.get("activation").map(Vec::as_slice) {
        Some([only]) => Some(content.term_label("activation", only)),
        _ => None,
    };
    let (nothing, unset) = (Flow::default(), Map::new());
    let around = svg::Around {
        words: &content.words,
        components,
        flow: built.map_or(&nothing, |size| &size.flow),
        config: built.map_or(&unset, |size| &size.config),
        activation: bends.as_deref(),
        positions: &positions,
        memory: memory.as_ref(),
        root: &root(&address),
        href: &href,
    };
    let mut drawing = part.as_ref().and_then(|part| svg::draw(&summary.name, part, &around));
    if let Some(drawing) = drawing.as_ref().filter(|_| site.is_english()) {
        site.pages.put(format!("models/{}.svg", summary.id), drawing.standalone.clone())?;
    }
    let card = site.card(model, drawing.as_ref().map(|drawing| &drawing.shapes))?;
    let rows = drawing.as_mut().map(|drawing| std::mem::take(&mut drawing.rows)).unwrap_or_default();
    let tree = built.zip(part.as_ref()).map(|(size, part)| (size.preset.id.as_str(), part));
    let modules = modules::render(site, model, tree, rows)?;
    evidence::render(site, model)?;
    let segments = part.as_ref().map(|part| svg::segments(&content.words, part, components)).unwrap_or_default();
    let classified = |(axis, terms): (&'_ str, &[String])| {
        let terms = terms.iter().map(|term| Link::term(content, axis, term)).collect();
        (content.axis_title(axis), terms)
    };
    let rust = first_rust_block(&model.readme).map(|code| site.prose.code("rust", &code)).transpose()?;
    let mut others =
        descriptor.lineage.iter().map(|edge| &edge.id).chain(model.descendants.iter().map(|(child, _)| child));
    let related = others.any(|other| *other != summary.id && content.model(other).is_some());
    let page = ModelPage {
        id: &summary.id,
        name: &summary.name,
        summary: &summary.summary,
        aliases: further_names(descriptor).join(", "),
        family: Link::family(content, &summary.family),
        date: &summary.date,
        labs: labs(content, &summary.labs),
        licences: [&descriptor.licence.code, &descriptor.licence.weights].map(|text| licence(content, text)),
        withheld: descriptor.licence.public == Some(false),
        facts: sizes::facts(&content.words, model, built),
        shown: built.map(|size| Shown { id: &size.preset.id, anchor: slug(&size.preset.id) }),
        diagram: drawing.map(|drawing| Diagram {
            svg: drawing.inline,
            wired: drawing.wired,
            wide: drawing.wide,
            heads: drawing.heads,
        }),
        modules,
        components: !components.is_empty(),
        classification: content
            .classification(&summary.taxonomy)
            .into_iter()
            .map(|pair| {
                let (title, terms) = classified(pair);
                Classified { axis: pair.0, title, terms }
            })
            .collect(),
        sizes: sizes::table(&content.words, model),
        elsewhere: sizes::elsewhere(content, &summary.id),
        heads: &descriptor.heads,
        bar: (!segments.is_empty()).then(|| svg::bar(&content.words, &segments)),
        segments,
        cost: cost::view(content, model, built),
        figures: model.figures.iter().enumerate().map(|figure| measured(&content.words, figure)).collect(),
        prose: site.prose.html(&model.readme)?,
        demo: model.demo.as_ref().map(|demo| DemoView::new(demo, content.printed.get(&summary.id))),
        preset: built.map(|size| size.preset.id.as_str()),
        tryout: stage.and_then(|stage| tryout::view(content, model, stage)),
        rust,
        has_source: !model.sources.is_empty(),
        excerpt: source::excerpt(model),
        has_equations: source::has_equations(site, model),
        code: summary.code,
        tally: TallyView::new(&content.words, &summary.tally),
        levels: evidence::levels(content, model),
        excused: evidence::excused(&content.words, model),
        ladders: conformance::ladders(content, &model.summary.id),
        ancestors: descriptor.lineage.iter().map(|edge| origin::ancestor(content, &summary.id, edge)).collect(),
        descendants: model
            .descendants
            .iter()
            .map(|(child, edge)| origin::descendant(content, &summary.id, child, edge))
            .collect(),
        place: related.then(|| anchor(&summary.id)),
        builds_on: descriptor.builds_on.iter().map(|id| Link::model(content, id)).collect(),
        papers: descriptor.papers.iter().map(cite::paper).collect(),
        bibtex: cite::bibtex(descriptor),
        sourced: origin::is_sourced(descriptor),
        disputes: descriptor.conflicts.len(),
    };
    let trail = vec![
        Link::said(content, "nav.models", "models/"),
        Link::of_family(content, &summary.family),
        Link::new(&summary.name, None),
    ];
    let head = Head::below(trail, ["models", &summary.name, &summary.summary]).telling(linked::model(content, model));
    site.page_with_card(&address, "model.html", head, card.as_ref(), &page)?;
    if site.is_english() { data::twins(site, model) } else { Ok(()) }
}

/// The words of an SPDX expression; its licences lead to their pages.
fn licence(content: &Edition<'_>, expression: &str) -> Vec<Link> {
    let word = |word: &str| match parts(word).next() {
        Some(id) if content.has_term(LICENCE, id) => {
            // SPDX's own ids are what people call these licences.
            let is_short = !id.starts_with("LicenseRef-") && !["NONE", "NOASSERTION"].contains(&id);
            let label = if is_short { word.to_owned() } else { word.replace(id, &content.term_label(LICENCE, id)) };
            Link::new(label, content.term_href(LICENCE, id))
        }
        _ => Link::new(word, None),
    };
    expression.split_whitespace().map(word).collect()
}
