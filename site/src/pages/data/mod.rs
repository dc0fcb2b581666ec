//! The catalog for programs: twins of the pages, tables, feeds, and the page that lists them all.

pub(super) mod columns;
mod feed;
pub(super) mod linked;
pub(super) mod sitemap;
mod twin;

use serde::Serialize;
use sha2::{Digest, Sha256};
use zoo_catalog::view::Model;

use super::model::cite;
use super::{Head, Site};
use crate::data::{CHANGES, TABLES};
use crate::edition::Edition;
use crate::error::{Error, Result};
use crate::format::{bytes, hex};

/// What the site says of its own licence.
pub(super) const LICENCE: &str = "MIT OR Apache-2.0";

#[derive(Serialize)]
struct DataPage {
    files: Vec<File>,
    twins: Option<Twins>,
    base: Option<String>,
    licence: &'static str,
    version: Option<String>,
    /// Whether there is a feed of changes.
    changes: bool,
    /// Whether the site is written to a folder, with a list of all its files.
    listed: bool,
}

/// A file of the whole catalog.
#[derive(Serialize)]
struct File {
    path: &'static str,
    what: String,
    kind: &'static str,
    size: String,
    digest: String,
}

/// A file of the whole catalog, as every language lists it.
pub(super) struct FileFacts {
    path: &'static str,
    role: &'static str,
    kind: &'static str,
    size: u64,
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

/// What scripts read; each language has its own.
const COLUMNS: [&str; 2] = ["catalog.min.json", "sizes.min.json"];

/// The catalog itself.
const CATALOG: &str = "catalog.sqlite";

/// Files of the whole catalog, the roles of the words that say what is in them, and their media types.
const FILES: [(&str, &str, &str); 13] = [
    (CATALOG, "sqlite", "application/vnd.sqlite3"),
    ("catalog.json", "json", "application/json"),
    ("catalog.min.json", "columns", "application/json"),
    ("sizes.min.json", "sizes", "application/json"),
    ("catalog.csv", "csv", "text/csv"),
    ("lineage.csv", "lineage", "text/csv"),
    ("conformance.csv", "conformance", "text/csv"),
    ("schema/model.json", "schema", "application/schema+json"),
    (CHANGES, "change", "text/csv"),
    (feed::CHANGES, "changes", "application/atom+xml"),
    (feed::NEW, "new", "application/atom+xml"),
    ("llms.txt", "llms", "text/plain"),
    ("CITATION.cff", "citation", "text/plain"),
];

/// The twins of one model's page.
pub(super) fn twins(site: &Site<'_>, model: &Model) -> Result<()> {
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

/// Files of the whole catalog.
pub(super) fn files(site: &Site<'_>) -> Result<Vec<FileFacts>> {
    let base = site.content.data.base_url.as_ref().map(ToString::to_string);
    let version = version(site.content);
    let mut files = Vec::new();
    for (path, role, kind) in FILES {
        if path == CATALOG {
            if let Some(file) = &site.content.data.file {
                site.pages.copy(path.into(), &file.path, file.size)?;
                site.pages.put(format!("{CATALOG}.sha256"), format!("{}  {CATALOG}\n", file.digest))?;
                files.push(FileFacts { path, role, kind, size: file.size, digest: file.digest.clone() });
            }
            continue;
        }
        let Some(bytes_of) = file(site, path, base.as_deref(), version.as_deref())? else { continue };
        files.push(FileFacts { path, role, kind, size: bytes_of.len() as u64, digest: digest(&bytes_of) });
        site.pages.put(path.into(), bytes_of)?;
    }
    Ok(files)
}

fn version(content: &Edition<'_>) -> Option<String> {
    content.data.file.as_ref().map(|file| file.digest[..12].to_owned())
}

/// The page that lists the files, and what scripts of the language's pages read.
pub(super) fn render(site: &Site<'_>, files: &[FileFacts]) -> Result<()> {
    let content = site.content;
    let folder = content.words.tongue().folder();
    if !site.is_english() {
        for path in COLUMNS {
            let path = format!("{folder}{path}");
            let text = columns_of(content, &path)?;
            site.pages.put(path, text)?;
        }
    }
    let listed = |file: &FileFacts| File {
        path: file.path,
        what: content.words.say(&format!("file.{}", file.role)),
        kind: file.kind,
        size: bytes(file.size),
        digest: file.digest.clone(),
    };
    let drawn = |id: &str| site.pages.has(&format!("models/{id}.svg"));
    let shown = content.models.iter().find(|model| model.summary.code).or(content.models.first());
    let page = DataPage {
        twins: shown.map(|model| Twins {
            id: model.summary.id.clone(),
            name: model.summary.name.clone(),
            models: content.models.len(),
            drawn: drawn(&model.summary.id),
        }),
        files: files.iter().map(listed).collect(),
        base: content.data.base_url.as_ref().map(ToString::to_string),
        licence: LICENCE,
        version: version(content),
        changes: !content.history.is_empty(),
        listed: content.data.file.is_some(),
    };
    let [title, description] = ["nav.data", "data.description"].map(|key| content.words.say(key));
    let linked = linked::dataset(content, &files.iter().map(|file| [file.path, file.kind]).collect::<Vec<_>>());
    let head = Head::from(["data", title.as_str(), description.as_str()]).telling(vec![linked]);
    site.page("data/", "data.html", head, &page)
}

/// What scripts read that show models side by side, in the words of a language.
fn columns_of(content: &Edition<'_>, path: &str) -> Result<String> {
    if path.ends_with(COLUMNS[0]) {
        json(path, &columns::columns(content))
    } else {
        json(path, &columns::sizes(content))
    }
}

/// One of the files; none where the content does not have what it is made of.
fn file(site: &Site<'_>, path: &str, base: Option<&str>, version: Option<&str>) -> Result<Option<Vec<u8>>> {
    let content = site.content;
    let table = TABLES.iter().find(|(_, file)| *file == path);
    let text = match path {
        "catalog.json" => json(path, &content.models.iter().map(|model| &model.descriptor).collect::<Vec<_>>())?,
        path if COLUMNS.contains(&path) => columns_of(content, path)?,
        "schema/model.json" => include_str!("../../../static/schema/model.json").to_owned(),
        "CITATION.cff" => site.text(path, "citation.cff", &Cited { base, version })?,
        "llms.txt" => {
            site.text(path, "llms.txt", &serde_json::json!({ "models": content.models.len(), "base": base }))?
        }
        CHANGES | feed::CHANGES if content.history.is_empty() => return Ok(None),
        feed::CHANGES => feed::changes(site)?,
        feed::NEW => feed::new(site)?,
        _ => return Ok(table.and_then(|(table, _)| content.data.tables.get(*table)).map(|rows| rows.csv().into())),
    };
    Ok(Some(text.into()))
}

#[derive(Serialize)]
struct Cited<'a> {
    base: Option<&'a str>,
    version: Option<&'a str>,
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
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
