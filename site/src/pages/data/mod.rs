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

/// The catalog itself.
const CATALOG: &str = "catalog.sqlite";

/// Files of the whole catalog, what is in them, and their media types.
const FILES: [(&str, &str, &str); 12] = [
    (CATALOG, "Everything: facts, sources, sizes, module trees, outcomes", "application/vnd.sqlite3"),
    ("catalog.json", "The facts of every model as its TOML gives them", "application/json"),
    ("catalog.min.json", "One line a model, column by column: what the index of models searches", "application/json"),
    ("sizes.min.json", "The configuration of each model's first size, in the same order", "application/json"),
    ("catalog.csv", "One line a model", "text/csv"),
    ("lineage.csv", "One line for each step from a model to one that it comes from", "text/csv"),
    ("conformance.csv", "One line for each outcome of a check", "text/csv"),
    ("schema/model.json", "JSON Schema of the record of one model", "application/schema+json"),
    (feed::CHANGES, "A feed: a model whose record changed is a new entry", "application/atom+xml"),
    (feed::NEW, "A feed of the newest models", "application/atom+xml"),
    ("llms.txt", "Where to look, for programs that read text", "text/plain"),
    ("CITATION.cff", "How to cite the catalog", "text/plain"),
];

/// The twins of one model's page.
pub(super) fn twins(site: &mut Site<'_>, model: &Model) -> Result<()> {
    let content = site.content;
    let id = &model.summary.id;
    let twin = twin::twin(content, model);
    let path = format!("models/{id}.json");
    let text = json(&path, &twin)?;
    site.pages.put(path, text)?;
    let path = format!("models/{id}.md");
    let text = site.text(&path, "model.md", &twin::reading(model, &twin))?;
    site.pages.put(path, text)?;
    let mut bib = cite::bibtex(&model.descriptor);
    if let Some(base) = &content.data.base_url {
        bib = format!("{bib}\n{}", cite::page(&model.descriptor, &base.at(&format!("models/{id}/"))));
    }
    site.pages.put(format!("models/{id}.bib"), bib)
}

/// Files of the whole catalog, and the page that lists them.
pub(super) fn render(site: &mut Site<'_>) -> Result<()> {
    let content = site.content;
    let base = content.data.base_url.as_ref().map(ToString::to_string);
    let version = content.data.file.as_deref().map(|file| digest(file)[..12].to_owned());
    let mut files = Vec::new();
    for (path, what, kind) in FILES {
        let Some(bytes_of) = file(site, path, base.as_deref(), version.as_deref())? else { continue };
        files.push(File { path, what, kind, size: bytes(bytes_of.len() as u64), digest: digest(&bytes_of) });
        site.pages.put(path.into(), bytes_of)?;
    }
    if let Some(file) = files.iter().find(|file| file.path == CATALOG) {
        site.pages.put(format!("{CATALOG}.sha256"), format!("{}  {CATALOG}\n", file.digest))?;
    }
    let drawn = |id: &str| site.pages.sizes().any(|(path, _)| path == format!("models/{id}.svg"));
    let shown = content.models.iter().find(|model| model.summary.code).or(content.models.first());
    let page = DataPage {
        linked: linked::dataset(&files.iter().map(|file| [file.path, file.kind]).collect::<Vec<_>>(), LICENCE),
        twins: shown.map(|model| Twins {
            id: model.summary.id.clone(),
            name: model.summary.name.clone(),
            models: content.models.len(),
            drawn: drawn(&model.summary.id),
        }),
        files,
        base,
        licence: LICENCE,
        version,
    };
    let description = "The catalog as SQLite, JSON and CSV, with its schema, its licence and how to cite it.";
    site.page("data/", "data.html", ["data", "Data", description], &page)
}

/// One of the files; none where the content does not have what it is made of.
fn file(site: &Site<'_>, path: &str, base: Option<&str>, version: Option<&str>) -> Result<Option<Vec<u8>>> {
    let content = site.content;
    let table = TABLES.iter().find(|(_, file)| *file == path);
    let text = match path {
        CATALOG => return Ok(content.data.file.clone()),
        "catalog.json" => json(path, &content.models.iter().map(|model| &model.descriptor).collect::<Vec<_>>())?,
        "catalog.min.json" => json(path, &columns::columns(content))?,
        "sizes.min.json" => json(path, &columns::sizes(content))?,
        "schema/model.json" => include_str!("../../../static/schema/model.json").to_owned(),
        "CITATION.cff" => site.text(path, "citation.cff", &Cited { base, version })?,
        "llms.txt" => {
            site.text(path, "llms.txt", &serde_json::json!({ "models": content.models.len(), "base": base }))?
        }
        feed::CHANGES | feed::NEW => feed::text(site, path)?,
        _ => return Ok(table.and_then(|(table, _)| content.data.tables.get(*table)).map(|rows| rows.csv().into())),
    };
    Ok(Some(text.into()))
}

/// What search engines read: where every page is. Only where the address of the site is known.
pub(super) fn sitemap(site: &mut Site<'_>) -> Result<()> {
    let mut robots = "User-agent: *\nAllow: /\n".to_owned();
    if let Some(base) = &site.content.data.base_url {
        let pages =
            site.pages.sizes().map(|(path, _)| path).filter(|path| path.ends_with(".html") && *path != "404.html");
        let pages = pages.filter(|path| !site.stubs.contains(*path));
        let pages: Vec<String> = pages.map(|path| base.at(path.trim_end_matches("index.html"))).collect();
        robots += &format!("Sitemap: {}\n", base.at("sitemap.xml"));
        let text = site.text("sitemap.xml", "sitemap.xml", &serde_json::json!({ "pages": pages }))?;
        site.pages.put("sitemap.xml".into(), text)?;
    }
    site.pages.put("robots.txt".into(), robots)
}

#[derive(Serialize)]
struct Cited<'a> {
    base: Option<&'a str>,
    version: Option<&'a str>,
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn json<T: Serialize>(path: &str, data: &T) -> Result<String> {
    let json = serde_json::to_string(data).map_err(|source| Error::Json { page: path.to_owned(), source })?;
    Ok(json + "\n")
}

impl Site<'_> {
    /// The text of a file that is not a page, from its template.
    pub(super) fn text<T: Serialize>(&self, path: &str, template: &str, data: &T) -> Result<String> {
        let failed = |source| Error::Template { page: path.to_owned(), source };
        let context = tera::Context::from_serialize(data).map_err(failed)?;
        self.tera.render(template, &context).map_err(failed)
    }
}
