//! What search engines read in a page: schema.org as JSON-LD.

use serde_json::{Value, json};
use zoo_catalog::view::Model;

use crate::content::LAB;
use crate::edition::Edition;

const CONTEXT: &str = "https://schema.org";

/// A model and the way to its page.
pub(in crate::pages) fn model(content: &Edition<'_>, model: &Model) -> String {
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
    let parents: Vec<&str> = facts.lineage.iter().map(|edge| content.model_name(&edge.id)).collect();
    let kind = if summary.code { "SoftwareSourceCode" } else { "CreativeWork" };
    let crumb = |place: u32, name: &str| json!({ "@type": "ListItem", "position": place, "name": name });
    let family = content.family_name(&summary.family);
    inside(&json!([
        {
            "@context": CONTEXT,
            "@type": kind,
            "name": summary.name,
            "alternateName": facts.aliases,
            "description": facts.gist(),
            "datePublished": summary.date,
            "creator": labs,
            "license": facts.licence.code,
            "citation": papers,
            "isBasedOn": parents,
        },
        {
            "@context": CONTEXT,
            "@type": "BreadcrumbList",
            "itemListElement": [crumb(1, &content.words.say("nav.models")), crumb(2, &family), crumb(3, &summary.name)],
        },
    ]))
}

/// The catalog with its files: path and media type of each.
pub(super) fn dataset(files: &[[&str; 2]], folder: &str, licence: &str) -> String {
    // From the page of a language to the top of the site.
    let up = if folder.is_empty() { "" } else { "../" };
    let file = |[path, kind]: &[&str; 2]| json!({ "@type": "DataDownload", "contentUrl": format!("../{up}{path}"), "encodingFormat": kind });
    inside(&json!({
        "@context": CONTEXT,
        "@type": "Dataset",
        "name": "zoo: a catalog of transformer models",
        "description": "Transformer models with their facts, the sources of these facts, their sizes, their lineage and what checks found of their code.",
        "license": licence,
        "isAccessibleForFree": true,
        "distribution": files.iter().map(file).collect::<Vec<_>>(),
    }))
}

/// JSON that may stand inside a page: nothing in it ends the element.
fn inside(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
