//! The catalog for programs: twins of the pages, tables, feeds, and the page that lists them all.

pub(super) mod columns;
mod feed;
pub(super) mod linked;
mod twin;

use serde::Serialize;
use sha2::{Digest, Sha256};
use zoo_catalog::view::Model;

use super::Site;
use super::model::cite;
use crate::data::TABLES;
use crate::error::{Error, Result};
use crate::format::bytes;

/// What the site says of its own licence.
const LICENCE: &str = "MIT OR Apache-2.0";

#[derive(Serialize)]
struct DataPage {
    files: Vec<File>,
    twins: Option<Twins>,
    base: Option<String>,
    licence: &'static str,
    version: Option<String>,
    linked: String,
}

/// A file of the whole catalog.
#[derive(Serialize)]
struct File {
    path: &'static str,
    what: &'static str,
    kind: &'static str,
    size: String,
    digest: String,
}

/// Files that every model has, shown by one of them.
#[derive(Serialize)]
struct Twins {
    id: String,
    name: String,
    models: usize,
    drawn: bool,
}

/// Files of the whole catalog, what is in them, and their media types.
const FILES: [(&str, &str, &str); 12] = [
    ("catalog.sqlite", "Everything: facts, sources, sizes, module trees, outcomes", "application/vnd.sqlite3"),
    ("catalog.json", "The facts of every model as its TOML gives them", "application/json"),
    ("catalog.min.json", "One line a model, column by column: what the index of models searches", "application/json"),
    ("sizes.min.json", "The configuration of each model's first size, in the same order", "application/json"),
    ("catalog.csv", "One line a model", "text/csv"),
    ("lineage.csv", "One line for each step from a model to one that it comes from", "text/csv"),
    ("conformance.csv", "One line for each outcome of a check", "text/csv"),
    ("schema/model.json", "JSON Schema of the record of one model", "application/schema+json"),
    ("changes.atom", "A feed: a model whose record changed is a new entry", "application/atom+xml"),
    ("models/new.atom", "A feed of the newest models", "application/atom+xml"),
    ("llms.txt", "Where to look, for programs that read text", "text/plain"),
    ("CITATION.cff", "How to cite the catalog", "text/plain"),
];

/// The twins of one model's page.
pub(super) fn twins(site: &mut Site<'_>, model: &Model) -> Result<()> {
    let content = site.content;
    let id = &model.summary.id;
    let twin = twin::twin(content, model);
    site.json(format!("models/{id}.json"), &twin)?;
    site.text(format!("models/{id}.md"), "model.md", &twin::reading(model, &twin))?;
    let mut bib = cite::bibtex(&model.descriptor);
    if let Some(base) = &content.data.base_url {
        bib = format!("{bib}\n{}", cite::page(&model.descriptor, &base.at(&format!("models/{id}/"))));
    }
    site.pages.put(format!("models/{id}.bib"), bib)
}

/// Files of the whole catalog, and the page that lists them. Comes last: it tells how large the others are.
pub(super) fn render(site: &mut Site<'_>) -> Result<()> {
    let content = site.content;
    let descriptors: Vec<_> = content.models.iter().map(|model| &model.descriptor).collect();
    site.json("catalog.json".into(), &descriptors)?;
    site.json("catalog.min.json".into(), &columns::columns(content))?;
    site.json("sizes.min.json".into(), &columns::sizes(content))?;
    for (table, path) in TABLES {
        if let Some(rows) = content.data.tables.get(table) {
            site.pages.put(path.into(), rows.csv())?;
        }
    }
    site.pages.put("schema/model.json".into(), include_str!("../../../static/schema/model.json"))?;
    feed::render(site)?;
    if let Some(file) = &content.data.file {
        site.pages.put("catalog.sqlite.sha256".into(), format!("{}  catalog.sqlite\n", digest(file)))?;
        site.pages.put("catalog.sqlite".into(), file.clone())?;
    }
    let base = content.data.base_url.as_ref().map(ToString::to_string);
    let version = content.data.file.as_deref().map(|file| digest(file)[..12].to_owned());
    site.text("CITATION.cff".into(), "citation.cff", &Cited { base: base.clone(), version: version.clone() })?;
    site.text("llms.txt".into(), "llms.txt", &serde_json::json!({ "models": content.models.len(), "base": base }))?;
    let file = |&(path, what, kind): &(&'static str, &'static str, &'static str)| {
        let bytes_of = site.pages.get(path)?;
        Some(File { path, what, kind, size: bytes(bytes_of.len() as u64), digest: digest(bytes_of) })
    };
    let files: Vec<File> = FILES.iter().filter_map(file).collect();
    let shown = content.models.iter().find(|model| model.summary.code).or(content.models.first());
    let page = DataPage {
        linked: linked::dataset(&files.iter().map(|file| [file.path, file.kind]).collect::<Vec<_>>(), LICENCE),
        twins: shown.map(|model| Twins {
            id: model.summary.id.clone(),
            name: model.summary.name.clone(),
            models: content.models.len(),
            drawn: site.pages.get(&format!("models/{}.svg", model.summary.id)).is_some(),
        }),
        files,
        base,
        licence: LICENCE,
        version,
    };
    let description = "The catalog as SQLite, JSON and CSV, with its schema, its licence and how to cite it.";
    site.page("data/", "data.html", ["data", "Data", description], &page)
}

/// What search engines read: where every page is. Only where the address of the site is known.
pub(super) fn sitemap(site: &mut Site<'_>) -> Result<()> {
    let mut robots = "User-agent: *\nAllow: /\n".to_owned();
    if let Some(base) = &site.content.data.base_url {
        let pages =
            site.pages.iter().map(|(path, _)| path).filter(|path| path.ends_with(".html") && *path != "404.html");
        let pages: Vec<String> = pages.map(|path| base.at(path.trim_end_matches("index.html"))).collect();
        robots += &format!("Sitemap: {}\n", base.at("sitemap.xml"));
        site.text("sitemap.xml".into(), "sitemap.xml", &serde_json::json!({ "pages": pages }))?;
    }
    site.pages.put("robots.txt".into(), robots)
}

#[derive(Serialize)]
struct Cited {
    base: Option<String>,
    version: Option<String>,
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Site<'_> {
    /// Writes a file that is not a page from its template.
    fn text<T: Serialize>(&mut self, path: String, template: &str, data: &T) -> Result<()> {
        let failed = |source| Error::Template { page: path.clone(), source };
        let context = tera::Context::from_serialize(data).map_err(failed)?;
        let text = self.tera.render(template, &context).map_err(failed)?;
        self.pages.put(path, text)
    }

    fn json<T: Serialize>(&mut self, path: String, data: &T) -> Result<()> {
        let json = serde_json::to_string(data).map_err(|source| Error::Json { page: path.clone(), source })?;
        self.pages.put(path, json + "\n")
    }
}
