//! The record of one model as JSON, in the words of the catalog's tables: what is said, with where each value was read.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use zoo_catalog::compare::Size;
use zoo_catalog::view::Model;
use zoo_registry::descriptor::{self, Source};
use zoo_registry::{Outcome, Parameter};

use crate::edition::Edition;
use crate::lineage::address;
use crate::parts::Part;

/// A model. Keys that hold rows are called as the tables are.
#[derive(Serialize)]
pub(super) struct Twin<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    id: &'a str,
    name: &'a str,
    kind: &'a str,
    summary: &'a str,
    /// Whether zoo can build it.
    code: bool,
    alias: &'a [String],
    fact: BTreeMap<&'a str, Fact<'a>>,
    paper: &'a [descriptor::Paper],
    lineage: Vec<Edge<'a>>,
    descendant: Vec<Edge<'a>>,
    builds_on: &'a [String],
    component: Vec<Component<'a>>,
    head: Vec<Head<'a>>,
    preset: Vec<Preset<'a>>,
    outcome: Vec<Found<'a>>,
}

/// The same for reading: in lists, for their order, and with the prose.
#[derive(Serialize)]
pub(super) struct Reading<'a> {
    twin: &'a Twin<'a>,
    gist: &'a str,
    facts: Vec<Told<'a>>,
    sizes: Vec<Told<'a>>,
    readme: &'a str,
}

/// Something with what belongs to it.
#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    value: String,
    below: Vec<String>,
}

pub(super) fn reading<'a>(model: &'a Model, twin: &'a Twin<'a>) -> Reading<'a> {
    let fact = |(name, fact): (&&'a str, &Fact<'_>)| Told {
        name,
        value: plain(&fact.value),
        below: fact.source.iter().map(Read::told).collect(),
    };
    let size = |size: &Preset<'a>| {
        let count = size.size.map_or_else(String::new, |count| format!("{count} parameters"));
        let told = [Some(count), size.hub.map(str::to_owned), size.note.map(str::to_owned)];
        let told: Vec<String> = told.into_iter().flatten().filter(|text| !text.is_empty()).collect();
        let config = size.config.iter().map(|(field, value)| format!("{field}: {}", plain(value)));
        Told { name: size.id, value: told.join("; "), below: config.collect() }
    };
    Reading {
        gist: model.descriptor.gist(),
        facts: twin.fact.iter().map(fact).collect(),
        sizes: twin.preset.iter().map(size).collect(),
        readme: model.readme.trim(),
        twin,
    }
}

/// A value as a line of text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A value and where it was read.
#[derive(Serialize)]
struct Fact<'a> {
    value: Value,
    source: Vec<Read<'a>>,
}

#[derive(Serialize)]
struct Read<'a> {
    source: &'a str,
    reference: Option<&'a str>,
    confidence: &'a str,
    note: Option<&'a str>,
}

impl Read<'_> {
    fn told(&self) -> String {
        let reference = self.reference.map_or_else(String::new, |reference| format!(": {reference}"));
        let note = self.note.map_or_else(String::new, |note| format!(" ({note})"));
        format!("{}{reference}, {} confidence{note}", self.source, self.confidence)
    }
}

/// A step of the lineage.
#[derive(Serialize)]
struct Edge<'a> {
    architecture: &'a str,
    ancestor: &'a str,
    relation: &'a str,
    change: Option<&'a str>,
    preset_name: Option<&'a str>,
    date: Option<&'a str>,
    note: Option<&'a str>,
    source: Vec<Read<'a>>,
    /// The page of what changed, from the top of the site, where both ends are in the catalog.
    page: Option<String>,
}

#[derive(Serialize)]
struct Component<'a> {
    module: &'a str,
    name: &'a str,
    kind: &'a str,
    source: &'a str,
}

#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    summary: &'a str,
    class: &'a [String],
}

/// A size.
#[derive(Serialize)]
struct Preset<'a> {
    id: &'a str,
    alias: &'a [String],
    hub: Option<&'a str>,
    note: Option<&'a str>,
    /// The best number there is.
    size: Option<u64>,
    /// Counted in the module tree.
    parameters: Option<u64>,
    published_parameters: Option<u64>,
    stated_parameters: Option<u64>,
    counted_parameters: Option<u64>,
    active_parameters: Option<u64>,
    context: Option<u64>,
    config: &'a Map<String, Value>,
    source: Vec<Read<'a>>,
    /// Equal layers folded.
    module: Option<Module<'a>>,
}

/// A module, or a run of equal ones.
#[derive(Serialize)]
struct Module<'a> {
    path: String,
    kind: &'a str,
    times: u64,
    /// Of one of the run, with all below it.
    parameters: u64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    parameter: &'a [Parameter],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    module: Vec<Module<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    check_id: &'a str,
    device: &'a str,
    status: &'a str,
    error: Option<f64>,
    tolerance: Option<f64>,
    measure: Option<&'a str>,
    detail: &'a str,
}

pub(super) fn twin<'a>(content: &Edition<'_>, model: &'a Model) -> Twin<'a> {
    let (summary, facts) = (&model.summary, &model.descriptor);
    let id = summary.id.as_str();
    let above = facts.lineage.iter().map(|step| edge(content, id, &step.id, step));
    let below = model.descendants.iter().map(|(child, step)| edge(content, child, id, step));
    Twin {
        schema: "../schema/model.json",
        id,
        name: &summary.name,
        kind: &summary.kind,
        summary: &summary.summary,
        code: summary.code,
        alias: &facts.aliases,
        fact: said(model),
        paper: &facts.papers,
        lineage: above.collect(),
        descendant: below.collect(),
        builds_on: &facts.builds_on,
        component: facts
            .components
            .iter()
            .map(|c| Component { module: &c.module, name: &c.name, kind: &c.kind, source: &c.source })
            .collect(),
        head: facts
            .heads
            .iter()
            .map(|head| Head { id: &head.id, summary: &head.summary, class: &head.published })
            .collect(),
        preset: Size::of(model).map(|size| preset(&size)).collect(),
        outcome: model.outcomes.iter().map(found).collect(),
    }
}

/// Every field and every axis that says something.
fn said(model: &Model) -> BTreeMap<&str, Fact<'_>> {
    let facts = &model.descriptor;
    let list = |all: &[String]| (!all.is_empty()).then(|| Value::from(all.to_vec()));
    let text = |text: &Option<String>| text.clone().map(Value::from);
    let fields = [
        ("family", "family", Some(Value::from(model.summary.family.as_str()))),
        ("date", "date", Some(model.summary.date.as_str().into())),
        ("lab", "labs", list(&model.summary.labs)),
        ("country", "countries", list(&facts.countries)),
        ("application", "applications", list(&facts.applications)),
        ("licence_code", "licence", Some(facts.licence.code.as_str().into())),
        ("licence_weights", "licence", Some(facts.licence.weights.as_str().into())),
        ("licence_note", "licence", text(&facts.licence.note)),
        ("weights_public", "licence", facts.licence.public.map(Value::from)),
        ("extension", "extension", text(&facts.extension)),
        ("corpus", "corpus", text(&facts.corpus)),
        ("architecture_note", "architecture", text(&facts.architecture_note)),
        ("note", "note", text(&facts.note)),
        ("undisclosed", "undisclosed", facts.undisclosed.then_some(Value::Bool(true))),
    ];
    let axes = model.summary.taxonomy.iter().map(|(axis, terms)| (axis.as_str(), axis.as_str(), list(terms)));
    let all = fields.into_iter().chain(axes);
    all.filter_map(|(name, field, value)| {
        let source = facts.sources.get(field).map(Vec::as_slice).unwrap_or_default();
        Some((name, Fact { value: value?, source: read(source) }))
    })
    .collect()
}

fn read<'a>(sources: &'a [Source]) -> Vec<Read<'a>> {
    let one = |read: &'a Source| {
        let Source { source, reference, confidence, note } = read;
        Read { source, reference: reference.as_deref(), confidence, note: note.as_deref() }
    };
    sources.iter().map(one).collect()
}

fn edge<'a>(content: &Edition<'_>, child: &'a str, parent: &'a str, step: &'a descriptor::Lineage) -> Edge<'a> {
    let both = child != parent && content.model(parent).is_some() && content.model(child).is_some();
    Edge {
        architecture: child,
        ancestor: parent,
        relation: &step.relation,
        change: step.change.as_deref(),
        preset_name: step.variant.as_deref(),
        date: step.date.as_deref(),
        note: step.note.as_deref(),
        source: read(&step.sources),
        page: both.then(|| address(parent, child)),
    }
}

fn preset<'a>(size: &Size<'a>) -> Preset<'a> {
    let facts = size.facts;
    Preset {
        id: &facts.id,
        alias: &facts.aliases,
        hub: facts.hub.as_deref(),
        note: facts.note.as_deref(),
        size: size.parameters(),
        parameters: size.built.map(|built| built.parameters),
        published_parameters: facts.parameters,
        stated_parameters: facts.stated.as_ref().map(|stated| stated.parameters),
        counted_parameters: facts.counted.as_ref().map(|counted| counted.parameters),
        active_parameters: facts.active,
        context: facts.context,
        config: size.config(),
        source: read(&facts.sources),
        module: size.built.map(|built| module(Part::fold(&built.modules))),
    }
}

fn module(part: Part<'_>) -> Module<'_> {
    Module {
        path: part.path,
        kind: part.kind,
        times: part.times,
        parameters: part.count,
        parameter: part.own,
        module: part.children.into_iter().map(module).collect(),
    }
}

fn found(outcome: &Outcome) -> Found<'_> {
    Found {
        check_id: &outcome.check,
        device: &outcome.device,
        status: outcome.status.as_str(),
        error: outcome.error,
        tolerance: outcome.tolerance,
        measure: outcome.measure.as_deref(),
        detail: &outcome.detail,
    }
}
