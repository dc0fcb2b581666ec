//! What programs read in a page: JSON-LD, in the words of schema.org, and of FAIR4ML where those have none.

use serde_json::{Value, json};
use zoo_catalog::view::Model;
use zoo_registry::descriptor::Lineage;

use super::LICENCE;
use crate::content::LAB;
use crate::edition::Edition;
use crate::pages::{Link, root};

const CONTEXT: &str = "https://schema.org";
/// As version 0.1.0 of the vocabulary names itself.
const FAIR4ML: &str = "https://w3id.org/fair4ml#";

/// A model, and the code of it.
pub(in crate::pages) fn model(content: &Edition<'_>, model: &Model) -> Vec<Value> {
    let (summary, facts) = (&model.summary, &model.descriptor);
    let labs: Vec<Value> = summary
        .labs
        .iter()
        .map(|lab| json!({ "@type": "Organization", "name": content.term_label(LAB, lab) }))
        .collect();
    let papers: Vec<Value> = facts
        .papers
        .iter()
        .map(|paper| json!({ "@type": "ScholarlyArticle", "name": paper.title, "url": paper.url }))
        .collect();
    let terms = |axis: &str| -> Vec<String> {
        let terms = summary.taxonomy.get(axis).into_iter().flatten();
        terms.map(|term| content.term_label(axis, term)).collect()
    };
    let categories = [terms("architecture"), terms("training-paradigm")].concat();
    let is_tuned = |edge: &&Lineage| edge.relation == "fine-tune-of";
    let tuned = facts.lineage.iter().filter(is_tuned);
    let tuned = tuned.map(|edge| json!({ "@type": "fair4ml:MLModel", "name": content.model_name(&edge.id) }));
    let parents: Vec<&str> = facts.lineage.iter().map(|edge| content.model_name(&edge.id)).collect();
    let mut told = vec![json!({
        "@context": [CONTEXT, { "fair4ml": FAIR4ML }],
        // Whoever does not know the one type knows the other, which it is a kind of.
        "@type": ["fair4ml:MLModel", "CreativeWork"],
        "@id": "#model",
        "name": summary.name,
        "alternateName": facts.aliases,
        "description": facts.gist(),
        "datePublished": summary.date,
        "creator": labs,
        "license": licence(&facts.licence.weights),
        "citation": papers,
        "isBasedOn": parents,
        "fair4ml:mlTask": facts.applications,
        "fair4ml:modelCategory": categories,
        "fair4ml:fineTunedFrom": tuned.collect::<Vec<_>>(),
    })];
    if !model.sources.is_empty() {
        let id = &summary.id;
        told.push(json!({
            "@context": CONTEXT,
            "@type": "SoftwareSourceCode",
            "name": summary.name,
            "about": { "@id": "#model" },
            "programmingLanguage": "Rust",
            "license": LICENCE,
            "url": at(content, &format!("models/{id}/"), &format!("models/{id}/source/")),
        }));
    }
    told
}

/// A licence that somebody gave.
fn licence(of: &str) -> Option<&str> {
    Some(of).filter(|of| !["NONE", "NOASSERTION"].contains(of))
}

/// The catalog with its files: path and media type of each.
pub(super) fn dataset(content: &Edition<'_>, files: &[[&str; 2]]) -> Value {
    let file = |[path, kind]: &[&str; 2]| json!({ "@type": "DataDownload", "contentUrl": at(content, "data/", path), "encodingFormat": kind });
    json!({
        "@context": CONTEXT,
        "@type": "Dataset",
        "name": "zoo: a catalog of transformer models",
        "description": "Transformer models with their facts, the sources of these facts, their sizes, their lineage and what checks found of their code.",
        "license": LICENCE,
        "isAccessibleForFree": true,
        "distribution": files.iter().map(file).collect::<Vec<_>>(),
    })
}

/// A term, or a building block: its id, its name and what it means; and what it is one of, with the place of that as the page's language
/// has it.
pub(in crate::pages) fn term(
    content: &Edition<'_>,
    address: &str,
    [id, label, definition]: [&str; 3],
    [set, place]: [&str; 2],
) -> Value {
    json!({
        "@context": CONTEXT,
        "@type": "DefinedTerm",
        "termCode": id,
        "name": label,
        "description": definition,
        "inDefinedTermSet": { "@type": "DefinedTermSet", "name": set, "url": at_own(content, address, place) },
    })
}

/// A list of words, each with its anchor.
pub(in crate::pages) fn terms<'a>(name: &str, description: &str, words: impl Iterator<Item = [&'a str; 2]>) -> Value {
    let word = |[anchor, word]: [&str; 2]| json!({ "@type": "DefinedTerm", "@id": format!("#{anchor}"), "name": word });
    json!({
        "@context": CONTEXT,
        "@type": "DefinedTermSet",
        "name": name,
        "description": description,
        "hasDefinedTerm": words.map(word).collect::<Vec<_>>(),
    })
}

/// The way to a page, as readers see it above its heading.
pub(in crate::pages) fn trail(content: &Edition<'_>, address: &str, trail: &[Link]) -> Option<Value> {
    let step = |(place, link): (usize, &Link)| {
        let item = link.href.as_ref().map(|href| at_own(content, address, href));
        json!({ "@type": "ListItem", "position": place, "name": link.label, "item": item })
    };
    let steps: Vec<Value> = (1..).zip(trail).map(step).collect();
    (!steps.is_empty()).then(|| json!({ "@context": CONTEXT, "@type": "BreadcrumbList", "itemListElement": steps }))
}

/// The whole address of a place in the site, or else the way there from a page.
fn at(content: &Edition<'_>, page: &str, place: &str) -> String {
    match &content.data.base_url {
        Some(base) => base.at(place),
        None => format!("{}{}{place}", root(page), content.words.tongue().up()),
    }
}

/// The same of a place among the pages of the language.
fn at_own(content: &Edition<'_>, page: &str, place: &str) -> String {
    match &content.data.base_url {
        Some(base) => base.at(&format!("{}{place}", content.words.tongue().folder())),
        None => format!("{}{place}", root(page)),
    }
}

/// JSON that may stand inside a page: nothing in it ends the element.
pub(in crate::pages) fn inside(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
